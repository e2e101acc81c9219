"""Going on with a run: what is kept, what begins anew, and what is refused because it is not what the run began with."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from crossthink.errors import UserError
from tests.support import CommandLine
from tests.train_backend.support import two_components, write_blend
from tests.train_backend.trial import NAME, Trial
from train_backend import record
from train_backend.backend import RunFailed


@pytest.fixture
def failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Trial:
    """A run that failed while it wrote the last checkpoint of its first stage."""
    trial = Trial(tmp_path, monkeypatch)
    trial.meets("full:4")
    with pytest.raises(RunFailed):
        trial.train()
    return trial


def test_a_stage_that_ended_well_is_kept(failed: Trial) -> None:
    failed.resume()
    (failed.run / "run.json").unlink()  # a kill before the second stage began
    shutil.rmtree(failed.run / "second" / "outcomes")
    for name in ("log.txt", "metrics.jsonl", "ended.json"):
        (failed.run / "second" / name).unlink()
    shutil.rmtree(failed.run / "second" / "checkpoints")
    log = (failed.run / "first/log.txt").stat().st_mtime_ns
    said = failed.resume()
    failed.goes_on_to_its_end()
    assert (failed.run / "first/log.txt").stat().st_mtime_ns == log
    assert "second: 1 steps" in said and "first:" not in said


def test_a_stage_whose_last_checkpoint_is_whole_has_nothing_left_to_do(failed: Trial) -> None:
    failed.resume()
    for path in (
        failed.run / "run.json",
        failed.run / "first/ended.json",
    ):  # a kill between the stage's end and its record
        path.unlink()
    assert "first: its last checkpoint is whole, so there is nothing left to do" in failed.resume()
    failed.goes_on_to_its_end()


def test_without_a_whole_checkpoint_the_stage_begins_anew(failed: Trial) -> None:
    (failed.run / "first/checkpoints/global_step_2/data.pt").unlink()
    assert "first: begins anew" in failed.resume()
    failed.goes_on_to_its_end()
    assert [each["set_aside"] for each in failed.record["attempts"]] == [4 * 4 * 2]


def test_a_run_that_was_only_rendered_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trial = Trial(tmp_path, monkeypatch)
    trial.train(dry_run=True)
    trial.resume()
    trial.goes_on_to_its_end()
    assert trial.record["attempts"] == []


def test_a_run_that_succeeded_has_nothing_to_go_on_with(failed: Trial) -> None:
    failed.resume()
    before = failed.record
    assert "nothing to do: this run succeeded" in failed.resume()
    assert failed.record == before


def change_row(trial: Trial) -> None:
    path = trial.run / "first" / "rows.json"
    path.write_text(path.read_text().replace("What is 0 plus 0?", "What is 9 plus 9?", 1))


def change_plan(trial: Trial) -> None:
    path = trial.run / "plan.json"
    path.write_text(path.read_text().replace('"seed": 1', '"seed": 2'))


def change_manifest(trial: Trial) -> None:
    """The same name and version, with other rows."""
    shutil.rmtree(trial.workspace.root / "manifests")
    write_blend(trial.workspace.root / "manifests", two_components(40)[20:], batch_size=4)


def lose_pins(trial: Trial) -> None:
    (trial.run / "rendered.json").write_text("{")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (change_row, r"first/rows\.json: changed since it was rendered"),
        (change_plan, r"plan\.json: changed since it was rendered"),
        (
            change_manifest,
            r"manifests/small/1/manifest\.json: is not the manifest that this run began with, .*/manifest\.json",
        ),
        (lose_pins, r"rendered\.json: missing or damaged"),
    ],
)
def test_what_changed_since_the_run_began_is_named_and_nothing_is_touched(
    failed: Trial, change: Callable[[Trial], None], said: str
) -> None:
    change(failed)
    before = failed.record
    with pytest.raises(UserError, match=said):
        failed.resume()
    assert failed.record == before and not (failed.run / "attempts").exists()


@pytest.mark.parametrize("change", ["edited", "added", "removed"])
def test_other_code_of_the_reward_is_named_and_refused(
    failed: Trial, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    """Between two stages too: each launch imports the reward anew."""
    shutil.copytree(record.REWARD, tmp_path / "reward")
    monkeypatch.setattr(record, "REWARD", tmp_path / "reward")
    monkeypatch.setattr("train_backend.rendered.REWARD", tmp_path / "reward")
    name = "another.py" if change == "added" else "parts.py"
    path = tmp_path / "reward" / name
    path.unlink() if change == "removed" else path.write_text("# other\n")
    with pytest.raises(UserError, match=rf"reward/{name}: the code of the reward changed since the run was rendered"):
        failed.resume()
    assert not (failed.run / "attempts").exists()


def test_rows_that_another_verifier_admitted_are_not_gone_on_with(
    failed: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("train_backend.runs.verifier_digest", lambda: "another")
    with pytest.raises(UserError, match="another version of the verifier"):
        failed.resume()


def test_a_run_that_was_gone_on_with_shows_what_was_set_aside(failed: Trial, crossthink: CommandLine) -> None:
    failed.resume()
    code, said, _ = crossthink("run", "show", NAME, "-w", failed.workspace.root)
    assert code == 0
    assert ["1", "failed", "first", "2", "16"] in [line.split() for line in said.splitlines()]


def test_the_command_ends_with_the_cause_and_exit_code_1(failed: Trial, crossthink: CommandLine) -> None:
    code, _, said = crossthink("run", "resume", NAME, "-w", failed.workspace.root)
    assert code == 1
    assert "says why, the disk is full" in said and f"crossthink run resume {NAME}" in said
    assert [path.name for path in (failed.run / "attempts").iterdir()] == ["1"]


def test_an_unknown_run_names_the_nearest(failed: Trial, crossthink: CommandLine) -> None:
    code, _, said = crossthink("run", "resume", "small-v1-standin", "-w", failed.workspace.root)
    assert code == 2 and f"Did you mean '{NAME}'?" in said


def test_a_failed_run_shows_its_cause(failed: Trial, crossthink: CommandLine) -> None:
    _, said, _ = crossthink("run", "show", NAME, "-w", failed.workspace.root)
    assert "cause             the disk is full: OSError" in said
    assert json.loads((failed.run / "first/ended.json").read_text())["exit_code"] == 1
