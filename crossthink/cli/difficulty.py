"""`crossthink difficulty`: how often a model solves the questions of a corpus, from responses, from runs, or by asking it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crossthink.cli.options import DEFAULT_WORKSPACE, WorkspaceOption
from crossthink.errors import UserError
from crossthink.workspace import Workspace, checked_name

if TYPE_CHECKING:
    from crossthink.progress import Progress
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
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Of a YAML file: say what asking would cost, and ask nothing.")
    ] = False,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
) -> None:
    """Say how often a model solves each question of a corpus: of published responses, of training runs, or by asking it."""
    from crossthink.progress import Progress

    place = Workspace(workspace)
    if name.lower().endswith((".yaml", ".yml")):
        if from_responses or from_runs:
            raise UserError(f"{name}: asks a model; --from-responses and --from-runs go with a name")
        _solve(Path(name), corpus, dry_run, place, Progress())
        return
    checked_name(name, "difficulty")
    if bool(from_responses) == bool(from_runs):
        raise UserError("expected one of --from-responses and --from-runs, or the YAML file of a model to ask")
    if from_responses:
        from curate.difficulty.imported import Asked, import_responses

        if corpus is None:
            raise UserError("--from-responses: expected --corpus NAME, whose questions they answer")
        asked = Asked(tuple(from_responses), model, adapter, response, answer, find_answers)
        _print(import_responses(name, corpus, asked, place, Progress()))
        return
    from blends.from_runs import difficulty_from_runs

    _print(difficulty_from_runs(name, from_runs or [], model, place, Progress()))


def _solve(path: Path, corpus: str | None, dry_run: bool, workspace: Workspace, progress: "Progress") -> None:
    from crossthink.config import load_config
    from curate.difficulty.settings import SolveConfig
    from curate.difficulty.solve import price, solve

    config = load_config(path, SolveConfig, {"corpus": corpus} if corpus else None)
    if dry_run:
        typer.echo(price(config, workspace).said(config.model.model))
    else:
        _print(solve(config, workspace, progress))


def _print(made: "Difficulty") -> None:
    rate = f"{made.passed / made.responses:.2%}" if made.responses else "none"
    typer.echo(f"difficulty {made.name}: {made.model}, {made.questions:,} questions, {made.responses:,} responses")
    typer.echo(f"  right {made.passed:,} ({rate})" + (f", not judged {made.unjudged:,}" if made.unjudged else ""))
    if made.asked is not None and made.asked.failures:
        failed = ", ".join(f"{count:,} {reason}" for reason, count in made.asked.failures.items())
        typer.echo(f"  no answer came for: {failed}; the same command asks these again")
    for reason, count in made.unmatched.items():
        typer.echo(f"  {count:,} records answer no question: {reason}")
