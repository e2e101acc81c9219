"""The words of a column as numbers: the same words as text, cut the same way, whatever stands around them."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate import tokens
from curate.tokens import Tokens, shingles, spelt_tokens, tokenise, words

TEXTS = st.lists(st.one_of(st.none(), st.text(), st.text("ab_1 .,-é中ไทยかß\n")), max_size=12)


def rows_of(found: Tokens) -> list[list[int]]:
    return [found.hashes[low:high].tolist() for low, high in zip(found.offsets, found.offsets[1:], strict=False)]


@given(TEXTS)
def test_a_row_has_a_hash_for_each_of_its_words(texts: list[str | None]) -> None:
    found = tokenise(pl.Series(texts, dtype=pl.String))
    assert found.counts.tolist() == [len(words(text or "")) for text in texts]


@given(TEXTS)
def test_a_words_hash_does_not_depend_on_what_stands_around_it(texts: list[str | None]) -> None:
    known: dict[str, int] = {}
    for text, row in zip(texts, rows_of(tokenise(pl.Series(texts, dtype=pl.String))), strict=True):
        for word, hashed in zip(words(text or ""), row, strict=True):
            assert known.setdefault(word, hashed) == hashed
    assert len(set(known.values())) == len(known)


@given(TEXTS, st.sampled_from([1, 16, 1 << 18]))
def test_words_are_spelt_where_they_stand(texts: list[str | None], chunk_bytes: int) -> None:
    column = pl.Series(texts, dtype=pl.String)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tokens, "CHUNK_BYTES", chunk_bytes)
        found, spelt = spelt_tokens(column)
    assert rows_of(found) == rows_of(tokenise(column))
    assert spelt.spell(np.arange(len(found.hashes))) == [word for text in texts for word in words(text or "")]


def test_the_texts_are_left_as_they_are() -> None:
    texts = pl.Series(["Plain", "GROẞ, 日本"])
    tokenise(texts)
    assert texts.to_list() == ["Plain", "GROẞ, 日本"]


@pytest.mark.parametrize(
    ("left", "right"),
    [("The CAT's hat.", "the cat s HAT"), ("x+y", "x - y"), ("Äpfel", "äpfel"), ("日本", "日 本"), ("a\u2019b", "a b")],
)
def test_case_and_marks_make_no_other_words(left: str, right: str) -> None:
    assert words(left) == words(right)
    assert len(set(map(tuple, rows_of(tokenise(pl.Series([left, right])))))) == 1


def test_long_words_that_share_their_first_letters_differ() -> None:
    long = "pneumonoultramicroscopicsilicovolcanoconiosis"
    [row] = rows_of(tokenise(pl.Series([f"{long} {long[:-1]} {long[:16]} {long[:8]} {long[:-1]}a"])))
    assert len(set(row)) == 5


def test_chunks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = pl.Series([f"row {number} of many words {'x' * (number % 40)}" for number in range(300)])
    whole = tokenise(texts)
    monkeypatch.setattr(tokens, "CHUNK_BYTES", 64)
    assert np.array_equal(tokenise(texts).hashes, whole.hashes)


def test_the_hashes_are_the_same_on_every_machine() -> None:
    assert tokenise(pl.Series(["question"])).hashes.tolist() == [2769202332628866780]


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_a_run_is_told_by_its_words_and_their_order(size: int) -> None:
    texts = ["a b c d e", "", "b c d e a", "a b", "x", "d e a b c"]
    runs = [
        [tuple(found[at : at + size]) for at in range(max(len(found) - size + 1, 1 if found else 0))]
        for found in map(words, texts)
    ]
    hashed = rows_of(shingles(tokenise(pl.Series(texts)), size))
    assert [len(row) for row in hashed] == [len(row) for row in runs]
    pairs = {
        (run, value) for row, values in zip(runs, hashed, strict=True) for run, value in zip(row, values, strict=True)
    }
    assert len({run for run, _ in pairs}) == len({value for _, value in pairs}) == len(pairs)
