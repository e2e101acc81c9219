"""Preference pairs from what a model answered: the best-scored response to a row is preferred to the worst-scored one.

The rule. Responses are compared within one row of one grpo stage of one run, where one reward scored them all; what the
machine failed to judge takes no part. The chosen one has the highest score, the rejected one the lowest; where several
have it, the one whose text has the smallest SHA-256, which favours none. A row whose responses all score alike, or of which
fewer than two were judged, gives no pair; nor does one with a response that is too long, or that the blend does not have.
Pairs are in the order of their rows in the blend.

Every row that was looked at becomes a line of `PAIRS_SCHEMA`, with its pair or with the reason why it has none. The same
responses give the same bytes, in whatever order they were scored. Texts are as the tokenizer decoded them, without its
special tokens; a trainer ends each of them, also one that was cut off at its limit.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import polars as pl
import pyarrow as pa

from train_backend.rollouts import was_judged


class Outcome(StrEnum):
    """What became of a row that was looked at."""

    PAIR = "pair"
    ALIKE = "alike"
    TOO_FEW = "too_few"
    TOO_LONG = "too_long"
    NOT_IN_BLEND = "not_in_blend"


PAIRS_SCHEMA = pa.schema(
    [
        ("run_id", pa.string()),
        ("stage", pa.string()),
        ("pair", pa.int64()),  # place among the stage's pairs; null if the row has none
        ("outcome", pa.string()),  # an `Outcome`
        ("from_run", pa.string()),
        ("from_stage", pa.string()),
        ("row_id", pa.string()),
        ("item_id", pa.string()),
        ("component", pa.string()),
        ("source", pa.string()),
        ("template", pa.string()),
        ("responses", pa.int64()),  # that were judged
        ("chosen_score", pa.float64()),  # the highest; this and the next: null if none was judged
        ("rejected_score", pa.float64()),  # the lowest
        ("chosen", pa.string()),  # this and the next: null if the row has no pair
        ("rejected", pa.string()),
    ]
)

ROW = ["from_run", "from_stage", "row_id", "item_id", "component", "source", "template"]
MEASURED_ROWS = 1024
"""Rows whose conversations a tokenizer reads at a time."""


@dataclass(frozen=True)
class Lengths:
    """What a pair may be long: prompt and response together, in the tokens of the model that will learn from it."""

    tokenizer: Any
    max_length: int

    def fit(self, conversations: Sequence[list[dict[str, str]]]) -> list[bool]:
        """Return whether each conversation is short enough."""
        read = self.tokenizer.apply_chat_template(conversations, tokenize=True, return_dict=True)
        return [len(ids) <= self.max_length for ids in read["input_ids"]]


def pair_up(rollouts: pl.LazyFrame, prompts: pl.LazyFrame, lengths: Lengths) -> pl.DataFrame:
    """Return a line for each row that was answered, as `PAIRS_SCHEMA` from `pair` on, and its `prompt`.

    Args:
        rollouts: as `ROLLOUTS_SCHEMA`.
        prompts: `position`, `row_id` and `prompt` of the blend's rows, which may repeat.
    """
    rows = _compared(rollouts).join(_first_times(prompts), on="row_id", how="left", maintain_order="left")
    told = rows.with_columns(outcome=_outcome()).sort("position", *ROW, nulls_last=True).collect()
    fits = pl.Series(_fitting(told, lengths), dtype=pl.Boolean)
    is_pair = pl.col("outcome") == Outcome.PAIR
    return (
        told.with_columns(outcome=pl.when(is_pair & ~fits).then(pl.lit(Outcome.TOO_LONG)).otherwise("outcome"))
        .with_columns(
            pair=pl.when(is_pair).then(is_pair.cast(pl.Int64).cum_sum() - 1),
            chosen=pl.when(is_pair).then("chosen"),
            rejected=pl.when(is_pair).then("rejected"),
        )
        .select(*(name for name in PAIRS_SCHEMA.names if name not in ("run_id", "stage")), "prompt")
    )


def _compared(rollouts: pl.LazyFrame) -> pl.LazyFrame:
    """Each row with the best and the worst of its judged responses."""
    answered = rollouts.rename({"run_id": "from_run", "stage": "from_stage"})
    judged = answered.filter(was_judged()).with_columns(
        tie=pl.col("response").map_elements(_sha256, return_dtype=pl.String)
    )
    ends = judged.group_by(ROW).agg(
        responses=pl.len().cast(pl.Int64),
        chosen_score=pl.col("score").max(),
        rejected_score=pl.col("score").min(),
        chosen=pl.col("response").sort_by("score", "tie", descending=[True, False]).first(),
        rejected=pl.col("response").sort_by("score", "tie").first(),
    )
    found = answered.select(ROW).unique().join(ends, on=ROW, how="left", nulls_equal=True)
    return found.with_columns(pl.col("responses").fill_null(0))


def _first_times(prompts: pl.LazyFrame) -> pl.LazyFrame:
    return prompts.select("position", "row_id", "prompt").sort("position").unique("row_id", keep="first")


def _outcome() -> pl.Expr:
    return (
        pl.when(pl.col("prompt").is_null())
        .then(pl.lit(Outcome.NOT_IN_BLEND))
        .when(pl.col("responses") < 2)
        .then(pl.lit(Outcome.TOO_FEW))
        .when(pl.col("chosen_score") == pl.col("rejected_score"))
        .then(pl.lit(Outcome.ALIKE))
        .otherwise(pl.lit(Outcome.PAIR))
    )


def _fitting(rows: pl.DataFrame, lengths: Lengths) -> Iterator[bool]:
    """Whether both responses of each row fit; a row that is no pair is not measured."""
    for part in rows.iter_slices(MEASURED_ROWS):
        told = part.select("outcome", "prompt", "chosen", "rejected").to_dicts()
        pairs = [row for row in told if row["outcome"] == Outcome.PAIR]
        said = [[*row["prompt"], answer(row[side])] for row in pairs for side in ("chosen", "rejected")]
        fits = iter(lengths.fit(said) if said else [])
        for row in told:
            yield row["outcome"] != Outcome.PAIR or all([next(fits), next(fits)])


def answer(text: str) -> dict[str, str]:
    """Return a response as the assistant's message."""
    return {"role": "assistant", "content": text}


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
