"""Normal forms of whole columns: what `curate.normal.normalise` says of each text, said of nearly all by expressions.

Most texts are of printable ASCII or nearly so: European letters and mathematical signs that stay, typographic marks that
fold each by itself. In a line of these the rules come down to single spaces, a final mark and a first capital; in lines
that plainly are no wrapped sentence, to the ends of the lines and the blank ones. Regular expressions settle all that
without a Python object per text; every other text is normalised by itself. The two agree on every text. Each step looks at
all texts and rewrites only those that it changes.
"""

import unicodedata
from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from curate.normal import COMMON_WORDS, ORDINARY_LENGTH, fold_character, normalise

_EUROPEAN = (*range(0x80, 0x530), *range(0x2010, 0x2300))
"""Latin, Greek and Cyrillic; punctuation, currencies, letterlike signs, arrows and operators."""
_AT_A_TIME = 8192
_STAYING = frozenset({"Lu", "Ll", "Pd", "Pe", "Pf", "Pi", "Po", "Ps", "Sc", "Sm", "So"})
_MARK = "[\"'`]"
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
_BLANK_LINES = (
    (r"\n\n+([^\n]*\pL{3})", "\n$1"),  # before a line with a word
    (r"(\pL{3}[^\n]*)\n\n+", "$1\n"),  # after one
    ("\n\n\n+", "\n\n"),
)
"""What becomes of blank lines, in turn."""
_KEEPS_LINES = r"[^\p{Ll}0-9,]\n|\n[^\p{Ll}0-9]|[^\pL0-9_ ,.;?!'%$\n-]"
"""A break that stands within no sentence, or a character that no prose has."""


def normal_forms(texts: pl.Series) -> pl.Series:
    """Return `normalise` of each text.

    Args:
        texts: String series without nulls.
    """
    marks = _marks(texts)
    forms = _rewritten(texts, marks.folding, texts.gather(marks.folding).str.replace_many(_characters()[1]))
    forms, wrapped = _laid_out(forms, marks.breaks)
    gaps = forms.str.contains("  ", literal=True).arg_true()
    gaps = gaps.filter(~forms.gather(gaps).str.contains("\n", literal=True))
    quoted = gaps.filter(forms.gather(gaps).str.contains(_MARK))
    quoted = quoted.filter(forms.gather(quoted).str.contains(_MAY_KEEP_SPACE))
    forms = _rewritten(forms, gaps, forms.gather(gaps).str.replace_all("  +", " ")).str.strip_chars(" ")
    ends = _ends(forms)
    forms = _rewritten(forms, ends, forms.gather(ends).str.strip_chars_end("?.: "))
    starts = forms.str.contains(_SMALL_FIRST).arg_true()
    forms = _rewritten(forms, starts, _with_small_first(forms.gather(starts)))
    alone = pl.concat([marks.unsettled, wrapped, quoted]).unique()
    return _rewritten(forms, alone, pl.Series([normalise(text) for text in texts.gather(alone)], dtype=pl.String))


def _rewritten(values: pl.Series, places: pl.Series, new: pl.Series) -> pl.Series:
    """The values with new ones in some places; `values` itself stays as it is."""
    return values.clone().scatter(places, new) if len(places) else values


class _Marks(NamedTuple):
    """Where texts have something else than printable ASCII: places in ascending order."""

    breaks: pl.Series
    """Of texts with a line end."""
    folding: pl.Series
    """Of texts with a character that folds by itself."""
    unsettled: pl.Series
    """Of texts with a character of another kind that does not stay."""


def _marks(texts: pl.Series) -> _Marks:
    """Look at every byte, in slices that stay in the cache."""
    places: list[list[npt.NDArray[np.int64]]] = [[np.empty(0, np.int64)] for _ in _Marks._fields]
    for start in range(0, len(texts), _AT_A_TIME):
        rows, kinds = _marks_by_row(texts[start : start + _AT_A_TIME])
        for kind, found in enumerate(places, 1):
            of_kind = rows[kinds == kind]
            found.append(start + of_kind[np.diff(of_kind, prepend=-1) > 0])
    return _Marks(*(pl.Series(np.concatenate(found), dtype=pl.UInt32) for found in places))


def _marks_by_row(texts: pl.Series) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint8]]:
    """The row and the kind of each character that is not printable ASCII."""
    _, offsets, data = texts.to_arrow(compat_level=pl.CompatLevel.oldest()).buffers()
    ends = np.frombuffer(offsets, np.int64)[: len(texts) + 1]
    letters = np.frombuffer(data or b"", np.uint8)[: ends[-1]]
    shifted = letters - np.uint8(ord(" "))  # what is below a space wraps around
    found = np.flatnonzero(np.greater(shifted, ord("~") - ord(" "), out=shifted.view(np.bool_)))
    marks = letters[found]
    codes = np.frombuffer(marks.tobytes().decode().encode("utf-32-le"), np.uint32)
    kinds, _ = _characters()
    is_first = marks & 0xC0 != 0x80  # the other bytes of a character begin with 10
    return np.searchsorted(ends, found[is_first], "right") - 1, kinds[np.minimum(codes, len(kinds) - 1)]


def _laid_out(texts: pl.Series, breaks: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Lay out the texts of several lines; tell which may be a sentence that is wrapped."""
    lines = texts.gather(breaks).str.replace_all(" +\n", "\n").str.strip_chars_end(" \n").str.strip_chars_start("\n")
    for pattern, new in _BLANK_LINES:
        blank = lines.str.contains("\n\n", literal=True).arg_true()
        lines = _rewritten(lines, blank, lines.gather(blank).str.replace_all(pattern, new))
    is_line = ~lines.str.contains("\n", literal=True)
    is_laid_out = is_line | lines.str.contains(_KEEPS_LINES) & ~lines.str.starts_with(" ")
    return _rewritten(texts, breaks, lines), breaks.filter(~is_laid_out)


@cache
def _characters() -> tuple[npt.NDArray[np.uint8], dict[str, str]]:
    """The kind of each character by its code, the last for all further ones; and what those that fold become.

    A kind is 0 for what stays, else the number of its field in `_Marks`.
    """
    folds = {chr(code): fold_character(chr(code)) for code in _EUROPEAN}
    stays = {sign for sign, folded in folds.items() if sign == folded and unicodedata.category(sign) in _STAYING}
    becomes = {
        sign: folded
        for sign, folded in folds.items()
        if folded is not None and sign not in stays and all(each in stays or " " <= each <= "~" for each in folded)
    }
    kinds = np.full(max(_EUROPEAN) + 2, 3, np.uint8)
    kinds[[ord(sign) for sign in stays]] = 0
    kinds[[ord(sign) for sign in becomes]] = 2
    kinds[ord("\n")] = 1
    return kinds, becomes


def _ends(texts: pl.Series) -> pl.Series:
    """The places of the texts whose last character is a mark that ends a sentence or a phrase."""
    ends = texts.str.contains(_CLOSES).arg_true()
    is_phrase = texts.gather(ends).str.contains(" ", literal=True)
    words = ends.filter(~is_phrase)
    return ends.filter(is_phrase).append(words.filter(texts.gather(words).str.contains(_CLOSES_SENTENCE)))


def _with_small_first(texts: pl.Series) -> pl.Series:
    rows = texts.to_frame("text")
    return rows.select(
        pl.concat_str(pl.col("text").str.head(1).str.to_lowercase(), pl.col("text").str.slice(1))
    ).to_series()
