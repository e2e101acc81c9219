"""`crossthink synthesize`: questions from documents, topics and personas, and a corpus's questions in another form."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crossthink.cli.options import DEFAULT_WORKSPACE, DryRunOption, ThreadsOption, WorkspaceOption
from crossthink.engines import use_threads
from crossthink.workspace import Workspace

if TYPE_CHECKING:
    from curate.synthesis.source import Synthetic


def synthesize(
    config: Annotated[str, typer.Argument(help="A synthesis's YAML file, or the name of a shipped one.")],
    data: Annotated[Path | None, typer.Option(help="Folder that its files are relative to.")] = None,
    dry_run: DryRunOption = False,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    threads: ThreadsOption = None,
) -> None:
    """Make questions with a model: from documents, topics or personas, or from a corpus by rewriting."""
    use_threads(threads)
    from crossthink.config import find_config
    from crossthink.progress import Progress
    from curate.ask.spending import Spending
    from curate.synthesis.run import price
    from curate.synthesis.run import synthesize as run
    from curate.synthesis.settings import SHIPPED, load_synthesis

    settings, root = load_synthesis(find_config(config, SHIPPED, "synthesis"), data)
    place = Workspace(workspace)
    if dry_run:
        for line in price(settings, root, place):
            typer.echo(line)
        return
    spending = Spending(settings.budget)
    made = run(settings, root, place, spending, Progress())
    print_synthetic(made)
    typer.echo(spending.summary())


def print_synthetic(made: "Synthetic") -> None:
    """Print the ledger of a synthetic source, why rows went, and what its models were asked."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    from crossthink.cli.output import console
    from crossthink.errors import printable

    table = Table(
        title=f"synthetic source {made.name}: the ledger", title_justify="left", box=SIMPLE_HEAD, pad_edge=False
    )
    for heading in ("stage", "source", "rows in", "added", "dropped", "kept", "why"):
        table.add_column(heading, justify="left" if heading in ("stage", "source", "why") else "right", overflow="fold")
    for line in made.ledger:
        why = ", ".join(f"{count:,} {reason}" for reason, count in line.reasons.items())
        numbers = [f"{number:,}" for number in (line.rows_in, line.added, line.dropped, line.kept)]
        table.add_row(line.stage, Text(printable(line.source)), *numbers, why)
    out = console()
    out.print(table)
    out.print(f"{made.rows:,} questions. Per stage and source: rows in + added = kept + dropped.")
    for fact, count in made.facts.items():
        out.print(f"{count:,} {fact.replace('_', ' ')}")
    if made.unanswered:
        out.print(f"! {made.unanswered:,} rows are missing because a request failed; the same command asks them again")
