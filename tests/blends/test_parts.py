"""Shares of a split component's parts: exact, the same everywhere, within their bounds."""

from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blends.candidates import Part, split
from blends.parts import by_rows, by_temperature, within_bounds
from blends.recipe import Component
from crossthink.errors import UserError

rows = st.lists(st.integers(1, 10**6), min_size=1, max_size=12)


@given(rows)
def test_temperature_one_is_by_rows_and_zero_is_equal(counts: list[int]) -> None:
    assert by_temperature(counts, Fraction(1)) == by_rows(counts)
    assert by_temperature(counts, Fraction(0)) == [Fraction(1, len(counts))] * len(counts)


@given(rows, st.fractions(min_value="1/20", max_value="19/20", max_denominator=20))
def test_a_temperature_between_lies_between(counts: list[int], exponent: Fraction) -> None:
    shares = by_temperature(counts, exponent)
    assert sum(shares) == 1
    small, large = counts.index(min(counts)), counts.index(max(counts))
    assert (
        by_rows(counts)[small] <= shares[small] <= Fraction(1, len(counts)) <= shares[large] <= by_rows(counts)[large]
    )


def test_a_square_root_is_taken_to_twenty_places() -> None:
    """sqrt(2) / (1 + sqrt(2)) = 2 - sqrt(2)."""
    share = by_temperature([1, 2], Fraction(1, 2))[1]
    assert abs((2 - share) ** 2 - 2) < Fraction(1, 10**20)


@given(rows, st.fractions(min_value=0, max_value=1), st.fractions(min_value=0, max_value=1))
def test_bounds_hold_and_the_rest_keep_their_ratios(counts: list[int], low: Fraction, high: Fraction) -> None:
    parts = len(counts)
    least, most = low / parts, Fraction(1, parts) + high * (1 - Fraction(1, parts))
    shares = within_bounds(by_rows(counts), least, most, "x")
    assert sum(shares) == 1
    assert all(least <= share <= most for share in shares)
    free = [share / natural for share, natural in zip(shares, by_rows(counts), strict=True) if least < share < most]
    assert len(set(free)) <= 1


def test_bounds_that_nothing_meets_are_refused() -> None:
    with pytest.raises(
        UserError, match=r"component gpr: max_share 1/4 of 3 parts is less than the whole; at least 1/3"
    ):
        within_bounds(by_rows([1, 2, 3]), None, Fraction(1, 4), "gpr")
    with pytest.raises(UserError, match=r"component gpr: min_share 1/2 of 3 parts is more than the whole; at most 1/3"):
        within_bounds(by_rows([1, 2, 3]), Fraction(1, 2), None, "gpr")


@given(st.lists(st.tuples(st.integers(0, 2), st.sampled_from(["b", "a", None]), st.sampled_from("xy"))))
def test_every_row_goes_to_the_part_of_its_value(given_rows: list[tuple[int, str | None, str]]) -> None:
    given_rows += [(0, "a", "x"), (1, None, "y"), (2, "b", "x")]  # each component has a row, or it would be refused
    parts = [
        Part(Component(name="one", proportion="1/3", split_by="subject"), ()),
        Part(Component(name="two", proportion="1/3"), ()),
        Part(Component(name="three", proportion="1/3", split_by="source"), ()),
    ]
    rows = pl.DataFrame(given_rows, {"part": pl.Int32, "subject": pl.String, "source": pl.String}, orient="row")
    found = split(parts, rows, {}, max_repeats=1)
    names = [(f"one.{subject}", "two", f"three.{source}")[part] for part, subject, source in given_rows]
    assert [found.leaves[leaf].name for leaf in found.rows["leaf"]] == names
    assert {leaf.name: leaf.available for leaf in found.leaves} == {name: names.count(name) for name in names}
    order = ["one.a", "one.b", "one.None", "two", "three.x", "three.y"]
    assert [leaf.name for leaf in found.leaves] == [name for name in order if name in names]
