"""The commands."""

from pathlib import Path
from typing import Annotated

import typer

from crossthink import __version__
from crossthink.cli.blend import blend
from crossthink.cli.configs import cp, validate
from crossthink.cli.diff import diff
from crossthink.cli.difficulty import difficulty
from crossthink.cli.evaluate import evaluate
from crossthink.cli.export import export
from crossthink.cli.front import Front
from crossthink.cli.judging import agreement, rate
from crossthink.cli.manifests import check, log, ls, show
from crossthink.cli.options import DEFAULT_WORKSPACE, DryRunOption, MemoryOption, ThreadsOption, WorkspaceOption
from crossthink.cli.profile import profile_command
from crossthink.cli.report import report
from crossthink.cli.runs import run, runs
from crossthink.cli.sources import sources
from crossthink.cli.sql import sql, sql_settings
from crossthink.cli.synthesize import synthesize
from crossthink.cli.train import train
from crossthink.engines import use_memory, use_threads
from crossthink.workspace import Workspace

app = typer.Typer(
    name="crossthink",
    cls=Front,
    help="Curate verifiable question-answer data, blend it on purpose, pin the blend, train GRPO from it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(sources, name="sources")
app.command("profile")(profile_command)


@app.callback(invoke_without_command=True)
def _front(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
) -> None:
    if version:
        typer.echo(__version__)
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command()
def curate(
    config: Annotated[str, typer.Argument(help="A curation's YAML file, or the name of a shipped one.")],
    data: Annotated[Path | None, typer.Option(help="Folder that the sources' files are relative to.")] = None,
    dry_run: DryRunOption = False,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    threads: ThreadsOption = None,
    memory: MemoryOption = None,
) -> None:
    """Turn sources into a corpus: ingest, filter, deduplicate, decontaminate, judge, template, verify."""
    use_threads(threads)
    use_memory(memory)
    from crossthink.cli.show import print_ledger
    from crossthink.config import find_config
    from crossthink.progress import Progress
    from curate.config import SHIPPED, load_curation
    from curate.pipeline import curate as run

    settings, root = load_curation(find_config(config, SHIPPED, "curation"), data)
    if dry_run:
        from crossthink.cli.judging import print_prices

        print_prices(settings, root, Workspace(workspace))
        return
    corpus = run(settings, root, Workspace(workspace), Progress())
    print_ledger(corpus)


@app.command()
def decontaminate(
    corpus: Annotated[str, typer.Argument(help="Name of a finished corpus.")],
    against: Annotated[str, typer.Option(help="A set of benchmarks: a YAML file, or the name of a shipped one.")],
    data: Annotated[Path | None, typer.Option(help="Folder that the benchmarks' files are relative to.")] = None,
    report: Annotated[Path | None, typer.Option(help="Write every leak: .json, .csv or .parquet.")] = None,
    review: Annotated[Path | None, typer.Option(help="Write the pairs in doubt, for a person or a judge.")] = None,
    semantic: Annotated[
        str | None, typer.Option(help="Embedding model that finds paraphrases, e.g. wordllama.")
    ] = None,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    threads: ThreadsOption = None,
    memory: MemoryOption = None,
) -> None:
    """Say which benchmark items a corpus leaks, per benchmark, and in which rows."""
    use_threads(threads)
    use_memory(memory)
    from crossthink.cli.decontaminate import decontaminate as run

    run(Workspace(workspace), corpus, against, data=data, report=report, review=review, semantic=semantic)


app.command("synthesize")(synthesize)
app.command("rate")(rate)
app.command("agreement")(agreement)
app.command("blend")(blend)
app.command("ls")(ls)
app.command("log")(log)
app.command("show")(show)
app.command("export")(export)
app.command("check")(check)
app.command("diff")(diff)
app.command("difficulty")(difficulty)
app.command("eval")(evaluate)
app.command("cp")(cp)
app.command("validate")(validate)
app.command("sql", context_settings=sql_settings)(sql)
app.command("report")(report)
app.command("train")(train)
app.command("runs")(runs)
app.add_typer(run, name="run")
