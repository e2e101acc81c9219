"""The engines, set up one way: their threads, their memory, and a DuckDB connection that says nothing and loads nothing.

Both come from the environment (`CROSSTHINK_THREADS`, `CROSSTHINK_MEMORY`; the command line's `--threads` and `--memory`
set them), and no output depends on either. Rows go through every stage in batches, which are smaller where less memory is set
than the default; it also bounds what a stage holds beside them where that would grow with the data, and the rest lies in the
workspace.
"""

import os
import re
from typing import TYPE_CHECKING

from crossthink.errors import UserError

if TYPE_CHECKING:
    import duckdb

THREADS_VARIABLE = "CROSSTHINK_THREADS"
MEMORY_VARIABLE = "CROSSTHINK_MEMORY"
DEFAULT_MEMORY = 2 * 2**30
LEAST_MEMORY = 512 * 2**20
"""Bytes; less does not hold the libraries and a small batch in every stage."""
MOST_THREADS = 1024
"""More is a slip of the hand, and the engines would really start them."""

KEPT_MILLISECONDS, LESS_MILLISECONDS = 20_000, 500
"""How long free memory is kept for the next batch: longer than a batch takes, and not for ever; and where less memory than the
default is set, about as long as the allocators would."""

_MEMORY = re.compile(r"(\d{1,6}(?:\.\d{1,3})?) ?([kmgt]i?b)", re.IGNORECASE | re.ASCII)
_UNITS = {
    f"{prefix}{suffix}": base**power
    for power, prefix in enumerate("kmgt", 1)
    for suffix, base in (("b", 1000), ("ib", 1024))
}


def use_threads(threads: int | None) -> None:
    """Fix the number of threads of every engine; call it before Polars is imported.

    Raises:
        UserError: the variable is not a number of threads.
    """
    if threads is not None:
        os.environ[THREADS_VARIABLE] = str(threads)
    if (asked := _threads()) is not None:
        os.environ["POLARS_MAX_THREADS"] = str(asked)


def use_memory(memory: str | None) -> None:
    """Fix the memory that stages may use, from text such as "2GiB" or "800MB"; call it before Polars and PyArrow are imported.

    Their allocators then keep what one batch frees for the next, unless less than the default is set: by themselves they return
    it to the system within half a second, or a second, and every page that comes back costs a fault.

    Raises:
        UserError: the text, or the variable, is not an amount of memory, or too small a one.
    """
    amount = _bytes(os.environ.get(MEMORY_VARIABLE) if memory is None else memory)
    kept = KEPT_MILLISECONDS if amount >= DEFAULT_MEMORY else LESS_MILLISECONDS
    if memory is not None:
        os.environ[MEMORY_VARIABLE] = memory
    os.environ["_RJEM_MALLOC_CONF"] = f"dirty_decay_ms:{kept},muzzy_decay_ms:0"
    os.environ["MIMALLOC_PURGE_DELAY"] = str(kept)


def memory_bytes() -> int:
    """Return how many bytes of memory a stage may use.

    Raises:
        UserError: the variable is not an amount of memory, or too small a one.
    """
    return _bytes(os.environ.get(MEMORY_VARIABLE))


def _bytes(text: str | None) -> int:
    if not text:
        return DEFAULT_MEMORY
    found = _MEMORY.fullmatch(text.strip())
    if found is None:
        raise UserError(f"memory: found {text!r}, expected a number and a unit, such as 2GiB or 800MB")
    amount = int(float(found[1]) * _UNITS[found[2].lower()])
    if amount < LEAST_MEMORY:
        raise UserError(f"memory: found {text!r}, expected at least {LEAST_MEMORY // 2**20}MiB")
    return amount


def release_memory() -> None:
    """Give memory that is no longer used back to the system: the allocators keep what one stage had for the next.

    What is left is nothing for the collector of cycles to look through again: the objects of the libraries cost it 0.9 CPU s
    of a curation of 588,645 rows.
    """
    import ctypes
    import gc

    import pyarrow as pa

    gc.collect()
    gc.freeze()
    pa.default_memory_pool().release_unused()
    if (trim := getattr(ctypes.CDLL(None), "malloc_trim", None)) is not None:  # glibc has it, others do not
        trim(0)


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
