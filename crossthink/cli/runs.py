"""`crossthink runs`, `crossthink run show` and `crossthink run resume`: what was trained, what came of it, and going on."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crossthink.cli.front import Once
from crossthink.cli.options import DEFAULT_WORKSPACE, Format, StoreOption, WorkspaceOption
from crossthink.cli.train import RayAddressOption, failure_is_an_exit_code
from crossthink.workspace import Workspace

if TYPE_CHECKING:
    from train_backend.overview import RunFolder

run = typer.Typer(cls=Once, help="Look into one run, or go on with it.", no_args_is_help=True)


def runs(
    format: Annotated[Format, typer.Option("--format", "-f", help="How to print the answer.")] = Format.TABLE,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write to a file instead.")] = None,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
) -> None:
    """List the runs of a workspace, finished or not, with the mean reward of the first and last quarter of the steps."""
    from crossthink.cli.output import emit
    from train_backend.overview import list_runs

    place = Workspace(workspace)
    place.check()
    emit(list_runs(place.runs), format, output)


@run.command("show")
def show(
    name: Annotated[str, typer.Argument(help="Name of a run, as `crossthink runs` has it.")],
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
) -> None:
    """Show a run: its plan, its manifest's digests, its stages, its versions, its end, its reward per component."""
    import pyarrow as pa

    from crossthink.cli.output import print_table
    from crossthink.tables import table_of
    from train_backend.overview import read_run, rewards_by_component
    from train_backend.record import RUNS_SCHEMA

    found = read_run(Workspace(workspace).runs, name)
    typer.echo(f"run {name}: {found.ended}")
    for key, value in _facts(found):
        typer.echo(f"  {key:<17} {value}")
    if found.record is None:
        return
    stages = pa.schema(list(RUNS_SCHEMA.field("stages").type.value_type))
    print_table(table_of(found.record["stages"], stages))
    if found.record["attempts"]:
        attempts = pa.schema(list(RUNS_SCHEMA.field("attempts").type.value_type))
        print_table(table_of(found.record["attempts"], attempts))
    print_table(rewards_by_component(found))


@run.command("resume")
def resume(
    name: Annotated[str, typer.Argument(help="Name of a run that did not end well, as `crossthink runs` has it.")],
    ray_address: RayAddressOption = None,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    store: StoreOption = None,
) -> None:
    """Go on with a run that was interrupted, failed or killed, from its newest whole checkpoint and with the same rows."""
    from crossthink.cli.output import console
    from train_backend.resume import resume as go_on

    with failure_is_an_exit_code():
        go_on(Workspace(workspace, store), name, console=console(), cluster=ray_address)


def _facts(found: "RunFolder") -> list[tuple[str, str]]:
    from train_backend.plan import GRPOStage
    from train_backend.record import plan_digest

    plan, manifest = found.plan, found.manifest
    machine = plan.resources
    stages = [(stage.name, stage.settings.reward) for stage in plan.in_order if isinstance(stage.settings, GRPOStage)]
    facts = [
        ("folder", str(found.folder)),
        ("plan", f"{plan.name}, digest {plan_digest(plan)[:12]}"),
        ("backend", plan.backend),
        ("model", plan.model.path or "tiny, made on the spot"),
        ("machine", f"{machine.platform}, {machine.nodes} x {machine.gpus_per_node}"),
        ("reward", plan.reward.score),
        *((f"reward of {name}", reward.score) for name, reward in stages if reward and reward != plan.reward),
        ("blend", f"{found.blend}, {manifest.rows:,} rows in batches of {manifest.batch_size}"),
        *((f"{name} digest", digest) for name, digest in manifest.digests.model_dump().items()),
        ("verifier digest", manifest.verifier_digest),
    ]
    return facts + ([] if found.record is None else _end(found.record))


def _end(record: Mapping[str, Any]) -> list[tuple[str, str]]:
    versions = ", ".join(f"{package} {version}" for package, version in sorted(record["versions"].items()))
    return [
        ("reward digest", record["reward_digest"]),
        *([("cause", record["cause"])] if record["cause"] else []),
        ("started", f"{record['started']}, {record['seconds']:,.0f} s"),
        ("versions", versions),
    ]
