"""Which benchmark items hold a hash, and which rows of a corpus share how much with which items.

The benchmarks are the small side: their hashes are sorted once, a table of bits that stays in the processor's cache says
which hashes cannot be among them, and the corpus goes past in batches. A hash of many items says little about any one of
them and leads to many pairs; it is left out of the search (`COMMON`) and counts only where a pair is verified.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from curate.contamination.ranges import ranges
from curate.numbers import distinct, starts_of
from curate.tokens import Hashes, Places

COMMON = 30
"""Items; a hash that more of them have finds no candidates. On 49,249 items these are 0.5 % of the 3-grams."""

_ARRAYS = ("hashes", "offsets", "items")

_SLOTS = 16
"""Bits of the table for each hash: about one in sixteen hashes of other texts gets past it."""


@dataclass(frozen=True)
class Postings:
    """The items that hold each hash.

    Attributes:
        count: how many items there are; they are numbered from 0.
        hashes: distinct, ascending; the low bits that number an item are 0 in each.
        offsets: hash h stands in `items[offsets[h]:offsets[h + 1]]`.
        items: ascending for each hash, without repeats.
    """

    count: int
    hashes: Hashes
    offsets: Places
    items: npt.NDArray[np.int32]

    @classmethod
    def of(cls, hashes: Hashes, items: Places, count: int) -> "Postings":
        """Sort hashes and the items that hold them, in any order and with repeats.

        A hash keeps the 64 bits that its item's number leaves: 48 for 49,249 items, where two of a million hashes are
        taken for each other once in 500 such indexes; a pair found so does not survive verification.
        """
        mask = _mask(count)
        packed = distinct((hashes & ~mask) | items.astype(np.uint64))
        kept = packed & ~mask
        starts = starts_of(kept)
        offsets = np.append(starts, len(kept)).astype(np.int64)
        return cls(count, kept[starts], offsets, (packed & mask).astype(np.int32))

    def save(self, folder: Path, name: str) -> None:
        """Write the arrays into files that begin with a name."""
        for array in _ARRAYS:
            np.save(folder / f"{name}-{array}.npy", getattr(self, array))

    @classmethod
    def load(cls, folder: Path, name: str, count: int) -> "Postings":
        """Map what `save` wrote into memory."""
        arrays = [np.asarray(np.load(folder / f"{name}-{array}.npy", mmap_mode="r")) for array in _ARRAYS]
        return cls(count, *arrays)

    def uncommon(self) -> "Postings":
        """The hashes that are not common, and their items."""
        is_kept, frequencies = self.frequencies <= COMMON, self.frequencies
        offsets = np.append(0, np.cumsum(frequencies[is_kept]))
        return Postings(self.count, self.hashes[is_kept], offsets, self.items[np.repeat(is_kept, frequencies)])

    @cached_property
    def _beginnings(self) -> npt.NDArray[np.uint8]:
        """One bit for each value of a hash's leading bits: whether a hash begins so."""
        bits = max(10, (len(self.hashes) * _SLOTS).bit_length())
        is_beginning = np.zeros(1 << bits, np.bool_)
        is_beginning[self.hashes >> np.uint64(64 - bits)] = True
        return np.packbits(is_beginning, bitorder="little")

    @cached_property
    def begins(self) -> npt.NDArray[np.int32]:
        """For each value of somewhat fewer leading bits, the number of the first hash that does not lie before it."""
        bits = max(10, len(self.hashes).bit_length())
        heads = (self.hashes >> np.uint64(64 - bits)).astype(np.int64)
        begins = np.zeros((1 << bits) + 1, np.int32)
        np.cumsum(np.bincount(heads, minlength=1 << bits), out=begins[1:])
        return begins

    @cached_property
    def frequencies(self) -> Places:
        """How many items hold each hash."""
        return np.diff(self.offsets)

    def possible(self, hashes: Hashes) -> Places:
        """Where among some hashes those are that may be here; few others are among them."""
        heads = hashes >> np.uint64(62 - len(self._beginnings).bit_length())
        places = (heads >> np.uint64(3)).view(np.int64)
        eights = self._beginnings.take(places, mode="clip")  # clip: none is beyond the table
        return np.flatnonzero((eights >> (heads.astype(np.uint8) & 7) & 1).view(np.bool_))

    def numbers(self, hashes: Hashes) -> Places:
        """The number of each hash here; -1 for one that is not here.

        Hashes are spread evenly, so that about one begins with the leading bits of the one looked for, and seldom three.
        """
        if not len(self.hashes):
            return np.full(len(hashes), -1, np.int64)
        wanted, last = hashes & ~_mask(self.count), len(self.hashes) - 1
        heads = (wanted >> np.uint64(65 - len(self.begins).bit_length())).view(np.int64)
        found = self.begins.take(heads).astype(np.int64)
        before = np.flatnonzero(self.hashes.take(found, mode="clip") < wanted)
        while len(before):
            after = found.take(before) + 1
            found[before] = after
            before = before[(after < last) & (self.hashes.take(after, mode="clip") < wanted.take(before))]
        found[self.hashes.take(found, mode="clip") != wanted] = -1
        return found

    def by_item(self, items: Places) -> tuple[Places, npt.NDArray[np.int32]]:
        """The same the other way round, for some items: item i holds the hashes `numbers[offsets[i]:offsets[i + 1]]`.

        Args:
            items: any; the others are given no hashes.
        """
        is_wanted = np.zeros(self.count, np.bool_)
        is_wanted[items] = True
        is_held, bits = is_wanted[self.items], len(self.hashes).bit_length()
        items_held, packed = self.items[is_held], np.repeat(np.arange(len(self.hashes)), self.frequencies)[is_held]
        packed |= items_held.astype(np.int64) << bits
        packed.sort()
        offsets = np.append(0, np.cumsum(np.bincount(items_held, minlength=self.count)))
        return offsets, (packed & ((1 << bits) - 1)).astype(np.int32)

    def pairs(
        self, rows: Places, numbers: Places, weights: npt.NDArray[np.float32]
    ) -> tuple[Places, Places, npt.NDArray[np.float64]]:
        """Sum what each row shares with each item.

        Args:
            rows, numbers: a row and a hash that it holds, each pair once.
            weights: one for each hash here.

        Returns:
            Row, item and the sum of the shared hashes' weights, by row and item.
        """
        which, at = ranges((self.offsets[numbers], self.offsets[numbers + 1]))
        # A batch's rows, a million items and a hundred million hashes fit into 64 bits.
        of_item, bits = self.count.bit_length(), len(self.hashes).bit_length()
        packed = (rows << of_item + bits | numbers)[which]
        packed |= self.items[at].astype(np.int64) << bits
        packed.sort()
        keys = packed >> bits
        starts = starts_of(keys)
        if not len(starts):
            return starts, starts, np.zeros(0)
        sums = np.add.reduceat(weights[packed & ((1 << bits) - 1)].astype(np.float64), starts)
        keys = keys[starts]
        return keys >> of_item, keys & ((1 << of_item) - 1), sums


def _mask(count: int) -> np.uint64:
    return np.uint64((1 << max(1, (count - 1).bit_length())) - 1)
