"""How an Arrow table leaves the command line: for people, for spreadsheets, for programs."""

import json
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from crossthink.errors import UserError
from crossthink.files import atomic_path

TABLE_ROWS = 100
"""Rows that a printed table shows; the other formats have all."""


def emit(table: pa.Table, format: str, output: Path | None) -> None:
    """Print an answer, or write it to a file."""
    if output is None and format == "table":
        print_table(table)
    elif output is None and format == "parquet" and sys.stdout.isatty():
        raise UserError("sql: --format parquet is not for a terminal; add --output FILE")
    elif output is None:
        sys.stdout.buffer.write(encode(table, format))
    else:
        with atomic_path(output) as temporary:
            temporary.write_bytes(encode(table, format))


def encode(table: pa.Table, format: str) -> bytes:
    """Return a table as bytes: "csv" and "table" as CSV, "json" as a list of objects, "parquet"."""
    if format == "parquet":
        sink = pa.BufferOutputStream()
        pq.write_table(table, sink, compression="zstd")
        return bytes(sink.getvalue())
    if format == "json":
        return json.dumps(table.to_pylist(), ensure_ascii=False, indent=1, default=str).encode() + b"\n"
    import pyarrow.csv

    sink = pa.BufferOutputStream()
    pyarrow.csv.write_csv(_flat(table), sink)
    return bytes(sink.getvalue())


def print_table(table: pa.Table) -> None:
    """Print the first rows for a person; corpus text is data, so nothing in it is taken for markup."""
    shown = Table(box=SIMPLE_HEAD, pad_edge=False)
    for field in table.schema:
        shown.add_column(field.name, justify="right" if _is_number(field.type) else "left", overflow="fold")
    for row in table.slice(0, TABLE_ROWS).to_pylist():
        shown.add_row(*(Text(_cell(value)) for value in row.values()))
    console().print(shown)
    if table.num_rows > TABLE_ROWS:
        console().print(f"first {TABLE_ROWS} of {table.num_rows:,} rows; --format csv has all", highlight=False)


def console() -> Console:
    """A console on standard output; as wide as the terminal, and wide enough for a table elsewhere."""
    plain = Console(highlight=False)
    return plain if plain.is_terminal else Console(highlight=False, width=140)


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.4f}".rstrip("0").rstrip(".")
    return json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, list | dict) else str(value)


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def _flat(table: pa.Table) -> pa.Table:
    """Write nested columns as JSON text, which CSV can hold."""
    for place, field in enumerate(table.schema):
        if pa.types.is_nested(field.type):
            texts = [
                None if v is None else json.dumps(v, ensure_ascii=False, default=str) for v in table[place].to_pylist()
            ]
            table = table.set_column(place, field.name, pa.array(texts, pa.string()))
    return table
