"""A few math-verify workers behind a hard time limit.

Every worker (`worker.py`) is a process of its own with its own pipes and one comparison at a time, so a kill costs
exactly the row it was for. A row's clock starts when an imported, idle worker has it: neither the queue nor the import
is charged to it. One pool per process, started when first needed, shared by all threads, forgotten after a fork and
gone at exit. Why not pebble: `docs/verify.md`.
"""

import atexit
import contextlib
import json
import logging
import os
import select
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from curate.verify.kinds import Reason

START_SECONDS = 120.0  # importing sympy takes one second, or many on a loaded machine
# A worker keeps the time limit itself; this much later it is taken for stuck, and killed from here.
GRACE_SECONDS = 5.0

log = logging.getLogger(__name__)


class WorkerDied(Exception):
    """The worker ended without an answer: killed, out of memory, or never able to start."""


class Worker:
    """One process, started on first use and again after each kill. Not thread-safe: the pool lends it out."""

    def __init__(self, memory_bytes: int) -> None:
        self._memory_bytes = memory_bytes
        self._process: subprocess.Popen[bytes] | None = None
        self.is_closing = False  # the caller is ending: a kill is then no loss to report

    def compare(self, gold: str, answer: str, timeout: float) -> Reason:
        """Let math-verify decide within `timeout` seconds of wall clock, or be killed."""
        try:
            process = self._started()
            request = json.dumps({"gold": gold, "answer": answer, "timeout": timeout})
            _send(process, request)
            return Reason(str(_receive(process, timeout + GRACE_SECONDS)["reason"]))
        except TimeoutError:
            self.kill()
            return Reason.TIMED_OUT
        except (WorkerDied, OSError, ValueError, KeyError) as error:
            self.kill()
            if not self.is_closing:
                log.warning("a math-verify worker died (%s); its row counts as not correct", error)
            return Reason.WORKER_DIED
        except BaseException:
            self.kill()  # Ctrl-C in the middle: the answer still to come would be taken for the next row's
            raise

    def kill(self) -> None:
        """End the process now, if there is one."""
        process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # the worker and its child
            process.wait()
            _close_pipes(process)

    def forget(self) -> None:
        """Let go of a process that belongs to the parent of this fork."""
        process, self._process = self._process, None
        if process is not None:
            process.returncode = 0  # not ours to wait for
            _close_pipes(process)

    def pid(self) -> int | None:
        """The process id, while there is a process."""
        return self._process.pid if self._process else None

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is not None:
            self.kill()
        if self._process is None:
            # -P: this folder must not shadow the standard library
            command = [sys.executable, "-P", str(Path(__file__).with_name("worker.py")), str(self._memory_bytes)]
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
                start_new_session=True,  # Ctrl-C is for the caller; and the child is killed with its parent
                env={**os.environ, "PYTHONHASHSEED": "0"},  # sympy's orderings are to be the same everywhere
            )
            try:
                hello = _receive(self._process, START_SECONDS)
            except TimeoutError:
                raise WorkerDied(f"not ready after {START_SECONDS:.0f} s") from None
            if "error" in hello:
                raise WorkerDied(str(hello["error"]))
        return self._process


class Pool:
    """Lends workers to threads; the number of workers is the number of comparisons at once."""

    def __init__(self, workers: int, memory_bytes: int) -> None:
        self._memory_bytes = memory_bytes
        self._workers: list[Worker] = []
        self._idle: list[Worker] = []
        self._changed = threading.Condition()
        self.grow(workers)

    def grow(self, workers: int) -> None:
        """Have at least so many workers."""
        with self._changed:
            while len(self._workers) < workers:
                self._workers.append(Worker(self._memory_bytes))
                self._idle.insert(0, self._workers[-1])
            self._changed.notify_all()

    def compare(self, gold: str, answer: str, timeout: float) -> Reason:
        """Compare in the next free worker."""
        return self.compare_each([(gold, answer)], timeout)[0]

    def compare_each(self, pairs: list[tuple[str, str]], timeout: float) -> list[Reason]:
        """Compare (gold, answer) pairs in one worker, which then parses a gold that they share once.

        Args:
            timeout: seconds of wall clock for each pair; one that is killed costs itself alone.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._idle)
            worker = self._idle.pop()  # the last one used: others need never start
        try:
            return [worker.compare(gold, answer, timeout) for gold, answer in pairs]
        finally:
            with self._changed:
                self._idle.append(worker)
                self._changed.notify()

    def pids(self) -> list[int]:
        """The processes that are alive now."""
        return [pid for worker in self._workers if (pid := worker.pid())]

    def rest(self) -> None:
        """End the processes that compare nothing now, 100 MiB each; the next comparison starts one again."""
        with self._changed:
            for worker in self._idle:
                worker.kill()

    def close(self) -> None:
        """Kill every worker. What is being compared meanwhile counts as a worker that died."""
        for worker in self._workers:
            worker.is_closing = True
            worker.kill()

    def forget(self) -> None:
        """After a fork, in the child: close the pipes of the parent's workers and leave them alone."""
        for worker in self._workers:
            worker.forget()


_shared: Pool | None = None
_shared_lock = threading.Lock()


def shared_pool(workers: int = 0) -> Pool:
    """Return this process's pool, with at least `workers` workers.

    Environment: `CROSSTHINK_VERIFY_WORKERS` (2) and `CROSSTHINK_VERIFY_MEMORY_MIB` (2048, address space of each).
    """
    global _shared
    with _shared_lock:
        if _shared is None:
            memory_mib = _setting("CROSSTHINK_VERIFY_MEMORY_MIB", 2048)
            _shared = Pool(_setting("CROSSTHINK_VERIFY_WORKERS", 2), memory_mib * 2**20)
            atexit.register(_shared.close)
        _shared.grow(workers)
        return _shared


def rest_workers() -> None:
    """End this process's workers that compare nothing now, if it has any."""
    with _shared_lock:
        if _shared is not None:
            _shared.rest()


def _forget_after_fork() -> None:
    global _shared, _shared_lock
    inherited, _shared, _shared_lock = _shared, None, threading.Lock()
    if inherited is not None:
        atexit.unregister(inherited.close)
        inherited.forget()


os.register_at_fork(after_in_child=_forget_after_fork)


def _setting(name: str, default: int) -> int:
    value = os.environ.get(name, "")
    if value and not (value.isdecimal() and int(value)):
        log.warning("%s=%r is not a whole number above 0; using %d", name, value, default)
        return default
    return int(value or default)


def _send(process: subprocess.Popen[bytes], line: str) -> None:
    # Two texts of mathematics.MAX_CHARS fit a pipe's 64 KiB, so this never blocks.
    assert process.stdin is not None
    data = memoryview(line.encode() + b"\n")
    while data:
        data = data[process.stdin.write(data) :]


def _receive(process: subprocess.Popen[bytes], seconds: float) -> dict[str, object]:
    """Read one line of JSON, or raise TimeoutError or WorkerDied."""
    assert process.stdout is not None
    deadline = time.monotonic() + seconds
    reader = select.poll()
    reader.register(process.stdout, select.POLLIN)
    received = b""
    while not received.endswith(b"\n"):
        remaining = deadline - time.monotonic()
        if remaining <= 0 or not reader.poll(remaining * 1000):
            raise TimeoutError
        data = os.read(process.stdout.fileno(), 65536)
        if not data:
            raise WorkerDied(f"exit code {process.wait()}")
        received += data
    message: dict[str, object] = json.loads(received)
    return message


def _close_pipes(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
