"""How columns are encoded: what repeats as a dictionary, other texts as they are, and every value comes back."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crossthink.encodings import SAMPLE
from crossthink.files import write_parquet
from curate.items import ITEM_SCHEMA

LENGTHS = "DELTA_LENGTH_BYTE_ARRAY"


def item(number: int) -> dict[str, Any]:
    own = {"item_id": f"{number:032}", "source_row": f"row {number}", "question": f"How much is {number} and 1?"}
    constant = {"source": "sums", "origin": "synthetic", "domain": "math", "answer_kind": "number", "license": "mit"}
    nested = {
        "options": [f"{number + 1}", f"{number + 2}"] if number % 3 else None,
        "images": [{"path": "a.png", "sha256": None}] if number % 2 else [],
        "solutions": [{"text": f"{number} + 1", "answer": f"{number + 1}", "by": "hand"}],
    }
    return {"answer": f"{number % 40}", **own, **constant, **nested}


def encoded(path: Path) -> dict[str, set[str]]:
    group = pq.read_metadata(path).row_group(0)
    columns = [group.column(number) for number in range(group.num_columns)]
    return {column.path_in_schema: set(column.encodings) for column in columns}


@pytest.mark.parametrize("rows", [0, 1, SAMPLE + 100])
def test_every_value_comes_back(tmp_path: Path, rows: int) -> None:
    table = pa.Table.from_pylist([item(number) for number in range(rows)], schema=ITEM_SCHEMA)
    write_parquet(tmp_path / "items.parquet", table)
    assert pq.read_table(tmp_path / "items.parquet").equals(table)


def test_texts_that_do_not_repeat_are_written_as_they_are(tmp_path: Path) -> None:
    table = pa.Table.from_pylist([item(number) for number in range(SAMPLE)], schema=ITEM_SCHEMA)
    write_parquet(tmp_path / "items.parquet", table)
    found = encoded(tmp_path / "items.parquet")
    plain = {name for name, encodings in found.items() if LENGTHS in encodings}
    assert plain == {"item_id", "source_row", "question", "options.list.element"}
    assert all(
        "RLE_DICTIONARY" in found[name] for name in ("source", "answer", "license", "solutions.list.element.text")
    )


def test_it_is_the_first_rows_that_say_what_repeats(tmp_path: Path) -> None:
    texts = [f"text {number % 10 if number < SAMPLE else number}" for number in range(3 * SAMPLE)]
    write_parquet(tmp_path / "texts.parquet", pa.table({"text": texts}))
    assert LENGTHS not in encoded(tmp_path / "texts.parquet")["text"]
