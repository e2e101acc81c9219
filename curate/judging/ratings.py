"""How hard a question is, by a rubric: a judge rates each question several times, and the mean is its rating.

The scale is that of competition mathematics, 1 to 10, in this project's own words (`prompts/rate_difficulty`). DeepMath-103K (arXiv
2504.11456, section 2) averages six ratings; how many there were and how far apart they lie is kept beside the mean, so that a
rating on which the judge does not agree with itself can be told from one on which it does.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from statistics import fmean, stdev
from typing import Any

import polars as pl
import pyarrow as pa
from pydantic import Field

from crossthink.config import Name, Settings
from curate.ask import Budget, ModelSettings, Reply, Request
from curate.ask.prompts import Prompt, read_prompt
from curate.judging.asking import COLUMNS, Ask, asked, mark_of
from curate.judging.prompting import DIFFICULTY, item_request
from curate.judging.votes import Marked, read_answer
from curate.schemas import RATINGS_SCHEMA
from curate.table import ItemTable


class RatingConfig(Settings):
    """What `crossthink rate` is asked.

    Attributes:
        name: of the ratings.
        corpus: whose items are rated.
        model: who rates.
        ratings: of each item.
        sources: whose items are rated; None: all.
        limit: most items, chosen by their hash; None: all.
        budget: what may be spent in one run.
    """

    name: Name
    corpus: Name
    model: ModelSettings
    ratings: int = Field(default=6, ge=1)
    sources: list[str] | None = Field(default=None, min_length=1)
    limit: int | None = Field(default=None, ge=1)
    budget: Budget = Budget()


class Rated(Marked):
    """What a judge is asked to write; a number off the scale is no rating."""

    rating: float = Field(ge=1, le=10, allow_inf_nan=False)


def rating_prompt() -> Prompt:
    return read_prompt(DIFFICULTY)


def rating_requests(items: ItemTable, config: RatingConfig) -> Iterator[tuple[dict[str, Any], Request]]:
    """Yield what is asked, each with its item."""
    prompt, chosen = rating_prompt(), _chosen(items, config)
    for batch in items.batches(COLUMNS):
        for item in batch.filter(pl.col("item_id").is_in(chosen.implode())).iter_rows(named=True):
            yield item, item_request(prompt, item, config.ratings)


def rate(items: ItemTable, config: RatingConfig, ask: Ask) -> tuple[pa.Table, dict[str, int]]:
    """Have a judge rate items; return rows of `RATINGS_SCHEMA`, and how many answers were no rating, by why.

    Args:
        items: a corpus's, each item once.
        config: how many ratings, of which items.
        ask: asks the model of the configuration.
    """
    faults: Counter[str] = Counter()
    rows = []
    for item, reply in asked(ask, rating_requests(items, config)):
        row, lost = _rated(item, reply)
        faults.update(lost)
        rows.append(row)
    return pa.Table.from_pylist(rows, schema=RATINGS_SCHEMA), dict(sorted(faults.items()))


def _rated(item: dict[str, Any], reply: Reply) -> tuple[dict[str, Any], Sequence[str]]:
    said = [read_answer(sample, Rated, mark_of(item["item_id"])) for sample in reply.samples]
    values = [each.rating for each in said if isinstance(each, Rated)]
    faults = [each for each in said if isinstance(each, str)]
    row = {
        "item_id": item["item_id"],
        "source": item["source"],
        "rating": fmean(values) if values else None,
        "ratings": len(values),
        "spread": stdev(values) if len(values) > 1 else None,
        "lowest": min(values, default=None),
        "highest": max(values, default=None),
        "faults": len(faults),
    }
    return row, faults


def _chosen(items: ItemTable, config: RatingConfig) -> pl.Series:
    """The ids of the items to rate: those without images of the named sources, the first by their hash."""
    parts = [pl.Series("item_id", [], pl.String)]
    for batch in items.batches(["item_id", "source", "images"]):
        is_asked = pl.col("images").list.len().fill_null(0) == 0
        if config.sources is not None:
            is_asked &= pl.col("source").is_in(config.sources)
        parts.append(batch.filter(is_asked)["item_id"])
    ids = pl.concat(parts).sort()
    return ids if config.limit is None else ids.head(config.limit)
