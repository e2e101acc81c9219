"""Which words a text has, in 128 bits: enough to turn most chance meetings away before a text is read.

Each word marks one bit. A long text marks most of the bits and different words come to share them, so words are not
counted by marks but by the bits that no word marks: of `SKETCH_BITS` bits n different words leave about the share
exp(-n / SKETCH_BITS) free (Whang, Vander-Zanden and Taylor, "A linear-time probabilistic counting algorithm for database
applications", 1990). The marks of two texts together count the words that either has.
"""

import numpy as np
import numpy.typing as npt

from curate.tokens import Hashes, Tokens

SKETCH_BITS = 128
SKETCH_WORDS = SKETCH_BITS // 64
"""How many numbers of 64 bits a sketch has."""

_FREE = np.maximum(SKETCH_BITS - np.arange(SKETCH_BITS + 1), 0.5)  # no bit free says: more words than can be told
_COUNTED = SKETCH_BITS * np.log(SKETCH_BITS / _FREE)
"""How many different words make so many marks."""


def sketches(words: Tokens) -> Hashes:
    """Return the marks of each text, shape (texts, SKETCH_WORDS)."""
    texts = len(words.offsets) - 1
    marks = np.zeros(texts * SKETCH_BITS, np.bool_)
    marks[words.rows() * SKETCH_BITS + (words.hashes & np.uint64(SKETCH_BITS - 1)).view(np.int64)] = True
    return np.packbits(marks).view(np.uint64).reshape(texts, SKETCH_WORDS)


def words_counted(sketches: Hashes) -> npt.NDArray[np.float64]:
    """Estimate how many different words each text has."""
    return np.asarray(_COUNTED[np.bitwise_count(sketches).sum(axis=1, dtype=np.int64)], np.float64)


def words_shared(left: Hashes, right: Hashes) -> npt.NDArray[np.float64]:
    """Estimate for each pair of texts the share of their different words that both have, their Jaccard similarity; 0 where neither
    has a word. Of unlike texts it may be less than 0."""
    one, other, either = map(words_counted, (left, right, left | right))
    return np.asarray((one + other - either) / np.maximum(either, 1), np.float64)
