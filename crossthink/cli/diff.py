"""`crossthink diff`: what is different between two blends, and why each row went, came or moved."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crossthink.cli.options import DEFAULT_WORKSPACE, Format, StoreOption, ThreadsOption, WorkspaceOption, file_format
from crossthink.engines import use_threads
from crossthink.errors import several
from crossthink.workspace import StorePlace, Workspace

if TYPE_CHECKING:
    import pyarrow as pa

    from manifests.changes import Change, Weight
    from manifests.store import Stored


def diff(
    first: Annotated[str, typer.Argument(help="Blend NAME, or NAME@VERSION.")],
    second: Annotated[
        str | None, typer.Argument(help="The blend to compare it with; by default NAME's last two.")
    ] = None,
    rows: Annotated[
        Path | None,
        typer.Option(help="Write every row that is not the same, with its reason: .csv, .json or .parquet."),
    ] = None,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    store: StoreOption = None,
    threads: ThreadsOption = None,
) -> None:
    """Compare two blends: recipe, curation, sources, ledger, weights, and rows in, out and moved, each with its reason."""
    use_threads(threads)
    from crossthink.cli.corpora import corpus_rows
    from crossthink.cli.output import console, emit
    from manifests.changes import (
        curation_changes,
        ledger_changes,
        pin_changes,
        recipe_changes,
        source_changes,
        weights,
    )
    from manifests.diff import compare_rows

    format = file_format(rows) if rows else Format.TABLE
    place = Workspace(workspace, store)
    before, after = _two(place.manifests, first, second)
    old, new = before.manifest, after.manifest
    out = console()
    out.print(f"{before.reference} -> {after.reference}: {old.rows:,} -> {several(new.rows, 'row')}", style="bold")
    if old.digests == new.digests:
        out.print("The same recipe, sources and content.")
    _print_changes("recipe", recipe_changes(old, new))
    _print_changes("curation", curation_changes(old, new))
    _print_changes("pinned", pin_changes(old, new))
    _print_changes("sources", source_changes(old, new))
    _print_changes("ledger (source.stage.figure)", ledger_changes(old, new))
    _print_weights(weights(old, new))
    was, now = corpus_rows(place, old), corpus_rows(place, new)
    compared = compare_rows(before, after, was, now)
    _print_rows(compared, old.rows)
    if now is None and old.corpus.content != new.corpus.content:
        out.print(
            f"The corpus that {after.reference} was drawn from is not in this workspace any more (it was curated again, or"
            " never was here): why rows went is told only as far as the manifests say."
        )
    if rows:
        emit(compared, format, rows)
        out.print(f"{rows}: {several(compared.num_rows, 'row')}", soft_wrap=True)


def _two(place: StorePlace, first: str, second: str | None) -> "tuple[Stored, Stored]":
    from crossthink.errors import UserError
    from manifests.store import history, load

    if second is not None:
        return load(place, first), load(place, second)
    if "@" in first:
        raise UserError(f"diff {first}: names one version; name another, or the blend alone for its last two")
    versions = history(place, first)
    if len(versions) < 2:
        raise UserError(
            f"diff {first}: there is one version, {versions[0].reference}; name another blend to compare with"
        )
    return versions[-2], versions[-1]


MOST_LINES = 40
"""Differences of one kind that are printed; a changed tokenizer or curation can change hundreds of figures."""


def _print_changes(title: str, changes: "Sequence[Change]") -> None:
    if not changes:
        return
    cells = [(each.key, _cell(each.before), _cell(each.after)) for each in changes[:MOST_LINES]]
    _print_table(title, ("", "before", "after"), cells)
    if len(changes) > MOST_LINES:
        from crossthink.cli.output import console

        console().print(f"... and {len(changes) - MOST_LINES:,} more")


def _print_weights(found: "Sequence[Weight]") -> None:
    cells = []
    for each in found:
        shares = [_cell(value) if value is None else f"{value:.4f}" for value in (*each.requested, *each.realised)]
        counts = [_cell(value) if value is None else f"{value:,}" for value in each.rows]
        change = (each.rows[1] or 0) - (each.rows[0] or 0)
        cells.append((each.component, *shares, *counts, f"{change:+,}" if change else ""))
    headings = ("component", "requested", "->", "realised", "->", "rows", "->", "change")
    _print_table("weights", headings, cells, numbers=True)


def _print_rows(compared: "pa.Table", before: int) -> None:
    from crossthink.cli.output import console
    from manifests.diff import count_reasons
    from manifests.pairs import IN, MOVED, OUT

    kinds = compared["change"].to_pylist()
    total = {kind: kinds.count(kind) for kind in (OUT, IN, MOVED)}
    same = before - total[OUT] - total[MOVED]
    figures = ", ".join(f"{count:,} {kind}" for kind, count in total.items())
    counted = count_reasons(compared).to_pylist()
    if counted:
        _print_table("rows", ("change", "rows", "reason", "of the components"), _by_reason(counted))
    console().print(f"{figures}; {same:,} the same in the same batch")


def _by_reason(counted: Sequence[dict[str, Any]]) -> list[tuple[str, str, str, str]]:
    """Gather the components of each change and reason in one line."""
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in counted:
        groups.setdefault((row["change"], row["reason"]), []).append(row)
    return [
        (change, f"{sum(row['rows'] for row in rows):,}", reason, _parts(rows))
        for (change, reason), rows in groups.items()
    ]


def _parts(rows: Sequence[dict[str, Any]]) -> str:
    return ", ".join(f"{row['component']} {row['rows']:,}" for row in rows)


def _print_table(title: str, headings: Sequence[str], cells: Sequence[Sequence[str]], *, numbers: bool = False) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    from crossthink.cli.output import console
    from crossthink.errors import printable

    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for place, heading in enumerate(headings):
        is_number = heading == "rows" or (numbers and place > 0)
        table.add_column(heading, justify="right" if is_number else "left", overflow="fold")
    for row in cells:
        table.add_row(*(Text(printable(cell)) for cell in row))
    console().print(table)


def _cell(value: Any) -> str:
    """Return a setting as a person writes it; nothing is a dash, and a long text is cut."""
    if value is None:
        return "-"
    text = f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
    return text if len(text) <= 100 else f"{text[:60]} ... ({len(text):,} characters)"
