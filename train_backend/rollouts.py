"""What a run leaves for SQL: its responses joined to the blend's rows, how often each row was solved, and its metrics.

The reward writes one JSON line per response (`reward/outcomes.py`), in one file per process and in no order. Here they
become one table in the order of stage, step and position, each with the source of its row. The same lines give the same
bytes, however many threads read them. Of a run that was gone on with, the lines of steps that were done again do not count;
they stay where they are (`attempts.py`).
"""

import json
import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import polars as pl
import pyarrow as pa

from crossthink.files import write_parquet
from curate.solving.judging import UNJUDGED as OF_THE_MACHINE
from curate.solving.rates import with_rates
from train_backend.attempts import Part, parts
from train_backend.backend import RenderedStage
from train_backend.reward.score import FAILED

OUTCOME_SCHEMA = pl.Schema(
    {
        "step": pl.Int64,
        "position": pl.Int64,
        "row_id": pl.String,
        "item_id": pl.String,
        "component": pl.String,
        "template": pl.String,
        "response": pl.String,
        "tokens": pl.Int64,
        "score": pl.Float64,
        "acc": pl.Float64,
        "format": pl.Float64,
        "overlong": pl.Float64,
        "length": pl.Float64,
        "language": pl.Float64,
        "repetition": pl.Float64,
        "tool_calls": pl.Float64,
        "tool_failures": pl.Float64,
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
        (
            "sample",
            pa.int64(),
        ),  # place of the response among those to its prompt, in the order of the files and their lines
        ("row_id", pa.string()),
        ("item_id", pa.string()),
        ("component", pa.string()),
        ("source", pa.string()),
        ("template", pa.string()),
        ("response", pa.string()),
        ("tokens", pa.int64()),  # of the response; null if the trainer did not count them
        ("score", pa.float64()),
        ("acc", pa.float64()),
        ("format", pa.float64()),
        ("overlong", pa.float64()),  # this and the next: null if the plan has no such part
        ("length", pa.float64()),
        ("language", pa.float64()),
        ("repetition", pa.float64()),
        ("tool_calls", pa.int64()),
        ("tool_failures", pa.int64()),
        ("timed_out", pa.bool_()),
        ("reason", pa.string()),
    ]
)

