"""`crossthink export`: a blend as the files that another tool reads."""

from pathlib import Path
from typing import Annotated

import typer

from crossthink.cli.options import DEFAULT_WORKSPACE, StoreOption, WorkspaceOption
from crossthink.errors import several
from crossthink.workspace import Workspace

TARGETS = "verl, datasets, trl, trl-sft, nemo-gym, jsonl, croissant"


def export(
    name: Annotated[str, typer.Argument(help="Blend NAME, or NAME@VERSION.")],
    to: Annotated[str, typer.Option("--to", help=f"What it is for: {TARGETS}.")],
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", help="A folder; or, for all but datasets and croissant, one .parquet or .jsonl file."
        ),
    ],
    with_solutions: Annotated[
        bool, typer.Option("--with-solutions", help="trl-sft: put worked solutions into the responses.")
    ] = False,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    store: StoreOption = None,
) -> None:
    """Write a blend for a trainer or a library, after checking it."""
    from blends.export import Target
    from blends.export import export as run
    from crossthink.errors import UserError, nearest
    from manifests.store import load

    targets = [str(target) for target in Target]
    if to not in targets:
        raise UserError(f"--to {to}: expected one of {', '.join(targets)}.{nearest(to, targets)}")
    done = run(load(Workspace(workspace, store).manifests, name), Target(to), output, with_solutions=with_solutions)
    for file, rows in done.rows.items():
        typer.echo(f"{output if file == output.name else output / file}: {several(rows, 'row')}")
    if done.left_out:
        typer.echo(
            f"Its holdout of {several(done.left_out, 'row')} is not in this file; a folder as --output has both."
        )
    if not done.is_new:
        typer.echo("The same export stood already; nothing was written.")
