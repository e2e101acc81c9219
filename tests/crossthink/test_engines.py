"""The engines' memory: kept from batch to batch where there is enough, and given back when a stage asks."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CODE = """
import sys, time
from crossthink.engines import release_memory, use_memory
use_memory(sys.argv[1])
import numpy as np, polars as pl, pyarrow as pa

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * 4096 >> 20

def batch():
    rows = pl.int_range(4_000_000, eager=True).cast(pl.String)
    arrays = [pa.array(np.arange(1 << 17)).cast(pa.string()) for _ in range(60)]
    return rows, arrays

pl.int_range(10, eager=True).cast(pl.String)
held = batch()
top = resident()
del held
time.sleep(1.5)
pl.int_range(1000, eager=True).cast(pl.String).sort()  # an allocator looks at its clock where it is used
large = [pa.allocate_buffer(1 << 20) for _ in range(3)]
kept = resident()
release_memory()
print(top, kept, resident())
"""

tells_resident = pytest.mark.skipif(
    not Path("/proc/self/statm").exists(), reason="the system does not say what is resident"
)


@tells_resident
def test_freed_memory_is_kept_for_the_next_batch_and_given_back_when_asked() -> None:
    top, kept, released = _resident("2GiB")
    assert kept > top - 50
    assert released < kept - 50


@tells_resident
def test_freed_memory_is_not_kept_where_less_than_the_default_is_set() -> None:
    top, kept, _ = _resident("1GiB")
    assert kept < top - 150


def _resident(memory: str) -> tuple[int, ...]:
    """MiB when a batch is held, when it was let go of, and when memory was released."""
    run = subprocess.run([sys.executable, "-c", CODE, memory], capture_output=True, text=True, cwd=ROOT, check=True)
    return tuple(map(int, run.stdout.split()))
