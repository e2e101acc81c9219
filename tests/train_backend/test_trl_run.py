"""One real run of TRL's trainers on a CPU: a warm start, two steps of GRPO, two of DPO on what GRPO answered.

Everything here reads one launch, which takes about a minute on two idle cores: nearly all of it is importing.
"""

import json
from io import StringIO
from itertools import chain, islice, pairwise, repeat
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from crossthink.workspace import Workspace
from manifests.catalog import Catalog
from manifests.store import Stored
from tests.train_backend.support import two_components, write_blend
from train_backend.runs import train, views

PLAN = """
name: short
backend: trl
model: {tiny: {vocabulary: 400, layers: 1, hidden: 64}}
stages:
  - {kind: sft, steps: 60, batch_size: 16, learning_rate: 5.0e-3, max_length: 160}
  - kind: grpo
    steps: 2
    batch_size: 8
    rollouts: 4
    max_prompt_length: 128
    max_response_length: 24
    # two passes a step
    tokens_per_gpu: 2432
    learning_rate: 1.0e-3
  - {kind: dpo, steps: 2, batch_size: 4, max_length: 160, learning_rate: 1.0e-3}
resources: {platform: cpu, stall_seconds: 600}
"""
STEPS, BATCH, ROLLOUTS = 2, 8, 4
STAGES = {"sft": 60, "grpo": 2, "dpo": 2}


class Run:
    """What the launch left behind, and what it said."""

    def __init__(self, workspace: Workspace, blend: Stored, folder: Path, said: str) -> None:
        self.workspace, self.blend, self.folder, self.said = workspace, blend, folder, said
        self.record: dict[str, Any] = json.loads((folder / "run.json").read_text())
        self.rollouts = pl.read_parquet(folder / "rollouts.parquet")

    def sql(self, query: str) -> list[dict[str, Any]]:
        with Catalog(views(self.workspace.runs)) as catalog:
            return list(catalog.query(query).to_pylist())

    def metric(self, stage: str, name: str) -> list[float]:
        query = f"select value from metrics where stage = '{stage}' and metric = '{name}' order by step"
        return [row["value"] for row in self.sql(query)]

    def weights(self, stage: str) -> dict[str, Any]:
        from safetensors.torch import load_file

        folder = "model" if stage == "model" else f"{stage}/checkpoints/checkpoint-{STAGES[stage]}"
        return dict(load_file(self.folder / folder / "model.safetensors"))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    home = tmp_path_factory.mktemp("run")
    workspace = Workspace(home / "workspace")
    rows = list(islice(chain.from_iterable(repeat(two_components(8))), STEPS * BATCH))
    blend = write_blend(workspace.manifests, rows, BATCH)
    (home / "plan.yaml").write_text(PLAN)
    said = StringIO()
    console = Console(file=said, width=100)
    folder = train(workspace, "small", home / "plan.yaml", dry_run=False, again=False, console=console)
    return Run(workspace, blend, folder, said.getvalue())


def test_it_ends_well_and_says_so_last(run: Run) -> None:
    assert run.record["succeeded"]
    assert {stage["name"]: (stage["kind"], stage["steps"], stage["exit_code"]) for stage in run.record["stages"]} == {
        name: (name, steps, 0) for name, steps in STAGES.items()
    }
    assert run.record["content_digest"] == run.blend.manifest.digests.content
    assert run.record["versions"]["trl"] == "1.16.0"


def test_each_stage_starts_from_the_model_of_the_one_before_and_changes_it(run: Run) -> None:
    chained = ["model", *STAGES]
    for before, after in pairwise(chained):
        config = json.loads((run.folder / after / "config.json").read_text())
        assert config["model"].startswith("./model" if before == "model" else f"./{before}/")
        start, end = run.weights(before), run.weights(after)
        assert start.keys() == end.keys()
        assert any(not start[name].equal(end[name]) for name in start)


