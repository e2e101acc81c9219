"""What is measured of a candidate pair: its words, its 3-grams, its numbers, its gold, its options."""

from collections.abc import Iterator

import numpy as np
import polars as pl

from curate.contamination.alignment import align
from curate.contamination.candidates import Candidates
from curate.contamination.index import SHOWN, BenchmarkIndex
from curate.contamination.judge import least_grams
from curate.contamination.postings import distinct
from curate.contamination.rarity import Rarity, Weights
from curate.contamination.settings import ContaminationSettings
from curate.contamination.sides import Side, compare_golds, plain_golds, shared_options
from curate.contamination.texts import Texts, plain_options
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
    weights, least = Weights(candidates, index), least_grams(settings)
    golds = Rarity(plain_golds(index.items["answer"]), index.count)
    options = Rarity(plain_options(index.items["options"])[1], index.count)
    for block in _blocks(candidates.places):
        places, items, similarity = candidates.places[block], candidates.items[block], candidates.similarity[block]
        rows = corpus.take(places, SHOWN)
        row_of = np.searchsorted(rows[PLACE].to_numpy(), places)
        chosen = distinct(items)
        item_of = np.searchsorted(chosen, items)
        asked = Side(index.items[chosen], index.items["question"].gather(chosen))
        found = Side(rows, _texts(rows))
        grams, distinctive = weights.grams(row_of, items, Texts.of(rows))
        pairs_of = zip(row_of.tolist(), item_of.tolist(), strict=True)
        gold = np.array([compare_golds(asked, item, found, row, closely=False) for row, item in pairs_of])
        may_agree = (gold == "same") | ((gold == "other") & asked.is_open[item_of] & found.is_open[row_of])
        is_hopeless = ((grams < _HOPELESS) & (gold == "other")) | ((distinctive < least) & ~may_agree)
        kept = np.flatnonzero(~is_hopeless | ~np.isnan(similarity))
        chosen_items = distinct(item_of[kept]).tolist()
        asked.read(chosen_items)
        found.read(distinct(row_of[kept]).tolist())
        of_words = dict(zip(chosen_items, weights.words([asked.text(item) for item in chosen_items]), strict=True))
        measured = [
            _measured(asked, item, found, row, of_words[item], golds, options)
            for item, row in zip(item_of[kept].tolist(), row_of[kept].tolist(), strict=True)
        ]
        names = list(MEASURES)[3:-2]
        frame = pl.DataFrame(measured, schema={name: MEASURES[name] for name in names}, orient="row")
        similar = pl.Series("similarity", similarity[kept]).cast(pl.Float64).fill_nan(None)
        pairs = pl.DataFrame({PLACE: places[kept], "item": items[kept], "similarity": similar})
        who = rows[row_of[kept]].select("item_id", "source", "source_row", "question", "answer")
        benchmark = index.items[items[kept]].select(
            benchmark="source",
            benchmark_row="source_row",
            benchmark_item_id="item_id",
            benchmark_question="question",
            benchmark_answer="answer",
        )
        shares = pl.DataFrame({"grams": grams[kept], "distinctive": distinctive[kept]})
        measures = pl.concat([who, benchmark, pairs, frame, shares], how="horizontal")
        yield measures.with_columns(pl.col("gap") / weights.most_of_a_word)


def _measured(
    asked: Side, item: int, found: Side, row: int, weights: list[float], golds: Rarity, options: Rarity
) -> tuple[float | int | str | bool | None, ...]:
    """What one pair measures, in the order of `MEASURES`."""
    question, text = asked.text(item), found.text(row)
    alignment = align(question, weights, text)
    shared = shared_options(asked, item, found, row)
    gold = compare_golds(asked, item, found, row, closely=alignment.share >= _CLOSE)
    is_given = gold == "same" and asked.names_gold(item)
    return (
        alignment.share,
        alignment.gap,
        alignment.asks_otherwise,
        gold,
        1.0 if is_given else golds.commonness(asked.golds[item]),
        len(shared) / len(asked.options[item]) if asked.options[item] else None,
        sum((1 - options.commonness(option)) ** 2 for option in shared),
        sum(option.count(" ") + 1 for option in shared),
        len(found.options[row]),
        len(question),
        len(text),
        " ".join(text[alignment.start : min(alignment.end, alignment.start + _SPAN_WORDS)]),
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
