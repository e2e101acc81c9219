"""Apportionment: counts are whole, sum exactly and stay within one row of their shares."""

from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from blends.weights import Leaf, allot, apportion, apportion_tree
from crossthink.errors import UserError

shares = st.lists(st.fractions(min_value=0, max_value=1), min_size=1, max_size=12)


@st.composite
def trees(draw: st.DrawFn) -> list[Leaf]:
    """Two levels: groups whose shares sum to 1, and in each parts whose shares sum to 1."""
    groups = draw(st.lists(st.lists(st.integers(1, 50), min_size=1, max_size=4), min_size=1, max_size=4))
    weights = draw(st.lists(st.integers(1, 20), min_size=len(groups), max_size=len(groups)))
    leaves = []
    for place, (parts, weight) in enumerate(zip(groups, weights, strict=True)):
        group = (f"g{place}", Fraction(weight, sum(weights)))
        for number, part in enumerate(parts):
            available = draw(st.integers(1, 3000))
            leaves.append(Leaf(f"g{place}.{number}", available, (group, (str(number), Fraction(part, sum(parts))))))
    return leaves


@given(st.integers(0, 10**7), shares)
def test_counts_sum_exactly_and_stay_within_one_row(total: int, parts: list[Fraction]) -> None:
    assume(sum(parts) > 0)
    counts = apportion(total, parts)
    assert sum(counts) == total
    assert all(abs(count - total * part / sum(parts)) < 1 for count, part in zip(counts, parts, strict=True))


@given(st.integers(0, 10**6), trees())
def test_every_group_is_within_one_row_of_its_share(total: int, leaves: list[Leaf]) -> None:
    counts = apportion_tree(total, leaves)
    assert sum(counts) == total
    for name, share in {leaf.path[0] for leaf in leaves}:
        group = sum(count for count, leaf in zip(counts, leaves, strict=True) if leaf.path[0][0] == name)
        assert abs(group - total * share) < 1


@given(trees(), st.one_of(st.none(), st.integers(1, 5000)), st.integers(1, 64), st.sampled_from(["shrink", "reweight"]))
def test_no_component_gives_more_rows_than_it_has(
    leaves: list[Leaf], size: int | None, batch_size: int, rule: str
) -> None:
    try:
        given_out = allot(leaves, size, batch_size, rule, 1)
    except UserError:
        return
    assert sum(given_out.rows) % batch_size == 0
    assert sum(given_out.rows) <= (size or 10**9)
    assert all(0 <= count <= leaf.available for count, leaf in zip(given_out.rows, leaves, strict=True))
    if size and rule == "reweight":
        whole = min(size, sum(leaf.available for leaf in leaves))
        assert sum(given_out.rows) == whole - whole % batch_size


def _leaf(name: str, available: int, share: str, takes_all: bool = False) -> Leaf:
    return Leaf(name, available, ((name, Fraction(share)),), takes_all)


def test_the_component_that_binds_is_named() -> None:
    found = allot([_leaf("gpr", 1000, "2/3"), _leaf("math", 100, "1/3")], None, 10, "shrink", 1)
    assert (found.rows, found.binds) == ([200, 100], [False, True])


def test_repeats_beyond_the_cap_are_refused() -> None:
    leaves = [_leaf("gpr", 1000, "2/3"), _leaf("math", 100, "1/3")]
    assert allot(leaves, 1200, 10, "repeat", 4).rows == [800, 400]
    with pytest.raises(UserError, match=r"math: 500 rows are asked of 100.*5\.0 times"):
        allot(leaves, 1500, 10, "repeat", 4)


def test_all_takes_every_row_and_proportions_share_the_rest() -> None:
    found = allot([_leaf("gold", 100, "1", takes_all=True), _leaf("filler", 1000, "1/2")], None, 10, "shrink", 1)
    assert found.rows == [100, 100]


def test_the_papers_natural_blend_has_its_published_weights() -> None:
    """Table 1 sizes of arXiv 2504.13941; 0.1696 and 0.3277 are the two weights of B_nd that the paper gives."""
    sizes = [99_842, 192_930, 100_000, 87_350, 100_000, 8_523]
    counts = apportion(10_000, [Fraction(size) for size in sizes])
    assert [count / 10_000 for count in counts] == [0.1696, 0.3277, 0.1699, 0.1484, 0.1699, 0.0145]


def test_less_than_one_batch_is_refused() -> None:
    with pytest.raises(UserError, match="fewer than one batch"):
        allot([_leaf("a", 5, "1")], None, 10, "shrink", 1)


@given(trees(), st.integers(1, 2000))
def test_filling_up_changes_nothing_where_nobody_is_short(leaves: list[Leaf], size: int) -> None:
    roomy = [leaf.with_available(10**6) for leaf in leaves]
    assert allot(roomy, size, 1, "reweight", 1).rows == apportion_tree(size, roomy)


def test_a_short_component_is_made_up_for_inside_its_group() -> None:
    gpr, math = ("gpr", Fraction(2, 3)), ("math", Fraction(1, 3))
    leaves = [
        Leaf("small", 100, (gpr, ("small", Fraction(5, 6)))),
        Leaf("big", 5000, (gpr, ("big", Fraction(1, 6)))),
        Leaf("math", 5000, (math,)),
    ]
    assert allot(leaves, 3000, 1, "reweight", 1).rows == [100, 1900, 1000]


def test_a_size_that_fits_by_rounding_is_not_shrunk() -> None:
    leaves = [_leaf("small", 3, "17/100000"), _leaf("rest", 10**6, "99983/100000")]
    assert allot(leaves, 20_000, 1, "shrink", 1).rows == [3, 19_997]


def test_around_all_the_others_keep_their_rule_and_are_trimmed_first() -> None:
    leaves = [_leaf("every", 1000, "1", True), _leaf("a", 10, "1/4"), _leaf("b", 5000, "1/4")]
    assert allot(leaves, None, 10, "shrink", 1).rows == [1000, 10, 10]
    assert allot(leaves, None, 10, "reweight", 1).rows == [1000, 10, 990]
    assert allot(leaves, None, 128, "reweight", 1).rows == [1000, 10, 910]
    assert allot(leaves[:1], None, 128, "shrink", 1).trimmed == 104


@given(trees(), st.integers(1, 400), st.integers(1, 30))
def test_shrinking_gives_the_most_whole_batches_that_fit(leaves: list[Leaf], size: int, batch_size: int) -> None:
    fitting = [
        rows
        for rows in range(batch_size, size + 1, batch_size)
        if all(count <= leaf.available for count, leaf in zip(apportion_tree(rows, leaves), leaves, strict=True))
    ]
    try:
        assert sum(allot(leaves, size, batch_size, "shrink", 1).rows) == max(fitting, default=0)
    except UserError:
        assert not fitting
