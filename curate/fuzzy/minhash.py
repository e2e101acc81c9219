"""MinHash: a few numbers per text that agree as often as two texts share their runs of words.

For each of many mixing functions a row keeps the least value over its shingles; two rows agree there with a probability
of their Jaccard similarity (Broder, "On the resemblance and containment of documents", 1997). Bands of some of these
values meet in a bucket when all of them agree, which makes the chance a steep curve: 1 - (1 - J^rows)^bands.

The values are computed in NumPy. A row is cut into strips of as many shingles, its last one repeated: the least of a set
stays the least when a member is said twice. Strips laid side by side are one multiplication and one minimum over tens of
thousands of numbers, and a row takes the least of its strips. rensa computes the values as fast, but hands them out as
Python lists, which costs more than all else here.
"""

import itertools
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from curate.tokens import Hashes, Places, Tokens

STRIP = 16
"""Shingles of a row that are computed side by side."""

_NOTHING = np.uint32(np.iinfo(np.uint32).max)
_MIX = np.uint64(0xBF58476D1CE4E5B9)


def minhash(shingles: Tokens, values: int, seed: int) -> npt.NDArray[np.uint32]:
    """Return the signatures, one column per row, `values` numbers each; a row without shingles has the greatest number.

    Args:
        shingles: hashes that are spread over all 64 bits.
        values: how many mixing functions.
        seed: of the mixing functions.
    """
    counts = shingles.counts
    if not counts.any():
        return np.full((values, len(counts)), _NOTHING)
    laid, begins, places = _strips(shingles)
    least = np.empty((values, laid.shape[1]), np.uint32)
    for value, step in enumerate(_steps(values, seed)):
        laid *= step
        np.minimum.reduce(laid, axis=0, out=least[value])
    for low, high in itertools.pairwise(begins[1:]):
        np.minimum(least[:, : high - low], least[:, low:high], out=least[:, : high - low])
    signatures = least.take(places, axis=1, mode="clip")
    signatures[:, counts == 0] = _NOTHING
    return signatures


@lru_cache(4)
def _steps(values: int, seed: int) -> tuple[np.uint32, ...]:
    """The mixing functions, odd numbers to multiply by: the first, and what makes of each the next, modulo 2^32."""
    drawn = np.random.PCG64(seed).random_raw(values)  # raw: the same in every version of NumPy
    factors = [int(number) >> 32 | 1 for number in drawn]
    return tuple(np.uint32(new * pow(old, -1, 1 << 32) % (1 << 32)) for old, new in itertools.pairwise([1, *factors]))


def _strips(shingles: Tokens) -> tuple[npt.NDArray[np.uint32], Places, Places]:
    """Return the strips, shape (STRIP, strips): of every row the first one, the longest rows first, then the second ones; where
    the first ones begin, the second ones, and so on, and the last end; and the place of each row among the first."""
    hashes = (shingles.hashes >> np.uint64(32)).astype(np.uint32)
    strips = -(-shingles.counts // STRIP)
    longest_first = np.argsort(-strips, kind="stable")
    having = np.cumsum(np.bincount(strips)[::-1])[-2::-1]  # how many rows have a first strip, a second one, ...
    begins = np.concatenate([[0], np.cumsum(having)])
    strip = np.repeat(np.arange(len(having)), having)
    row = longest_first[np.arange(begins[-1]) - begins[strip]]
    first, last = shingles.offsets[row] + strip * STRIP, shingles.offsets[row + 1] - 1
    laid = hashes.take(np.minimum(first + np.arange(STRIP)[:, np.newaxis], last), mode="clip")
    places = np.empty_like(longest_first)
    places[longest_first] = np.arange(len(places))
    return laid, begins, places


def band_keys(signatures: npt.NDArray[np.uint32], rows: int) -> Hashes:
    """Fold each `rows` values of a signature to one key; shape (bands, texts). Different bands have different keys."""
    bands = len(signatures) // rows
    keys = np.arange(1, bands + 1, dtype=np.uint64)[:, np.newaxis] * _MIX
    for row in range(rows):
        keys = (keys ^ signatures[row : bands * rows : rows]) * _MIX
        keys ^= keys >> np.uint64(31)
    return keys
