"""Normal forms of whole columns: what `curate.normal.normalise` says of each text, said of nearly all by expressions.

Most texts are of printable ASCII or nearly so: European letters and mathematical signs that stay, typographic marks that
fold each by itself. In a line of these the rules come down to single spaces, a final mark and a first capital; in lines
that plainly are no wrapped sentence, to the ends of the lines and the blank ones. Regular expressions settle all that
without a Python object per text; every other text is normalised by itself. The two agree on every text. Each step looks at
all texts and rewrites only those that it changes.
"""

import unicodedata
from functools import cache

import numpy as np
import numpy.typing as npt
import polars as pl

from curate.normal import COMMON_WORDS, ORDINARY_LENGTH, fold_character, normalise

_EUROPEAN = (*range(0x80, 0x530), *range(0x2010, 0x2300))
"""Latin, Greek and Cyrillic; punctuation, currencies, letterlike signs, arrows and operators."""
_AT_A_TIME = 8192
_STAYING = frozenset({"Lu", "Ll", "Pd", "Pe", "Pf", "Pi", "Po", "Ps", "Sc", "Sm", "So"})
_MAY_KEEP_SPACE = r"""["`]|(?:^|\W)'"""
"""A mark that may open a quotation, in which spaces stay; an apostrophe within a word opens none."""
_CLOSES_SENTENCE = r"\pL{3} *[?.:]$"
_CLOSES = r"""(?:\pL{3} +[?.:]|[\pL'")\]}$][?.:]|[0-9][?:])$"""
"""A mark that ends a sentence or, where there is a space, a phrase."""
_SMALL_FIRST = (
    rf"^(?:{'|'.join(sorted(word.capitalize() for word in COMMON_WORDS))})(?:'s)? "
    rf"|^\p{{Lu}}\p{{Ll}}{{{ORDINARY_LENGTH - 1},}}(?:'s)?(?:$| \p{{Ll}}{{2,}}(?: |$))"
)
"""A common word, or one that may be taken for an ordinary word of prose."""
_KEEPS_LINES = r"[^\p{Ll}0-9,]\n|\n[^\p{Ll}0-9]|[^\pL0-9_ ,.;?!'%$\n-]"
"""A break that stands within no sentence, or a character that no prose has."""


def normal_forms(texts: pl.Series) -> pl.Series:
    """Return `normalise` of each text.

    Args:
        texts: String series without nulls.
    """
    special = _special(texts)
    folded, is_settled = _folded(texts.gather(special))
    forms = _rewritten(texts, special, folded)
    odd = [special.filter(~is_settled)]
    gaps = forms.str.contains("  ", literal=True).arg_true()
    gaps = gaps.filter(~forms.gather(gaps).str.contains("\n", literal=True))
    odd.append(gaps.filter(forms.gather(gaps).str.contains(_MAY_KEEP_SPACE)))
    forms = _rewritten(forms, gaps, forms.gather(gaps).str.replace_all("  +", " ")).str.strip_chars(" ")
    ends = _ends(forms)
    forms = _rewritten(forms, ends, forms.gather(ends).str.strip_chars_end("?.: "))
    starts = forms.str.contains(_SMALL_FIRST).arg_true()
    forms = _rewritten(forms, starts, _with_small_first(forms.gather(starts)))
    alone = pl.concat(odd)
    return _rewritten(forms, alone, pl.Series([normalise(text) for text in texts.gather(alone)], dtype=pl.String))


def _rewritten(values: pl.Series, places: pl.Series, new: pl.Series) -> pl.Series:
    """The values with new ones in some places; `values` itself stays as it is."""
    return values.clone().scatter(places, new) if len(places) else values


def _special(texts: pl.Series) -> pl.Series:
    """The places of the texts that have something else than printable ASCII, found in slices that stay in the cache."""
    starts = range(0, len(texts), _AT_A_TIME)
    places = [start + _special_places(texts[start : start + _AT_A_TIME]) for start in starts]
    return pl.Series(np.concatenate([np.empty(0, np.int64), *places]), dtype=pl.UInt32)


def _special_places(texts: pl.Series) -> npt.NDArray[np.int64]:
    _, offsets, data = texts.to_arrow(compat_level=pl.CompatLevel.oldest()).buffers()
    ends = np.frombuffer(offsets, np.int64)[: len(texts) + 1]
    letters = np.frombuffer(data or b"", np.uint8)[: ends[-1]]
    found = np.flatnonzero(letters - np.uint8(ord(" ")) > ord("~") - ord(" "))  # what is below a space wraps around
    rows = np.searchsorted(ends, found, "right") - 1
    return rows[np.diff(rows, prepend=-1) > 0]


def _folded(texts: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Fold characters and lay out lines; tell which texts that does for."""
    stays, folds = _characters()
    forms = texts.str.replace_many(folds)
    is_plain = ~forms.str.contains(stays)
    breaks = forms.str.contains("\n", literal=True).arg_true()
    lines = _laid_out(forms.gather(breaks))
    is_line = ~lines.str.contains("\n", literal=True)
    is_laid_out = is_line | lines.str.contains(_KEEPS_LINES) & ~lines.str.starts_with(" ")
    return _rewritten(forms, breaks, lines), _rewritten(is_plain, breaks, is_plain.gather(breaks) & is_laid_out)


def _laid_out(texts: pl.Series) -> pl.Series:
    """Without the spaces that end lines and the blank lines around, and beside lines with a word."""
    lines = texts.str.replace_all(" +\n", "\n").str.strip_chars_end(" \n").str.strip_chars_start("\n")
    blank = lines.str.contains("\n\n", literal=True).arg_true()
    spaced = lines.gather(blank).str.replace_all(r"(\pL{3}[^\n]*)\n\n+", "$1\n")
    spaced = spaced.str.replace_all(r"\n\n+([^\n]*\pL{3})", "\n$1").str.replace_all("\n\n\n+", "\n\n")
    return _rewritten(lines, blank, spaced)


@cache
def _characters() -> tuple[str, dict[str, str]]:
    """A pattern of what is neither printable ASCII, a line end nor a sign that stays; and what others fold to such."""
    folds = {chr(code): fold_character(chr(code)) for code in _EUROPEAN}
    stays = {sign for sign, folded in folds.items() if sign == folded and unicodedata.category(sign) in _STAYING}
    pattern = f"[^ -~\n{''.join(sorted(stays))}]"
    return pattern, {
        sign: folded
        for sign, folded in folds.items()
        if folded is not None and sign not in stays and all(each in stays or " " <= each <= "~" for each in folded)
    }


def _ends(texts: pl.Series) -> pl.Series:
    """The places of the texts whose last character is a mark that ends a sentence or a phrase."""
    ends = texts.str.contains(_CLOSES).arg_true()
    marked = texts.gather(ends)
    return ends.filter(marked.str.contains(" ", literal=True) | marked.str.contains(_CLOSES_SENTENCE))


def _with_small_first(texts: pl.Series) -> pl.Series:
    rows = texts.to_frame("text")
    return rows.select(
        pl.concat_str(pl.col("text").str.head(1).str.to_lowercase(), pl.col("text").str.slice(1))
    ).to_series()
