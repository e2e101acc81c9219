"""Pairs worth comparing: items that meet in a bucket of some band, a bounded number for each item.

Within a bucket the items of the same terms (gold, options, context) may be duplicates: each is paired with the first of
them and with the one before it. Items of other terms may be siblings: each is paired with the first of the bucket and with
the one before it. So a bucket of a million rows of one template costs some million pairs and not half a billion, and of
these an item keeps the few whom it met in most bands.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from curate.fuzzy.index import Index
from curate.fuzzy.sketch import words_counted, words_shared
from curate.numbers import starts_of
from curate.tokens import Hashes

PART_ITEMS = 1 << 18
"""Pairs are gathered and counted for so many later items at once."""
PIECE_ROWS = 1 << 17
"""Rows of a band whose buckets are looked at together."""
DUPLICATES_EACH = 4
SIBLINGS_EACH = 1
SURE_BANDS = 3
"""A chance meeting is one of one or two bands; siblings must have met in more."""
LEAST_SHARED = 0.47
"""Pairs of the same terms must share so much of their words, as far as their sketches tell. Measured: docs/duplicates.md."""
LONG_WORDS, LONG_SHARED = 12, 0.55
"""What texts of so many different words must share if they may have met by chance: of more words an estimate is surer."""
WHOLE = 255
"""Counts as the number of bands of a pair whose whole texts have the same words."""

_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)

Rows = npt.NDArray[np.int64]
ShortTerms = npt.NDArray[np.uint32]
"""The upper half of the terms of each item, half as much to read. Items of other terms that share it are paired as if their terms
were the same, which may cost a pair; whether a pair is alike is told by the whole."""


@dataclass(frozen=True)
class Pairs:
    """Pairs of items by their standing, in the order of `later`.

    Attributes:
        earlier, later: standings; the earlier is preferred.
        bands: in how many bands the two met; `WHOLE` when their words are the same.
        is_alike: whether gold, options and context are the same.
    """

    earlier: npt.NDArray[np.uint32]
    later: npt.NDArray[np.uint32]
    bands: npt.NDArray[np.uint8]
    is_alike: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.later)

    def __getitem__(self, which: npt.NDArray[np.bool_ | np.int64]) -> "Pairs":
        return Pairs(self.earlier[which], self.later[which], self.bands[which], self.is_alike[which])


def candidate_pairs(index: Index, spill: Path) -> tuple[Pairs, int]:
    """Return the candidate pairs, and how many items the biggest bucket had.

    Args:
        index: its band files are used up.
        spill: folder for the pairs on their way.
    """
    count = -(-len(index.terms) // PART_ITEMS)
    parts = [spill / f"pairs-{part:05}" for part in range(count)]
    files = [path.open("wb") for path in parts]
    short_terms = (index.terms >> _HALF).astype(np.uint32)
    biggest = 0
    whole: list[Hashes] = []
    try:
        for path in (*index.bands, index.whole):
            packed = np.fromfile(path, "<u8")
            path.unlink()
            packed.sort()
            pieces = _pieces(packed, index.standing_bits)
            found = [_bucket_pairs(piece, index.standing_bits, short_terms) for piece in pieces]
            biggest = max([biggest, *(size for _, size in found)])
            codes = _distinct(np.concatenate([np.zeros(0, np.uint64), *(pairs for pairs, _ in found)]))[0]
            cuts = np.searchsorted(codes, (np.arange(len(parts) + 1, dtype=np.uint64) * np.uint64(PART_ITEMS)) << _HALF)
            for file, low, high in zip(files, cuts[:-1], cuts[1:], strict=True):
                codes[low:high].tofile(file)
            whole = [codes[low:high] for low, high in itertools.pairwise(cuts)]  # of the last one, the whole texts
    finally:
        for file in files:
            file.close()
    nearest = [_nearest(index, np.fromfile(path, np.uint64), same) for path, same in zip(parts, whole, strict=True)]
    for path in parts:
        path.unlink()
    columns = ("earlier", "later", "bands", "is_alike")
    return Pairs(*(np.concatenate([getattr(part, column) for part in nearest]) for column in columns)), biggest


def crowds(pairs: Pairs, items: int) -> npt.NDArray[np.uint8]:
    """For each standing in how many bands the item met the nearest one of other terms."""
    met = np.zeros(items, np.uint8)
    other = pairs[~pairs.is_alike]
    for side in (other.earlier, other.later):
        np.maximum.at(met, side, other.bands)
    return met


def _pieces(packed: Hashes, standing_bits: int) -> Iterator[Hashes]:
    """Cut a band's sorted numbers between buckets, into pieces whose columns stay in the cache."""
    bits, start = np.uint64(standing_bits), 0
    while start < len(packed):
        last = packed[min(start + PIECE_ROWS, len(packed)) - 1]
        stop = int(np.searchsorted(packed, last | ((np.uint64(1) << bits) - np.uint64(1)), side="right"))
        yield packed[start:stop]
        start = stop


