"""How much a word or a 3-gram says: the rarer, the more.

Boilerplate is discounted twice. A word weighs by how few benchmark questions have it; a 3-gram by how few benchmark items
*and* rows of the corpus have it, so a phrase that half the corpus repeats says nothing of a leak, whichever it is.
"""

import numpy as np
import polars as pl

from curate.contamination.alignment import Floats
from curate.contamination.candidates import Candidates
from curate.contamination.index import BenchmarkIndex, weights
from curate.contamination.ranges import ranges
from curate.contamination.texts import Texts
from curate.tokens import Places, tokenise

_SYMBOL_WEIGHT = 1.0
"""Of a mark such as + or =; a word that one question has weighs 11 among 49,249, and "the" 1."""


_PER_UNIT = 1 << 28
"""Parts of which a weight is a whole number: sums of weights are then exact, whatever their order."""


class Weights:
    """What a word and what a 3-gram says, in nats."""

    def __init__(self, candidates: Candidates, index: BenchmarkIndex) -> None:
        self._words, self._word_weights = index.words, weights(index.words)
        self._grams = index.question_grams
        population = index.count + candidates.rows + 1
        self._most = np.log(population)
        self.most_of_a_word = float(np.log(index.count + 1))
        # A leak is in one item and one row: these two together count once.
        seen = np.append(candidates.seen, 0)[index.grams.numbers(self._grams.hashes)]
        self._gram_weights = np.log(population / np.maximum(self._grams.frequencies + seen - 1, 1))
        self._offsets, self._numbers = self._grams.by_item(candidates.items)

    def words(self, marks: pl.Series) -> Floats:
        """The weight of each of some words, numbers and symbols; what `tokenise` parts weighs as its parts do."""
        tokens = tokenise(marks)
        numbers = self._words.numbers(tokens.hashes)
        each = np.where(numbers >= 0, self._word_weights[numbers], 0)
        total = np.bincount(tokens.rows(), each, len(marks))
        return np.round(np.where(tokens.counts > 0, total, _SYMBOL_WEIGHT) * _PER_UNIT) / _PER_UNIT

    def grams(self, rows: Places, items: Places, texts: Texts) -> tuple[Floats, Floats]:
        """For each pair: the share of the item's 3-grams that the row has, and how many distinctive ones these are."""
        count = len(self._grams.hashes)
        held_rows = np.concatenate([texts.grams.rows(), texts.other_rows])
        numbers = self._grams.numbers(np.concatenate([texts.grams.hashes, texts.other_grams]))
        held = (held_rows * count + numbers)[numbers >= 0]
        pair, at = ranges((self._offsets[items], self._offsets[items + 1]))
        wanted = self._numbers[at].astype(np.int64)
        keys = rows[pair] * count + wanted
        is_held = pl.Series(keys).is_in(pl.Series(held).implode()).to_numpy()
        weight = self._gram_weights[wanted]
        total = np.bincount(pair, weights=weight, minlength=len(items))
        shared = np.bincount(pair, weights=weight * is_held, minlength=len(items))
        distinctive = np.bincount(pair, weights=(weight / self._most) ** 2 * is_held, minlength=len(items))
        return np.asarray(shared / np.maximum(total, 1e-9)), np.asarray(distinctive, np.float64)
