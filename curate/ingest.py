"""Ingestion: from a source of the configuration to a file of items, with what could not be read kept beside them.

Records come row by row, or, where the files are Parquet and the adapter can, by whole columns; both ways say the same of
every row. Either way a batch of drafts becomes a batch of items and is written, so memory does not grow with the source.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from crossthink.errors import UserError, listing
from crossthink.files import arrow_writer, parquet_writer
from curate.forms import infer_kinds
from curate.identity import item_ids
from curate.inputs import SourceInput
from curate.items import ITEM_SCHEMA
from curate.keys import SeenKeys
from curate.readers import Rejected, RejectReason, Row
from curate.readers.batches import ColumnBatch
from curate.readers.columnar import batch_rows
from curate.schemas import DROPPED_SCHEMA
from curate.sources import BadRecord, Draft
from curate.verify import AnswerKind

BATCH_ROWS, BATCH_BYTES = 20_000, 16 * 2**20
"""Records drafted before their items are made, and the texts that they may have, about."""

INGESTED_FILE, REJECTED_FILE = "items.arrow", "rejected.parquet"

_DRAFT = pl.Schema(
    pa.schema(
        [
            pa.field("place", pa.string()),
            *(ITEM_SCHEMA.field(name) for name in ("question", "answer", "options", "answer_index")),
            pa.field("key", pa.string()),
            *(ITEM_SCHEMA.field(name) for name in ("subject", "context", "domain", "origin", "answer_kind")),
            *(ITEM_SCHEMA.field(name) for name in ("solutions", "images", "extra")),
            pa.field("license", pa.string()),
            ITEM_SCHEMA.field("language"),
        ]
    )
)
"""A draft's columns; `place` is FILE:LINE, and the others are those of `Draft`, `extra` as JSON text."""


@dataclass
class Ingested:
    """How many records there were, how many became items, and why the others did not."""

    items: int = 0
    rejected: Counter[str] = field(default_factory=Counter)

    @property
    def records(self) -> int:
        return self.items + self.rejected.total()


def ingest_source(source: SourceInput, folder: Path, at: Callable[[str], None]) -> Ingested:
    """Read a source whole; write its items and its rejected records into a folder.

    Args:
        source: what to read.
        folder: gets `INGESTED_FILE` (`ITEM_SCHEMA`) and `REJECTED_FILE` (`DROPPED_SCHEMA`).
        at: told how many records have been read, now and then.

    Raises:
        UserError: there is no record at all, or a file cannot be read to its end.
    """
    counted = Ingested()
    seen = SeenKeys()
    with ExitStack() as files:
        write_items = files.enter_context(arrow_writer(folder / INGESTED_FILE, ITEM_SCHEMA))
        write_rejected = files.enter_context(parquet_writer(folder / REJECTED_FILE, DROPPED_SCHEMA))
        for drafts, rejected in _drafts(source):
            if rejected:
                rows = [_rejected_row(source, each) for each in rejected]
                write_rejected(pa.Table.from_pylist(rows, schema=DROPPED_SCHEMA))
                counted.rejected.update(str(each.reason) for each in rejected)
            if drafts.height:
                write_items(_items(source, _with_unique_keys(drafts, seen)))
                counted.items += drafts.height
            at(f"{counted.records:,} records")
    if not counted.records:
        raise UserError(
            f"source {source.settings.name}: no record found in {listing(file.name for file in source.files)}"
        )
    return counted


def _drafts(source: SourceInput) -> Iterator[tuple[pl.DataFrame, list[Rejected]]]:
    """Yield drafts with what was rejected among them, in order."""
    rows: list[Row | Rejected] = []
    held = 0
    for each in source.rows():
        if rows and (isinstance(each, ColumnBatch) or len(rows) == BATCH_ROWS or held >= BATCH_BYTES):
            yield _draft_rows(source, rows)
            rows, held = [], 0
        if isinstance(each, ColumnBatch):
            yield _draft_columns(source, each)
            continue
        rows.append(each)
        held += _letters(each.record if isinstance(each, Row) else each.raw)
    if rows:
        yield _draft_rows(source, rows)


