"""The rows of one stage: where it takes up in the manifest's order, and for how long."""

from pathlib import Path

import pyarrow as pa

from blends.export.blocks import blocks
from blends.export.verl import write_training_rows
from crossthink.files import atomic_path, parquet_writer
from manifests.manifest import ORDER_SCHEMA
from manifests.store import Stored


def write_stage_rows(blend: Stored, first: int, rows: int, destination: Path) -> None:
    """Write rows `first` to `first + rows` of a blend as training rows (`blends/export/verl.py`).

    They keep their positions in the blend.
    """
    if not first:
        write_training_rows(blend.rows_path, destination, rows)
        return
    part = destination.with_name(".part.parquet")
    _write_part(blend.rows_path, part, first, rows)
    write_training_rows(part, destination, rows)
    part.unlink()


def _write_part(order: Path, destination: Path, first: int, rows: int) -> None:
    """Write rows `first` to `first + rows` of an order file as they are."""
    with atomic_path(destination) as temporary, parquet_writer(temporary, ORDER_SCHEMA) as write:
        place = 0
        for block in blocks(order, rows=first + rows):
            write(pa.Table.from_batches([block.slice(min(max(0, first - place), block.num_rows))], schema=ORDER_SCHEMA))
            place += block.num_rows
