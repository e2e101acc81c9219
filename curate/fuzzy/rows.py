"""Rows of a table by their places: a few columns in memory, or the candidates' texts in a file of their own.

A row that Polars takes from a batch keeps the texts of the whole batch in memory, so what is taken is copied out.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from crossthink.files import BATCH_ROWS
from curate.numbers import distinct
from curate.table import PLACE, ItemTable

Places = npt.NDArray[np.int64]


def rows_at(items: ItemTable, places: Places, columns: Sequence[str]) -> pl.DataFrame:
    """Return the rows at these places, ascending, each once; one pass over the items.

    Args:
        items: a table with a row in.
        places: of rows that are in.
        columns: besides `place`.
    """
    return _frame(pa.concat_tables(list(_taken(items, places, columns))))


class Spool:
    """The rows that will be read again and again, written once: 20 % of a corpus, or less.

    Args:
        items: a table with a row in.
        places: of rows that are in.
        columns: besides `place`.
        path: the file; an Arrow file, which is mapped into memory and costs none that cannot be given back.
    """

    def __init__(self, items: ItemTable, places: Places, columns: Sequence[str], path: Path) -> None:
        writer = None
        for part in _taken(items, places, columns):
            writer = writer or pa.ipc.new_file(path, part.schema)
            writer.write_table(part)
        assert writer is not None
        writer.close()
        self._rows = _without_nothing(pa.ipc.open_file(pa.memory_map(str(path))).read_all())
        self._places = self._rows[PLACE].to_numpy()

    def rows(self, places: Places) -> tuple[pl.DataFrame, npt.NDArray[np.int64]]:
        """Return the rows at some places, each once, and for each place the number of its row."""
        wanted, numbers = np.unique(places, return_inverse=True)
        return _frame(_own(self._rows[np.searchsorted(self._places, wanted)])), numbers

    def column(self, name: str, places: Places) -> pl.Series:
        """Return one column of the rows at some places, in their order."""
        return self._rows[name].gather(np.searchsorted(self._places, places))


def _taken(items: ItemTable, places: Places, columns: Sequence[str]) -> Iterator[pa.Table]:
    """Yield the rows at these places in order, at least one table."""
    wanted = distinct(places)
    is_first = True
    for batch in items.batches(columns, BATCH_ROWS):
        numbers = batch[PLACE].to_numpy()
        low, high = np.searchsorted(wanted, [numbers[0], numbers[-1] + 1])
        if low < high or is_first:
            yield _own(batch[np.searchsorted(numbers, wanted[low:high])])
            is_first = False
        del batch, numbers  # or it would be held while the next one is read


def _without_nothing(table: pa.Table) -> pl.DataFrame:
    """The rows, with null columns that take no memory where a column has no value."""
    nothing = [name for name in table.column_names if table[name].null_count == table.num_rows]
    types = pl.Schema(table.schema)
    rows = _frame(table.drop_columns(nothing)).with_columns(pl.lit(None, types[name]).alias(name) for name in nothing)
    return rows.select(table.column_names)


def _own(frame: pl.DataFrame) -> pa.Table:
    return frame.to_arrow(compat_level=pl.CompatLevel.oldest())


def _frame(table: pa.Table) -> pl.DataFrame:
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    return frame
