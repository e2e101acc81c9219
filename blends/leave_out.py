"""What a recipe leaves out of the rows that its components select: licences, difficulty, prompts too long, the holdout.

Each step says how many rows it took, and a component that loses its last row is an error that says to what.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import polars as pl

from blends.candidates import Part
from blends.pool import BASE, PLACE, Pool
from blends.predicates import Expression, columns_of, truths
from blends.prompts import SHOWN, render
from blends.recipe import Holdout, Licenses, Recipe
from blends.tokenizer import Tokenizer
from crossthink.errors import UserError, listing, nearest
from manifests.holdout import holdout_end, holdout_order

LICENSE, DIFFICULTY, UNMEASURED, OVER_LIMIT, HOLDOUT = "license", "difficulty", "unmeasured", "over_limit", "holdout"
"""The reasons, in the order in which they are looked at."""
_BATCH_ROWS = 65_536
"""Rows whose prompts are rendered at once to be measured."""


@dataclass(frozen=True)
class Held:
    """The items that are kept apart.

    Attributes:
        share: of the items, as asked.
        items: how many the recipe could have drawn from.
        rows: their rows in the order of the hash, at most `max_rows`; `PLACE`, the columns `BASE` and `component`, the recipe's
            component that would have drawn the row.
    """

    share: Fraction
    items: int
    rows: pl.DataFrame


@dataclass
class Left:
    """What is left of the rows; each step takes some and counts them by reason."""

    parts: Sequence[Part]
    rows: pl.DataFrame
    left_out: dict[str, int] = field(default_factory=dict)
    held: Held | None = None

    def keep(self, stays: pl.Series, reason: str, why: str) -> None:
        """Keep the rows that stay.

        Raises:
            UserError: a component loses its last row.
        """
        kept = self.rows.filter(stays)
        if gone := self.rows.height - kept.height:
            self.left_out[reason] = self.left_out.get(reason, 0) + gone
            if lost := set(self.rows["part"].unique()) - set(kept["part"].unique()):
                raise UserError(f"component {self.parts[min(lost)].name}: {why}")
        self.rows = kept


def leave_out(
    recipe: Recipe, parts: Sequence[Part], rows: pl.DataFrame, pool: Pool, tokenizer: Tokenizer | None
) -> Left:
    """Apply everything that a recipe leaves out.

    Args:
        recipe: what is asked.
        parts: its components.
        rows: from `claim`, with `license` when the recipe names licences.
        pool: the corpus or the table of sizes.
        tokenizer: the training tokenizer, when the recipe names one.

    Raises:
        UserError: a licence that is named stands nowhere in the corpus, a predicate cannot be used, or a component loses
            every row.
    """
    left = Left(parts, rows)
    if recipe.licenses != Licenses():
        left.keep(
            _licensed(recipe.licenses, rows, pool), LICENSE, "every row that it selects has a licence that is left out"
        )
    if recipe.difficulty is not None and recipe.difficulty.keep is not None:
        _keep_by_difficulty(recipe.difficulty.keep, recipe.difficulty.unmeasured == "keep", left, pool)
    if recipe.max_prompt_characters is not None:
        _hold_to(recipe.max_prompt_characters, "max_prompt_characters", _characters, left, recipe, pool)
    if recipe.tokenizer is not None and tokenizer is not None:
        _hold_to(
            recipe.tokenizer.max_prompt_tokens,
            "tokenizer.max_prompt_tokens",
            lambda prompts: pl.Series(tokenizer.lengths(prompts.to_list()), dtype=pl.Int64),
            left,
            recipe,
            pool,
        )
    if recipe.holdout is not None:
        order = holdout_order(left.rows["item_id"], recipe.holdout.seed)
        is_held = order < holdout_end(recipe.holdout.share)
        left.held = _held(left.rows.filter(is_held), order.filter(is_held), recipe.holdout, parts)
        left.keep(~is_held, HOLDOUT, "every row that it selects is held out")
    return left


def _licensed(asked: Licenses, rows: pl.DataFrame, pool: Pool) -> pl.Series:
    known = sorted(pool.add(pool.rows(), ["license"])["license"].unique())
    spelled = {name.casefold(): name for name in known}
    for key, names in (("allow", asked.allow), ("deny", asked.deny)):
        for name in names or ():
            if name not in known:  # in `deny` a slip of the hand would let in what was to be kept out
                same = spelled.get(name.casefold())
                close = f" Did you mean {same!r}?" if same else nearest(name, known)
                raise UserError(
                    f"licenses.{key}: no row of the corpus has {name!r}.{close} There are: {listing(known)}"
                )
    stays = [name for name in known if (asked.allow is None or name in asked.allow) and name not in (asked.deny or ())]
    return rows["license"].is_in(stays)


def _keep_by_difficulty(keep: str, keeps_unmeasured: bool, left: Left, pool: Pool) -> None:
    """Leave out the rows for which the predicate is false, and those for which nobody can tell."""
    told = told_by_difficulty(keep, left.rows, pool)
    left.keep(told.fill_null(True), DIFFICULTY, "difficulty.keep holds for no row that it selects")
    if not keeps_unmeasured:
        known = told.filter(told.fill_null(True)).is_not_null()
        left.keep(
            known, UNMEASURED, "no row that it selects has a pass rate; 'difficulty.unmeasured: keep' lets such rows in"
        )


def told_by_difficulty(keep: str, rows: pl.DataFrame, pool: Pool) -> pl.Series:
    """Return for each row whether `difficulty.keep` holds; null where nobody measured what it reads."""
    predicate = Expression(keep, "difficulty.keep")
    (told,) = truths(pool.add(rows, columns_of(predicate, pool.columns, pool.needs)), [predicate])
    return told


def _held(rows: pl.DataFrame, order: pl.Series, holdout: Holdout, parts: Sequence[Part]) -> Held:
    ordered = rows.with_columns(order.alias("hash")).sort("hash", "item_id", "template")
    shown = ordered if holdout.max_rows is None else ordered.head(holdout.max_rows)
    names = pl.col("part").replace_strict(range(len(parts)), [part.name for part in parts], return_dtype=pl.String)
    return Held(Fraction(holdout.share), ordered["item_id"].n_unique(), shown.select(PLACE, *BASE, component=names))


def _hold_to(
    limit: int, key: str, measure: Callable[[pl.Series], pl.Series], left: Left, recipe: Recipe, pool: Pool
) -> None:
    """Leave out the rows whose prompt is longer than a limit."""
    shown = pool.add(left.rows.select("part", "item_id", "template"), SHOWN)
    lengths = [measure(render(recipe.prompt, batch)) for batch in shown.iter_slices(_BATCH_ROWS)]
    length = pl.concat(lengths)
    shortest = left.rows.select("part", length.alias("length")).group_by("part").min()
    for place, least in sorted(shortest.iter_rows()):
        if least > limit:
            raise UserError(
                f"component {left.parts[place].name}: every prompt is longer than {key} ({limit}); the shortest has {least}"
            )
    left.keep(length <= limit, OVER_LIMIT, f"every prompt is longer than {key} ({limit})")


def _characters(prompts: pl.Series) -> pl.Series:
    contents = prompts.list.eval(pl.element().struct.field("content").str.len_chars())
    return contents.list.sum().cast(pl.Int64)
