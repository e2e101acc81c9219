"""One real run: supervised warm start, two steps of GRPO, and a step of another GRPO stage, with verl on the CPU platform.

Between the two steps the rollout actor is killed, which ends the run; it is gone on with, and reaches its end as if nothing
had happened. Everything here reads this one run, of four launches: nearly all of its minutes are starting up.
"""

import json
import re
import threading
from collections import defaultdict
from io import StringIO
from itertools import chain, islice, repeat
from pathlib import Path
from typing import Any

import polars as pl
import psutil
import pytest
from rich.console import Console

from crossthink.workspace import Workspace
from manifests.catalog import Catalog
from manifests.store import Stored
from tests.train_backend.support import two_components, write_blend
from train_backend.backend import RunFailed
from train_backend.process import processes_of
from train_backend.resume import resume
from train_backend.runs import train, views

PLAN = """
name: short
model: {tiny: {vocabulary: 400, layers: 1, hidden: 64}}
stages:
  - {kind: sft, steps: 60, batch_size: 16, learning_rate: 5.0e-3, max_length: 160}
  - kind: grpo
    name: grpo
    steps: 2
    batch_size: 8
    rollouts: 4
    max_prompt_length: 128
    max_response_length: 24
    learning_rate: 1.0e-3
    save_every: 1
    overrides: {trainer.rollout_data_dir: grpo/verl-dump}
  - kind: grpo
    name: longer
    batch_size: 8
    rollouts: 2
    max_prompt_length: 128
    max_response_length: 32
    kl_in: reward
    kl_estimate: k1
    learning_rate: 1.0e-3
    reward: {score: accuracy}
resources: {platform: cpu, stall_seconds: 1800}
"""
STEPS, BATCH, ROLLOUTS = 2, 8, 4
STAGES = ["sft", "grpo", "longer"]


class Run:
    """What the launches left behind, what they said, and how the first of them ended."""

    def __init__(self, workspace: Workspace, blend: Stored, folder: Path, failure: str, said: str) -> None:
        self.workspace, self.blend, self.folder, self.failure, self.said = workspace, blend, folder, failure, said
        self.record: dict[str, Any] = json.loads((folder / "run.json").read_text())

    def sql(self, query: str) -> list[dict[str, Any]]:
        with Catalog(views(self.workspace.runs)) as catalog:
            return list(catalog.query(query).to_pylist())

    def metric(self, name: str) -> list[float]:
        found = self.sql(f"select value from metrics where stage = 'grpo' and metric = '{name}' order by step")
        return [row["value"] for row in found]


def kill_the_rollout_actor_after_the_first_step(run: Path, is_over: threading.Event) -> None:
    metrics = run / "grpo" / "metrics.jsonl"
    while not (metrics.exists() and metrics.read_text()):
        if is_over.wait(0.05):
            return
    for number in processes_of(run):
        process = psutil.Process(number)
        if process.cmdline()[0].startswith("ray::GenerationServer"):
            process.kill()


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    home = tmp_path_factory.mktemp("run")
    workspace = Workspace(home / "workspace")
    rows = list(islice(chain.from_iterable(repeat(two_components(8))), (STEPS + 1) * BATCH))
    blend = write_blend(workspace.manifests, rows, BATCH)
    (home / "plan.yaml").write_text(PLAN)
    said = StringIO()
    console = Console(file=said, width=100)
    is_over = threading.Event()
    arguments = (workspace.runs / "small-v1-short", is_over)
    killer = threading.Thread(target=kill_the_rollout_actor_after_the_first_step, args=arguments)
    killer.start()
    try:
        with pytest.raises(RunFailed) as failed:
            train(workspace, "small", home / "plan.yaml", dry_run=False, again=False, console=console)
    finally:
        is_over.set()
        killer.join()
    folder = resume(workspace, "small-v1-short", console=console)
    return Run(workspace, blend, folder, str(failed.value), said.getvalue())


