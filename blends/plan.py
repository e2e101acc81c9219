"""The plan of a blend: which rows may be drawn, how many each component gives, and which they are.

A plan is made without rendering a blend or writing anything. `crossthink blend --plan` prints it; `blends.build` turns it
into rows and a manifest.

A run of several stages is planned stage by stage: each has a share of the batches, draws from the rows that its predicate
holds for, and never draws a row that an earlier stage drew. When one has too few rows, the whole run shrinks, so that the
stages keep their shares.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from blends.candidates import Candidates, Part, claim, parts_of, split
from blends.difficulty import PassRates, read_pass_rates, said_of
from blends.draw import draw, first_of_each
from blends.leave_out import Held, leave_out
from blends.pool import CorpusPool, Pool, SizesPool
from blends.predicates import Expression, columns_of, holds, values
from blends.recipe import Licenses, Order, Recipe
from blends.scores import Scores, read_scores
from blends.tokenizer import Tokenizer, load_tokenizer
from blends.weights import Allotment, Leaf, allot, apportion, short_of
from crossthink.errors import UserError
from crossthink.workspace import Workspace
from manifests.manifest import ComponentRecord, HoldoutRecord, StageRecord


@dataclass(frozen=True)
class StagePlan:
    """A part of the run with one mixture; a run that is not staged has one, whose name is "".

    Attributes:
        name: of the stage.
        leaves: the components that rows are drawn for, in the recipe's order.
        allotment: rows of each leaf; their sum is a whole number of batches.
        candidates: the rows that may be drawn, with `PLACE` and `BASE` of `blends.pool`, and `leaf` (place in `leaves`).
        drawing: makes `drawn`.
    """

    name: str
    leaves: list[Leaf]
    allotment: Allotment
    candidates: pl.DataFrame
    drawing: Callable[[], pl.DataFrame]

    @cached_property
    def drawn(self) -> pl.DataFrame:
        """The rows, sorted by `leaf` and then by the order in which the leaf gives them.

        The columns of the candidates, `epoch`, `rank`, and `sort_key` (UInt32, rising within an epoch of a leaf, null last)
        when the recipe orders its rows.
        """
        return self.drawing()


@dataclass(frozen=True)
class Plan:
    """A blend before its rows are rendered: who gives how many rows, and which.

    Attributes:
        stages: in the order of the run.
        left_out: rows that a component selects and the recipe leaves out, by reason.
        held: the items kept apart, and their rows.
        leaves: every leaf of the run, in the recipe's order, with the rows that it may draw in all stages.
        tokenizer: the training tokenizer, when the recipe names one.
        resolved: the recipe with every default filled in, and digests and numbers in the place of files and runs.
        parents: content digests of the blends whose runs gave this one its weights or difficulties.
        notes: what a person should know.
    """

    stages: list[StagePlan]
    left_out: dict[str, int]
    held: Held | None
    leaves: list[Leaf]
    tokenizer: Tokenizer | None
    resolved: dict[str, Any]
    parents: list[str]
    notes: list[str]

    @property
    def rows(self) -> int:
        return sum(sum(stage.allotment.rows) for stage in self.stages)

    @property
    def trimmed(self) -> int:
        return sum(stage.allotment.trimmed for stage in self.stages)


def make_plan(recipe: Recipe, source: Path | SizesPool, workspace: Workspace | None = None) -> Plan:
    """Decide what every component gives, without rendering or writing anything.

    Args:
        recipe: what is asked.
        source: the folder of a finished corpus, or a table of sizes.
        workspace: where the runs are that the recipe names.

    Raises:
        UserError: a component matches nothing, a file or run cannot be used, or the sizes cannot be met.
    """
    rates = read_pass_rates(recipe.difficulty, workspace) if recipe.difficulty else None
    pool = CorpusPool(source, rates.items if rates else None) if isinstance(source, Path) else source
    notes = [said_of(rates, pool.rows()["item_id"].unique())] if rates and isinstance(source, Path) else []
    tokenizer = load_tokenizer(recipe.tokenizer.path) if recipe.tokenizer else None
    parts = parts_of(recipe)
    wheres = [Expression(stage.where or "true", f"stage {stage.name}, where") for stage in recipe.stages]
    read = {name for where in wheres for name in columns_of(where, pool.columns, pool.needs)}
    if recipe.order is not None:  # a fault of it is said before anything is drawn
        by = Expression(recipe.order.by, "order.by")
        values(pool.add(pool.rows().head(0), columns_of(by, pool.columns, pool.needs)), [by])
    claimed = claim(parts, pool, ["license"] if recipe.licenses != Licenses() else [])
    left = leave_out(recipe, parts, claimed, pool, tokenizer)
    limits = {place: part.component.distinct for place, part in enumerate(parts) if part.component.distinct}
    rows = first_of_each(left.rows, limits, recipe.seed, "part")
    scores = _scores(parts, rows, workspace)
    whole = split(parts, rows, scores, recipe.max_repeats)
    if recipe.stages:
        answers = holds(pool.add(rows, sorted(read)), wheres)
        stages = _stages(recipe, pool, parts, rows, answers, scores)
    else:
        stages = [_stage("", recipe, pool, whole, recipe.size)]
    return Plan(
        stages,
        left.left_out,
        left.held,
        whole.leaves,
        tokenizer,
        _resolved(recipe, tokenizer, rates, {parts[place].name: each for place, each in scores.items()}),
        sorted({*(rates.parents if rates else ()), *(digest for each in scores.values() for digest in each.parents)}),
        notes + [note for each in scores.values() for note in each.notes],
    )


def component_records(plan: Plan) -> list[ComponentRecord]:
    """Return what the manifest says of each component, over all stages."""
    total = plan.rows
    available = {leaf.name: leaf.available for leaf in plan.leaves}
    found: dict[str, dict[str, Any]] = {name: {} for name in available}
    for stage in plan.stages:
        weight = Fraction(sum(stage.allotment.rows), total)
        for place, leaf in enumerate(stage.leaves):
            given, said = stage.allotment.rows[place], found[leaf.name]
            said["requested"] = said.get("requested", 0) + stage.allotment.requested[place] * weight
            said["rows"] = said.get("rows", 0) + given
            said["unique"] = said.get("unique", 0) + min(given, leaf.available)
            said["binds"] = said.get("binds", False) or stage.allotment.binds[place]
    return [
        ComponentRecord(
            name=name,
            requested=round(float(said["requested"]), 6),
            realised=round(said["rows"] / total, 6),
            rows=said["rows"],
            unique_rows=said["unique"],
            available=available[name],
            epochs=round(said["rows"] / said["unique"], 3) if said["unique"] else 0.0,
            binds=said["binds"],
        )
        for name, said in found.items()
        if said
    ]


def stage_records(plan: Plan, batch_size: int) -> list[StageRecord]:
    """Return where each stage begins; none when the whole run has one mixture."""
    records: list[StageRecord] = []
    for stage in plan.stages if plan.stages[0].name else []:
        rows = sum(stage.allotment.rows)
        first = sum(record.batches for record in records)
        records.append(StageRecord(name=stage.name, first_batch=first, batches=rows // batch_size, rows=rows))
    return records


def holdout_record(plan: Plan) -> HoldoutRecord | None:
    """Return what the manifest says of the holdout."""
    if (held := plan.held) is None:
        return None
    return HoldoutRecord(share=float(held.share), items=held.items, rows=held.rows.height)


def _stage(name: str, recipe: Recipe, pool: Pool, found: Candidates, size: int | None) -> StagePlan:
    allotment = allot(found.leaves, size, recipe.batch_size, recipe.when_short)

    def drawing() -> pl.DataFrame:
        return _in_order(draw(found.rows, allotment.rows, recipe.seed), recipe.order, pool)

    return StagePlan(name, found.leaves, allotment, found.rows, drawing)


class _TooFew(UserError):
    """A stage has too few rows for its share of the batches."""


def _stages(
    recipe: Recipe,
    pool: Pool,
    parts: Sequence[Part],
    rows: pl.DataFrame,
    answers: Sequence[pl.Series],
    scores: Mapping[int, Scores],
) -> list[StagePlan]:
    """Plan every stage, with the most batches of the whole run that let each have its share."""
    found: list[Candidates] = []
    for stage, answer in zip(recipe.stages, answers, strict=True):
        fitting = rows.filter(answer)
        present = set(fitting["part"].unique())
        if missing := [part.name for place, part in enumerate(parts) if place not in present]:
            raise UserError(f"stage {stage.name}: component {missing[0]} has no row that its 'where' holds for")
        found.append(split(parts, fitting, scores, recipe.max_repeats))
    shares = [Fraction(stage.share) for stage in recipe.stages]
    most = (recipe.size or 0) // recipe.batch_size
    for stage, count in zip(recipe.stages, apportion(most, shares), strict=True):
        if not count:
            raise UserError(
                f"stage {stage.name}: its share {stage.share} of the run is less than one batch; raise 'size'"
            )
    binding: dict[str, set[int]] = {stage.name: set() for stage in recipe.stages}
    try:
        return _stages_of(apportion(most, shares), recipe, pool, found, binding)
    except _TooFew as error:
        fault = error
    planned: list[StagePlan] = []
    fewest = next(total for total in range(1, most + 1) if all(apportion(total, shares)))
    fits, exceeds = fewest - 1, most
    while exceeds - fits > 1:
        middle = (fits + exceeds) // 2
        try:
            planned, fits = _stages_of(apportion(middle, shares), recipe, pool, found, binding), middle
        except _TooFew as error:
            fault, exceeds = error, middle
    if not planned:
        raise UserError(str(fault))
    return [_with_binds(stage, binding[stage.name]) for stage in planned]


def _stages_of(
    batches: Sequence[int], recipe: Recipe, pool: Pool, found: Sequence[Candidates], binding: dict[str, set[int]]
) -> list[StagePlan]:
    """Plan the stages with so many batches each; what is short of its share is added to `binding`, by the stage."""
    planned: list[StagePlan] = []
    for stage, count, candidates in zip(recipe.stages, batches, found, strict=True):
        wanted, free = count * recipe.batch_size, candidates.rows
        for earlier in planned:
            free = free.join(earlier.drawn.select("row_id"), on="row_id", how="anti", maintain_order="left")
        counts = dict(free.group_by("leaf").len().iter_rows())
        leaves = [leaf.with_available(counts.get(place, 0)) for place, leaf in enumerate(candidates.leaves)]
        try:
            plan = _stage(stage.name, recipe, pool, Candidates(leaves, free), wanted)
        except UserError as error:
            if recipe.when_short == "repeat" or not count:
                raise UserError(f"stage {stage.name}: {error}") from None
            given = 0
        else:
            given = sum(plan.allotment.rows)
        if given < wanted:
            short = [place for place, is_short in enumerate(short_of(wanted, leaves)) if is_short]
            binding[stage.name].update(short)
            names = ", ".join(leaves[place].name for place in short)
            raise _TooFew(
                f"stage {stage.name}: {names}: too few rows are left for the stage's share of the run, even of the"
                f" smallest run in which every stage has a batch; it takes {wanted:,} rows"
            )
        planned.append(plan)
    return planned


def _with_binds(stage: StagePlan, binding: set[int]) -> StagePlan:
    """Return the stage with what made the run shrink marked as binding."""
    if not binding:
        return stage
    binds = [place in binding or each for place, each in enumerate(stage.allotment.binds)]
    return replace(stage, allotment=replace(stage.allotment, binds=binds))


def _in_order(drawn: pl.DataFrame, order: Order | None, pool: Pool) -> pl.DataFrame:
    """Return the drawn rows with each leaf's in the order of the curriculum, epoch after epoch."""
    if order is None:
        return drawn
    by = Expression(order.by, "order.by")
    value = values(pool.add(drawn, columns_of(by, pool.columns, pool.needs)), [by])[0]
    if value.dtype.is_float():
        value = value.fill_nan(None)
    key = value.rank("dense", descending=order.descending).cast(pl.UInt32).alias("sort_key")
    return drawn.with_columns(key).sort("leaf", "epoch", "sort_key", "rank", nulls_last=True)


def _scores(parts: Sequence[Part], rows: pl.DataFrame, workspace: Workspace | None) -> dict[int, Scores]:
    return {
        place: read_scores(
            part.component.scores, rows.filter(pl.col("part") == place), part.component.split_by, workspace
        )
        for place, part in enumerate(parts)
        if part.component.scores is not None and part.component.split_by is not None
    }


def _resolved(
    recipe: Recipe, tokenizer: Tokenizer | None, rates: PassRates | None, scores: Mapping[str, Scores]
) -> dict[str, Any]:
    """The recipe with every default filled in: digests and numbers, wherever the files lay."""
    resolved = recipe.model_dump(mode="json")
    if tokenizer is not None:
        del resolved["tokenizer"]["path"]
        resolved["tokenizer"]["digest"] = tokenizer.digest
    if rates is not None:
        resolved["difficulty"] = rates.resolved

    def fill(components: list[dict[str, Any]]) -> None:
        for component in components:
            if component["name"] in scores:
                component["scores"] = {name: str(score) for name, score in scores[component["name"]].by_value.items()}
            fill(component["components"])

    fill(resolved["components"])
    return resolved
