"""Exact duplicates across sources, and questions whose sources disagree about the answer.

Two items are the same question when their `item_id` is the same. If their golds agree, one row stays: the one from the
source that the settings prefer, then the source named first, then the row that came first. If their golds do not agree,
the question is a *conflict*: its reward would be wrong for at least one of them, so by default none of its rows stays.
Golds agree when their normalised texts do, or when the verifier that rewards them says so.
"""

import itertools
import json
from typing import Any, Literal

import polars as pl
from pydantic import Field

from crossthink.config import Settings
from curate.items import normalise
from curate.stage import Outcome, Reason
from curate.verify import compare


class DedupSettings(Settings):
    """`prefer` ranks sources, best first; `conflicts` says whether a question with two golds keeps its preferred row."""

    prefer: list[str] = Field(default_factory=list)
    conflicts: Literal["drop", "keep"] = "drop"


def drop_exact_duplicates(items: pl.LazyFrame, settings: DedupSettings) -> Outcome:
    """Keep one row of each question.

    Args:
        items: rows of `ITEM_SCHEMA`; sources in the order of the configuration.
        settings: see `DedupSettings`.
    """
    numbered = items.with_row_index("place")
    columns = ["place", "item_id", "source", "source_row", "answer", "answer_kind", "answer_index"]
    repeated = numbered.select(columns).filter(pl.col("item_id").is_duplicated()).collect()
    rank = {source: place for place, source in enumerate(settings.prefer)}
    ordered = repeated.with_columns(
        rank=pl.col("source").replace_strict(rank, default=len(rank), return_dtype=pl.Int64)
    ).sort("item_id", "rank", "place")
    verdicts: list[tuple[int, str, str]] = []
    conflicts = 0
    for _, group in itertools.groupby(ordered.iter_rows(named=True), key=lambda row: row["item_id"]):
        rows = list(group)
        agree = all(_golds_agree(rows[0], row) for row in rows[1:])
        conflicts += not agree
        verdicts += _verdicts(rows, agree, settings.conflicts)
    marks = pl.LazyFrame(
        verdicts, schema={"place": pl.UInt32, "reason": pl.String, "evidence": pl.String}, orient="row"
    ).with_columns(pl.col("place").cast(items.with_row_index("place").collect_schema()["place"]))
    marked = numbered.join(marks, on="place", how="left", maintain_order="left")
    kept = marked.filter(pl.col("reason").is_null()).drop("place", "reason", "evidence")
    dropped = marked.filter(pl.col("reason").is_not_null()).drop("place")
    return Outcome(kept, dropped, facts={"repeated_questions": ordered["item_id"].n_unique(), "conflicts": conflicts})


def _golds_agree(left: dict[str, Any], right: dict[str, Any]) -> bool:
    if normalise(left["answer"]) == normalise(right["answer"]):
        return True
    if left["answer_index"] is not None or right["answer_index"] is not None:
        return False
    return any(
        compare(answer["answer"], gold["answer"], gold["answer_kind"]).correct
        for gold, answer in ((left, right), (right, left))
    )


def _verdicts(rows: list[dict[str, Any]], agree: bool, conflicts: str) -> list[tuple[int, str, str]]:
    """Return (place, reason, evidence) for the rows of one question that go; rows are in order of preference."""
    if agree:
        evidence = json.dumps({"kept": _where(rows[0])}, ensure_ascii=False)
        return [(int(row["place"]), str(Reason.DUPLICATE), evidence) for row in rows[1:]]
    golds = {_where(row): row["answer"] for row in rows}
    evidence = json.dumps({"golds": golds}, ensure_ascii=False)
    gone = rows if conflicts == "drop" else rows[1:]
    return [(int(row["place"]), str(Reason.CONFLICTING_GOLD), evidence) for row in gone]


def _where(row: dict[str, Any]) -> str:
    return f"{row['source']} {row['source_row']}"
