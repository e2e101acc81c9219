"""Pairs settled by columns are what they are when they are read one by one."""

import gzip
import json
from itertools import combinations
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from curate.fuzzy.otherwise import ask_otherwise
from curate.sameness import asks_otherwise

UNITS = [
    "the", "wolf", "Wolf", "wolf.", "third", "first", "not", "a", "i", "s", "x", "3x", "3y", "12", "37", "1x", "54th", "54tc", "1,000", "1000", "7.4", "74", "+", "=", "_", "__", "x^2", "\\frac{1}{2}", "\\quad", "don't", "well-known", "—", "(12)", "**", "é", "日本",
]  # fmt: skip
LINES = st.lists(st.sampled_from(UNITS), max_size=9).map(" ".join)
TEXTS = st.lists(st.one_of(LINES, LINES, st.text(max_size=9)), min_size=2, max_size=5)


def assert_settled_as_read(texts: list[str]) -> int:
    """Compare every text with each of the next few; return how many ask for something else."""
    pairs = [(one, other) for one, other in combinations(range(len(texts)), 2) if other - one < 5]
    left, right = np.array(pairs).T
    found = ask_otherwise(pl.Series(texts), left, right).tolist()
    assert found == [asks_otherwise(texts[one], texts[other]) for one, other in pairs]
    return sum(found)


@given(TEXTS)
@example(["It is 7.4 m wide", "It is 74 m wide"])  # a copy without its marks
@example(["2-3 (3) and \\frac{1}{2}", "(3) Ab and \\frac{1}{2}"])  # formulas that moved
@example(["which is AB", "which is Ab"])
def test_a_pair_is_settled_as_it_is_read(texts: list[str]) -> None:
    assert_settled_as_read(texts)


@pytest.mark.parametrize("name", ["reasoning_gym/train.jsonl.gz", "math_train/math.json.gz"])
def test_published_questions_are_settled_as_they_are_read(name: str, shared_data: Path) -> None:
    """In alphabetical order, so that many beside each other have one template."""
    text = gzip.decompress((shared_data / "corpora" / name).read_bytes()).decode()
    records = [json.loads(line) for line in text.splitlines()] if ".jsonl" in name else json.loads(text)
    questions = sorted({record.get("question") or record["problem"] for record in records})
    middle = len(questions) // 2
    assert assert_settled_as_read(questions[middle : middle + 300]) > 50


def test_no_pairs_ask_for_nothing() -> None:
    nothing = np.zeros(0, np.int64)
    assert ask_otherwise(pl.Series(["Who wrote it?"]), nothing, nothing).tolist() == []