def _bucket_pairs(packed: Hashes, standing_bits: int, short_terms: ShortTerms) -> tuple[Hashes, int]:
    """Return the pairs of one band as numbers, the later standing in the upper half, and the size of the biggest bucket.

    Args:
        packed: whole buckets of a band's file, sorted.
    """
    keys = packed >> np.uint64(standing_bits)
    follows = np.zeros(len(keys) + 1, np.bool_)  # is in the bucket of the one before
    np.equal(keys[1:], keys[:-1], out=follows[1:-1])
    inside = np.flatnonzero(follows[:-1] | follows[1:])
    if not len(inside):
        return np.zeros(0, np.uint64), 1
    standing = (packed[inside] & np.uint64((1 << standing_bits) - 1)).view(np.int64)
    begins = np.flatnonzero(~follows[inside])
    sizes = np.diff(np.append(begins, len(inside)))
    twos, large = begins[sizes == 2], sizes > 2
    codes = [_codes(standing[twos], standing[twos + 1])]
    if large.any():
        codes += _pairs_of_large(standing, begins[large], sizes[large], short_terms)
    return np.concatenate(codes), int(sizes.max())


def _pairs_of_large(standing: Rows, begins: Rows, sizes: Rows, short_terms: ShortTerms) -> list[Hashes]:
    """The pairs of buckets of three items or more: each item with the one before it and with the first, if their terms differ, and
    likewise among the items of its terms."""
    offsets = np.append(0, np.cumsum(sizes))
    inside = standing[np.arange(offsets[-1]) + np.repeat(begins - offsets[:-1], sizes)]
    terms = short_terms[inside]
    left, right = _chained(offsets[:-1], sizes)
    are_other = np.flatnonzero(terms[left] != terms[right])
    order, firsts = _by_terms(terms, sizes)
    earlier, later = _chained(firsts, np.diff(np.append(firsts, len(order))))
    return [
        _codes(inside[left[are_other]], inside[right[are_other]]),
        _codes(inside[order[earlier]], inside[order[later]]),
    ]


def _by_terms(terms: ShortTerms, sizes: Rows) -> tuple[Rows, Rows]:
    """The rows of buckets in the order of their bucket, then of their terms, then as they are; and where terms begin."""
    row_bits = len(terms).bit_length()
    term_bits = min(32, 64 - len(sizes).bit_length() - row_bits)  # at least 16: a piece has at most 2^16 such buckets
    groups = np.repeat(np.arange(len(sizes), dtype=np.uint64) << np.uint64(term_bits), sizes)
    groups |= terms >> np.uint32(32 - term_bits)
    packed = (groups << np.uint64(row_bits)) | np.arange(len(terms), dtype=np.uint64)
    packed.sort()
    rows = (packed & np.uint64((1 << row_bits) - 1)).view(np.int64)
    return rows, starts_of(packed >> np.uint64(row_bits))


def _chained(begins: Rows, sizes: Rows) -> tuple[Rows, Rows]:
    """Pair each row of a run but its first with the one before it and with the first; rows follow each other without a gap."""
    is_right = np.ones(int(sizes.sum()), np.bool_)
    is_right[begins] = False
    right = np.flatnonzero(is_right)
    return np.concatenate([right - 1, np.repeat(begins, sizes - 1)]), np.concatenate([right, right])


def _codes(earlier: Rows, later: Rows) -> Hashes:
    return (later.astype(np.uint64) << _HALF) | earlier.astype(np.uint64)


def _nearest(index: Index, codes: Hashes, whole: Hashes) -> Pairs:
    """Count in how many bands each pair met, and keep of each later item the pairs that met in most."""
    codes, times = _distinct(codes)
    times[np.searchsorted(codes, whole)] = WHOLE
    earlier, later = (codes & _LOW).astype(np.uint32), (codes >> _HALF).astype(np.uint32)
    pairs = Pairs(earlier, later, np.minimum(times, WHOLE).astype(np.uint8), index.terms[earlier] == index.terms[later])
    pairs = pairs[_are_worth_reading(index, pairs)]
    order = np.lexsort((pairs.earlier, -pairs.bands.astype(np.int16), ~pairs.is_alike, pairs.later))
    pairs = Pairs(pairs.earlier[order], pairs.later[order], pairs.bands[order], pairs.is_alike[order])
    begins = np.ones(len(pairs), np.bool_)
    begins[1:] = (pairs.later[1:] != pairs.later[:-1]) | (pairs.is_alike[1:] != pairs.is_alike[:-1])
    place = np.arange(len(pairs)) - np.maximum.accumulate(np.where(begins, np.arange(len(pairs)), 0))
    return pairs[place < np.where(pairs.is_alike, DUPLICATES_EACH, SIBLINGS_EACH)]


def _are_worth_reading(index: Index, pairs: Pairs) -> npt.NDArray[np.bool_]:
    """Whether pairs may be siblings, or share words enough to be the same."""
    keep = pairs.bands >= SURE_BANDS
    alike = np.flatnonzero(pairs.is_alike)
    one, other = (index.sketches[side[alike]] for side in (pairs.earlier, pairs.later))
    are_long = np.minimum(words_counted(one), words_counted(other)) >= LONG_WORDS
    keep[alike] = words_shared(one, other) >= np.where(are_long & ~keep[alike], LONG_SHARED, LEAST_SHARED)
    return keep


def _distinct(codes: Hashes) -> tuple[Hashes, Rows]:
    """The different numbers in order, and how often each came; they are sorted where they are."""
    codes.sort()
    at = starts_of(codes)
    return codes[at], np.diff(np.append(at, len(codes)))
