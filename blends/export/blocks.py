"""The rows of a blend in blocks, so that no export holds more of them than one."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from crossthink.files import ROW_GROUP_ROWS

PYTHON_ROWS = 8192
"""Rows that are Python objects at a time, where a shape needs them."""


def blocks(
    order: Path, columns: Sequence[str] | None = None, rows: int | None = None, block_rows: int = ROW_GROUP_ROWS
) -> Iterator[pa.RecordBatch]:
    """Yield a file of ordered rows block by block.

    Args:
        order: Parquet file with columns of `ORDER_SCHEMA`.
        columns: those that are needed; None: all.
        rows: how many from the top; None: all.
        block_rows: rows of a block; the same number gives the same blocks on any machine.
    """
    with pq.ParquetFile(order, pre_buffer=False) as file:
        left = file.metadata.num_rows if rows is None else rows
        for block in file.iter_batches(batch_size=block_rows, columns=columns):
            if left <= 0:
                return
            yield block.slice(0, left)
            left -= block.num_rows


def blocks_again_and_again(order: Path, columns: Sequence[str], rows: int) -> Iterator[pa.RecordBatch]:
    """Yield `rows` rows in blocks of `PYTHON_ROWS`, starting again at the top where the file ends."""
    while rows > 0:
        for block in blocks(order, columns, rows, block_rows=PYTHON_ROWS):
            yield block
            rows -= block.num_rows


def python_rows(order: Path, columns: Sequence[str] | None = None) -> Iterator[dict[str, Any]]:
    """Yield rows as dictionaries."""
    for block in blocks(order, columns, block_rows=PYTHON_ROWS):
        yield from block.to_pylist()
