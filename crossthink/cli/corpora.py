"""What `diff` needs of a corpus: the tables of `manifests.diff.CorpusRows`, for a room that knows nothing of curation."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from blends.difficulty import read_pass_rates
from blends.leave_out import DIFFICULTY, UNMEASURED, told_by_difficulty
from blends.pool import CorpusPool
from blends.recipe import Difficulty
from crossthink.errors import UserError
from crossthink.files import digest
from crossthink.workspace import Workspace
from curate.corpus import CORPUS_FILE, DROPPED_FILE, ITEMS_FILE, VARIANTS_FILE, read_corpus
from curate.difficulty import store
from manifests.diff import CorpusRows
from manifests.manifest import Manifest


def corpus_rows(workspace: Workspace, manifest: Manifest) -> CorpusRows | None:
    """Return the rows of the very corpus that a blend was drawn from, under whatever name; None when it is not here."""
    for path in sorted(workspace.corpora.glob(f"*/{CORPUS_FILE}")):
        folder = path.parent
        try:
            content = read_corpus(folder).record().content
        except UserError:  # damaged: not the one
            continue
        if content == manifest.corpus.content:
            dropped = ["row_id", "item_id", "stage", "reason"]
            return CorpusRows(
                rows=pl.read_parquet(folder / VARIANTS_FILE, columns=["row_id", "item_id"], glob=False).to_arrow(),
                dropped=pl.read_parquet(folder / DROPPED_FILE, columns=dropped, glob=False).to_arrow(),
                left_out=_left_out(workspace, folder, manifest.recipe).to_arrow(),
            )
    return None


def _left_out(workspace: Workspace, folder: Path, recipe: Mapping[str, Any]) -> pl.DataFrame:
    """Return the rows of a corpus that a recipe leaves out whatever its components select, each with its first reason."""
    each = pl.concat([_refused(folder, recipe), _by_difficulty(workspace, folder, recipe)])
    return each.unique("row_id", keep="first", maintain_order=True)


def _by_difficulty(workspace: Workspace, folder: Path, recipe: Mapping[str, Any]) -> pl.DataFrame:
    """Return the rows that `difficulty.keep` leaves out, as far as the workspace still has the difficulties."""
    asked = recipe.get("difficulty") or {}
    here = {digest(each.resolved()): each.name for each in store.list_all(workspace)}
    pins = [digest(measured) for measured in asked.get("of") or []]
    names = [here[pin] for pin in pins] if here.keys() >= set(pins) else []
    if not names or asked.get("keep") is None:
        return pl.DataFrame(schema={"row_id": pl.String, "reason": pl.String})
    pool = CorpusPool(folder, read_pass_rates(Difficulty(name=names), workspace).items)
    rows = pool.rows()
    told = told_by_difficulty(asked["keep"], rows, pool)
    unknown = UNMEASURED if asked["unmeasured"] == "leave_out" else None
    reason = pl.when(told.is_null()).then(pl.lit(unknown, pl.String)).when(~told).then(pl.lit(DIFFICULTY))
    return rows.select("row_id", reason=reason).filter(pl.col("reason").is_not_null())


def _refused(folder: Path, recipe: Mapping[str, Any]) -> pl.DataFrame:
    """Return the rows of a corpus whose licence a recipe refuses."""
    rules = recipe.get("licenses") or {}
    allowed, denied = rules.get("allow"), rules.get("deny") or []
    refused = pl.col("license").is_in(denied)
    if allowed is not None:
        refused |= ~pl.col("license").is_in(allowed)
    items = pl.scan_parquet(folder / ITEMS_FILE, glob=False).filter(refused).select("item_id")
    variants = pl.scan_parquet(folder / VARIANTS_FILE, glob=False).select("row_id", "item_id")
    return variants.join(items, on="item_id", how="semi").select("row_id", reason=pl.lit("license")).collect()
