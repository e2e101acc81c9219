"""What every benchmark shares: a measured run in a process of its own, the planted data, and a table of ratios.

A figure is the CPU time (user and system, of the process and of all processes that it started) and the largest resident
memory of a fresh process. Machines are noisy and differ, so a table holds ratios against a floor or a peer of the same
run, and a claim is about the ratio.
"""

import importlib
import multiprocessing
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SHARED = Path(__file__).resolve().parents[1] / ".." / "shared" / "data"
"""Real data sets and the generator of planted ones, beside the repository."""

CACHE = Path(os.environ.get("CROSSTHINK_BENCHMARKS", Path(__file__).parent / ".data"))
"""Where the planted corpora are made, once; not part of the repository."""

SEEDS = (7, 8, 9)

MAPPING = "mapping.yaml"
"""How the rows of a folder are read that has one; else they are plain rows."""
_STEP = 4099  # characters between the beginnings of two solutions

PEER_VARIABLE = "CROSSTHINK_PEER_PYTHON"
PEER_PLACE = Path(__file__).resolve().parents[1] / ".venv-peers" / "bin" / "python"
"""Where `make peers` puts datatrove, whose requirements are older than this project's."""


def peer_python() -> str | None:
    """The interpreter that has datatrove; None, said aloud, when there is none: the table is then without the peer."""
    found = os.environ.get(PEER_VARIABLE) or (str(PEER_PLACE) if PEER_PLACE.is_file() else None)
    if found is None:
        print(
            f"no peer in this table: run `make peers`, or name a Python with datatrove in {PEER_VARIABLE}",
            file=sys.stderr,
        )
    elif not Path(found).is_file():
        sys.exit(f"{PEER_VARIABLE}: {found} is not a file, expected a Python with datatrove; `make peers` installs one")
    return found


@dataclass(frozen=True)
class Measured:
    """One run: CPU and wall time in seconds, peak memory in MiB, and what the function returned."""

    cpu: float
    wall: float
    peak_mib: float
    result: Any


def measure(function: Callable[..., Any], *arguments: Any) -> Measured:
    """Run a module-level function in a new process and return what it took.

    Importing the function's module is not charged to it, nor what that module names as `IMPORTS`; what the function itself
    imports besides is.
    """
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_measured, function, arguments).result()


def _measured(function: Callable[..., Any], arguments: tuple[Any, ...]) -> Measured:
    for name in getattr(sys.modules[function.__module__], "IMPORTS", ()):
        importlib.import_module(name)
    cpu, wall = _cpu(), time.perf_counter()
    result = function(*arguments)
    cpu, wall = _cpu() - cpu, time.perf_counter() - wall
    return Measured(cpu, wall, _peak_mib(), result)


def _peak_mib() -> float:
    """Largest resident memory of this process or of one that it started, in MiB.

    On Linux the kernel's own mark is read for this process: `ru_maxrss` also has what its parent held when it forked.
    """
    unit = 2**20 if sys.platform == "darwin" else 2**10  # bytes there, KiB here
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / unit
    status = Path("/proc/self/status")
    if not status.is_file():
        return max(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit, children)
    mark = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
    return max(int(mark.split()[1]) / 2**10, children)


def _cpu() -> float:
    uses = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(use.ru_utime + use.ru_stime for use in uses)


def planted(rows: int, seed: int) -> Path:
    """Return the folder of a planted corpus (Parquet parts, labels.jsonl, benchmark_items.jsonl); made when missing."""
    folder = CACHE / f"planted-{rows}-{seed}"
    if not (folder / "summary.json").is_file():
        maker = SHARED / "make_scale_corpus.py"
        if not maker.is_file():
            sys.exit(f"{maker}: not found; the planted corpora are made with it")
        options = ["--rows", rows, "--seed", seed, "--format", "parquet", "--out", folder]
        subprocess.run([sys.executable, str(maker), *map(str, options)], check=True, stdout=subprocess.DEVNULL)
    return folder


def parts(folder: Path) -> list[Path]:
    """The Parquet files of a planted corpus, in order."""
    return sorted(folder.glob("data-*.parquet"))


