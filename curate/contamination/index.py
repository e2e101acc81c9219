"""The benchmarks, indexed once: what finds their items in a corpus and what verifies a find."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from crossthink.errors import UserError
from curate.contamination.asked import Asked
from curate.contamination.postings import Postings
from curate.contamination.texts import COLUMNS, Texts, wholes
from curate.items import ITEM_SCHEMA
from curate.table import PLACE, ItemTable

Weights = npt.NDArray[np.float32]

SHOWN = ("item_id", "source", "source_row", *COLUMNS, "answer", "answer_index", "answer_kind")
"""Columns of an item that a find is verified and reported with."""

_POSTINGS = ("grams", "options", "questions", "question_grams", "words")

_FEW = 6
"""A question with fewer 3-grams of its own is found through its context and its options too."""


@dataclass(frozen=True)
class BenchmarkIndex:
    """All benchmark items, numbered in their order; the whole of it stays in memory, some 3 KB an item.

    Attributes:
        items: columns `SHOWN`.
        grams: 3-grams of questions; of those with few of their own also 3-grams of context and options. Common ones, which
            find nothing, are in none of the first three.
        options: each option as one hash.
        questions: each whole question as one hash.
        question_grams: the 3-grams of each question.
        words: the words of each question.
        asked: their golds and options.
    """

    items: pl.DataFrame
    grams: Postings
    options: Postings
    questions: Postings
    question_grams: Postings
    words: Postings
    asked: Asked

    @classmethod
    def of(cls, benchmarks: ItemTable) -> "BenchmarkIndex":
        """Read and index every item of a table."""
        items = _read(benchmarks)
        texts = Texts.of(items)
        count = items.height
        own_grams = Postings.of(texts.grams.hashes, texts.grams.rows(), count)
        own = np.bincount(own_grams.uncommon().items, minlength=count)
        is_added = (own < _FEW)[texts.other_rows]
        all_hashes = np.concatenate([texts.grams.hashes, texts.other_grams[is_added]])
        all_rows = np.concatenate([texts.grams.rows(), texts.other_rows[is_added]])
        return cls(
            items,
            Postings.of(all_hashes, all_rows, count).uncommon(),
            Postings.of(texts.options, texts.option_rows, count).uncommon(),
            Postings.of(wholes(texts.grams), np.arange(count, dtype=np.int64), count).uncommon(),
            own_grams,
            Postings.of(texts.question.hashes, texts.question.rows(), count),
            Asked.of(items),
        )

    def save(self, folder: Path) -> None:
        """Write all but the items themselves into an empty folder."""
        for name in _POSTINGS:
            getattr(self, name).save(folder, name)
        self.asked.save(folder)

    @classmethod
    def load(cls, benchmarks: ItemTable, folder: Path) -> "BenchmarkIndex":
        """Read what `save` wrote of the same table; the files are mapped into memory and not copied.

        Raises:
            UserError: a file is missing or damaged.
        """
        items = _read(benchmarks)
        try:
            postings = {name: Postings.load(folder, name, items.height) for name in _POSTINGS}
            return cls(items, **postings, asked=Asked.load(items, folder))
        except (OSError, ValueError, EOFError, pl.exceptions.PolarsError) as error:
            raise UserError(
                f"{folder}: a file of the benchmarks' index is missing or damaged ({error}); delete the folder and run again"
            ) from None

    @property
    def count(self) -> int:
        return self.items.height


def _read(benchmarks: ItemTable) -> pl.DataFrame:
    empty = pl.DataFrame(schema=pl.Schema(ITEM_SCHEMA)).select(pl.lit(0, pl.Int64).alias(PLACE), *SHOWN)
    return pl.concat([empty, *benchmarks.batches(SHOWN)])


def weights(postings: Postings) -> Weights:
    """How much a hash says: the logarithm of how few items hold it (inverse document frequency)."""
    return np.log((postings.count + 1) / np.maximum(postings.frequencies, 1)).astype(np.float32)


def totals(postings: Postings, weight: Weights) -> npt.NDArray[np.float64]:
    """The weights of each item's hashes, summed."""
    each = np.repeat(weight.astype(np.float64), postings.frequencies)
    return np.bincount(postings.items, weights=each, minlength=postings.count).astype(np.float64)
