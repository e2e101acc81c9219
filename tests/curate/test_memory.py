"""What is read at once fits the memory that is set, and a setting that cannot hold the items is refused by what would."""

import os
import re
from pathlib import Path
from unittest.mock import patch

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossthink.errors import UserError
from crossthink.files import BATCH_ROWS, ROW_GROUP_ROWS, write_parquet
from curate import memory
from curate.memory import require_memory, rows_at_once
from curate.readers import batches
from curate.readers.batches import ColumnBatch, column_batches
from tests.support import CommandLine, write_sample_config


def _set_to(mebibytes: int) -> "patch.dict[str, str]":
    return patch.dict(os.environ, CROSSTHINK_MEMORY=f"{mebibytes}MiB")


@pytest.mark.parametrize(
    ("set_to", "rows"), [(512, 16_384), (1024, 32_768), (1500, 32_768), (2048, 65_536), (9000, 65_536)]
)
def test_a_batch_is_the_smaller_the_less_memory_is_set(set_to: int, rows: int) -> None:
    with _set_to(set_to):
        assert rows_at_once(ROW_GROUP_ROWS, row_bytes=500, step=BATCH_ROWS) == rows


@pytest.mark.parametrize(
    ("row_bytes", "step", "rows"), [(2000, 16_384, 65_536), (5000, 4096, 24_576), (500_000, 64, 256)]
)
def test_a_batch_is_the_smaller_the_longer_its_rows_are(row_bytes: float, step: int, rows: int) -> None:
    with _set_to(2048):
        assert rows_at_once(ROW_GROUP_ROWS, row_bytes, step) == rows


@pytest.mark.parametrize(("set_to", "rows"), [(512, 50), (2048, 200)])
def test_fewer_rows_of_a_parquet_file_are_read_at_once_the_less_memory_is_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, set_to: int, rows: int
) -> None:
    texts = [f"{number:08}" * 125 for number in range(1000)]
    write_parquet(tmp_path / "rows.parquet", pa.table({"question": texts}))
    monkeypatch.setattr(batches, "BATCH_BYTES", 200_000)
    with _set_to(set_to):
        heights = [
            each.frame.height for each in column_batches([tmp_path / "rows.parquet"]) if isinstance(each, ColumnBatch)
        ]
    assert sum(heights) == 1000
    assert heights[0] == pytest.approx(rows, rel=0.1)


@given(st.integers(512, 5000), st.integers(1, 40), st.floats(0, 10**7))
def test_a_batch_is_whole_batches_of_a_file_and_never_more_than_was_asked_for(
    set_to: int, batches: int, row_bytes: float
) -> None:
    with _set_to(set_to):
        rows = rows_at_once(batches * BATCH_ROWS, row_bytes, BATCH_ROWS)
    assert 0 < rows <= batches * BATCH_ROWS
    assert rows % BATCH_ROWS == 0


@given(st.integers(900_000, 10**9))
def test_the_least_that_a_refusal_names_is_enough_and_a_step_less_is_not(items: int) -> None:
    with _set_to(512), pytest.raises(UserError) as refused:
        require_memory(items)
    named = re.search(r"expected at least (\d+)MiB", str(refused.value))
    assert named
    with _set_to(int(named[1])):
        require_memory(items)
    with _set_to(int(named[1]) - 1), pytest.raises(UserError, match="expected at least"):
        require_memory(items)


def test_the_default_holds_ten_million_items_and_the_least_eight_hundred_thousand() -> None:
    """`python -m benchmarks.scale` has seen both."""
    with _set_to(2048):
        require_memory(10_000_000)
    with _set_to(512):
        require_memory(800_000)
        with pytest.raises(UserError, match=r"found 512MiB, expected at least 704MiB for 2,000,000 items"):
            require_memory(2_000_000)


def test_a_curation_that_memory_does_not_hold_says_so_and_goes_on_with_more(
    crossthink: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = write_sample_config(tmp_path)
    monkeypatch.setenv("CROSSTHINK_MEMORY", "2GiB")  # --memory sets it for the process
    with monkeypatch.context() as few:
        few.setattr(memory, "ITEM_BYTES", 4 * 2**20)
        code, _, said = crossthink("curate", config, "-w", tmp_path / "w", "--memory", "512MiB")
    assert code == 2
    assert "memory: found 512MiB, expected at least" in said
    assert not (tmp_path / "w/corpora/sample/corpus.json").exists()
    code, _, said = crossthink("curate", config, "-w", tmp_path / "w", "--memory", "512MiB")
    assert code == 0
    assert "ingest mcq: stands" in said
