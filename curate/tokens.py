"""Words as numbers: every word of a column of texts hashed to 64 bits, without a Python object per word.

Fuzzy duplicates and contamination are both found by comparing runs of words. A million questions hold tens of millions
of words, so the words of a batch are cut and hashed in a few passes over its bytes: the bytes are put in lower case by a
table, words are found where letters begin and end, and each word is read eight bytes at a time as one number. The hashes
are the same on every machine and for every thread count.

A word is a run of letters, digits and underscores, in lower case; each Chinese, Japanese or Thai character is one. All
else (punctuation, operators, LaTeX's marks) parts words: what they mean is for the verification of a candidate to judge.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

Hashes = npt.NDArray[np.uint64]
Places = npt.NDArray[np.int64]

CHUNK_BYTES = 1 << 18
"""Bytes hashed at once; small enough for what is computed on the way to stay in the processor's cache."""

_PIECE = 8
_TIMES = np.uint64(0x9E3779B97F4A7C15)
_MIX = np.uint64(0xBF58476D1CE4E5B9)
_SHINGLE = np.uint64(0xD6E8FEB86659FD93)
_NO_SPACES_BETWEEN_WORDS = r"([\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}])"


@dataclass(frozen=True, slots=True)
class Tokens:
    """The words, or the runs of words, of some rows.

    Attributes:
        hashes: one for each word, those of a row beside each other and in their order.
        offsets: int64, one more than there are rows; row r has `hashes[offsets[r]:offsets[r + 1]]`.
    """

    hashes: Hashes
    offsets: Places

    @property
    def counts(self) -> Places:
        """How many each row has."""
        return np.diff(self.offsets)

    def rows(self) -> Places:
        """The row that each hash belongs to."""
        return np.repeat(np.arange(len(self.offsets) - 1, dtype=np.int64), self.counts)

    def among(self, which: npt.NDArray[np.bool_]) -> "Tokens":
        """Those of some of the rows."""
        if which.all():
            return self
        counts = self.counts
        return Tokens(self.hashes[np.repeat(which, counts)], _offsets(counts[which]))


def tokenise(texts: pl.Series) -> Tokens:
    """Hash the words of each text; a null is a text without words.

    Args:
        texts: String series of any length.
    """
    parts = [Tokens(np.zeros(0, np.uint64), np.zeros(1, np.int64)), *(tokens for _, tokens in token_chunks(texts))]
    counts = np.concatenate([part.counts for part in parts])
    return Tokens(np.concatenate([part.hashes for part in parts]), _offsets(counts))


def token_chunks(texts: pl.Series) -> Iterator[tuple[slice, Tokens]]:
    """Yield runs of rows, in order, with what `tokenise` says of them; what is computed of one fits into the cache."""
    return ((rows, tokens) for rows, tokens, _, _ in _cut(texts))


def words(text: str) -> list[str]:
    """The words that `tokenise` hashes, as text."""
    tokens, spelt = spelt_tokens(pl.Series([text], dtype=pl.String))
    return spelt.spell(np.arange(len(tokens.hashes)))


@dataclass(frozen=True, slots=True)
class Spelt:
    """The words of some rows as text, where they stand in the bytes of all rows: nothing is copied but what is asked for.

    Attributes:
        pieces: word i at place 2 i, and between two words what parts them.
    """

    pieces: pa.LargeStringArray

    def spell(self, words: Places) -> list[str]:
        """Some of the words, by their numbers."""
        return pl.Series(self.pieces.take(pl.Series(2 * words).to_arrow())).to_list()


def spelt_tokens(texts: pl.Series) -> tuple[Tokens, Spelt]:
    """What `tokenise` says of some texts, and the words as text."""
    hashes, counts = [np.zeros(0, np.uint64)], [np.zeros(0, np.int64)]
    letters, edges, before = [b""], [np.zeros(0, np.int64)], 0
    for _, tokens, folded, changes in _cut(texts):
        hashes.append(tokens.hashes)
        counts.append(tokens.counts)
        letters.append(folded)
        edges.append(changes + before)
        before += len(folded)
    ends = np.append(np.concatenate(edges), before)
    pieces = pa.LargeStringArray.from_buffers(len(ends) - 1, pa.py_buffer(ends), pa.py_buffer(b"".join(letters)))
    return Tokens(np.concatenate(hashes), _offsets(np.concatenate(counts))), Spelt(pieces)


def shingles(tokens: Tokens, size: int) -> Tokens:
    """Hash every run of `size` words; a row with fewer words has one run of all of them, a row without words none."""
    if size == 1:
        return Tokens(_mixed(tokens.hashes), tokens.offsets)
    counts = tokens.counts
    offsets = _offsets(np.where(counts == 0, 0, np.maximum(counts - size + 1, 1)))
    runs, is_start = _runs(tokens, size)
    is_start[tokens.offsets[:-1][(counts > 0) & (counts < size)]] = True
    hashed = runs[is_start]
    for length in range(1, size):
        short = np.flatnonzero(counts == length)
        run = np.zeros(len(short), np.uint64)
        for step in range(length):
            run = run * _SHINGLE + tokens.hashes[tokens.offsets[short] + step]
        hashed[offsets[short]] = run
    return Tokens(_mixed(hashed), offsets)


