"""How alike two texts are: what each word says, and which differences are slips."""

from collections.abc import Sequence

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein

from curate.fuzzy import edits, rarity
from curate.fuzzy.edits import Numbers, Rows
from curate.fuzzy.likeness import MOST_SHOWN, Likeness, Texts
from curate.fuzzy.minhash import band_keys, minhash
from curate.fuzzy.rarity import LONGEST_RUN, Rarity
from curate.sameness import is_negated
from curate.tokens import shingles, tokenise

BOILERPLATE = "Please answer the following question with true or false:"
COMMON = [f"{BOILERPLATE} is the {animal} a mammal or not" for animal in ("wolf", "bear", "seal", "crow")] * 100


def texts_of(lines: Sequence[str]) -> Texts:
    """Texts among the common ones, numbered after them."""
    texts = pl.Series([*COMMON, *lines])
    words, counts = tokenise(texts), Rarity(len(texts))
    counted = words.among(counts.are_counted(np.arange(len(texts), dtype=np.uint64)))
    for length in range(1, LONGEST_RUN + 1):
        counts.add(length, shingles(counted, length).hashes)
    return Texts(texts, counts)


def numbers(*each: int) -> Numbers:
    return len(COMMON) + np.array(each, np.int64)


def weighed(texts: Texts, left: Numbers, right: Numbers) -> Likeness:
    return texts.likeness(left, right, texts.edits(left, right))


def likeness(left: str, right: str) -> Likeness:
    return weighed(texts_of([left, right]), numbers(0), numbers(1))


@pytest.mark.parametrize("counted", [len(COMMON) + 40, 30])
def test_words_that_a_sample_lacks_are_not_rare_by_that(monkeypatch: pytest.MonkeyPatch, counted: int) -> None:
    monkeypatch.setattr(rarity, "COUNTED_ITEMS", counted)
    lines = [f"where was captain {name} born in the year of the great flood" for name in ("hanson", "hansen")]
    texts = texts_of(lines * 20)
    found = weighed(texts, numbers(0), numbers(1))
    assert found.is_swapped[0] and not found.is_slip[0]


def test_boilerplate_says_nothing() -> None:
    texts = texts_of([f"{BOILERPLATE} do wolverines hibernate", f"{BOILERPLATE} did Caesar swim"])
    assert texts.overlap(numbers(0), numbers(1))[0] > 0.5
    assert weighed(texts, numbers(0), numbers(1)).similarity[0] < 0.25


@pytest.mark.parametrize(
    ("left", "right", "is_slip"),
    [
        ("is the wolf a mammal or not here", "is the wolf a mammak or not here", True),
        ("is the wolf a mammal or not here", "is the the wolf a mammal or not here", True),
        ("is the wolf a mammal or not here", "is wolf a mammal or not here", True),
        ("is the wolf a mammal or not here", "is the wolf a reptile or not here", False),
        ("is the wolf a mammal or not here", "is the seal a mammal or not here", False),
        ("is the wolf a mammal or not here", "is the grey wolf a mammal or not here", False),
    ],
)
def test_a_slip_is_a_misspelt_or_doubled_or_little_word(left: str, right: str, is_slip: bool) -> None:
    assert likeness(left, right).is_slip[0] == is_slip
    assert likeness(right, left).is_slip[0] == is_slip


def test_another_order_of_the_same_words_is_seen() -> None:
    assert likeness("already the are you dessert", "are already the you dessert").is_reordered[0]
    assert not likeness("already the are you dessert", "already the are you desert").is_reordered[0]


def test_words_of_other_scripts_are_spelt() -> None:
    texts = texts_of(["Wie groß ist der Bär im Zoo, 日本?", "Wie groß ist der Hase im Zoo, 日本?"])
    edits = texts.edits(numbers(0), numbers(1))
    assert texts.differs(edits, np.zeros(1, np.int64)) == ["bär/hase"]


NOTS = ["not", "NO", "never", "knot", "n't", "Don't", "don’t", "neither_", "nor,", "é", "except", "cannot"]


@given(*[st.lists(st.sampled_from([*NOTS, "wolf"]), max_size=3).map(" ".join)] * 2)
def test_no_text_that_is_negated_is_passed_over(one: str, other: str) -> None:
    may_negate = texts_of([one, other]).may_negate[len(COMMON) :]
    assert may_negate.any() or not is_negated(one, other)
    assert not texts_of(["a knot is known"]).may_negate[-1]


HAMLET, SEEN = ["to", "be", "or", "not", "to", "be"], ["to", "be", "not", "to", "see"]
WORDS = ["the", "wolf", "wolg", "bear", "beer", "a", "mammal", "7", "é"]
LINES = st.lists(st.lists(st.sampled_from(WORDS), max_size=9), min_size=2, max_size=6)


@given(LINES)
def test_a_pair_is_as_alike_whatever_is_compared_beside_it(lines: list[list[str]]) -> None:
    texts = texts_of([" ".join(line) for line in lines])
    left, right = numbers(*range(len(lines) - 1)), numbers(*range(1, len(lines)))
    edits = texts.edits(left, right)
    together = texts.likeness(left, right, edits)
    shown = texts.differs(edits, np.arange(len(left)))
    for pair in range(len(left)):
        one, other = lines[pair], lines[pair + 1]
        alone = weighed(texts, left[pair : pair + 1], right[pair : pair + 1])
        for name in ("similarity", "shared", "is_swapped", "is_reordered", "is_slip"):
            assert getattr(alone, name)[0] == getattr(together, name)[pair]
        told_apart = Levenshtein.editops(one, other).as_list()
        assert shown[pair].split() == [told(one, other, *edit) for edit in told_apart][:MOST_SHOWN]
        assert alone.is_reordered[0] == (sorted(one) == sorted(other))
        assert texts.overlap(left, right)[pair] == 1 - len(told_apart) / max(len(one), len(other), 1)


def told(one: list[str], other: list[str], kind: str, at: int, to: int) -> str:
    return f"{one[at] if kind != 'insert' else ''}/{other[to] if kind != 'delete' else ''}"


@pytest.mark.parametrize("letters", [edits.LETTERS, 3])
def test_rows_of_more_words_than_there_are_letters_are_aligned_all_the_same(
    letters: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edits, "LETTERS", letters)
    rows = Rows(pl.Series([*HAMLET, *SEEN]), np.array([0, 6, 6, 11]))
    left, right = np.array([0, 0, 1]), np.array([2, 0, 2])
    assert rows.distances(left, right).tolist() == [2, 0, 5]
    found = rows.edits(left, right)
    assert found.pair.tolist() == [0] * 2 + [2] * 5
    assert rows.kinds.gather(rows.words[found.at[found.goes]]).to_list() == ["or", "be"]
    assert rows.kinds.gather(rows.words[found.to[found.comes]]).to_list() == ["see", *SEEN]


def test_signatures_agree_as_often_as_the_runs_are_shared() -> None:
    words = [f"w{number}" for number in range(400)]
    texts = [" ".join(words[:300]), " ".join(words[100:])]
    signatures = minhash(shingles(tokenise(pl.Series(texts)), 1), 2048, 7)
    assert np.mean(signatures[:, 0] == signatures[:, 1]) == pytest.approx(0.5, abs=0.05)


def test_bands_of_the_same_values_have_keys_of_their_own() -> None:
    keys = band_keys(np.full((8, 3), 5, np.uint32), 2)
    assert keys.shape == (4, 3)
    assert len(np.unique(keys)) == 4
