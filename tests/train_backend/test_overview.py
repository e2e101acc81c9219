"""`crossthink runs` and `crossthink run show`, on a run that only pretends to have trained."""

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from crossthink.workspace import Workspace
from manifests.store import Stored
from tests.support import CommandLine
from tests.train_backend.support import two_components, write_blend
from train_backend.backend import RenderedStage, StageResult
from train_backend.plan import Plan
from train_backend.runs import train

PLAN = """
name: pretend
model: {tiny: {}}
stages:
  - {kind: grpo, name: first, steps: 2, batch_size: 4, max_prompt_length: 64, max_response_length: 8}
  - {kind: grpo, name: second, batch_size: 4, max_prompt_length: 64, max_response_length: 8, reward: {score: accuracy}}
resources: {platform: cpu}
"""


class ScoringBackend:
    """Scores one response of each row: right in every second step, and one comparison in each stage times out."""

    def check(self, plan: Plan, blend: Stored) -> None: ...

    def render(self, plan: Plan, blend: Stored, run: Path) -> list[RenderedStage]:
        self.rows = blend.rows().to_pylist()
        self.first = {stage.name: stage.first_batch for stage in plan.in_order}
        return [RenderedStage("grpo", run / stage.name, 2, headline="score") for stage in plan.in_order]

    def launch(
        self,
        stage: RenderedStage,
        plan: Plan,
        each_second: Callable[[], None],
        cluster: str | None = None,
        after: int = 0,
    ) -> StageResult:
        stage.outcomes.mkdir(parents=True)
        stage.log.write_text("all is well")
        with (stage.outcomes / "1.jsonl").open("w") as file:
            for step in (1, 2):
                batch = self.first[stage.name] + step - 1
                for row in self.rows[4 * batch : 4 * batch + 4]:
                    late = step == 1 and row["position"] % 8 == 0
                    keys = ("position", "row_id", "item_id", "component", "template")
                    scored = {"score": step - 1.0, "acc": step - 1.0, "format": 1.0, "tokens": 5, "timed_out": late}
                    file.write(json.dumps({key: row[key] for key in keys} | scored | {"step": step}) + "\n")
        return StageResult(0, stalled=False, seconds=1.0)

    def rewind(self, stage: RenderedStage, aside: Path) -> int:
        return 0


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace with a finished run `small-v1-pretend` and a rendered one, `small-v1-pretend-2`."""
    root = tmp_path / "workspace"
    write_blend(Workspace(root).manifests, two_components(16), batch_size=4)
    (tmp_path / "plan.yaml").write_text(PLAN)
    monkeypatch.setattr("train_backend.runs.find_backend", lambda name: ScoringBackend())
    for dry_run in (False, True):
        console = Console(file=StringIO())
        train(Workspace(root), "small", tmp_path / "plan.yaml", dry_run=dry_run, again=True, console=console)
    return root


def test_runs_are_listed_finished_or_not(workspace: Path, crossthink: CommandLine) -> None:
    code, said, _ = crossthink("runs", "-w", workspace, "--format", "json")
    finished, rendered = json.loads(said)
    assert code == 0
    assert (finished["run"], finished["blend"], finished["ended"]) == ("small-v1-pretend", "small@1", "succeeded")
    assert (finished["steps"], finished["reward_first"], finished["reward_last"]) == (4, 0.0, 1.0)
    assert (rendered["run"], rendered["ended"], rendered["reward_last"]) == ("small-v1-pretend-2", "rendered", None)


def test_a_killed_run_is_listed_as_unfinished(workspace: Path, crossthink: CommandLine) -> None:
    (workspace / "runs/small-v1-pretend/run.json").unlink()
    _, said, _ = crossthink("runs", "-w", workspace, "--format", "json")
    assert [line["ended"] for line in json.loads(said)] == ["unfinished", "rendered"]


def test_a_run_that_its_own_command_started_is_no_draft(workspace: Path, crossthink: CommandLine) -> None:
    (workspace / "runs/small-v1-pretend-2/first/checkpoints").mkdir(parents=True)
    _, said, _ = crossthink("runs", "-w", workspace, "--format", "json")
    assert [line["ended"] for line in json.loads(said)] == ["succeeded", "unfinished"]


def test_a_run_is_shown_with_its_digests_stages_versions_and_rewards(workspace: Path, crossthink: CommandLine) -> None:
    code, said, _ = crossthink("run", "show", "small-v1-pretend", "-w", workspace)
    manifest = json.loads((workspace / "runs/small-v1-pretend/manifest.json").read_text())
    lines = [line.split() for line in said.splitlines()]
    assert code == 0 and "run small-v1-pretend: succeeded" in said
    assert all(value in said for value in (*manifest["digests"].values(), manifest["verifier_digest"]))
    assert ["first", "grpo", "2", "0", "False", "1"] in lines
    assert ["second", "mcq", "4", "0", "1", "1", "1", "5", "0"] in lines
    assert ["first", "math", "4", "0", "1", "1", "1", "5", "1"] in lines
    assert "polars" not in said and "python 3." in said
    assert ["reward", "accuracy", "AND", "format"] in lines
    assert ["reward", "of", "second", "accuracy"] in lines and "reward of first" not in said


def test_a_run_that_was_only_rendered_shows_what_was_asked(workspace: Path, crossthink: CommandLine) -> None:
    code, said, _ = crossthink("run", "show", "small-v1-pretend-2", "-w", workspace)
    assert code == 0
    assert "run small-v1-pretend-2: rendered" in said and "accuracy AND format" in said


def test_an_unknown_run_names_the_nearest(workspace: Path, crossthink: CommandLine) -> None:
    code, _, said = crossthink("run", "show", "small-v1-pretent", "-w", workspace)
    assert code == 2
    assert "Did you mean 'small-v1-pretend'?" in said


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"run_id": "small-v1-pretend"}', '{"name": 3}'])
@pytest.mark.parametrize("file", ["plan.json", "manifest.json", "run.json"])
def test_a_damaged_run_is_listed_and_named_and_breaks_no_other(
    workspace: Path, crossthink: CommandLine, file: str, text: str
) -> None:
    (workspace / "runs/small-v1-pretend" / file).write_text(text)
    code, said, _ = crossthink("runs", "-w", workspace, "--format", "json")
    assert (code, [line["ended"] for line in json.loads(said)]) == (0, ["damaged", "rendered"])
    code, _, said = crossthink("run", "show", "small-v1-pretend", "-w", workspace)
    assert code == 2 and f"{file}: " in said and "damaged" in said and "pydantic" not in said
    assert crossthink("run", "show", "small-v1-pretend-2", "-w", workspace)[0] == 0


def test_damaged_rollouts_are_named(workspace: Path, crossthink: CommandLine) -> None:
    (workspace / "runs/small-v1-pretend/rollouts.parquet").write_text("no table")
    code, _, said = crossthink("run", "show", "small-v1-pretend", "-w", workspace)
    assert code == 2 and "rollouts.parquet: damaged" in said


def test_a_workspace_without_runs_has_an_empty_list(tmp_path: Path, crossthink: CommandLine) -> None:
    code, said, _ = crossthink("runs", "-w", tmp_path, "--format", "json")
    assert (code, json.loads(said)) == (0, [])
