"""Writing the corpus: one pass over the items as they were ingested, with everything that the stages decided.

Each batch of items is read once, whole: rows whose variants stay go to `items.parquet`, rows that a stage dropped go to
`dropped.parquet` with their reason. Nothing is held but a batch and a mask.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa

from crossthink.files import parquet_writer
from curate.corpus import DROPPED_FILE, ITEMS_FILE, VARIANTS_FILE
from curate.done import Done
from curate.ingest import REJECTED_FILE
from curate.items import ITEM_SCHEMA
from curate.schemas import CORPUS_ITEM_SCHEMA, DROPPED_SCHEMA, VARIANT_SCHEMA
from curate.signals import with_signals
from curate.table import PLACE, ItemTable

_SHOWN = ["question", "options"]
_OF_ITEM = [name for name in DROPPED_SCHEMA.names if name in ITEM_SCHEMA.names]
_OF_VARIANT = [*(name for name in DROPPED_SCHEMA.names if name in VARIANT_SCHEMA.names), "item_place"]


def write_rows(
    folder: Path,
    ingested: Sequence[Done],
    items: ItemTable,
    item_stages: Sequence[Done],
    variants: ItemTable,
    variant_stages: Sequence[Done],
) -> tuple[int, int]:
    """Write the items, the variants and every dropped row; return how many items and variants stay.

    Args:
        folder: of the corpus.
        ingested: the sources, for the records that could not be read.
        items: as ingested, all in.
        item_stages: what dropped items.
        variants: those that stay (rows of `curate.templates.MADE_SCHEMA`).
        variant_stages: what dropped variants.
    """
    has_variant = np.zeros(items.height, np.bool_)
    with (
        parquet_writer(folder / ITEMS_FILE, CORPUS_ITEM_SCHEMA) as write_items,
        parquet_writer(folder / VARIANTS_FILE, VARIANT_SCHEMA) as write_variants,
        parquet_writer(folder / DROPPED_FILE, DROPPED_SCHEMA) as write_dropped,
    ):
        for batch in variants.batches([*VARIANT_SCHEMA.names, "item_place"]):
            has_variant[batch["item_place"].to_numpy()] = True
            write_variants(_as_table(batch, VARIANT_SCHEMA))
        for source in ingested:
            for rejected in ItemTable((source.folder / REJECTED_FILE,), schema=DROPPED_SCHEMA).batches(
                DROPPED_SCHEMA.names
            ):
                write_dropped(_as_table(rejected, DROPPED_SCHEMA))
        for batch in items.batches(ITEM_SCHEMA.names):
            stays = pl.Series(has_variant[batch[PLACE].to_numpy()])
            write_items(_as_table(with_signals(batch.filter(stays)), CORPUS_ITEM_SCHEMA))
            write_dropped(_as_table(_dropped(item_stages, batch, _OF_ITEM), DROPPED_SCHEMA))
        for dropped in _dropped_variants(items, variants, variant_stages):
            write_dropped(_as_table(dropped, DROPPED_SCHEMA))
    return int(has_variant.sum()), variants.count


def _dropped(stages: Sequence[Done], batch: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    """What the stages dropped of a batch whose places have no gap, in order of place, with columns of the rows."""
    first = batch[PLACE][0]
    drops = pl.concat([stage.drops(first, first + batch.height) for stage in stages]).sort(PLACE)
    return drops.hstack(batch.select(columns)[drops[PLACE] - first])


def _dropped_variants(items: ItemTable, variants: ItemTable, stages: Sequence[Done]) -> Iterator[pl.DataFrame]:
    """Dropped variants, with the question and the options of their item; both tables are read once, side by side."""
    shown = iter(items.batches(_SHOWN))
    here = next(shown, None)
    for batch in ItemTable(variants.files, None, variants.schema).batches(_OF_VARIANT):
        gone = _dropped(stages, batch, _OF_VARIANT)
        while gone.height and here is not None:
            first = here[PLACE][0]
            now = gone.head(gone["item_place"].search_sorted(first + here.height))
            yield now.hstack(here.select(_SHOWN)[now["item_place"] - first])
            gone = gone.slice(now.height)
            here = next(shown, None) if gone.height else here


def _as_table(rows: pl.DataFrame, schema: pa.Schema) -> pa.Table:
    """Return rows in a schema's columns and types; columns that the rows do not have are null."""
    missing = [name for name in schema.names if name not in rows.columns]
    full = rows.with_columns(pl.lit(None).alias(name) for name in missing).select(schema.names)
    return full.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(schema)
