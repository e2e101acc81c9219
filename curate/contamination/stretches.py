"""The part of a row that may hold a question: where most of its 3-grams are, and around it what may be missing."""

import numpy as np
import polars as pl

from curate.contamination.ranges import ranges
from curate.contamination.texts import GRAM
from curate.fuzzy.edits import Numbers, Rows
from curate.numbers import distinct, starts_of

_LEAST_MARGIN = 4
"""Words; a margin is a quarter of the question, and at least these."""


def stretches(rows: Rows, asked: Numbers, found: Numbers) -> tuple[Numbers, Numbers]:
    """Where the part of each pair's row begins and ends, among the words of all rows.

    A row that is hardly longer than the question, or has none of its 3-grams, is taken whole.
    """
    starts, ends = rows.offsets[found], rows.offsets[found + 1]
    length = rows.lengths[asked]
    margin = np.maximum(_LEAST_MARGIN, length // 4)
    long = np.flatnonzero(ends - starts > length + margin)
    which, hits = _hits(rows, asked[long], found[long])
    pair = long[which]
    first, last = _densest(pair, hits, (length + margin)[pair])
    pair, low, high = pair[first], hits[first], hits[last] + GRAM
    around = np.maximum(length[pair] - (high - low), 0) + margin[pair] // 2
    starts[pair] = np.maximum(starts[pair], low - around)
    ends[pair] = np.minimum(ends[pair], high + around)
    return starts, ends


def _hits(rows: Rows, asked: Numbers, found: Numbers) -> tuple[Numbers, Numbers]:
    """Where in each pair's row a 3-gram of its question begins, by pair and place, and which pair each is of."""
    grams = _grams(rows)
    questions = distinct(asked)
    of, at = _places(rows, questions)
    size = len(rows.kinds) ** GRAM % (1 << 63)  # what does not fit wraps around, and is then as good as a hash
    held = pl.Series(of * size + grams[at])
    which, at = _places(rows, found)
    wanted = pl.Series(np.searchsorted(questions, asked)[which] * size + grams[at])
    is_hit = wanted.is_in(held.implode()).to_numpy()
    return which[is_hit], at[is_hit]


def _places(rows: Rows, chosen: Numbers) -> tuple[Numbers, Numbers]:
    """Where the 3-grams of some rows begin, and which row each is of."""
    lows = rows.offsets[chosen]
    return ranges((lows, np.maximum(lows, rows.offsets[chosen + 1] - GRAM + 1)))


def _grams(rows: Rows) -> Numbers:
    """A number for the 3-gram at each place, whatever row it is in."""
    words = rows.words.astype(np.int64)
    grams = words[: max(len(words) - GRAM + 1, 0)].copy()
    for step in range(1, GRAM):
        grams *= len(rows.kinds)
        grams += words[step : len(grams) + step]
    return grams


def _densest(pair: Numbers, hits: Numbers, reach: Numbers) -> tuple[Numbers, Numbers]:
    """The first and the last hit of the run, one for each pair, that has most hits within its reach; the first such run."""
    if not len(hits):
        return hits, hits
    far = int(hits.max() + reach.max()) + 1  # no reach leads into the next pair
    places = pair * far + hits
    last = np.searchsorted(places, places + reach) - 1
    counts = last - np.arange(len(hits))
    starts = starts_of(pair)
    most = np.repeat(np.maximum.reduceat(counts, starts), np.diff(np.append(starts, len(hits))))
    best = np.flatnonzero(counts == most)
    best = best[starts_of(pair[best])]
    return best, last[best]
