"""From shares to whole rows: largest remainders, and what happens when a component has too few.

Shares are exact fractions. At every level of the tree the counts are apportioned by largest remainder (Hamilton), so they
sum exactly to what the level above gives, and each is within one row of its share. Components with rows of their own
(`all`, `repeat`, `count`) come first; proportions share what there is besides.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

from crossthink.errors import UserError, several

Rule = Literal["shrink", "repeat", "reweight"]


@dataclass(frozen=True)
class Leaf:
    """A component that rows are drawn for: its name, its rows, and its shares from the top level down.

    Attributes:
        name: of the component, or of a part of a split one ("gpr.mmlu").
        available: rows that it may draw.
        path: one (group key, share within the group) per level; leaves with the same key belong to the same group.
        own: rows that it gives whatever the others give: `all` and `repeat`.
        count: rows that the top-level component of this leaf gives as a whole.
        rests: whether the top-level component takes what the size leaves, so that its share is known only with the rows.
        max_repeats: how often one of its rows may appear.
    """

    name: str
    available: int
    path: tuple[tuple[str, Fraction], ...]
    own: int | None = None
    count: int | None = None
    rests: bool = False
    max_repeats: int = 1

    @property
    def share(self) -> Fraction:
        return _product(self.path)

    @property
    def is_fixed(self) -> bool:
        """Whether its rows are no share of the blend."""
        return self.own is not None or self.count is not None

    @property
    def asked(self) -> Fraction:
        """Rows asked of a leaf that is fixed."""
        return Fraction(self.own) if self.own is not None else Fraction(self.count or 0) * _product(self.path[1:])

    def with_available(self, rows: int) -> "Leaf":
        """Return the same leaf with another number of rows."""
        return replace(self, available=rows)


@dataclass(frozen=True)
class Allotment:
    """What each leaf gives, in the order of the leaves.

    Attributes:
        rows: whole counts; their sum is a whole number of batches.
        requested: the share of the blend that the recipe asks for, exactly; they sum to 1.
        binds: whether the leaf had fewer rows than were asked of it.
        cut: rows that a leaf with rows of its own gives less, so that the batches are whole.
        trimmed: rows that fell to the rule that batches are whole.
    """

    rows: list[int]
    requested: list[Fraction]
    binds: list[bool]
    cut: list[int]
    trimmed: int


def apportion(total: int, shares: Sequence[Fraction] | Sequence[int]) -> list[int]:
    """Return whole counts that sum to `total`, by largest remainder; ties go to the earlier share.

    Args:
        total: rows to give, 0 or more.
        shares: non-negative, not all zero unless `total` is 0; they need not sum to 1.
    """
    whole = sum(shares)
    if not whole:
        return [0] * len(shares)
    exact = [Fraction(total * share) / whole for share in shares]
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


def allot(leaves: Sequence[Leaf], size: int | None, batch_size: int, when_short: Rule) -> Allotment:
    """Decide how many rows each leaf gives.

    Leaves with rows of their own come first. The others share what is left of `size`, or around such leaves what their
    proportions come to: with fixed parts of F rows and proportions that sum to p the blend has F / (1 - p) rows. When one
    of them is short, `when_short` holds among them; when a part of a `count` is, among the parts of that component.

    Args:
        leaves: in the recipe's order.
        size: rows asked for; None takes as many as the rule for short components allows.
        batch_size: the result is a whole number of batches of this many rows.
        when_short: see `Recipe`.

    Raises:
        UserError: there is less than one batch, the parts do not fit into the size, the proportions beside fixed parts do
            not fill whole batches, or a row would appear too often.
    """
    given = _fixed_rows(leaves, when_short)
    fixed = sum(given.values())
    places = [place for place, leaf in enumerate(leaves) if not leaf.is_fixed]
    others = _with_rest([leaves[place] for place in places], fixed, size)
    free = sum((leaf.share for leaf in others), Fraction(0))
    if size is not None:
        wanted = size - fixed if others else 0
    elif given:
        wanted = int(fixed * free / (1 - free))
    else:
        wanted = _most(others, when_short)
    fit = _fitting(wanted, others, when_short)
    given |= dict(zip(places, _give(fit, wanted, fixed, others, batch_size, when_short), strict=True))
    counts = [given[place] for place in range(len(leaves))]
    if (total := sum(counts)) < batch_size:
        rows = max(total, fixed + fit)
        raise UserError(
            f"the blend would have {several(rows, 'row')}, fewer than one batch of {batch_size:,} (batch_size)"
        )
    if others and fixed == total:
        _refuse_none_beside_fixed(fixed, fit, others, batch_size)
    cut = apportion(total % batch_size, counts)  # nothing, where there are others to trim
    counts = [count - less for count, less in zip(counts, cut, strict=True)]
    _refuse_too_many_repeats(counts, leaves)
    shares = iter(others)
    whole = [leaf if leaf.is_fixed else next(shares) for leaf in leaves]
    reach = wanted if size is not None or given.keys() - set(places) else sum(counts) + batch_size
    return Allotment(
        counts,
        _requested(whole, free),
        [_binds(leaf, free, reach) for leaf in whole],
        cut,
        max(0, fixed + fit - sum(counts)),
    )


def short_of(rows: int, leaves: Sequence[Leaf]) -> list[bool]:
    """Return which leaves have fewer rows than their share of `rows`; none of them is fixed."""
    return [_binds(leaf, _total(leaves), rows) for leaf in leaves]


def _fixed_rows(leaves: Sequence[Leaf], when_short: Rule) -> dict[int, int]:
    """Return what the leaves with rows of their own give, by their places."""
    given = {place: leaf.own for place, leaf in enumerate(leaves) if leaf.own is not None}
    counted: dict[str, list[int]] = {}
    for place, leaf in enumerate(leaves):
        if leaf.count is not None:
            counted.setdefault(leaf.path[0][0], []).append(place)
    for places in counted.values():
        members = [replace(leaves[place], path=(("", Fraction(1)), *leaves[place].path[1:])) for place in places]
        fit = _fitting(members[0].count or 0, members, when_short)
        given |= dict(zip(places, _give(fit, fit, 0, members, 1, when_short), strict=True))
    return given


def _with_rest(others: list[Leaf], fixed: int, size: int | None) -> list[Leaf]:
    """Give the component that rests its share, now that the rows of the fixed ones are known."""
    if not any(leaf.rests for leaf in others):
        return others
    rows = Fraction(size or 0)
    left = 1 - Fraction(fixed) / rows - sum((leaf.share for leaf in others if not leaf.rests), Fraction(0))
    if left <= 0:
        name = next(leaf.path[0][0] for leaf in others if leaf.rests)
        taken = int(rows * (1 - left))
        raise UserError(
            f"component {name}: nothing is left for 'rest'; the other components ask for {several(taken, 'row')} and the size is"
            f" {size:,}. Ask for a larger size"
        )
    return [replace(leaf, path=((leaf.path[0][0], left), *leaf.path[1:])) if leaf.rests else leaf for leaf in others]


def _requested(leaves: Sequence[Leaf], free: Fraction) -> list[Fraction]:
    """Return each leaf's share as asked; the fixed ones share what the proportions leave, by their rows."""
    fixed = sum((leaf.asked for leaf in leaves if leaf.is_fixed), Fraction(0))
    left = 1 - free if fixed else Fraction(0)
    return [left * leaf.asked / fixed if leaf.is_fixed else leaf.share * (1 - left) / free for leaf in leaves]


