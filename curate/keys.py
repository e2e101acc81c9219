"""Which keys of a source have been seen, in eight bytes a key."""

import numpy as np
import numpy.typing as npt
import polars as pl

_SEED = 0


class SeenKeys:
    """The keys of the rows read so far, as hashes of 64 bits in a few sorted arrays.

    Two keys with one hash cost the second its name (its place stands for it) and nothing else; among ten million keys
    that happens once in some hundred thousand sources.
    """

    def __init__(self) -> None:
        self._sorted: list[npt.NDArray[np.uint64]] = []

    def add(self, keys: pl.Series) -> pl.Series:
        """Return which keys were there before, in earlier calls or earlier in this one; a null never was."""
        hashes = keys.hash(_SEED).to_numpy()
        order = np.argsort(hashes)  # neighbours are looked up beside each other
        ordered = hashes[order]
        again = (~keys.is_first_distinct()).to_numpy()[order]
        for known in self._sorted:
            place = np.minimum(np.searchsorted(known, ordered), len(known) - 1)
            again |= known[place] == ordered
        self._keep(ordered[~again & keys.is_not_null().to_numpy()[order]])
        was_there = np.empty_like(again)
        was_there[order] = again
        return pl.Series("again", was_there) & keys.is_not_null()

    def _keep(self, new: npt.NDArray[np.uint64]) -> None:
        """Keep arrays of ever smaller size, so that there are few of them and each key is merged few times."""
        while self._sorted and len(self._sorted[-1]) <= 2 * len(new):
            new = np.sort(np.concatenate([self._sorted.pop(), new]))
        if len(new):
            self._sorted.append(new)
