"""A run: one execution of a plan on a manifest, in a folder of the workspace.

    RUN/plan.json, manifest.json      what was asked, and of which blend
    RUN/STAGE/                        per stage: rows, configuration, commands, whole log, metrics, checkpoints
    RUN/rendered.json                 the stages, and the SHA-256 of all of the above and of the reward's code
    RUN/attempts/                     what earlier attempts at this run left, if it was gone on with
    RUN/rollouts.parquet              one row per response, joined to the blend's rows
    RUN/item_pass_rates.parquet       how often each row was answered rightly
    RUN/metrics.parquet               one row per stage, step and metric
    RUN/preference_pairs.parquet      one row per row of the blend that a dpo stage looked at, with its pair
    RUN/run.json                      written last: how it ended, with which versions, the reward of each step

A folder without `run.json` is a rendered run, a running one, or one that was killed; `resume` goes on with one that did not
end well. This module imports no trainer.
"""

import shutil
from collections.abc import Sequence
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

from rich.console import Console

from crossthink.errors import UserError
from crossthink.files import locked, write_json
from crossthink.tables import table_of
from crossthink.workspace import Workspace
from curate.verify import verifier_digest
from manifests import store
from manifests.manifest import Manifest
from manifests.view import Contents, View
from train_backend.backend import Backend, RenderedStage, find_backend
from train_backend.execution import METRICS_FILE, PAIRS_FILE, PASS_RATES_FILE, ROLLOUTS_FILE, Execution
from train_backend.pairs import PAIRS_SCHEMA
from train_backend.plan import Plan, load_plan
from train_backend.record import RUN_FILE, RUNS_SCHEMA, read_record, run_files, standing_run, was_started
from train_backend.rendered import pin
from train_backend.rollouts import METRICS_SCHEMA, PASS_RATES_SCHEMA, ROLLOUTS_SCHEMA


def train(
    workspace: Workspace,
    blend: str,
    plan_path: Path,
    *,
    dry_run: bool,
    again: bool,
    console: Console,
    cluster: str | None = None,
) -> Path:
    """Train from a manifest by a plan; with `dry_run`, check and render everything and start nothing.

    Args:
        blend: name of a manifest, or NAME@VERSION.
        cluster: address of a Ray cluster that runs the stages; None: this machine.
        again: run although a run of this plan on this blend stands; otherwise that one is the answer.

    Returns:
        The run's folder.

    Raises:
        UserError: the plan, the manifest or a row cannot be used, or another process is at this very run.
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
        check_verifier(stored)
        backend.check(plan, stored)
    with locked(lock_of(workspace, plan, stored.manifest), "a run of this plan on this blend"):
        folder = _new_folder(workspace, run_name(plan, stored.manifest), console)
        with console.status("rendering the run"):
            write_json(folder / "plan.json", plan.model_dump(mode="json"))
            write_json(folder / "manifest.json", stored.manifest.model_dump(mode="json"))
            stages = _rendered(backend, plan, stored, folder)
            pin(folder, stages)
        if dry_run:
            _say_rendered(folder, stages, console)
        else:
            Execution(backend, plan, stored, folder, stages, console, cluster).run()
    return folder


def _rendered(backend: Backend, plan: Plan, stored: store.Stored, folder: Path) -> list[RenderedStage]:
    """Render a run; nothing of it stays if the backend refuses what it finds then."""
    try:
        return backend.render(plan, stored, folder)
    except UserError:
        shutil.rmtree(folder)
        raise


def lock_of(workspace: Workspace, plan: Plan, manifest: Manifest) -> Path:
    """Return the folder that one launch at a time of a plan on a blend holds."""
    return workspace.runs / ".locks" / run_name(plan, manifest)


def run_name(plan: Plan, manifest: Manifest) -> str:
    """Return the name of the first run of a plan on a blend; later ones are numbered."""
    return f"{manifest.name}-v{manifest.version}-{plan.name}"


def check_verifier(stored: store.Stored) -> None:
    """Hold the reward to the verifier that admitted the rows."""
    found, expected = verifier_digest(), stored.manifest.verifier_digest
    if found != expected:
        raise UserError(
            f"{stored.address}: its rows were verified by another version of the verifier"
            f" (digest {expected[:12]}, here {found[:12]}); curate and blend again, so that the reward is the same code"
        )


def _new_folder(workspace: Workspace, name: str, console: Console) -> Path:
    """Make the first folder of this name that no run has used; one that was only rendered, and never started, is replaced."""
    for number in count(1):
        folder = workspace.runs / (name if number == 1 else f"{name}-{number}")
        if not was_started(folder):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            return folder
        if not (folder / RUN_FILE).exists():
            console.print(
                f"{folder}: was started and has not ended; it is left as it is. Go on with it: crossthink run resume"
                f" {folder.name}",
                soft_wrap=True,
            )
    raise AssertionError("unreachable")


def _say_rendered(folder: Path, stages: Sequence[RenderedStage], console: Console) -> None:
    console.print(f"rendered and checked, nothing started: {folder}", highlight=False, soft_wrap=True)
    for stage in stages:
        later = f"   ({stage.later})" if stage.later else ""
        console.print(
            f"  {stage.name}: {stage.steps} steps   sh {stage.command}{later}", highlight=False, soft_wrap=True
        )


def views(root: Path) -> list[View]:
    """Return the catalog's views of every finished run under the workspace's runs folder, read when a query names one."""

    @cache
    def found() -> tuple[list[dict[str, Any]], list[str]]:
        records, faults = [], []
        for path in run_files(root):
            try:
                records.append(read_record(path))
            except UserError as error:
                faults.append(f"run {path.parent.name}: {error}")
        return records, faults

    def runs() -> Contents:
        records, faults = found()
        return Contents(table=table_of(records, RUNS_SCHEMA), left_out=faults)

    def files(name: str) -> Contents:
        records, faults = found()
        return Contents([(root / record["run_id"] / name, {}) for record in records], left_out=faults)

    return [
        View("runs", "one row per finished run: its blend, plan, end and rewards", RUNS_SCHEMA, find=runs),
        View("rollouts", "one row per response", ROLLOUTS_SCHEMA, find=lambda: files(ROLLOUTS_FILE)),
        View(
            "item_pass_rates",
            "one row per run and row of a blend: how often it was answered rightly, with its interval",
            PASS_RATES_SCHEMA,
            find=lambda: files(PASS_RATES_FILE),
        ),
        View(
            "metrics",
            "one row per stage, step and number that the trainer logged",
            METRICS_SCHEMA,
            find=lambda: files(METRICS_FILE),
        ),
        View(
            "preference_pairs",
            "one row per dpo stage and row that it looked at: the pair, or why there is none",
            PAIRS_SCHEMA,
            find=lambda: files(PAIRS_FILE),
        ),
    ]
