"""What a stage of curation is: rows in, kept and dropped rows out, and nothing in between.

A stage is a function `(rows, settings) -> Outcome`. Every dropped row carries the reason, one of `Reason`, and the
evidence: what it collided with, the phrase that matched, the number that was too large. The law of the room is
conservation: per source, rows in + rows added = rows kept + rows dropped. The pipeline holds every stage to it.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import polars as pl
import pyarrow as pa


class Reason(StrEnum):
    """Why a row was dropped. Reasons of unreadable input are named by `curate.readers.RejectReason`."""

    MISSING_QUESTION = "missing_question"
    MISSING_ANSWER = "missing_answer"
    GOLD_NOT_IN_OPTIONS = "gold_not_in_options"
    CONTRADICTORY_GOLD = "contradictory_gold"
    BLANK_OPTION = "blank_option"
    DUPLICATE_OPTIONS = "duplicate_options"
    TOO_FEW_OPTIONS = "too_few_options"
    TOO_MANY_OPTIONS = "too_many_options"
    DUPLICATE = "duplicate"
    CONFLICTING_GOLD = "conflicting_gold"
    NEEDS_OPTIONS = "needs_options"
    ANSWER_TOO_LONG = "answer_too_long"
    GOLD_FAILS = "gold_fails"
    WRONG_PASSES = "wrong_passes"
    VERIFIER_TIMED_OUT = "verifier_timed_out"


VARIANT_SCHEMA = pa.schema(
    [
        pa.field("row_id", pa.string(), nullable=False),
        pa.field("item_id", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("source_row", pa.string(), nullable=False),
        pa.field("domain", pa.string(), nullable=False),
        pa.field("template", pa.string(), nullable=False),  # mcq | open
        pa.field("answer", pa.string(), nullable=False),  # what the box must hold: a letter, or the answer itself
        pa.field("answer_kind", pa.string(), nullable=False),
        pa.field("option_count", pa.int32(), nullable=False),  # 0 for an open variant
    ]
)

DROPPED_SCHEMA = pa.schema(
    [
        pa.field("stage", pa.string(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("evidence", pa.string()),  # JSON text
        pa.field("source", pa.string(), nullable=False),
        pa.field("source_row", pa.string(), nullable=False),  # FILE:LINE, or the source's own key
        pa.field("item_id", pa.string()),
        pa.field("row_id", pa.string()),
        pa.field("template", pa.string()),
        pa.field("question", pa.string()),
        pa.field("options", pa.list_(pa.string())),
        pa.field("answer", pa.string()),
        pa.field("raw", pa.string()),  # the record itself, when it could not be read
    ]
)


@dataclass(frozen=True)
class Outcome:
    """What a stage made of its rows.

    Attributes:
        kept: rows that go on, in the order they came.
        dropped: the rows that do not, with the columns `reason` and `evidence` besides their own.
        added: rows made besides those that came in, per source (a stage that makes variants).
        facts: figures worth keeping that the ledger does not hold.
    """

    kept: pl.LazyFrame
    dropped: pl.LazyFrame
    added: dict[str, int] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def split(cls, rows: pl.LazyFrame, reason: pl.Expr, evidence: pl.Expr | None = None) -> "Outcome":
        """Split rows by an expression that gives the reason of a drop, or null for a row to keep.

        Args:
            rows: any rows.
            reason: text expression, null where the row is kept.
            evidence: JSON text expression; null where there is nothing to add to the reason.
        """
        shown = pl.lit(None, pl.String) if evidence is None else evidence
        marked = rows.with_columns(reason=reason, evidence=shown)
        kept = marked.filter(pl.col("reason").is_null()).drop("reason", "evidence")
        return cls(kept, marked.filter(pl.col("reason").is_not_null()))


def first_reason(rules: dict[Reason, pl.Expr]) -> pl.Expr:
    """Return the reason of the first rule that fires, in the order given; null where none does."""
    return pl.coalesce(
        pl.when(fires.fill_null(False)).then(pl.lit(str(reason))).otherwise(None) for reason, fires in rules.items()
    )


def evidence_text(key: str, value: pl.Expr) -> pl.Expr:
    """Return evidence of one key: the JSON text {"key": value}, for a value of any type."""
    return pl.struct(value.alias(key)).struct.json_encode()
