"""Writing a synthetic source: rows that are kept, rows that are not, and the count of both.

The law is that of curation: per stage and source, rows in + added = kept + dropped, what one stage keeps the next one gets,
and what the last one keeps is written. `finish` holds the run to it.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import pyarrow as pa

from crossthink.files import parquet_writer
from curate.done import ConservationError
from curate.schemas import DROPPED_SCHEMA
from curate.synthesis.source import DROPPED_FILE, QUESTION_SCHEMA, QUESTIONS_FILE
from manifests.manifest import LedgerLine

Row = dict[str, Any]
"""A row of `QUESTION_SCHEMA`."""


@dataclass(frozen=True)
class Fault:
    """Why there is no row.

    Attributes:
        reason: a member of `Lost` or of `NoMajority`.
        evidence: what the reason rests on.
        raw: the model's words.
    """

    reason: StrEnum
    evidence: Mapping[str, Any] = field(default_factory=dict)
    raw: str | None = None


@dataclass
class _Count:
    rows_in: int = 0
    added: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    @property
    def kept(self) -> int:
        return self.rows_in + self.added - self.reasons.total()


class _Rows:
    """Rows on their way to a file, some hundred at a time: a table of one row costs as much as one of many."""

    def __init__(self, write: Callable[[pa.Table], None], schema: pa.Schema) -> None:
        self._write, self._schema = write, schema
        self._waiting: list[Row] = []

    def put(self, row: Row) -> None:
        self._waiting.append(row)
        if len(self._waiting) == 500:
            self.flush()

    def flush(self) -> None:
        self._write(pa.Table.from_pylist(self._waiting, schema=self._schema))
        self._waiting = []


class SourceWriter:
    """Takes rows and faults in order, and counts them by stage and source.

    Args:
        kept: where rows of `QUESTION_SCHEMA` go.
        dropped: where rows of `DROPPED_SCHEMA` go.
    """

    def __init__(self, kept: _Rows, dropped: _Rows) -> None:
        self._rows, self._dropped = kept, dropped
        self._counts: dict[tuple[str, str], _Count] = {}
        self._kept: Counter[str] = Counter()
        self.licenses: set[str] = set()
        self.facts: Counter[str] = Counter()

    @property
    def rows(self) -> int:
        """Rows that were kept."""
        return self._kept.total()

    def came(self, stage: str, source: str, rows: int = 1) -> None:
        """Count rows that a stage is given."""
        self._count(stage, source).rows_in += rows

    def added(self, stage: str, source: str, rows: int = 1) -> None:
        """Count rows that a stage makes."""
        self._count(stage, source).added += rows

    def keep(self, source: str, row: Row) -> None:
        """Write a row that the last stage kept."""
        self._kept[source] += 1
        self.licenses.add(row["license"])
        self._rows.put(row)

    def drop(self, stage: str, source: str, key: str, fault: Fault, row: Mapping[str, Any] | None = None) -> None:
        """Write and count a row that is none.

        Args:
            key: of the row in its source.
            row: what there is of it: question, options, answer, item_id.
        """
        self._count(stage, source).reasons[str(fault.reason)] += 1
        known = {name: (row or {}).get(name) for name in ("item_id", "question", "options", "answer")}
        evidence = json.dumps(dict(fault.evidence), ensure_ascii=False) if fault.evidence else None
        told = {"stage": stage, "reason": str(fault.reason), "evidence": evidence, "raw": fault.raw}
        self._dropped.put(known | told | {"source": source, "source_row": key})

    def finish(self) -> list[LedgerLine]:
        """Return the ledger.

        Raises:
            ConservationError: a stage was given other rows than the one before kept, or the last kept others than are written.
        """
        by_source: dict[str, list[_Count]] = {}
        for (_, source), count in self._counts.items():
            by_source.setdefault(source, []).append(count)
        for source, counts in by_source.items():
            given = [count.rows_in for count in counts[1:]] + [self._kept[source]]
            if any(count.kept != next_in for count, next_in in zip(counts, given, strict=True)):
                raise ConservationError(
                    f"synthesis does not conserve the rows of {source}: {counts}, {given[-1]} written"
                )
        return [
            LedgerLine(
                stage=stage,
                source=source,
                unit="items",
                rows_in=count.rows_in,
                added=count.added,
                kept=count.kept,
                dropped=count.reasons.total(),
                reasons=dict(sorted(count.reasons.items())),
            )
            for (stage, source), count in self._counts.items()
        ]

    def _count(self, stage: str, source: str) -> _Count:
        return self._counts.setdefault((stage, source), _Count())


@contextmanager
def source_writer(folder: Path) -> Iterator[SourceWriter]:
    """Yield the writer of a new source in a folder."""
    with (
        parquet_writer(folder / QUESTIONS_FILE, QUESTION_SCHEMA) as write,
        parquet_writer(folder / DROPPED_FILE, DROPPED_SCHEMA) as write_dropped,
    ):
        kept, dropped = _Rows(write, QUESTION_SCHEMA), _Rows(write_dropped, DROPPED_SCHEMA)
        yield SourceWriter(kept, dropped)
        kept.flush()
        dropped.flush()
