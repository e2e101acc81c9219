"""Columns of numbers, held to NumPy's own."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from curate.numbers import distinct, starts_of


@given(st.lists(st.integers(-4, 4)))
def test_each_number_is_there_once_and_in_order(numbers: list[int]) -> None:
    assert distinct(np.array(numbers, np.int64)).tolist() == sorted(set(numbers))


@given(st.lists(st.integers(0, 2)))
def test_a_run_begins_where_the_number_is_another(numbers: list[int]) -> None:
    starts = [place for place, number in enumerate(numbers) if place == 0 or numbers[place - 1] != number]
    assert starts_of(np.array(numbers, np.int64)).tolist() == starts
