"""What a room says of its tables: a view, its columns, and the Parquet files or rows that it stands on.

Rooms describe their views here without loading a database; `manifests.catalog` makes them one.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

Label = str | int
File = tuple[Path, Mapping[str, Label]]
"""A Parquet file with the values of its view's labels."""


@dataclass(frozen=True)
class Contents:
    """What a view stands on.

    Attributes:
        files: Parquet files with the values of their labels.
        table: rows in memory instead of files.
        left_out: what should be in the view and cannot be read, one line each.
    """

    files: Sequence[File] = ()
    table: pa.Table | None = None
    left_out: Sequence[str] = ()


@dataclass(frozen=True)
class View:
    """A table of the catalog.

    Attributes:
        name: what SQL calls it.
        about: one line for the documentation.
        schema: the columns of the files, or of the table.
        labels: columns that say which folder a row came from, with their types; they come first.
        files: Parquet files with the values of their labels.
        table: rows in memory instead of files.
        find: says what the view stands on, instead of `files` and `table`; called when a query first names the view.
    """

    name: str
    about: str
    schema: pa.Schema
    labels: Mapping[str, pa.DataType] = field(default_factory=dict)
    files: Sequence[File] = ()
    table: pa.Table | None = None
    find: Callable[[], Contents] | None = None

    @property
    def columns(self) -> pa.Schema:
        """Every column that SQL sees, the labels first."""
        return pa.schema([*(pa.field(name, kind) for name, kind in self.labels.items()), *self.schema])

    def contents(self) -> Contents:
        return self.find() if self.find else Contents(self.files, self.table)
