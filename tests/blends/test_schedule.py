"""The schedule: every batch holds each component's share to within one row."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blends.schedule import batch_of_each_row, rows_per_batch


@st.composite
def sizes(draw: st.DrawFn) -> tuple[list[int], int]:
    batches = draw(st.integers(1, 40))
    rows = draw(st.lists(st.integers(0, 300), min_size=1, max_size=8))
    rows.append(-sum(rows) % batches + batches)
    return rows, batches


@given(sizes())
def test_every_batch_holds_every_share_to_within_one_row(case: tuple[list[int], int]) -> None:
    rows, batches = case
    counts = rows_per_batch(rows, batches)
    assert (counts.sum(axis=1) == rows).all()
    assert (counts.sum(axis=0) == sum(rows) // batches).all()
    assert (np.abs(counts - np.array(rows)[:, None] / batches) < 1).all()


@given(sizes())
def test_rows_are_laid_out_in_the_order_they_were_drawn(case: tuple[list[int], int]) -> None:
    rows, batches = case
    for placed, count in zip(batch_of_each_row(rows, batches), rows, strict=True):
        assert len(placed) == count
        assert (np.diff(placed) >= 0).all()


def test_a_rare_component_is_spread_over_the_run() -> None:
    rare = rows_per_batch([10, 990], 100)[0]
    assert all(1 <= part.sum() <= 3 for part in np.array_split(rare, 5))
    assert 4 <= rare[:50].sum() <= 6


def test_rows_that_do_not_fill_the_batches_are_refused() -> None:
    with pytest.raises(ValueError, match="do not fill"):
        rows_per_batch([3, 4], 2)