def _binds(leaf: Leaf, free: Fraction, reach: int) -> bool:
    asked = leaf.asked if leaf.count is not None else leaf.share * reach / free if not leaf.is_fixed else Fraction(0)
    return asked > leaf.available


def _give(fit: int, wanted: int, fixed: int, others: Sequence[Leaf], batch_size: int, when_short: Rule) -> list[int]:
    """Return counts of the leaves that share, so that with the fixed rows the batches are whole where they can be.

    Rounding can let a few rows more fit than `fit` says, so the search begins a little above it.
    """
    if not others:
        return []
    top = min(wanted, _most_by_rounding(others)) if when_short == "shrink" else fit
    target = top - (fixed + top) % batch_size
    while target > 0:
        counts = _fill_up(target, others) if when_short == "reweight" else apportion_tree(target, others)
        if when_short == "repeat" or not _is_short(counts, others):
            return counts
        target -= batch_size
    return [0] * len(others)


def _refuse_none_beside_fixed(fixed: int, fit: int, others: Sequence[Leaf], batch_size: int) -> None:
    more = f" and {len(others) - 1} more" if len(others) > 1 else ""
    needed = -fixed % batch_size or batch_size
    raise UserError(
        f"component {others[0].name}{more}: {several(fit, 'row')} beside the {fixed:,} of the fixed components do not fill whole"
        f" batches of {batch_size:,}, which take {needed:,} or some batches more, so none would come. Ask for a larger"
        " proportion, for other fixed rows, or for a smaller batch_size"
    )


