"""Pairs that are turned away before their texts are read would have come to nothing, and pieces of a band lose none."""

import gzip
import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossthink.files import write_parquet
from curate.fuzzy import FuzzySettings, candidates, clusters, find_near_duplicates
from curate.fuzzy.candidates import ShortTerms
from curate.items import ITEM_SCHEMA
from curate.table import ItemTable
from curate.tokens import Hashes

BITS = 20
"""Of a standing in a number of a band."""

Found = Callable[[str, float], tuple[pl.DataFrame, pa.Table, dict[str, Any]]]


@pytest.fixture
def found(shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Found:
    """What is found among published questions with a constant set otherwise."""
    text = gzip.decompress((shared_data / "corpora/reasoning_gym/train.jsonl.gz").read_bytes()).decode()
    records = [json.loads(line) for line in text.splitlines()[::12]]
    empty = dict.fromkeys(ITEM_SCHEMA.names, "") | dict.fromkeys(["options", "answer_index", "context", "images"])
    rows = [
        empty
        | {"item_id": f"id{place}", "question": record["question"], "answer": record["answer"] or None, "solutions": []}
        for place, record in enumerate(records)
    ]
    write_parquet(tmp_path / "items.parquet", pa.Table.from_pylist(rows, ITEM_SCHEMA))
    items = ItemTable((tmp_path / "items.parquet",))

    def find(name: str, value: float) -> tuple[pl.DataFrame, pa.Table, dict[str, Any]]:
        with monkeypatch.context() as patch:
            patch.setattr(candidates, name, value)
            decision = find_near_duplicates(items, FuzzySettings(), np.zeros(items.height, np.int64), tmp_path)
            return pl.concat(decision.drops), decision.tables["siblings"], decision.facts

    return find


@pytest.mark.parametrize("name", ["LEAST_SHARED", "LONG_SHARED"])
def test_of_published_questions_none_is_lost_that_shares_few_words(found: Found, name: str) -> None:
    drops, siblings, facts = found(name, getattr(candidates, name))
    all_drops, all_siblings, all_facts = found(name, -np.inf)
    assert drops.height and drops.equals(all_drops)
    assert siblings.num_rows and siblings.equals(all_siblings)
    assert facts["verified"] < all_facts["verified"]


@pytest.mark.parametrize("rows", [1, 50])
def test_the_pieces_of_a_band_end_where_buckets_do(found: Found, rows: int) -> None:
    drops, siblings, facts = found("PIECE_ROWS", candidates.PIECE_ROWS)
    in_pieces = found("PIECE_ROWS", rows)
    assert facts["biggest_bucket"] > 2
    assert in_pieces[0].equals(drops) and in_pieces[1].equals(siblings) and in_pieces[2] == facts


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3)), max_size=60))
def test_of_a_bucket_an_item_is_paired_with_the_first_and_with_the_one_before(items: list[tuple[int, int]]) -> None:
    keys, terms = np.array(items, np.uint64).reshape(-1, 2).T
    found, biggest = pairs_of(keys, terms.astype(np.uint32) << np.uint32(20))
    buckets = [[place for place, (key, _) in enumerate(items) if key == each] for each in {key for key, _ in items}]
    assert biggest == max([1, *map(len, buckets)])
    assert found == {pair for bucket in buckets for pair in paired(bucket, [int(each) for each in terms])}


def test_terms_are_told_apart_in_a_piece_full_of_buckets() -> None:
    count = candidates.PIECE_ROWS // 3
    keys = np.repeat(np.arange(count, dtype=np.uint64), 3)
    terms = np.tile(np.array([1 << 31, 0, 1 << 31], np.uint32), count)
    expected = {pair for place in range(0, 3 * count, 3) for pair in itertools.combinations(range(place, place + 3), 2)}
    assert pairs_of(keys, terms) == (expected, 3)


def pairs_of(keys: Hashes, terms: ShortTerms) -> tuple[set[tuple[int, int]], int]:
    """The pairs (earlier, later) of the items of a band, and the size of its biggest bucket."""
    packed = np.sort(keys << np.uint64(BITS) | np.arange(len(keys), dtype=np.uint64))
    codes, biggest = candidates._bucket_pairs(packed, BITS, terms)
    return {(int(code) & 0xFFFFFFFF, int(code) >> 32) for code in codes.tolist()}, biggest


def paired(bucket: list[int], terms: list[int]) -> set[tuple[int, int]]:
    """The pairs of a bucket as the module's rule says."""
    if len(bucket) == 2:
        return {(bucket[0], bucket[1])}
    groups = [[place for place in bucket if terms[place] == each] for each in set(terms)]
    other = {pair for pair in chained(bucket) if terms[pair[0]] != terms[pair[1]]}
    return other.union(*map(chained, groups))


def chained(places: list[int]) -> set[tuple[int, int]]:
    return {*itertools.pairwise(places), *((places[0], place) for place in places[1:])}


@pytest.mark.parametrize("at_once", [1, 7])
def test_pairs_that_are_settled_a_few_at_once_are_all_settled(
    found: Found, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    drops, siblings, facts = found("PIECE_ROWS", candidates.PIECE_ROWS)
    monkeypatch.setattr(clusters, "PAIRS_AT_ONCE", at_once)
    again = found("PIECE_ROWS", candidates.PIECE_ROWS)
    assert drops.height > at_once
    assert again[0].equals(drops) and again[1].equals(siblings) and again[2] == facts
