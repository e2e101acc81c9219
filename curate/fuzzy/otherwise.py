"""Which of many pairs of texts ask for something else (`curate.sameness.asks_otherwise`), most of them settled by columns.

All pairs are aligned at once. Where only ordinary words and slips of the hand differ the texts ask for the same, and so they do where
one of them lost a few numbers besides; where one formula stands for another they do not. What is left, numbers and symbols that
moved, is read pair by pair.

White space parts units (`curate.sameness.units_of`), and in most texts these are the words that were cut and aligned before; only the
others are cut again, and of them only what stands between the units with which both begin and end.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
from rapidfuzz.distance import Postfix, Prefix
from rapidfuzz.process import cpdist

from curate.fuzzy.edits import Edits, Numbers, Rows, Which
from curate.fuzzy.likeness import Texts
from curate.sameness import (
    DECIDING,
    FORMATTING,
    MOST_LOST,
    case_differs,
    is_numeric,
    is_plain_word,
    is_sign,
    is_slip,
    is_stripped_copy,
    is_swap_of_formulas,
    marks_of,
    units_ask_otherwise,
    units_of,
    untypeset,
)

_ODD = r"\\|\{\}|[^\x00-\x7f]"
"""A text with one of these is put in lower case by itself."""
_OTHER_SPACE = r"[\t-\r\x1c-\x1f\x85\p{Z}--[ ]]"
"""What parts units, as `str.split` sees it, but the space itself."""
_LATEX_SPACE = "\\ "
"""Has a space that is no end of a unit."""


def ask_otherwise(texts: Texts, left: Numbers, right: Numbers, edits: Edits) -> Which:
    """Whether each pair of questions asks for something else.

    Args:
        texts: questions.
        left, right: the numbers of the texts of each pair.
        edits: of their words.
    """
    found = np.zeros(len(left), np.bool_)
    is_plain = texts.are_plain[left] & texts.are_plain[right]
    plain, other = np.flatnonzero(is_plain), np.flatnonzero(~is_plain)
    aligned = Aligned(edits.among(plain, len(left)), texts.words, texts.spell)
    found[plain] = _ask_otherwise(texts.lines, left[plain], right[plain], aligned)
    if len(other):
        units = _units(pl.Series(_middles(texts.lines, left[other], right[other]), dtype=pl.String))
        edits = units.edits(np.arange(len(other)), np.arange(len(other), 2 * len(other)))
        aligned = Aligned(edits, units.words, units.spell)
        found[other] = _ask_otherwise(texts.lines, left[other], right[other], aligned)
    return found


def _middles(lines: list[str], left: Numbers, right: Numbers) -> list[str]:
    """The texts of some pairs without the units with which both begin and end: first the left ones, then the right ones."""
    one, other = ([lines[text] for text in side.tolist()] for side in (left, right))
    begins, ends = (cpdist(one, other, scorer=affix.similarity, workers=1).tolist() for affix in (Prefix, Postfix))
    for pair, (old, new, begin, end) in enumerate(zip(one, other, begins, ends, strict=True)):
        if _LATEX_SPACE not in old:
            first = old.rfind(" ", 0, begin) + 1
            last = old.find(" ", max(begin, begin + len(old) - len(new), len(old) - end))
            stop = len(old) if last < 0 else last
            one[pair], other[pair] = old[first:stop], new[first : stop + len(new) - len(old)]
    return one + other


@dataclass(frozen=True)
class Aligned:
    """Pairs of rows of units, aligned.

    Attributes:
        edits: of each pair.
        words: of all rows, equal numbers for equal units.
        spell: the units at some places of `words` as text.
    """

    edits: Edits
    words: npt.NDArray[np.int32]
    spell: Callable[[Numbers], list[str]]

    def kinds(self) -> tuple[list[str], Numbers, Numbers]:
        """The different units that are edited; and of each edit the number of the one that goes and of the one that comes, which
        is of no meaning if none does."""
        edits, words = self.edits, self.words
        places = np.concatenate([edits.at[edits.goes], edits.to[edits.comes]])
        kinds, first = np.unique(words[places], return_index=True)
        old, new = (np.searchsorted(kinds, words[side]).clip(max=len(kinds) - 1) for side in (edits.at, edits.to))
        return self.spell(places[first]), old, new


class Kinds:
    """Different units, and what is to be known of each.

    Attributes:
        texts: the units.
        is_word: whether it is letters alone, and no variable.
        is_number: whether it is digits alone.
        is_deciding: whether a deciding word is in it.
        signs: how many numbers, variables and symbols are in it.
        has_operator: whether one of them is no number.
        is_loose: whether its marks depend on what stands beside it.
    """

    def __init__(self, texts: list[str]) -> None:
        self.texts, count = texts, len(texts)
        self.is_word = np.fromiter(map(is_plain_word, texts), np.bool_, count)
        self.is_number = np.fromiter(map(str.isdecimal, texts), np.bool_, count)
        self.is_deciding = np.fromiter(map(DECIDING.__contains__, texts), np.bool_, count)
        self.signs = self.is_number.astype(np.int64)
        self.has_operator, self.is_loose = np.zeros((2, count), np.bool_)
        for kind in np.flatnonzero(~(self.is_word | self.is_number)).tolist():
            marks = marks_of(texts[kind])
            signs = list(filter(is_sign, marks))
            self.signs[kind], self.has_operator[kind] = len(signs), not all(map(is_numeric, signs))
            self.is_deciding[kind] = not DECIDING.isdisjoint(marks)
            self.is_loose[kind] = texts[kind][0] == "-" or texts[kind][-1] == "\\" or "~" in texts[kind]


def _units(texts: pl.Series) -> Rows:
    """The units of each text."""
    is_odd = texts.str.contains(_ODD)
    odd = pl.Series([untypeset(text) for text in texts.filter(is_odd)], dtype=pl.String)
    lower = texts.str.to_lowercase().scatter(is_odd.arg_true(), odd)
    has_other_space = lower.str.contains(_OTHER_SPACE)
    spaced = lower.filter(has_other_space).str.replace_all(_OTHER_SPACE, " ")
    parts = lower.scatter(has_other_space.arg_true(), spaced).str.split(" ")
    flat = parts.explode().str.strip_chars(FORMATTING)
    is_unit = flat != ""
    before = np.append(0, np.cumsum(is_unit.to_numpy()))  # how many units there are before each part
    offsets = before[np.append(0, np.cumsum(parts.list.len().to_numpy(), dtype=np.int64))]
    return Rows(flat.filter(is_unit), offsets)


def _ask_otherwise(lines: list[str], left: Numbers, right: Numbers, aligned: Aligned) -> Which:
    """Whether each pair of texts asks for something else."""
    texts, old, new = aligned.kinds()
    edits, kinds, count = aligned.edits, Kinds(texts), len(left)
    is_other = _have_other_words(edits, kinds, old, new, count)
    _mark_other_formulas(is_other, edits, kinds, old, new)
    found = is_other.copy()
    for pair in np.flatnonzero(is_other).tolist():
        found[pair] = not is_stripped_copy(lines[left[pair]], lines[right[pair]])
    for pair in np.flatnonzero(_are_open(edits, kinds, old, new, count) & ~is_other).tolist():
        one, other = lines[left[pair]], lines[right[pair]]
        found[pair] = not is_stripped_copy(one, other) and units_ask_otherwise(one, other, *map(units_of, (one, other)))
    for pair in np.flatnonzero(np.bincount(edits.pair, minlength=count) == 0).tolist():
        found[pair] = case_differs(lines[left[pair]], lines[right[pair]])
    return found


def _have_other_words(edits: Edits, kinds: Kinds, old: Numbers, new: Numbers, pairs: int) -> Which:
    """Whether numbers stand in place of numbers, or words in place of words and both have a deciding one."""
    stretches = edits.stretches
    numbers, words = (
        ~_any(stretches, ~(edits.swaps & each[old] & each[new]), len(stretches))
        for each in (kinds.is_number, kinds.is_word)
    )
    for side in (old, new):
        words &= _any(stretches, kinds.is_deciding[side], len(stretches))
    return _any(edits.pair, (numbers | words)[stretches], pairs)


def _mark_other_formulas(is_other: Which, edits: Edits, kinds: Kinds, old: Numbers, new: Numbers) -> None:
    """Mark the pairs in which one unit stands for another with another number, variable or symbol."""
    stretches = edits.stretches
    is_alone = np.bincount(stretches)[stretches] == 1
    formulas = np.flatnonzero(
        is_alone & edits.swaps & (kinds.signs[old] > 0) & (kinds.signs[new] > 0) & ~is_other[edits.pair]
    )
    for edit, pair in zip(formulas.tolist(), edits.pair[formulas].tolist(), strict=True):
        is_other[pair] |= not is_other[pair] and is_swap_of_formulas(kinds.texts[old[edit]], kinds.texts[new[edit]])


def _are_open(edits: Edits, kinds: Kinds, old: Numbers, new: Numbers, pairs: int) -> Which:
    """Whether a pair is to be read: a deciding word stands for another, or more differs than words, slips of the hand and a few
    numbers and symbols that only one text has."""
    lost, come = np.where(edits.goes, kinds.signs[old], 0), np.where(edits.comes, kinds.signs[new], 0)
    swaps = np.flatnonzero(edits.swaps & (lost + come > 0))
    units = zip(old[swaps].tolist(), new[swaps].tolist(), strict=True)
    slips = swaps[[is_slip(kinds.texts[one], kinds.texts[other]) for one, other in units]]
    lost[slips], come[slips] = 0, 0
    has_sign = lost + come > 0
    is_odd, is_loose = (
        _any(edits.pair, (edits.goes & each[old]) | (edits.comes & each[new]), pairs)
        for each in (kinds.has_operator, kinds.is_loose)
    )
    stretches = edits.stretches
    is_words = ~_any(stretches, ~(edits.swaps & kinds.is_word[old] & kinds.is_word[new]), len(stretches))
    is_odd &= ~_any(edits.pair, is_words[stretches], pairs)  # else more than an operator differs
    losses, gains = (np.bincount(edits.pair, side, pairs) for side in (lost, come))
    is_few = (np.minimum(losses, gains) == 0) & (losses + gains <= MOST_LOST) & ~is_odd & ~is_loose
    less, more = (_any(edits.pair, edits.swaps & kinds.is_deciding[side], pairs) for side in (old, new))
    is_open: Which = (_any(edits.pair, has_sign, pairs) & ~is_few) | (less & more)
    return is_open


def _any(groups: Numbers, values: npt.NDArray[np.bool_], count: int) -> Which:
    """Whether any value of each group is true."""
    return np.bincount(groups, values, count) > 0
