"""Normal forms of whole columns: what `curate.normal.normalise` says of each text, said of nearly all by expressions.

Most texts are one line of printable ASCII. For these the rules come down to single spaces, a final mark and a first
capital, which regular expressions settle without a Python object per text; every other text is normalised by itself. The
two agree on every text. Each step looks at all texts and rewrites only those that it changes.
"""

import polars as pl

from curate.normal import COMMON_WORDS, ORDINARY_LENGTH, normalise

_NOT_PLAIN = r"[^ -~]"
_MAY_KEEP_SPACE = r"""["`]|(?:^|\W)'"""
"""A mark that may open a quotation, in which spaces stay; an apostrophe within a word opens none."""
_CLOSES_SENTENCE = r"[A-Za-z]{3} ?[?.:]$"
_CLOSES_PHRASE = r"""(?:[A-Za-z'")\]}$][?.:]|[0-9][?:])$"""
_SMALL_FIRST = (
    rf"^(?:{'|'.join(sorted(word.capitalize() for word in COMMON_WORDS))})(?:'s)? "
    rf"|^[A-Z][a-z]{{{ORDINARY_LENGTH - 1},}}(?:'s)?(?:$| [a-z]{{2,}}(?: |$))"
)
"""A common word, or one that may be taken for an ordinary word of prose."""


def normal_forms(texts: pl.Series) -> pl.Series:
    """Return `normalise` of each text.

    Args:
        texts: String series without nulls.
    """
    gaps = texts.str.contains("  ", literal=True).arg_true()
    is_odd = texts.str.contains(_NOT_PLAIN)
    is_odd = _rewritten(is_odd, gaps, is_odd.gather(gaps) | texts.gather(gaps).str.contains(_MAY_KEEP_SPACE))
    forms = _rewritten(texts, gaps, texts.gather(gaps).str.replace_all("  +", " ")).str.strip_chars(" ")
    ends = _closes(forms).arg_true()
    forms = _rewritten(forms, ends, forms.gather(ends).str.head(-1).str.strip_chars_end(" "))
    starts = forms.str.contains(_SMALL_FIRST).arg_true()
    forms = _rewritten(forms, starts, _with_small_first(forms.gather(starts)))
    odd = is_odd.arg_true()
    return _rewritten(forms, odd, pl.Series([normalise(text) for text in texts.gather(odd)], dtype=pl.String))


def _rewritten(values: pl.Series, places: pl.Series, new: pl.Series) -> pl.Series:
    """The values with new ones in some places; `values` itself stays as it is."""
    return values.clone().scatter(places, new) if len(places) else values


def _closes(texts: pl.Series) -> pl.Series:
    """Whether the last character is a mark that ends a sentence or a phrase."""
    is_phrase = texts.str.contains(_CLOSES_PHRASE) & texts.str.contains(" ", literal=True)
    return texts.str.contains(_CLOSES_SENTENCE) | is_phrase


def _with_small_first(texts: pl.Series) -> pl.Series:
    rows = texts.to_frame("text")
    return rows.select(
        pl.concat_str(pl.col("text").str.head(1).str.to_lowercase(), pl.col("text").str.slice(1))
    ).to_series()
