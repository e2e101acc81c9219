"""SQL expressions of a recipe: `where` predicates and the expression of a curriculum's order.

A recipe is a file that people pass on, so an expression can compute over the columns of one row and do nothing else: no
table, no subquery, no file, no setting, no clock and no chance. DuckDB parses it; what the parse tree may hold is decided
here, and the functions that it may call are those whose result depends on their arguments alone, which DuckDB's own
catalog of functions says. It then runs in a connection that cannot reach anything outside and whose time zone is UTC.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from blends.bounds import bounded, seconds_for
from crossthink.engines import connect
from crossthink.errors import UserError, listing, nearest

if TYPE_CHECKING:
    import duckdb

_REFUSED_NODES = {
    "SUBQUERY": "a subquery",
    "WINDOW": "a window function, which looks at other rows",
    "STAR": "a star",
    "PARAMETER": "a parameter",
    "DEFAULT": "DEFAULT",
}
_OF_THE_SESSION = ("current_", "version")
"""Functions that the catalog calls consistent although the clock or the program decides their result."""

_WHOLE = ("tinyint", "smallint", "integer", "bigint", "hugeint")
_ORDERED = {
    *("boolean", "float", "double", "decimal", *_WHOLE, *(f"u{name}" for name in _WHOLE)),
    *("varchar", "uuid", "enum", "blob"),
    *("date", "time", "timestamp", "timestamp_s", "timestamp_ms", "timestamp_ns", "timestamp with time zone"),
}
"""Types of a value that is one number, text or time."""

_AS_LONG_AS_SAID = frozenset(
    {"lpad", "rpad", "repeat", "bar", "printf", "format", "list_resize", "array_resize", "range", "generate_series"}
)
"""Functions whose result is as long as a number says: one of them could fill a machine's memory."""

_NOT_REPEATED = "its result depends on more than the row, so the blend could not be repeated"


@dataclass(frozen=True)
class Expression:
    """An expression of a recipe and the place that it stands in: "component law, select.where"."""

    text: str
    place: str


def columns_of(expression: Expression, known: Iterable[str], missing: Mapping[str, str] | None = None) -> list[str]:
    """Return the columns that an expression reads, in order.

    Args:
        expression: what stands in the recipe.
        known: columns that there are.
        missing: columns that there could be, with what is needed for them.

    Raises:
        UserError: it is not one expression over these columns; the message is DuckDB's where it is a fault of syntax.
    """
    known, found = list(known), list[str]()
    with connect() as database:
        node = _parsed(expression, database)
        for part, parameters in _walk(node, frozenset()):
            kind = part["class"]
            if kind in _REFUSED_NODES:
                raise _fault(expression, f"{_REFUSED_NODES[kind]}; expected an expression over the columns of one row")
            if kind == "FUNCTION":
                name = str(part["function_name"]).lower()
                if name == "age" and len(part["arguments"]) == 1:  # to the current date, whatever the catalog says
                    raise _fault(expression, f"age of one time: {_NOT_REPEATED}; give both times")
                _refuse_function(expression, name, database, ())
            if kind == "COLUMN_REF" and (name := part["column_names"][0].lower()) not in parameters:
                if name not in known:
                    needs = (missing or {}).get(name)
                    close = needs or f"no such column.{nearest(name, known)} There are: {listing(known)}"
                    raise _fault(expression, f"{name}: {close}")
                found.append(name)
    return list(dict.fromkeys(found))


def holds(rows: pl.DataFrame, predicates: Sequence[Expression]) -> list[pl.Series]:
    """Return one Boolean column per predicate, true where it holds; null counts as false; see `truths`."""
    return [answer.fill_null(False) for answer in truths(rows, predicates)]


def truths(rows: pl.DataFrame, predicates: Sequence[Expression]) -> list[pl.Series]:
    """Return one Boolean column per predicate, null where it cannot be told.

    Args:
        rows: with every column that the predicates read (`columns_of`).
        predicates: each has been through `columns_of`.

    Raises:
        UserError: one is no condition, or fails on a row; with DuckDB's message.
    """
    answers = values(rows, predicates)
    for predicate, answer in zip(predicates, answers, strict=True):
        if answer.dtype not in (pl.Boolean, pl.Null):
            raise _fault(predicate, f"is {answer.dtype}; expected a condition that is true or false")
    return [answer.cast(pl.Boolean) for answer in answers]


def values(rows: pl.DataFrame, expressions: Sequence[Expression]) -> list[pl.Series]:
    """Return the value of each expression for each row, in the order of the rows.

    Raises:
        UserError: one fails on a row, or is no number, text or time.
    """
    with connect() as database:
        database.register("rows", rows)
        database.execute("SET TimeZone = 'UTC'")
        database.execute("SET enable_external_access = false")
        database.execute("SET lock_configuration = true")
        found = []
        for expression in expressions:
            with bounded(database, rows.height):
                found.append(_value(database.table("rows"), expression))
        return found