def test_a_rollout_actor_that_is_killed_ends_the_run_and_the_cause_is_found_in_the_log(run: Run) -> None:
    """verl's last words are of a replay buffer without trajectories."""
    assert "the grpo stage ended with exit code 1" in run.failure and "says why, a process died:" in run.failure
    assert re.search(r"ActorDiedError: .* class_name: GenerationServer", run.failure)
    assert "Go on from where it stands with: crossthink run resume small-v1-short" in run.failure
    first = json.loads((run.folder / "attempts/1/run.json").read_text())
    assert (first["ended"], first["cause"].split(":")[0]) == ("failed", "a process died")
    assert [stage["name"] for stage in first["stages"]] == ["sft", "grpo"]


def test_it_went_on_from_the_checkpoint_with_the_rows_of_an_uninterrupted_run(run: Run) -> None:
    assert "grpo: goes on after step 1 of 2" in run.said
    (attempt,) = run.record["attempts"]
    assert (attempt["stage"], attempt["after"], attempt["ended"]) == ("grpo", 1, "failed")
    query = "select distinct step, position from rollouts where stage = 'grpo' order by all"
    seen = [(row["step"], row["position"]) for row in run.sql(query)]
    assert seen == [(place // BATCH + 1, place) for place in range(STEPS * BATCH)]
    assert steps_in(run.folder / "attempts/1/grpo/metrics.jsonl") == [1]
    assert steps_in(run.folder / "grpo/metrics.jsonl") == [2]


def steps_in(metrics: Path) -> list[int]:
    return [json.loads(line)["step"] for line in metrics.read_text().splitlines()]


def test_it_ends_well_and_says_so_last(run: Run) -> None:
    assert run.record["succeeded"]
    assert [(stage["name"], stage["exit_code"]) for stage in run.record["stages"]] == [(name, 0) for name in STAGES]
    assert run.record["content_digest"] == run.blend.manifest.digests.content
    assert run.record["versions"]["verl"] == "0.9.1"


def test_it_prints_the_reward_of_each_step_and_what_that_means(run: Run) -> None:
    assert re.findall(r"step +(\d+)  reward 0\.\d{3}", run.said) == ["1", "2", "1"]
    assert "first quarter" in run.said and "nothing about reasoning" in run.said


def test_the_policy_really_learns(run: Run) -> None:
    """A finite loss, a gradient, and other weights than before; not a higher reward, after two steps."""
    assert all(abs(loss) < 100 for loss in run.metric("actor/pg_loss"))
    assert any(norm > 0 for norm in run.metric("actor/grad_norm"))
    before = weights(run.folder / "sft/checkpoints/global_step_60/huggingface")
    after = weights(run.folder / f"grpo/checkpoints/global_step_{STEPS}/actor/huggingface")
    assert before.keys() == after.keys()
    assert all(not before[name].equal(after[name]) for name in before)


def test_the_rollouts_came_from_the_policy_that_is_trained(run: Run) -> None:
    """Weights reach the rollout server: its log-probabilities are the trainer's own."""
    assert all(value < 1e-3 for value in run.metric("training/rollout_probs_diff_max"))


def test_every_response_is_a_row_that_joins_back_to_the_blend(run: Run) -> None:
    rollouts = pl.read_parquet(run.folder / "rollouts.parquet").filter(pl.col("stage") == "grpo")
    assert rollouts.height == STEPS * BATCH * ROLLOUTS
    order = pl.read_parquet(run.blend.rows_path)
    joined = rollouts.join(order, on=["position", "row_id", "item_id", "component", "source", "template"])
    assert joined.height == rollouts.height
    assert joined.filter(pl.col("step") != pl.col("batch") + 1).is_empty()
    per_row = rollouts.group_by("position").agg(pl.col("sample").sort())
    assert all(samples == list(range(ROLLOUTS)) for samples in per_row["sample"].to_list())


def test_sql_gives_the_rewards_that_the_log_prints(run: Run) -> None:
    logs = [run.folder / place / "grpo" / "log.txt" for place in ("attempts/1", "")]
    log = "".join(path.read_text(errors="replace") for path in logs)
    printed = re.findall(r"step:(\d+) - .*?critic/score/mean:([-\d.e]+)", log)
    asked = run.sql("select step, avg(score) as reward from rollouts where stage = 'grpo' group by step order by step")
    assert [(row["step"], pytest.approx(row["reward"], abs=1e-6)) for row in asked] == [
        (int(step), float(reward)) for step, reward in printed
    ]
    recorded = [each["reward"] for each in run.record["rewards"] if each["stage"] == "grpo"]
    assert recorded == [row["reward"] for row in asked]


def test_sql_gives_the_rewards_per_component_that_verl_dumped(run: Run) -> None:
    """verl's own dump of the rollouts has prompts and scores; the first line of a prompt says which component it is."""
    dumped: dict[tuple[int, str], list[float]] = defaultdict(list)
    for step in range(1, STEPS + 1):
        for line in (run.folder / f"grpo/verl-dump/{step}.jsonl").read_text().splitlines():
            entry = json.loads(line)
            dumped[step, "math" if "plus" in entry["input"] else "mcq"].append(entry["score"])
    asked = run.sql(
        "select step, component, avg(score) as reward, count(*) as n from rollouts where stage = 'grpo' group by all"
    )
    assert {(row["step"], row["component"]): (row["n"], pytest.approx(row["reward"])) for row in asked} == {
        key: (len(scores), sum(scores) / len(scores)) for key, scores in dumped.items()
    }
    assert set(dumped) == {(step, name) for step in (1, 2) for name in ("math", "mcq")}


def test_a_stage_starts_from_the_model_of_the_one_before_and_reads_on_in_the_manifest(run: Run) -> None:
    config = (run.folder / "longer" / "config.yaml").read_text()
    assert f"grpo/checkpoints/global_step_{STEPS}/actor/huggingface" in config
    first = run.sql("select distinct position, step from rollouts where stage = 'longer' order by position")
    assert first == [{"position": STEPS * BATCH + place, "step": 1} for place in range(BATCH)]
    start = weights(run.folder / f"grpo/checkpoints/global_step_{STEPS}/actor/huggingface")
    end = weights(run.folder / "longer/checkpoints/global_step_1/actor/huggingface")
    assert any(not start[name].equal(end[name]) for name in start)


def test_a_stage_has_its_own_lengths_rollouts_reward_and_kl(run: Run) -> None:
    assert run.sql("select count(*) as n from rollouts where stage = 'longer'") == [{"n": 2 * BATCH}]
    assert run.sql("select count(*) as n from rollouts where stage = 'longer' and score <> acc") == [{"n": 0}]
    kl = run.sql("select metric from metrics where stage = 'longer' and metric like '%kl%'")
    assert {"metric": "actor/reward_kl_penalty"} in kl and {"metric": "actor/kl_loss"} not in kl


def test_every_row_has_its_pass_rate(run: Run) -> None:
    counted = run.sql(
        "select sum(responses + unjudged) as n, min(low) >= 0 and max(high) <= 1 as ok from item_pass_rates"
    )
    assert counted == [{"n": STEPS * BATCH * ROLLOUTS + 2 * BATCH, "ok": True}]


def test_a_response_has_its_length_in_tokens(run: Run) -> None:
    assert run.sql("select min(tokens) > 0 and max(tokens) <= 32 as ok from rollouts") == [{"ok": True}]


def test_the_same_plan_on_the_same_blend_is_not_run_twice(run: Run, tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text(PLAN)
    console = Console(file=StringIO(), width=200)
    again = train(run.workspace, "small", tmp_path / "plan.yaml", dry_run=False, again=False, console=console)
    assert again == run.folder


def weights(folder: Path) -> dict[str, Any]:
    from safetensors.torch import load_file

    return dict(load_file(folder / "model.safetensors"))
