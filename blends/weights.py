"""From shares to whole rows: largest remainders, and what happens when a component has too few.

Shares are exact fractions. At every level of the tree the counts are apportioned by largest remainder (Hamilton), so they
sum exactly to what the level above gives, and each is within one row of its share.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

from crossthink.errors import UserError


@dataclass(frozen=True)
class Leaf:
    """A component that rows are drawn for: its name, its rows, and its shares from the top level down.

    `path` holds one (group key, share within the group) per level; leaves with the same key belong to the same group.
    `takes_all` marks a component of which every row is taken once, `distinct` one that draws from so many rows only.
    """

    name: str
    available: int
    path: tuple[tuple[str, Fraction], ...]
    takes_all: bool = False
    distinct: int | None = None

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
    _descend(total, list(range(len(leaves))), 0, leaves, counts)
    return counts


def allot(
    leaves: Sequence[Leaf],
    size: int | None,
    batch_size: int,
    when_short: Literal["shrink", "repeat", "reweight"],
    max_repeats: int,
) -> Allotment:
    """Decide how many rows each leaf gives.

    Args:
        leaves: in the recipe's order.
        size: rows asked for; None takes as many as the rule for short components allows.
        batch_size: the result is a whole number of batches of this many rows.
        when_short: see `Recipe`.
        max_repeats: only with `repeat`.

    Raises:
        UserError: there is less than one batch, or a component would repeat more often than allowed.
    """
    if any(leaf.takes_all for leaf in leaves):
        return _allot_around_all(leaves, batch_size, when_short, max_repeats)
    wanted = size if size is not None else _most(leaves, when_short)
    fit = _fitting(wanted, leaves, when_short)
    target = _whole_batches(fit, batch_size)
    if when_short == "reweight":
        counts = _fill_up(target, leaves)
    else:
        counts = apportion_tree(target, leaves)
        while when_short == "shrink" and _is_short(counts, leaves):  # fewer rows can round one leaf up
            target = _whole_batches(target - batch_size, batch_size)
            counts = apportion_tree(target, leaves)
    if when_short == "repeat":
        _refuse_too_many_repeats(counts, leaves, max_repeats)
    reach = wanted if size is not None else target + batch_size
    binds = [leaf.share * reach > leaf.available for leaf in leaves]
    return Allotment(counts, binds, fit - target)


def _allot_around_all(
    leaves: Sequence[Leaf], batch_size: int, when_short: Literal["shrink", "repeat", "reweight"], max_repeats: int
) -> Allotment:
    """Every row of the leaves that take all, and around them the shares of the others."""
    fixed = sum(leaf.available for leaf in leaves if leaf.takes_all)
    free = sum(leaf.share for leaf in leaves if not leaf.takes_all)
    wanted = int(fixed / (1 - free))
    others = [leaf for leaf in leaves if not leaf.takes_all]
    given = iter(apportion_tree(wanted - fixed, others))
    counts = [leaf.available if leaf.takes_all else next(given) for leaf in leaves]
    binds = [count > leaf.available for count, leaf in zip(counts, leaves, strict=True)]
    if when_short == "repeat":
        _refuse_too_many_repeats(counts, leaves, max_repeats)
    else:  # every row of the others is taken: the fixed rows neither shrink nor grow
        counts = [min(count, leaf.available) for count, leaf in zip(counts, leaves, strict=True)]
    whole = _whole_batches(sum(counts), batch_size)
    trimmed = sum(counts) - whole
    cut = apportion(trimmed, [Fraction(count) for count in counts])
    return Allotment([count - less for count, less in zip(counts, cut, strict=True)], binds, trimmed)


def _descend(total: int, places: list[int], level: int, leaves: Sequence[Leaf], counts: list[int]) -> None:
    groups: dict[str, list[int]] = {}
    for place in places:
        groups.setdefault(leaves[place].path[level][0], []).append(place)
    given = apportion(total, [leaves[members[0]].path[level][1] for members in groups.values()])
    for members, count in zip(groups.values(), given, strict=True):
        if len(leaves[members[0]].path) == level + 1:
            counts[members[0]] = count
        else:
            _descend(count, members, level + 1, leaves, counts)


def _most(leaves: Sequence[Leaf], when_short: str) -> int:
    if when_short == "reweight":
        return sum(leaf.available for leaf in leaves)
    return _largest_that_fits(sum(leaf.available for leaf in leaves), leaves)


def _largest_that_fits(limit: int, leaves: Sequence[Leaf]) -> int:
    """Return the largest size up to `limit` at which no leaf gives more rows than it has.

    The exact bound is min(available / share); rounding moves it by at most the depth of the tree.
    """
    bound = min((int(leaf.available / leaf.share) for leaf in leaves if leaf.share), default=0)
    size = min(limit, bound + max(len(leaf.path) for leaf in leaves))
    while size > 0 and _is_short(apportion_tree(size, leaves), leaves):
        size -= 1
    return size


def _fitting(wanted: int, leaves: Sequence[Leaf], when_short: str) -> int:
    if when_short == "shrink":
        return _largest_that_fits(wanted, leaves)
    return wanted if when_short == "repeat" else min(wanted, sum(leaf.available for leaf in leaves))


def _is_short(counts: Sequence[int], leaves: Sequence[Leaf]) -> bool:
    return any(count > leaf.available for count, leaf in zip(counts, leaves, strict=True))


def _fill_up(total: int, leaves: Sequence[Leaf]) -> list[int]:
    """Give short leaves all they have and share the rest among the others, until none is short."""
    full: set[int] = set()
    while True:
        rest = total - sum(leaves[place].available for place in full)
        shares = [Fraction(0) if place in full else leaf.share for place, leaf in enumerate(leaves)]
        counts = apportion(rest, shares)
        short = {place for place, leaf in enumerate(leaves) if place not in full and counts[place] > leaf.available}
        if not short:
            return [leaf.available if place in full else counts[place] for place, leaf in enumerate(leaves)]
        full |= short


def _refuse_too_many_repeats(counts: Sequence[int], leaves: Sequence[Leaf], max_repeats: int) -> None:
    for count, leaf in zip(counts, leaves, strict=True):
        if count > leaf.available * max_repeats:
            raise UserError(
                f"component {leaf.name}: {count:,} rows are asked of {leaf.available:,}, so each would appear"
                f" {count / leaf.available:.1f} times; max_repeats is {max_repeats}. Ask for fewer rows or raise it"
            )


def _whole_batches(rows: int, batch_size: int) -> int:
    if rows < batch_size:
        raise UserError(f"the blend would have {rows:,} rows, fewer than one batch of {batch_size:,} (batch_size)")
    return rows - rows % batch_size
