"""Many rows of words aligned at once: what must be edited to make one row of a pair the other.

rapidfuzz aligns two strings five times faster than two lists of numbers, and measures a column of pairs in one call. So
each different word becomes a letter, and a row of words a string of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain, pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cpdist

LETTERS = 0x110000
"""How many letters there are in Unicode; the rows of more words than that are lists of numbers."""
Numbers = npt.NDArray[np.int64]
Which = npt.NDArray[np.bool_]
Row = Sequence[Any]

_EDITS = np.dtype([("kind", "S1"), ("at", np.int64), ("to", np.int64)])


@dataclass(frozen=True)
class Edits:
    """Edits of some pairs, those of a pair beside each other and in the order of its words.

    Attributes:
        pair: the number of the pair.
        goes: whether a word of the left row goes; where one goes and one comes, one stands in place of the other.
        comes: whether a word of the right row comes.
        at: where the word that goes stands among the words of all rows; of no meaning if none does.
        to: where the word that comes stands.
    """

    pair: Numbers
    goes: Which
    comes: Which
    at: Numbers
    to: Numbers

    def __getitem__(self, which: Which) -> "Edits":
        return Edits(self.pair[which], self.goes[which], self.comes[which], self.at[which], self.to[which])

    @property
    def swaps(self) -> Which:
        """Whether one word stands in place of another."""
        return self.goes & self.comes

    def among(self, pairs: Numbers, count: int) -> "Edits":
        """The edits of some of `count` pairs, which are numbered anew.

        Args:
            pairs: numbers of pairs, ascending.
        """
        number = np.full(count, -1)
        number[pairs] = np.arange(len(pairs))
        found = self[number[self.pair] >= 0]
        return replace(found, pair=number[found.pair])

    @cached_property
    def stretches(self) -> Numbers:
        """The number of the stretch that each edit is in: swaps beside each other are one, any other edit is one by itself."""
        follows = self.swaps[1:] & self.swaps[:-1] & (self.pair[1:] == self.pair[:-1])
        follows &= (np.diff(self.at) == 1) & (np.diff(self.to) == 1)
        return np.cumsum(np.append(True, ~follows)[: len(self.pair)]) - 1


class Rows:
    """Rows of words, to be compared.

    Args:
        words: of all rows, after one another; of any type.
        offsets: one more than there are rows; row r has `words[offsets[r]:offsets[r + 1]]`.

    Attributes:
        kinds: the different words.
        words: for each word its number in `kinds`.
        offsets: as given.
    """

    def __init__(self, words: pl.Series, offsets: Numbers) -> None:
        encoded = words.rechunk().to_arrow(compat_level=pl.CompatLevel.oldest()).dictionary_encode()
        self.kinds = pl.Series(encoded.dictionary)
        self.words: npt.NDArray[np.int32] = pl.Series(encoded.indices).to_numpy()
        self.offsets = offsets
        self._rows = _sequences(self.words, offsets, len(self.kinds))

    def have_equal_words(self, left: Numbers, right: Numbers) -> Which:
        """Which pairs have the same words in any order."""
        found: Which = (self._sums[left] == self._sums[right]) & (self.lengths[left] == self.lengths[right])
        maybe = np.flatnonzero(found)
        found[maybe] = [
            sorted(one) == sorted(other) for one, other in zip(*self.sides(left[maybe], right[maybe]), strict=True)
        ]
        return found

    @cached_property
    def _sums(self) -> Numbers:
        """Of each row a number that does not depend on the order of its words."""
        return np.diff(np.append(0, np.cumsum(self.words, dtype=np.int64))[self.offsets])

    @cached_property
    def lengths(self) -> Numbers:
        """How many words each row has."""
        return np.diff(self.offsets)

    def distances(self, left: Numbers, right: Numbers) -> Numbers:
        """How many words of each pair need an edit."""
        one, other = self.sides(left, right)
        found: Numbers = cpdist(one, other, scorer=Levenshtein.distance, dtype=np.int64, workers=1)
        return found

    def edits(self, left: Numbers, right: Numbers) -> Edits:
        """Align the rows of each pair."""
        found = [Levenshtein.editops(*pair).as_list() for pair in zip(*self.sides(left, right), strict=True)]
        counts = np.fromiter(map(len, found), np.int64, len(found))
        flat = np.fromiter(chain.from_iterable(found), _EDITS, int(counts.sum()))
        pair, last = np.repeat(np.arange(len(found)), counts), len(self.words) - 1
        at, to = (
            np.minimum(self.offsets[side][pair] + flat[column], last) for side, column in ((left, "at"), (right, "to"))
        )
        return Edits(pair, flat["kind"] != b"i", flat["kind"] != b"d", at, to)

    def spell(self, at: Numbers) -> list[str]:
        """Some of the words, by where they stand among all."""
        return self.kinds.gather(self.words[at]).to_list()

    def sides(self, left: Numbers, right: Numbers) -> tuple[list[Row], list[Row]]:
        """The rows of each pair as rapidfuzz reads them: strings, or lists of numbers."""
        one, other = ([self._rows[row] for row in side.tolist()] for side in (left, right))
        return one, other


def _sequences(words: npt.NDArray[np.int32], offsets: Numbers, kinds: int) -> list[Row]:
    """Each row as rapidfuzz reads it."""
    if kinds > LETTERS:
        return [row.tolist() for row in np.split(words, offsets[1:-1])]
    letters = words.astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")
    return [letters[low:high] for low, high in pairwise(offsets.tolist())]
