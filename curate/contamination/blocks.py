"""Which runs of words questions and rows have in common, and what stands between these; many pairs at once."""

from dataclasses import dataclass

import numpy as np
from rapidfuzz.distance import LCSseq

from curate.contamination.ranges import Runs
from curate.contamination.stretches import stretches
from curate.fuzzy.edits import Numbers, Rows


@dataclass(frozen=True)
class Gaps:
    """What stands between the words in common, that of a pair beside each other and in its order.

    Attributes:
        pair: the number of the pair.
        after: the number of the block behind.
        asked, found: where it begins and ends in the question and in the row, among the words of all rows.
    """

    pair: Numbers
    after: Numbers
    asked: Runs
    found: Runs


@dataclass(frozen=True)
class Blocks:
    """Runs of words in common, those of a pair beside each other and in their order.

    Each pair has besides one of no words where its question and the stretch of its row begin, and one where they end.

    Attributes:
        first: for each pair its first block, and at last how many blocks there are.
        pair: the number of the pair.
        asked, found: where the block begins in the question and in the row, among the words of all rows.
        size: how many words it has.
    """

    first: Numbers
    pair: Numbers
    asked: Numbers
    found: Numbers
    size: Numbers

    @classmethod
    def of(cls, rows: Rows, asked: Numbers, found: Numbers) -> "Blocks":
        """Align each question with the stretch of its row by the longest common subsequence."""
        starts, ends = stretches(rows, asked, found)
        low, high = ((side - rows.offsets[found]).tolist() for side in (starts, ends))
        pairs = zip(*rows.sides(asked, found), low, high, strict=True)
        each = [LCSseq.editops(one, other[begin:end]).as_matching_blocks() for one, other, begin, end in pairs]
        counts = np.fromiter(map(len, each), np.int64, len(each)) + 1
        first = np.append(0, np.cumsum(counts))
        values = np.zeros((first[-1], 3), np.int64)
        is_shared = np.ones(len(values), np.bool_)
        is_shared[first[:-1]] = False
        flat = [(block.a, block.b, block.size) for blocks in each for block in blocks]
        values[is_shared] = np.array(flat, np.int64).reshape(-1, 3)
        pair = np.repeat(np.arange(len(each)), counts)
        return cls(first, pair, rows.offsets[asked][pair] + values[:, 0], starts[pair] + values[:, 1], values[:, 2])

    def span(self) -> Runs:
        """From the first to the last word of each pair's row that is the question's; nothing where none is."""
        begin, end = self.found[self.first[:-1] + 1], (self.found + self.size)[self.first[1:] - 2]
        return begin, np.maximum(begin, end)

    def gaps(self) -> Gaps:
        """What stands between; before the first words in common and after the last, no more of the row than is missing."""
        before = np.delete(np.arange(len(self.pair)), self.first[1:] - 1)
        after = before + 1
        asked = (self.asked + self.size)[before], self.asked[after]
        low, high = (self.found + self.size)[before], self.found[after]
        missing = asked[1] - asked[0]
        head = self.first[:-1] - np.arange(len(self.first) - 1)
        tail = self.first[1:] - np.arange(len(self.first) - 1) - 2
        low[head] = np.maximum(low[head], high[head] - missing[head])
        high[tail] = np.minimum(high[tail], low[tail] + missing[tail])
        return Gaps(self.pair[before], after, asked, (low, high))
