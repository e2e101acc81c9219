"""Rows of a corpus that hold a benchmark's question, and benchmark items that a corpus leaks."""

from typing import Any

import polars as pl
import pyarrow as pa

from curate.contamination.candidates import search
from curate.contamination.index import BenchmarkIndex
from curate.contamination.judge import judge
from curate.contamination.measure import measure
from curate.contamination.settings import ContaminationSettings
from curate.schemas import GREY_ZONE_SCHEMA, LEAKS_SCHEMA
from curate.stage import Outcome, Reason
from curate.table import PLACE, ItemTable

LEAKS, GREY_ZONE = "leaks", "grey_zone"

_WITH_PLACE = pa.field(PLACE, pa.int64(), nullable=False)  # of the corpus's item in its table
_FOUND = pa.schema([_WITH_PLACE, *LEAKS_SCHEMA])
_DOUBTFUL = pa.schema([_WITH_PLACE, *GREY_ZONE_SCHEMA])


def find_contamination(items: ItemTable, index: BenchmarkIndex, settings: ContaminationSettings) -> Outcome:
    """Find the items of a corpus that hold a question of a benchmark.

    Memory grows with the benchmarks (about 3 KB an item) and with what is found, not with the corpus. The result depends
    neither on threads nor on memory.

    Args:
        items: the corpus.
        index: of the benchmarks' items, whose `source` is the benchmark's name.
        settings: the thresholds.

    Returns:
        Drops with `Reason.CONTAMINATED`; tables `leaks` (a row for each pair of a corpus item and a benchmark item that it
        holds) and `grey_zone` (pairs of items that stay, for a person or a judge); facts per benchmark.

    Raises:
        UserError: the embedding model that the settings name is not there.
    """
    candidates = search(items, index, settings)
    leaks, grey = [pl.DataFrame(schema=pl.Schema(_FOUND))], [pl.DataFrame(schema=pl.Schema(_DOUBTFUL))]
    for measured in measure(candidates, items, index, settings):
        judged = judge(measured, settings)
        leaks.append(judged.filter(pl.col("path").is_not_null()).select(_FOUND.names))
        grey.append(judged.filter("is_grey").select(_DOUBTFUL.names))
    found, doubtful = pl.concat(leaks), pl.concat(grey)
    facts = {"candidates": len(candidates.places), "benchmarks": _facts(found, doubtful, index)}
    return Outcome([_drops(found)], facts, {LEAKS: _table(found, _FOUND), GREY_ZONE: _table(doubtful, _DOUBTFUL)})


def _table(pairs: pl.DataFrame, schema: pa.Schema) -> pa.Table:
    return pairs.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(schema)


def _drops(leaks: pl.DataFrame) -> pl.DataFrame:
    """One drop for each place, with its best leak as evidence."""
    best = leaks.sort(PLACE, "score", descending=[False, True], maintain_order=True).unique(PLACE, keep="first")
    evidence = pl.struct(
        "benchmark", pl.col("benchmark_row").alias("row"), "path", "score", "span"
    ).struct.json_encode()
    return best.sort(PLACE).select(PLACE, reason=pl.lit(str(Reason.CONTAMINATED)), evidence=evidence)


def _facts(leaks: pl.DataFrame, grey: pl.DataFrame, index: BenchmarkIndex) -> dict[str, Any]:
    """For each benchmark: its items, how many of them the corpus leaks, in how many rows, by which path."""
    facts: dict[str, Any] = {}
    for name, items in sorted(index.items["source"].value_counts().iter_rows()):
        mine = leaks.filter(pl.col("benchmark") == name)
        paths = mine.group_by("path").agg(pl.col(PLACE).n_unique()).sort("path").iter_rows()
        facts[name] = {
            "items": items,
            "leaked": mine["benchmark_row"].n_unique(),
            "rows": mine[PLACE].n_unique(),
            "paths": dict(paths),
            "grey": grey.filter(pl.col("benchmark") == name).height,
        }
    return facts
