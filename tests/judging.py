"""What tests of judges share: items on disk."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from crossthink.files import write_parquet
from curate.identity import item_id
from curate.items import ITEM_SCHEMA
from curate.table import ItemTable


def item_table(path: Path, questions: Sequence[tuple[str, str]]) -> ItemTable:
    """Write open questions with their answers as the items of a source `open`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [
        dict.fromkeys(ITEM_SCHEMA.names, None)
        | {"item_id": item_id(question), "source": "open", "source_row": f"rows.jsonl:{number}", "question": question}
        | {"answer": answer, "origin": "real", "domain": "gpr", "answer_kind": "text", "license": "MIT"}
        for number, (question, answer) in enumerate(questions, 1)
    ]
    write_parquet(path, pa.Table.from_pylist(rows, schema=ITEM_SCHEMA))
    return ItemTable((path,))
