"""`crossthink sources`: which published schemas are known, what one is, and a first mapping for a file that none fits."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crossthink.cli.front import Once

if TYPE_CHECKING:
    import pyarrow as pa

sources = typer.Typer(
    cls=Once,
    help="List the known source schemas, show one, or propose a mapping for a file.",
    invoke_without_command=True,
)


@sources.callback()
def _list(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        from crossthink.cli.output import print_table

        print_table(_table())


@sources.command()
def show(name: Annotated[str, typer.Argument(help="An adapter's name, or the path of a mapping.")]) -> None:
    """Show one schema: where it is published, its licence, and its mapping, ready to copy."""
    from curate.sources import adapter
    from curate.sources.registry import MAPPINGS, is_mapping_path

    chosen = adapter(name)
    facts = {
        "about": chosen.about,
        "published": chosen.published or "-",
        "licence": chosen.license,
        "gold": chosen.gold,
        "domain": chosen.domain if chosen.mapping is None or chosen.mapping.domain.path is None else "by row",
        "role": chosen.role,
        "origin": chosen.origin,
        "language": chosen.language,
        "layout": chosen.layout,
    }
    for key, value in facts.items():
        typer.echo(f"{key + ':':<11} {value}")
    path = Path(name) if is_mapping_path(name) else MAPPINGS / f"{name}.yaml"
    if chosen.mapping is None:
        typer.echo("\nWritten in Python: its schema needs more than a mapping can say.")
    else:
        typer.echo(f"\n{path.read_text(encoding='utf-8')}", nl=False)


@sources.command()
def guess(
    file: Annotated[Path, typer.Argument(help="A file of rows: JSON, JSON lines, CSV, TSV, Parquet, Arrow.")],
) -> None:
    """Propose a mapping for a file from its first rows; it goes to standard output and loads as it stands."""
    from curate.sources.guess import guess as propose

    proposal = propose(file)
    typer.echo(proposal.text, nl=False)
    typer.echo(f"{file}: drafts {proposal.drafted} of the first {proposal.rows} rows well", err=True)


def _table() -> "pa.Table":
    import pyarrow as pa

    from crossthink.tables import table_of
    from curate.sources import adapters

    rows = [
        {
            "name": name,
            "role": str(each.role),
            "domain": "by row" if each.mapping and each.mapping.domain.path else str(each.domain),
            "licence": each.license,
            "gold": each.gold,
            "about": each.about,
        }
        for name, each in adapters().items()
    ]
    return table_of(rows, pa.schema([(name, pa.string()) for name in rows[0]]))
