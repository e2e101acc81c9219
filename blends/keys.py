"""Keys to order rows by: 64 bits of (salt, text), for whole columns at once.

A blend is drawn and ordered by such keys, so they are the same on every machine. The texts are ids, which are SHA-256
already; what is asked here is that every salt gives an order of its own. A key begins as the first eight bytes of
SHA-256(salt), as a little-endian number, xor the text's length in bytes. Then, for each eight bytes of the text (the last
ones filled up with zeros), it becomes mix(key xor those bytes as a little-endian number), where mix is the finaliser of
SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
"""

import hashlib

import numpy as np
import numpy.typing as npt
import polars as pl

Keys = npt.NDArray[np.uint64]

_BLOCK_ROWS = 16_384
"""Rows at a time: what is computed on the way stays in the processor's cache."""
_PIECE = 8
_FIRST = np.array([(1 << 8 * length) - 1 for length in range(_PIECE + 1)], np.uint64)
"""Masks of the first bytes of eight, by how many."""


def keys(texts: pl.Series, salt: str) -> Keys:
    """Return the key of each text.

    Args:
        texts: String series without nulls.
        salt: each gives other keys.
    """
    start = np.uint64(int.from_bytes(hashlib.sha256(salt.encode()).digest()[:_PIECE], "little"))
    blocks = [_keys(block, start) for block in texts.rechunk().to_frame().iter_slices(_BLOCK_ROWS)]
    return np.concatenate([np.zeros(0, np.uint64), *blocks])


def _keys(texts: pl.DataFrame, start: np.uint64) -> Keys:
    array = texts.to_series().to_arrow(compat_level=pl.CompatLevel.oldest())
    _, ends, data = array.buffers()
    offsets = np.frombuffer(ends, np.int64)[array.offset : array.offset + len(array) + 1]
    text = np.frombuffer(data or b"", np.uint8)[offsets[0] : offsets[-1]]
    starts, lengths = offsets[:-1] - offsets[0], np.diff(offsets)
    found = start ^ lengths.astype(np.uint64)
    if lengths.min() == lengths.max():
        return _keys_of_one_length(text.reshape(len(array), int(lengths[0])), found)
    padded = np.append(text, np.zeros(_PIECE, np.uint8))
    eights = np.ndarray(len(text) + 1, "<u8", padded, strides=(1,))  # the eight bytes from each place on
    for done in range(0, int(lengths.max()), _PIECE):
        longer = np.flatnonzero(lengths > done)
        piece = eights[starts[longer] + done] & _FIRST[np.minimum(lengths[longer] - done, _PIECE)]
        found[longer] = _mixed(found[longer] ^ piece)
    return found


def _keys_of_one_length(text: npt.NDArray[np.uint8], found: Keys) -> Keys:
    """The same for texts that are as long as one another, as ids are: `text` has a row of bytes for each."""
    lacking = -text.shape[1] % _PIECE
    filled = np.pad(text, ((0, 0), (0, lacking))) if lacking else text
    for piece in filled.view("<u8").T:
        found = _mixed(found ^ piece)
    return found


def _mixed(numbers: Keys) -> Keys:
    """Spread the differences over all bits; one number of 64 bits for each number of 64 bits."""
    numbers = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    numbers ^= numbers >> np.uint64(27)
    numbers *= np.uint64(0x94D049BB133111EB)
    return numbers ^ (numbers >> np.uint64(31))
