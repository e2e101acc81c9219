"""Whether other numbers, or other variables, stand in a row where a question has its own.

A term is a number with the letters that follow it (12, 3x, 5cm; "twelve" is 12), or a variable; its unit is these letters.
A term that one side alone has is an edit, or another way to write the question.
"""

import re

import numpy as np
import polars as pl

from curate.contamination.ranges import Runs, ranges
from curate.fuzzy.edits import Numbers, Rows, Which
from curate.numbers import distinct

_NUMBER = re.compile(r"(-?\d+(?:\.\d+)?)([^\W\d_]*)")
_LEADING_ZEROS = re.compile(r"(?<!\d)0+(?=\d)")
_SPELLED = {
    "zero": "0",
    "one": "1",
    "two": "2",
    "three": "3",
    "four": "4",
    "five": "5",
    "six": "6",
    "seven": "7",
    "eight": "8",
    "nine": "9",
    "ten": "10",
    "eleven": "11",
    "twelve": "12",
    "thirteen": "13",
    "fourteen": "14",
    "fifteen": "15",
    "sixteen": "16",
    "seventeen": "17",
    "eighteen": "18",
    "nineteen": "19",
    "twenty": "20",
}
_WORDS_OF_A_LETTER = frozenset("ais")
"""Single letters that are words, or what is left of one: a, I, 's. The others are variables."""

_NO_TERM = -1


class Terms:
    """The terms of rows of words.

    Args:
        rows: questions and what may hold them.
    """

    def __init__(self, rows: Rows) -> None:
        numbers: dict[tuple[str, str], int] = {}
        units: dict[str, int] = {}
        of_kind = np.full(len(rows.kinds), _NO_TERM, np.int64)
        maybe = _may_be_terms(rows.kinds)
        for kind, mark in zip(maybe.arg_true().to_list(), rows.kinds.filter(maybe).to_list(), strict=True):
            if (term := term_of(mark)) is not None:
                of_kind[kind] = numbers.setdefault(term, len(numbers))
        self._unit_of = np.array([units.setdefault(unit, len(units)) for _, unit in numbers], np.int64)
        self._count, self._units = len(numbers), len(units)
        terms = of_kind[rows.words]
        is_term = terms != _NO_TERM
        self._terms = terms[is_term]
        self._before = np.append(0, np.cumsum(is_term))  # how many terms there are before each word

    def are_others(self, asked: Runs, found: Runs) -> Which:
        """Whether in place of a term there is another of the same unit.

        Args:
            asked, found: where runs of words that are in place of each other begin and end, among the words of all rows.
        """
        of_sides = distinct(np.concatenate([self._within(asked) * 2, self._within(found) * 2 + 1]))
        alone = of_sides[~_has_twin(of_sides >> 1)]
        run, term = alone // 2 // max(self._count, 1), (alone >> 1) % max(self._count, 1)
        of_units = distinct((run * self._units + self._unit_of[term]) * 2 + (alone & 1))
        others = np.zeros(len(asked[0]), np.bool_)
        others[(of_units >> 1)[_has_twin(of_units >> 1)] // max(self._units, 1)] = True
        return others

    def _within(self, runs: Runs) -> Numbers:
        """Run * count + term for each term of each run."""
        run, at = ranges((self._before[runs[0]], self._before[runs[1]]))
        return np.asarray(run * self._count + self._terms[at])


def _has_twin(values: Numbers) -> Which:
    """Whether each of some ascending values occurs twice."""
    is_twin = np.zeros(len(values) + 1, np.bool_)  # of the value before
    is_twin[1:-1] = values[1:] == values[:-1]
    return np.asarray(is_twin[1:] | is_twin[:-1])


def _may_be_terms(kinds: pl.Series) -> pl.Series:
    is_number = kinds.str.contains(r"^-?\d") | kinds.is_in(list(_SPELLED))
    return is_number | (kinds.str.len_chars() == 1)


def term_of(mark: str) -> tuple[str, str] | None:
    """The term that a word, number or symbol is, and its unit; None if it is none."""
    if len(mark) == 1 and mark.isalpha():
        return None if mark in _WORDS_OF_A_LETTER else (mark, "variable")
    parts = _NUMBER.fullmatch(_SPELLED.get(mark, mark))
    return None if parts is None else (_LEADING_ZEROS.sub("", parts[1]), parts[2])
