"""The candidates: which component each row of a pool belongs to, and what share each component has.

All components are looked for in one pass over the rows, and a row belongs to the first that selects it. What the recipe
leaves out (licences, prompts that are too long, the holdout) goes afterwards, so that it is counted, and a component is
split into its parts last, by the rows that are left.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import polars as pl

from blends.parts import by_rows, by_scores, by_temperature, within_bounds
from blends.pool import BASE, PLACE, Pool
from blends.predicates import Expression, columns_of, holds
from blends.recipe import Component, Recipe, Select
from blends.scores import Scores, score_of_each
from blends.shares import REST
from blends.weights import Leaf
from crossthink.errors import UserError, listing, nearest, several

SELECTABLE = ("source", "domain", "origin", "subject", "template", "answer_kind", "license", "language")


@dataclass(frozen=True)
class Part:
    """A component that draws rows itself, with the components above it, the outermost first."""

    component: Component
    above: tuple[Component, ...]

    @property
    def chain(self) -> tuple[Component, ...]:
        return (*self.above, self.component)

    @property
    def name(self) -> str:
        return self.component.name


@dataclass(frozen=True)
class Candidates:
    """Rows and the leaves that they belong to.

    Attributes:
        leaves: every leaf with its share; `available` is the number of its rows.
        rows: with `leaf`, the place in `leaves`.
    """

    leaves: list[Leaf]
    rows: pl.DataFrame


def parts_of(recipe: Recipe) -> list[Part]:
    """Return the components that draw rows, in the recipe's order."""

    def below(component: Component, above: tuple[Component, ...]) -> list[Part]:
        if not component.components:
            return [Part(component, above)]
        return [part for inner in component.components for part in below(inner, (*above, component))]

    return [part for component in recipe.components for part in below(component, ())]


def claim(parts: Sequence[Part], pool: Pool, more: Sequence[str] = ()) -> pl.DataFrame:
    """Give every row to the first part that selects it.

    Args:
        parts: of the recipe.
        pool: what to draw from.
        more: columns that the caller reads besides.

    Returns:
        The rows that a part selects, with `PLACE`, `BASE`, `part` (Int32, place in `parts`), what the parts are split by, and `more`.

    Raises:
        UserError: a part selects a value that no row has, or no row; or a predicate cannot be used.
    """
    steps = {step.name: step for part in parts for step in part.chain}
    wheres = {
        name: Expression(step.select.where, f"component {name}, select.where")
        for name, step in steps.items()
        if step.select.where is not None
    }
    kept = list(dict.fromkeys([*more, *(part.component.split_by for part in parts if part.component.split_by)]))
    read = {name: columns_of(where, pool.columns, pool.needs) for name, where in wheres.items()}
    keys = [key for step in steps.values() for key in SELECTABLE if getattr(step.select, key) is not None]
    rows = pool.add(
        pool.rows(), list(dict.fromkeys([*kept, *keys, *(name for names in read.values() for name in names)]))
    )
    _refuse_unknown_values(list(steps.values()), rows)
    answers = dict(zip(wheres, holds(rows, list(wheres.values())), strict=True)) if wheres else {}
    marked = rows.select(
        *dict.fromkeys([PLACE, *BASE, *kept, *keys]), *(each.alias(f"where {name}") for name, each in answers.items())
    )
    chosen = [pl.all_horizontal(_conditions(part)) for part in parts]
    owner = pl.coalesce(pl.when(each).then(pl.lit(place, pl.Int32)) for place, each in enumerate(chosen))
    claimed = marked.with_columns(part=owner)
    found = set(claimed["part"].unique())
    for place, part in enumerate(parts):
        if place not in found:
            matching = marked.filter(chosen[place]).height
            belong = "that matches it belongs" if matching == 1 else "that match it belong"
            taken = f"the {several(matching, 'row')} {belong} to earlier components" if matching else ""
            raise UserError(f"component {part.name}: {taken or 'no row of the corpus matches it'}")
    selected = claimed.select(*dict.fromkeys([PLACE, *BASE, *kept]), "part")
    return selected.drop_nulls("part") if None in found else selected


