"""What the memory that is set means for a curation: how many rows it reads at once, and how many items it holds at all.

A batch is smaller where rows are long or less than the default is set, down to a batch of a file; no output depends on it.
What compares items holds arrays that grow with them, and a setting that is too small for these is refused before the work
begins. The figures are of `python -m benchmarks.scale`, where the kernel ends a run that needs more than was set.
"""

from math import ceil

from crossthink.engines import DEFAULT_MEMORY, LEAST_MEMORY, memory_bytes
from crossthink.errors import UserError

PART_BYTES = 128 * 2**20
"""Read at once, by the default memory; what is computed of it takes several times as much."""
ALWAYS_BYTES = 384 * 2**20
"""Libraries, the index of the benchmarks, and a small batch on its way through a stage."""
ITEM_BYTES = 160
"""For each item: places, keys, buckets and pairs, of which near duplicates need most."""
_STEP = 64 * 2**20


def share() -> float:
    """The part of what is read at once by default that is read where less memory than the default is set."""
    return min(memory_bytes(), DEFAULT_MEMORY) / DEFAULT_MEMORY


def rows_at_once(most: int, row_bytes: float, step: int) -> int:
    """Return how many rows to read at once: a part of `most` where they are long or less memory than the default is set.

    Args:
        most: a multiple of `step`, as the part is.
        row_bytes: of a row, on average.
        step: rows of a batch of the file.
    """
    rows = share() * min(most, PART_BYTES / max(row_bytes, 1))
    return min(most, max(step, int(rows) // step * step))


def require_memory(items: int) -> None:
    """Refuse to curate more items than the memory that is set holds.

    Raises:
        UserError: it holds fewer; the message says how much does.
    """
    least = max(LEAST_MEMORY, ceil((ALWAYS_BYTES + items * ITEM_BYTES) / _STEP) * _STEP)
    if (found := memory_bytes()) < least:
        raise UserError(
            f"memory: found {found / 2**20:g}MiB, expected at least {least >> 20}MiB for {items:,} items"
            f" ({ALWAYS_BYTES >> 20}MiB, and {ITEM_BYTES} bytes an item); say --memory {least >> 20}MiB and it goes on"
        )
