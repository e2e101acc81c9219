"""A run's folder and record, with a backend that only pretends to train."""

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from crossthink.errors import UserError
from crossthink.workspace import Workspace
from manifests.catalog import Catalog
from manifests.store import Stored
from tests.train_backend.support import two_components, write_blend
from train_backend.backend import RenderedStage, RunFailed, StageResult
from train_backend.plan import Plan
from train_backend.record import read_record
from train_backend.runs import train, views

PLAN = """
name: pretend
model: {tiny: {}}
stages:
  - {kind: sft, steps: 1, batch_size: 4, learning_rate: 1.0e-3, max_length: 64}
  - {kind: grpo, batch_size: 4, max_prompt_length: 64, max_response_length: 8}
resources: {platform: cpu}
"""


class PretendBackend:
    """Ends its stages as told: an exit code for each kind, or an exception; `after` is called when a stage has ended."""

    def __init__(
        self, after: Callable[[RenderedStage], None] = lambda stage: None, **ends: int | BaseException
    ) -> None:
        self.after = after
        self.ends: dict[str, int | BaseException] = {"sft": 0, "grpo": 0, **ends}

    def check(self, plan: Plan, blend: Stored) -> None: ...

    def render(self, plan: Plan, blend: Stored, run: Path) -> list[RenderedStage]:
        stages = [RenderedStage(stage.kind, run / stage.kind, 2, headline="score") for stage in plan.stages]
        for stage in stages:
            stage.folder.mkdir()
            (stage.folder / "rows.parquet").write_text("the rows")
        return stages

    def launch(
        self,
        stage: RenderedStage,
        plan: Plan,
        each_second: Callable[[], None],
        cluster: str | None = None,
        after: int = 0,
    ) -> StageResult:
        stage.log.write_text("all is well\nthe worker ran out of memory\n")
        stage.metrics.write_text("".join(f'{{"step": {n}, "data": {{"score": 0.{n}}}}}\n' for n in (1, 2)))
        each_second()
        end = self.ends[stage.kind]
        if isinstance(end, BaseException):
            raise end
        self.after(stage)
        return StageResult(end, stalled=False, seconds=1.0)

    def rewind(self, stage: RenderedStage, aside: Path) -> int:
        return 0


Attempt = Callable[..., Path]


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    workspace = Workspace(tmp_path / "workspace")
    write_blend(workspace.manifests, two_components(8), batch_size=4)
    (tmp_path / "plan.yaml").write_text(PLAN)
    return workspace


