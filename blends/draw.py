"""The draw: which rows a blend takes, by the hash order of (seed, epoch, row).

A component takes the first n of its rows in that order. The order depends on nothing else, so the same recipe draws the
same rows on any machine, and a component that gives more rows than before keeps those that were there. (Its rounded count can
fall by a row per level although the blend grows, since largest remainders are not monotone; then its last row goes.) When rows
repeat, each further epoch has an order of its own.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from blends.keys import keys


def first_places(rows: pl.DataFrame, by: str, limits: Mapping[int, int], seed: int, epoch: int = 0) -> list[pl.Series]:
    """Return the first rows of some groups in the hash order of (seed, epoch, row).

    Args:
        rows: with `row_id` and the column `by`, whole numbers.
        by: the column of the groups.
        limits: how many rows of each group; groups that are not here give none.
        seed: the recipe's.
        epoch: each has an order of its own.

    Returns:
        For each limit the places of its rows, in the order; fewer when the group has fewer. Rows of one hash, which no
        corpus has yet had, keep the order of `rows`.
    """
    hashed = keys(rows["row_id"], f"{seed}/{epoch}/")
    group = rows[by].to_numpy()
    together = np.argsort(group, kind="stable")
    sides = (np.searchsorted(group, list(limits), side, together) for side in ("left", "right"))
    return [
        pl.Series(_first(together[start:end], hashed, limit), dtype=pl.UInt32)
        for start, end, limit in zip(*sides, limits.values(), strict=True)
    ]


def _first(places: npt.NDArray[np.int64], hashed: npt.NDArray[np.uint64], limit: int) -> npt.NDArray[np.int64]:
    """Return the places of the lowest hashes, in order; what is surely not among them is not sorted."""
    if 0 < limit < len(places):
        mine = hashed[places]
        places = places[mine <= np.partition(mine, limit - 1)[limit - 1]]
    return places[np.argsort(hashed[places], kind="stable")][:limit]


def draw(rows: pl.DataFrame, wanted: Sequence[int], seed: int) -> pl.DataFrame:
    """Draw each leaf's rows, epoch after epoch.

    Args:
        rows: candidates, with `row_id` and `leaf`.
        wanted: rows to draw per leaf; more than a leaf has means that its rows repeat.
        seed: the recipe's.

    Returns:
        The drawn rows with `epoch` and `rank` (place in the epoch's order), sorted by leaf, epoch and rank.
    """
    sizes = dict(rows.group_by("leaf").len().iter_rows())
    drawn: list[pl.DataFrame] = []
    rest, active = dict(enumerate(wanted)), rows
    while rest or not drawn:
        if len(rest) < len(wanted):
            active = active.filter(pl.col("leaf").is_in(list(rest)))
        first = first_places(active, "leaf", rest, seed, len(drawn))
        rank = [pl.int_range(len(places), dtype=pl.UInt32, eager=True) for places in first]
        taken = _at(active, pl.concat(first)) if first else active.clear()
        drawn.append(taken.with_columns(epoch=pl.lit(len(drawn), pl.Int32), rank=pl.concat(rank)))
        rest = {leaf: more for leaf, count in rest.items() if (more := count - sizes.get(leaf, 0)) > 0}
    return pl.concat(drawn).sort("leaf", "epoch", "rank") if len(drawn) > 1 else drawn[0]


def _at(rows: pl.DataFrame, places: pl.Series) -> pl.DataFrame:
    """Return the rows at places, each once; first those there are, since looking up in a table of many pieces is slow."""
    is_asked = np.zeros(rows.height, bool)
    is_asked[places] = True
    return rows.filter(is_asked).rechunk()[(np.cumsum(is_asked, dtype=np.uint32) - 1)[places]]


def first_of_each(rows: pl.DataFrame, limits: Mapping[int, int], seed: int, by: str) -> pl.DataFrame:
    """Return the rows without those beyond the limit of their group in the hash order; groups without one keep all."""
    if not limits:
        return rows
    first = pl.concat(first_places(rows, by, limits, seed))
    stays = ~pl.col(by).is_in(list(limits)) | pl.col("row").is_in(first.implode())
    return rows.with_row_index("row").filter(stays).drop("row")
