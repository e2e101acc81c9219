"""What of an item is compared: the 3-grams of its question, context and options, its whole question, its whole options.

A paraphrase apart, a leaked question keeps runs of three words between any edits: where one word in twelve is changed,
two thirds of them. Options are compared as wholes and without their order; the letter that some sources put before an
option is no part of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from curate.tokens import Hashes, Places, Tokens, shingles, token_chunks, tokenise

GRAM = 3
"""Words of a gram."""

COLUMNS = ("question", "context", "options")

PIECE_BYTES = 1 << 24
"""Bytes of text taken at once, so that the memory of a pass does not depend on how long the rows are."""

_LABEL = r"^\s*\(?[A-Ja-j][).:]\s*"
_ORDER = np.uint64(0xC2B2AE3D27D4EB4F)


@dataclass(frozen=True)
class Texts:
    """Some items as hashes; row r is the r-th of the frame they were made of.

    Attributes:
        question: its words.
        grams: of the question alone.
        other_rows, other_grams: grams of context and options, and the row of each.
        option_rows, options: each option as one hash, and its row.
    """

    question: Tokens
    grams: Tokens
    other_rows: Places
    other_grams: Hashes
    option_rows: Places
    options: Hashes

    @classmethod
    def of(cls, items: pl.DataFrame) -> "Texts":
        """Hash the texts of items with the columns `COLUMNS`."""
        question = tokenise(items["question"])
        context_rows, context = _context(items["context"])
        option_rows, option_words = _options(items["options"])
        option_grams = shingles(option_words, GRAM)
        return cls(
            question,
            shingles(question, GRAM),
            np.concatenate([context_rows[context.rows()], option_rows[option_grams.rows()]]),
            np.concatenate([context.hashes, option_grams.hashes]),
            option_rows,
            wholes(option_grams),
        )


def gram_chunks(texts: pl.Series) -> Iterator[tuple[slice, Tokens]]:
    """Yield runs of texts, in order, with the 3-grams of each text."""
    for part, words in token_chunks(texts):
        yield part, shingles(words, GRAM)


def wholes(grams: Tokens) -> Hashes:
    """One hash of all 3-grams of each row; 0 for a row without words.

    Other texts of the same 3-grams are the odd verse, and what a whole hash finds is verified.
    """
    whole = np.add.reduceat(np.append(grams.hashes, np.uint64(0)), grams.offsets[:-1])
    whole[grams.counts == 0] = 0
    whole *= _ORDER
    return np.asarray(whole ^ (whole >> np.uint64(31)))


def pieces(batch: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Cut a batch into runs of rows of about `PIECE_BYTES` of question and context; a row is never cut."""
    lengths = batch["question"].str.len_bytes() + batch["context"].str.len_bytes().fill_null(0)
    ends = lengths.cast(pl.Int64).cum_sum().to_numpy()
    start = 0
    while start < batch.height:
        before = int(ends[start - 1]) if start else 0
        end = max(start + 1, int(np.searchsorted(ends, before + PIECE_BYTES, side="right")))
        yield batch[start:end]
        start = end


def plain_options(options: pl.Series) -> tuple[Places, pl.Series]:
    """The options of all rows one after another, without letters before them, and the row of each."""
    counts = options.list.len().fill_null(0).to_numpy().astype(np.int64)
    rows = np.repeat(np.arange(len(options), dtype=np.int64), counts)
    flat = options.filter(pl.Series(counts > 0)).explode(empty_as_null=False)
    return rows, flat.str.replace(_LABEL, "")


def _context(context: pl.Series) -> tuple[Places, Tokens]:
    is_there = context.is_not_null()
    return np.flatnonzero(is_there.to_numpy()), shingles(tokenise(context.filter(is_there)), GRAM)


def _options(options: pl.Series) -> tuple[Places, Tokens]:
    rows, texts = plain_options(options)
    return rows, tokenise(texts)
