"""What is measured of candidate pairs: their words, their 3-grams, their numbers, their golds, their options."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from curate.contamination.alignment import align
from curate.contamination.asked import Asked
from curate.contamination.candidates import Candidates
from curate.contamination.index import SHOWN, BenchmarkIndex
from curate.contamination.judge import least_grams
from curate.contamination.marks import marks_of_each
from curate.contamination.rarity import Weights
from curate.contamination.settings import ContaminationSettings
from curate.contamination.sides import (
    OTHER,
    SAME,
    Golds,
    Side,
    agree_closely,
    compare_golds,
    lines_of,
    numbered,
    shared_options,
)
from curate.contamination.texts import Texts
from curate.fuzzy.edits import Numbers, Rows, Which
from curate.numbers import distinct
from curate.table import PLACE, ItemTable
from curate.tokens import Places

BLOCK = 20_000
"""Pairs measured at once."""

MEASURES = {
    PLACE: pl.Int64,  # of the corpus's item
    "item": pl.Int64,  # number of the benchmark's item
    "similarity": pl.Float64,  # of the two embeddings; null where these did not find the pair
    "text": pl.Float64,  # share of the weight of the question's words that the row has, in their order
    "gap": pl.Float64,  # what is lost in the worst stretch, counted in words of one benchmark item alone
    "asks_otherwise": pl.Boolean,  # other numbers or variables stand where the question has its own
    "gold": pl.String,  # same | other | unknown
    "commonness": pl.Float64,  # of the gold: 0 when no other item has it, 1 when all have or the question names it
    "options": pl.Float64,  # share of the benchmark's options that the row has; null where it has none
    "rare_options": pl.Float64,  # how many these are, each counted by how few benchmark items have it
    "option_words": pl.Int64,  # how many words they have
    "row_options": pl.Int64,  # how many options the row has
    "question_words": pl.Int64,
    "row_words": pl.Int64,
    "span": pl.String,  # the row's words from the first to the last that is the question's
    "grams": pl.Float64,  # share of the weight of the question's 3-grams that the row has, boilerplate discounted
    "distinctive": pl.Float64,  # how many 3-grams these are, each counted by how rare it is: 1 for one of a kind
}

_HOPELESS = 0.3
"""A pair with another gold and a smaller share of the 3-grams than this is not measured: it cannot be a leak, nor in doubt."""

_CLOSE = 0.5
"""Share of the text from which on golds are compared as the verifier does, and not only as texts and numbers."""

_SPAN_WORDS = 40


def measure(
    candidates: Candidates, corpus: ItemTable, index: BenchmarkIndex, settings: ContaminationSettings
) -> Iterator[pl.DataFrame]:
    """Measure the pairs, a block at a time, by place and item; those without any hope are left out.

    The columns are `MEASURES` and both sides' identity, question and answer.
    """
    weights, asked, least = Weights(candidates, index), index.asked, least_grams(settings)
    for block in _blocks(candidates.places):
        places, items, similarity = candidates.places[block], candidates.items[block], candidates.similarity[block]
        rows = corpus.take(places, SHOWN)
        found, row_of = Side.of(rows), np.searchsorted(rows[PLACE].to_numpy(), places)
        grams, distinctive = weights.grams(row_of, items, Texts.of(rows))
        gold = compare_golds(asked.side, items, found, row_of)
        may_agree = (gold == SAME) | ((gold == OTHER) & asked.side.is_open[items] & found.is_open[row_of])
        is_hopeless = ((grams < _HOPELESS) & (gold == OTHER)) | ((distinctive < least) & ~may_agree)
        kept = np.flatnonzero(~is_hopeless | ~np.isnan(similarity))
        items, row_of = items[kept], row_of[kept]
        texts = _PairedTexts.of(index.items["question"], items, _texts(rows), row_of)
        by_text = _by_text(texts, weights)
        by_keys = _by_keys(asked, items, found, row_of, texts, gold[kept], by_text["text"].to_numpy() >= _CLOSE)
        similar = pl.Series("similarity", similarity[kept]).cast(pl.Float64).fill_nan(None)
        pairs = pl.DataFrame({PLACE: places[kept], "item": items, "similarity": similar})
        who = rows[row_of].select("item_id", "source", "source_row", "question", "answer")
        benchmark = index.items[items].select(
            benchmark="source",
            benchmark_row="source_row",
            benchmark_item_id="item_id",
            benchmark_question="question",
            benchmark_answer="answer",
        )
        shares = pl.DataFrame({"grams": grams[kept], "distinctive": distinctive[kept]})
        measured = pl.concat([who, benchmark, pairs, by_text, by_keys, shares], how="horizontal")
        yield measured.select(*who.columns, *benchmark.columns, *MEASURES)


@dataclass(frozen=True)
class _PairedTexts:
    """The words of both sides of some pairs; the same text is read once, on whichever side it stands.

    Attributes:
        rows: the words of each different text.
        lines: the same as lines.
        asked, found: the number of each pair's question and row in both.
    """

    rows: Rows
    lines: pl.Series
    asked: Numbers
    found: Numbers

    @classmethod
    def of(cls, questions: pl.Series, items: Numbers, texts: pl.Series, rows: Numbers) -> "_PairedTexts":
        asked, found = distinct(items), distinct(rows)
        kinds, different = numbered(pl.concat([questions.gather(asked), texts.gather(found)]))
        marks = marks_of_each(different)
        offsets = np.append(0, np.cumsum(marks.list.len().to_numpy(), dtype=np.int64))
        words = Rows(marks.explode(empty_as_null=False), offsets)
        of_items, of_rows = kinds[np.searchsorted(asked, items)], kinds[len(asked) + np.searchsorted(found, rows)]
        return cls(words, lines_of(marks), of_items, of_rows)

    def spans(self, start: Numbers, end: Numbers) -> pl.Series:
        """The words of each pair's row from one to before another."""
        lengths = self.rows.kinds.str.len_chars().to_numpy()[self.rows.words] + 1
        before = np.append(0, np.cumsum(lengths, dtype=np.int64))
        begin = self.rows.offsets[self.found]
        low, high = before[begin + start], before[begin + end]
        at, size = low - before[begin] + 1, np.maximum(high - low - 1, 0)
        return self.lines.gather(self.found).str.slice(pl.Series(at), pl.Series(size))


