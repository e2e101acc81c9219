"""Questions as a model is asked them: of a finished corpus, or of a benchmark."""

from pathlib import Path
from typing import Literal

import polars as pl

from curate.corpus import ITEMS_FILE, VARIANTS_FILE
from curate.filters import LETTERS
from curate.table import ItemTable
from curate.templates import COLUMNS as VARIANT_COLUMNS
from curate.templates import MCQ, make_variants

Template = Literal["mcq", "open"]

COLUMNS = [
    *("row_id", "item_id", "source", "source_row", "subject", "template"),
    *("question", "context", "options", "gold", "gold_text", "answer_kind"),
]
"""Of a frame of questions: a variant with its texts; `gold` is what the box must hold, `gold_text` the right option's text."""


def corpus_questions(folder: Path, template: Template | None = None) -> pl.LazyFrame:
    """Scan the variants of a corpus, in its order, with the columns `COLUMNS`.

    Args:
        folder: of a finished corpus.
        template: only variants of this one; None: one variant per item, the multiple-choice one where there is one.
    """
    variants = pl.scan_parquet(folder / VARIANTS_FILE, glob=False)
    if template is not None:
        variants = variants.filter(pl.col("template") == template)
    items = pl.scan_parquet(folder / ITEMS_FILE, glob=False).select(
        "item_id", "subject", "question", "context", "options", gold_text="answer"
    )
    joined = variants.rename({"answer": "gold"}).join(items, on="item_id", how="left", maintain_order="left")
    is_choice = pl.col("template") == MCQ
    shown = joined.with_columns(
        options=pl.when(is_choice).then("options"), gold_text=pl.when(is_choice).then("gold_text")
    )
    if template is None:  # the multiple-choice variant of an item comes first
        shown = shown.unique("item_id", keep="first", maintain_order=True)
    return shown.select(COLUMNS)


def benchmark_questions(items: ItemTable) -> tuple[pl.DataFrame, dict[str, dict[str, int]]]:
    """Return the questions of benchmarks in their order, with the columns `COLUMNS`; each is asked as it is published.

    Returns:
        The questions; and per benchmark how many of its rows cannot be asked, by reason: `no_gold` (none is stated, or it
        names no option) and `has_images`.
    """
    frames: list[pl.DataFrame] = []
    left_out: dict[str, dict[str, int]] = {}
    for batch in items.batches([*VARIANT_COLUMNS, "subject", "context", "images"]):
        reason = batch.select("source", reason=_cannot_be_asked())
        for source, why, count in (
            reason.drop_nulls("reason").group_by("source", "reason").len().sort(pl.all()).iter_rows()
        ):
            left_out.setdefault(source, {})[why] = left_out.get(source, {}).get(why, 0) + count
        told = batch.filter(reason["reason"].is_null())
        made = make_variants(told).unique("item_place", keep="first", maintain_order=True)
        texts = told.select("place", "subject", "question", "context", "options", gold_text="answer")
        joined = made.rename({"answer": "gold"}).join(
            texts, left_on="item_place", right_on="place", how="left", maintain_order="left"
        )
        shows_text = pl.when(pl.col("template") == MCQ).then("gold_text")
        frames.append(joined.with_columns(gold_text=shows_text).select(COLUMNS))
    return pl.concat(frames), left_out


def _cannot_be_asked() -> pl.Expr:
    options = pl.col("options").list.len()
    has_letter = pl.col("answer_index").is_between(0, pl.min_horizontal(options, pl.lit(len(LETTERS))) - 1)
    has_answer = pl.col("answer").fill_null("").str.strip_chars() != ""
    has_gold = pl.when(pl.col("options").is_not_null()).then(has_letter).otherwise(has_answer).fill_null(False)
    has_images = pl.col("images").list.len().fill_null(0) > 0
    return pl.when(has_images).then(pl.lit("has_images")).when(~has_gold).then(pl.lit("no_gold"))
