"""Exact duplicates and writing what stays, beside rewriting the Parquet file.

    python -m benchmarks.exact [--rows 588645] [--seeds 7 8 9]

`stage` is what a curation does: items that were ingested, with their identity, go in; the rows that stay come out as
Parquet. `from raw text` computes the identity too (normalisation and SHA-256 of every question and option), which a
curation does once, at ingestion. Imports count for neither. The floor reads a Parquet file of the same rows, written as a
corpus is, and writes it again with the same writer. The peer is datatrove's exact deduplication, from raw text: its
signatures, its finder, its filter and its Parquet writer.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.harness import SEEDS, Measured, as_parquet, measure, parts, peer_python, planted, print_table

IMPORTS = ("pyarrow.parquet", "curate.pipeline")
"""What a measured run has imported before its clock starts, the floor as well."""

TRIES = 3
"""Of each run the one with the least CPU counts: what disturbs a run only ever adds."""


def ingest(folder: Path, target: Path) -> Path:
    """Ingest a planted corpus and find its malformed rows, the way a curation does; return the file of items."""
    import numpy as np
    import polars as pl

    from curate.config import SourceSettings
    from curate.filters import drop_malformed
    from curate.ingest import INGESTED_FILE, ingest_source
    from curate.inputs import open_inputs
    from curate.table import ItemTable

    source = SourceSettings(name="planted", adapter="qa_rows", files=["data-*.parquet"])
    target.mkdir(exist_ok=True)
    ingest_source(open_inputs([source], folder, target)[0], target, lambda _: None)
    malformed = pl.concat(list(drop_malformed(ItemTable((target / INGESTED_FILE,))).drops))
    np.save(target / "malformed.npy", malformed["place"].to_numpy())
    return target / INGESTED_FILE


def stage(folder: Path) -> int:
    """Drop exact duplicates among ingested items and write the others; return how many went."""
    import numpy as np
    import polars as pl

    from crossthink.files import parquet_writer
    from curate.dedup import DedupSettings, drop_exact_duplicates
    from curate.ingest import INGESTED_FILE
    from curate.items import ITEM_SCHEMA
    from curate.table import ItemTable

    items = ItemTable((folder / INGESTED_FILE,)).without(np.load(folder / "malformed.npy"))
    drops = pl.concat(list(drop_exact_duplicates(items, DedupSettings()).drops))
    with parquet_writer(folder / "kept.parquet", ITEM_SCHEMA) as write:
        for batch in items.without(drops["place"].to_numpy()).batches(ITEM_SCHEMA.names):
            rows = batch.drop("place").to_arrow(compat_level=pl.CompatLevel.oldest())
            write(rows.cast(ITEM_SCHEMA))
    return drops.height


def from_raw_text(folder: Path, target: Path) -> int:
    """Ingest and drop exact duplicates."""
    ingest(folder, target)
    return stage(target)


def rewrite(source: Path, target: Path) -> None:
    """Read Parquet whole and write it again."""
    import pyarrow.parquet as pq

    pq.write_table(pq.read_table(source), target, compression="zstd")


def peer(folder: Path, target: Path) -> int:
    """Run datatrove's three steps; return how many rows went."""
    command = [peer_python(), "-m", "benchmarks.exact", "--as-peer", folder, target]
    root = Path(__file__).resolve().parents[1]
    done = subprocess.run([str(part) for part in command], cwd=root, check=True, stdout=subprocess.PIPE, text=True)
    return int(json.loads(done.stdout.strip().rpartition("\n")[2]))


def run_peer(folder: Path, target: Path) -> int:
    """In the peer's own interpreter."""
    import pyarrow.parquet as pq
    from datatrove.data import Document
    from datatrove.pipeline.dedup import ExactDedupFilter, ExactDedupSignature, ExactFindDedups
    from datatrove.pipeline.dedup.exact_dedup import ExactDedupConfig
    from datatrove.pipeline.writers import ParquetWriter

    def documents() -> Iterator[Any]:
        for path in parts(folder):
            for row in pq.read_table(path).to_pylist():
                row["options"] = json.dumps(row["options"])
                yield Document(text=row.pop("question"), id=row.pop("id"), metadata=row)

    config = ExactDedupConfig(content_getter=lambda document: document.text + document.metadata["options"])
    signatures, found = target / "signatures", target / "found"
    ExactDedupSignature(str(signatures), config).run(documents(), 0, 1)
    ExactFindDedups(str(signatures), str(found), config).run(None, 0, 1)
    kept = 0
    with ParquetWriter(str(target / "kept"), compression="zstd") as writer:
        for document in ExactDedupFilter(str(found), config).run(documents(), 0, 1):
            writer.write(document)
            kept += 1
    return sum(pq.read_metadata(path).num_rows for path in parts(folder)) - kept


def least(*call: Any) -> Measured:
    """Measure a call a few times."""
    return min((measure(*call) for _ in range(TRIES)), key=lambda run: run.cpu)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=588_645)
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS))
    parser.add_argument("--as-peer", nargs=2, type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.as_peer:
        print(run_peer(*options.as_peer))
        return
    lines = []
    for seed in options.seeds:
        with tempfile.TemporaryDirectory() as place:
            folder, target = planted(options.rows, seed), Path(place)
            same = as_parquet(ingest(folder, target), target / "same")
            floor = least(rewrite, same, target / "floor.parquet")
            runs = {"rewriting": floor, "stage": least(stage, target)}
            runs["from raw text"] = least(from_raw_text, folder, target / "raw")
            if peer_python():
                runs["datatrove, from raw text"] = measure(peer, folder, target)
            lines += [
                [seed, name, run.cpu, run.cpu / floor.cpu, run.peak_mib, run.result if run is not floor else ""]
                for name, run in runs.items()
            ]
    print_table(f"Exact duplicates, {options.rows:,} rows", ["seed", "run", "CPU s", "ratio", "MiB", "dropped"], lines)


if __name__ == "__main__":
    sys.exit(main())
