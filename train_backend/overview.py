"""What a person wants to know of runs: all of them in a table, one of them in full.

Everything here can be asked again in SQL, from the views `runs`, `rollouts`, `metrics` and `item_pass_rates`.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import polars as pl
import pyarrow as pa
from pydantic import BaseModel, ValidationError

from crossthink.errors import UserError, listing, nearest
from crossthink.tables import table_of
from manifests.manifest import Manifest
from train_backend.plan import Plan
from train_backend.record import RUN_FILE, mean_of_ends, read_record, was_started
from train_backend.rollouts import StepReward

File = TypeVar("File", bound=BaseModel)

PLAN_FILE, MANIFEST_FILE, ROLLOUTS_FILE = "plan.json", "manifest.json", "rollouts.parquet"

RUN_LIST_SCHEMA = pa.schema(
    [
        ("run", pa.string()),
        ("blend", pa.string()),
        ("plan", pa.string()),
        # as in `runs`; "rendered" if nothing was started, "unfinished" if it runs or was killed, "damaged" if unreadable
        ("ended", pa.string()),
        ("started", pa.string()),
        ("seconds", pa.float64()),
        ("steps", pa.int64()),  # of grpo that were scored
        ("reward_first", pa.float64()),  # mean over the first quarter of the last stage's steps
        ("reward_last", pa.float64()),  # and over the last
    ]
)

REWARDS_SCHEMA = pa.schema(
    [
        ("stage", pa.string()),
        ("component", pa.string()),
        ("responses", pa.int64()),
        ("reward_first", pa.float64()),  # mean over the first quarter of the stage's steps
        ("reward_last", pa.float64()),  # and over the last
        ("accuracy_last", pa.float64()),
        ("format_last", pa.float64()),
        ("tokens_last", pa.float64()),
        ("timed_out", pa.int64()),  # comparisons that were ended at their limit, in the whole stage
    ]
)


@dataclass(frozen=True)
class RunFolder:
    """A run as its folder has it; `record` is None until it has ended."""

    folder: Path
    plan: Plan
    manifest: Manifest
    record: dict[str, Any] | None

    @property
    def ended(self) -> str:
        """How it ended, or how far it is."""
        if self.record is not None:
            return str(self.record["ended"])
        return "unfinished" if was_started(self.folder) else "rendered"

    @property
    def blend(self) -> str:
        return f"{self.manifest.name}@{self.manifest.version}"


def list_runs(root: Path) -> pa.Table:
    """Return every run under a workspace's runs folder, finished, damaged or not, as `RUN_LIST_SCHEMA`."""
    return table_of([_line(root, name) for name in _names(root)], RUN_LIST_SCHEMA)


def read_run(root: Path, name: str) -> RunFolder:
    """Read one run.

    Raises:
        UserError: there is none of this name, or its files are damaged.
    """
    known = _names(root)
    if name not in known:
        raise UserError(f"{root / name}: no run of this name.{nearest(name, known)} There are: {listing(known)}")
    folder = root / name
    record = read_record(folder / RUN_FILE) if (folder / RUN_FILE).exists() else None
    return RunFolder(folder, _read(folder / PLAN_FILE, Plan), _read(folder / MANIFEST_FILE, Manifest), record)


def rewards_by_component(run: RunFolder) -> pa.Table:
    """Return what the responses of a finished run came to, per stage and component, as `REWARDS_SCHEMA`.

    Raises:
        UserError: its responses cannot be read.
    """
    path = run.folder / ROLLOUTS_FILE
    if not path.exists():
        return REWARDS_SCHEMA.empty_table()
    quarter = (pl.col("step").max().over("stage") / 4).floor().clip(1)
    first, last = pl.col("step") <= quarter, pl.col("step") > pl.col("step").max().over("stage") - quarter
    asked = (
        pl.scan_parquet(path)
        .with_columns(is_first=first, is_last=last)
        .group_by("stage", "component")
        .agg(
            responses=pl.len().cast(pl.Int64),
            reward_first=pl.col("score").filter("is_first").mean(),
            reward_last=pl.col("score").filter("is_last").mean(),
            accuracy_last=pl.col("acc").filter("is_last").mean(),
            format_last=pl.col("format").filter("is_last").mean(),
            tokens_last=pl.col("tokens").filter("is_last").mean(),
            timed_out=pl.col("timed_out").sum().cast(pl.Int64),
        )
        .sort("stage", "component")
        .select(REWARDS_SCHEMA.names)
    )
    try:
        return asked.collect().to_arrow().cast(REWARDS_SCHEMA)
    except (OSError, pl.exceptions.PolarsError):
        raise UserError(f"{path}: damaged; move the run's folder away") from None


def _names(root: Path) -> list[str]:
    return sorted({path.parent.name for file in (PLAN_FILE, RUN_FILE) for path in root.glob(f"*/{file}")})


def _read(path: Path, model: type[File]) -> File:
    try:
        return model.model_validate(json.loads(path.read_bytes()))
    except (OSError, ValueError, ValidationError, RecursionError):
        raise UserError(f"{path}: missing, damaged, or of another version; move the run's folder away") from None


def _line(root: Path, name: str) -> dict[str, Any]:
    try:
        run = read_run(root, name)
    except UserError:
        return {"run": name, "ended": "damaged"}
    record = run.record or {}
    rewards = [StepReward(**each) for each in record.get("rewards", [])]
    first, last, _ = mean_of_ends(rewards) if rewards else (None, None, 0)
    return {
        "run": run.folder.name,
        "blend": run.blend,
        "plan": run.plan.name,
        "ended": run.ended,
        "started": record.get("started"),
        "seconds": record.get("seconds"),
        "steps": len(rewards),
        "reward_first": first,
        "reward_last": last,
    }
