"""Writing the corpus: one pass over the items as they were ingested, with everything that the stages decided.

Each batch of items is read whole: rows whose variants stay go to `items.parquet`, rows that a stage dropped go to
`dropped.parquet` with their reason. Nothing is held but a batch and a mask.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias, cast

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from crossthink.files import parquet_writer
from curate.corpus import DROPPED_FILE, ITEMS_FILE, VARIANTS_FILE
from curate.done import NO_DROPS, Done
from curate.ingest import REJECTED_FILE
from curate.items import ITEM_SCHEMA
from curate.phrases import RULED_ROWS
from curate.schemas import CORPUS_ITEM_SCHEMA, DROPPED_SCHEMA, SIGNAL_NAMES, VARIANT_SCHEMA
from curate.signals import SIGNAL_COLUMNS, with_signals
from curate.table import PLACE, ItemTable

_Write: TypeAlias = Callable[[pa.Table], None]
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
        for _, rows in variants.tables(["item_place"]):
            has_variant[_numbers(rows["item_place"])] = True
        for source in ingested:
            rejected = ItemTable((source.folder / REJECTED_FILE,), schema=DROPPED_SCHEMA)
            for _, rows in rejected.tables(DROPPED_SCHEMA.names):
                write_dropped(rows.cast(DROPPED_SCHEMA))
        gone = _Gone(item_stages)
        for places, rows in items.tables(ITEM_SCHEMA.names, RULED_ROWS):
            drops, is_gone = gone.among(places)
            write_dropped(_dropped(drops, _those(rows.select(_OF_ITEM), is_gone)))
            rows = _those(rows, has_variant[places])  # a copy, so all that were read are let go
            write_items(_with_signals(rows))
            del rows  # before the next are read
        _write_variants(items, variants, variant_stages, write_variants, write_dropped)
    return int(has_variant.sum()), variants.count


class _Gone:
    """What stages dropped, read once, in order of place; of each stage one row group is held."""

    def __init__(self, stages: Sequence[Done]) -> None:
        self._coming = [stage.drops() for stage in stages]
        self._held = [next(coming, None) for coming in self._coming]

    def among(self, places: npt.NDArray[np.int64]) -> tuple[pl.DataFrame, npt.NDArray[np.bool_]]:
        """Return the drops of the next places, which have no gap, in order, and which of the places they are."""
        drops = self._before(int(places[-1]) + 1)
        is_gone = np.zeros(len(places), np.bool_)
        is_gone[drops[PLACE].to_numpy() - places[0]] = True
        return drops, is_gone

    def _before(self, stop: int) -> pl.DataFrame:
        taken = [NO_DROPS]
        for number, coming in enumerate(self._coming):
            held = self._held[number]
            while held is not None and held[PLACE][-1] < stop:
                taken.append(held)
                held = next(coming, None)
            if held is not None:
                count = held[PLACE].search_sorted(stop)
                taken.append(held.head(count))
                held = held.slice(count)
            self._held[number] = held
        return pl.concat(taken).sort(PLACE)


def _write_variants(
    items: ItemTable, variants: ItemTable, stages: Sequence[Done], write: _Write, write_dropped: _Write
) -> None:
    """Write variants, the dropped with the question and the options of their item; both tables are read side by side."""
    gone, shown = _Gone(stages), items.tables(_SHOWN)
    here = next(shown, None)
    for places, rows in ItemTable(variants.files, None, variants.schema).tables([*VARIANT_SCHEMA.names, "item_place"]):
        drops, is_gone = gone.among(places)
        write(_those(rows.select(VARIANT_SCHEMA.names), ~is_gone).cast(VARIANT_SCHEMA))
        said = _those(rows.select(_OF_VARIANT), is_gone)
        while drops.height and here is not None:
            of_items, item_places = here[0], _numbers(said["item_place"])
            count = int(np.searchsorted(item_places, of_items[-1], side="right"))
            shown_here = here[1].take(pl.Series(item_places[:count] - of_items[0]).to_arrow())
            write_dropped(_dropped(drops.head(count), said.slice(0, count), shown_here))
            drops, said = drops.slice(count), said.slice(count)
            here = next(shown, None) if drops.height else here


def _those(rows: pa.Table, which: npt.NDArray[np.bool_]) -> pa.Table:
    return rows.filter(pl.Series(which).to_arrow())


def _numbers(column: pa.ChunkedArray) -> npt.NDArray[np.int64]:
    return cast(pl.Series, pl.from_arrow(column)).to_numpy()  # PyArrow's own way loads pandas


def _with_signals(rows: pa.Table) -> pa.Table:
    """Return items with a column for each signal."""
    read = cast(pl.DataFrame, pl.from_arrow(rows.select(SIGNAL_COLUMNS)))
    fired = with_signals(read).select(SIGNAL_NAMES).to_arrow()
    return pa.table([*rows.columns, *fired.columns], CORPUS_ITEM_SCHEMA.names).cast(CORPUS_ITEM_SCHEMA)


def _dropped(drops: pl.DataFrame, *rows: pa.Table) -> pa.Table:
    """Return dropped rows as `DROPPED_SCHEMA`: what the stages say, and columns of the rows; others are null."""
    why = drops.select("stage", "reason", "evidence").to_arrow(compat_level=pl.CompatLevel.oldest())
    known = {name: table[name] for table in (why, *rows) for name in table.column_names}
    columns = [known.get(field.name, pa.nulls(drops.height, field.type)) for field in DROPPED_SCHEMA]
    return pa.table(columns, DROPPED_SCHEMA.names).cast(DROPPED_SCHEMA)
