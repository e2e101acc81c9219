"""The draw: which rows of a corpus a blend takes, by the hash order of (seed, row).

A component takes the first n of its rows in that order. The order depends on nothing else, so the same recipe draws the
same rows on any machine, and asking for more rows, or moving a weight, keeps the rows that were there. When rows repeat,
each further epoch has an order of its own.
"""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import polars as pl

from blends.recipe import Component, Recipe, Select
from blends.weights import Leaf
from crossthink.engines import connect
from crossthink.errors import UserError, listing, nearest
from curate.corpus import ITEMS_FILE, VARIANTS_FILE

_SELECTABLE = ("source", "domain", "origin", "subject", "template", "answer_kind")


@dataclass(frozen=True)
class Candidates:
    """The rows that a recipe may draw, each with the leaf it belongs to."""

    leaves: list[Leaf]
    rows: pl.DataFrame
    """Columns `row_id`, `item_id`, `leaf` (place in `leaves`) and what a component may select on."""


def candidates(recipe: Recipe, corpus: Path) -> Candidates:
    """Find every component's rows; a row belongs to the first component that selects it.

    Args:
        recipe: what is asked.
        corpus: folder of a finished corpus.

    Raises:
        UserError: a component selects a value that the corpus does not have, or matches no row.
    """
    items = pl.scan_parquet(corpus / ITEMS_FILE, glob=False).select("item_id", "origin", "subject")
    variants = pl.scan_parquet(corpus / VARIANTS_FILE, glob=False).select(
        "row_id", "item_id", "source", "domain", "template", "answer_kind"
    )
    rows = variants.join(items, on="item_id", how="left", maintain_order="left").collect()
    owner = pl.Series("leaf", [None] * rows.height, dtype=pl.Int32)
    leaves: list[Leaf] = []
    for part in recipe.components:
        owner = _claim(part, (), pl.lit(True), rows, owner, leaves, part.all is True)
    _refuse_equal_names(leaves)
    return Candidates(leaves, rows.with_columns(owner).filter(pl.col("leaf").is_not_null()))


def limit_distinct(found: Candidates, seed: int) -> Candidates:
    """Keep, of every leaf that asks for so many distinct rows, only the first of its hash order."""
    if all(leaf.distinct is None for leaf in found.leaves):
        return found
    limits = {place: leaf.distinct or leaf.available for place, leaf in enumerate(found.leaves)}
    limit = pl.col("leaf").replace_strict(limits, return_dtype=pl.Int64)
    rows = draw_order(found.rows, seed, 0).filter(pl.col("rank") < limit).drop("rank")
    leaves = [leaf.with_available(min(leaf.available, limits[place])) for place, leaf in enumerate(found.leaves)]
    return Candidates(leaves, rows)


def draw_order(rows: pl.DataFrame, seed: int, epoch: int) -> pl.DataFrame:
    """Return the rows with `rank`, each leaf's 0-based place in the hash order of (seed, epoch, row)."""
    with connect() as database:
        database.register("candidates", rows.select("row_id", "leaf"))
        answer = database.sql(
            "SELECT row_id, row_number() OVER (PARTITION BY leaf ORDER BY sha256($salt || row_id), row_id) - 1 AS rank"
            " FROM candidates",
            params={"salt": f"{seed}/{epoch}/"},
        )
        ranked = pl.DataFrame(answer.to_arrow_table())
    return rows.join(ranked, on="row_id", how="left", maintain_order="left")


def draw(rows: pl.DataFrame, wanted: list[int], seed: int) -> pl.DataFrame:
    """Draw each leaf's rows, epoch after epoch.

    Args:
        rows: candidates, with `row_id` and `leaf`.
        wanted: rows to draw per leaf; more than a leaf has means that its rows repeat.
        seed: the recipe's.

    Returns:
        The drawn rows with `epoch` and `rank`, sorted by leaf, epoch and rank.
    """
    available = rows.group_by("leaf").len().sort("leaf")
    sizes = dict(available.iter_rows())
    epochs = max((-(-count // sizes[leaf]) for leaf, count in enumerate(wanted) if count), default=0)
    drawn = []
    for epoch in range(epochs):
        rest = {leaf: count - epoch * sizes[leaf] for leaf, count in enumerate(wanted)}
        limit = pl.col("leaf").replace_strict(rest, return_dtype=pl.Int64)
        ranked = draw_order(rows, seed, epoch).filter(pl.col("rank") < limit)
        drawn.append(ranked.with_columns(epoch=pl.lit(epoch, pl.Int32)))
    return pl.concat(drawn).sort("leaf", "epoch", "rank")


def _claim(
    part: Component,
    above: tuple[tuple[str, Fraction], ...],
    within: pl.Expr,
    rows: pl.DataFrame,
    owner: pl.Series,
    leaves: list[Leaf],
    takes_all: bool,
) -> pl.Series:
    """Give a component the free rows that it selects, its parts first to last; return who owns what."""
    for key in _SELECTABLE:
        _refuse_unknown_values(part, key, rows)
    chosen = within & _matches(part.select)
    path = (*above, (part.name, part.share))
    if part.components:
        for inner in part.components:
            owner = _claim(inner, path, chosen, rows, owner, leaves, takes_all)
        return owner
    free = rows.with_columns(owner).with_row_index("place").filter(chosen & pl.col("leaf").is_null())
    if free.is_empty():
        raise UserError(f"component {part.name}: no row of the corpus matches it")
    groups = [(part.name, free)] if part.split_by is None else _split(part, free)
    for name, members in groups:
        share = (name, Fraction(members.height, free.height))
        full = path if part.split_by is None else (*path, share)
        owner = owner.scatter(members["place"], len(leaves))
        leaves.append(Leaf(name, members.height, full, takes_all, part.distinct, part.split_by is not None))
    return owner


def _split(part: Component, free: pl.DataFrame) -> list[tuple[str, pl.DataFrame]]:
    column = str(part.split_by)
    parts = free.partition_by(column, as_dict=True, maintain_order=True)
    named = sorted(((str(key[0]), members) for key, members in parts.items()), key=lambda pair: pair[0])
    names: list[str] = []
    for value, _ in named:
        slug = f"{part.name}.{_slug(value)}"
        again = sum(name == slug or name.startswith(f"{slug}~") for name in names)
        names.append(f"{slug}~{again + 1}" if again else slug)  # "a b" and "a_b" are two parts
    return [(name, members) for name, (_, members) in zip(names, named, strict=True)]


def _refuse_equal_names(leaves: list[Leaf]) -> None:
    names = [leaf.name for leaf in leaves]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise UserError(f"component {twice[0]}: a part of a split component has the same name; rename one of them")


def _matches(select: Select) -> pl.Expr:
    matched = pl.lit(True)
    for key in _SELECTABLE:
        if (values := getattr(select, key)) is not None:
            matched &= pl.col(key).is_in([str(value) for value in values])
    return matched


def _refuse_unknown_values(part: Component, key: str, rows: pl.DataFrame) -> None:
    asked = getattr(part.select, key)
    if asked is None:
        return
    known = sorted(str(value) for value in rows[key].drop_nulls().unique())
    for value in map(str, asked):
        if value not in known:
            raise UserError(
                f"component {part.name}: select.{key} is {value!r}, which no row of the corpus has."
                f"{nearest(value, known)} There are: {listing(known[:40])}"
            )


def _slug(value: str) -> str:
    return "".join(character if character.isalnum() or character in "._-" else "_" for character in value)