PASS_RATES_SCHEMA = pa.schema(
    [
        ("run_id", pa.string()),
        ("item_id", pa.string()),
        ("row_id", pa.string()),
        ("source", pa.string()),
        ("template", pa.string()),
        ("responses", pa.int64()),  # that were judged
        ("passed", pa.int64()),  # of them, those with the right answer, whatever their format
        ("unjudged", pa.int64()),  # besides: neither right nor wrong, for a reason of `UNJUDGED`
        ("pass_rate", pa.float64()),  # passed / responses; null if none was judged
        ("low", pa.float64()),  # Wilson's interval at 95 %
        ("high", pa.float64()),
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


UNJUDGED = (*OF_THE_MACHINE, FAILED)
"""Reasons that speak of the machine and not of the answer."""
BLOCK_BYTES = 65_536
"""Read at once when the last newline of a file is looked for."""


@dataclass(frozen=True)
class StepReward:
    """The mean reward of the responses of one step of a stage."""

    stage: str
    step: int
    reward: float
    responses: int


def collect_rollouts(stages: Sequence[RenderedStage], order: Path, run_id: str, destination: Path) -> list[StepReward]:
    """Write every response of a run as `ROLLOUTS_SCHEMA`, and return the reward of each step in the order of training."""
    sources = pl.scan_parquet(order).select("position", "source")
    places = pl.Enum([stage.name for stage in stages])
    frames = [_outcomes(stage).with_columns(stage=pl.lit(stage.name, dtype=places)) for stage in stages]
    rollouts = (
        pl.concat(frames)
        .join(sources, on="position", how="left", maintain_order="left")
        .sort("stage", "step", "position", "file", "line")
        .with_columns(run_id=pl.lit(run_id), sample=pl.int_range(pl.len()).over("stage", "step", "position"))
        .select(ROLLOUTS_SCHEMA.names)
        .collect(engine="streaming")
    )
    steps = rollouts.group_by("stage", "step").agg(pl.col("score").mean(), pl.len()).sort("stage", "step")
    write_parquet(destination, rollouts.with_columns(pl.col("stage").cast(pl.String)).to_arrow().cast(ROLLOUTS_SCHEMA))
    return [StepReward(*row) for row in steps.iter_rows()]


def collect_pass_rates(rollouts: Path, destination: Path) -> None:
    """Write how often each row of a run was answered rightly, as `PASS_RATES_SCHEMA`, with Wilson's interval."""
    judged = was_judged()
    counted = (
        pl.scan_parquet(rollouts)
        .group_by("run_id", "item_id", "row_id", "source", "template")
        .agg(
            responses=judged.sum().cast(pl.Int64),
            passed=(judged & (pl.col("acc") == 1)).sum().cast(pl.Int64),
            unjudged=(~judged).sum().cast(pl.Int64),
        )
    )
    table = with_rates(counted).sort("item_id", "row_id").select(PASS_RATES_SCHEMA.names).collect()
    write_parquet(destination, table.to_arrow().cast(PASS_RATES_SCHEMA))


def was_judged() -> pl.Expr:
    """Whether a response was found right or wrong, and the machine did not fail at it."""
    faults = [str(reason) for reason in UNJUDGED]
    return ~(pl.col("timed_out").fill_null(False) | pl.col("reason").is_in(faults).fill_null(False))


def collect_metrics(stages: Sequence[RenderedStage], run_id: str, destination: Path) -> None:
    """Write every number that the trainer logged as `METRICS_SCHEMA`."""
    rows = [
        {"run_id": run_id, "stage": stage.name, "step": entry["step"], "metric": metric, "value": float(value)}
        for stage in stages
        for part in parts(stage)
        for entry in _whole_lines(part.stage.metrics)
        if part.last is None or entry["step"] <= part.last
        for metric, value in entry["data"].items()
        if isinstance(value, int | float)
    ]
    write_parquet(destination, pa.Table.from_pylist(rows, schema=METRICS_SCHEMA))


def count_set_aside(stages: Sequence[RenderedStage]) -> dict[int, dict[str, int]]:
    """Return, by attempt and stage, how many responses it left of steps that were done again."""
    counts: dict[int, dict[str, int]] = defaultdict(dict)
    for stage in stages:
        for part in parts(stage):
            if part.last is not None:
                stands = (pl.col("step") <= part.last).fill_null(False)
                lost = [pl.scan_ndjson(path, schema=OUTCOME_SCHEMA).filter(~stands) for path in _outcome_files(part)]
                counts[part.attempt][stage.name] = sum(frame.collect().height for frame in lost)
    return counts


def _outcomes(stage: RenderedStage) -> pl.LazyFrame:
    """The lines of every process and attempt that count, each with the place of its file and its own."""
    files = [(path, part.last) for part in parts(stage) for path in _outcome_files(part)]
    if not files:
        return pl.LazyFrame(schema={"line": pl.get_index_type(), **OUTCOME_SCHEMA, "file": pl.Int64})
    return pl.concat(
        pl.scan_ndjson(path, schema=OUTCOME_SCHEMA, row_index_name="line")
        .filter(True if last is None else pl.col("step") <= last)
        .with_columns(file=pl.lit(place, dtype=pl.Int64))
        for place, (path, last) in enumerate(files)
    )


def _outcome_files(part: Part) -> list[Path]:
    return [path for path in sorted(part.stage.outcomes.glob("*.jsonl")) if _cut_half_line(path)]


def _cut_half_line(path: Path) -> int:
    """Cut off a last line that a kill left half-written; return the bytes that remain."""
    with path.open("rb") as file:
        end = file.seek(0, os.SEEK_END)
        whole = _after_the_last_newline(file, end)
    if whole < end:
        os.truncate(path, whole)
    return whole


def _after_the_last_newline(file: BinaryIO, end: int) -> int:
    while end > 0:
        start = max(0, end - BLOCK_BYTES)
        file.seek(start)
        found = file.read(end - start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0


def _whole_lines(path: Path) -> Iterator[dict[str, Any]]:
    if path.exists() and _cut_half_line(path):
        with path.open(encoding="utf-8") as file:
            yield from map(json.loads, file)
