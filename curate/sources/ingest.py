"""From rows to drafts: the adapter drafts each record, and what it cannot draft is kept aside.

Every row becomes a draft with its place or a `Rejected`; the pipeline sees nothing else.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace

from curate.readers import Rejected, RejectReason, Row
from curate.sources.base import Adapter, BadRecord, Draft


def ingest(adapter: Adapter, rows: Iterable[Row | Rejected]) -> Iterator[tuple[str, Draft] | Rejected]:
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
        if draft.key in keys:
            draft = replace(draft, key=None, extra={**(draft.extra or {}), "key": draft.key})
        elif draft.key is not None:
            keys.add(draft.key)
        yield row.place, draft
