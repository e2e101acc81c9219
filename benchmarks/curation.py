"""The whole curation, Parquet in and corpus out, beside rewriting the Parquet file.

    python -m benchmarks.curation [--rows 588645] [--seeds 7] [--memory 2GiB] [--no-benchmarks]

Every stage runs as `crossthink curate` runs it, decontamination against the shared benchmarks included; those have been read
before, as they are for the second corpus of a workspace. The math-verify workers, which are processes of their own, are not
counted. The floor reads the same files and writes them again with PyArrow, which wrote them: the median of three runs before
and three after. Polars and DuckDB, which people rewrite with as well, stand beside it; the three take turns, so that none finds
memory that is still warm from its own last run. A second table says which stages of the same runs took it.
"""

import argparse
import os
import resource
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.harness import MAPPING, SHARED, measure, planted, print_table
from benchmarks.rewriting import REWRITERS
from crossthink.progress import Progress, Step

CONFIG = """
name: planted
root: {root}
sources:
  - {{name: planted, adapter: {adapter}, files: ["data-*.parquet"], license: unknown}}
{benchmarks}
"""


@dataclass(frozen=True)
class Curated:
    """What a curation took, in CPU seconds of its own process, all of it and step by step, and what stays."""

    cpu: float
    steps: dict[str, float]
    items: int
    variants: int


class Clock(Progress):
    """Says what a curation says, and notes the CPU seconds of each of its steps."""

    def __init__(self) -> None:
        super().__init__()
        self.steps: dict[str, float] = {}

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        before = _cpu()
        with super().step(title) as step:
            yield step
        self.steps[title] = _cpu() - before


def ours(folder: Path, workspace: Path, memory: str, with_benchmarks: bool) -> Curated:
    """Curate a planted corpus."""
    from crossthink.engines import use_memory
    from crossthink.workspace import Workspace
    from curate.benchmarks import read_benchmarks
    from curate.config import SHIPPED, load_benchmarks, load_curation
    from curate.pipeline import curate

    use_memory(memory)
    config_file = workspace.parent / "planted.yaml"
    adapter = folder / MAPPING if (folder / MAPPING).is_file() else "qa_rows"
    config_file.write_text(CONFIG.format(root=folder, adapter=adapter, benchmarks=""))
    config, root = load_curation(config_file)
    if with_benchmarks:
        chosen = load_benchmarks(SHIPPED / "open-benchmarks.yaml", SHARED)
        config = config.model_copy(update={"benchmarks": chosen})
        read_benchmarks(chosen, Workspace(workspace), Progress())
    clock, before = Clock(), _cpu()
    corpus = curate(config, root, Workspace(workspace), clock)
    own = _cpu() - before
    return Curated(own, clock.steps | {"between them": own - sum(clock.steps.values())}, corpus.items, corpus.variants)


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
    lines, runs = [], {}
    for rows in options.rows:
        for seed in options.seeds:
            folder = planted(rows, seed)
            with tempfile.TemporaryDirectory(dir=os.environ.get("CROSSTHINK_SCRATCH")) as place:
                floors = _floors(folder, Path(place))
                mine = measure(ours, folder, Path(place) / "workspace", options.memory, not options.no_benchmarks)
                floors += _floors(folder, Path(place))
            found: Curated = mine.result
            ratios: list[float] = []
            for name in REWRITERS:
                floor = statistics.median(cpu for rewriter, cpu in floors if rewriter == name)
                ratios += [floor, found.cpu / floor]
            lines.append([rows, seed, found.cpu, *ratios, mine.peak_mib, found.items, found.variants])
            runs[f"{rows:,} rows, seed {seed}"] = found.steps
    held_to = [head for name in REWRITERS for head in (f"rewriting with {name}", "ratio")]
    head = ["rows", "seed", "curation, CPU s", *held_to, "MiB", "items", "variants"]
    print_table(f"Whole curation, memory {options.memory}", head, lines)
    titles = dict.fromkeys(title for steps in runs.values() for title in steps)
    stages = [[title, *(steps[title] for steps in runs.values())] for title in titles]
    print_table("Its stages, CPU s", ["stage", *runs], stages)


if __name__ == "__main__":
    sys.exit(main())
