"""Ingestion: from a source of the configuration to a table of items, with what could not be read kept beside them."""

import glob
import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from crossthink.errors import UserError, listing
from crossthink.files import atomic_path, canonical_json, digest
from curate.config import CurationConfig, GeneratedSource, SourceSettings
from curate.items import ITEM_SCHEMA, item_id
from curate.readers import FileFacts, Rejected, Row, file_records, hub_rows, read_files
from curate.sources import Adapter, Draft, adapter
from curate.sources.generate import generate_reasoning_gym
from curate.sources.ingest import ingest
from curate.stage import DROPPED_SCHEMA
from curate.verify import AnswerKind, infer_kind
from manifests.manifest import FileRecord, SourceRecord

BATCH_ROWS = 20_000


@dataclass(frozen=True)
class SourceInput:
    """A source whose input is there and whose content is known by digest."""

    settings: SourceSettings
    adapter: Adapter
    files: list[FileRecord]
    rows: Callable[[], Iterator[Row | Rejected]]

    @property
    def license(self) -> str:
        return self.settings.license or self.adapter.license

    @property
    def language(self) -> str:
        return self.settings.language or self.adapter.language

    def record(self, rows: int) -> SourceRecord:
        """Return what a manifest says of this source."""
        return SourceRecord(
            name=self.settings.name,
            adapter=self.adapter.name,
            revision=self.settings.revision,
            license=self.license,
            files=self.files,
            rows=rows,
        )


@dataclass(frozen=True)
class Ingested:
    """Items of `ITEM_SCHEMA`, rejected records of `DROPPED_SCHEMA`, and how many records there were."""

    items: pa.Table
    rejected: pa.Table
    records: int


def open_inputs(config: CurationConfig, root: Path, folder: Path) -> list[SourceInput]:
    """Find every source's input and take its digest.

    Args:
        config: the curation.
        root: folder that files are relative to.
        folder: the corpus's folder, where generated records are written.

    Raises:
        UserError: a file is missing, a data set cannot be loaded, a generator is not installed.
    """
    return [_open(source, root, folder) for source in config.sources]


def ingest_source(source: SourceInput, at: Callable[[str], None]) -> Ingested:
    """Read a source whole.

    Args:
        source: what to read.
        at: told how many records have been read, now and then.

    Raises:
        UserError: there is no record at all.
    """
    batches: list[pa.RecordBatch] = []
    pending: list[dict[str, Any]] = []
    rejected: list[Rejected] = []
    for outcome in ingest(source.adapter, source.rows()):
        if isinstance(outcome, Rejected):
            rejected.append(outcome)
            continue
        pending.append(_item(source, *outcome))
        if len(pending) == BATCH_ROWS:
            batches.append(pa.RecordBatch.from_pylist(pending, schema=ITEM_SCHEMA))
            pending = []
            at(f"{len(batches) * BATCH_ROWS:,} records")
    batches.append(pa.RecordBatch.from_pylist(pending, schema=ITEM_SCHEMA))
    items = pa.Table.from_batches(batches)
    if not items.num_rows and not rejected:
        raise UserError(
            f"source {source.settings.name}: no record found in {listing(file.name for file in source.files)}"
        )
    kept_aside = [_rejected(source, each) for each in rejected]
    return Ingested(items, pa.Table.from_pylist(kept_aside, schema=DROPPED_SCHEMA), items.num_rows + len(rejected))


def _item(source: SourceInput, place: str, draft: Draft) -> dict[str, Any]:
    answer_kind = AnswerKind.CHOICE if draft.options is not None else infer_kind(draft.answer or "")
    return {
        "item_id": item_id(draft.question, draft.context, draft.options),
        "source": source.settings.name,
        "source_row": draft.key or place,
        "origin": str(source.settings.origin or draft.origin or source.adapter.origin),
        "domain": str(source.settings.domain or draft.domain or source.adapter.domain),
        "subject": draft.subject,
        "question": draft.question,
        "context": draft.context,
        "options": draft.options,
        "answer": draft.answer,
        "answer_index": draft.answer_index,
        "answer_kind": str(answer_kind),
        "solutions": draft.solutions,
        "images": None,
        "license": source.license,
        "language": source.language,
        "extra": json.dumps(draft.extra, ensure_ascii=False) if draft.extra else None,
    }


def _rejected(source: SourceInput, row: Rejected) -> dict[str, Any]:
    return {
        "stage": "ingest",
        "reason": str(row.reason),
        "evidence": json.dumps({"message": row.message}, ensure_ascii=False),
        "source": source.settings.name,
        "source_row": row.place,
        "raw": row.raw,
    }


def _open(source: SourceSettings, root: Path, folder: Path) -> SourceInput:
    chosen = adapter(source.adapter)
    if source.hub is not None:
        hub = source.hub
        rows = partial(hub_rows, hub.id, split=hub.split, config=hub.config, revision=hub.revision)
        return SourceInput(source, chosen, [_hub_record(hub.name, rows)], rows)
    if source.generate is not None:
        made = _generated(source.generate, folder / "generated" / f"{source.name}.jsonl")
        patterns = [Path(glob.escape(str(made)))]
    else:  # only the configuration's own text is a pattern, never the folder it is relative to
        patterns = [Path(glob.escape(str(root))) / pattern for pattern in source.files or ()]
    files = [_pinned(facts) for facts in file_records(patterns)]
    return SourceInput(source, chosen, files, partial(read_files, patterns, chosen.layout, chosen.split))


def _pinned(facts: FileFacts) -> FileRecord:
    return FileRecord(name=facts.name, sha256=facts.sha256, bytes=facts.bytes)


def _hub_record(name: str, rows: Callable[[], Iterator[Row | Rejected]]) -> FileRecord:
    """Pin a hub data set by its records, since its files lie in a cache of their own."""
    hashed, size = hashlib.sha256(), 0
    for row in rows():
        text = canonical_json(row.record if isinstance(row, Row) else row.raw) + b"\n"
        hashed.update(text)
        size += len(text)
    return FileRecord(name=name, sha256=hashed.hexdigest(), bytes=size)


def _generated(settings: GeneratedSource, path: Path) -> Path:
    """Write what a generator makes, once: the file is named by the settings and the generator's version."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        made_by = version("reasoning-gym")
    except PackageNotFoundError:
        raise UserError(
            "generate: reasoning-gym is not installed. Install it with: pip install 'crossthink[demo]'"
        ) from None
    pinned = path.with_suffix(f".{digest([settings.model_dump(), made_by])[:12]}.jsonl")
    if not pinned.is_file():
        with atomic_path(pinned) as temporary, temporary.open("w", encoding="utf-8") as file:
            for row in generate_reasoning_gym(settings.tasks, settings.rows_per_task, settings.seed):
                file.write(json.dumps(row.record, ensure_ascii=False, sort_keys=True) + "\n")
    return pinned
