"""Which of many pairs of texts ask for something else (`curate.sameness.asks_otherwise`), most of them settled by columns.

All pairs are aligned at once. Where only ordinary words and slips of the hand differ the texts ask for the same; where one
formula stands for another they do not. What is left, numbers that were lost or moved, is read pair by pair.
"""

import numpy as np
import numpy.typing as npt
import polars as pl

from curate.fuzzy.edits import Edits, Numbers, Rows, Which
from curate.sameness import (
    DECIDING,
    FORMATTING,
    case_differs,
    is_plain_word,
    is_sign,
    is_slip,
    is_stripped_copy,
    is_swap_of_formulas,
    marks_of,
    units_ask_otherwise,
    untypeset,
)

_ODD = r"\\|\{\}|[^\x00-\x7f]"
"""A text with one of these is put in lower case by itself."""
_SPACE = r"[\s\x1c-\x1f]"
"""What parts units, as `str.split` sees it."""


def ask_otherwise(questions: pl.Series, left: Numbers, right: Numbers) -> Which:
    """Whether each pair of questions asks for something else.

    Args:
        questions: texts.
        left, right: the numbers of the texts of each pair.
    """
    numbers, at = np.unique(np.concatenate([left, right]), return_inverse=True)
    texts = questions.gather(numbers)
    return _Asking(texts).otherwise(at[: len(left)], at[len(left) :])


class _Asking:
    """Texts, with the units of each (`curate.sameness.units_of`)."""

    def __init__(self, texts: pl.Series) -> None:
        self._texts: list[str] = texts.to_list()
        is_odd = texts.str.contains(_ODD)
        odd = pl.Series([untypeset(text) for text in texts.filter(is_odd)], dtype=pl.String)
        parts = texts.str.to_lowercase().scatter(is_odd.arg_true(), odd).str.replace_all(_SPACE, " ").str.split(" ")
        flat = parts.explode().str.strip_chars(FORMATTING)
        is_unit = flat != ""
        before = np.append(0, np.cumsum(is_unit.to_numpy()))  # how many units there are before each part
        self._units = Rows(
            flat.filter(is_unit), before[np.append(0, np.cumsum(parts.list.len().to_numpy(), dtype=np.int64))]
        )
        self._kinds: list[str] = self._units.kinds.to_list()

    def otherwise(self, left: Numbers, right: Numbers) -> Which:
        """Whether each pair of texts asks for something else."""
        found = np.zeros(len(left), np.bool_)
        are_equal = self._units.are_equal(left, right)
        for pair in np.flatnonzero(are_equal).tolist():
            found[pair] = case_differs(self._texts[left[pair]], self._texts[right[pair]])
        other = np.flatnonzero(~are_equal)
        left, right = left[other], right[other]
        edits = self._units.edits(left, right)
        found[other] = self._settled(edits, left, right)
        return found

    def _settled(self, edits: Edits, left: Numbers, right: Numbers) -> Which:
        """Whether each pair of texts with other units asks for something else."""
        has_other = self._have_other_numbers_or_words(edits, len(left))
        edits = edits[~has_other[edits.pair]]
        has_sign, is_deciding = self._flags(edits)
        old, new = self._units.words[edits.at], self._units.words[edits.to]
        stretches = edits.stretches
        is_alone = np.bincount(stretches)[stretches] == 1
        formulas = np.flatnonzero(is_alone & edits.swaps & has_sign[old] & has_sign[new])
        for edit, pair in zip(formulas.tolist(), edits.pair[formulas].tolist(), strict=True):
            has_other[pair] |= not has_other[pair] and is_swap_of_formulas(
                self._kinds[old[edit]], self._kinds[new[edit]]
            )
        found = has_other.copy()
        for pair in np.flatnonzero(has_other).tolist():
            found[pair] = not is_stripped_copy(self._texts[left[pair]], self._texts[right[pair]])
        for pair in np.flatnonzero(self._are_open(edits, has_sign, is_deciding, len(left)) & ~has_other).tolist():
            found[pair] = self._ask_otherwise(int(left[pair]), int(right[pair]))
        return found

    def _have_other_numbers_or_words(self, edits: Edits, pairs: int) -> Which:
        """Whether numbers stand in place of numbers, or words in place of words and both have a deciding one."""
        columns = (str.isdecimal, is_plain_word, DECIDING.__contains__)
        flags = (np.fromiter(map(column, self._kinds), np.bool_, len(self._kinds)) for column in columns)
        is_number, is_word, is_deciding = (each[self._units.words] for each in flags)
        stretches = edits.stretches
        numbers, words = (
            ~_any(stretches, ~(edits.swaps & each[edits.at] & each[edits.to]), len(stretches))
            for each in (is_number, is_word)
        )
        for side in (edits.at, edits.to):
            words &= _any(stretches, is_deciding[side], len(stretches))
        return _any(edits.pair, (numbers | words)[stretches], pairs)

    def _are_open(self, edits: Edits, has_sign: Which, is_deciding: Which, pairs: int) -> Which:
        """Whether more than words and slips of the hand differs in a pair, or a deciding word stands for another."""
        old, new = self._units.words[edits.at], self._units.words[edits.to]
        more = (edits.goes & has_sign[old]) | (edits.comes & has_sign[new])
        swaps = np.flatnonzero(edits.swaps & more)
        units = zip(old[swaps].tolist(), new[swaps].tolist(), strict=True)
        more[swaps] = [not is_slip(self._kinds[one], self._kinds[other]) for one, other in units]
        lost, got = (_any(edits.pair, edits.swaps & is_deciding[side], pairs) for side in (old, new))
        return _any(edits.pair, more, pairs) | (lost & got)

    def _ask_otherwise(self, left: int, right: int) -> bool:
        one, other = self._texts[left], self._texts[right]
        return not is_stripped_copy(one, other) and units_ask_otherwise(one, other, *map(self._units_of, (left, right)))

    def _units_of(self, text: int) -> list[str]:
        low, high = self._units.offsets[text : text + 2]
        return [self._kinds[unit] for unit in self._units.words[low:high].tolist()]

    def _flags(self, edits: Edits) -> tuple[Which, Which]:
        """Of each different unit that is edited whether it has a sign in it, and a deciding word."""
        kinds = np.unique(
            np.concatenate([self._units.words[edits.at[edits.goes]], self._units.words[edits.to[edits.comes]]])
        )
        has_sign, is_deciding = np.zeros((2, len(self._kinds)), np.bool_)
        for kind in kinds.tolist():
            unit = self._kinds[kind]
            marks = [unit] if is_plain_word(unit) else marks_of(unit)
            has_sign[kind] = any(map(is_sign, marks))
            is_deciding[kind] = not DECIDING.isdisjoint(marks)
        return has_sign, is_deciding


def _any(groups: Numbers, values: npt.NDArray[np.bool_], count: int) -> Which:
    """Whether any value of each group is true."""
    return np.bincount(groups, values, count) > 0
