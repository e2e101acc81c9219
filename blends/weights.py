"""From shares to whole rows: largest remainders, and what happens when a component has too few.

Shares are exact fractions. At every level of the tree the counts are apportioned by largest remainder (Hamilton), so they
sum exactly to what the level above gives, and each is within one row of its share.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

from crossthink.errors import UserError

Rule = Literal["shrink", "repeat", "reweight"]


@dataclass(frozen=True)
class Leaf:
    """A component that rows are drawn for: its name, its rows, and its shares from the top level down.

    `path` holds one (group key, share within the group) per level; leaves with the same key belong to the same group.
    `takes_all` marks a component of which every row is taken once, `distinct` one that draws from so many rows only,
    `is_split` one whose share of its group is that of its rows.
    """

    name: str
    available: int
    path: tuple[tuple[str, Fraction], ...]
    takes_all: bool = False
    distinct: int | None = None
    is_split: bool = False

    @property
    def share(self) -> Fraction:
        product = Fraction(1)
        for _, share in self.path:
            product *= share
        return product

    def with_available(self, rows: int) -> "Leaf":
        """Return the same leaf with another number of rows."""
        return replace(self, available=rows)


@dataclass(frozen=True)
class Allotment:
    """Rows per leaf, which leaves bind, and how many rows fell to the rule that batches are whole."""

    rows: list[int]
    binds: list[bool]
    trimmed: int


def apportion(total: int, shares: Sequence[Fraction]) -> list[int]:
    """Return whole counts that sum to `total`, by largest remainder; ties go to the earlier share.

    Args:
        total: rows to give, 0 or more.
        shares: non-negative, not all zero unless `total` is 0; they need not sum to 1.
    """
    whole = sum(shares)
    if not whole:
        return [0] * len(shares)
    exact = [total * share / whole for share in shares]
    counts = [int(quota) for quota in exact]
    by_remainder = sorted(range(len(shares)), key=lambda place: (counts[place] - exact[place], place))
    for place in by_remainder[: total - sum(counts)]:
        counts[place] += 1
    return counts


def apportion_tree(total: int, leaves: Sequence[Leaf]) -> list[int]:
    """Apportion level by level along the leaves' paths, so that every group's count is within one row of its share."""
    counts = [0] * len(leaves)
    _descend(total, list(range(len(leaves))), 0, leaves, counts, capped=False)
    return counts


def reshare(leaves: Sequence[Leaf]) -> list[Leaf]:
    """Give the parts of a split component their shares anew, after rows have been left out."""
    groups: dict[tuple[tuple[str, Fraction], ...], int] = {}
    for leaf in leaves:
        groups[leaf.path[:-1]] = groups.get(leaf.path[:-1], 0) + leaf.available
    return [
        replace(leaf, path=(*leaf.path[:-1], (leaf.path[-1][0], Fraction(leaf.available, groups[leaf.path[:-1]]))))
        if leaf.is_split
        else leaf
        for leaf in leaves
    ]


def allot(leaves: Sequence[Leaf], size: int | None, batch_size: int, when_short: Rule, max_repeats: int) -> Allotment:
    """Decide how many rows each leaf gives.

    Leaves that take all give every row once. The others share `size`, or around such leaves what their proportions come
    to; when one of them is short, `when_short` holds among them.

    Args:
        leaves: in the recipe's order.
        size: rows asked for; None takes as many as the rule for short components allows.
        batch_size: the result is a whole number of batches of this many rows.
        when_short: see `Recipe`.
        max_repeats: only with `repeat`.

    Raises:
        UserError: there is less than one batch, or a component would repeat more often than allowed.
    """
    fixed = sum(leaf.available for leaf in leaves if leaf.takes_all)
    others = [leaf for leaf in leaves if not leaf.takes_all]
    if fixed:
        free = sum((leaf.share for leaf in others), Fraction(0))
        size = int(fixed * free / (1 - free))
    wanted = size if size is not None else _most(others, when_short)
    fit = _fitting(wanted, others, when_short)
    if fixed + fit < batch_size:
        raise UserError(
            f"the blend would have {fixed + fit:,} rows, fewer than one batch of {batch_size:,} (batch_size)"
        )
    given = _give(fit, fixed, others, batch_size, when_short)
    if when_short == "repeat":
        _refuse_too_many_repeats(given, others, max_repeats)
    spare = (fixed + sum(given)) % batch_size  # not zero only when there are no others to trim
    each = iter(given)
    counts = [leaf.available if leaf.takes_all else next(each) for leaf in leaves]
    cut = apportion(spare, [Fraction(leaf.available if leaf.takes_all else 0) for leaf in leaves])
    counts = [count - less for count, less in zip(counts, cut, strict=True)]
    reach = wanted if size is not None else sum(given) + batch_size
    binds = [not leaf.takes_all and leaf.share / _total(others) * reach > leaf.available for leaf in leaves]
    return Allotment(counts, binds, max(0, fixed + fit - sum(counts)))


def _give(fit: int, fixed: int, others: Sequence[Leaf], batch_size: int, when_short: Rule) -> list[int]:
    """Return counts of the leaves that share, so that with the fixed rows the batches are whole where they can be."""
    target = fit - (fixed + fit) % batch_size
    while target > 0:
        counts = _fill_up(target, others) if when_short == "reweight" else apportion_tree(target, others)
        if when_short == "repeat" or not _is_short(counts, others):
            return counts
        target -= batch_size  # fewer rows can still round one leaf up
    return [0] * len(others)


def _total(leaves: Sequence[Leaf]) -> Fraction:
    return sum((leaf.share for leaf in leaves), Fraction(0)) or Fraction(1)


def _descend(
    total: int, places: list[int], level: int, leaves: Sequence[Leaf], counts: list[int], capped: bool
) -> None:
    """Give `total` rows to the groups at this level of the tree, then go down into each of them."""
    groups: dict[str, list[int]] = {}
    for place in places:
        groups.setdefault(leaves[place].path[level][0], []).append(place)
    shares = [leaves[members[0]].path[level][1] for members in groups.values()]
    capacities = [sum(leaves[place].available for place in members) for members in groups.values()]
    given = _apportion_capped(total, shares, capacities) if capped else apportion(total, shares)
    for members, count in zip(groups.values(), given, strict=True):
        if len(leaves[members[0]].path) == level + 1:
            counts[members[0]] = count
        else:
            _descend(count, members, level + 1, leaves, counts, capped)


def _apportion_capped(total: int, shares: Sequence[Fraction], capacities: Sequence[int]) -> list[int]:
    """Give whoever is short all it has, and share the rest among the others, until nobody is short."""
    full: set[int] = set()
    while True:
        rest = total - sum(capacities[place] for place in full)
        counts = apportion(rest, [Fraction(0) if place in full else share for place, share in enumerate(shares)])
        short = {place for place, count in enumerate(counts) if place not in full and count > capacities[place]}
        if not short:
            return [capacities[place] if place in full else count for place, count in enumerate(counts)]
        full |= short


def _fill_up(total: int, leaves: Sequence[Leaf]) -> list[int]:
    """Apportion level by level with short groups and leaves full: a short leaf is made up for inside its group first."""
    counts = [0] * len(leaves)
    _descend(total, list(range(len(leaves))), 0, leaves, counts, capped=True)
    return counts


def _most(leaves: Sequence[Leaf], when_short: Rule) -> int:
    most = sum(leaf.available for leaf in leaves)
    return most if when_short == "reweight" else _fitting(most, leaves, when_short)


def _fitting(wanted: int, leaves: Sequence[Leaf], when_short: Rule) -> int:
    """Return how many of the rows asked for the rule can give, before batches are made whole."""
    if when_short == "repeat" or not leaves:
        return wanted
    if when_short == "reweight":
        return min(wanted, sum(leaf.available for leaf in leaves))
    if not _is_short(apportion_tree(wanted, leaves), leaves):
        return wanted
    depth = max(len(leaf.path) for leaf in leaves)  # rounding can move a leaf by less than a row per level
    whole = _total(leaves)
    bound = min(int((leaf.available + depth) * whole / leaf.share) for leaf in leaves)
    exact = min(int(leaf.available * whole / leaf.share) for leaf in leaves)
    fits = (
        size for size in range(min(wanted, bound), exact, -1) if not _is_short(apportion_tree(size, leaves), leaves)
    )
    return next(fits, min(wanted, exact))


def _is_short(counts: Sequence[int], leaves: Sequence[Leaf]) -> bool:
    return any(count > leaf.available for count, leaf in zip(counts, leaves, strict=True))


def _refuse_too_many_repeats(counts: Sequence[int], leaves: Sequence[Leaf], max_repeats: int) -> None:
    for count, leaf in zip(counts, leaves, strict=True):
        if count > leaf.available * max_repeats:
            raise UserError(
                f"component {leaf.name}: {count:,} rows are asked of {leaf.available:,}, so each would appear"
                f" {count / leaf.available:.1f} times; max_repeats is {max_repeats}. Ask for fewer rows or raise it"
            )
