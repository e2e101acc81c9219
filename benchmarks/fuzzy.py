"""Fuzzy duplicates on planted corpora: CPU, memory, recall of what was planted, false drops; beside datatrove's MinHash.

    python -m benchmarks.fuzzy [--rows 200000 588645 2000000] [--seeds 7 8 9] [--no-peer]

The peer runs in an interpreter of its own (`make peers`), with the same shingles and bands, over the same questions. A drop counts as
false when the row it was dropped for has another origin. The planted benchmark questions have pairs among themselves that
their publisher has twice; such a drop is counted apart (`same`), by the published texts being one.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.harness import SEEDS, as_ingested, measure, peer_python, planted, planted_items, print_table

KINDS = ("exact_dup", "format_dup", "near_dup")
SIZES = (200_000, 588_645, 2_000_000)


def find(items: str) -> tuple[list[tuple[int, str, str]], float]:
    """Find near duplicates in a file of items; return (place, reason, evidence) of each drop, and the CPU seconds.

    Imports are not counted, and neither are the peer's.
    """
    import numpy as np

    from curate.fuzzy import FuzzySettings, find_near_duplicates
    from curate.table import ItemTable

    before = used()
    table = ItemTable((Path(items),))
    decision = find_near_duplicates(table, FuzzySettings(), np.zeros(table.height, np.int64))
    drops = [row for frame in decision.drops for row in frame.iter_rows()]
    return drops, used() - before


def used() -> float:
    """CPU seconds of this process so far, of all its threads."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def score(rows: int, seed: int, drops: list[tuple[int, str, str]]) -> dict[str, float]:
    """Compare drops with the labels: recall by kind, drops for a row of another origin, and those of one published text."""
    import polars as pl

    from curate.tokens import words

    folder = planted(rows, seed)
    ids = pl.read_parquet(planted_items(rows, seed), columns=["item_id"])["item_id"]
    labels = pl.read_ndjson(folder / "labels.jsonl")
    published = {row["id"]: words(row["question"]) for row in _jsonl(folder / "benchmark_items.jsonl")}
    origin = dict(zip(labels["id"], labels["of"], strict=True))
    gone, false, same = set(), 0, 0
    for place, _, evidence in drops:
        told = json.loads(evidence)
        one, other = (origin.get(each) or each for each in (ids[place], told.get("item_id") or told["other_item_id"]))
        gone.add(ids[place])
        is_one_text = one in published and published[one] == published.get(other)
        false += one != other and not is_one_text
        same += one != other and is_one_text
    planted_ids = {kind: labels.filter(pl.col("kind") == kind)["id"].to_list() for kind in KINDS}
    recall = {kind: sum(each in gone for each in known) / len(known) for kind, known in planted_ids.items()}
    return {**recall, "false": false, "same": same}


def run_peer(items: str, shingle_words: int, bands: int, band_rows: int) -> dict[str, float]:
    """Run datatrove's four MinHash steps in this process; return CPU seconds, MiB, and how many rows stay."""
    import pyarrow.parquet as pq
    from datatrove.data import Document
    from datatrove.pipeline.dedup import (
        MinhashConfig,
        MinhashDedupBuckets,
        MinhashDedupCluster,
        MinhashDedupFilter,
        MinhashDedupSignature,
    )

    def documents() -> Any:
        for batch in pq.ParquetFile(items).iter_batches(columns=["question"]):
            for text in batch.column(0).to_pylist():
                yield Document(text=text, id="")

    before = used()
    config = MinhashConfig(n_grams=shingle_words, num_buckets=bands, hashes_per_bucket=band_rows)
    with tempfile.TemporaryDirectory() as folder:
        signatures, buckets, clusters = (f"{folder}/{name}" for name in ("signatures", "buckets", "clusters"))
        MinhashDedupSignature(signatures, config).run(documents())
        for bucket in range(bands):
            MinhashDedupBuckets(signatures, buckets, config=config).run(None, bucket, bands)
        MinhashDedupCluster(buckets, clusters, config=config).run(None, 0, 1)
        kept = sum(1 for _ in MinhashDedupFilter(clusters).run(documents(), 0, 1))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    return {"cpu": used() - before, "peak_mib": peak, "kept": kept}


def peer(items: Path) -> dict[str, float] | None:
    """Measure the peer in a process of its own."""
    from curate.fuzzy import FuzzySettings

    if (python := peer_python()) is None:
        return None
    settings = FuzzySettings()
    shape = [settings.shingle_words, settings.bands, settings.band_rows]
    command = [python, "-m", "benchmarks.fuzzy", "--as-peer", items.resolve(), *shape]
    root = Path(__file__).resolve().parents[1]
    done = subprocess.run([str(part) for part in command], cwd=root, check=True, stdout=subprocess.PIPE, text=True)
    measured: dict[str, float] = json.loads(done.stdout.strip().rpartition("\n")[2])
    return measured


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=list(SIZES))
    parser.add_argument(
        "--seeds", type=int, nargs="+", default=list(SEEDS), help="of the smallest size; others take one"
    )
    parser.add_argument("--no-peer", action="store_true")
    parser.add_argument("--as-peer", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.as_peer:
        items, *shape = options.as_peer
        print(json.dumps(run_peer(items, *map(int, shape))))
        return
    head = ["rows", "seed", "CPU s", "us a row", "peak MiB", *KINDS, "false", "a 100,000", "same"]
    lines: list[list[object]] = []
    runs = [(rows, seed) for rows in options.rows for seed in options.seeds[: None if rows == min(options.rows) else 1]]
    for rows, seed in runs:
        items = planted_items(rows, seed)
        run = measure(find, str(as_ingested(items)))
        drops, cpu = run.result
        told = score(rows, seed, drops)
        rate = told["false"] / rows * 1e5
        recalls = [f"{told[kind]:.4f}" for kind in KINDS]
        each = cpu / rows * 1e6
        lines.append([rows, seed, cpu, each, run.peak_mib, *recalls, told["false"], rate, told["same"]])
    print_table("Near duplicates of planted corpora", head, lines)
    rows, seed = runs[0]
    if not options.no_peer and (measured := peer(planted_items(rows, seed))):
        ours = float(str(lines[0][2]))
        line = [rows, ours, measured["cpu"], f"1/{measured['cpu'] / ours:.0f}", measured["peak_mib"]]
        print_table(
            "Beside datatrove's MinHash, same shingles and bands",
            ["rows", "CPU s", "peer's", "ratio", "its MiB"],
            [line],
        )


def _jsonl(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


if __name__ == "__main__":
    main()
