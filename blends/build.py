"""Building a blend: recipe and corpus in, ordered rows and their manifest out.

A plan says which rows; here they get their places, their texts and their description. The order is decided on ids alone,
and texts are read for the rows that were drawn.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from blends.keys import keys
from blends.order import batches_with_an_item_twice, keep_items_apart
from blends.plan import Plan, StagePlan, component_records, holdout_record, make_plan, stage_records
from blends.pool import PLACE
from blends.prompts import prompt_digest
from blends.recipe import Recipe
from blends.schedule import batch_of_each_row
from blends.texts import with_text
from blends.tokenizer import Tokenizer
from crossthink import __version__
from crossthink.workspace import Workspace
from curate.corpus import ITEMS_FILE, VARIANTS_FILE, check_corpus, read_corpus
from curate.verify import verifier_digest
from manifests.manifest import (
    ORDER_SCHEMA,
    Digests,
    Manifest,
    TokenizerRecord,
    content_digest,
    recipe_digest,
    sources_digest,
)
from manifests.store import Written, write

MIXTURE = ["domain", "source", "origin", "template", "license"]
"""What the joint counts of a manifest tell apart."""


def build(recipe: Recipe, workspace: Workspace, planned: Callable[[Plan], None] | None = None) -> Written:
    """Draw a blend from its corpus and write it; the same blend as an existing version is that version.

    Args:
        recipe: what is asked.
        workspace: where its corpus is, and where the blend goes.
        planned: told the plan, before anything is written.

    Raises:
        UserError: the corpus does not exist or was changed, or the recipe cannot be met (`make_plan`).
    """
    folder = workspace.corpus(recipe.corpus)
    corpus = read_corpus(folder)
    drawn_from = [file for file in corpus.files if file.name in (ITEMS_FILE, VARIANTS_FILE)]
    check_corpus(folder, corpus.model_copy(update={"files": drawn_from}))
    plan = make_plan(recipe, folder, workspace)
    if planned is not None:
        planned(plan)
    ordered = with_text(lay_out(plan, recipe), recipe.prompt, folder)
    rows = _as_table(ordered)
    record = corpus.record()
    draft = Manifest(
        name=recipe.name,
        version=1,
        crossthink=__version__,
        digests=Digests(
            recipe=recipe_digest(plan.resolved),
            sources=sources_digest(record, corpus.sources),
            content=content_digest(rows),
        ),
        recipe=plan.resolved,
        corpus=record,
        sources=corpus.sources,
        ledger=corpus.ledger,
        components=component_records(plan),
        rows=rows.num_rows,
        batch_size=recipe.batch_size,
        batches=rows.num_rows // recipe.batch_size,
        trimmed=plan.trimmed,
        left_out=plan.left_out,
        stages=stage_records(plan, recipe.batch_size),
        holdout=holdout_record(plan),
        prompt_digest=prompt_digest(recipe.prompt),
        verifier_digest=verifier_digest(),
        tokenizer=_tokenizer_record(recipe, plan.tokenizer),
        files=[],
        statistics=_statistics(ordered),
        parents=plan.parents,
    )
    holdout = None
    if plan.held is not None:
        holdout = _as_table(with_text(_numbered(plan.held.rows, recipe.batch_size), recipe.prompt, folder))
    return write(workspace.manifests, draft, rows, holdout)


def lay_out(plan: Plan, recipe: Recipe) -> pl.DataFrame:
    """Give the rows of a plan their places, stage after stage.

    Returns:
        The drawn rows with `component`, `batch`, `position` and `epoch`, sorted by position. The epoch says how often the
        row came before, whatever became of the draw's order.
    """
    stages, first = [], 0
    for stage in plan.stages:
        stages.append(_in_batches(stage, first, recipe.batch_size))
        first += stage.drawn.height // recipe.batch_size
    rows = _shuffled_within_batches(pl.concat(stages), recipe.batch_size, recipe.seed)
    if rows["row_id"].n_unique() == rows.height:
        return rows
    return rows.with_columns(epoch=pl.int_range(pl.len(), dtype=pl.Int32).over("row_id"))


def _in_batches(stage: StagePlan, first: int, batch_size: int) -> pl.DataFrame:
    """Add `component` and `batch`, counted from `first`."""
    dealt = np.concatenate(batch_of_each_row(stage.allotment.rows, stage.drawn.height // batch_size))
    leaf = stage.drawn["leaf"].cast(pl.Int64)
    batch = keep_items_apart(dealt, leaf.to_numpy(), _numbers_of_items(stage.drawn))
    names = pl.Series([leaf.name for leaf in stage.leaves], dtype=pl.String)
    kept = stage.drawn.select(PLACE, "row_id", "item_id", "source", "domain", "template", "answer_kind", "epoch")
    return kept.with_columns(component=names.gather(leaf), batch=pl.Series(batch + first, dtype=pl.Int32))


def _shuffled_within_batches(placed: pl.DataFrame, batch_size: int, seed: int) -> pl.DataFrame:
    """Sort by batch, and in a batch by the key of (seed, epoch, row), so that components mix."""
    look = placed.select(pl.concat_str("epoch", pl.lit("/"), "row_id")).to_series()
    by_batch = np.argsort(placed["batch"].to_numpy(), kind="stable").reshape(-1, batch_size)
    within = np.argsort(keys(look, f"{seed}/place/")[by_batch], axis=1, kind="stable")
    order = np.take_along_axis(by_batch, within, axis=1).ravel()
    return placed[order].with_columns(position=pl.int_range(pl.len(), dtype=pl.Int64))


def _numbered(held: pl.DataFrame, batch_size: int) -> pl.DataFrame:
    """Give the rows of a holdout their positions; each comes once."""
    position = pl.int_range(pl.len(), dtype=pl.Int64)
    batch = (position // batch_size).cast(pl.Int32)
    return held.with_columns(position=position, batch=batch, epoch=pl.lit(0, pl.Int32))


def _as_table(rows: pl.DataFrame) -> pa.Table:
    return rows.select(ORDER_SCHEMA.names).to_arrow(compat_level=pl.CompatLevel.oldest()).cast(ORDER_SCHEMA)


def _numbers_of_items(rows: pl.DataFrame) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Number the items by the first row of each."""
    first = rows.select("item_id").with_row_index("place").select(pl.col("place").min().over("item_id"))
    return first["place"].cast(pl.Int64).to_numpy()