def planted_long(rows: int, seed: int, solution_bytes: int) -> Path:
    """Return the folder of a planted corpus whose every row has a worked solution of about so many bytes, with the mapping that
    reads it; made when missing.

    What the solutions say is of no meaning: each is another stretch of the questions of its file.
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    from curate.sources.registry import MAPPINGS

    folder = CACHE / f"planted-{rows}-{seed}-{solution_bytes}"
    if not (folder / MAPPING).is_file():
        folder.mkdir(parents=True, exist_ok=True)
        for part in parts(planted(rows, seed)):
            table = pq.read_table(part)
            text = "\n".join(table["question"].to_pylist()) + "\n"
            text *= 1 + 2 * solution_bytes // len(text)
            schema = table.schema.append(pa.field("solution", pa.string()))
            with pq.ParquetWriter(folder / part.name, schema, compression="zstd") as writer:
                begin = 0
                for batch in table.to_batches(max_chunksize=1 << 10):
                    starts = (np.arange(begin, begin + len(batch)) * _STEP % (len(text) - solution_bytes)).tolist()
                    solutions = pa.array([text[start : start + solution_bytes] for start in starts], pa.string())
                    writer.write_batch(pa.RecordBatch.from_arrays([*batch.columns, solutions], schema=schema))
                    begin += len(batch)
        (folder / MAPPING).write_text(f"{(MAPPINGS / 'qa_rows.yaml').read_text()}solutions: solution\n")
    return folder


def planted_items(rows: int, seed: int) -> Path:
    """Return a planted corpus as one Parquet file of `ITEM_SCHEMA`, for benchmarks of a single stage; made when missing."""
    import polars as pl

    from crossthink.files import write_parquet
    from curate.items import ITEM_SCHEMA

    target = CACHE / f"items-{rows}-{seed}.parquet"
    if not target.is_file():
        read = pl.read_parquet(parts(planted(rows, seed)))
        options, answer = pl.col("options"), pl.col("answer")
        kind = pl.when(pl.col("type") == "mcq").then(pl.lit("choice")).when(pl.col("type") == "numeric")
        items = read.select(
            item_id="id",
            source="source",
            source_row="id",
            origin=pl.lit("synthetic"),
            domain=pl.when(pl.col("domain") == "math").then(pl.lit("math")).otherwise(pl.lit("gpr")),
            subject=pl.lit(None, pl.String),
            question="question",
            context=pl.lit(None, pl.String),
            options=options,
            answer=answer,
            answer_kind=kind.then(pl.lit("number")).otherwise(pl.lit("text")),
            license=pl.lit("unknown"),
            language=pl.lit("en"),
            extra=pl.lit(None, pl.String),
        )
        found = [
            None if texts is None or gold not in texts else texts.index(gold)
            for texts, gold in zip(read["options"].to_list(), read["answer"], strict=True)
        ]
        items = items.with_columns(answer_index=pl.Series(found, dtype=pl.Int32))
        missing = [pl.lit(None).alias(name) for name in ITEM_SCHEMA.names if name not in items.columns]
        full = items.with_columns(missing).select(ITEM_SCHEMA.names)
        write_parquet(target, full.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(ITEM_SCHEMA))
    return target


def as_ingested(items: Path) -> Path:
    """Return a copy of a Parquet file of items in the form in which ingestion leaves them; made when missing."""
    import pyarrow.parquet as pq

    from crossthink.files import arrow_writer, atomic_path

    target = items.with_suffix(".arrow")
    if not target.is_file():
        with pq.ParquetFile(items) as file, atomic_path(target) as temporary:
            schema = file.schema_arrow
            with arrow_writer(temporary, schema) as write:
                for group in range(file.num_row_groups):
                    write(file.read_row_group(group))
    return target


def as_parquet(items: Path, folder: Path) -> Path:
    """Return a copy of ingested items that every tool reads: `items.parquet` in a folder of its own."""
    import pyarrow as pa

    from crossthink.files import write_parquet

    target = folder / "items.parquet"
    with pa.OSFile(str(items)) as file:
        write_parquet(target, pa.ipc.open_file(file).read_all())
    return target


def print_table(title: str, head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table that can be pasted into a page."""
    print(f"\n{title}\n")
    print("| " + " | ".join(head) + " |")
    print("| " + " | ".join("---" for _ in head) + " |")
    for row in rows:
        print("| " + " | ".join(_cell(value) for value in row) + " |")


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 100 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
