"""`crossthink eval`: how a served model, a model on this machine or a run's checkpoint does on benchmarks."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crossthink.cli.options import DEFAULT_WORKSPACE, DryRunOption, WorkspaceOption
from crossthink.errors import UserError
from crossthink.workspace import Workspace

if TYPE_CHECKING:
    from curate.evaluation.evaluate import Subject
    from curate.evaluation.settings import EvaluationConfig
    from curate.evaluation.store import Evaluation


def evaluate(
    config: Annotated[str, typer.Argument(help="An evaluation's YAML file, or the name of a shipped one: paper.")],
    name: Annotated[str | None, typer.Option(help="Name of the evaluation; by default the configuration's.")] = None,
    model: Annotated[str | None, typer.Option(help="Name of the model at its server, or a hub id or folder.")] = None,
    base_url: Annotated[
        str | None, typer.Option(help="Address of an OpenAI-compatible server; without one the model runs here.")
    ] = None,
    run: Annotated[str | None, typer.Option(help="A run of the workspace, whose last checkpoint is evaluated.")] = None,
    data: Annotated[Path | None, typer.Option(help="Folder that the benchmarks' files are relative to.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="So many questions of each benchmark.")] = None,
    dry_run: DryRunOption = False,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
) -> None:
    """Score a model on benchmarks: any OpenAI-compatible server, a model on this machine, or a run's checkpoint."""
    from crossthink.progress import Progress
    from curate.evaluation.evaluate import Evaluator

    place = Workspace(workspace)
    asked = _read(config, {"name": name, "limit": limit})
    subject = _subject(asked, model, base_url, run, place)
    if run is not None and name is None:
        asked = asked.model_copy(update={"name": f"{asked.name}-{run}"})
    evaluator = Evaluator(asked, subject, place, data, Progress())
    if dry_run:
        typer.echo(evaluator.price().said(subject.model.model))
    else:
        _print(evaluator.run(), place)


def _read(reference: str, changes: dict[str, Any]) -> "EvaluationConfig":
    from crossthink.config import find_config, load_config
    from curate.evaluation.settings import SHIPPED, EvaluationConfig

    given = {key: value for key, value in changes.items() if value is not None}
    path = find_config(reference, SHIPPED, "evaluation")
    read = load_config(path, EvaluationConfig, given)
    beside = path.parent / read.benchmarks
    is_beside = read.benchmarks.endswith((".yaml", ".yml")) and beside.is_file()
    return read.model_copy(update={"benchmarks": str(beside)}) if is_beside else read


def _subject(
    config: "EvaluationConfig", model: str | None, base_url: str | None, run: str | None, workspace: Workspace
) -> "Subject":
    from crossthink.config import with_options
    from curate.ask import ModelSettings
    from curate.evaluation.evaluate import Subject

    stated = config.model.model_dump() if config.model else {"temperature": 0}
    if run is not None:
        if model is not None or base_url is not None:
            raise UserError("--run: its checkpoint is the model; leave out --model and --base-url")
        from train_backend.evaluated import checkpoint_of

        found = checkpoint_of(workspace.runs, run)
        here = {"model": str(found.folder), "base_url": None, "api": "chat"}
        return Subject(ModelSettings.model_validate(stated | here), run, found.words)
    given = {key: value for key, value in (("model", model), ("base_url", base_url)) if value is not None}
    if "model" not in stated | given:
        raise UserError(
            "expected a model: --model NAME, with --base-url where it is served, --run RUN, or `model:` in the YAML file"
        )
    return Subject(with_options(ModelSettings, stated, given))


def _print(made: "Evaluation", workspace: Workspace) -> None:
    import polars as pl
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    from crossthink.cli.output import console
    from crossthink.errors import printable
    from curate.evaluation.store import SCORES_FILE, folder_of

    scores = pl.read_parquet(folder_of(workspace, made.name) / SCORES_FILE, glob=False)
    whole = scores.filter(pl.col("subject").is_null())
    table = Table(title=f"evaluation {made.name}: {made.model}", title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("benchmark")
    for heading in ("questions", "runs", "accuracy", "95 %", "runs from", "to", "unjudged", "tokens right", "wrong"):
        table.add_column(heading, justify="right")
    for row in whole.iter_rows(named=True):
        shares = [_percent(row[key]) for key in ("accuracy", "run_low", "run_high")]
        interval = f"{_percent(row['low'])} to {_percent(row['high'])}"
        tokens = [_number(row[key]) for key in ("tokens_right", "tokens_wrong")]
        cells = [
            f"{row['questions']:,}",
            str(row["runs"]),
            shares[0],
            interval,
            *shares[1:],
            f"{row['unjudged']:,}",
            *tokens,
        ]
        table.add_row(Text(printable(row["benchmark"])), *cells)
    out = console()
    out.print(table)
    out.print(f"mean over the benchmarks: {_percent(whole['accuracy'].mean())}")
    for benchmark, reasons in made.left_out.items():
        for reason, count in reasons.items():
            out.print(f"{benchmark}: {count:,} rows were not asked: {reason}", markup=False)
    if made.asked is not None and made.asked.failures:
        failed = ", ".join(f"{count:,} {reason}" for reason, count in made.asked.failures.items())
        out.print(f"no answer came for: {failed}; the same command asks these again")


def _percent(share: Any) -> str:
    return "-" if share is None else f"{share:.2%}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f}"
