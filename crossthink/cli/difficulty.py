"""`crossthink difficulty`: how often a model solves the questions of a corpus, from responses, from runs, or by asking it."""

from typing import TYPE_CHECKING, Annotated

import typer

from crossthink.cli.options import DEFAULT_WORKSPACE, WorkspaceOption
from crossthink.errors import UserError
from crossthink.workspace import Workspace

if TYPE_CHECKING:
    from curate.difficulty.store import Difficulty


def difficulty(
    name: Annotated[str, typer.Argument(help="Name of the difficulty; or a YAML file that asks a model.")],
    corpus: Annotated[str | None, typer.Option(help="Corpus whose questions were answered.")] = None,
    from_responses: Annotated[
        list[str] | None,
        typer.Option("--from-responses", metavar="FILE", help="File of published responses; repeatable."),
    ] = None,
    from_runs: Annotated[
        list[str] | None, typer.Option("--from-runs", metavar="RUN", help="A finished run; repeatable.")
    ] = None,
    model: Annotated[str, typer.Option(help="What recipes call the model; by default the difficulty's name.")] = "",
    adapter: Annotated[
        str | None, typer.Option(help="Schema of the responses' records, if the keys are not the plain ones.")
    ] = None,
    response: Annotated[str | None, typer.Option(help="Where a record has its response, or a list of them.")] = None,
    answer: Annotated[
        str | None, typer.Option(help="Where it states the answers that its publisher found; by default `pred`.")
    ] = None,
    find_answers: Annotated[
        bool, typer.Option("--find-answers", help="Find every answer in its text, whatever the file states.")
    ] = False,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
) -> None:
    """Say how often a model solves each question of a corpus: of published responses, of training runs, or by asking it."""
    from crossthink.progress import Progress

    place = Workspace(workspace)
    if bool(from_responses) == bool(from_runs):
        raise UserError("expected one of --from-responses and --from-runs")
    if from_responses:
        from curate.difficulty.imported import Asked, import_responses

        if corpus is None:
            raise UserError("--from-responses: expected --corpus NAME, whose questions they answer")
        asked = Asked(tuple(from_responses), model, adapter, response, answer, find_answers)
        _print(import_responses(name, corpus, asked, place, Progress()))
        return
    from blends.from_runs import difficulty_from_runs

    _print(difficulty_from_runs(name, from_runs or [], model, place, Progress()))


def _print(made: "Difficulty") -> None:
    rate = f"{made.passed / made.responses:.2%}" if made.responses else "none"
    typer.echo(f"difficulty {made.name}: {made.model}, {made.questions:,} questions, {made.responses:,} responses")
    typer.echo(f"  right {made.passed:,} ({rate})" + (f", not judged {made.unjudged:,}" if made.unjudged else ""))
    for reason, count in made.unmatched.items():
        typer.echo(f"  {count:,} records answer no question: {reason}")
