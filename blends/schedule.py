"""The order of a blend: every batch holds each component's share to within one row.

verl 0.9.1 takes the rows in the order of the file, so the order is the data. With B batches and n rows of a component,
every batch gets n // B of them, and the n mod B rows that remain go to as many different batches. Dealing the remainders
of all components one after the other around a circle of batches gives every batch the same number; the circle visits the
batches in golden-ratio steps, so that a component's extra rows are spread over the whole run.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio


def rows_per_batch(rows: Sequence[int], batches: int) -> npt.NDArray[np.int64]:
    """Return how many rows of each component stand in each batch.

    Args:
        rows: rows of each component; their sum is a multiple of `batches`.
        batches: number of batches, at least 1.

    Returns:
        Array (components, batches). Rows of the array sum to `rows`, its columns all to the same batch size, and no entry
        is more than one away from rows / batches.
    """
    if sum(rows) % batches:
        raise ValueError(f"{sum(rows)} rows do not fill {batches} batches of one size")
    counts = np.repeat(np.array(rows, dtype=np.int64)[:, None] // batches, batches, axis=1)
    circle = np.argsort(np.arange(batches, dtype=np.uint64) * _GOLDEN, kind="stable")
    start = 0
    for place, total in enumerate(rows):
        extra = total % batches
        counts[place, circle[(start + np.arange(extra)) % batches]] += 1
        start += extra
    return counts


def batch_of_each_row(rows: Sequence[int], batches: int) -> list[npt.NDArray[np.int64]]:
    """Return, for each component, the batch of its first, second, ... row; batches never decrease."""
    return [np.repeat(np.arange(batches), counts) for counts in rows_per_batch(rows, batches)]
