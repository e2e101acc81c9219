"""The table of items on disk: places stay what they are, whatever is out and however it is read."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import cast

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crossthink import files
from crossthink.files import BATCH_BYTES, BATCH_ROWS, ROW_GROUP_ROWS, arrow_writer, parquet_writer, sha256_file
from curate.table import ARROW, PLACE, ItemTable

Writer = Callable[[Path, pa.Schema], AbstractContextManager[Callable[[pa.Table], None]]]
SCHEMA = pa.schema([pa.field("name", pa.string()), pa.field("number", pa.int64())])
HEIGHTS = (ROW_GROUP_ROWS + 5, 0, 7)
"""Rows of three files: more than a row group, none, a few."""


@pytest.fixture(scope="module", params=[(".parquet", BATCH_BYTES), (ARROW, BATCH_BYTES), (ARROW, 20_000)])
def table(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> ItemTable:
    """Some rows as Parquet, as Arrow, and as Arrow as if they were long, in batches of 512."""
    suffix, batch_bytes = request.param
    writer = arrow_writer if suffix == ARROW else parquet_writer
    folder = tmp_path_factory.mktemp("table")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "BATCH_BYTES", batch_bytes)
        return _written(folder, suffix, writer)


def _written(folder: Path, suffix: str, writer: "Writer") -> ItemTable:
    first = 0
    for file, height in enumerate(HEIGHTS):
        numbers = range(first, first + height)
        rows = pa.table({"name": [f"row {n}" for n in numbers], "number": pa.array(numbers, pa.int64())}, schema=SCHEMA)
        with writer(folder / f"{file}{suffix}", SCHEMA) as write:
            write(rows)
        first += height
    return ItemTable(tuple(folder / f"{file}{suffix}" for file in range(len(HEIGHTS))), schema=SCHEMA)


def _read(table: ItemTable) -> pl.DataFrame:
    return pl.concat(table.batches(["number", "name"]))


def test_every_row_comes_once_under_its_place(table: ItemTable) -> None:
    rows = _read(table)
    assert rows[PLACE].to_list() == rows["number"].to_list() == list(range(sum(HEIGHTS)))
    assert table.heights == HEIGHTS
    assert max(batch.height for batch in table.batches(["name"])) == ROW_GROUP_ROWS


@pytest.mark.parametrize("rows", [BATCH_ROWS, 3 * BATCH_ROWS])
def test_rows_are_the_same_in_batches_of_any_size(table: ItemTable, rows: int) -> None:
    batches = list(table.without(np.arange(0, sum(HEIGHTS), 2)).batches(["number", "name"], rows))
    assert pl.concat(batches).equals(_read(table.without(np.arange(0, sum(HEIGHTS), 2))))
    assert max(batch.height for batch in batches) <= rows


def test_less_memory_makes_smaller_batches_of_the_same_rows(table: ItemTable, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = _read(table)
    monkeypatch.setenv("CROSSTHINK_MEMORY", "512MiB")
    batches = list(table.batches(["number", "name"]))
    assert max(batch.height for batch in batches) == BATCH_ROWS
    assert pl.concat(batches).equals(whole)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(out=st.sets(st.integers(0, sum(HEIGHTS) - 1), max_size=30), asked=st.lists(st.integers(0, sum(HEIGHTS) - 1)))
def test_what_is_out_moves_no_place(table: ItemTable, out: set[int], asked: list[int]) -> None:
    left = table.without(np.array(sorted(out), np.int64))
    assert left.count == sum(HEIGHTS) - len(out)
    assert _read(left)[PLACE].to_list() == [place for place in range(sum(HEIGHTS)) if place not in out]
    taken = left.take(np.array(asked, np.int64), ["number"])
    assert taken[PLACE].to_list() == taken["number"].to_list() == sorted(set(asked))


@pytest.mark.parametrize("rows", [BATCH_ROWS, ROW_GROUP_ROWS])
def test_tables_are_what_batches_are(table: ItemTable, rows: int) -> None:
    left = table.without(np.arange(0, sum(HEIGHTS), 3))
    found = [(places, cast(pl.DataFrame, pl.from_arrow(part))) for places, part in left.tables(["number"], rows)]
    read = pl.concat(part.insert_column(0, pl.Series(PLACE, places)) for places, part in found)
    assert read.equals(_read(left).select(PLACE, "number"))


def test_the_tables_of_the_files_keep_places_and_what_is_out(table: ItemTable) -> None:
    parts = list(table.without(np.array([3, sum(HEIGHTS) - 1])).per_file())
    assert [part.count for part in parts] == [HEIGHTS[0] - 1, 0, HEIGHTS[2] - 1]
    again = parts[2].without(np.array([HEIGHTS[0]]))
    assert _read(again)["number"].to_list() == list(range(HEIGHTS[0] + 1, sum(HEIGHTS) - 1))


def test_long_rows_are_written_and_read_in_smaller_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = pa.table({"name": ["x" * 20_000] * 3000, "number": pa.array(range(3000), pa.int64())}, schema=SCHEMA)
    _write(arrow_writer, tmp_path / "long.arrow", rows, [0, 2500])
    table = ItemTable((tmp_path / "long.arrow",), schema=SCHEMA)
    assert table.heights == (3000,)
    monkeypatch.setenv("CROSSTHINK_MEMORY", "512MiB")
    batches = list(table.batches(["number"]))
    assert [batch.height for batch in batches] == [1024, 1024, 952]
    assert pl.concat(batches)["number"].to_list() == list(range(3000))


@pytest.mark.parametrize("cut", [1, 1000, 1024, 2047, 4000])
def test_the_row_groups_of_long_rows_depend_on_their_texts_alone(
    tmp_path: Path, cut: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    solutions = [[{"text": "y" * (number % 100)}] * (number % 4) for number in range(10_000)]
    rows = pa.table({"solutions": pa.array(solutions), "number": pa.array(range(10_000), pa.int64())})
    monkeypatch.setattr(files, "ROW_GROUP_BYTES", 300_000)
    _write(parquet_writer, tmp_path / "whole", rows, [0])
    _write(parquet_writer, tmp_path / "cut", rows, [0, cut, cut + 3])
    found = pq.read_metadata(tmp_path / "whole")
    assert [found.row_group(group).num_rows for group in range(found.num_row_groups)] == [4096, 4096, 1808]
    assert sha256_file(tmp_path / "whole") == sha256_file(tmp_path / "cut")


@pytest.mark.parametrize("writer", [parquet_writer, arrow_writer])
@pytest.mark.parametrize("cut", [1, 1000, ROW_GROUP_ROWS - 1, ROW_GROUP_ROWS, ROW_GROUP_ROWS + 1])
def test_the_pieces_that_rows_come_in_move_no_byte(tmp_path: Path, cut: int, writer: Writer) -> None:
    rows = pa.table({"name": ["x"] * 140_000, "number": pa.array(range(140_000), pa.int64())}, schema=SCHEMA)
    _write(writer, tmp_path / "whole", rows, [0])
    _write(writer, tmp_path / "cut", rows, [0, cut, cut + 3])
    assert sha256_file(tmp_path / "whole") == sha256_file(tmp_path / "cut")


def _write(writer: Writer, path: Path, rows: pa.Table, cuts: list[int]) -> None:
    with writer(path, rows.schema) as write:
        for start, stop in zip(cuts, [*cuts[1:], rows.num_rows], strict=True):
            write(rows.slice(start, stop - start))
