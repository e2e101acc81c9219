"""Collecting a run's responses, also after a kill in the middle of a line."""

import json
from pathlib import Path

import pyarrow.parquet as pq

from tests.train_backend.support import two_components, write_blend
from train_backend.backend import RenderedStage
from train_backend.rollouts import METRICS_SCHEMA, ROLLOUTS_SCHEMA, collect_metrics, collect_rollouts


def outcome(step: int, position: int, score: float) -> str:
    parts = {"score": score, "acc": score, "format": 1.0, "timed_out": False, "reason": "correct"}
    row = {"row_id": "r", "item_id": "i", "component": "math", "template": "open", "response": "<think>"}
    return json.dumps({"step": step, "position": position, **row, **parts}) + "\n"


def test_responses_of_several_processes_become_one_ordered_table(tmp_path: Path) -> None:
    blend = write_blend(tmp_path / "manifests", two_components(4), batch_size=2)
    stage = RenderedStage("grpo", tmp_path, steps=2, headline="reward")
    stage.outcomes.mkdir()
    (stage.outcomes / "1.jsonl").write_text(outcome(2, 2, 1.0) + outcome(1, 0, 1.0) + outcome(1, 0, 0.0)[:40])
    (stage.outcomes / "2.jsonl").write_text(outcome(1, 0, 0.0) + outcome(1, 1, 0.5))
    (stage.outcomes / "3.jsonl").write_text("")
    rewards = collect_rollouts([stage], blend.rows_path, "run", tmp_path / "rollouts.parquet")
    table = pq.read_table(tmp_path / "rollouts.parquet")
    assert table.schema.equals(ROLLOUTS_SCHEMA)
    rows = table.select(["step", "position", "sample", "source"]).to_pylist()
    assert [tuple(row.values()) for row in rows] == [
        (1, 0, 0, "math-source"),
        (1, 0, 1, "math-source"),
        (1, 1, 0, "mcq-source"),
        (2, 2, 0, "math-source"),
    ]
    assert [(each.step, each.reward, each.responses) for each in rewards] == [(1, 0.5, 3), (2, 1.0, 1)]


def test_a_run_that_scored_nothing_has_empty_tables(tmp_path: Path) -> None:
    blend = write_blend(tmp_path / "manifests", two_components(4), batch_size=2)
    stage = RenderedStage("grpo", tmp_path, steps=2, headline="reward")
    assert collect_rollouts([stage], blend.rows_path, "run", tmp_path / "rollouts.parquet") == []
    collect_metrics([stage], "run", tmp_path / "metrics.parquet")
    assert pq.read_table(tmp_path / "metrics.parquet").schema.equals(METRICS_SCHEMA)
