"""Parquet files by whole batches, for adapters that draft columns instead of rows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from crossthink.errors import UserError
from curate.memory import share
from curate.readers.columnar import parquet_rows, parquet_rows_at_once
from curate.readers.opening import Member, find_files, members
from curate.readers.rows import Rejected, Row

if TYPE_CHECKING:
    import polars as pl

BATCH_ROWS, BATCH_BYTES = 65_536, 64 * 2**20
"""Read at once by the default memory, about; a slice that is no whole row group costs reading the rest of it again."""


@dataclass(frozen=True)
class ColumnBatch:
    """Rows `first` (counted from 1) and on of a file, as columns."""

    name: str
    first: int
    frame: "pl.DataFrame"


def is_columnar(patterns: Sequence[str | Path]) -> bool:
    """Whether every file is Parquet, by its name."""
    return all(file.path.suffix.lower() == ".parquet" for file in find_files(patterns))


def column_batches(patterns: Sequence[str | Path]) -> Iterator[ColumnBatch | Row | Rejected]:
    """Yield the rows of Parquet files in batches, in the order that `read_files` has.

    What Polars cannot read, a text that is not UTF-8 for one, comes row by row from there to the end of its file.

    Raises:
        UserError: a file is damaged, or holds no rows.
    """
    for file in find_files(patterns):
        for member in members(file, (".parquet",)):
            yield from _batches(member)


def _batches(member: Member) -> Iterator[ColumnBatch | Row | Rejected]:
    import polars as pl
    import pyarrow.parquet as pq

    try:
        scan = pl.scan_parquet(member.path, glob=False)
        height = scan.select(pl.len()).collect().item()
        at_once = parquet_rows_at_once(pq.read_metadata(member.path), BATCH_ROWS, int(BATCH_BYTES * share()))
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, pa.ArrowException):
        yield from parquet_rows(member)  # says what is wrong with the file
        return
    if not height:
        raise UserError(f"{member.name}: holds no rows, there is nothing to read")
    for start in range(0, height, at_once):
        try:
            frame = scan.slice(start, at_once).collect()
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError):
            yield from islice(parquet_rows(member), start, None)
            return
        yield ColumnBatch(member.name, start + 1, frame)
