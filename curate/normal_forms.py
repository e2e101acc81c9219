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
_TEXT = pl.col("text")
_HAS_GAP = _TEXT.str.contains("  ", literal=True)
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
_SMALL = pl.concat_str(_TEXT.str.head(1).str.to_lowercase(), _TEXT.str.slice(1))
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
    forms = _rewritten(texts, marks.folding, _TEXT.str.replace_many(_characters()[1]))
    forms, wrapped = _laid_out(forms, marks.breaks)
    gaps = _where(~_TEXT.str.contains("\n", literal=True), forms, _where(_HAS_GAP, forms))
    quoted = _where(_TEXT.str.contains(_MAY_KEEP_SPACE), forms, _where(_TEXT.str.contains(_MARK), forms, gaps))
    forms = _rewritten(forms, gaps, _TEXT.str.replace_all("  +", " ")).str.strip_chars(" ")
    forms = _rewritten(forms, _ends(forms), _TEXT.str.strip_chars_end("?.: "))
    forms = _rewritten(forms, _where(_TEXT.str.contains(_SMALL_FIRST), forms), _SMALL)
    alone = pl.concat([marks.unsettled, wrapped, quoted]).unique()
    normalised = pl.Series([normalise(text) for text in texts.gather(alone)], dtype=pl.String)
    return _rewritten(forms, alone, pl.lit(normalised))


def _where(is_so: pl.Expr, texts: pl.Series, among: pl.Series | None = None) -> pl.Series:
    """The places of the texts of which an expression of `_TEXT` holds, among some places or all."""
    rows = (texts if among is None else texts.gather(among)).to_frame("text")
    found = rows.select_seq(pl.arg_where(is_so)).to_series()
    return found if among is None else among.gather(found)


def _rewritten(texts: pl.Series, places: pl.Series, form: pl.Expr) -> pl.Series:
    """The texts with what an expression of `_TEXT` makes of them in some places; `texts` itself stays as it is."""
    if not len(places):
        return texts
    return texts.clone().scatter(places, texts.gather(places).to_frame("text").select_seq(form).to_series())


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
    ends = _TEXT.str.replace_all(" +\n", "\n").str.strip_chars_end(" \n").str.strip_chars_start("\n")
    lines = _rewritten(texts, breaks, ends)
    blank = breaks
    for pattern, new in _BLANK_LINES:
        blank = _where(_TEXT.str.contains("\n\n", literal=True), lines, blank)
        lines = _rewritten(lines, blank, _TEXT.str.replace_all(pattern, new))
    is_wrapped = ~_TEXT.str.contains(_KEEPS_LINES) | _TEXT.str.starts_with(" ")
    return lines, _where(_TEXT.str.contains("\n", literal=True) & is_wrapped, lines, breaks)


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
    ends = _where(_TEXT.str.contains(_CLOSES), texts)
    is_phrase = texts.gather(ends).str.contains(" ", literal=True)
    words = _where(_TEXT.str.contains(_CLOSES_SENTENCE), texts, ends.filter(~is_phrase))
    return ends.filter(is_phrase).append(words)
