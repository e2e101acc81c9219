"""`crossthink ls`, `log`, `show` and `check`: which blends there are, how they came, what they say, and whether it is true."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from crossthink.cli.options import DEFAULT_WORKSPACE, StoreOption, WorkspaceOption
from crossthink.errors import UserError, listing, nearest, several
from crossthink.workspace import Workspace

if TYPE_CHECKING:
    from manifests.changes import Change
    from manifests.store import Stored


def ls(workspace: WorkspaceOption = DEFAULT_WORKSPACE, store: StoreOption = None) -> None:
    """List the blends: versions, rows, corpus and digests."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    from crossthink.cli.output import console
    from manifests.store import list_all

    place = Workspace(workspace, store)
    place.check()
    stored = list_all(place.manifests, say_left_out)
    if not stored:
        typer.echo("no blends here; make one with: crossthink blend RECIPE --corpus NAME")
        return
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for heading in ("blend", "rows", "batches", "corpus", "recipe", "sources", "content"):
        table.add_column(heading, justify="right" if heading in ("rows", "batches") else "left")
    for each in stored:
        manifest = each.manifest
        digests = [value[:_SHORT] for value in manifest.digests.model_dump().values()]
        figures = (f"{manifest.rows:,}", f"{manifest.batches:,}")
        table.add_row(Text(each.reference), *figures, Text(manifest.corpus.name), *digests)
    console().print(table)


def say_left_out(line: str) -> None:
    """Say on standard error, in one line, which blend is left out because it cannot be read."""
    from crossthink.errors import printable

    typer.echo(f"crossthink: left out: {printable(' '.join(line.split()))}", err=True)


def log(
    name: Annotated[str, typer.Argument(help="Blend NAME.")],
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    store: StoreOption = None,
) -> None:
    """Show a blend's versions, the newest first, and what changed against the one before."""
    from crossthink.cli.output import console
    from crossthink.errors import printable
    from manifests.store import history

    versions = history(Workspace(workspace, store).manifests, name)
    out = console()
    for place in reversed(range(len(versions))):
        each = versions[place]
        manifest = each.manifest
        digest = manifest.digests.content[:_SHORT]
        heading = f"{each.reference}  {digest}  {several(manifest.rows, 'row')} from {manifest.corpus.name}"
        out.print(heading, style="bold", markup=False, soft_wrap=True)
        for line in _what_changed(versions[place - 1], each) if place else ["the first"]:
            out.print(f"  {printable(line)}", markup=False, soft_wrap=True)


_SHORT = 12
"""Characters of a digest that are shown where several stand in a line."""

_SHOWN_KEYS = 4
"""Changed keys that a line of the log names."""


def _what_changed(before: "Stored", after: "Stored") -> list[str]:
    """Return a line for each part of a manifest that is not as in the version before."""
    from manifests.changes import curation_changes, pin_changes, recipe_changes, source_changes
    from manifests.pairs import IN, MOVED, OUT, pair_rows

    old, new = before.manifest, after.manifest
    parts = {
        "recipe": _asked(recipe_changes(old, new)),
        "curation": _asked(curation_changes(old, new)),
        "sources": [each.key for each in source_changes(old, new)],
        "pinned": [each.key for each in pin_changes(old, new)],
    }
    lines = [f"{part}: {_first(keys)}" for part, keys in parts.items() if keys]
    if old.digests.content == new.digests.content:
        return [*lines, "content: the same"]
    changes = pair_rows(before.rows_path, after.rows_path)["change"].to_list()
    figures = ", ".join(f"{changes.count(kind):,} {kind}" for kind in (OUT, IN, MOVED))
    return [*lines, f"content: {figures}; {old.rows:,} -> {several(new.rows, 'row')}"]


def _asked(changes: "Sequence[Change]") -> list[str]:
    lines = [f"{each.key} {_said(each.before)} -> {_said(each.after)}" for each in changes]
    return [line if len(line) <= 80 else f"{line[:77]}..." for line in lines]


def _said(value: object) -> str:
    return "-" if value is None else str(value)


def _first(keys: Sequence[str]) -> str:
    more = f" and {len(keys) - _SHOWN_KEYS:,} more" if len(keys) > _SHOWN_KEYS else ""
    return ", ".join(keys[:_SHOWN_KEYS]) + more


def check(
    name: Annotated[str, typer.Argument(help="Blend NAME, or NAME@VERSION.")],
    deep: Annotated[
        bool, typer.Option("--deep", help="Recompute from the rows what the manifest says of them, too.")
    ] = False,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    store: StoreOption = None,
) -> None:
    """Hold a blend to its manifest; the first thing that differs is named."""
    from manifests.store import check as verify
    from manifests.store import load

    stored = load(Workspace(workspace, store).manifests, name)
    verify(stored, deep=deep)
    manifest = stored.manifest
    files = " and ".join(each.name for each in manifest.files)
    typer.echo(f"{stored.reference}: as written. Held to their digests: the manifest, its recipe and sources, {files}")
    if deep:
        what = "content digest, places, epochs, components, stages, statistics, holdout"
        typer.echo(f"Recomputed from the {several(manifest.rows, 'row')}: {what}")
    else:
        typer.echo("Not recomputed: what the manifest says of its rows (--deep does)")


def show(
    name: Annotated[str, typer.Argument(help="Blend NAME or NAME@VERSION, or the name of a corpus.")],
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    store: StoreOption = None,
) -> None:
    """Show a blend (requested against realised weights, digests) or a corpus (its ledger)."""
    from crossthink.cli.show import print_blend, print_ledger
    from curate.corpus import read_corpus
    from manifests.store import has, load

    place = Workspace(workspace, store)
    place.check()
    if "@" not in name and (place.corpora / name).is_dir() and not has(place.manifests, name):
        print_ledger(read_corpus(place.corpus(name)))
        return
    try:
        stored = load(place.manifests, name)
    except UserError as error:
        if "@" in name or has(place.manifests, name):
            raise
        corpora = [path.parent.name for path in place.corpora.glob("*/corpus.json")]
        raise UserError(f"{error} Nor a corpus; there are: {listing(corpora)}.{nearest(name, corpora)}") from None
    print_blend(stored)
