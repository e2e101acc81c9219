"""Queries and dot commands, and their answers on standard output: what a shell, a file and a pipe have in common."""

from pathlib import Path

import pyarrow as pa

from crossthink.cli.columns import about_column
from crossthink.cli.options import Format
from crossthink.cli.output import TABLE_ROWS, emit
from crossthink.errors import UserError, listing, nearest
from manifests.catalog import Catalog
from manifests.view import View

HELP = """\
A query is one SELECT in DuckDB's SQL and ends with a semicolon; it can read the views and change nothing.
  .views          the views, and what a row of each is
  .schema [VIEW]  the columns of a view, or of all of them
  .help           this text
  .quit           leave (so does Ctrl-D); Ctrl-C stops a running query"""


class Answers:
    """What a catalog answers, in one format.

    Args:
        catalog: the open catalog.
        format: how answers are printed.
        output: where the answer to the one query goes instead.
    """

    def __init__(self, catalog: Catalog, format: Format, output: Path | None = None) -> None:
        self.catalog = catalog
        self._format = format
        self._output = output

    def ask(self, query: str) -> pa.Table:
        """Return the answer to a query; for a printed table, no more rows than it shows and one."""
        shown = TABLE_ROWS + 1 if self._format is Format.TABLE and self._output is None else None
        return self.catalog.query(query, for_text=self._format is not Format.PARQUET, rows=shown)

    def print(self, answer: pa.Table) -> None:
        emit(answer, self._format, self._output)

    def give(self, query: str) -> None:
        """Answer one query."""
        self.print(self.ask(query))

    def give_all(self, text: str) -> None:
        """Answer the queries and dot commands of a text, in order, up to the first that cannot be answered.

        Raises:
            UserError: there is nothing to answer, one is refused, or several were to go into one file.
        """
        parts = _parts(text)
        steps = [step for part in parts for step in ([part] if part.startswith(".") else self.catalog.statements(part))]
        if not steps:
            raise UserError("sql: found no query; give one, or start `crossthink sql` on a terminal for a shell")
        if len(steps) > 1 and (self._output is not None or self._format is Format.PARQUET):
            raise UserError(f"sql: found {len(steps)} queries, expected one for one file")
        for step in steps:
            if not step.startswith("."):
                self.give(step)
            elif not self.command(step):
                return

    def command(self, line: str) -> bool:
        """Obey a dot command; return False when it is the last one.

        Raises:
            UserError: there is no such command, or no such view.
        """
        name, _, rest = line.strip().rstrip(";").partition(" ")
        match name:
            case ".quit" | ".exit":
                return False
            case ".help":
                print(HELP)
            case ".views":
                width = max(len(view.name) for view in self.catalog.views)
                print("\n".join(f"{view.name:<{width}}  {view.about}" for view in self.catalog.views))
            case ".schema":
                print("\n\n".join(describe(view) for view in self._views(rest.strip())))
            case _:
                known = [".views", ".schema", ".help", ".quit"]
                raise UserError(f"sql: no command {name}.{nearest(name, known)} There are: {' '.join(known)}")
        return True

    def _views(self, name: str) -> list[View]:
        names = [view.name for view in self.catalog.views]
        if name and name not in names:
            raise UserError(f"sql: no view {name!r}.{nearest(name, names)} There are: {listing(names)}")
        return [view for view in self.catalog.views if name in ("", view.name)]


def describe(view: View) -> str:
    """Return a view's columns as text: name, type and one line each; the fields of a structure stand below it."""
    columns = [(column.name, column.type, about_column(view.name, column.name)) for column in view.columns]
    widths = [max(len(each[0]) for each in columns), max(len(sql_type(each[1])) for each in columns)]
    lines = [f"{view.name}: {view.about}"]
    for name, kind, about in columns:
        lines.append(f"  {name:<{widths[0]}}  {sql_type(kind):<{widths[1]}}  {about}".rstrip())
        fields = ", ".join(f"{part.name} {sql_type(part.type)}" for part in _fields(kind))
        lines += [f"  {'':<{widths[0]}}  {'':<{widths[1]}}    {fields}"] if fields else []
    return "\n".join(lines)


def sql_type(kind: pa.DataType) -> str:
    """Return DuckDB's name for a column's type, the fields of a structure aside."""
    if pa.types.is_map(kind):
        return "MAP"
    if pa.types.is_list(kind):
        return f"{sql_type(kind.value_type)}[]"
    return "STRUCT" if pa.types.is_struct(kind) else _SQL_TYPES[str(kind)]


def _fields(kind: pa.DataType) -> list[pa.Field]:
    if pa.types.is_map(kind):
        return [kind.key_field, kind.item_field]
    inner = kind.value_type if pa.types.is_list(kind) else kind
    return list(inner) if pa.types.is_struct(inner) else []


_SQL_TYPES = {
    "string": "VARCHAR",
    "bool": "BOOLEAN",
    "int32": "INTEGER",
    "int64": "BIGINT",
    "float": "FLOAT",
    "double": "DOUBLE",
}


def _parts(text: str) -> list[str]:
    """Part a text into dot commands, a line each where no query has begun, and the queries between them."""
    parts, query = [], ""
    for line in text.splitlines(keepends=True):
        if line.startswith(".") and query.strip()[-1:] in ("", ";"):
            parts += [query, line.strip()]
            query = ""
        else:
            query += line
    return [part for part in [*parts, query] if part.strip()]
