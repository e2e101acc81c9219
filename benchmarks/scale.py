"""The whole curation of ten million rows, with no more memory than the setting says: the kernel holds it to that.

    python -m benchmarks.scale [--rows 10000000] [--seed 7] [--memory 2GiB] [--solution-bytes 25000]

The run is put into a control group of its own (cgroup, version 1 or 2) whose limit is the memory that was set. To the group
counts all that its processes touch: the curation, its math-verify workers, mapped files, and the pages of the files that are
read and written, which the kernel takes back first. Who needs more is killed, so a run that ends has kept within it. Making
a group takes the right to: root, or a container that may. Planting ten million rows takes some minutes, once. Planted rows have
some 400 bytes; with `--solution-bytes` each has a worked solution besides.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.curation import Curated, ours
from benchmarks.harness import measure, planted, planted_long, print_table

GROUPS = Path("/sys/fs/cgroup")


@dataclass(frozen=True)
class Group:
    """A control group: its folder, and the names that its version has for a limit and for the most that was in use."""

    folder: Path
    limit: str
    peak: str

    def peak_mib(self) -> float:
        return int((self.folder / self.peak).read_text()) / 2**20


@contextmanager
def limited(memory: int) -> Iterator[Group]:
    """Yield a new control group that may use so many bytes of memory and no swap; leave, and say why, if none can be made."""
    name = f"crossthink-{os.getpid()}"
    if (GROUPS / "memory").is_dir():
        group = Group(GROUPS / "memory" / name, "memory.limit_in_bytes", "memory.max_usage_in_bytes")
    else:
        group = Group(GROUPS / name, "memory.max", "memory.peak")
    try:
        group.folder.mkdir()
        (group.folder / group.limit).write_text(str(memory))
        for swap, most in (("memory.memsw.limit_in_bytes", memory), ("memory.swap.max", 0)):
            if (group.folder / swap).is_file():
                (group.folder / swap).write_text(str(most))
    except OSError as error:
        sys.exit(f"{group.folder}: no control group can be made here ({error.strerror}); it takes root, as a rule")
    try:
        yield group
    finally:
        _remove(group.folder)


def _remove(folder: Path) -> None:
    """Remove a group once the processes that the kernel is ending have left it; after some seconds it is left."""
    for _ in range(50):
        with suppress(OSError):
            folder.rmdir()
            return
        time.sleep(0.1)


def inside(group: Path, corpus: Path, workspace: Path, memory: str) -> Curated:
    """Curate from within a control group, held to the benchmarks; see `benchmarks.curation.ours`."""
    (group / "cgroup.procs").write_text(str(os.getpid()))
    return ours(corpus, workspace, memory, with_benchmarks=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--memory", default="2GiB")
    parser.add_argument("--solution-bytes", type=int, help="of a worked solution that each row is given")
    options = parser.parse_args()
    from crossthink.engines import memory_bytes, use_memory

    use_memory(options.memory)
    rows, seed, long = options.rows, options.seed, options.solution_bytes
    folder = planted_long(rows, seed, long) if long else planted(rows, seed)
    with tempfile.TemporaryDirectory(dir=os.environ.get("CROSSTHINK_SCRATCH")) as place:
        try:
            with limited(memory_bytes()) as group:
                mine = measure(inside, group.folder, folder, Path(place) / "workspace", options.memory)
                peak = group.peak_mib()
        except BrokenProcessPool:
            sys.exit(f"{options.rows:,} rows: the kernel stopped the run, which needed more than {options.memory}")
    found: Curated = mine.result
    head = ["rows", "minutes", "CPU s", "us a row", "MiB in the group", "MiB resident", "items", "variants"]
    per_row = found.cpu / options.rows * 1e6
    row = [options.rows, mine.wall / 60, found.cpu, per_row, peak, mine.peak_mib, found.items, found.variants]
    print_table(f"Whole curation in a control group of {options.memory}", head, [row])


if __name__ == "__main__":
    sys.exit(main())
