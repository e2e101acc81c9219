"""The launcher: it ends what hangs, with everything that was started, and keeps the whole log."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from train_backend.backend import RenderedStage
from train_backend.verl.launch import launch


@pytest.fixture(autouse=True)
def heeds_ctrl_c() -> Iterator[None]:
    """Here and in what is started from here; a shell ignores Ctrl-C for what it runs in the background."""
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, previous)


def stage_of(folder: Path, script: str) -> RenderedStage:
    stage = RenderedStage("grpo", folder, steps=1, headline="reward")
    stage.command.write_text(script)
    return stage


def test_the_exit_code_and_the_log_are_the_commands_own(tmp_path: Path) -> None:
    stage = stage_of(tmp_path, "echo to the output; echo to the error >&2; exit 3")
    result = launch(stage, stall_seconds=60, each_second=lambda: None)
    assert (result.exit_code, result.stalled, result.succeeded) == (3, False, False)
    assert stage.log.read_text() == "to the output\nto the error\n"


def test_a_stage_without_progress_is_ended_with_its_children(tmp_path: Path) -> None:
    """Ray's processes leave the session of the trainer, and log lines are no progress."""
    escaped = "setsid sleep 600 & echo $! > escaped.pid"
    stage = stage_of(tmp_path, f'cd "{tmp_path}"\n{escaped}\nwhile true; do echo waiting; sleep 0.2; done')
    started = time.monotonic()
    result = launch(stage, stall_seconds=1.5, each_second=lambda: None)
    assert result.stalled and not result.succeeded
    assert time.monotonic() - started < 30
    assert "waiting" in stage.log.read_text()
    assert not is_running(int((tmp_path / "escaped.pid").read_text()))


def test_progress_keeps_a_stage_alive(tmp_path: Path) -> None:
    stage = stage_of(tmp_path, f'for n in 1 2 3 4; do sleep 1; echo "{{}}" >> "{tmp_path}/metrics.jsonl"; done')
    assert launch(stage, stall_seconds=2.5, each_second=lambda: None).succeeded


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 128 + signal.SIGTERM), (signal.SIGINT, -signal.SIGINT)])
def test_sigterm_and_ctrl_c_end_everything(tmp_path: Path, number: signal.Signals, code: int) -> None:
    stage = stage_of(tmp_path, f'echo $$ > "{tmp_path}/pid"; setsid sleep 600 & sleep 600')
    program = f"""
        from pathlib import Path
        from train_backend.backend import RenderedStage
        from train_backend.verl.launch import launch
        launch(RenderedStage("grpo", Path({str(stage.folder)!r}), 1, "reward"), 600, lambda: None)
    """
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(program)])
    while not (tmp_path / "pid").exists():
        assert process.poll() is None
        time.sleep(0.1)
    process.send_signal(number)
    assert process.wait(timeout=60) == code
    assert not is_running(int((tmp_path / "pid").read_text()))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_while_the_command_is_being_started_ends_it_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    popen = subprocess.Popen

    def interrupted(*arguments: Any, **settings: Any) -> "subprocess.Popen[bytes]":
        process = popen(*arguments, **settings)
        while not (tmp_path / "pid").exists():
            time.sleep(0.05)
        signal.raise_signal(number)
        return process

    monkeypatch.setattr("train_backend.process.subprocess.Popen", interrupted)
    with pytest.raises((SystemExit, KeyboardInterrupt)):
        launch(stage_of(tmp_path, f'echo $$ > "{tmp_path}/pid"; sleep 600'), 600, lambda: None)
    assert not is_running(int((tmp_path / "pid").read_text()))


def test_an_impatient_second_ctrl_c_leaves_nothing_either(tmp_path: Path) -> None:
    """A process that will not go politely takes the grace it has, and then goes too."""
    stage = stage_of(tmp_path, f'trap "" TERM; echo $$ > "{tmp_path}/pid"; while true; do sleep 1; done')
    program = f"""
        from pathlib import Path
        from train_backend import process
        from train_backend.backend import RenderedStage
        process.GRACE_SECONDS = 3
        process.run_command(RenderedStage("grpo", Path({str(stage.folder)!r}), 1, "reward"), {{}}, 600, lambda: None)
    """
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(program)], stderr=subprocess.PIPE)
    while not (tmp_path / "pid").exists():
        assert process.poll() is None
        time.sleep(0.1)
    for _ in range(3):
        process.send_signal(signal.SIGINT)
        time.sleep(0.5)
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGINT
    assert not is_running(int((tmp_path / "pid").read_text()))


def test_a_cluster_that_the_shell_knows_is_not_joined(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "10.0.0.1:6379")
    stage = stage_of(tmp_path, 'echo "address ${RAY_ADDRESS-none}"')
    assert launch(stage, stall_seconds=60, each_second=lambda: None).succeeded
    assert stage.log.read_text() == "address none\n"


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
