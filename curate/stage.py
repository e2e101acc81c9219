"""What a stage of curation is: it says which rows go, and why.

A stage is a function `(rows, settings) -> Outcome`. It copies nothing: its output is the *places* of the rows that go,
each with the reason, one of `Reason`, and the evidence: what it collided with, the phrase that matched, the number that
was too large. The law of the room is conservation: per source, rows in + rows added = rows kept + rows dropped. The
pipeline holds every stage to it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import polars as pl
import pyarrow as pa

from curate.table import PLACE


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
    NEAR_DUPLICATE = "near_duplicate"
    CONFLICTING_GOLD = "conflicting_gold"
    CONTAMINATED = "contaminated"
    NEEDS_OPTIONS = "needs_options"
    ANSWER_TOO_LONG = "answer_too_long"
    NEEDS_MISSING_PART = "needs_missing_part"
    GIVES_ANSWER_AWAY = "gives_answer_away"
    ASKS_SEVERAL = "asks_several"
    IS_TRUE_FALSE = "is_true_false"
    IS_PROOF = "is_proof"
    ANSWER_IN_OTHER_LANGUAGE = "answer_in_other_language"
    HAS_BROKEN_LATEX = "has_broken_latex"
    JUDGED_UNANSWERABLE = "judged_unanswerable"
    JUDGED_UNVERIFIABLE = "judged_unverifiable"
    JUDGED_INCOMPLETE = "judged_incomplete"
    JUDGED_UNSAFE = "judged_unsafe"
    JUDGE_UNSETTLED = "judge_unsettled"
    GOLD_FAILS = "gold_fails"
    WRONG_PASSES = "wrong_passes"
    VERIFIER_TIMED_OUT = "verifier_timed_out"
    VERIFIER_FAILED = "verifier_failed"


DROPS_SCHEMA = pa.schema(
    [
        pa.field(PLACE, pa.int64(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("evidence", pa.string()),  # JSON text
    ]
)


@dataclass(frozen=True)
class Outcome:
    """What a stage decided about the rows of a table; rows that it does not name stay.

    Attributes:
        drops: frames of `DROPS_SCHEMA`, places ascending over all frames and each place once. They may be made while they are
            read, so that a stage which judges row by row holds one batch.
        facts: figures worth keeping that the ledger does not hold.
        tables: what the stage leaves besides, by name: links between items that stay, cases for a person to judge.
    """

    drops: Iterable[pl.DataFrame]
    facts: dict[str, Any] = field(default_factory=dict)
    tables: dict[str, pa.Table] = field(default_factory=dict)


def judge(batches: Iterable[pl.DataFrame], rules: dict[Reason, pl.Expr], evidence: pl.Expr) -> Outcome:
    """Decide row by row: a row goes for the first rule that fires, in the order given.

    Args:
        batches: of any table, with `place` and what the expressions read; rows that certainly stay may be left out.
        rules: for each reason a boolean expression; a null does not fire.
        evidence: JSON text expression.
    """
    is_gone = pl.any_horizontal(*rules.values())
    reason = pl.coalesce(pl.when(fires).then(pl.lit(str(reason))) for reason, fires in rules.items())
    return Outcome(batch.filter(is_gone).select(PLACE, reason=reason, evidence=evidence) for batch in batches)


def evidence_text(key: str, value: pl.Expr) -> pl.Expr:
    """Return evidence of one key: the JSON text {"key": value}, for a value of any type."""
    return pl.struct(value.alias(key)).struct.json_encode()
