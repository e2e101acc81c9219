"""The pass rates of training runs become a difficulty of the workspace, as those of published or asked responses do."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from blends.runs import read_rates
from crossthink.files import digest, write_parquet
from crossthink.progress import Progress
from crossthink.workspace import Workspace
from curate.difficulty.store import PASS_RATES_FILE, Difficulty, standing, write, writing
from curate.solving.rates import with_rates
from curate.solving.tables import PASS_RATE_SCHEMA


def difficulty_from_runs(
    name: str, runs: Sequence[str], model: str, workspace: Workspace, progress: Progress
) -> Difficulty:
    """Make a difficulty of what finished runs answered, all of them together, or return the one that stands.

    Args:
        model: what recipes call the policy; "" stands for the name of the difficulty.

    Raises:
        UserError: a run does not exist or has not finished.
    """
    found = read_rates(runs, workspace)
    label = model or name
    key = digest(["runs", label, found.digests])
    draft = Difficulty(
        name=name, model=label, how="runs", key=key, corpus=None, settings={"runs": len(runs)}, made_from=found.files,
        verifier=None, asked=None, parents=found.parents, questions=0, responses=0, passed=0, unjudged=0, unmatched={}, files=[],
    )  # fmt: skip
    with writing(workspace, name):
        if (stands := standing(workspace, name, key)) is not None:
            progress.say(f"difficulty {name}: stands")
            return stands
        return write(workspace, draft, lambda folder: _write(found.rows, folder))


def _write(rows: pl.DataFrame, folder: Path) -> dict[str, Any]:
    counted = (
        rows.lazy()
        .group_by("item_id", "row_id", "source", "template")
        .agg(pl.col("responses", "passed", "unjudged").sum())
    )
    votes = {"answer": pl.String, "votes": pl.Int64, "vote_share": pl.Float64, "is_unanimous": pl.Boolean}
    unknown = [pl.lit(None, kind).alias(column) for column, kind in votes.items()]
    table = with_rates(counted).with_columns(unknown).sort("item_id", "row_id").select(PASS_RATE_SCHEMA.names).collect()
    write_parquet(folder / PASS_RATES_FILE, table.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(PASS_RATE_SCHEMA))
    return {}
