"""Pairs that are turned away before their texts are read would have come to nothing."""

import gzip
import json
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from crossthink.files import write_parquet
from curate.fuzzy import FuzzySettings, candidates, find_near_duplicates
from curate.items import ITEM_SCHEMA
from curate.table import ItemTable


def test_of_published_questions_none_is_lost_that_shares_few_words(
    shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = gzip.decompress((shared_data / "corpora/reasoning_gym/train.jsonl.gz").read_bytes()).decode()
    records = [json.loads(line) for line in text.splitlines()[::12]]
    empty = dict.fromkeys(ITEM_SCHEMA.names, "") | {
        "options": None,
        "answer_index": None,
        "context": None,
        "images": None,
    }
    rows = [
        empty
        | {"item_id": f"id{place}", "question": record["question"], "answer": record["answer"] or None, "solutions": []}
        for place, record in enumerate(records)
    ]
    write_parquet(tmp_path / "items.parquet", pa.Table.from_pylist(rows, ITEM_SCHEMA))
    items = ItemTable((tmp_path / "items.parquet",))

    def found(least: float) -> tuple[pl.DataFrame, pa.Table, int]:
        monkeypatch.setattr(candidates, "LEAST_SHARED", least)
        decision = find_near_duplicates(items, FuzzySettings(), np.zeros(items.height, np.int64), tmp_path)
        return pl.concat(decision.drops), decision.tables["siblings"], decision.facts["verified"]

    drops, siblings, verified = found(candidates.LEAST_SHARED)
    all_drops, all_siblings, all_verified = found(0)
    assert drops.height and drops.equals(all_drops)
    assert siblings.num_rows and siblings.equals(all_siblings)
    assert verified < all_verified
