"""What a run leaves for SQL: its responses joined to the blend's rows, and its metrics.

The reward writes one JSON line per response (`reward.py`), in one file per process and in no order. Here they become
one table in the order of step and position, each with the source of its row.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from crossthink.files import write_parquet
from train_backend.backend import RenderedStage

OUTCOME_SCHEMA = pl.Schema(
    {
        "step": pl.Int64,
        "position": pl.Int64,
        "row_id": pl.String,
        "item_id": pl.String,
        "component": pl.String,
        "template": pl.String,
        "response": pl.String,
        "score": pl.Float64,
        "acc": pl.Float64,
        "format": pl.Float64,
        "timed_out": pl.Boolean,
        "reason": pl.String,
    }
)

ROLLOUTS_SCHEMA = pa.schema(
    [
        ("run_id", pa.string()),
        ("stage", pa.string()),
        ("step", pa.int64()),
        ("position", pa.int64()),  # place of the row in the blend
        ("sample", pa.int64()),  # place of the response among those to its prompt, in order of scoring
        ("row_id", pa.string()),
        ("item_id", pa.string()),
        ("component", pa.string()),
        ("source", pa.string()),
        ("template", pa.string()),
        ("response", pa.string()),
        ("score", pa.float64()),
        ("acc", pa.float64()),
        ("format", pa.float64()),
        ("timed_out", pa.bool_()),
        ("reason", pa.string()),
    ]
)

METRICS_SCHEMA = pa.schema(
    [
        ("run_id", pa.string()),
        ("stage", pa.string()),
        ("step", pa.int64()),
        ("metric", pa.string()),
        ("value", pa.float64()),
    ]
)


@dataclass(frozen=True)
class StepReward:
    """The mean reward of one step's responses."""

    step: int
    reward: float
    responses: int


def collect_rollouts(stages: Sequence[RenderedStage], order: Path, run_id: str, destination: Path) -> list[StepReward]:
    """Write every response of a run as `ROLLOUTS_SCHEMA`, and return the reward of each step."""
    sources = pl.scan_parquet(order).select("position", "source")
    frames = [_outcomes(stage).with_columns(stage=pl.lit(stage.kind)) for stage in stages]
    rollouts = (
        pl.concat(frames)
        .join(sources, on="position", how="left")
        .with_columns(run_id=pl.lit(run_id), sample=pl.int_range(pl.len()).over("stage", "step", "position"))
        .sort("stage", "step", "position", "sample")
        .select(ROLLOUTS_SCHEMA.names)
        .collect(engine="streaming")
    )
    write_parquet(destination, rollouts.to_arrow().cast(ROLLOUTS_SCHEMA))
    steps = rollouts.group_by("step").agg(pl.col("score").mean(), pl.len()).sort("step")
    return [StepReward(step, reward, responses) for step, reward, responses in steps.iter_rows()]


def collect_metrics(stages: Sequence[RenderedStage], run_id: str, destination: Path) -> None:
    """Write every number that the trainer logged as `METRICS_SCHEMA`."""
    rows = [
        {"run_id": run_id, "stage": stage.kind, "step": entry["step"], "metric": metric, "value": float(value)}
        for stage in stages
        for entry in _whole_lines(stage.metrics)
        for metric, value in entry["data"].items()
        if isinstance(value, int | float)
    ]
    write_parquet(destination, pa.Table.from_pylist(rows, schema=METRICS_SCHEMA))


def _outcomes(stage: RenderedStage) -> pl.LazyFrame:
    files = [path for path in sorted(stage.outcomes.glob("*.jsonl")) if _cut_half_line(path)]
    if not files:
        return pl.LazyFrame(schema=OUTCOME_SCHEMA)
    return pl.scan_ndjson(files, schema=OUTCOME_SCHEMA)


def _cut_half_line(path: Path) -> int:
    """Cut off a last line that a kill left half-written; return the bytes that remain."""
    content = path.read_bytes()
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        path.write_bytes(content[:whole])
    return whole


def _whole_lines(path: Path) -> Iterator[dict[str, Any]]:
    if path.exists() and _cut_half_line(path):
        with path.open(encoding="utf-8") as file:
            yield from map(json.loads, file)
