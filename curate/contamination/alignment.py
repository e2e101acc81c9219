"""Where a benchmark's question stands in a row, how much of it is there, and what stands there instead of the rest.

Both are lists of words, numbers and symbols. The stretch of the row that shares most 3-grams with the question is aligned
with it by the longest common subsequence, so a changed, dropped or doubled word costs that word and nothing else. The
share is of the words' weights: "where m and n are relatively prime positive integers" is nine words that say little.

A share hides what is lost together: under a passage of 300 words another question costs three in a hundred. So the worst
stretch is measured too, the run of the question that loses most more than it keeps.
"""

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

from rapidfuzz.distance import LCSseq, Opcode

from curate.contamination.texts import GRAM

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


_NOTHING = 1e-9
"""Weight of a question that says nothing."""
ALIKE = 0.25
"""Share of a question's weight from which on two texts can be laid side by side."""


@dataclass(frozen=True, slots=True)
class Alignment:
    """A question found in a row.

    Attributes:
        share: of the weight of the question's words that the row has, in their order.
        gap: weight lost in the worst stretch, less what is kept within it.
        start, end: the row's words from the first that is the question's to the last.
        asks_otherwise: whether other numbers, or other variables, stand where the question has its own; false where the
            texts are not `ALIKE`, so that there is no place where they would stand.
    """

    share: float
    gap: float
    start: int
    end: int
    asks_otherwise: bool


def align(question: Sequence[str], weights: Sequence[float], row: Sequence[str]) -> Alignment:
    """Align a question with the stretch of a row that is most like it.

    Args:
        question: its words; may be empty.
        weights: of each of these words.
        row: its words.
    """
    total = sum(weights)
    if question == row and total > _NOTHING:
        return Alignment(1.0, 0.0, 0, len(row), False)
    start, end = _stretch(question, row)
    within = row[start:end]
    equal = [block for block in LCSseq.opcodes(question, within) if block.tag == "equal"]
    if not equal:
        return Alignment(0.0, total, 0, 0, False)
    shared = sum(sum(weights[block.src_start : block.src_end]) for block in equal)
    first, last = start + equal[0].dest_start, start + equal[-1].dest_end
    share = shared / max(total, _NOTHING)
    otherwise = share >= ALIKE and _asks_otherwise(question, row[first:last], _gaps(question, within, equal))
    return Alignment(share, _worst(weights, equal), first, last, otherwise)


def _gaps(
    question: Sequence[str], row: Sequence[str], equal: Sequence[Opcode]
) -> Iterator[tuple[Sequence[str], Sequence[str]]]:
    """What stands between equal stretches on both sides; before the first and after the last, no more than is missing."""
    head, tail = equal[0], equal[-1]
    yield question[: head.src_start], row[max(0, head.dest_start - head.src_start) : head.dest_start]
    for one, other in itertools.pairwise(equal):
        yield question[one.src_end : other.src_start], row[one.dest_end : other.dest_start]
    missing = len(question) - tail.src_end
    yield question[tail.src_end :], row[tail.dest_end : tail.dest_end + missing]


def _asks_otherwise(
    question: Sequence[str], row: Sequence[str], gaps: Iterator[tuple[Sequence[str], Sequence[str]]]
) -> bool:
    """Whether a number or variable has been put in place of another of the same unit, somewhere or anywhere.

    A number that one side alone has is an edit, or another way to write the question.
    """
    if not _terms(question):
        return False
    return any(_are_others(left, right) for left, right in [(question, row), *gaps] if left and right)


def _are_others(asked: Sequence[str], found: Sequence[str]) -> bool:
    one, other = _terms(asked), _terms(found)
    return not {unit for _, unit in one - other}.isdisjoint(unit for _, unit in other - one)


def _terms(marks: Sequence[str]) -> set[tuple[str, str]]:
    """The numbers, each with the letters that follow it (12, 3x, 5cm; "twelve" is 12), and the variables."""
    terms = set(map(_term, marks))
    terms.discard(None)
    return cast(set[tuple[str, str]], terms)


@lru_cache(maxsize=1 << 16)
def _term(mark: str) -> tuple[str, str] | None:
    if len(mark) == 1 and mark.isalpha():
        return None if mark in _WORDS_OF_A_LETTER else (mark, "variable")
    parts = _NUMBER.fullmatch(_SPELLED.get(mark, mark))
    return None if parts is None else (_LEADING_ZEROS.sub("", parts[1]), parts[2])


def _worst(weights: Sequence[float], equal: Sequence[Opcode]) -> float:
    worst = current = 0.0
    place = 0
    for block in equal:
        for weight in weights[place : block.src_start]:
            current += weight
            worst = max(worst, current)
        current = max(0.0, current - sum(weights[block.src_start : block.src_end]))
        place = block.src_end
    return max(worst, current + sum(weights[place:]))


def _stretch(question: Sequence[str], row: Sequence[str]) -> tuple[int, int]:
    """The part of a row that may hold the question: where most of its 3-grams are, and around it what may be missing."""
    length = len(question)
    margin = max(4, length // 4)
    if len(row) <= length + margin:
        return 0, len(row)
    grams = set(zip(*(question[step:] for step in range(GRAM)), strict=False))
    is_hit = map(grams.__contains__, zip(*(row[step:] for step in range(GRAM)), strict=False))
    hits = list(itertools.compress(itertools.count(), is_hit))
    if not hits:
        return 0, len(row)
    best, last = (0, 0), 0
    for first, place in enumerate(hits):  # the most hits within a question's length and one margin
        while last < len(hits) and hits[last] < place + length + margin:
            last += 1
        if last - first > best[1] - best[0]:
            best = (first, last)
    inside = hits[best[1] - 1] + GRAM - hits[best[0]]
    around = max(length - inside, 0) + margin // 2
    return max(0, hits[best[0]] - around), min(len(row), hits[best[1] - 1] + GRAM + around)
