"""`crossthink train`: from a manifest and a plan to a run."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from crossthink.cli.options import DEFAULT_WORKSPACE, StoreOption, WorkspaceOption
from crossthink.workspace import Workspace

RayAddressOption = Annotated[
    str | None,
    typer.Option(
        "--ray-address",
        help="Submit to the Ray cluster at this address, such as http://HEAD:8265; the workspace is on storage that"
        " all of its nodes share.",
    ),
]


def train(
    name: Annotated[str, typer.Argument(help="Blend NAME, or NAME@VERSION.")],
    plan: Annotated[str, typer.Option(help="A plan's YAML file, or the name of a shipped one.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check and render; start nothing.")] = False,
    again: Annotated[bool, typer.Option("--again", help="Run although a run of this plan and blend stands.")] = False,
    ray_address: RayAddressOption = None,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    store: StoreOption = None,
) -> None:
    """Train from a manifest: check the plan against it, render, launch, collect the rollouts."""
    from crossthink.cli.output import console
    from crossthink.config import find_config
    from train_backend.plan import SHIPPED
    from train_backend.runs import train as run

    with failure_is_an_exit_code():
        run(
            Workspace(workspace, store),
            name,
            find_config(plan, SHIPPED, "plan"),
            dry_run=dry_run,
            again=again,
            console=console(),
            cluster=ray_address,
        )


@contextmanager
def failure_is_an_exit_code() -> Iterator[None]:
    """Say why a stage did not end well, and exit with 1."""
    from train_backend.backend import RunFailed

    try:
        yield
    except RunFailed as failure:
        typer.echo(f"crossthink: {failure}", err=True)
        raise typer.Exit(1) from None
