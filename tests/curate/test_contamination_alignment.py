"""Pairs aligned in columns measure what each of them does by itself."""

import itertools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import LCSseq, Opcode

from curate.contamination.alignment import ALIKE, Alignments, align
from curate.contamination.stretches import stretches
from curate.contamination.terms import term_of
from curate.contamination.texts import GRAM
from curate.fuzzy.edits import Numbers, Rows

Words = Sequence[str]
WORDS = ["the", "of", "fox", "3", "4", "03", "three", "3cm", "4cm", "-3", "x", "y", "a"]
WEIGHTS = {word: (place % 5) / 2 for place, word in enumerate(WORDS)}


def rows_of(pairs: Sequence[tuple[Words, Words]]) -> tuple[Rows, Numbers]:
    """Both sides of each pair, and the number of the first; the second comes after it."""
    each = [words for pair in pairs for words in pair]
    flat = pl.Series([word for words in each for word in words], dtype=pl.String)
    offsets = np.append(0, np.cumsum([*map(len, each)], dtype=np.int64))
    return Rows(flat, offsets), np.arange(0, len(each), 2, dtype=np.int64)


def aligned(pairs: Sequence[tuple[Words, Words]], weights: dict[str, float] | None = None) -> Alignments:
    """Align each question, the first of a pair, with its row."""
    rows, places = rows_of(pairs)
    of_kinds = np.array([1.0 if weights is None else weights[kind] for kind in rows.kinds], np.float64)
    return align(rows, of_kinds, places, places + 1)


def test_a_share_counts_words_by_their_weight_and_a_gap_what_is_lost_together() -> None:
    question = ["the", "quick", "fox", "of", "the", "old", "barn"]
    row = ["see", "the", "quick", "fox", "of", "the", "new", "house"]
    found = aligned([(question, row)], {word: 0.5 if word in ("the", "of") else 4.0 for word in question + row})
    assert found.share.tolist() == [pytest.approx(9.5 / 17.5)]
    assert found.gap.tolist() == [8.0]
    assert row[found.start[0] : found.end[0]] == ["the", "quick", "fox", "of", "the"]


@pytest.mark.parametrize(
    ("asked", "found", "differs"),
    [
        ("sum of 3 and 5", "sum of 3 and 6", True),
        ("pick 20 red and 30 green ones", "pick 30 red and 20 green ones", True),
        ("solve for x in 2x = 8", "solve for x in 3x = 8", True),
        ("the limit of k", "the limit of n", True),
        ("it has 120 beds", "it has many beds", False),
        ("it has 120 beds", "it has 12q beds", False),
        ("five hens and 2 ducks", "5 hens and two ducks", False),
        (
            "12 hens lay one egg",
            "9 old hens lay one egg",
            False,
        ),  # before the common words, what is in place of 12 is "old"
        ("hens lay one egg 12", "hens lay one egg daily 9", False),
    ],
)
def test_only_a_number_in_place_of_another_asks_for_something_else(asked: str, found: str, differs: bool) -> None:
    assert aligned([(asked.split(), found.split())]).asks_otherwise.tolist() == [differs]


TEXT = st.lists(st.sampled_from(WORDS), max_size=20)


@st.composite
def edited(draw: st.DrawFn) -> tuple[list[str], list[str]]:
    """A question, and parts of it with a word changed here and there inside a longer text."""
    question, row = draw(TEXT), draw(TEXT)
    for _ in range(draw(st.integers(1, 3))):
        low, high = sorted(draw(st.tuples(*[st.integers(0, len(question))] * 2)))
        row += [draw(st.sampled_from(WORDS)) if draw(st.integers(0, 7)) == 0 else word for word in question[low:high]]
        row += draw(TEXT)
    return question, row


@settings(max_examples=200)
@given(st.lists(st.one_of(edited(), st.tuples(TEXT, TEXT)), max_size=6))
@example([])
@example([([], []), (["fox"], []), ([], ["fox"])])
def test_pairs_measure_together_what_each_does_alone(pairs: list[tuple[list[str], list[str]]]) -> None:
    found = aligned(pairs, WEIGHTS)
    for place, (question, row) in enumerate(pairs):
        one = _aligned_alone(question, row)
        assert (found.share[place], found.gap[place], found.asks_otherwise[place]) == (
            one.share,
            one.gap,
            one.otherwise,
        )
        assert row[found.start[place] : found.end[place]] == row[one.start : one.end]


FEW = st.lists(st.sampled_from("abc"), max_size=40)


@settings(max_examples=200)
@given(st.lists(st.tuples(FEW.map(lambda words: words[:10]), FEW), max_size=4))
def test_the_stretch_of_a_row_is_where_most_of_the_questions_3_grams_are(pairs: list[tuple[Words, Words]]) -> None:
    rows, places = rows_of(pairs)
    starts, ends = (side - rows.offsets[places + 1] for side in stretches(rows, places, places + 1))
    assert list(zip(starts.tolist(), ends.tolist(), strict=True)) == [_stretch(*pair) for pair in pairs]


class _Alone(NamedTuple):
    share: float
    gap: float
    start: int
    end: int
    otherwise: bool


def _aligned_alone(question: Words, row: Words) -> _Alone:
    """The plain definition, word by word."""
    weights = [WEIGHTS[word] for word in question]
    total = sum(weights)
    start, end = _stretch(question, row)
    within = row[start:end]
    equal = [block for block in LCSseq.opcodes(question, within) if block.tag == "equal"]
    if not equal:
        return _Alone(0.0, total, 0, 0, False)
    share = sum(sum(weights[block.src_start : block.src_end]) for block in equal) / max(total, 1e-9)
    first, last = start + equal[0].dest_start, start + equal[-1].dest_end
    in_place = [(question, row[first:last]), *_gaps(question, within, equal)]
    otherwise = share >= ALIKE and any(_are_others(asked, found) for asked, found in in_place)
    return _Alone(share, _worst(weights, equal), first, last, otherwise)


def _gaps(question: Words, row: Words, equal: Sequence[Opcode]) -> Iterator[tuple[Words, Words]]:
    """What stands between equal stretches on both sides; before the first and after the last, no more than is missing."""
    head, tail = equal[0], equal[-1]
    yield question[: head.src_start], row[max(0, head.dest_start - head.src_start) : head.dest_start]
    for one, other in itertools.pairwise(equal):
        yield question[one.src_end : other.src_start], row[one.dest_end : other.dest_start]
    missing = len(question) - tail.src_end
    yield question[tail.src_end :], row[tail.dest_end : tail.dest_end + missing]


def _are_others(asked: Words, found: Words) -> bool:
    one, other = ({term for mark in marks if (term := term_of(mark))} for marks in (asked, found))
    return not {unit for _, unit in one - other}.isdisjoint(unit for _, unit in other - one)


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


def _stretch(question: Words, row: Words) -> tuple[int, int]:
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
