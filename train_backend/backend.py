"""The contract of a training backend, and how one is found.

A backend turns a plan and a manifest into files that can be checked anywhere (`check`, `render`) and run elsewhere
(`launch`). Backends are entry points of the group `crossthink.backends`, so a second one needs no change here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Literal, Protocol

from crossthink.errors import UserError, listing, nearest
from manifests.store import Stored
from train_backend.plan import Plan

ENTRY_POINTS = "crossthink.backends"


@dataclass(frozen=True)
class RenderedStage:
    """One stage as files: `folder/command.sh` runs it, wherever the run's folder is.

    While it runs, its log grows in `log`, its metrics (one JSON line a step: `{"step": n, "data": {...}}`) in `metrics`
    and, for grpo, one JSON line per response in `outcomes`. What it needs to go on after a kill is in `checkpoints`.
    """

    kind: Literal["sft", "grpo", "dpo"]
    folder: Path
    steps: int
    headline: str
    """The metric that says how the stage goes: the mean reward, or the loss."""
    later: str = ""
    """What of its input cannot be written yet, because it depends on how an earlier stage ends; as a sentence."""

    @property
    def name(self) -> str:
        """Its name in the plan, which is its folder in the run."""
        return self.folder.name

    @property
    def command(self) -> Path:
        return self.folder / "command.sh"

    @property
    def log(self) -> Path:
        return self.folder / "log.txt"

    @property
    def metrics(self) -> Path:
        return self.folder / "metrics.jsonl"

    @property
    def outcomes(self) -> Path:
        return self.folder / "outcomes"

    @property
    def checkpoints(self) -> Path:
        return self.folder / "checkpoints"

    @property
    def ended(self) -> Path:
        """How it ended, once it has; written by the launcher."""
        return self.folder / "ended.json"


@dataclass(frozen=True)
class StageResult:
    """How a stage ended; `stalled` says that the watchdog ended it."""

    exit_code: int
    stalled: bool
    seconds: float

    @property
    def succeeded(self) -> bool:
        return self.exit_code == 0 and not self.stalled


class Backend(Protocol):
    def check(self, plan: Plan, blend: Stored) -> None:
        """Refuse what cannot run, before anything is written.

        Raises:
            UserError: plan and manifest do not fit each other, the trainer refuses the configuration, or a prompt is
                longer than the plan allows.
        """

    def render(self, plan: Plan, blend: Stored, run: Path) -> list[RenderedStage]:
        """Write everything that the stages need into the run's folder; the same input gives the same bytes."""

    def launch(
        self,
        stage: RenderedStage,
        plan: Plan,
        each_second: Callable[[], None],
        cluster: str | None = None,
        after: int = 0,
    ) -> StageResult:
        """Run one rendered stage to its end; `each_second` is called while it runs.

        Args:
            cluster: address of a cluster that runs it, on whose shared storage the run's folder is; None: this machine.
            after: step, as `rewind` gave it, from whose checkpoint the stage goes on; 0: it begins.

        Raises:
            UserError: there is no such cluster, or this plan cannot run on one.
        """

    def rewind(self, stage: RenderedStage, aside: Path) -> int:
        """Take a stage that was cut short back to its newest whole checkpoint, and return the step that it is of.

        Checkpoints that are newer, and so not whole, move to the folder `aside`; all of them when none is whole, and the
        stage begins anew (0). Called again it says the same.
        """


class RunFailed(Exception):
    """A stage did not end well; the message names its log and shows the end of it."""


def find_backend(name: str) -> Backend:
    """Return the backend that is installed under a name.

    Raises:
        UserError: there is none, or what it stands on is not installed.
    """
    found = {entry.name: entry for entry in entry_points(group=ENTRY_POINTS)}
    if name not in found:
        raise UserError(f"backend {name!r}: not installed.{nearest(name, found)} There are: {listing(found)}")
    try:
        backend: Backend = found[name].load()()
    except ImportError as error:
        raise UserError(f"backend {name!r}: {error}. Install it with: pip install 'crossthink[train]'") from None
    return backend
