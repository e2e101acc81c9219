"""What one pass keeps of each question: held to its definition, row by row."""

from math import log
from pathlib import Path
from random import Random

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossthink.files import write_parquet
from curate.fuzzy import FuzzySettings, rarity
from curate.fuzzy.index import _whole, index_items
from curate.fuzzy.minhash import STRIP, minhash
from curate.fuzzy.rarity import COUNTED_ITEMS, LONGEST_RUN, Rarity
from curate.fuzzy.sketch import SKETCH_BITS, sketches, words_shared
from curate.items import ITEM_SCHEMA
from curate.table import ItemTable
from curate.tokens import Hashes, Tokens, shingles, tokenise


@given(st.lists(st.integers(0, 3 * STRIP), max_size=40), st.randoms(use_true_random=False))
def test_a_signature_holds_the_least_product_of_a_row_with_each_factor(lengths: list[int], random: Random) -> None:
    hashes = [[random.getrandbits(64) for _ in range(length)] for length in lengths]
    runs = Tokens(np.array([one for row in hashes for one in row], np.uint64), np.cumsum([0, *lengths]))
    factors = [int(drawn) >> 32 | 1 for drawn in np.random.PCG64(7).random_raw(8)]
    top = 2**32 - 1
    told = [[min(((one >> 32) * by & top for one in row), default=top) for by in factors] for row in hashes]
    assert minhash(runs, 8, 7).T.tolist() == told


WORDS = st.sets(st.integers(0, 99))


@given(st.lists(st.tuples(WORDS, WORDS), max_size=20))
def test_words_are_counted_by_the_bits_that_none_of_them_marks(pairs: list[tuple[set[int], set[int]]]) -> None:
    told = []
    for one, other in pairs:
        either = counted(marked(one | other))
        told.append((counted(marked(one)) + counted(marked(other)) - either) / either if one or other else 0)
    assert words_shared(*sides(pairs)).tolist() == pytest.approx(told)
    assert words_shared(*sides([(one, one) for one, _ in pairs])).tolist() == [bool(one) for one, _ in pairs]


def test_long_texts_of_other_words_share_little() -> None:
    """Though both mark most of the bits, and so the same ones."""
    pair = set(range(150)), set(range(500, 650))
    both, either = marked(pair[0]) & marked(pair[1]), marked(pair[0]) | marked(pair[1])
    assert len(both) > len(either) / 2
    assert words_shared(*sides([pair]))[0] < 0.2


def sides(pairs: list[tuple[set[int], set[int]]]) -> list[Hashes]:
    """The sketches of the left texts and of the right ones."""
    texts = ([" ".join(map(str, pair[side])) for pair in pairs] for side in (0, 1))
    return [sketches(tokenise(pl.Series(side, dtype=pl.String))) for side in texts]


def counted(marks: set[int]) -> float:
    return -SKETCH_BITS * log(max(SKETCH_BITS - len(marks), 0.5) / SKETCH_BITS)


def marked(words: set[int]) -> set[int]:
    return {int(one) % SKETCH_BITS for one in tokenise(pl.Series(list(map(str, words)), dtype=pl.String)).hashes}


@given(st.lists(st.text("abc ", max_size=12), max_size=30))
def test_texts_have_one_key_if_their_words_are_the_same_in_the_same_order(texts: list[str]) -> None:
    keys = _whole(tokenise(pl.Series(texts, dtype=pl.String))).tolist()
    told = [tuple(text.split()) for text in texts]
    assert len({*zip(keys, told, strict=True)}) == len(set(keys)) == len(set(told))


def test_runs_are_counted_however_often_they_come_at_once() -> None:
    counts, runs = Rarity(2), np.array([5, 5, 9, 5], np.uint64) << np.uint64(48)
    counts.add(1, runs)
    counts.add(1, runs[1:])
    table = counts._tables[0]
    assert {int(slot): int(table[slot]) for slot in np.flatnonzero(table)} == {5: 5, 9: 2}


@pytest.mark.parametrize("items", [1_000_000, 2_000_000, 10_000_000])
def test_of_a_large_corpus_texts_are_counted_that_are_spread_evenly(items: int) -> None:
    is_counted = Rarity(items).are_counted(np.arange(items, dtype=np.uint64))
    ahead = np.cumsum(is_counted) - COUNTED_ITEMS / items * np.arange(1, items + 1)
    assert ahead.max() - ahead.min() < 8  # the most that any run of texts has more or less than its share


def test_of_a_corpus_that_is_not_large_every_text_is_counted() -> None:
    assert Rarity(COUNTED_ITEMS).are_counted(np.arange(COUNTED_ITEMS, dtype=np.uint64)).all()


@pytest.mark.parametrize("shingle_words", [3, 5])
def test_words_of_texts_that_are_not_counted_do_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shingle_words: int
) -> None:
    monkeypatch.setattr(rarity, "COUNTED_ITEMS", 100)
    texts = [f"of {place} trees which one is {'very ' * (place % 3)}old" for place in range(400)]
    empty = dict.fromkeys(ITEM_SCHEMA.names, "") | dict.fromkeys(["options", "answer_index", "context", "images"])
    rows = [empty | {"question": text, "answer": "oak", "solutions": []} for text in texts]
    write_parquet(tmp_path / "items.parquet", pa.Table.from_pylist(rows, ITEM_SCHEMA))
    is_there = np.arange(len(texts)) % 7 != 0
    items = ItemTable((tmp_path / "items.parquet",)).without(np.flatnonzero(~is_there))
    settings = FuzzySettings(shingle_words=shingle_words)
    found = index_items(items, settings, np.zeros(len(texts), np.int64), tmp_path).rarity
    chosen = is_there & found.are_counted(np.arange(len(texts), dtype=np.uint64))
    words = tokenise(pl.Series(texts).filter(chosen))
    assert 90 < chosen.sum() < 110
    alone = Rarity(items.count)
    for length in range(1, LONGEST_RUN + 1):
        alone.add(length, shingles(words, length).hashes)
    assert all(map(np.array_equal, found._tables, alone._tables))
    assert found._totals == alone._totals
