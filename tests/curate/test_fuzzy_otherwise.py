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

from curate.fuzzy.edits import Numbers, Which
from curate.fuzzy.likeness import Texts
from curate.fuzzy.otherwise import ask_otherwise
from curate.fuzzy.rarity import Rarity
from curate.sameness import asks_otherwise, units_of
from curate.tokens import words

UNITS = [
    "the", "wolf", "Wolf", "wolf.", "bear", "big", "~", "\\\\", "-5", "14%", "third", "first", "not", "a", "i", "s", "x", "3x", "3y", "12", "37", "1x", "54th", "54tc", "1,000", "1000", "7.4", "74", "+", "=", "_", "__", "x^2", "\\frac{1}{2}", "\\quad", "don't", "well-known", "—", "(12)", "**", "é", "日本",
]  # fmt: skip
LINES = st.lists(st.sampled_from(UNITS), max_size=9).map(" ".join)
TEXTS = st.lists(st.one_of(LINES, LINES, st.text(max_size=9)), min_size=2, max_size=5)


def settled(lines: list[str], left: Numbers, right: Numbers) -> Which:
    texts = Texts(pl.Series(lines), Rarity(len(lines)))
    return ask_otherwise(texts, left, right, texts.edits(left, right))


def assert_settled_as_read(texts: list[str]) -> int:
    """Compare every text with each of the next few; return how many ask for something else."""
    pairs = [(one, other) for one, other in combinations(range(len(texts)), 2) if other - one < 5]
    left, right = np.array(pairs).T
    found = settled(texts, left, right).tolist()
    assert found == [asks_otherwise(texts[one], texts[other]) for one, other in pairs]
    return sum(found)


@given(TEXTS)
@example(["It is 7.4 m wide", "It is 74 m wide"])  # a copy without its marks
@example(["2-3 (3) and \\frac{1}{2}", "(3) Ab and \\frac{1}{2}"])  # formulas that moved
@example(["which is AB", "which is Ab"])
@example(["1000 wolves + bears", "1000 wolves bears"])  # nothing but an operator
@example(["1 2 3 4 5 6 7 wolves", "wolves"])  # more numbers than a text may have lost
@example(["1 -1 -2 -3 -4 -5 wolves", "wolves"])  # the same, for beside each other they have operators between them
@example(
    ["when all of the set $9,\\ 3,\\ 5$", "when all of thv set $9,\\ 3,\\ 3,\\ 5$"]
)  # both end with a LaTeX space and more
@example(["(wolves)" + " 1 2 3 4 5 6 7 8" * times for times in (2, 3)])  # one both begins and ends as the other does
def test_a_pair_is_settled_as_it_is_read(texts: list[str]) -> None:
    assert_settled_as_read(texts)


@given(st.text(st.sampled_from("aZ_7 \t\x1c.,'$-é"), max_size=12))
def test_the_words_of_a_plain_text_are_its_units(text: str) -> None:
    is_plain = Texts(pl.Series([text]), Rarity(1)).are_plain[0]
    assert not is_plain or words(text) == units_of(text)
    assert is_plain or not text.replace(" ", "").isalpha() or "é" in text


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
    assert settled(["Who wrote it?"], nothing, nothing).tolist() == []