@pytest.fixture
def attempt(workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Attempt:
    def run(*, dry_run: bool = False, again: bool = False, **ends: Any) -> Path:
        monkeypatch.setattr("train_backend.runs.find_backend", lambda name: PretendBackend(**ends))
        console = Console(file=StringIO())
        return train(workspace, "small", tmp_path / "plan.yaml", dry_run=dry_run, again=again, console=console)

    return run


def test_a_failed_stage_is_recorded_and_shows_the_end_of_its_log(attempt: Attempt, workspace: Workspace) -> None:
    with pytest.raises(RunFailed, match="grpo stage ended with exit code 7") as failed:
        attempt(grpo=7)
    assert "ran out of memory" in str(failed.value)
    with Catalog(views(workspace.runs)) as catalog:
        found = catalog.query("select succeeded, ended, stages[2].exit_code as code from runs").to_pylist()
    assert found == [{"succeeded": False, "ended": "failed", "code": 7}]


def test_after_a_failed_warm_start_nothing_else_starts(attempt: Attempt, workspace: Workspace) -> None:
    with pytest.raises(RunFailed, match="sft stage"):
        attempt(sft=1)
    record = json.loads(next(workspace.runs.glob("*/run.json")).read_text())
    assert [stage["kind"] for stage in record["stages"]] == ["sft"]


def test_a_run_that_succeeded_stands_until_it_is_asked_for_again(attempt: Attempt) -> None:
    first = attempt()
    assert attempt() == first
    assert attempt(again=True).name == f"{first.name}-2"


def test_a_failed_run_does_not_stand_and_is_not_overwritten(attempt: Attempt, workspace: Workspace) -> None:
    with pytest.raises(RunFailed):
        attempt(grpo=1)
    attempt()
    assert len(list(workspace.runs.glob("*/run.json"))) == 2


def test_what_was_only_rendered_is_rendered_anew(attempt: Attempt) -> None:
    rendered = attempt(dry_run=True)
    assert not (rendered / "run.json").exists()
    assert attempt() == rendered


@pytest.mark.parametrize("sign", ["grpo/log.txt", "grpo/outcomes/1.jsonl", "sft/checkpoints/1", "grpo/metrics.jsonl"])
def test_a_run_that_was_started_by_hand_is_never_rendered_over(attempt: Attempt, sign: str) -> None:
    rendered = attempt(dry_run=True)
    (rendered / sign).parent.mkdir(exist_ok=True)
    (rendered / sign).write_text("hours of work")
    assert attempt(dry_run=True).name == attempt().name == f"{rendered.name}-2"
    assert (rendered / sign).read_text() == "hours of work"


def test_an_error_that_nobody_foresaw_is_recorded_and_raised(attempt: Attempt, workspace: Workspace) -> None:
    with pytest.raises(ConnectionError, match="reset by peer"):
        attempt(grpo=ConnectionError("reset by peer"))
    record = json.loads(next(workspace.runs.glob("*/run.json")).read_text())
    assert (record["ended"], record["succeeded"]) == ("failed", False)
    assert [stage["name"] for stage in record["stages"]] == ["sft"]


@pytest.mark.parametrize("text", ['{"run_id": "r', "[]", "{}", '{"run_id": "small-v1-pretend"}'])
def test_a_damaged_record_does_not_stand_and_stops_no_training(attempt: Attempt, text: str) -> None:
    first = attempt()
    (first / "run.json").write_text(text)
    assert attempt().name == f"{first.name}-2"


def test_a_run_with_another_reward_code_does_not_stand(attempt: Attempt, monkeypatch: pytest.MonkeyPatch) -> None:
    first = attempt()
    assert len(json.loads((first / "run.json").read_text())["reward_digest"]) == 64
    monkeypatch.setattr("train_backend.record.reward_digest", lambda: "another")
    assert attempt().name == f"{first.name}-2"


@pytest.mark.parametrize("end", [KeyboardInterrupt(), SystemExit(143)])
def test_an_interrupted_run_is_recorded_and_keeps_what_it_has(
    attempt: Attempt, workspace: Workspace, end: BaseException
) -> None:
    with pytest.raises(type(end)):
        attempt(grpo=end)
    with Catalog(views(workspace.runs)) as catalog:
        asked = "select ended, (select count(*) from metrics where stage = 'grpo') as steps from runs"
        assert catalog.query(asked).to_pylist() == [{"ended": "interrupted", "steps": 2}]


@pytest.mark.parametrize("change", [lambda file: file.write_text("other rows"), Path.unlink])
def test_rows_that_changed_after_rendering_are_not_trained_on(
    attempt: Attempt, workspace: Workspace, change: Callable[[Path], object]
) -> None:
    def after(stage: RenderedStage) -> None:
        if stage.kind == "sft":
            change(stage.folder.parent / "grpo" / "rows.parquet")

    with pytest.raises(UserError, match=r"grpo/rows\.parquet: changed since it was rendered"):
        attempt(after=after)
    record = json.loads(next(workspace.runs.glob("*/run.json")).read_text())
    assert (record["ended"], record["succeeded"]) == ("refused", False)
    assert [stage["name"] for stage in record["stages"]] == ["sft"]


def test_a_second_launch_of_the_same_run_is_refused_while_the_first_goes_on(attempt: Attempt) -> None:
    def meanwhile(stage: RenderedStage) -> None:
        with pytest.raises(UserError, match="a run of this plan on this blend is being written by another process"):
            attempt()

    assert (attempt(after=meanwhile) / "run.json").exists()


def test_every_number_that_was_logged_can_be_asked_for(attempt: Attempt, workspace: Workspace) -> None:
    attempt()
    with Catalog(views(workspace.runs)) as catalog:
        found = catalog.query("select step, value from metrics where stage = 'grpo' order by step").to_pylist()
    assert found == [{"step": 1, "value": 0.1}, {"step": 2, "value": 0.2}]


def test_rows_that_another_verifier_admitted_are_not_trained_on(
    attempt: Attempt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("train_backend.runs.verifier_digest", lambda: "another")
    with pytest.raises(UserError, match="another version of the verifier"):
        attempt()


@pytest.mark.parametrize("text", ['{"run_id": "r', "[]", '{"run_id": "another"}'])
def test_a_damaged_record_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "run.json").write_text(text)
    with pytest.raises(UserError, match=r"run\.json: damaged"):
        read_record(tmp_path / "r" / "run.json")