def whole_shingles(tokens: Tokens, size: int) -> tuple[Hashes, npt.NDArray[np.bool_]]:
    """The runs of `size` words of the rows that have as many, as `shingles` hashes them; and for each word whether one begins with it."""
    runs, is_start = _runs(tokens, size)
    return _mixed(runs[is_start]), is_start


def _runs(tokens: Tokens, size: int) -> tuple[Hashes, npt.NDArray[np.bool_]]:
    """For each word the run of words that begins with it, and whether it ends in the same row."""
    runs, is_start = tokens.hashes.copy(), np.ones(len(tokens.hashes), np.bool_)
    ends, counts = tokens.offsets[1:], tokens.counts
    for step in range(1, size):
        runs *= _SHINGLE
        runs[: max(len(runs) - step, 0)] += tokens.hashes[step:]
        is_start[ends[counts >= step] - step] = False
    return runs, is_start


def _fold(texts: pl.Series) -> pl.Series:
    """Lower case, and only ASCII characters between words; plain ASCII rows are lower-cased by the byte table instead."""
    texts = texts.fill_null("")  # a series of its own, which may be changed
    is_odd = texts.str.len_bytes() != texts.str.len_chars()
    if not is_odd.any():
        return texts
    odd = texts.filter(is_odd).str.to_lowercase().str.replace_all(r"[^\w\x00-\x7f]+", " ")
    spaced = odd.str.replace_all(_NO_SPACES_BETWEEN_WORDS, " $1 ")
    return texts.scatter(is_odd.arg_true(), spaced)


def _bytes(texts: pl.Series) -> tuple[npt.NDArray[np.uint8], Places]:
    """The UTF-8 of all texts after one another, a line end after each, and where each begins and the last ends."""
    array = (texts + "\n").rechunk().to_arrow(compat_level=pl.CompatLevel.oldest()).cast(pa.large_string())
    offsets = np.frombuffer(array.buffers()[1], np.int64)[array.offset : array.offset + len(array) + 1]
    data = np.frombuffer(array.buffers()[2], np.uint8) if len(array) else np.zeros(0, np.uint8)
    return data[offsets[0] : offsets[-1]], offsets - offsets[0]


def _chunks(offsets: Places) -> Iterator[tuple[int, int]]:
    """Cut rows into runs of about `CHUNK_BYTES`; a text is never cut."""
    low = 0
    while low < len(offsets) - 1:
        high = max(low + 1, int(np.searchsorted(offsets, offsets[low] + CHUNK_BYTES, side="right")) - 1)
        yield low, high
        low = high


def _cut(texts: pl.Series) -> Iterator[tuple[slice, Tokens, bytes, Places]]:
    """Yield runs of rows with their words, their bytes in lower case, and where in these words start and end."""
    data, offsets = _bytes(_fold(texts))
    for low, high in _chunks(offsets):
        folded = data[offsets[low] : offsets[high]].tobytes().translate(_LOWER)
        edges = _edges(np.frombuffer(folded, np.uint8) > 0)
        yield slice(low, high), _hashed(folded, edges, offsets[low : high + 1] - offsets[low]), folded, edges


def _hashed(folded: bytes, edges: Places, offsets: Places) -> Tokens:
    """The words of a chunk, whose texts begin and end at `offsets`."""
    starts, ends = edges[0::2], edges[1::2]
    eights = np.ndarray(len(folded), "<u8", folded + bytes(_PIECE), strides=(1,))  # the eight bytes from each place on
    lengths = ends - starts
    hashed = _mixed(eights[starts] & _FIRST.take(lengths, mode="clip"))
    done, longer = _PIECE, np.flatnonzero(lengths > _PIECE)
    while len(longer):
        piece = eights[starts[longer] + done] & _FIRST.take(lengths[longer] - done, mode="clip")
        hashed[longer] = _mixed(hashed[longer] * _TIMES + piece)
        done += _PIECE
        longer = longer[lengths[longer] > done]
    return Tokens(hashed, np.searchsorted(starts, offsets))


def _edges(is_word: npt.NDArray[np.bool_]) -> Places:
    """Where words start and end, in turn; the last byte of each text is a line end, so a word never reaches into the next."""
    changes = np.empty_like(is_word)
    changes[:1] = is_word[:1]
    np.not_equal(is_word[1:], is_word[:-1], out=changes[1:])
    return np.flatnonzero(changes)


def _offsets(counts: Places) -> Places:
    offsets = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=offsets[1:])
    return offsets


def _mixed(hashed: Hashes) -> Hashes:
    """Spread the differences over all bits; one number of 64 bits for each number of 64 bits."""
    mixed = hashed >> np.uint64(32)
    mixed ^= hashed
    mixed *= _MIX
    mixed ^= mixed >> np.uint64(29)
    mixed *= _TIMES
    mixed ^= mixed >> np.uint64(32)
    return mixed


def _lower_table() -> bytes:
    """For each byte 0 when it parts words, else the byte in lower case; bytes of other scripts are letters."""
    lowered = [ord(chr(byte).lower()) if byte < 128 else byte for byte in range(256)]
    kept = [byte >= 128 or chr(byte).isalnum() or chr(byte) == "_" for byte in range(256)]
    return bytes(value if is_kept else 0 for value, is_kept in zip(lowered, kept, strict=True))


_LOWER = _lower_table()
_FIRST = np.array([(1 << 8 * length) - 1 for length in range(_PIECE + 1)], np.uint64)
"""Masks of the first bytes of eight, by how many."""
