"""Writing a corpus: every dropped row is written with what its item said, wherever a batch ends."""

from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest

from crossthink.files import write_parquet
from curate import write
from curate.corpus import DROPPED_FILE, ITEMS_FILE, VARIANTS_FILE
from curate.done import Done
from curate.ingest import INGESTED_FILE
from curate.items import ITEM_SCHEMA
from curate.pipeline import variants_file
from curate.table import ItemTable
from curate.templates import MADE_SCHEMA

OF_ITEMS = ["malformed", "exact_duplicates", "contamination", "near_duplicates"]
OF_VARIANTS = ["templates", "verifiable", "self_check"]


@pytest.mark.parametrize("rows", [40, 65_536])
def test_a_dropped_row_is_written_with_the_question_of_its_item(
    sample_workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    monkeypatch.setattr(ItemTable.tables, "__defaults__", (rows,))
    monkeypatch.setattr(write, "RULED_ROWS", rows)
    folder = sample_workspace / "corpora/sample"
    folders = {place.name.partition("-")[2]: place for place in folder.glob(".stages/*")}
    done = {name: Done(name, place, "", [], {}) for name, place in folders.items()}
    ingested = [done[f"ingest-{source}"] for source in ("mcq", "open", "sums")]
    items = _table([each.folder / INGESTED_FILE for each in ingested], ITEM_SCHEMA, tmp_path)
    made = _table([done["templates"].folder / variants_file(n) for n in range(3)], MADE_SCHEMA, tmp_path)
    variants = made
    for name in OF_VARIANTS:
        variants = variants.without(done[name].dropped)
    stages = [done[name] for name in OF_ITEMS], [done[name] for name in OF_VARIANTS]
    write.write_rows(tmp_path, ingested, items, stages[0], variants, stages[1])

    stay = pl.concat(variants.batches(["row_id"]))["row_id"]
    assert pl.read_parquet(tmp_path / VARIANTS_FILE)["row_id"].to_list() == stay.to_list()
    dropped = pl.read_parquet(tmp_path / DROPPED_FILE).filter(pl.col("item_id").is_not_null())
    said = pl.concat(items.batches(["source", "source_row", "question", "options"]))
    assert dropped["template"].drop_nulls().n_unique() == 1
    assert dropped.height == sum(len(each.dropped) for each in (*stages[0], *stages[1]))
    joined = dropped.join(said, on=["source", "source_row"], how="left", maintain_order="left")
    assert joined["question"].equals(joined["question_right"], null_equal=True)
    assert joined["options"].equals(joined["options_right"], null_equal=True)
    for name in (ITEMS_FILE, VARIANTS_FILE, DROPPED_FILE):
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()


def _table(files: list[Path], schema: pa.Schema, folder: Path) -> ItemTable:
    """What stages left as Parquet, which can be read in batches of any size."""
    copies = [folder / f"{file.parent.name}-{file.stem}.copy" for file in files]
    for file, copy in zip(files, copies, strict=True):
        with pa.OSFile(str(file)) as opened:
            write_parquet(copy, pa.ipc.open_file(opened).read_all())
    return ItemTable(tuple(copies), schema=schema)
