"""The catalog: everything in a workspace as one SQL database, opened read-only.

Every room says which views it has (`View`): what they are about, their columns, and the Parquet files they stand on. The
catalog makes them one DuckDB database in memory. A query is one SELECT; it can read those files and nothing else on the
machine, and it can change nothing.

A view costs nothing until a query names it: only then are its files found out, fetched where they are elsewhere, and opened.
What cannot be read is left out of its view and said, so that one damaged file does not take everything else with it.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pyarrow as pa
from duckdb.sqltypes import DuckDBPyType

from crossthink.engines import connect
from crossthink.errors import UserError, listing, nearest
from manifests.view import Contents, File, Label, View


class Catalog:
    """A read-only database of views; use it as a context manager.

    Args:
        views: of every room.
        say: told, in one line each and once, what was left out of a view that a query names. Without it, such a query is
            refused.
    """

    def __init__(self, views: Sequence[View], say: Callable[[str], None] | None = None) -> None:
        self.views = list(views)
        self._say = say or _refuse
        self._said: set[str] = set()
        self._open: dict[str, Contents] = {}
        with ExitStack() as resources:
            self._spill = resources.enter_context(TemporaryDirectory(prefix="crossthink-"))
            self._connection = self._connected({})
            resources.callback(lambda: self._connection.close())
            self._resources = resources.pop_all()

    def __enter__(self) -> "Catalog":
        return self

    def __exit__(self, *_: object) -> None:
        self._resources.close()

    def query(
        self,
        sql: str,
        parameters: Mapping[str, object] | None = None,
        *,
        for_text: bool = False,
        rows: int | None = None,
    ) -> pa.Table:
        """Return the answer to one SELECT; columns of one name are told apart as `a`, `a_1`.

        Args:
            sql: the SELECT.
            parameters: values of `$name` in it.
            for_text: the answer goes to CSV, JSON or a terminal, so dates, times and bytes come as DuckDB's text too.
            rows: no more rows than these are asked for; None: all.

        Raises:
            UserError: it is not one SELECT, or DuckDB refuses it; the message is DuckDB's own.
        """
        try:
            sql.encode()  # half a surrogate pair, from bytes that are no UTF-8, would be a TypeError of DuckDB
            statements = self._connection.extract_statements(sql)
            if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
                found = ", ".join(statement.type.name for statement in statements) or "nothing"
                raise UserError(f"sql: expected one SELECT, found {found}; the catalog is read-only")
            self._need(sql)
            answer = self._connection.sql(self._without_end(sql), params=parameters)
            answer = _with_text(answer, _NOT_HELD | _NOT_IN_TEXT if for_text else _NOT_HELD)
            return (answer if rows is None else answer.limit(rows)).to_arrow_table()
        except duckdb.CatalogException as error:
            raise UserError(f"sql: {self._unknown_view(str(error)) or error}") from None
        except duckdb.Error as error:
            raise UserError(f"sql: {error}") from None
        except UnicodeEncodeError:
            raise UserError("sql: the query is not valid UTF-8") from None

    @property
    def has_left_out(self) -> bool:
        """Whether something had to be left out of a view that a query named."""
        return bool(self._said)

    def interrupt(self) -> None:
        """Stop the query that another thread is waiting for; there, it ends in a UserError."""
        self._connection.interrupt()

    def statements(self, text: str) -> list[str]:
        """Return the statements of a text, which semicolons part.

        Raises:
            UserError: DuckDB cannot parse it.
        """
        try:
            return [statement.query for statement in self._connection.extract_statements(text)]
        except duckdb.Error as error:
            raise UserError(f"sql: {error}") from None

    def _without_end(self, statement: str) -> str:
        """Return a statement without its semicolon and the comments after it, which DuckDB cannot put into a relation."""
        for place in (found.start() for found in re.finditer(";", statement)):
            try:
                if not self._connection.extract_statements(statement[place:]):
                    return statement[:place]
            except duckdb.Error:  # this semicolon stands in a text or a comment
                continue
        return statement

    def _need(self, sql: str) -> None:
        """Open the views whose names stand in a query, and say what is left out of them.

        A word is enough: at worst a column of this name opens a view too many. A query that asks for the tables themselves
        opens all of them.
        """
        words = set(_WORD.findall(sql.lower()))
        views = [view for view in self.views if view.name in words]
        if not views and words & _ASK_FOR_TABLES:
            views = self.views
        new = {view.name: view.contents() for view in views if view.name not in self._open}
        if new:
            connection = self._connected({**self._open, **new})
            self._connection.close()
            self._connection = connection
        for view in views:
            for line in self._open[view.name].left_out:
                self._tell(f"left out of {view.name}: {line}")

    def _connected(self, contents: Mapping[str, Contents]) -> duckdb.DuckDBPyConnection:
        """Return a connection with these views, which can read their files alone; what is allowed never changes."""
        with ExitStack() as resources:
            connection = resources.enter_context(connect())
            opened = {
                view.name: _create(connection, view, contents[view.name])
                for view in self.views
                if view.name in contents
            }
            _close_to_the_outside(connection, [file for each in opened.values() for file, _ in each.files], self._spill)
            resources.pop_all()
        self._open = opened
        return connection

    def _tell(self, line: str) -> None:
        if line not in self._said:
            self._say(line)
            self._said.add(line)

    def _unknown_view(self, fault: str) -> str | None:
        """Return what to say when a fault of DuckDB's is about a table that there is not."""
        names = [view.name for view in self.views]
        asked = _NO_TABLE.search(fault)
        return asked and f"no view {asked[1]!r}.{nearest(asked[1], names)} There are: {listing(names)}"


_WORD = re.compile(r"\w+")
_NO_TABLE = re.compile(r"Table with name (.+?) does not exist")
_ASK_FOR_TABLES = frozenset(
    {"show", "describe", "information_schema", "duckdb_views", "duckdb_columns", "duckdb_tables"}
)


def _refuse(line: str) -> None:
    raise UserError(f"sql: {line}")


def _create(connection: duckdb.DuckDBPyConnection, view: View, contents: Contents) -> Contents:
    """Make one view, and return what it stands on: the files that can be read, and a line for each that cannot."""
    readable: list[File] = []
    relations: list[duckdb.DuckDBPyRelation] = []
    left_out = list(contents.left_out)
    for file, labels in contents.files:
        try:
            relations.append(_labelled(connection, view, file, labels))
            readable.append((file, labels))
        except UserError as error:
            of = " ".join(f"{name} {value}" for name, value in labels.items())
            left_out.append(f"{of}: {error}" if of else str(error))
    if relations:
        whole, *others = relations
        for each in others:
            whole = whole.union(each)
        whole.create_view(view.name)
    else:
        table = contents.table
        connection.register(view.name, view.columns.empty_table() if table is None else table)
    return Contents(readable, contents.table, left_out)


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
