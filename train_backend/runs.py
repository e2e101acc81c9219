"""A run: one execution of a plan on a manifest, in a folder of the workspace.

    RUN/plan.json, manifest.json      what was asked, and of which blend
    RUN/sft/, RUN/grpo/               per stage: rows, configuration, command, whole log, metrics, checkpoints
    RUN/rollouts.parquet              one row per response, joined to the blend's rows
    RUN/metrics.parquet               one row per stage, step and metric
    RUN/run.json                      written last: how it ended, with which versions, the reward of each step

A folder without `run.json` is a rendered run, a running one, or one that was killed. This module imports no trainer.
"""

import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pyarrow as pa
from rich.console import Console

from crossthink.errors import UserError
from crossthink.files import write_json
from crossthink.workspace import Workspace
from curate.verify import verifier_digest
from manifests import store
from manifests.catalog import View
from train_backend.backend import Backend, RenderedStage, RunFailed, StageResult, find_backend
from train_backend.plan import Plan, load_plan
from train_backend.progress import Progress
from train_backend.record import RUN_FILE, RUNS_SCHEMA, mean_of_ends, read_records, run_record, standing_run
from train_backend.rollouts import (
    METRICS_SCHEMA,
    ROLLOUTS_SCHEMA,
    StepReward,
    collect_metrics,
    collect_rollouts,
)

ROLLOUTS_FILE = "rollouts.parquet"
METRICS_FILE = "metrics.parquet"

LOG_LINES_SHOWN = 15


def train(workspace: Workspace, blend: str, plan_path: Path, *, dry_run: bool, again: bool, console: Console) -> Path:
    """Train from a manifest by a plan; with `dry_run`, check and render everything and start nothing.

    Args:
        blend: name of a manifest, or NAME@VERSION.
        again: run although a run of this plan on this blend stands; otherwise that one is the answer.

    Returns:
        The run's folder.

    Raises:
        UserError: the plan, the manifest or a row cannot be used.
        RunFailed: a stage did not end well; the folder keeps its log, and `run.json` says how it ended.
    """
    plan = load_plan(plan_path)
    stored = store.load(workspace.manifests, blend)
    standing = None if again or dry_run else standing_run(workspace.runs, plan, stored.manifest)
    if standing:
        console.print(f"nothing to do: this plan ran on this blend already: {standing}", soft_wrap=True)
        return standing
    backend = find_backend(plan.backend)
    with console.status("checking the plan against the manifest"):
        store.check(stored)
        _check_verifier(stored)
        backend.check(plan, stored)
    folder = _new_folder(workspace, f"{stored.manifest.name}-v{stored.manifest.version}-{plan.name}")
    with console.status("rendering the run"):
        write_json(folder / "plan.json", plan.model_dump(mode="json"))
        write_json(folder / "manifest.json", stored.manifest.model_dump(mode="json"))
        stages = backend.render(plan, stored, folder)
    if dry_run:
        _say_rendered(folder, stages, console)
        return folder
    _run_stages(backend, plan, stored, folder, stages, console)
    return folder


def _check_verifier(stored: store.Stored) -> None:
    """Hold the reward to the verifier that admitted the rows."""
    found, expected = verifier_digest(), stored.manifest.verifier_digest
    if found != expected:
        raise UserError(
            f"{stored.folder}: its rows were verified by another version of the verifier"
            f" (digest {expected[:12]}, here {found[:12]}); curate and blend again, so that the reward is the same code"
        )


def _new_folder(workspace: Workspace, name: str) -> Path:
    """Make the first folder of this name that no run has used; a folder that was only rendered is replaced."""
    for number in count(1):
        folder = workspace.runs / (name if number == 1 else f"{name}-{number}")
        was_used = (folder / RUN_FILE).exists() or any(folder.glob("*/log.txt"))
        if not was_used:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            return folder
    raise AssertionError("unreachable")


def _say_rendered(folder: Path, stages: Sequence[RenderedStage], console: Console) -> None:
    console.print(f"rendered and checked, nothing started: {folder}", highlight=False, soft_wrap=True)
    for stage in stages:
        console.print(f"  {stage.kind}: {stage.steps} steps   sh {stage.command}", highlight=False, soft_wrap=True)


def _run_stages(
    backend: Backend,
    plan: Plan,
    stored: store.Stored,
    folder: Path,
    stages: Sequence[RenderedStage],
    console: Console,
) -> None:
    started = datetime.now(UTC)
    results: list[tuple[RenderedStage, StageResult]] = []
    for stage in stages:
        with Progress(stage, console) as progress:
            result = backend.launch(stage, plan, progress.update)
        results.append((stage, result))
        if not result.succeeded:
            break
    rewards = collect_rollouts(stages, stored.rows_path, folder.name, folder / ROLLOUTS_FILE)
    collect_metrics(stages, folder.name, folder / METRICS_FILE)
    write_json(folder / RUN_FILE, run_record(folder.name, plan, stored.manifest, started, results, rewards))
    failed = next(((stage, result) for stage, result in results if not result.succeeded), None)
    if failed:
        raise RunFailed(_failure(*failed, plan))
    _say_finished(plan, folder, rewards, console)


def _failure(stage: RenderedStage, result: StageResult, plan: Plan) -> str:
    end = "\n".join(stage.log.read_text(encoding="utf-8", errors="replace").splitlines()[-LOG_LINES_SHOWN:])
    how = (
        f"made no progress for {plan.resources.stall_seconds:g} seconds and was ended"
        if result.stalled
        else f"ended with exit code {result.exit_code}"
    )
    return f"the {stage.kind} stage {how}. Its whole log is {stage.log}; the end of it:\n{end}"


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


def views(root: Path) -> list[View]:
    """Return the catalog's views of every finished run under the workspace's runs folder."""
    records = read_records(root)
    folders = [root / record["run_id"] for record in records]
    return [
        View(
            "runs",
            "one row per finished run: its blend, plan, end and rewards",
            RUNS_SCHEMA,
            table=pa.Table.from_pylist(records, schema=RUNS_SCHEMA),
        ),
        View(
            "rollouts", "one row per response", ROLLOUTS_SCHEMA, files=[(each / ROLLOUTS_FILE, {}) for each in folders]
        ),
        View(
            "metrics",
            "one row per stage, step and number that the trainer logged",
            METRICS_SCHEMA,
            files=[(each / METRICS_FILE, {}) for each in folders],
        ),
    ]