def split(parts: Sequence[Part], rows: pl.DataFrame, scores: Mapping[int, Scores], max_repeats: int) -> Candidates:
    """Split components into their parts and give every leaf its share.

    Args:
        parts: of the recipe.
        rows: from `claim`; each part has at least one.
        scores: of the parts that share by scores, by their places in `parts`.
        max_repeats: of components that say nothing themselves.

    Raises:
        UserError: a score is missing, bounds cannot be met, or two leaves have the same name.
    """
    leaves: list[Leaf] = []
    part_of_row, leaf_of_row = rows["part"].to_numpy(), np.zeros(rows.height, np.int32)
    columns = {part.component.split_by for part in parts if part.component.split_by is not None}
    coded = {column: _coded(rows[column]) for column in columns}
    for place, part in enumerate(parts):
        mine = np.flatnonzero(part_of_row == place)
        if part.component.split_by is None:
            leaf_of_row[mine] = len(leaves)
            leaves.append(_leaf(part, part.name, len(mine), None, max_repeats))
            continue
        known, codes = coded[part.component.split_by]
        counted = np.bincount(codes[mine], minlength=len(known))
        leaf_of_row[mine] = (np.cumsum(counted > 0) - 1 + len(leaves))[codes[mine]]
        present = np.flatnonzero(counted)
        values, counts = [known[code] for code in present], counted[present].tolist()
        shares = _shares(part.component, values, counts, scores.get(place))
        for name, count, share in zip(_names(part.name, values), counts, shares, strict=True):
            leaves.append(_leaf(part, name, count, share, max_repeats))
    _refuse_equal_names(leaves)
    return Candidates(leaves, rows.with_columns(leaf=pl.Series(leaf_of_row)))


def _coded(column: pl.Series) -> tuple[list[str | None], npt.NDArray[np.uint32]]:
    """Return the values of a column as texts, sorted and null last, and for each row the place of its value among them."""
    texts = column.cast(pl.String)
    values = texts.unique().drop_nulls().sort()
    codes = texts.cast(pl.Enum(values)).to_physical().cast(pl.UInt32).fill_null(len(values))
    return [*values, None], codes.to_numpy()


def _shares(component: Component, values: list[str | None], counts: list[int], scores: Scores | None) -> list[Fraction]:
    if component.temperature is not None:
        shares = by_temperature(counts, Fraction(component.temperature))
    elif scores is not None:
        each = score_of_each(scores, list(map(str, values)), component.name)
        if not any(each):
            raise UserError(f"component {component.name}: scores: every part has the score 0, so none can be drawn")
        shares = by_scores(each)
    else:
        shares = by_rows(counts)
    if component.min_share is None and component.max_share is None:
        return shares
    least, most = (None if bound is None else Fraction(bound) for bound in (component.min_share, component.max_share))
    return within_bounds(shares, least, most, component.name)


def _leaf(part: Part, name: str, rows: int, share: Fraction | None, max_repeats: int) -> Leaf:
    component, top = part.component, part.chain[0]
    path = [(step.name, step.share) for step in part.chain]
    own = rows if component.all else _rounded(rows * Fraction(component.repeat)) if component.repeat else None
    return Leaf(
        name,
        rows,
        (*path, (name, share)) if share is not None else tuple(path),
        own=own,
        count=top.count,
        rests=top.proportion == REST,
        max_repeats=component.max_repeats or max_repeats,
    )


def _rounded(rows: Fraction) -> int:
    return int(rows + Fraction(1, 2))


def _conditions(part: Part) -> list[pl.Expr]:
    conditions = [pl.lit(True)]
    for step in part.chain:
        conditions += _matches(step.select)
        if step.select.where is not None:
            conditions.append(pl.col(f"where {step.name}"))
    return conditions


def _matches(select: Select) -> list[pl.Expr]:
    asked = {key: getattr(select, key) for key in SELECTABLE}
    return [
        pl.col(key).cast(pl.String).is_in([str(value) for value in values]).fill_null(False)
        for key, values in asked.items()
        if values is not None
    ]


def _refuse_unknown_values(components: Sequence[Component], rows: pl.DataFrame) -> None:
    known: dict[str, list[str]] = {}
    for step in components:
        for key in SELECTABLE:
            for value in map(str, getattr(step.select, key) or ()):
                if key not in known:
                    known[key] = sorted(str(each) for each in rows[key].drop_nulls().unique())
                if value not in known[key]:
                    raise UserError(
                        f"component {step.name}: select.{key} is {value!r}, which no row of the corpus has."
                        f"{nearest(value, known[key])} There are: {listing(known[key][:40])}"
                    )


def _names(component: str, values: Sequence[str | None]) -> list[str]:
    """Name the parts of a component by their values; "a b" and "a_b" stay two parts."""
    names: list[str] = []
    for value in values:
        slug = f"{component}.{_slug(str(value))}"
        again = sum(name == slug or name.startswith(f"{slug}~") for name in names)
        names.append(f"{slug}~{again + 1}" if again else slug)
    return names


def _refuse_equal_names(leaves: Sequence[Leaf]) -> None:
    names = [leaf.name for leaf in leaves]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise UserError(f"component {twice[0]}: a part of a split component has the same name; rename one of them")


def _slug(value: str) -> str:
    return "".join(character if character.isalnum() or character in "._-" else "_" for character in value)
