"""Ingestion: rows and columns say the same, keys stay unique, and nothing is lost on the way."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate import ingest
from curate.config import SourceSettings
from curate.identity import item_id, item_ids
from curate.inputs import open_inputs
from curate.keys import SeenKeys
from curate.readers import batches, columnar

ROWS: list[dict[str, Any]] = [
    {"id": "a", "question": "What is 2 + 2?", "options": ["3", "4"], "answer": "4", "domain": "math"},
    {"id": "b", "question": "Who wrote Hamlet?", "options": None, "answer": "Shakespeare", "domain": "gpr"},
    {"id": "a", "question": "Which “one”?\n\nx²", "options": ["é", "e"], "answer": "nothing", "domain": "gpr"},
    {"id": None, "question": None, "options": None, "answer": "lost", "domain": "gpr"},
    {"id": "c", "question": "What is 1/2 + 1/2?", "options": None, "answer": "1", "domain": "math"},
    {"id": "b", "question": "Where?", "options": [], "answer": None, "domain": "gpr"},
]


def _ingested(
    folder: Path, file: Path, at: Callable[[str], None] = lambda _: None
) -> tuple[pl.DataFrame, pl.DataFrame, ingest.Ingested]:
    source = SourceSettings(name="plain", adapter="qa_rows", files=[file.name])
    folder.mkdir()
    counted = ingest.ingest_source(open_inputs([source], file.parent, folder)[0], folder, at)
    return pl.read_ipc(folder / ingest.INGESTED_FILE), pl.read_parquet(folder / ingest.REJECTED_FILE), counted


def test_columns_and_rows_give_the_same_items_and_the_same_rejects(tmp_path: Path) -> None:
    pq.write_table(pa.Table.from_pylist(ROWS), tmp_path / "rows.parquet")
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    by_column, refused, counted = _ingested(tmp_path / "columns", tmp_path / "rows.parquet")
    by_row, also_refused, _ = _ingested(tmp_path / "lines", tmp_path / "rows.jsonl")
    place = pl.col("source_row").str.replace("rows.(parquet|jsonl):", "row ")
    assert by_column.with_columns(place).rows() == by_row.with_columns(place).rows()
    assert refused.with_columns(place).drop("raw").rows() == also_refused.with_columns(place).drop("raw").rows()
    assert (counted.items, counted.records) == (5, 6)
    assert by_column["source_row"].to_list() == ["a", "b", "rows.parquet:3", "c", "rows.parquet:6"]
    assert json.loads(by_column["extra"][2])["key"] == "a"
    assert by_column["answer_kind"].to_list() == ["choice", "text", "choice", "number", "text"]


def test_a_text_that_is_not_utf8_costs_its_row_and_the_columns_go_on_as_rows(tmp_path: Path) -> None:
    texts = pa.array([b"What is it?", b"What \xff is it?", b"What now?"], pa.binary()).cast(pa.string(), safe=False)
    table = pa.table({"id": ["1", "2", "3"], "question": texts, "answer": ["a", "b", "c"], "domain": ["gpr"] * 3})
    pq.write_table(table, tmp_path / "odd.parquet")
    items, rejected, _ = _ingested(tmp_path / "out", tmp_path / "odd.parquet")
    assert items["source_row"].to_list() == ["1", "3"]
    assert rejected.select("reason", "source_row").rows() == [("bad_bytes", "odd.parquet:2")]


def test_batches_and_key_repeats_across_them_agree_with_one_batch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [row for row in ROWS if row["question"]] * 5
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "many.parquet")
    whole = _ingested(tmp_path / "whole", tmp_path / "many.parquet")[0]
    monkeypatch.setattr(batches, "BATCH_ROWS", 4)
    assert _ingested(tmp_path / "cut", tmp_path / "many.parquet")[0].equals(whole)


@pytest.mark.parametrize("name", ["many.parquet", "many.jsonl"])
def test_long_rows_are_drafted_a_few_at_once_and_are_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    rows = [row for row in ROWS if row["question"]] * 5
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "many.parquet")
    (tmp_path / "many.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    whole = _ingested(tmp_path / "whole", tmp_path / name)[0]
    for module in (ingest, columnar, batches):
        monkeypatch.setattr(module, "BATCH_BYTES", 150)
    steps: list[str] = []
    assert _ingested(tmp_path / "cut", tmp_path / name, steps.append)[0].equals(whole)
    assert len(steps) > 3


@given(st.lists(st.lists(st.sampled_from(["a", "b", "c", "d", None]), max_size=6), max_size=6))
def test_a_key_is_seen_again_exactly_when_it_was_there_before(parts: list[list[str | None]]) -> None:
    seen, known = SeenKeys(), set[str]()
    for part in parts:
        expected = []
        for key in part:
            expected.append(key in known)
            if key is not None:
                known.add(key)
        assert seen.add(pl.Series(part, dtype=pl.String)).to_list() == expected


_TEXTS = st.text(st.sampled_from("Aab z.?:'\"1é²\n\t—"), max_size=12)


@given(
    st.lists(
        st.tuples(_TEXTS, st.none() | _TEXTS, st.none() | st.lists(_TEXTS, max_size=3), st.none() | st.lists(_TEXTS))
    )
)
def test_ids_of_many_are_the_ids_of_each(
    rows: list[tuple[str, str | None, list[str] | None, list[str] | None]],
) -> None:
    images = [None if row[3] is None else [{"path": "x", "sha256": text} for text in row[3]] for row in rows]
    frame = pl.DataFrame(
        {
            "question": pl.Series([row[0] for row in rows], dtype=pl.String),
            "context": pl.Series([row[1] for row in rows], dtype=pl.String),
            "options": pl.Series([row[2] for row in rows], dtype=pl.List(pl.String)),
            "images": pl.Series(images, dtype=pl.List(pl.Struct({"path": pl.String, "sha256": pl.String}))),
        }
    )
    assert item_ids(frame).to_list() == [item_id(row[0], row[1], row[2], row[3] or ()) for row in rows]
