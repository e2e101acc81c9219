"""The rows of a curation on disk, numbered, and which of them are still in.

Ingestion writes each source's items once, and no stage copies them. A stage reads the columns it needs in batches and
says which *places* go, with reason and evidence. What is left is a mask of one byte per row, so a corpus of ten million
items costs ten megabytes of memory and is written once, at the end.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import cast

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from crossthink.errors import UserError
from crossthink.files import BATCH_ROWS, ROW_GROUP_ROWS
from curate.items import ITEM_SCHEMA
from curate.memory import rows_at_once
from curate.numbers import distinct

PLACE = "place"
"""The number of an item, counted from 0 over all files in order; column of every batch (Int64)."""

ARROW = ".arrow"
"""Suffix of files that stages leave for one another; a corpus that is finished is Parquet."""


@dataclass(frozen=True)
class ItemTable:
    """Rows in files, in order, and which of them are in.

    Attributes:
        files: Arrow or Parquet, by their suffix, written by `crossthink.files`; files without rows are allowed.
        is_in: one boolean per row; None: all are in.
        schema: of every file.
        first: the place of the first row.
    """

    files: tuple[Path, ...]
    is_in: npt.NDArray[np.bool_] | None = None
    schema: pa.Schema = ITEM_SCHEMA
    first: int = 0

    @cached_property
    def heights(self) -> tuple[int, ...]:
        """Rows of each file, in or not."""
        try:
            return tuple(map(_height, self.files))
        except (OSError, pa.ArrowException) as error:
            folder = self.files[0].parent
            raise UserError(
                f"{folder}: a file of items is missing or damaged ({error}); run the same curation again to rebuild it"
            ) from None

    @cached_property
    def height(self) -> int:
        """Rows of all files, in or not."""
        return sum(self.heights)

    @property
    def count(self) -> int:
        """How many rows are in."""
        return self.height if self.is_in is None else int(self.is_in.sum())

    def without(self, places: npt.NDArray[np.int64]) -> "ItemTable":
        """Return the table with these places out."""
        is_in = np.ones(self.height, np.bool_) if self.is_in is None else self.is_in.copy()
        is_in[places - self.first] = False
        return replace(self, is_in=is_in)

    def per_file(self) -> Iterator["ItemTable"]:
        """Yield the table of each file by itself; places stay what they are."""
        start = 0
        for path, height in zip(self.files, self.heights, strict=True):
            is_in = None if self.is_in is None else self.is_in[start : start + height]
            yield replace(self, files=(path,), is_in=is_in, first=self.first + start)
            start += height

    def batches(self, columns: Sequence[str], rows: int = ROW_GROUP_ROWS) -> Iterator[pl.DataFrame]:
        """Yield the items that are in, in order, with `place` and the columns asked for; no batch is empty.

        Args:
            columns: besides `place`.
            rows: of the table that are read at once, in or not, a multiple of `BATCH_ROWS`; fewer where little memory is set.
        """
        for part in self._parts(columns, rows):
            keep = self._kept(part)
            if keep is None:
                yield part.rows()
            elif keep.any():
                yield part.rows().filter(pl.Series(keep))

    def tables(
        self, columns: Sequence[str], rows: int = ROW_GROUP_ROWS
    ) -> Iterator[tuple[npt.NDArray[np.int64], pa.Table]]:
        """Yield what `batches` does as places and Arrow tables, for rows that are only handed on."""
        for part in self._parts(columns, rows):
            keep, places = self._kept(part), np.arange(part.start, part.stop)
            if keep is None:
                yield places, part.table()
            elif keep.any():
                yield places[keep], part.table().filter(pl.Series(keep).to_arrow())

    def take(self, places: npt.NDArray[np.int64], columns: Sequence[str]) -> pl.DataFrame:
        """Return the items at these places, in or not, in ascending order of place; one pass over the files.

        Args:
            places: any order; repeated places are returned once.
            columns: besides `place`.
        """
        wanted = distinct(places)
        empty = pl.DataFrame(schema=pl.Schema(self.schema)).select(columns)
        taken = [pl.DataFrame([pl.Series(PLACE, [], pl.Int64), *empty.get_columns()])]
        for part in self._parts(columns, ROW_GROUP_ROWS):
            low, high = np.searchsorted(wanted, [part.start, part.stop])
            if low < high:
                is_wanted = np.zeros(part.stop - part.start, np.bool_)
                is_wanted[wanted[low:high] - part.start] = True
                taken.append(_numbered(wanted[low:high], part.table().filter(pl.Series(is_wanted).to_arrow())))
        return pl.concat(taken)

    def _kept(self, part: "_Part") -> npt.NDArray[np.bool_] | None:
        """Which rows of a part are in; None: all."""
        keep = None if self.is_in is None else self.is_in[part.start - self.first : part.stop - self.first]
        return None if keep is None or keep.all() else keep

    def _parts(self, columns: Sequence[str], rows: int) -> Iterator["_Part"]:
        place = self.first
        for path, height in zip(self.files, self.heights, strict=True):
            with _opened(path, self.schema, columns) as (read, step):
                at_once = rows_at_once(rows, path.stat().st_size / max(height, 1), step)
                for offset in range(0, height, at_once):
                    yield _Part(read, offset, place + offset, place + min(offset + at_once, height))
            place += height


def _numbered(places: npt.NDArray[np.int64], rows: pa.Table) -> pl.DataFrame:
    return pl.DataFrame([pl.Series(PLACE, places), *cast(pl.DataFrame, pl.from_arrow(rows)).get_columns()])


@dataclass(frozen=True, slots=True)
class _Part:
    """What is read at once: rows `start` to `stop` of the table, which begin at row `offset` of their file."""

    read: Callable[[int, int], pa.Table]
    offset: int
    start: int
    stop: int

    def table(self) -> pa.Table:
        return self.read(self.offset, self.stop - self.start)

    def rows(self) -> pl.DataFrame:
        return _numbered(np.arange(self.start, self.stop), self.table())


def _height(path: Path) -> int:
    if path.suffix != ARROW:
        return int(pq.read_metadata(path).num_rows)
    with pa.OSFile(str(path)) as file:
        reader = pa.ipc.open_file(file, options=pa.ipc.IpcReadOptions(included_fields=[0]))
        batches = reader.num_record_batches
        return _batch_rows(file) * (batches - 1) + reader.get_batch(batches - 1).num_rows if batches else 0


def _batch_rows(file: pa.NativeFile) -> int:
    """How many rows each batch of an Arrow file has but the last (`crossthink.files.arrow_writer`)."""
    reader = pa.ipc.open_file(file, options=pa.ipc.IpcReadOptions(included_fields=[0]))
    return int(reader.get_batch(0).num_rows) if reader.num_record_batches > 1 else BATCH_ROWS


@contextmanager
def _opened(
    path: Path, schema: pa.Schema, columns: Sequence[str]
) -> Iterator[tuple[Callable[[int, int], pa.Table], int]]:
    """Yield the function that reads columns of a file from a row on, so many rows; and of how many rows both are multiples."""
    if path.suffix != ARROW:
        scan = pl.scan_parquet(path, glob=False).select(columns)
        oldest = pl.CompatLevel.oldest()
        yield lambda offset, rows: scan.slice(offset, rows).collect().to_arrow(compat_level=oldest), BATCH_ROWS
        return
    options = pa.ipc.IpcReadOptions(included_fields=[schema.get_field_index(name) for name in columns])
    with pa.OSFile(str(path)) as file:  # read, not mapped: pages of a mapped file count as the process's memory
        reader = pa.ipc.open_file(file, options=options)
        step = _batch_rows(file)

        def read(offset: int, rows: int) -> pa.Table:
            numbers = range(offset // step, (offset + rows - 1) // step + 1)
            return pa.Table.from_batches([reader.get_batch(number) for number in numbers]).select(columns)

        yield read, step
