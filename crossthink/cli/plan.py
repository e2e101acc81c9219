"""`crossthink blend --plan`: what a blend would be, what binds, and how far it is from every other; nothing is written."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import combinations

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from blends.distance import SAME, planned_mixture, total_variation, written_mixture
from blends.library import PAPER, read
from blends.plan import Plan, StagePlan, component_records, make_plan
from blends.recipe import Recipe
from blends.sizes import four_decimals, read_sizes, source_shares
from blends.weights import Leaf
from crossthink.cli.manifests import say_left_out
from crossthink.cli.output import console
from crossthink.errors import several
from crossthink.workspace import Workspace
from curate.corpus import check_corpus, read_corpus
from manifests.manifest import recipe_digest
from manifests.store import Stored, list_all

SHOWN_DISTANCES = 12
"""Blends of the workspace that a plan is held to on the screen, the nearest first."""


def print_plans(recipes: Sequence[Recipe], workspace: Workspace, sizes: str | None) -> None:
    """Plan recipes on a corpus or on a table of sizes, and print each plan, the distances and the warnings."""
    pool = read_sizes(sizes) if sizes else None
    plans: list[tuple[str, Plan]] = []
    for recipe in recipes:
        if pool is not None:
            plan, drawn_from = make_plan(recipe, pool, workspace), f"the sizes {sizes}"
        else:
            folder = workspace.corpus(recipe.corpus)
            check_corpus(folder, read_corpus(folder))
            plan, drawn_from = make_plan(recipe, folder, workspace), f"corpus {recipe.corpus}"
        _print_plan(recipe, plan, drawn_from)
        plans.append((recipe.name, plan))
    _print_distances(plans, _standing(workspace) if pool is None else [])


def print_weights(sizes: str) -> None:
    """Print the weights of the paper's eight blends on a table of sizes, each column summing to exactly 1."""
    pool, notes = read_sizes(sizes), list[str]()
    columns: dict[str, dict[str, Fraction]] = {}
    for name in PAPER:
        plan = make_plan(read(name, batch_size=1), pool)
        columns[name] = source_shares(plan)
        notes += plan.notes
    sources = list(pool.rows()["source"].unique(maintain_order=True))
    table = _table(["source", *columns])
    shown = {
        name: four_decimals([shares.get(each, Fraction(0)) for each in sources]) for name, shares in columns.items()
    }
    for place, source in enumerate(sources):
        table.add_row(Text(source), *(cells[place] for cells in shown.values()))
    table.add_section()
    table.add_row("sum", *(_four(sum(map(Fraction, cells))) for cells in shown.values()))
    table.add_row("from natural", *(_four(_variation(columns["natural"], shares)) for shares in columns.values()))
    out = console()
    out.print(f"the paper's blends on the sizes {sizes}", table, markup=False)
    out.print("from natural: total-variation distance, half the sum of the absolute differences")
    for note in notes:
        out.print(f"note: {note}", markup=False)
    for one, other in combinations(PAPER, 2):
        if (distance := _variation(columns[one], columns[other])) < SAME:
            out.print(_warning(one, other, distance), style="bold")


def _variation(one: dict[str, Fraction], other: dict[str, Fraction]) -> Fraction:
    kinds = sorted({*one, *other})
    return sum((abs(one.get(kind, Fraction(0)) - other.get(kind, Fraction(0))) for kind in kinds), Fraction(0)) / 2


def _print_plan(recipe: Recipe, plan: Plan, drawn_from: str) -> None:
    batches = plan.rows // recipe.batch_size
    title = f"plan of {recipe.name}: {several(plan.rows, 'row')} of {drawn_from}, {several(batches, 'batch', 'batches')} of {recipe.batch_size:,}"
    headings = ["component", "requested", "realised", "rows", "unique", "available", "epochs", "what happens"]
    table = _table(headings, left=("component", "what happens"))
    happens: dict[str, list[str]] = {}
    for stage in plan.stages:
        for place, leaf in enumerate(stage.leaves):
            if outcome := _outcome(recipe, stage, place):
                happens.setdefault(leaf.name, []).append(f"in stage {stage.name}: {outcome}" if stage.name else outcome)
    parts = component_records(plan)
    requested = four_decimals([Fraction(str(part.requested)) for part in parts])
    realised = four_decimals([Fraction(part.rows) for part in parts])
    for place, part in enumerate(parts):
        table.add_row(
            Text(part.name),
            requested[place],
            realised[place],
            f"{part.rows:,}",
            f"{part.unique_rows:,}",
            f"{part.available:,}",
            f"{part.epochs:.2f}",
            Text("; ".join(happens.get(part.name, []))),
        )
    out = console()
    out.print(title, table, markup=False)
    first = 0
    for stage in plan.stages if plan.stages[0].name else []:
        rows = sum(stage.allotment.rows)
        last = first + rows // recipe.batch_size - 1
        out.print(f"stage {stage.name}: batches {first:,} to {last:,}, {several(rows, 'row')}", markup=False)
        first = last + 1
    if plan.trimmed and not _is_short(recipe, plan):
        out.print(f"{several(plan.trimmed, 'row')} trimmed to whole batches")
    for reason, rows in plan.left_out.items():
        out.print(f"{several(rows, 'row')} left out: {reason}")
    if plan.held is not None:
        out.print(
            f"{several(plan.held.items, 'item')} held out, {plan.held.rows.height:,} of their rows in the holdout file"
        )
    print_remarks(recipe, plan)


