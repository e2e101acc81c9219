"""What a person sees while a stage runs: reward, length and throughput of each step, and how much is left.

A line for each step of grpo, and for each tenth of a warm start; on a terminal also one that lives, with what the running
step has come to. Everything is read from the files that the stage writes, so it is the same for any trainer and for a
cluster.
"""

import json
import time
from collections import Counter
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from rich.console import Console

from train_backend.backend import RenderedStage

BAR_WIDTH = 30
LINES_OF_A_WARM_START = 10


class Progress:
    """Follows a stage's metrics and outcomes; a context manager that owns the living line of a terminal."""

    def __init__(self, stage: RenderedStage, console: Console, after: int = 0) -> None:
        """Follow a stage that goes on after a step."""
        self._stage, self._console = stage, console
        self._metrics = LineFollower(stage.metrics)
        self._responses = Responses(stage.outcomes)
        self._clock = Clock(after, stage.steps)
        self._losses: list[float] = []
        self._status = console.status(f"{stage.name}: starting")

    def __enter__(self) -> Self:
        which = f"{self._stage.steps} steps"
        if self._clock.step:
            which = f"steps {self._clock.step + 1} to {self._stage.steps}"
        self._console.print(f"{self._stage.name}: {which}, log {self._stage.log}", soft_wrap=True)
        self._status.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.update()
        self._status.stop()
        if self._losses:
            self._console.print(f"  loss {self._losses[0]:.3f} -> {self._losses[-1]:.3f}", highlight=False)

    def update(self) -> None:
        """Print what is new; called about once a second."""
        self._responses.read()
        if self._responses.count:
            self._clock.begin()
        for line in self._metrics.new_lines():
            entry = json.loads(line)
            if self._stage.headline in entry["data"]:
                self._show(entry["step"], float(entry["data"][self._stage.headline]))
        self._status.update(self._living_line())

    def _show(self, step: int, value: float) -> None:
        seconds = self._clock.finish(step)
        if self._stage.kind == "grpo":
            bar = "█" * round(BAR_WIDTH * max(0.0, min(1.0, value)))
            said = [f"step {step:>4}", f"reward {value:.3f}", *self._responses.said(step, seconds), *self._left, bar]
            self._print("  ".join(said))
            return
        self._losses.append(value)
        before, now = ((each * LINES_OF_A_WARM_START) // self._stage.steps for each in (step - 1, step))
        if now > before:
            self._print("  ".join([f"step {step:>4}", f"loss {value:.3f}", *self._left]))

    def _living_line(self) -> str:
        done, running = self._clock.step, self._responses.of_steps_after(self._clock.step)
        if not done and not running:
            return f"{self._stage.name}: starting"
        said = [f"{self._stage.name}: {done} of {self._stage.steps} steps", *self._left]
        return ", ".join([*said, f"{running:,} responses of the next"] if running else said)

    @property
    def _left(self) -> list[str]:
        left = self._clock.seconds_left
        return [f"{span(left)} left"] if left else []

    def _print(self, line: str) -> None:
        self._console.print(f"  {line}", highlight=False, markup=False, soft_wrap=True)


class Clock:
    """When steps ended, as seen from here; what happens before the first response is start-up and no step's time."""

    def __init__(self, after: int, steps: int) -> None:
        self.step, self._steps = after, steps
        self._since: float | None = None
        self._ends: list[tuple[int, float]] = []

    def begin(self) -> None:
        """The first step that is seen has begun; called again it changes nothing."""
        if self._since is None:
            self._since = time.monotonic()

    def finish(self, step: int) -> float | None:
        """A step has ended; return the seconds it took, None if they are not known."""
        now, since = time.monotonic(), self._since
        self.step, self._since = step, now
        self._ends.append((step, now))
        return None if since is None else now - since

    @property
    def seconds_left(self) -> float | None:
        """The steps that are left at the mean of those between the first and the last that ended."""
        if len(self._ends) < 2:
            return None
        (first, then), (last, now) = self._ends[0], self._ends[-1]
        return (self._steps - last) * (now - then) / max(1, last - first)


class Responses:
    """How many responses each step has, and of how many tokens."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[Path, LineFollower] = {}
        self._responses: Counter[int] = Counter()
        self._tokens: Counter[int] = Counter()

    @property
    def count(self) -> int:
        return self._responses.total()

    def read(self) -> None:
        """Count what was written since the last call."""
        for path in self._folder.glob("*.jsonl"):
            for line in self._files.setdefault(path, LineFollower(path)).new_lines():
                self._add(json.loads(line))

    def said(self, step: int, seconds: float | None) -> list[str]:
        """Say a step's mean length and, if its seconds are known, its throughput."""
        responses, tokens = self._responses[step], self._tokens[step]
        if not responses:
            return []
        mean = [f"{tokens / responses:,.0f} tokens"] if tokens else []
        if not seconds:
            return mean
        return [*mean, f"{responses / seconds:,.1f} responses/s", f"{tokens / seconds:,.0f} tokens/s"]

    def of_steps_after(self, step: int) -> int:
        """Return the responses of the step that runs."""
        return sum(count for of, count in self._responses.items() if of > step)

    def _add(self, line: dict[str, Any]) -> None:
        if line.get("step") is not None:
            self._responses[line["step"]] += 1
            self._tokens[line["step"]] += line.get("tokens") or 0


def span(seconds: float) -> str:
    """Return a length of time in the unit that suits it: 40 s, 12 min, 3.5 h."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


class LineFollower:
    """Reads a growing text file by whole lines."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0

    def new_lines(self) -> list[str]:
        """Return the lines that were completed since the last call; none while the file does not exist."""
        if not self._path.exists():
            return []
        with self._path.open("rb") as file:
            file.seek(self._offset)
            block = file.read()
        whole = block[: block.rfind(b"\n") + 1]
        self._offset += len(whole)
        return whole.decode("utf-8").split("\n")[:-1]
