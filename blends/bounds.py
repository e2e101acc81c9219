"""Bounds on an expression that came with a recipe: time and memory, so that a recipe from elsewhere cannot stop a machine.

Functions whose result is as long as a number says are refused before anything runs (`blends.predicates`); what is left can
still grow, by one `replace` inside the other. The bounds are wide: they end what would never end, and nothing that is meant.
"""

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

LEAST_SECONDS = 60.0
ROWS_A_SECOND = 10_000
"""An expression has a second for so many rows; DuckDB looks at a million in one."""
SHARE_OF_MEMORY = 0.5
"""Of the machine's memory, beside what the process has already."""


def seconds_for(rows: int) -> float:
    """Return how long an expression over so many rows may take."""
    return LEAST_SECONDS + rows / ROWS_A_SECOND


@contextmanager
def bounded(database: "duckdb.DuckDBPyConnection", rows: int) -> Iterator[None]:
    """Interrupt what runs on a connection when its time is over, and let it have no more memory than its share."""
    timer = Timer(seconds_for(rows), database.interrupt)
    timer.daemon = True
    timer.start()
    try:
        with _bounded_memory():
            yield
    finally:
        timer.cancel()


@contextmanager
def _bounded_memory() -> Iterator[None]:
    """Bound the addresses of this process, which bounds its memory; where the system does not tell what it has, do nothing."""
    size = Path("/proc/self/statm")
    if not size.is_file():
        yield
        return
    page = os.sysconf("SC_PAGE_SIZE")
    share = int(os.sysconf("SC_PHYS_PAGES") * page * SHARE_OF_MEMORY)
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = int(size.read_text().split()[0]) * page + share
    if soft != resource.RLIM_INFINITY:
        limit = min(limit, soft)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
