"""The fault table of docs/training.md: each fault leaves a clear state, nothing lost, and a run that goes on to its end.

The processes, the launcher and its watchdog are real; the trainer is `stand_in_trainer.py`, which starts in an instant. What
verl itself does when its rollout actor is killed is in `test_run.py`.
"""

import errno
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from crossthink.errors import UserError
from tests.train_backend.stand_in_trainer import EDIT
from tests.train_backend.trial import NAME, PLAN, Trial
from train_backend.backend import RunFailed
from train_backend.process import processes_of


@pytest.fixture
def trial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Trial:
    return Trial(tmp_path, monkeypatch)


def until(is_so: Callable[[], bool], process: "subprocess.Popen[str]") -> None:
    """Wait for what a process is to bring about, and no longer than it lives."""
    while not is_so():
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)


@pytest.fixture
def left_alone() -> Iterator[list[int]]:
    """Processes that a test leaves without a launcher; they are ended with it."""
    numbers: list[int] = []
    yield numbers
    for number in numbers:
        if psutil.pid_exists(number):
            os.kill(number, signal.SIGKILL)


def test_disk_full_while_a_checkpoint_is_written(trial: Trial) -> None:
    trial.meets("full:4")
    with pytest.raises(RunFailed, match=r"says why, the disk is full:\n  OSError: .*No space left on device") as failed:
        trial.train()
    assert f"crossthink run resume {NAME}" in str(failed.value)
    assert trial.record["ended"] == "failed" and trial.record["cause"].startswith("the disk is full: OSError")
    assert "first: goes on after step 2 of 4" in trial.resume()
    assert (trial.run / "attempts/1/first/checkpoints/global_step_4/actor").is_dir()
    trial.goes_on_to_its_end()
    assert trial.record["attempts"] == [
        {"attempt": 1, "ended": "failed", "stage": "first", "after": 2, "set_aside": 16},
    ]


def test_a_disk_that_stays_full_does_not_hide_why_the_run_ended(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    """The record of the run does not fit either; it is written when there is room, and the run goes on."""

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "rollouts.parquet")

    trial.meets("full:4")
    with monkeypatch.context() as patch, pytest.raises(RunFailed, match="says why, the disk is full"):
        patch.setattr("train_backend.execution.collect_rollouts", full)
        trial.train()
    assert not (trial.run / "run.json").exists()
    trial.resume()
    trial.goes_on_to_its_end()


def test_a_reward_worker_is_killed(trial: Trial) -> None:
    trial.meets("worker:3")
    with pytest.raises(RunFailed, match=r"a process died:\n  ray\.exceptions\.ActorDiedError.*RewardLoopWorker"):
        trial.train()
    assert processes_of(trial.run) == []
    trial.resume()
    trial.goes_on_to_its_end()


def test_a_stall_keeps_what_it_has_and_goes_on(trial: Trial) -> None:
    trial.plan.write_text(PLAN.replace("stall_seconds: 900", "stall_seconds: 5"))
    trial.meets("wait:3")
    with pytest.raises(RunFailed, match="made no progress for 5 seconds"):
        trial.train()
    assert trial.record["ended"] == "stalled" and processes_of(trial.run) == []
    trial.resume()
    trial.goes_on_to_its_end()
    assert [each["set_aside"] for each in trial.record["attempts"]] == [4]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_sigterm_and_ctrl_c(trial: Trial, number: signal.Signals) -> None:
    trial.meets("wait:3")
    process = trial.process()
    until(lambda: trial.step_is_halfway(3), process)
    process.send_signal(number)
    said, _ = process.communicate(timeout=60)
    assert f"crossthink run resume {NAME}" in said
    assert trial.record["ended"] == "interrupted" and processes_of(trial.run) == []
    trial.resume()
    trial.goes_on_to_its_end()


def test_a_launcher_that_is_killed_leaves_its_trainer_to_which_it_is_left(trial: Trial, left_alone: list[int]) -> None:
    trial.meets("wait:3")
    process = trial.process()
    until(lambda: trial.step_is_halfway(3), process)
    process.kill()
    process.communicate()
    left_alone += processes_of(trial.run)
    assert left_alone
    with pytest.raises(UserError, match=rf"{NAME}: its trainer is still running.*kill {left_alone[0]}"):
        trial.resume()
    assert not (trial.run / "attempts").exists()
    for number in left_alone:
        os.kill(number, signal.SIGKILL)
    while processes_of(trial.run):
        time.sleep(0.05)
    trial.resume()
    trial.goes_on_to_its_end()
    assert trial.record["attempts"][0]["ended"] == "killed"


def test_a_run_that_goes_on_is_gone_on_with_by_one(trial: Trial) -> None:
    trial.meets("full:4")
    with pytest.raises(RunFailed):
        trial.train()
    trial.meets("wait:3")
    process = trial.process("resume")
    until(lambda: trial.step_is_halfway(3), process)
    for attempt in (trial.resume, trial.train):
        with pytest.raises(UserError, match="a run of this plan on this blend is being written by another process"):
            attempt()
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    trial.resume()
    trial.goes_on_to_its_end()
    assert [each["attempt"] for each in trial.record["attempts"]] == [1, 2]


def test_rows_that_change_after_rendering_are_not_trained_on_and_the_run_goes_on_when_they_are_back(
    trial: Trial,
) -> None:
    trial.meets("edit:1")
    with pytest.raises(UserError, match=r"second/rows\.json: changed since it was rendered"):
        trial.train()
    assert trial.record["ended"] == "refused" and not (trial.run / "second/log.txt").exists()
    with pytest.raises(UserError, match=r"second/rows\.json: changed since it was rendered"):
        trial.resume()
    assert trial.record["ended"] == "refused" and not (trial.run / "attempts").exists()
    rows = trial.run / "second/rows.json"
    rows.write_bytes(rows.read_bytes().removesuffix(EDIT))
    log = (trial.run / "first/log.txt").stat().st_mtime_ns
    trial.resume()
    trial.goes_on_to_its_end()
    assert (trial.run / "first/log.txt").stat().st_mtime_ns == log
