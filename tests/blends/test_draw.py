"""The draw: the same rows everywhere, and the rows that were there stay when a blend grows or a weight moves."""

from collections.abc import Sequence
from hashlib import sha256

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blends.draw import draw, first_of_each, first_places
from blends.keys import keys
from blends.weights import apportion_tree
from manifests.holdout import held_out
from tests.blends.leaves import leaf

ROWS = 200_000


@pytest.fixture(scope="module")
def candidates() -> pl.DataFrame:
    """Three components of 100,000, 60,000 and 40,000 rows."""
    numbers = pl.int_range(ROWS, eager=True)
    leaves = pl.select(pl.when(numbers < 100_000).then(0).when(numbers < 160_000).then(1).otherwise(2)).to_series()
    return pl.DataFrame({"row_id": pl.select(pl.format("row-{}", numbers)).to_series(), "leaf": leaves.cast(pl.Int32)})


def _drawn(candidates: pl.DataFrame, size: int, shares: Sequence[str], seed: int = 0) -> set[str]:
    counts = apportion_tree(size, [leaf(str(place), 10**6, share) for place, share in enumerate(shares)])
    rows = draw(candidates, counts, seed)
    assert rows.height == size == rows["row_id"].n_unique()
    return set(rows["row_id"])


def test_growing_from_50_000_to_60_000_rows_keeps_all_50_000_where_no_count_falls(candidates: pl.DataFrame) -> None:
    shares = ("1/2", "1/3", "1/6")
    assert _drawn(candidates, 50_000, shares) < _drawn(candidates, 60_000, shares)


def test_a_weight_that_moves_by_a_point_replaces_a_hundredth_of_the_rows(candidates: pl.DataFrame) -> None:
    before = _drawn(candidates, 50_000, ("0.50", "0.30", "0.20"))
    after = _drawn(candidates, 50_000, ("0.51", "0.29", "0.20"))
    assert len(after - before) == 500


def test_another_seed_draws_other_rows(candidates: pl.DataFrame) -> None:
    shares = ("1/2", "1/3", "1/6")
    both = _drawn(candidates, 50_000, shares) & _drawn(candidates, 50_000, shares, seed=1)
    assert 12_000 < len(both) < 13_500  # 25,000²/100,000 + 16,667²/60,000 + 8,333²/40,000 by chance


def test_the_draw_does_not_depend_on_the_order_of_the_rows(candidates: pl.DataFrame) -> None:
    few = candidates.head(5_000)
    assert draw(few, [700], 3).equals(draw(few.reverse(), [700], 3))


def test_a_leaf_gives_its_first_rows_by_key_whatever_pieces_they_lie_in(candidates: pl.DataFrame) -> None:
    pieces = [candidates[:70], candidates[100_000:100_050], candidates[70:300]]
    rows = pl.concat(pieces, rechunk=False)
    by_key = rows.with_columns(key=pl.Series(keys(rows["row_id"], "5/0/"))).sort("key")
    expected = [by_key.filter(pl.col("leaf") == leaf).head(count)["row_id"] for leaf, count in enumerate((90, 50))]
    assert draw(rows, [90, 50], 5)["row_id"].to_list() == pl.concat(expected).to_list()


def test_each_epoch_has_an_order_of_its_own(candidates: pl.DataFrame) -> None:
    few = candidates.head(100)
    rows = draw(few, [250], 0)
    epochs = [each["row_id"].to_list() for each in rows.partition_by("epoch", maintain_order=True)]
    assert [len(epoch) for epoch in epochs] == [100, 100, 50]
    assert sorted(epochs[0]) == sorted(epochs[1]) == sorted(few["row_id"])
    assert epochs[0] != epochs[1] and epochs[1][:50] != epochs[2]
    first, second = (first_places(few, "leaf", {0: 100}, 0, epoch)[0].to_list() for epoch in (0, 1))
    assert first != second and sorted(first) == sorted(second) == list(range(100))


def _mixed(number: int) -> int:
    number = (number ^ number >> 30) * 0xBF58476D1CE4E5B9 % 2**64
    number = (number ^ number >> 27) * 0x94D049BB133111EB % 2**64
    return number ^ number >> 31


ids = st.integers(0, 20).flatmap(lambda size: st.lists(st.text("0a/", min_size=size, max_size=size), max_size=8))


@given(st.lists(st.text(max_size=40), max_size=8) | ids, st.text(max_size=9))
def test_the_keys_are_the_ones_that_are_documented(texts: list[str], salt: str) -> None:
    def key(text: bytes) -> int:
        found = int.from_bytes(sha256(salt.encode()).digest()[:8], "little") ^ len(text)
        for start in range(0, len(text), 8):
            found = _mixed(found ^ int.from_bytes(text[start : start + 8], "little"))
        return found

    assert keys(pl.Series(texts, dtype=pl.String), salt).tolist() == [key(text.encode()) for text in texts]


def test_a_row_has_its_key_wherever_it_stands() -> None:
    texts = pl.Series([f"row {number}" for number in range(40_000)])
    assert keys(texts, "0/0/")[30_000:].tolist() == keys(texts[30_000:], "0/0/").tolist()
    assert keys(pl.concat([texts[:7], texts[7:]], rechunk=False), "").tolist() == keys(texts, "").tolist()


def test_the_orders_of_two_salts_have_nothing_to_do_with_each_other(candidates: pl.DataFrame) -> None:
    hashed = [keys(candidates["row_id"], f"{seed}/0/").astype(float) for seed in range(4)]
    correlations = np.corrcoef([*hashed, np.arange(ROWS)])[np.triu_indices(5, 1)]
    assert np.abs(correlations).max() < 5 / ROWS**0.5  # five standard deviations
    for each in hashed:
        counts = np.histogram(each, 100, (0.0, 2.0**64))[0]
        assert (
            np.square(counts - ROWS / 100).sum() / (ROWS / 100) < 99 + 5 * (2 * 99) ** 0.5
        )  # chi-square of 99 degrees


def test_few_distinct_rows_are_the_first_of_the_order(candidates: pl.DataFrame) -> None:
    kept = first_of_each(candidates, {1: 10}, 0, "leaf")
    assert kept.group_by("leaf").len().sort("leaf")["len"].to_list() == [100_000, 10, 40_000]
    first = draw(candidates, [0, 10, 0], 0)["row_id"]
    assert set(kept.filter(pl.col("leaf") == 1)["row_id"]) == set(first)


def test_the_rule_of_a_holdout_is_the_one_that_is_documented() -> None:
    """Held out is whose SHA-256 of "SEED/holdout/ITEM" begins below the share."""
    items = [f"item {number}" for number in range(2000)]
    first = {item: int(sha256(f"3/holdout/{item}".encode()).hexdigest()[:16], 16) for item in items}
    expected = sorted(item for item, number in first.items() if number < 2**64 // 10)
    assert 150 < len(expected) < 250
    assert held_out(pl.Series(items), {"holdout": {"share": "1/10", "seed": 3}}).to_list() == expected
