"""The engines, set up one way: how many threads they use, and a DuckDB connection that says nothing and loads nothing.

The thread count comes from `CROSSTHINK_THREADS` (the command line's `--threads` sets it); no output depends on it.
"""

import os
from typing import TYPE_CHECKING

from crossthink.errors import UserError

if TYPE_CHECKING:
    import duckdb

THREADS_VARIABLE = "CROSSTHINK_THREADS"
MOST_THREADS = 1024
"""More is a slip of the hand, and the engines would really start them."""


def use_threads(threads: int | None) -> None:
    """Fix the number of threads of every engine; call it before Polars is imported.

    Raises:
        UserError: the variable is not a number of threads.
    """
    if threads is not None:
        os.environ[THREADS_VARIABLE] = str(threads)
    if (asked := _threads()) is not None:
        os.environ["POLARS_MAX_THREADS"] = str(asked)


def connect() -> "duckdb.DuckDBPyConnection":
    """Return a new in-memory DuckDB connection that never installs extensions."""
    import duckdb

    settings: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "python_enable_replacements": False,  # SQL never reads a variable of this program
        "preserve_insertion_order": True,
    }
    if (threads := _threads()) is not None:
        settings["threads"] = threads
    connection = duckdb.connect(config=settings)
    connection.execute("SET enable_progress_bar = false")
    return connection


def _threads() -> int | None:
    """Return the number of threads that the environment asks for, or None."""
    text = os.environ.get(THREADS_VARIABLE)
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and 1 <= int(text) <= MOST_THREADS):
        raise UserError(f"{THREADS_VARIABLE}={text}: expected a number of threads from 1 to {MOST_THREADS}")
    return int(text)
