"""The whole curation, Parquet in and corpus out, beside rewriting the Parquet file.

    python -m benchmarks.curation [--rows 588645] [--seeds 7] [--memory 2GiB] [--no-benchmarks]

Every stage runs as `crossthink curate` runs it, decontamination against the shared benchmarks included; those have been read
before, as they are for the second corpus of a workspace. The math-verify workers, which are processes of their own, are not
counted. The floor reads the same files and writes them again with PyArrow, which wrote them: the median of three runs before
and three after. Polars and DuckDB, which people rewrite with as well, stand beside it; the three take turns, so that none finds
memory that is still warm from its own last run.
"""

import argparse
import os
import resource
import statistics
import sys
import tempfile
from pathlib import Path

from benchmarks.harness import SHARED, measure, planted, print_table
from benchmarks.rewriting import REWRITERS

CONFIG = """
name: planted
root: {root}
sources:
  - {{name: planted, adapter: qa_rows, files: ["data-*.parquet"], license: unknown}}
{benchmarks}
"""


def ours(folder: Path, workspace: Path, memory: str, with_benchmarks: bool) -> dict[str, float]:
    """Curate a planted corpus; return the CPU seconds of this process and of its workers, and how many items stay."""
    from crossthink.engines import use_memory
    from crossthink.progress import Progress
    from crossthink.workspace import Workspace
    from curate.benchmarks import read_benchmarks
    from curate.config import SHIPPED, load_benchmarks, load_curation
    from curate.pipeline import curate

    use_memory(memory)
    config_file = workspace.parent / "planted.yaml"
    config_file.write_text(CONFIG.format(root=folder, benchmarks=""))
    config, root = load_curation(config_file)
    if with_benchmarks:
        chosen = load_benchmarks(SHIPPED / "open-benchmarks.yaml", SHARED)
        config = config.model_copy(update={"benchmarks": chosen})
        read_benchmarks(chosen, Workspace(workspace), Progress())
    before = _cpu()
    corpus = curate(config, root, Workspace(workspace), Progress())
    own = _cpu() - before
    dropped: dict[str, float] = {}
    for line in corpus.ledger:
        dropped[line.stage] = dropped.get(line.stage, 0) + line.dropped
    return {"cpu": own, "items": corpus.items, "variants": corpus.variants, **dropped}


def _cpu() -> float:
    """CPU seconds of this process alone."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _floors(folder: Path, place: Path) -> list[tuple[str, float]]:
    """Who rewrote the files, and in how many CPU seconds; each three times."""
    target = place / "floor.parquet"
    return [(name, measure(how, folder, target).cpu) for _ in range(3) for name, how in REWRITERS.items()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[588_645])
    parser.add_argument("--seeds", type=int, nargs="+", default=[7])
    parser.add_argument("--memory", default="2GiB")
    parser.add_argument("--no-benchmarks", action="store_true", help="without decontamination")
    options = parser.parse_args()
    lines = []
    for rows in options.rows:
        for seed in options.seeds:
            folder = planted(rows, seed)
            with tempfile.TemporaryDirectory(dir=os.environ.get("CROSSTHINK_SCRATCH")) as place:
                floors = _floors(folder, Path(place))
                mine = measure(ours, folder, Path(place) / "workspace", options.memory, not options.no_benchmarks)
                floors += _floors(folder, Path(place))
            found = mine.result
            ratios: list[float] = []
            for name in REWRITERS:
                floor = statistics.median(cpu for rewriter, cpu in floors if rewriter == name)
                ratios += [floor, found["cpu"] / floor]
            lines.append([rows, seed, found["cpu"], *ratios, mine.peak_mib, found["items"], found["variants"]])
    held_to = [head for name in REWRITERS for head in (f"rewriting with {name}", "ratio")]
    head = ["rows", "seed", "curation, CPU s", *held_to, "MiB", "items", "variants"]
    print_table(f"Whole curation, memory {options.memory}", head, lines)


if __name__ == "__main__":
    sys.exit(main())
