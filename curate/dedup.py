"""Exact duplicates across sources, and questions whose sources disagree about the answer.

Two items are the same question when their `item_id` is the same. If their golds agree, one row stays: the one from the
source that the settings prefer, then the source named first, then the row that came first. If their golds do not agree,
the question is a *conflict*: its reward would be wrong for at least one of them, so by default none of its rows stays.
Golds agree when their normalised texts do, or when the verifier that rewards them says so.
"""

import itertools
import json
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import polars as pl
from pydantic import Field

from crossthink.config import Settings
from curate.normal import normalise
from curate.stage import DROPS_SCHEMA, Outcome, Reason
from curate.table import PLACE, ItemTable
from curate.verify import compare

_COLUMNS = ["item_id", "source", "source_row", "answer", "answer_kind", "answer_index"]
SHOWN_GOLDS = 8
"""Golds of a conflict that the evidence names, each with its first row: every row of the question carries it."""
_MIX = np.uint64(0x9E3779B97F4A7C15)


class DedupSettings(Settings):
    """`prefer` ranks sources, best first; `conflicts` says whether a question with two golds keeps its preferred row."""

    prefer: list[str] = Field(default_factory=list)
    conflicts: Literal["drop", "keep"] = "drop"


def drop_exact_duplicates(items: ItemTable, settings: DedupSettings) -> Outcome:
    """Keep one row of each question.

    Args:
        items: rows of `ITEM_SCHEMA`; sources in the order of the configuration.
        settings: see `DedupSettings`.
    """
    rank = {source: place for place, source in enumerate(settings.prefer)}
    repeated = items.take(_repeated(items), _COLUMNS).filter(pl.col("item_id").is_duplicated())
    ordered = repeated.with_columns(
        rank=pl.col("source").replace_strict(rank, default=len(rank), return_dtype=pl.Int64)
    ).sort("item_id", "rank", PLACE)
    plain = pl.struct("answer", "answer_index").n_unique().over("item_id") == 1  # the same golds, to the letter
    copies = ordered.filter(plain).with_columns(kept=_where().first().over("item_id"))
    same = copies.filter(pl.int_range(pl.len()).over("item_id") > 0).select(
        PLACE, reason=pl.lit(str(Reason.DUPLICATE)), evidence=pl.struct("kept").struct.json_encode()
    )
    verdicts: list[tuple[int, str, str]] = []
    conflicts = 0
    others = ordered.filter(~plain)
    for _, group in itertools.groupby(others.iter_rows(named=True), key=lambda row: row["item_id"]):
        rows = list(group)
        golds = {(row["answer"], row["answer_index"], row["answer_kind"]): row for row in reversed(rows)}
        agree = all(_golds_agree(rows[0], row) for row in golds.values())
        conflicts += not agree
        verdicts += _verdicts(rows, agree, settings.conflicts)
    judged = pl.DataFrame(verdicts, schema=pl.Schema(DROPS_SCHEMA), orient="row")
    facts = {"repeated_questions": ordered["item_id"].n_unique(), "conflicts": conflicts}
    return Outcome([pl.concat([same, judged]).sort(PLACE)], facts)


def _repeated(items: ItemTable) -> npt.NDArray[np.int64]:
    """The places of items whose id, by a hash of 64 bits, comes more than once."""
    hashes, places = [np.zeros(0, np.uint64)], [np.zeros(0, np.int64)]
    for batch in items.batches(["item_id"]):
        ids = batch["item_id"].rechunk().to_arrow(compat_level=pl.CompatLevel.oldest())
        parts = np.frombuffer(ids.buffers()[2], np.uint64)[: 4 * len(ids)].reshape(-1, 4)
        hashes.append(((parts[:, 0] * _MIX ^ parts[:, 1]) * _MIX ^ parts[:, 2]) * _MIX ^ parts[:, 3])
        places.append(batch[PLACE].to_numpy())
    hashed = np.concatenate(hashes)
    order = np.argsort(hashed, kind="stable")
    follows = hashed[order][1:] == hashed[order][:-1]
    again = np.zeros(len(hashed), np.bool_)
    again[order[1:]] |= follows
    again[order[:-1]] |= follows
    return np.concatenate(places)[again]


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
    names = [f"{row['source']} {row['source_row']}" for row in rows]
    if agree:
        evidence = json.dumps({"kept": names[0]}, ensure_ascii=False)
        return [(int(row[PLACE]), str(Reason.DUPLICATE), evidence) for row in rows[1:]]
    first: dict[str, str] = {}  # the first row of each gold
    for name, row in zip(names, rows, strict=True):
        if len(first) < SHOWN_GOLDS:
            first.setdefault(row["answer"], name)
    golds = {name: answer for answer, name in first.items()}
    evidence = json.dumps({"golds": golds, "rows": len(rows)}, ensure_ascii=False)
    gone = rows if conflicts == "drop" else rows[1:]
    return [(int(row[PLACE]), str(Reason.CONFLICTING_GOLD), evidence) for row in gone]


def _where() -> pl.Expr:
    return pl.format("{} {}", "source", "source_row")