def _most_by_rounding(leaves: Sequence[Leaf]) -> int:
    depth = max(len(leaf.path) for leaf in leaves)  # rounding can move a leaf by less than a row per level
    whole = _total(leaves)
    return min(int((leaf.available + depth) * whole / leaf.share) for leaf in leaves if leaf.share)


def _total(leaves: Sequence[Leaf]) -> Fraction:
    return sum((leaf.share for leaf in leaves), Fraction(0)) or Fraction(1)


def _product(path: Sequence[tuple[str, Fraction]]) -> Fraction:
    product = Fraction(1)
    for _, share in path:
        product *= share
    return product


def _descend(
    total: int, places: list[int], level: int, leaves: Sequence[Leaf], counts: list[int], capped: bool
) -> None:
    """Give `total` rows to the groups at this level of the tree, then go down into each of them."""
    groups: dict[str, list[int]] = {}
    for place in places:
        groups.setdefault(leaves[place].path[level][0], []).append(place)
    shares = [leaves[members[0]].path[level][1] for members in groups.values()]
    capacities = [
        sum(leaves[place].available for place in members if leaves[place].share) for members in groups.values()
    ]
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
    return most if when_short == "reweight" or not leaves else min(most, _most_by_rounding(leaves))


def _fitting(wanted: int, leaves: Sequence[Leaf], when_short: Rule) -> int:
    """Return how many of the rows asked for the rule can give, before rounding and whole batches."""
    if when_short == "repeat" or not leaves:
        return wanted
    if when_short == "reweight":
        return min(wanted, sum(leaf.available for leaf in leaves if leaf.share))
    if not _is_short(apportion_tree(wanted, leaves), leaves):
        return wanted
    whole = _total(leaves)
    return min(wanted, *(int(leaf.available * whole / leaf.share) for leaf in leaves if leaf.share))


def _is_short(counts: Sequence[int], leaves: Sequence[Leaf]) -> bool:
    return any(count > leaf.available for count, leaf in zip(counts, leaves, strict=True))


def _refuse_too_many_repeats(counts: Sequence[int], leaves: Sequence[Leaf]) -> None:
    for count, leaf in zip(counts, leaves, strict=True):
        if count > leaf.available * leaf.max_repeats:
            times = f"{count / leaf.available:.2f} times" if leaf.available else "although there are none"
            raise UserError(
                f"component {leaf.name}: {count:,} rows are asked of {leaf.available:,}, so each would appear {times};"
                f" max_repeats is {leaf.max_repeats}, which allows {leaf.available * leaf.max_repeats:,}:"
                f" {count - leaf.available * leaf.max_repeats:,} too many. Ask for fewer rows or raise it"
            )
