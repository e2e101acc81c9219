"""From a source to drafts: open what a configuration names, read it, and let the adapter draft each record.

Every record becomes a draft with its place, or a `Rejected`; `read_source` is all that the pipeline needs to see.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from curate.readers import Rejected, RejectReason, Row, hub_rows, read_files
from curate.sources.base import Adapter, BadRecord, Draft
from curate.sources.generate import generate_reasoning_gym

Drafted: TypeAlias = tuple[str, Draft]
"""A place and the draft of the record there."""


@dataclass(frozen=True)
class Files:
    """Paths and globs, relative to the current folder."""

    patterns: Sequence[str | Path]


@dataclass(frozen=True)
class Hub:
    """A data set on the Hugging Face hub, or a local folder that `datasets` can read."""

    name: str
    split: str = "train"
    config: str | None = None
    revision: str | None = None


@dataclass(frozen=True)
class Generated:
    """Rows that the reasoning-gym package makes on the spot."""

    tasks: Sequence[str]
    rows_per_task: int
    seed: int


def read_source(adapter: Adapter, source: Files | Hub | Generated) -> Iterator[Drafted | Rejected]:
    """Yield a draft or a rejected row for every record of a source, in the source's order.

    Raises:
        UserError: the source cannot be opened or read to its end.
    """
    return ingest(adapter, _rows(adapter, source))


def ingest(adapter: Adapter, rows: Iterable[Row | Rejected]) -> Iterator[Drafted | Rejected]:
    """Draft each row; what does not fit the adapter's schema is rejected with its record.

    A key that the source uses twice is no key: from its second row on, the place stands for the row, and `extra` keeps
    the key.
    """
    keys: set[str] = set()
    for row in rows:
        if isinstance(row, Rejected):
            yield row
            continue
        try:
            draft = adapter.draft(row.record)
        except BadRecord as error:
            raw = json.dumps(row.record, ensure_ascii=False, default=str)
            yield Rejected(row.place, RejectReason.BAD_RECORD, str(error), raw)
            continue
        if draft.key is not None:
            if draft.key in keys:
                draft = replace(draft, key=None, extra={**(draft.extra or {}), "key": draft.key})
            else:
                keys.add(draft.key)
        yield row.place, draft


def _rows(adapter: Adapter, source: Files | Hub | Generated) -> Iterator[Row | Rejected]:
    match source:
        case Files(patterns):
            return read_files(patterns, adapter.layout, adapter.split)
        case Hub(name, split, config, revision):
            return hub_rows(name, split, config, revision)
        case Generated(tasks, rows_per_task, seed):
            return generate_reasoning_gym(tasks, rows_per_task, seed)