def test_the_losses_are_numbers_and_the_warm_start_learns(run: Run) -> None:
    for stage, steps in STAGES.items():
        losses = run.metric(stage, "loss")
        assert len(losses) == steps
        assert all(abs(loss) < 100 for loss in losses)
    assert run.metric("sft", "loss")[-1] < run.metric("sft", "loss")[0] / 2


def test_a_step_is_one_batch_of_the_manifest_in_its_rollouts(run: Run) -> None:
    order = pl.read_parquet(run.blend.rows_path)
    joined = run.rollouts.join(order, on=["position", "row_id", "item_id", "component", "source", "template"])
    assert joined.height == run.rollouts.height == STEPS * BATCH * ROLLOUTS
    assert joined.filter(pl.col("step") != pl.col("batch") + 1).is_empty()
    assert set(run.rollouts.group_by("position").len()["len"].to_list()) == {ROLLOUTS}


def test_the_trainer_sees_the_rewards_that_the_rollouts_have(run: Run) -> None:
    means = run.sql(
        "select step, avg(score) as reward, avg(tokens) as tokens from rollouts group by step order by step"
    )
    assert run.metric("grpo", "reward") == [pytest.approx(row["reward"], abs=1e-6) for row in means]
    assert run.metric("grpo", "completions/mean_length") == [pytest.approx(row["tokens"]) for row in means]
    assert [each["reward"] for each in run.record["rewards"]] == [row["reward"] for row in means]
    assert max(row["reward"] for row in means) > 0


def test_every_row_has_its_pass_rate(run: Run) -> None:
    counted = run.sql("select sum(responses + unjudged) as n, count(*) as items from item_pass_rates")
    assert counted == [{"n": STEPS * BATCH * ROLLOUTS, "items": 8}]


def test_a_pair_is_the_best_and_the_worst_response_of_its_row(run: Run) -> None:
    looked = run.sql("select * from preference_pairs order by pair nulls last")
    assert {row["row_id"] for row in looked} == set(run.rollouts["row_id"])
    scores = {(row["row_id"], row["response"]): row["score"] for row in run.rollouts.to_dicts()}
    for row in looked:
        of_row = [score for (row_id, _), score in scores.items() if row_id == row["row_id"]]
        assert (row["chosen_score"], row["rejected_score"]) == (max(of_row), min(of_row))
        assert (row["outcome"] == "pair") == (max(of_row) > min(of_row))
        if row["outcome"] == "pair":
            assert scores[row["row_id"], row["chosen"]] == max(of_row)
            assert scores[row["row_id"], row["rejected"]] == min(of_row)


def test_the_pairs_are_what_dpo_read_in_their_order_and_again_from_the_top(run: Run) -> None:
    pairs = run.sql("select chosen, rejected from preference_pairs where outcome = 'pair' order by pair")
    read = pq.read_table(run.folder / "dpo/rows.parquet").to_pylist()
    assert [(row["chosen"][0]["content"], row["rejected"][0]["content"]) for row in read] == [
        (pair["chosen"], pair["rejected"]) for pair in islice(chain.from_iterable(repeat(pairs)), 2 * 4)
    ]
    assert f"{len(pairs)} pairs" in (run.folder / "dpo/log.txt").read_text()


def test_dpo_learns_to_prefer_from_no_preference_at_all(run: Run) -> None:
    """The first step's loss is log 2: policy and reference are the model that grpo ended with."""
    assert run.metric("dpo", "loss")[0] == pytest.approx(0.6931, abs=1e-3)
    assert run.metric("dpo", "rewards/margins")[1] > 0


def test_a_stage_that_ran_refuses_to_run_again_by_hand(run: Run) -> None:
    import subprocess

    done = subprocess.run(["sh", run.folder / "grpo/command.sh"], capture_output=True, text=True, check=False)
    assert (done.returncode, "was started before" in done.stderr) == (3, True)


def test_the_logs_hold_no_progress_bars(run: Run) -> None:
    for stage in STAGES:
        assert "%|" not in (run.folder / stage / "log.txt").read_text()
