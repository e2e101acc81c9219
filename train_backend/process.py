"""Run one rendered stage as a subprocess, watch it, and leave nothing of it behind.

A trainer can hang without a word. So a stage is ended when no sign of progress has changed for a while. Trainers start
processes, some in sessions of their own; each inherits a mark in its environment, and whatever still carries it when
the stage is over is killed.
"""

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import FrameType

import psutil  # type: ignore[import-untyped]

from train_backend.backend import RenderedStage, StageResult

MARK = "CROSSTHINK_LAUNCH"
"""In the environment of every process that one launch started."""
RUN_VARIABLE = "CROSSTHINK_RUN"
"""In the environment of every process of a run, whoever started it: the run's folder."""
GRACE_SECONDS = 10.0


def run_command(
    stage: RenderedStage,
    environment: Mapping[str, str],
    stall_seconds: float,
    each_second: Callable[[], None],
    arguments: Sequence[str] = (),
) -> StageResult:
    """Run `command.sh` to its end; everything it prints goes to the stage's log.

    Ctrl-C and SIGTERM end the stage and are raised again. A stall is a result, not an exception.

    Args:
        environment: all of the command's; `PYTHON`, the run's folder and the mark are added.
        arguments: of `command.sh`.
    """
    started = time.monotonic()
    mark, run = uuid.uuid4().hex, stage.folder.parent.absolute()
    with stage.log.open("wb") as log, sigterm_raises():
        process: subprocess.Popen[bytes] | None = None
        try:
            with _deferred():
                process = subprocess.Popen(
                    ["sh", str(stage.command), *arguments],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    env={**environment, MARK: mark, RUN_VARIABLE: str(run), "PYTHON": sys.executable},
                    start_new_session=True,
                )
            stalled = watch(partial(_has_ended, process), stage, stall_seconds, each_second)
        finally:
            with _undisturbed():
                end_marked(mark)
                exit_code = process.wait() if process else 1
    return StageResult(exit_code, stalled, time.monotonic() - started)


def _has_ended(process: "subprocess.Popen[bytes]") -> bool:
    try:
        process.wait(timeout=1)
    except subprocess.TimeoutExpired:
        return False
    return True


def watch(
    has_ended: Callable[[], bool], stage: RenderedStage, stall_seconds: float, each_second: Callable[[], None]
) -> bool:
    """Wait for the end of a stage; return True when it stopped making progress instead.

    Args:
        has_ended: waits about a second, and says whether the stage is over.
    """
    seen, since = _progress(stage), time.monotonic()
    while True:
        ended = has_ended()
        each_second()
        if ended:
            return False
        now = _progress(stage)
        if now != seen:
            seen, since = now, time.monotonic()
        elif time.monotonic() - since > stall_seconds:
            return True


def _progress(stage: RenderedStage) -> int:
    """Bytes of metrics and outcomes. The log is no sign: verl writes into it while it waits for nothing."""
    files = [stage.metrics, *stage.outcomes.glob("*.jsonl")]
    return sum(file.stat().st_size for file in files if file.exists())


def end_marked(mark: str) -> None:
    """End every process of this user that carries the mark: first politely, then not."""
    processes = _carrying(MARK, lambda value: value == mark)
    for process in processes:
        _signal(process, signal.SIGTERM)
    psutil.wait_procs(processes, timeout=GRACE_SECONDS)
    for process in _carrying(MARK, lambda value: value == mark):
        _signal(process, signal.SIGKILL)


def processes_of(run: Path) -> list[int]:
    """Return the ids of this machine's processes that a stage of a run started, by whatever way, and that still live."""
    folder = run.resolve()
    return sorted(process.pid for process in _carrying(RUN_VARIABLE, lambda value: Path(value).resolve() == folder))


def _carrying(variable: str, accepts: Callable[[str], bool]) -> list[psutil.Process]:
    """The processes of this user, but for this one, whose environment has a value that is accepted."""
    found = []
    for process in psutil.process_iter():
        try:
            value = process.environ().get(variable)
        except (psutil.Error, OSError):
            continue
        if value is not None and process.pid != os.getpid() and accepts(value):
            found.append(process)
    return found


def _signal(process: psutil.Process, number: signal.Signals) -> None:
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return


@contextmanager
def _deferred() -> Iterator[None]:
    """Take up Ctrl-C and SIGTERM afterwards: a process that is just being born carries no mark to be found by."""
    numbers, arrived = (signal.SIGINT, signal.SIGTERM), list[int]()
    previous = [signal.signal(number, lambda number, _: arrived.append(number)) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, previous, strict=True):
            signal.signal(number, handler)
        if arrived:
            signal.raise_signal(arrived[0])


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Let an impatient second Ctrl-C or SIGTERM not cut short the end of the processes, which is seconds away."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    previous = [signal.signal(number, signal.SIG_IGN) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, previous, strict=True):
            signal.signal(number, handler)


@contextmanager
def sigterm_raises() -> Iterator[None]:
    """Make SIGTERM unwind the stack like Ctrl-C does, so that `finally` ends the processes."""

    def stop(number: int, _: FrameType | None) -> None:
        raise SystemExit(128 + number)

    previous = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)
