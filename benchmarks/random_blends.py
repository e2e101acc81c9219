"""Random corpora and recipes, and what every blend of them promises.

    python -m benchmarks.random_blends [--rows 1000000] [--seeds 1 2 3]

draws blends of a million rows, each with one thread and with two, and holds them to their promises. The tests do the same at
their scale.
"""

import argparse
import hashlib
import os
import sys
from fractions import Fraction
from typing import Any

import numpy as np
import polars as pl

from benchmarks.harness import measure, print_table
from blends.plan import Plan
from blends.pool import PLACE, SizesPool
from blends.recipe import Recipe

GROUPS = ("source", "template", "domain")


class RowsPool(SizesPool):
    """Rows without texts, a row per variant."""

    def __init__(self, rows: pl.DataFrame) -> None:
        self._rows = rows.with_row_index(PLACE)


def random_rows(random: np.random.Generator, items: int, sources: int) -> RowsPool:
    """Variants of so many items; of some an mcq, of some an open one, of some both."""
    names = [f"s{place}" for place in range(sources)]
    kinds = {"source": names, "domain": ["gpr" if place % 3 else "math" for place in range(sources)]}
    of_source = random.choice(sources, items, p=random.dirichlet(np.ones(sources)))
    described = pl.DataFrame({name: pl.Series(values).gather(of_source) for name, values in kinds.items()})
    numbered = described.with_columns(
        item_id=pl.format("i{}", pl.int_range(pl.len())), forms=random.integers(1, 4, items)
    )
    variants = [
        numbered.filter(pl.col("forms") & bit != 0).with_columns(template=pl.lit(name), answer_kind=pl.lit("text"))
        for bit, name in ((1, "mcq"), (2, "open"))
    ]
    rows = pl.concat(variants).with_columns(row_id=pl.format("{}/{}", "item_id", "template"))
    return RowsPool(rows.select("row_id", "item_id", "source", "domain", "template", "answer_kind"))


def random_recipe(random: np.random.Generator, rows: pl.DataFrame, most_rows: int) -> Recipe:
    """One to four components, each over some values of a column and the last over what is left."""
    column = str(random.choice(GROUPS))
    values = sorted(rows[column].unique())
    parts = min(len(values), int(random.integers(1, 5)))
    weights = random.integers(1, 20, parts)
    components = []
    for place in range(parts):
        values_here = values[place::parts]
        component = {"name": f"c{place}", "proportion": str(Fraction(int(weights[place]), int(weights.sum())))}
        split = str(random.choice([name for name in GROUPS if name != column])) if random.random() < 0.5 else None
        components.append({**component, "select": {column: values_here}, "split_by": split})
    return Recipe.model_validate(
        {
            "name": "random",
            "size": int(random.integers(1, most_rows)),
            "batch_size": int(random.integers(1, max(2, min(300, most_rows // 8)))),
            "seed": int(random.integers(0, 1000)),
            "when_short": str(random.choice(["shrink", "repeat", "reweight"])),
            "max_repeats": int(random.integers(1, 6)),
            "components": components,
        }
    )


def check_promises(recipe: Recipe, plan: Plan, rows: pl.DataFrame) -> None:
    """Hold laid out rows to the plan and to the recipe.

    Raises:
        AssertionError: a count does not sum, a cap does not hold, or a batch is off by more than a row.
    """
    [stage] = plan.stages
    batches = rows.height // recipe.batch_size
    assert rows.height == sum(stage.allotment.rows) == batches * recipe.batch_size
    assert rows.height + plan.trimmed <= (recipe.size or rows.height)
    counts = dict(rows.group_by("component").len().iter_rows())
    assert [counts.get(leaf.name, 0) for leaf in stage.leaves] == stage.allotment.rows
    often = rows.group_by("row_id").len()["len"].max()
    assert isinstance(often, int) and often <= (recipe.max_repeats if recipe.when_short == "repeat" else 1)
    assert (rows["position"] == pl.int_range(rows.height, eager=True)).all()
    assert (rows["batch"] == rows["position"] // recipe.batch_size).all()
    times = rows.select(pl.col("epoch") == pl.int_range(pl.len()).over("row_id"))
    assert times.to_series().all()
    held = rows.group_by("component", "batch").len()
    share = held.join(held.group_by("component").agg(total=pl.col("len").sum(), in_batches=pl.len()), on="component")
    assert share.select((pl.col("len") - pl.col("total") / batches).abs().max()).item() < 1
    assert share.filter((pl.col("in_batches") < batches) & (pl.col("total") >= batches)).is_empty()
    crowds = rows.group_by("item_id", "batch").len().join(rows.group_by("item_id").agg(total=pl.len()), on="item_id")
    assert crowds.filter(pl.col("len") > (pl.col("total") + batches - 1) // batches).is_empty()


def blend_once(rows: int, seed: int) -> dict[str, Any]:
    """Draw and lay out one random blend of so many rows, check it, and return its order's digest and its shape."""
    from blends.build import lay_out
    from blends.plan import make_plan

    random = np.random.default_rng(seed)
    pool = random_rows(random, items=rows // 2, sources=6)
    recipe = random_recipe(random, pool.rows(), most_rows=rows)
    size = {"size": rows, "batch_size": recipe.batch_size, "when_short": "repeat", "max_repeats": 50}
    recipe = Recipe.model_validate(recipe.model_dump() | size)
    plan = make_plan(recipe, pool)
    laid = lay_out(plan, recipe)
    check_promises(recipe, plan, laid)
    hashed = hashlib.sha256()
    for batch in laid.select("row_id", "component", "epoch").iter_slices(65_536):
        hashed.update(batch.write_csv().encode())
    return {
        "digest": hashed.hexdigest(),
        "rows": laid.height,
        "batch size": recipe.batch_size,
        "epoch": laid["epoch"].max(),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    asked = parser.parse_args()
    lines = []
    for seed in asked.seeds:
        runs = []
        for threads in (1, 2):
            os.environ["POLARS_MAX_THREADS"] = os.environ["CROSSTHINK_THREADS"] = str(
                threads
            )  # of the process that is started
            runs.append(measure(blend_once, asked.rows, seed))
        one, two = (run.result for run in runs)
        if one != two:
            sys.exit(f"seed {seed}: one thread and two give different orders: {one} and {two}")
        lines.append(
            [seed, one["rows"], one["batch size"], one["epoch"], one["digest"][:12], runs[0].cpu, runs[0].peak_mib]
        )
    head = ["seed", "rows", "batch size", "most repeats", "order", "CPU s", "peak MiB"]
    print_table("Random blends: counts, caps, batches and repeats hold, and threads change nothing", head, lines)


if __name__ == "__main__":
    main()