def print_remarks(recipe: Recipe, plan: Plan) -> None:
    """Print what a person should know of a plan besides its rows: why there are fewer than were asked for, and its notes."""
    out = console()
    if recipe.size is not None and _is_short(recipe, plan):
        fewer = recipe.size - plan.rows
        out.print(f"{recipe.size:,} rows were asked for; {fewer:,} fewer come{_why_fewer(recipe, plan)}", markup=False)
    for note in plan.notes:
        out.print(f"note: {note}", markup=False)


def _is_short(recipe: Recipe, plan: Plan) -> bool:
    return recipe.size is not None and plan.rows < recipe.size


def _outcome(recipe: Recipe, stage: StagePlan, place: int) -> str:
    """Say what happens to a component that has fewer rows than are asked of it, repeats, or is cut to whole batches."""
    leaf, rows, cut = stage.leaves[place], stage.allotment.rows[place], stage.allotment.cut[place]
    shortage = _shortage(recipe, stage, place) or (_repeats(leaf) if rows > leaf.available else "")
    return "; ".join(filter(None, [shortage, f"{several(cut, 'row')} cut to whole batches" if cut else ""]))


def _repeats(leaf: Leaf) -> str:
    return f"its rows repeat, at most {leaf.max_repeats} times each"


def _shortage(recipe: Recipe, stage: StagePlan, place: int) -> str:
    if not stage.allotment.binds[place]:
        return ""
    if recipe.when_short == "repeat":
        return f"binds: {_repeats(stage.leaves[place])}"
    if recipe.when_short == "reweight":
        return "binds: it gives all it has, others fill up"
    return "binds: it sets the size" if recipe.size is None else "binds: the blend shrinks to it"


def _why_fewer(recipe: Recipe, plan: Plan) -> str:
    found = [
        (Fraction(leaf.available) / requested, leaf.name)
        for stage in plan.stages
        for leaf, binds, requested in zip(stage.leaves, stage.allotment.binds, stage.allotment.requested, strict=True)
        if binds and requested
    ]
    short = list(dict.fromkeys(name for _, name in sorted(found)))  # first the one that lets the fewest rows come
    if not short or recipe.when_short == "repeat":
        return ", to whole batches"
    others = f" and {len(short) - 1} more" if len(short) > 1 else ""
    return f", because {short[0]}{others} {'have' if others else 'has'} no more rows"


def _standing(workspace: Workspace) -> list[Stored]:
    """Return the newest version of every blend of the workspace."""
    return list({stored.manifest.name: stored for stored in list_all(workspace.manifests, say_left_out)}.values())


def _print_distances(plans: Sequence[tuple[str, Plan]], standing: Sequence[Stored]) -> None:
    """Print how far every plan is from the other plans and from the blends that stand."""
    planned = [(name, planned_mixture(plan)) for name, plan in plans]
    out = console()
    close: list[str] = []
    if len(planned) > 1:
        table = _table(["", *(name for name, _ in planned)])
        for place, (name, mixture) in enumerate(planned):
            distances = [total_variation(mixture, other) for _, other in planned]
            table.add_row(
                Text(name), *(_four(distance) if each != place else "" for each, distance in enumerate(distances))
            )
        out.print("distance between the plans", table)
        for (one, first), (other, second) in combinations(planned, 2):
            if (distance := total_variation(first, second)) < SAME:
                close.append(_warning(one, other, distance))
    blends = {each.reference: (each.manifest, written_mixture(each.manifest)) for each in standing}
    rows = [
        (blend, [total_variation(mixture, other) for _, mixture in planned]) for blend, (_, other) in blends.items()
    ]
    rows.sort(key=lambda row: (min(row[1]), row[0]))
    if rows:
        table = _table(["blend", *(name for name, _ in planned)])
        for blend, distances in rows[:SHOWN_DISTANCES]:
            table.add_row(Text(blend), *map(_four, distances))
        out.print("distance to the blends of the workspace", table, markup=False)
        if len(rows) > SHOWN_DISTANCES:
            out.print(f"{len(rows) - SHOWN_DISTANCES:,} more are further away")
    for blend, distances in rows:
        for (name, plan), distance in zip(plans, distances, strict=True):
            is_this_very_one = recipe_digest(plan.resolved) == blends[blend][0].digests.recipe
            if distance < SAME and not is_this_very_one:
                close.append(_warning(name, blend, distance))
    for warning in close:
        out.print(warning, style="bold", markup=False)


def _warning(one: str, other: str, distance: Fraction) -> str:
    return (
        f"warning: {one} and {other} are the same mixture in practice: they differ by {_four(distance)}, less than {float(SAME)}."
        " No difference between their results can come from their proportions"
    )


def _four(number: Fraction | int) -> str:
    return f"{float(number):.4f}"


def _table(headings: Sequence[str], left: Sequence[str] = ()) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for place, heading in enumerate(headings):
        table.add_column(Text(heading), justify="left" if heading in left or place == 0 else "right")
    return table
