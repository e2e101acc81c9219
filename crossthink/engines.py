"""The engines, set up one way: how many threads they use, and a DuckDB connection that says nothing and loads nothing.

The thread count comes from `CROSSTHINK_THREADS` (the command line's `--threads` sets it); no output depends on it.
"""

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

THREADS_VARIABLE = "CROSSTHINK_THREADS"


def use_threads(threads: int | None) -> None:
    """Fix the number of threads of every engine; call it before Polars is imported."""
    if threads is not None:
        os.environ[THREADS_VARIABLE] = os.environ["POLARS_MAX_THREADS"] = str(threads)


def connect() -> "duckdb.DuckDBPyConnection":
    """Return a new in-memory DuckDB connection that never installs extensions."""
    import duckdb

    settings: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "python_enable_replacements": False,  # SQL never reads a variable of this program
        "preserve_insertion_order": True,
    }
    if threads := os.environ.get(THREADS_VARIABLE):
        settings["threads"] = int(threads)
    connection = duckdb.connect(config=settings)
    connection.execute("SET enable_progress_bar = false")
    return connection
