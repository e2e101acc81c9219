"""The catalog: everything in a workspace as one SQL database, opened read-only.

Every room says which views it has (`View`): what they are about, their columns, and the Parquet files they stand on. The
catalog makes them one DuckDB database in memory. A query is one SELECT; it can read those files and nothing else on the
machine, and it can change nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pyarrow as pa

from crossthink.engines import connect
from crossthink.errors import UserError

Label = str | int


@dataclass(frozen=True)
class View:
    """A table of the catalog.

    Attributes:
        name: what SQL calls it.
        about: one line for the documentation.
        schema: the columns of the files, or of `table`.
        labels: columns that say which folder a row came from, with their types; they come first.
        files: Parquet files with the values of their labels.
        table: rows in memory instead of files.
    """

    name: str
    about: str
    schema: pa.Schema
    labels: Mapping[str, pa.DataType] = field(default_factory=dict)
    files: Sequence[tuple[Path, Mapping[str, Label]]] = ()
    table: pa.Table | None = None


class Catalog:
    """A read-only database of views; use it as a context manager."""

    def __init__(self, views: Sequence[View]) -> None:
        self.views = list(views)
        self._connection = connect()
        for view in self.views:
            _create(self._connection, view)
        _close_to_the_outside(self._connection, [file for view in self.views for file, _ in view.files])

    def __enter__(self) -> "Catalog":
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def query(self, sql: str, parameters: Mapping[str, object] | None = None) -> pa.Table:
        """Return the answer to one SELECT.

        Raises:
            UserError: it is not one SELECT, or DuckDB refuses it; the message is DuckDB's own.
        """
        try:
            statements = self._connection.extract_statements(sql)
            if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
                found = ", ".join(statement.type.name for statement in statements) or "nothing"
                raise UserError(f"sql: expected one SELECT, found {found}; the catalog is read-only")
            return self._connection.sql(sql, params=parameters).to_arrow_table()
        except duckdb.Error as error:
            raise UserError(f"sql: {error}") from None


def _create(connection: duckdb.DuckDBPyConnection, view: View) -> None:
    if not view.files:
        columns = [pa.field(name, kind) for name, kind in view.labels.items()]
        empty = pa.schema([*columns, *view.schema]).empty_table()
        connection.register(view.name, view.table if view.table is not None else empty)
        return
    whole = _labelled(connection, *view.files[0])
    for file, labels in view.files[1:]:
        whole = whole.union(_labelled(connection, file, labels))
    whole.create_view(view.name)


def _labelled(
    connection: duckdb.DuckDBPyConnection, file: Path, labels: Mapping[str, Label]
) -> duckdb.DuckDBPyRelation:
    constants = [duckdb.ConstantExpression(value).alias(name) for name, value in labels.items()]
    return connection.read_parquet(str(file.absolute())).select(*constants, duckdb.StarExpression())


def _close_to_the_outside(connection: duckdb.DuckDBPyConnection, files: Sequence[Path]) -> None:
    connection.execute("SET allowed_paths = ?", [[str(file.absolute()) for file in files]])
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
