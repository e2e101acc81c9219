"""Run one rendered stage of verl on this machine, with a Ray of its own.

verl can hang without a word: a rollout worker that dies during weight sync leaves the trainer waiting for ever, and so
does a request for more logical resources than Ray has. `process.py` watches for that, and finds Ray's dozen processes.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from train_backend.backend import RenderedStage, StageResult
from train_backend.process import run_command
from train_backend.verl import commands


def launch(stage: RenderedStage, stall_seconds: float, each_second: Callable[[], None], after: int = 0) -> StageResult:
    """Run `command.sh` to its end, as `run_command` does; from the checkpoint of step `after`, if that is not 0."""
    # A shell's RAY_ADDRESS would send verl to that cluster, where the mark of its processes reaches nobody.
    environment = {name: value for name, value in os.environ.items() if name != "RAY_ADDRESS"}
    with _ray_folder() as ray_folder:
        own = {"RAY_TMPDIR": str(ray_folder)}
        return run_command(stage, environment | own, stall_seconds, each_second, commands.arguments(after))


@contextmanager
def _ray_folder() -> Iterator[Path]:
    """A short path for Ray's sockets, which the system limits to 107 characters; removed with Ray's own logs."""
    short = Path("/tmp")
    folder = Path(tempfile.mkdtemp(prefix="ct", dir=short if short.is_dir() else None))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
