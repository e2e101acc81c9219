"""The two tables of whatever a model answered: one row per response, and one per question with its pass rate."""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TypeVar

import polars as pl
import pyarrow as pa

from crossthink.files import write_parquet
from curate.solving.rates import with_rates
from curate.solving.votes import count_votes

RESPONSE_SCHEMA = pa.schema(
    [
        pa.field("source", pa.string(), nullable=False),
        pa.field("source_row", pa.string(), nullable=False),
        pa.field("item_id", pa.string(), nullable=False),
        pa.field("row_id", pa.string(), nullable=False),
        pa.field("subject", pa.string()),
        pa.field("template", pa.string(), nullable=False),
        pa.field("sample", pa.int64(), nullable=False),  # place among the responses to this question, from 0
        pa.field("response", pa.string()),  # null if none came
        pa.field("answer", pa.string()),  # that the response states; null if none
        pa.field("gold", pa.string(), nullable=False),
        pa.field("answer_kind", pa.string(), nullable=False),
        pa.field("correct", pa.bool_()),  # null if no response came or the verifier could not say
        pa.field("reason", pa.string(), nullable=False),
        pa.field("tokens", pa.int64()),  # of the response, as the server counts them
    ]
)

PASS_RATE_SCHEMA = pa.schema(
    [
        pa.field("item_id", pa.string(), nullable=False),
        pa.field("row_id", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("template", pa.string(), nullable=False),
        pa.field("responses", pa.int64(), nullable=False),  # that were judged
        pa.field("passed", pa.int64(), nullable=False),
        pa.field("unjudged", pa.int64(), nullable=False),  # besides: none came, or the verifier could not say
        pa.field("pass_rate", pa.float64()),  # passed / responses; null if none was judged
        pa.field("low", pa.float64()),  # Wilson's interval at 95 %
        pa.field("high", pa.float64()),
        pa.field(
            "answer", pa.string()
        ),  # of most responses; this and the next three are null where no answers were kept
        pa.field("votes", pa.int64()),
        pa.field("vote_share", pa.float64()),
        pa.field("is_unanimous", pa.bool_()),  # every response gives the answer of the source
    ]
)

T = TypeVar("T")

NO_RESPONSE = "no_response"
"""The reason of a sample that was wanted and never came."""
_KEYS = ["item_id", "row_id", "source", "template"]


def in_batches(rows: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield the rows in lists of so many; the last has the rest."""
    each = iter(rows)
    while batch := list(islice(each, size)):
        yield batch


def write_pass_rates(responses: Path, destination: Path) -> None:
    """Count what the responses to each question come to, and write it as `PASS_RATE_SCHEMA`, by item and row."""
    said = pl.scan_parquet(responses, glob=False)
    counted = said.group_by(_KEYS).agg(
        responses=pl.col("correct").count().cast(pl.Int64),
        passed=pl.col("correct").sum().cast(pl.Int64),
        unjudged=pl.col("correct").null_count().cast(pl.Int64),
    )
    rates = with_rates(counted).join(_votes(said).lazy(), on="row_id", how="left")
    table = rates.sort("item_id", "row_id").select(PASS_RATE_SCHEMA.names).collect()
    write_parquet(destination, table.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(PASS_RATE_SCHEMA))


def _votes(said: pl.LazyFrame) -> pl.DataFrame:
    """Return the vote on each question of which a response came; one that did not is no vote against."""
    came = said.filter(pl.col("response").is_not_null()).sort("row_id", "sample")
    questions = came.group_by("row_id", maintain_order=True).agg(
        "answer", kind=pl.col("answer_kind").first(), gold=pl.col("gold").first()
    )
    rows = []
    for row_id, answers, kind, gold in questions.collect().iter_rows():
        vote = count_votes(answers, kind, gold or None)
        rows.append((row_id, vote.answer, vote.votes, vote.share, vote.is_unanimous))
    schema = {
        "row_id": pl.String, "answer": pl.String, "votes": pl.Int64, "vote_share": pl.Float64, "is_unanimous": pl.Boolean
    }  # fmt: skip
    return pl.DataFrame(rows, schema=schema, orient="row")
