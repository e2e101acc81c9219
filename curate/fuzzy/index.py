"""One pass over the questions: what the search for pairs needs of each, and nothing that grows with the texts.

Of every item the keys of its bands and of its whole text go to a file per band; a number that stands for its gold, options
and context stays in memory (8 bytes an item), and so does how often each run of words was seen, in tables of fixed size.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from crossthink.files import BATCH_ROWS
from curate.fuzzy.minhash import band_keys, minhash
from curate.fuzzy.rarity import LONGEST_RUN, Rarity
from curate.fuzzy.settings import FuzzySettings
from curate.fuzzy.sketch import SKETCH_WORDS, sketches
from curate.fuzzy.terms import NO_TERMS, RememberedForms, terms_of
from curate.table import PLACE, ItemTable
from curate.tokens import Hashes, Tokens, shingles, token_chunks

COLUMNS = ("question", "context", "options", "answer", "images")
_BASE = 0xD6E8FEB86659FD93
_INVERSE = pow(_BASE, -1, 1 << 64)
BUFFER_BYTES = 1 << 17
"""Of each file that is written; a chunk has a few thousand bytes for each."""


@dataclass(frozen=True)
class Index:
    """What one pass found.

    Attributes:
        bands: a file per band, little-endian uint64: the upper bits of an item's key, its standing in the lower bits.
        whole: the same for the key of the whole text.
        standing_bits: how many lower bits.
        by_standing: the place of the item of each standing; 0 is the item preferred most.
        terms: by standing; equal for items with the same gold, options, context and images. 0: no gold, not compared.
        sketches: by standing, on disk; from `curate.fuzzy.sketch`.
        rarity: how often runs of words were seen, in a sample of a large corpus.
    """

    bands: tuple[Path, ...]
    whole: Path
    standing_bits: int
    by_standing: npt.NDArray[np.int64]
    terms: Hashes
    sketches: Hashes
    rarity: Rarity

    def without_sketches(self) -> "Index":
        """What verification needs; the file of the sketches is no longer mapped into memory."""
        return replace(self, sketches=np.zeros((0, SKETCH_WORDS), np.uint64))


def index_items(items: ItemTable, settings: FuzzySettings, rank: npt.NDArray[np.integer], spill: Path) -> Index:
    """Read every question once and write its keys.

    Args:
        items: questions; those without a gold or a word are left out.
        settings: shingles and bands.
        rank: for each place, of its source in the declared preference; the lower is preferred, then the first.
        spill: an empty folder for the files.
    """
    by_standing = np.argsort(rank, kind="stable").astype(np.int64)
    standings = np.empty(items.height, np.uint64)
    standings[by_standing] = np.arange(items.height, dtype=np.uint64)
    bits = max(1, int(items.height - 1).bit_length())
    bands = tuple(spill / f"band-{band:02}" for band in range(settings.bands))
    terms = np.zeros(items.height, np.uint64)
    kept = np.memmap(spill / "sketches", np.uint64, "w+", shape=(max(items.height, 1), SKETCH_WORDS))
    index = Index(bands, spill / "whole", bits, by_standing, terms, kept, Rarity(items.count))
    forms = RememberedForms()
    with ExitStack() as opened:
        files = [opened.enter_context(path.open("wb", BUFFER_BYTES)) for path in (*bands, index.whole)]
        for rows in items.batches(COLUMNS, BATCH_ROWS):
            standing = standings[rows[PLACE].to_numpy()]
            terms[standing] = terms_of(rows, forms.hashes)
            for part, words in token_chunks(rows["question"]):
                _write(index, files, standing[part], words, settings)
            del rows  # or they would be held while the next ones are read
    return index


def _write(index: Index, files: Sequence[BinaryIO], standing: Hashes, words: Tokens, settings: FuzzySettings) -> None:
    """Count the runs of words of some rows, and write their sketches and keys."""
    signatures = _signatures(index, standing, words, settings)
    index.sketches[standing] = sketches(words)
    is_compared = (index.terms[standing] != NO_TERMS) & (words.counts > 0)
    bits = np.uint64(index.standing_bits)
    packed = np.vstack([band_keys(signatures, settings.band_rows), _whole(words)]).compress(is_compared, axis=1)
    packed >>= bits
    packed <<= bits
    packed |= standing[is_compared]
    for file, keys in zip(files, packed.astype("<u8", copy=False), strict=True):
        file.write(keys.data)  # tofile would open the file anew


def _signatures(index: Index, standing: Hashes, words: Tokens, settings: FuzzySettings) -> npt.NDArray[np.uint32]:
    """Return the MinHash values of each text, and count the runs of words of those that are counted."""
    runs, are_counted = shingles(words, settings.shingle_words), index.rarity.are_counted(standing)
    counted = words.among(are_counted)
    for length in range(1, LONGEST_RUN + 1):
        is_there = length == settings.shingle_words
        index.rarity.add(length, (runs.among(are_counted) if is_there else shingles(counted, length)).hashes)
    return minhash(runs, settings.values, settings.seed)


def _whole(words: Tokens) -> Hashes:
    """One key for the words of each row in their order."""
    count = 1 << len(words.hashes).bit_length()
    powers, inverses = _powers(_BASE, count), _powers(_INVERSE, count)
    keys, is_there = np.zeros(len(words.counts), np.uint64), words.counts > 0
    starts = words.offsets[:-1][is_there]
    keys[is_there] = np.add.reduceat(words.hashes * powers[: len(words.hashes)], starts) * inverses[starts]
    return keys


@lru_cache(4)
def _powers(base: int, count: int) -> Hashes:
    """The first powers of a number, modulo 2^64."""
    powers = np.full(count, base, np.uint64)
    powers[0] = 1
    return np.multiply.accumulate(powers)
