"""One pass over a corpus: which rows may hold which benchmark items.

A pair is a candidate when the row has a share of the item's 3-grams, each weighted by how few benchmark items have it; or
the same share of its options; or the same whole question. Nothing is decided here: the pass also counts how often the
corpus has each 3-gram of the benchmarks, and only then is it known which of them are boilerplate.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from curate.contamination.index import BenchmarkIndex, totals, weights
from curate.contamination.postings import Postings
from curate.contamination.semantic import Meaning, merged
from curate.contamination.settings import ContaminationSettings
from curate.contamination.texts import COLUMNS, gram_chunks, pieces, plain_options, wholes
from curate.embedding import Vectors
from curate.numbers import distinct
from curate.table import PLACE, ItemTable
from curate.tokens import Hashes, Places

_ROUNDING = 1e-6
"""What a sum of weights may differ by when it is taken in another order."""
_PRUNINGS = 2
"""Hashes left out of a row leave others without hope; a third time they are too few to look for."""


@dataclass(frozen=True)
class Candidates:
    """Pairs to verify, by place and item.

    Attributes:
        places: of the corpus's item.
        items: number of the benchmark's item.
        similarity: of the two questions' embeddings; NaN where these did not find the pair.
        seen: for each 3-gram of the index, in how many rows of the corpus it stands (common ones are not counted).
        rows: how many rows the corpus has.
    """

    places: Places
    items: Places
    similarity: Vectors
    seen: Places
    rows: int


class Search:
    """One kind of hash: an item is found when the weights of what it shares with a row reach a share of its own."""

    def __init__(self, postings: Postings, least: float) -> None:
        self.postings = postings
        self.weights = weights(postings)
        total = totals(postings, self.weights)
        self.least = np.where(total > 0, total * least, np.inf)
        each = np.append(self.least[postings.items], np.inf)  # reduceat needs a value at the last offset
        self.least_of_any = np.minimum.reduceat(each, postings.offsets)[:-1]  # item that holds a hash
        self.seen = np.zeros(len(postings.hashes), np.int64)
        self._rows, self._hashes = [np.zeros(0, np.int64)], [np.zeros(0, np.uint64)]

    def add(self, rows: Places, hashes: Hashes) -> None:
        """Take in what some rows hold."""
        places = self.postings.possible(hashes)
        self._rows.append(rows[places])
        self._hashes.append(hashes[places])

    def found(self) -> npt.NDArray[np.int64]:
        """Return the pairs found in what was taken in since the last time, as row * items + item, ascending."""
        rows, numbers = np.concatenate(self._rows), self.postings.numbers(np.concatenate(self._hashes))
        del self._rows[1:], self._hashes[1:]
        at, bits = np.flatnonzero(numbers >= 0), len(self.postings.hashes).bit_length()
        held = distinct(rows.take(at) << bits | numbers.take(at))
        rows, numbers = held >> bits, held & ((1 << bits) - 1)
        np.add.at(self.seen, numbers, 1)
        for _ in range(_PRUNINGS):
            rows, numbers = self._hopeful(rows, numbers)
        rows, items, shared = self.postings.pairs(rows, numbers, self.weights)
        is_found = shared >= self.least[items]
        return np.asarray(rows[is_found] * self.postings.count + items[is_found])

    def _hopeful(self, rows: Places, numbers: Places) -> tuple[Places, Places]:
        """Leave out the hashes none of whose items is within reach: all that the row holds weighs less than each needs.

        Most rows share a phrase or two with many items. The others of a pair's hashes stay with it: they have its item
        too, and what this one needs is no less than the least that any of theirs does.
        """
        held = np.bincount(rows, self.weights.take(numbers))
        hopeful = np.flatnonzero(self.least_of_any.take(numbers) <= held.take(rows) + _ROUNDING)
        return rows.take(hopeful), numbers.take(hopeful)


def search(corpus: ItemTable, index: BenchmarkIndex, settings: ContaminationSettings) -> Candidates:
    """Find the pairs worth verifying.

    Args:
        corpus: any number of items; memory does not grow with it but for the pairs.
        index: of the benchmarks.
        settings: `candidate_share` and `option_share` are used.
    """
    grams = Search(index.grams, settings.candidate_share)
    options = Search(index.options, settings.option_share)
    questions = Search(index.questions, 1.0)
    meaning = Meaning(settings.semantic, index.items["question"], settings) if settings.semantic else None
    count = max(index.count, 1)
    found: list[tuple[Places, Places, Vectors]] = [
        (np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32))
    ]
    rows = 0
    for batch in corpus.batches(COLUMNS):
        for piece in pieces(batch):
            _add(piece, grams, options, questions)
            by_words = [search.found() for search in (grams, options, questions)]
            near = meaning.near(piece["question"]) if meaning else None
            keys, similarity = merged(count, distinct(np.concatenate(by_words)), near)
            found.append((piece[PLACE].to_numpy()[keys // count], keys % count, similarity))
            rows += piece.height
    places, items, similarities = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return Candidates(places, items, similarities, grams.seen, rows)


def _add(piece: pl.DataFrame, grams: Search, options: Search, questions: Search) -> None:
    """Look up what some rows hold, a few texts at a time, so that their words stay in the processor's cache."""
    rows, has_context = np.arange(piece.height, dtype=np.int64), piece["context"].is_not_null()
    for part, each in gram_chunks(piece["question"]):
        grams.add(np.repeat(rows[part], each.counts), each.hashes)
        questions.add(rows[part], wholes(each))
    of_contexts = rows[has_context.to_numpy()]
    for part, each in gram_chunks(piece["context"].filter(has_context)):
        grams.add(np.repeat(of_contexts[part], each.counts), each.hashes)
    of_options, texts = plain_options(piece["options"])
    for part, each in gram_chunks(texts):
        grams.add(np.repeat(of_options[part], each.counts), each.hashes)
        options.add(of_options[part], wholes(each))
