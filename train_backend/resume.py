"""Go on with a run that was interrupted, failed, stalled or killed: the same rows as if nothing had happened.

Stages that ended well are kept. The one that was cut short goes on from its newest whole checkpoint, in which the trainer
keeps its place in the rows; without one it begins anew. That is exact only while everything is what it was, and a trainer
would not notice: so the manifest in the store, the rendered files and the code of the reward are held to what the run
began with, and a run whose processes are still alive is left to them.
"""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from crossthink.errors import UserError
from crossthink.files import locked
from crossthink.workspace import Workspace
from manifests import store
from train_backend.attempts import new_attempt_folder, set_aside
from train_backend.backend import Backend, RenderedStage, find_backend
from train_backend.execution import Execution, result_of
from train_backend.overview import MANIFEST_FILE, RunFolder, read_run
from train_backend.process import processes_of
from train_backend.record import RUN_FILE, was_started
from train_backend.rendered import hold_to_pins, pinned_stages
from train_backend.runs import check_verifier, lock_of


def resume(workspace: Workspace, name: str, *, console: Console, cluster: str | None = None) -> Path:
    """Go on with a run of the workspace from where it stands.

    Args:
        cluster: address of a Ray cluster that runs the stages; None: this machine.

    Returns:
        The run's folder.

    Raises:
        UserError: there is no such run, it runs, or something that it stands on changed.
        RunFailed: a stage did not end well.
    """
    known = read_run(workspace.runs, name)
    with locked(lock_of(workspace, known.plan, known.manifest), "a run of this plan on this blend"):
        run = read_run(workspace.runs, name)  # as it is now that nobody else is at it
        if run.ended == "succeeded":
            console.print(f"nothing to do: this run succeeded: {run.folder}", soft_wrap=True)
        else:
            _go_on(workspace, run, console, cluster)
    return run.folder


def _go_on(workspace: Workspace, run: RunFolder, console: Console, cluster: str | None) -> None:
    _refuse_living(run.folder)
    hold_to_pins(run.folder)
    stages = pinned_stages(run.folder)
    backend = find_backend(run.plan.backend)
    with console.status("checking the plan against the manifest"):
        stored = _same_blend(workspace, run)
        backend.check(run.plan, stored)
    after = _rewound(run, backend, stages, console) if was_started(run.folder) else {}
    Execution(backend, run.plan, stored, run.folder, stages, console, cluster, after).run()


def _refuse_living(folder: Path) -> None:
    """A launcher that was killed leaves its trainer running, and two of them would write the same files."""
    if living := processes_of(folder):
        numbers = " ".join(map(str, living))
        raise UserError(
            f"{folder}: its trainer is still running, without the launcher that watched it. Wait for its end, or end it"
            f" with: kill {numbers}"
        )


def _same_blend(workspace: Workspace, run: RunFolder) -> store.Stored:
    stored = store.load(workspace.manifests, run.blend)
    if stored.manifest != run.manifest:
        found, expected = stored.manifest.digests.content, run.manifest.digests.content
        raise UserError(
            f"{stored.address}: is not the manifest that this run began with, {run.folder / MANIFEST_FILE} (content digest"
            f" {expected[:12]}, found {found[:12]}); nothing was started. Train again, which is a run of its own"
        )
    store.check(stored)
    check_verifier(stored)
    return stored


def _rewound(
    run: RunFolder, backend: Backend, stages: Sequence[RenderedStage], console: Console
) -> dict[RenderedStage, int]:
    """Set aside what is done again; return the stages that go on, each with the step that stands."""
    results = {stage: result_of(stage) for stage in stages}
    open_stages = [stage for stage, result in results.items() if result is None or not result.succeeded]
    aside = new_attempt_folder(run.folder)
    after = {stage: backend.rewind(stage, aside / stage.name) for stage in open_stages if _has_written(stage)}
    ended = "killed" if run.record is None else run.ended
    set_aside(run.folder, aside, ended, after, RUN_FILE)
    for stage, step in after.items():
        where = f"goes on after step {step} of {stage.steps}" if step else "begins anew"
        console.print(
            f"{stage.name}: {where}; what it left is in {aside / stage.name}", highlight=False, soft_wrap=True
        )
    return after


def _has_written(stage: RenderedStage) -> bool:
    return any(path.exists() for path in (stage.log, stage.metrics, stage.outcomes, stage.checkpoints, stage.ended))
