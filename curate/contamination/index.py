"""The benchmarks, indexed once: what finds their items in a corpus and what verifies a find."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from curate.contamination.postings import COMMON, Postings
from curate.contamination.texts import COLUMNS, Texts, wholes
from curate.items import ITEM_SCHEMA
from curate.table import PLACE, ItemTable

Weights = npt.NDArray[np.float32]

SHOWN = ("item_id", "source", "source_row", *COLUMNS, "answer", "answer_index", "answer_kind")
"""Columns of an item that a find is verified and reported with."""

_FEW = 6
"""A question with fewer 3-grams of its own is found through its context and its options too."""


@dataclass(frozen=True)
class BenchmarkIndex:
    """All benchmark items, numbered in their order; the whole of it stays in memory, some 3 KB an item.

    Attributes:
        items: columns `SHOWN`.
        grams: 3-grams of questions; of those with few of their own also 3-grams of context and options.
        options: each option as one hash.
        questions: each whole question as one hash.
        question_grams: the 3-grams of each question.
        words: the words of each question.
    """

    items: pl.DataFrame
    grams: Postings
    options: Postings
    questions: Postings
    question_grams: Postings
    words: Postings

    @classmethod
    def of(cls, benchmarks: ItemTable) -> "BenchmarkIndex":
        """Read and index every item of a table."""
        empty = pl.DataFrame(schema=pl.Schema(ITEM_SCHEMA)).select(pl.lit(0, pl.Int64).alias(PLACE), *SHOWN)
        items = pl.concat([empty, *benchmarks.batches(SHOWN)])
        texts = Texts.of(items)
        count = items.height
        own_grams = Postings.of(texts.grams.hashes, texts.grams.rows(), count)
        own = np.bincount(_uncommon(own_grams), minlength=count)
        is_added = (own < _FEW)[texts.other_rows]
        all_hashes = np.concatenate([texts.grams.hashes, texts.other_grams[is_added]])
        all_rows = np.concatenate([texts.grams.rows(), texts.other_rows[is_added]])
        return cls(
            items,
            Postings.of(all_hashes, all_rows, count),
            Postings.of(texts.options, texts.option_rows, count),
            Postings.of(wholes(texts.grams), np.arange(count, dtype=np.int64), count),
            own_grams,
            Postings.of(texts.question.hashes, texts.question.rows(), count),
        )

    @property
    def count(self) -> int:
        return self.items.height


def weights(postings: Postings) -> Weights:
    """How much a hash says: the logarithm of how few items hold it (inverse document frequency)."""
    return np.log((postings.count + 1) / np.maximum(postings.frequencies, 1)).astype(np.float32)


def totals(postings: Postings, weight: Weights) -> npt.NDArray[np.float64]:
    """The weights of each item's hashes, summed; common ones find nothing and count as nothing."""
    frequencies = postings.frequencies
    counted = np.where(frequencies <= COMMON, weight, 0)
    each = np.repeat(counted, frequencies).astype(np.float64)
    return np.bincount(postings.items, weights=each, minlength=postings.count).astype(np.float64)


def _uncommon(postings: Postings) -> npt.NDArray[np.int32]:
    frequencies = postings.frequencies
    return postings.items[np.repeat(frequencies <= COMMON, frequencies)]
