"""The launch of a rendered run: its stages in order, watched, and recorded however it ends.

A stage that ended leaves `STAGE/ended.json`, so that a run which is gone on with keeps what ended well.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from crossthink.errors import UserError, os_fault
from crossthink.files import write_json
from manifests import store
from train_backend.attempts import attempts
from train_backend.backend import Backend, RenderedStage, RunFailed, StageResult
from train_backend.cause import Cause, find_cause
from train_backend.plan import Plan
from train_backend.preferences import collect_pairs
from train_backend.progress import Progress
from train_backend.record import RUN_FILE, mean_of_ends, run_record
from train_backend.rendered import hold_to_pins
from train_backend.rollouts import (
    StepReward,
    collect_metrics,
    collect_pass_rates,
    collect_rollouts,
    count_set_aside,
)

ROLLOUTS_FILE = "rollouts.parquet"
PASS_RATES_FILE = "item_pass_rates.parquet"
METRICS_FILE = "metrics.parquet"
PAIRS_FILE = "preference_pairs.parquet"

LOG_LINES_SHOWN = 15


@dataclass(frozen=True)
class Execution:
    """One launch of a rendered run.

    Attributes:
        after: by stage, the step after which it goes on; a stage that is not named begins anew.
    """

    backend: Backend
    plan: Plan
    stored: store.Stored
    folder: Path
    stages: Sequence[RenderedStage]
    console: Console
    cluster: str | None
    after: Mapping[RenderedStage, int] = field(default_factory=dict)

    def run(self) -> None:
        """Launch the stages in order, and record how it ended, also when it is interrupted.

        Raises:
            UserError: a rendered file changed.
            RunFailed: a stage did not end well.
        """
        started = datetime.now(UTC)
        results: list[tuple[RenderedStage, StageResult]] = []
        try:
            self._launch_into(results)
        except (KeyboardInterrupt, SystemExit):
            self._record(started, results, cut_short="interrupted")
            self._say(f"interrupted; nothing of it runs any more: {self.folder}")
            self._say(self._how_to_go_on)
            raise
        except UserError:
            self._record(started, results, cut_short="refused")
            raise
        except Exception:
            self._record(started, results, cut_short="failed")
            raise
        self._conclude(started, results)

    def _launch_into(self, results: list[tuple[RenderedStage, StageResult]]) -> None:
        for stage in self.stages:
            hold_to_pins(self.folder)
            result = result_of(stage) or self._launched(stage)
            results.append((stage, result))
            if not result.succeeded:
                return

    def _launched(self, stage: RenderedStage) -> StageResult:
        after = self.after.get(stage, 0)
        if after == stage.steps:
            self._say(f"{stage.name}: its last checkpoint is whole, so there is nothing left to do")
            result = StageResult(0, stalled=False, seconds=0.0)
        else:
            with Progress(stage, self.console, after) as progress:
                result = self.backend.launch(stage, self.plan, progress.update, self.cluster, after)
        self._unless_refused(lambda: write_json(stage.ended, asdict(result)))
        return result

    def _conclude(self, started: datetime, results: list[tuple[RenderedStage, StageResult]]) -> None:
        stage, result = results[-1]
        if result.succeeded:
            _say_finished(self.plan, self.folder, self._record(started, results), self.console)
            return
        cause = find_cause(stage.log)
        self._record(started, results, cause=str(cause or ""))
        raise RunFailed(f"{_failure(stage, result, self.plan, cause)}\n{self._how_to_go_on}")

    def _record(
        self,
        started: datetime,
        results: list[tuple[RenderedStage, StageResult]],
        cut_short: str | None = None,
        cause: str = "",
    ) -> list[StepReward]:
        """Write what the run came to, and return the reward of each step; none if the disk does not take it."""
        rewards: list[StepReward] = []

        def write() -> None:
            rewards.extend(self._collect())
            aside = count_set_aside(self.stages)
            record = run_record(
                self.folder.name,
                self.plan,
                self.stored.manifest,
                started,
                results,
                rewards,
                cut_short=cut_short,
                cause=cause,
                attempts=[(attempt, aside[attempt.number]) for attempt in attempts(self.folder)],
            )
            write_json(self.folder / RUN_FILE, record)

        self._unless_refused(write)
        return rewards

    def _collect(self) -> list[StepReward]:
        run_id, folder = self.folder.name, self.folder
        rewards = collect_rollouts(self.stages, self.stored.rows_path, run_id, folder / ROLLOUTS_FILE)
        collect_pass_rates(folder / ROLLOUTS_FILE, folder / PASS_RATES_FILE)
        collect_metrics(self.stages, run_id, folder / METRICS_FILE)
        collect_pairs(self.stages, folder / PAIRS_FILE)
        return rewards

    def _unless_refused(self, write: Callable[[], None]) -> None:
        """Write; a disk that is full, which may be why the run ends, does not hide how it ended."""
        try:
            write()
        except OSError as error:
            self._say(
                f"how it ended cannot be recorded: {os_fault(error)}; it is once the run goes on and there is room"
            )

    @property
    def _how_to_go_on(self) -> str:
        return f"Go on from where it stands with: crossthink run resume {self.folder.name}"

    def _say(self, text: str) -> None:
        self.console.print(text, highlight=False, soft_wrap=True)


def result_of(stage: RenderedStage) -> StageResult | None:
    """Return how a stage ended; None if it has not, or was killed."""
    return StageResult(**json.loads(stage.ended.read_bytes())) if stage.ended.exists() else None


def _failure(stage: RenderedStage, result: StageResult, plan: Plan, cause: Cause | None) -> str:
    end = "\n".join(stage.log.read_text(encoding="utf-8", errors="replace").splitlines()[-LOG_LINES_SHOWN:])
    how = (
        f"made no progress for {plan.resources.stall_seconds:g} seconds and was ended"
        if result.stalled
        else f"ended with exit code {result.exit_code}"
    )
    why = f" Line {cause.line} of its log says why, {cause.what}:\n  {cause.text}\n" if cause else " "
    return f"the {stage.name} stage {how}.{why}Its whole log is {stage.log}; the end of it:\n{end}"


def _say_finished(plan: Plan, folder: Path, rewards: Sequence[StepReward], console: Console) -> None:
    if rewards:
        first, last, steps = mean_of_ends(rewards)
        console.print(
            f"mean reward: {first:.3f} over the first quarter, {last:.3f} over the last ({steps} steps each)",
            highlight=False,
        )
    if plan.resources.platform == "cpu":
        console.print("A tiny model on a CPU shows that the machinery works; it shows nothing about reasoning.")
    console.print(f"run: {folder}", highlight=False, soft_wrap=True)
