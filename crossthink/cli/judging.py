"""`crossthink rate` and `crossthink agreement`: how hard a corpus's questions are, and how far a judge can be trusted."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crossthink.cli.options import DEFAULT_WORKSPACE, DryRunOption, WorkspaceOption

if TYPE_CHECKING:
    import pyarrow as pa

    from crossthink.workspace import Workspace
    from curate.ask import ModelSettings, Request
    from curate.config import CurationConfig
    from curate.judging.measure import AgreementConfig
    from curate.judging.ratings import RatingConfig
    from curate.judging.store import Judged

_BARS = 40
"""Characters of the longest bar."""


def rate(
    config: Annotated[Path, typer.Argument(help="A YAML file: name, corpus, model, ratings.")],
    dry_run: DryRunOption = False,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
) -> None:
    """Have a model rate how hard a corpus's questions are, by a rubric; several ratings each, averaged."""
    from crossthink.config import load_config
    from crossthink.progress import Progress
    from crossthink.workspace import Workspace
    from curate.judging.making import make_ratings, rated_items
    from curate.judging.ratings import RatingConfig, rating_requests

    asked, place = load_config(config, RatingConfig), Workspace(workspace)
    if dry_run:
        items, _ = rated_items(asked, place)
        _print_price((request for _, request in rating_requests(items, asked)), asked.model, place)
        return
    stated, table = make_ratings(asked, place, Progress())
    _print_ratings(asked, table)
    _print_faults(stated)


def agreement(
    config: Annotated[Path, typer.Argument(help="A YAML file: name, labels, asks, model, votes.")],
    dry_run: DryRunOption = False,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
) -> None:
    """Hold a judge to labels, to itself asked again, and to itself over both orders of a pair."""
    from crossthink.config import load_config
    from crossthink.progress import Progress
    from crossthink.workspace import Workspace
    from curate.judging.labels import read_labels
    from curate.judging.making import make_agreement
    from curate.judging.measure import AgreementConfig, label_requests

    asked, place = load_config(config, AgreementConfig), Workspace(workspace)
    labels = config.parent / asked.labels
    if dry_run:
        labelled = read_labels(labels, asked.are_pairs)
        _print_price(label_requests(labelled, asked), asked.model, place)
        return
    stated, table = make_agreement(asked, labels, place, Progress())
    _print_agreement(asked, table.to_pylist()[0])
    _print_faults(stated)


def print_prices(config: "CurationConfig", root: Path, workspace: "Workspace") -> None:
    """Print what each judge of a curation would ask.

    Raises:
        UserError: it has no judge; an input cannot be read.
    """
    from crossthink.errors import UserError
    from crossthink.progress import Progress
    from curate.pipeline import price

    if not config.judges and not any(config.grey_zones.model_dump().values()):
        raise UserError(
            "--dry-run: prices what judges would ask, and this curation has neither `judges` nor `grey_zones`"
        )
    models = {f"judge_{judge.name}": judge.model.model for judge in config.judges}
    models |= {f"judge_{zone}": judge.model.model for zone, judge in config.grey_zones if judge is not None}
    for stage, estimate in price(config, root, workspace, Progress()).items():
        typer.echo(f"{stage}: {estimate.said(models[stage])}")


def _print_price(requests: "Iterable[Request]", model: "ModelSettings", workspace: "Workspace") -> None:
    from curate.ask.cache import Cache
    from curate.ask.price import estimate

    typer.echo(estimate(requests, model, Cache(workspace.answers)).said(model.model))


def _print_ratings(asked: "RatingConfig", table: "pa.Table") -> None:
    """Print how many questions have which rating, rounded down to a whole number."""
    import polars as pl

    from crossthink.cli.output import console

    rows = pl.DataFrame(table)
    rated = rows.filter(pl.col("rating").is_not_null())
    out = console()
    out.print(
        f"{rated.height:,} of {rows.height:,} questions of {asked.corpus} are rated by {asked.model.model}",
        markup=False,
    )
    if rated.is_empty():
        return
    counts = dict(rated.group_by(pl.col("rating").floor().cast(pl.Int64)).len().iter_rows())
    for rating in range(min(counts), max(counts) + 1):
        count = counts.get(rating, 0)
        out.print(f"{rating:>4}  {count:>9,}  {'█' * round(_BARS * count / max(counts.values()))}")
    mean, spread = rated.select(pl.col("rating").mean(), pl.col("spread").mean()).row(0)
    apart = "" if spread is None else f"; the ratings of a question are {spread:.2f} apart (mean standard deviation)"
    out.print(f"mean {mean:.2f}{apart}")


def _print_agreement(asked: "AgreementConfig", figures: dict[str, Any]) -> None:
    """Print the figures with their intervals, and the confusion table."""
    from crossthink.cli.output import console

    out = console()
    out.print(
        f"{asked.model.model} on {asked.asks}: {figures['rows']:,} labels, {figures['votes']} votes each", markup=False
    )
    for name in ("agreement", "kappa", "self_agreement", "order_agreement"):
        value, low, high = (figures[f"{name}{end}"] for end in ("", "_low", "_high"))
        if value is not None:
            within = "" if low is None else f"  {low:.3f} to {high:.3f}"
            out.print(f"{name.replace('_', ' '):16} {value:.3f}{within}")
    for cell in figures["confusion"]:
        out.print(f"label {cell['label']:3}  verdict {cell['verdict']:9}  {cell['rows']:>7,}")


def _print_faults(stated: "Judged") -> None:
    from crossthink.cli.output import console

    if stated.faults:
        said = ", ".join(f"{count:,} {fault}" for fault, count in stated.faults.items())
        console().print(f"answers that could not be used: {said}", markup=False)
