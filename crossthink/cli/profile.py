"""`crossthink profile CORPUS`: what each source holds, and what is odd about it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from curate.profile_model import Profile, SourceProfile


def profile_command(
    corpus: Annotated[str, typer.Argument(help="Name of a corpus.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print every figure as JSON.")] = False,
    workspace: Annotated[
        Path,
        typer.Option("--workspace", "-w", envvar="CROSSTHINK_WORKSPACE", help="Folder of corpora, manifests and runs."),
    ] = Path("workspace"),
) -> None:
    """Profile a corpus's sources as they were ingested: rows, answers, lengths, licences, languages, signals, and what is odd."""
    from crossthink.errors import UserError
    from crossthink.workspace import Workspace
    from curate.benchmarks import ingested_at
    from curate.corpus import read_corpus
    from curate.ingest import INGESTED_FILE
    from curate.profile import profile

    folder = Workspace(workspace).corpus(corpus)
    described = read_corpus(folder)
    ingested = [
        ingested_at(folder / ".stages", source.name) / INGESTED_FILE
        for source in described.sources
        if source.role == "corpus"
    ]
    if not all(path.is_file() for path in ingested):
        raise UserError(f"{folder}: what was ingested is gone; run the same `crossthink curate` again to have it back")
    made = profile(ingested, described.ledger)
    if as_json:
        typer.echo(made.model_dump_json(indent=2))
    else:
        print_profile(made)


def print_profile(made: "Profile") -> None:
    """Print a profile: a table of the sources, then one line for each thing that is odd."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    from crossthink.cli.output import console
    from crossthink.errors import printable

    table = Table(title="profile of the sources", title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for heading in _HEADINGS:
        is_text = heading in ("source", "answers", "licence", "language")
        table.add_column(heading, justify="left" if is_text else "right", overflow="fold")
    for source in made.sources:
        table.add_row(*(Text(printable(cell)) for cell in _cells(source)))
    out = console()
    out.print(table)
    for source in made.sources:
        for line in source.oddities:
            out.print(Text(printable(f"! {source.source}: {line}")))
    if not any(source.oddities for source in made.sources):
        out.print("nothing odd")


_HEADINGS = (
    *("source", "rows", "questions", "rows/q", "open", "answers", "question p50", "p95", "answer p50", "p95"),
    *("licence", "language"),
)


def _cells(source: "SourceProfile") -> list[str]:
    question, answer = source.lengths["question_characters"], source.lengths["answer_characters"]
    return [
        source.source,
        f"{source.rows:,}",
        f"{source.unique_questions:,}",
        f"{source.rows_per_question:.2f}",
        f"{source.option_counts.get(0, 0) / source.rows:.0%}",
        ", ".join(
            f"{kind} {rows / source.rows:.0%}"
            for kind, rows in source.answer_kinds.items()
            if rows >= 0.01 * source.rows
        ),
        f"{question.p50:,}",
        f"{question.p95:,}",
        f"{answer.p50:,}",
        f"{answer.p95:,}",
        ", ".join(source.licenses),
        ", ".join(source.languages),
    ]