def _letters(value: Any) -> int:
    """How many letters the texts in a JSON value have."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, dict | list):
        return sum(map(_letters, value.values() if isinstance(value, dict) else value))
    return 0


def _draft_rows(source: SourceInput, rows: Iterable[Row | Rejected]) -> tuple[pl.DataFrame, list[Rejected]]:
    drafts: list[dict[str, Any]] = []
    rejected: list[Rejected] = []
    for row in rows:
        if isinstance(row, Rejected):
            rejected.append(row)
            continue
        try:
            drafts.append(_as_columns(row.place, source.draft(row)))
        except BadRecord as error:
            raw = json.dumps(row.record, ensure_ascii=False, default=str)
            rejected.append(Rejected(row.place, RejectReason.BAD_RECORD, str(error), raw))
    return pl.DataFrame(drafts, schema=_DRAFT, orient="row"), rejected


def _as_columns(place: str, draft: Draft) -> dict[str, Any]:
    columns = {name: getattr(draft, name) for name in _DRAFT if name != "place"}
    extra = json.dumps(draft.extra, ensure_ascii=False) if draft.extra else None
    return columns | {
        "place": place,
        "extra": extra,
        "images": draft.images or None,
        "solutions": draft.solutions or None,
    }


def _draft_columns(source: SourceInput, batch: ColumnBatch) -> tuple[pl.DataFrame, list[Rejected]]:
    """Draft by columns; the rows that the columns do not settle are drafted by themselves and put where they belong."""
    assert source.adapter.columns is not None
    numbers = pl.Series("number", np.arange(batch.first, batch.first + batch.frame.height))
    try:
        columns_of = source.adapter.columns(batch.frame)
    except (ValueError, OverflowError, LookupError):  # a value that Python cannot hold: each row by itself says which
        table = batch.frame.to_arrow(compat_level=pl.CompatLevel.oldest())
        rows = (
            _at(each, batch.name, batch.first + n) for n, each in enumerate(batch_rows(batch.name, table.to_batches()))
        )
        return _draft_rows(source, rows)
    drafts = columns_of.with_columns(numbers, place=pl.concat_str(pl.lit(f"{batch.name}:"), numbers))
    missing = [pl.lit(None, dtype).alias(name) for name, dtype in _DRAFT.items() if name not in drafts.columns]
    columns = [pl.col(name).cast(dtype) for name, dtype in _DRAFT.items()]
    whole = drafts.with_columns(missing).select("number", "bad", *columns)
    is_bad = drafts["bad"].to_numpy()
    if not is_bad.any():
        return whole.select(*_DRAFT), []
    good = whole.filter(~pl.col("bad")).drop("bad")
    places = np.flatnonzero(is_bad)
    odd = batch.frame[places].to_arrow(compat_level=pl.CompatLevel.oldest())
    records = batch_rows(batch.name, odd.to_batches())
    odd_rows = (_at(row, batch.name, batch.first + int(place)) for row, place in zip(records, places, strict=True))
    drafted, rejected = _draft_rows(source, odd_rows)
    numbered = drafted.with_columns(number=pl.col("place").str.extract(r":(\d+)$").cast(pl.Int64))
    both = pl.concat([good, numbered.select("number", *_DRAFT)]).sort("number")
    return both.drop("number"), rejected


def _at(row: Row | Rejected, file: str, number: int) -> Row | Rejected:
    """The row under its number in the file."""
    place = f"{file}:{number}"
    return row._replace(place=place) if isinstance(row, Row) else replace(row, place=place)


def _with_unique_keys(drafts: pl.DataFrame, seen: SeenKeys) -> pl.DataFrame:
    """A key that the source uses twice is no key: from its second row on, the place stands, and `extra` keeps the key."""
    again = seen.add(drafts["key"])
    if not again.any():
        return drafts
    repeated = [
        json.dumps({"key": key, **json.loads(extra or "{}")}, ensure_ascii=False)
        for extra, key in drafts.filter(again).select("extra", "key").iter_rows()
    ]
    places = pl.Series(np.flatnonzero(again.to_numpy()))
    extra = drafts["extra"].scatter(places, repeated)
    return drafts.with_columns(extra, key=pl.when(~again).then(pl.col("key")))


def _items(source: SourceInput, drafts: pl.DataFrame) -> pa.Table:
    """Turn drafts into items of `ITEM_SCHEMA`."""
    settings, adapter = source.settings, source.adapter
    domain = pl.lit(str(settings.domain)) if settings.domain else pl.col("domain").fill_null(str(adapter.domain))
    origin = pl.lit(str(settings.origin)) if settings.origin else pl.col("origin").fill_null(str(adapter.origin))
    kind = (
        pl.when(pl.col("options").is_not_null()).then(pl.lit(str(AnswerKind.CHOICE))).otherwise(pl.col("answer_kind"))
    )
    items = drafts.with_columns(
        item_ids(drafts),
        source=pl.lit(settings.name),
        source_row=pl.coalesce("key", "place"),
        domain=domain,
        origin=origin,
        answer_kind=kind,
        license=pl.lit(settings.license) if settings.license else pl.col("license").fill_null(source.license),
        language=pl.lit(settings.language) if settings.language else pl.col("language").fill_null(source.language),
    )
    unstated = items["answer_kind"].is_null()
    if unstated.any():
        answers = items["answer"].filter(unstated).fill_null("")
        places = pl.Series(np.flatnonzero(unstated.to_numpy()))
        items = items.with_columns(items["answer_kind"].scatter(places, infer_kinds(answers)))
    return items.select(ITEM_SCHEMA.names).to_arrow(compat_level=pl.CompatLevel.oldest()).cast(ITEM_SCHEMA)


def _rejected_row(source: SourceInput, row: Rejected) -> dict[str, Any]:
    return {
        "stage": "ingest",
        "reason": str(row.reason),
        "evidence": json.dumps({"message": row.message}, ensure_ascii=False),
        "source": source.settings.name,
        "source_row": row.place,
        "raw": row.raw,
    }
