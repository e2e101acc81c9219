"""How much each word of a text says: its surprisal, given the two words beside it, in this corpus.

"Please answer the following question with true or false" says nothing in a corpus where nine thousand questions begin with
it; "wolverine" says much. The probability of a word after two others is their count together over the count of the two,
drawn towards what the shorter run says where the longer is rare; a word says the lesser of what it does after the words
before it and before the words after it.

Runs of one, two and three words are counted in tables of fixed size by their hashes; what other runs add to a place on
average is taken off. Of a larger corpus about `COUNTED_ITEMS` texts are counted, spread evenly over it: they say
nearly as well what is common (docs/duplicates.md), and neither the tables nor the time to fill them grow on.
"""

import numpy as np
import numpy.typing as npt

from curate.tokens import Hashes, Tokens, whole_shingles

LONGEST_RUN = 3
PRIOR = 24.0
"""How many sights the shorter run is worth: a run must be seen much more often before it counts as boilerplate."""
COUNTED_ITEMS = 750_000
"""Texts whose words are counted, about. Measured: docs/duplicates.md."""
LEAST_BITS = 16
"""Tables have at least 2^16 places, 8 to 16 for each text that is counted."""

Bits = npt.NDArray[np.float32]
_RAREST = 1e-7
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)  # 2^64 over the golden ratio: its multiples are spread evenly


class Rarity:
    """Counts of the runs of words of a corpus.

    Args:
        items: how many texts there will be, about.
    """

    def __init__(self, items: int) -> None:
        self._share = min(COUNTED_ITEMS / max(items, 1), 1.0)
        self._bits = max(min(items, COUNTED_ITEMS).bit_length() + 3, LEAST_BITS)
        self._tables = [np.zeros(1 << self._bits, np.uint32) for _ in range(LONGEST_RUN)]
        self._totals = [0] * LONGEST_RUN

    def are_counted(self, numbers: Hashes) -> npt.NDArray[np.bool_]:
        """Whether texts are among those to count, by their numbers: of texts that follow each other the same share, to within a
        few where none is missing."""
        spread = (numbers * _GOLDEN) >> np.uint64(32)
        return np.asarray(spread < np.uint64(self._share * (1 << 32)), np.bool_)

    def add(self, length: int, runs: Hashes) -> None:
        """Count runs of `length` words."""
        np.add.at(self._tables[length - 1], self._slots(runs), np.uint32(1))
        self._totals[length - 1] += len(runs)

    def weigh(self, words: Tokens) -> tuple[Bits, Bits]:
        """Return for each word how many bits it says and how often the corpus has it, by those that were counted; at least as often
        as one that was counted once."""
        ones, twos, threes = (self._counts(words, length) for length in range(1, LONGEST_RUN + 1))
        alone = ones / max(self._totals[0], 1)
        before, before_two = _later(ones, 1), _later(twos, 2)
        after, after_two = _earlier(ones, 1), _earlier(twos, 1)
        forth = _given(_later(threes, 2), before_two, _given(_later(twos, 1), before, alone))
        back = _given(threes, after_two, _given(twos, after, alone))
        bits = -np.log2(np.clip(np.maximum(forth, back), _RAREST, 1))
        return bits.astype(np.float32), (ones / self._share).astype(np.float32)

    def _counts(self, words: Tokens, length: int) -> npt.NDArray[np.float64]:
        """For each word how often the run was seen that begins with it; 0 where there is none in its text."""
        found = np.zeros(len(words.hashes))
        runs, is_start = whole_shingles(words, length)
        noise = self._totals[length - 1] / (1 << self._bits) if length > 1 else 0
        found[is_start] = np.maximum(self._tables[length - 1][self._slots(runs)] - noise, 1)
        return found

    def _slots(self, hashes: Hashes) -> npt.NDArray[np.int64]:
        return (hashes >> np.uint64(64 - self._bits)).view(np.int64)


def _given(
    together: npt.NDArray[np.float64], condition: npt.NDArray[np.float64], otherwise: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    return (together + PRIOR * otherwise) / (np.where(together > 0, condition, 0) + PRIOR)


def _later(values: npt.NDArray[np.float64], by: int) -> npt.NDArray[np.float64]:
    """Each place has the value of `by` places before it."""
    return np.concatenate([np.zeros(min(by, len(values))), values[:-by]])


def _earlier(values: npt.NDArray[np.float64], by: int) -> npt.NDArray[np.float64]:
    """Each place has the value of `by` places after it."""
    return np.concatenate([values[by:], np.zeros(min(by, len(values)))])