def _by_text(texts: _PairedTexts, weights: Weights) -> pl.DataFrame:
    """What the words of each pair measure."""
    aligned = align(texts.rows, weights.words(texts.rows.kinds), texts.asked, texts.found)
    return pl.DataFrame(
        {
            "text": aligned.share,
            "gap": aligned.gap / weights.most_of_a_word,
            "asks_otherwise": aligned.asks_otherwise,
            "question_words": texts.rows.lengths[texts.asked],
            "row_words": texts.rows.lengths[texts.found],
            "span": texts.spans(aligned.start, np.minimum(aligned.end, aligned.start + _SPAN_WORDS)),
        }
    )


def _by_keys(
    asked: Asked, items: Numbers, found: Side, rows: Numbers, texts: _PairedTexts, gold: Golds, is_close: Which
) -> pl.DataFrame:
    """What the golds and options of each pair measure.

    Args:
        gold: as they compare as texts and numbers.
        is_close: whether they are compared as the verifier does, too.
    """
    open_ = np.flatnonzero((gold == OTHER) & is_close)
    gold[open_[agree_closely(asked.side, items[open_], found, rows[open_])]] = SAME
    pair, option = shared_options(asked.side, items, found, rows, texts.lines.gather(texts.found))
    count = np.bincount(pair, minlength=len(items)).astype(np.float64)
    of_all = asked.side.counts[items].astype(np.float64)
    share = np.divide(count, of_all, out=np.full(len(items), np.nan), where=of_all > 0)
    return pl.DataFrame(
        {
            "gold": gold,
            "commonness": asked.common_golds[items],
            "options": pl.Series(share).fill_nan(None),
            "rare_options": np.bincount(pair, (1 - asked.common_options[option]) ** 2, len(items)),
            "option_words": np.bincount(pair, asked.option_words[option], len(items)).astype(np.int64),
            "row_options": found.counts[rows],
        }
    )


def _texts(rows: pl.DataFrame) -> pl.Series:
    """The context of each row, where it has one, and its question: no mark reaches over the end of a line."""
    return rows.select(pl.concat_str("context", "question", separator="\n", ignore_nulls=True)).to_series()


def _blocks(places: Places) -> Iterator[slice]:
    """Cut pairs into runs of about `BLOCK`; the pairs of one place stay together."""
    start = 0
    while start < len(places):
        last = places[min(start + BLOCK, len(places)) - 1]
        end = int(np.searchsorted(places, last, side="right"))
        yield slice(start, end)
        start = end
