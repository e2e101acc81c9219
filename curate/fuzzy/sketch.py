"""Which words a text has, in 128 bits: enough to turn most chance meetings away before a text is read.

Each word marks one bit (a Bloom filter of one hash function). The share of the marks of two texts that both have is about the
share of their different words that both have. A long text marks most of the bits and so seems to share more than it does:
what this cannot tell is read.
"""

import numpy as np
import numpy.typing as npt

from curate.tokens import Hashes, Tokens

SKETCH_BITS = 128
SKETCH_WORDS = SKETCH_BITS // 64
"""How many numbers of 64 bits a sketch has."""


def sketches(words: Tokens) -> Hashes:
    """Return the marks of each text, shape (texts, SKETCH_WORDS)."""
    texts = len(words.offsets) - 1
    marks = np.zeros(texts * SKETCH_BITS, np.bool_)
    marks[words.rows() * SKETCH_BITS + (words.hashes & np.uint64(SKETCH_BITS - 1)).view(np.int64)] = True
    return np.packbits(marks).view(np.uint64).reshape(texts, SKETCH_WORDS)


def marks_shared(left: Hashes, right: Hashes) -> npt.NDArray[np.float64]:
    """The share of the marks of two texts that both have, for each pair; 0 where neither has any."""
    both, either = (np.bitwise_count(marks).sum(axis=1, dtype=np.int64) for marks in (left & right, left | right))
    return np.asarray(both / np.maximum(either, 1), np.float64)
