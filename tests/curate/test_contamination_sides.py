"""Golds and options compared in columns are compared as those of each pair by itself."""

import math
from string import ascii_lowercase
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from curate.contamination.asked import Asked
from curate.contamination.sides import (
    OTHER,
    SAME,
    UNKNOWN,
    Side,
    agree_closely,
    as_lines,
    compare_golds,
    shared_options,
)
from curate.sameness import golds_agree, marks_of

TEXTS = [
    "Paris",
    "paris.",
    "1,000",
    "1000.0",
    "1e3",
    "b",
    "B",
    "c",
    "x + y",
    "x+y",
    "two words",
    "1/2",
    "0.5",
    "",
    "N/A",
    "?",
    "!",
]
"""Golds and options that are the same in one way or another, or are none."""
OPTIONS = st.lists(st.sampled_from(TEXTS), max_size=4)


@st.composite
def items(draw: st.DrawFn) -> dict[str, Any]:
    options = draw(st.none() | OPTIONS)
    index = draw(st.integers(0, len(options) - 1)) if options and draw(st.booleans()) else None
    return {"options": options, "answer": draw(st.none() | st.sampled_from(TEXTS)), "answer_index": index}


def side(rows: list[dict[str, Any]]) -> Side:
    schema: dict[str, Any] = {"options": pl.List(pl.String), "answer": pl.String, "answer_index": pl.Int8}
    return Side.of(pl.DataFrame(rows, schema=schema).with_columns(answer_kind=pl.lit("text")))


def row(answer: str, options: list[str] | None = None, index: int | None = None) -> dict[str, Any]:
    return {"options": options, "answer": answer, "answer_index": index}


@example([(row("x + y"), row("x+y"), ""), (row("?"), row("!"), "")])
@example([(row("Paris", ["c", "Paris"], 1), row("B", options), "") for options in (None, ["c"])])
@given(st.lists(st.tuples(items(), items(), OPTIONS.map(" and ".join)), max_size=8))
def test_pairs_are_compared_together_as_each_is_alone(pairs: list[tuple[dict[str, Any], dict[str, Any], str]]) -> None:
    asked, found = side([one for one, _, _ in pairs]), side([other for _, other, _ in pairs])
    places, lines = np.arange(len(pairs)), as_lines(pl.Series([text for *_, text in pairs], dtype=pl.String))
    golds = compare_golds(asked, places, found, places)
    known = np.flatnonzero(golds != UNKNOWN)
    closer = dict(zip(known.tolist(), agree_closely(asked, known, found, known).tolist(), strict=True))
    shared = [*zip(*(side.tolist() for side in shared_options(asked, places, found, places, lines)), strict=True)]
    for pair, (one, other, text) in enumerate(pairs):
        left, right = asked.golds[pair], found.golds[pair]
        assert golds[pair] == _compared(left, right, one["answer_index"], other["options"])
        is_open = one["answer_index"] is None and other["answer_index"] is None
        assert pair not in closer or closer[pair] == (is_open and golds_agree(left, right, "text"))
        line = f" {' '.join(marks_of(text))} "
        low, high = asked.offsets[pair : pair + 2].tolist()
        held = found.options[int(found.offsets[pair]) : int(found.offsets[pair + 1])].to_list()
        for option in range(low, high):
            form = asked.options[option]
            is_shared = form in held if held else f" {' '.join(marks_of(form))} " in line
            assert ((pair, option) in shared) == is_shared


@example([({"options": None, "answer": "odd", "answer_index": None}, "Is it even or odd?")])
@given(st.lists(st.tuples(items(), OPTIONS.map(" and ".join)), max_size=8))
def test_a_gold_is_common_as_others_have_it_or_its_question_names_it(asked: list[tuple[dict[str, Any], str]]) -> None:
    rows = [row | {"question": question} for row, question in asked]
    schema: dict[str, Any] = {"options": pl.List(pl.String), "answer": pl.String, "answer_index": pl.Int8}
    found = Asked.of(pl.DataFrame(rows, schema={**schema, "question": pl.String, "answer_kind": pl.String}))
    golds = found.side.golds.to_list()
    for gold, (_, question), common in zip(golds, asked, found.common_golds, strict=True):
        if gold is not None:
            is_named = f" {' '.join(marks_of(gold))} " in f" {' '.join(marks_of(question))} "
            expected = 1.0 if is_named else min(math.log(golds.count(gold)) / math.log(max(len(golds), 2)), 1.0)
            assert common == pytest.approx(expected)


def _compared(left: str | None, right: str | None, place: int | None, options: list[str] | None) -> str:
    if left is None or right is None:
        return UNKNOWN
    is_letter = place is not None and not options and right == ascii_lowercase[place]
    return SAME if left == right or marks_of(left) == marks_of(right) or is_letter else OTHER