def _tokenizer_record(recipe: Recipe, tokenizer: Tokenizer | None) -> TokenizerRecord | None:
    if recipe.tokenizer is None or tokenizer is None:
        return None
    return TokenizerRecord(
        name=tokenizer.name, digest=tokenizer.digest, max_prompt_tokens=recipe.tokenizer.max_prompt_tokens
    )


def _statistics(rows: pl.DataFrame) -> dict[str, Any]:
    """Counts by what a row is, the joint counts, and prompt lengths in characters."""
    contents = pl.col("prompt").list.eval(pl.element().struct.field("content").str.len_chars())
    characters = rows.select(contents.list.sum()).to_series()
    return {
        **{column: _counts(rows, column) for column in ("source", "template", "answer_kind", "language")},
        "mixture": rows.group_by(MIXTURE).agg(rows=pl.len()).sort(MIXTURE).to_dicts(),
        "unique_rows": rows["row_id"].n_unique(),
        "unique_items": rows["item_id"].n_unique(),
        "batches_with_an_item_twice": batches_with_an_item_twice(
            rows["batch"].cast(pl.Int64).to_numpy(), _numbers_of_items(rows)
        ),
        "prompt_characters": {
            "mean": round(float(np.mean(characters.to_numpy())), 1),
            "max": int(np.max(characters.to_numpy())),
        },
    }


def _counts(rows: pl.DataFrame, column: str) -> dict[str, int]:
    """Count the values of a column, in their order; a row without one, of a language that nobody stated, is not counted."""
    counted = rows.group_by(column).len().sort(column)
    return {str(value): int(count) for value, count in counted.iter_rows() if value is not None}