def _value(rows: "duckdb.DuckDBPyRelation", expression: Expression) -> pl.Series:
    import duckdb

    try:
        answer = rows.select(duckdb.SQLExpression(expression.text).alias("value"))
        if str(answer.types[0]) == '"NULL"':
            return pl.Series("value", [None] * len(rows), dtype=pl.Null)
        if answer.types[0].id not in _ORDERED:
            raise _fault(expression, f"is {answer.types[0]}; expected a number, a text, a time, or true or false")
        return pl.Series("value", pl.DataFrame(answer.to_arrow_table())["value"])
    except duckdb.InterruptException:
        raise _fault(
            expression, f"was ended after {seconds_for(len(rows)):,.0f} seconds; expected less work a row"
        ) from None
    except (duckdb.OutOfMemoryException, MemoryError):
        raise _fault(expression, "takes more memory than half of this machine's; expected less work a row") from None
    except duckdb.Error as error:
        raise _fault(expression, _said(error)) from None


def _said(error: "duckdb.Error") -> str:
    """DuckDB's message in one line, with the names that it thinks were meant."""
    first, *more = str(error).splitlines()
    return " ".join([first, *(f"({line})" for line in more if line.startswith("Candidate"))])


def _parsed(expression: Expression, database: "duckdb.DuckDBPyConnection") -> Any:
    """Return the parse tree of one bare expression."""
    import duckdb

    # The text is only parsed here, as the value of a parameter, and never joined into anything that runs.
    try:
        answer = database.execute("SELECT json_serialize_sql(?)", [f"SELECT {expression.text}"]).fetchone()
    except (duckdb.Error, UnicodeEncodeError) as error:
        raise _fault(expression, str(error).splitlines()[0]) from None
    tree = json.loads(answer[0]) if answer else {}
    if tree.get("error", True):
        raise _fault(expression, str(tree.get("error_message", "cannot be read")))
    statements = tree["statements"]
    node = statements[0]["node"] if len(statements) == 1 else {}
    chosen = node.get("select_list", [])
    clauses = ("where_clause", "having", "qualify", "sample")
    plain = (
        node.get("type") == "SELECT_NODE"
        and node["from_table"]["type"] == "EMPTY"
        and not any(node.get(clause) for clause in clauses)
        and not node.get("group_expressions")
        and not node["modifiers"]
        and not node["cte_map"]["map"]
    )
    if not plain or len(chosen) != 1 or chosen[0].get("alias"):
        raise _fault(expression, "expected one expression and nothing else")
    return chosen[0]


def _walk(node: Any, parameters: frozenset[str]) -> Iterator[tuple[dict[str, Any], frozenset[str]]]:
    """Yield every expression of a parse tree, with the lambda parameters that are names there."""
    if isinstance(node, list):
        for part in node:
            yield from _walk(part, parameters)
    elif isinstance(node, dict):
        if node.get("class") == "LAMBDA":
            names = {
                part["column_names"][0].lower() for part, _ in _walk(node["lhs"], frozenset()) if "column_names" in part
            }
            parameters |= names
        if "class" in node and "type" in node:
            yield node, parameters
        for part in node.values():
            yield from _walk(part, parameters)


def _refuse_function(
    expression: Expression, name: str, database: "duckdb.DuckDBPyConnection", inside: tuple[str, ...]
) -> None:
    """Refuse a function unless its result depends on its arguments alone; a macro is what it is made of."""
    shown = " in ".join((name, *reversed(inside)))
    if name in _AS_LONG_AS_SAID:
        raise _fault(expression, f"{shown}: its result is as long as a number says, which could fill the memory")
    found = database.execute(
        "SELECT DISTINCT function_type, stability, macro_definition, parameters FROM duckdb_functions()"
        " WHERE function_name = ?",
        [name],
    ).fetchall()
    if not found and name.isidentifier():
        known = database.execute("SELECT DISTINCT function_name FROM duckdb_functions() WHERE function_type = 'scalar'")
        raise _fault(expression, f"{shown}: no such function.{nearest(name, [each for (each,) in known.fetchall()])}")
    for kind, stability, definition, parameters in found:
        if kind == "macro" and name not in inside:
            names = frozenset(parameter.lower() for parameter in parameters)
            for part, known_names in _walk(_parsed(Expression(definition, expression.place), database), names):
                # a name that is no parameter is a clock or a user: current_timestamp parses as a column
                is_free = part["class"] == "COLUMN_REF" and part["column_names"][0].lower() not in known_names
                if part["class"] in _REFUSED_NODES or is_free:
                    raise _fault(expression, f"{shown}: {_NOT_REPEATED}")
                if part["class"] == "FUNCTION":
                    _refuse_function(expression, str(part["function_name"]).lower(), database, (*inside, name))
        elif kind in ("aggregate", "window"):
            raise _fault(expression, f"{shown}: it looks at many rows; expected an expression over one")
        elif kind != "macro" and (kind != "scalar" or stability != "CONSISTENT" or name.startswith(_OF_THE_SESSION)):
            raise _fault(expression, f"{shown}: {_NOT_REPEATED}")


def _fault(expression: Expression, message: str) -> UserError:
    return UserError(f"{expression.place}: {expression.text!r}: {message}")
