"""A preference stage's rows from runs that have ended: which runs, which rows, and what is said."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from crossthink.errors import UserError
from crossthink.files import write_json, write_parquet
from crossthink.workspace import Workspace
from manifests.store import Stored
from tests.train_backend.support import two_components, write_blend
from train_backend.plan import Plan
from train_backend.record import run_record
from train_backend.rollouts import ROLLOUTS_SCHEMA
from train_backend.runs import train

PLAN = """
name: prefer
backend: trl
model: {tiny: {vocabulary: 300, hidden: 16}}
stages: [{kind: dpo, steps: 2, batch_size: 4, max_length: 400, pairs: {runs: [NAMES]}}]
resources: {platform: cpu}
"""
EARLIER = {
    "name": "earlier",
    "model": {"tiny": {}},
    "stages": [{"kind": "grpo", "batch_size": 4, "max_prompt_length": 64, "max_response_length": 8}],
    "resources": {"platform": "cpu"},
}
Attempt = Callable[..., Path]


def write_run(runs: Path, name: str, blend: Stored, rows: list[dict[str, Any]], cut_short: str | None = None) -> None:
    """A run whose rows each had a right and a wrong answer, or, every third, two right ones."""
    from datetime import UTC, datetime

    plan = Plan.model_validate(EARLIER)
    rollouts = [
        {key: row[key] for key in ("position", "row_id", "item_id", "component", "source", "template")}
        | {"run_id": name, "stage": "grpo", "step": 1, "sample": sample, "timed_out": False, "reason": "equal"}
        | {"response": f"answer {sample}", "score": 1.0 if row["position"] % 3 == 2 else float(sample)}
        for row in rows
        for sample in (0, 1)
    ]
    write_json(runs / name / "plan.json", plan.model_dump(mode="json"))
    write_json(runs / name / "manifest.json", blend.manifest.model_dump(mode="json"))
    write_parquet(runs / name / "rollouts.parquet", pa.Table.from_pylist(rollouts, schema=ROLLOUTS_SCHEMA))
    record = run_record(name, plan, blend.manifest, datetime.now(UTC), [], [], cut_short=cut_short)
    write_json(runs / name / "run.json", record)


@pytest.fixture
def attempt(tmp_path: Path) -> Attempt:
    workspace = Workspace(tmp_path / "workspace")
    blend = write_blend(workspace.manifests, two_components(8), batch_size=4)
    rows = blend.rows().to_pylist()
    write_run(workspace.runs, "whole", blend, rows)
    write_run(workspace.runs, "alike", blend, [row for row in rows if row["position"] % 3 == 2])
    write_run(workspace.runs, "stopped", blend, rows, cut_short="interrupted")
    write_run(workspace.runs, "elsewhere", blend, [{**row, "row_id": f"{row['row_id'][:-1]}-"} for row in rows])
    write_run(workspace.runs, "asked", blend, rows)
    asked = workspace.runs / "asked/manifest.json"
    asked.write_text(json.dumps(json.loads(asked.read_text()) | {"prompt_digest": "0" * 64}))

    def run(*names: str) -> Path:
        plan = tmp_path / "plan.yaml"
        plan.write_text(PLAN.replace("NAMES", ", ".join(names)))
        return train(workspace, "small", plan, dry_run=True, again=False, console=Console(quiet=True))

    return run


def test_pairs_of_a_run_that_succeeded_are_written_when_the_plan_is_rendered(attempt: Attempt) -> None:
    run = attempt("whole")
    pairs = pl.read_parquet(run / "dpo/pairs.parquet")
    assert pairs.group_by("outcome").len().sort("outcome").rows() == [("alike", 2), ("pair", 6)]
    rows = pq.read_table(run / "dpo/rows.parquet").to_pylist()
    assert [row["chosen"][0]["content"] for row in rows] == ["answer 1"] * 8
    assert rows[6:] == rows[:2]
    assert "dpo/rows.parquet" in (run / "rendered.json").read_text()


def test_rows_that_the_blend_does_not_have_are_told_apart(attempt: Attempt) -> None:
    pairs = pl.read_parquet(attempt("elsewhere", "whole") / "dpo/pairs.parquet")
    counted = {(run, outcome): count for run, outcome, count in pairs.group_by("from_run", "outcome").len().rows()}
    assert counted == {("whole", "pair"): 6, ("whole", "alike"): 2, ("elsewhere", "not_in_blend"): 8}


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["wole"], "no run of this name. Did you mean 'whole'"),
        (["stopped"], "it is interrupted; expected a run that succeeded"),
        (["asked"], "had other prompts than small@1"),
        (["alike"], "no row gives a pair. Of 2 rows that were answered: 0 pairs, 2 alike"),
    ],
)
def test_a_run_that_gives_no_pairs_is_refused_and_nothing_stays(
    attempt: Attempt, tmp_path: Path, names: list[str], said: str
) -> None:
    with pytest.raises(UserError) as refused:
        attempt(*names)
    assert said in str(refused.value)
    assert not list((tmp_path / "workspace/runs").glob("*prefer*"))
