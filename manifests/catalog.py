"""The catalog: everything in a workspace as one SQL database, opened read-only.

Every room says which views it has (`View`): what they are about, their columns, and the Parquet files they stand on. The
catalog makes them one DuckDB database in memory. A query is one SELECT; it can read those files and nothing else on the
machine, and it can change nothing.
"""

import re
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pyarrow as pa
from duckdb.sqltypes import DuckDBPyType

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
    """A read-only database of views; use it as a context manager.

    Raises:
        UserError: a file of a view is missing, damaged, or of another version.
    """

    def __init__(self, views: Sequence[View]) -> None:
        self.views = list(views)
        with ExitStack() as resources:
            spill = resources.enter_context(TemporaryDirectory(prefix="crossthink-"))
            self._connection = resources.enter_context(connect())
            for view in self.views:
                _create(self._connection, view)
            _close_to_the_outside(self._connection, [file for view in self.views for file, _ in view.files], spill)
            self._resources = resources.pop_all()

    def __enter__(self) -> "Catalog":
        return self

    def __exit__(self, *_: object) -> None:
        self._resources.close()

    def query(self, sql: str, parameters: Mapping[str, object] | None = None, *, for_text: bool = False) -> pa.Table:
        """Return the answer to one SELECT; columns of one name are told apart as `a`, `a_1`.

        Args:
            sql: the SELECT.
            parameters: values of `$name` in it.
            for_text: the answer goes to CSV, JSON or a terminal, so dates, times and bytes come as DuckDB's text too.

        Raises:
            UserError: it is not one SELECT, or DuckDB refuses it; the message is DuckDB's own.
        """
        try:
            sql.encode()  # half a surrogate pair, from bytes that are no UTF-8, would be a TypeError of DuckDB
            statements = self._connection.extract_statements(sql)
            if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
                found = ", ".join(statement.type.name for statement in statements) or "nothing"
                raise UserError(f"sql: expected one SELECT, found {found}; the catalog is read-only")
            answer = self._connection.sql(sql, params=parameters)
            return _with_text(answer, _NOT_HELD | _NOT_IN_TEXT if for_text else _NOT_HELD).to_arrow_table()
        except duckdb.Error as error:
            raise UserError(f"sql: {error}") from None
        except UnicodeEncodeError:
            raise UserError("sql: the query is not valid UTF-8") from None


def _create(connection: duckdb.DuckDBPyConnection, view: View) -> None:
    if not view.files:
        columns = [pa.field(name, kind) for name, kind in view.labels.items()]
        empty = pa.schema([*columns, *view.schema]).empty_table()
        connection.register(view.name, view.table if view.table is not None else empty)
        return
    whole, *others = (_labelled(connection, view, file, labels) for file, labels in view.files)
    for each in others:
        whole = whole.union(each)
    whole.create_view(view.name)


def _labelled(
    connection: duckdb.DuckDBPyConnection, view: View, file: Path, labels: Mapping[str, Label]
) -> duckdb.DuckDBPyRelation:
    constants = [duckdb.ConstantExpression(value).alias(name) for name, value in labels.items()]
    try:
        rows = connection.read_parquet(_pattern(file))
    except duckdb.Error as error:
        fault = str(error).splitlines()[0]
        raise UserError(f"{file}: missing or damaged ({fault}); {_REMEDY}") from None
    if rows.columns != view.schema.names:
        found, expected = ", ".join(rows.columns), ", ".join(view.schema.names)
        raise UserError(f"{file}: found the columns {found}; expected {expected}; {_REMEDY}")
    return rows.select(*constants, duckdb.StarExpression())


_REMEDY = "restore it, or remove its folder and run the command that made it again (curate, blend or train)"


def _pattern(file: Path) -> str:
    """Return the pattern that matches this path alone; DuckDB takes every path for a pattern."""
    return re.sub(r"[*?\[]", r"[\g<0>]", str(file.absolute()))


def _close_to_the_outside(connection: duckdb.DuckDBPyConnection, files: Sequence[Path], spill: str) -> None:
    """Leave a query nothing to read but these files.

    DuckDB always allows its temporary folder, by default `.tmp` where the command was started, so it gets one of its
    own. It looks up both the pattern and the file that the pattern finds.
    """
    connection.execute("SET temp_directory = ?", [spill])
    allowed = {path for file in files for path in (str(file.absolute()), _pattern(file))}
    connection.execute("SET allowed_paths = ?", [sorted(allowed)])
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


_NOT_HELD = frozenset({"interval", "union", "bit", "variant", "bignum", "geometry", "time with time zone"})
"""Types of DuckDB that Arrow, Parquet or Python lack, or hold as bytes that mean nothing there."""

_NOT_IN_TEXT = frozenset(
    {"date", "time", "time_ns", "timestamp", "timestamp_s", "timestamp_ms", "timestamp_ns"}
    | {"timestamp with time zone", "blob"}
)
"""Types that CSV, JSON and a terminal lack besides; as Python values, infinite dates and years after 9999 are errors."""


def _with_text(answer: duckdb.DuckDBPyRelation, kinds: frozenset[str]) -> duckdb.DuckDBPyRelation:
    """Return the columns under names of their own, values of some types as DuckDB's own text for them."""
    names = _distinct(answer.columns)
    types = [_text_type(kind, kinds) for kind in answer.types]
    if names == answer.columns and types == answer.types:
        return answer
    places = [duckdb.SQLExpression(f"#{place}") for place in range(1, len(names) + 1)]
    columns = zip(places, names, types, answer.types, strict=True)
    return answer.select(*((place if new == old else place.cast(new)).alias(name) for place, name, new, old in columns))


def _text_type(kind: DuckDBPyType, kinds: frozenset[str]) -> DuckDBPyType:
    """Return a type with VARCHAR in the place of every type in `kinds`, however deep."""
    if kind.id in kinds:
        return duckdb.type("VARCHAR")
    if kind.id not in ("list", "array", "struct", "map", "tuple"):
        return kind
    parts: list[tuple[str, Any]] = [(n, p) for n, p in kind.children if n != "size"]
    changed = [(name, _text_type(part, kinds)) for name, part in parts]
    if changed == parts:
        return kind
    match kind.id:
        case "list" | "array":
            return duckdb.list_type(changed[0][1])
        case "map":
            return duckdb.map_type(changed[0][1], changed[1][1])
        case "struct":
            return duckdb.struct_type(dict(changed))
    return duckdb.type("VARCHAR")  # a tuple: its parts have no names to keep


def _distinct(names: Sequence[str]) -> list[str]:
    """Number the names that stand more than once, so that each is a key of its own: a, a_1, a_2."""
    distinct: list[str] = []
    for name in names:
        numbered = (f"{name}_{number}" for number in range(1, len(names) + 1))
        free = (each for each in numbered if each not in distinct and each not in names)
        distinct.append(next(free) if name in distinct else name)
    return distinct
