"""The rows of a preference stage: where the responses come from, and the files that are made of them.

    STAGE/pairs.parquet    each row that was looked at, with its pair or the reason why it has none (`pairs.py`)
    STAGE/rows.parquet     what the trainer reads: the pairs in order, from the top again where they end

From runs that have ended, both are written when the run is rendered. From the grpo stage before, they are written when
that stage has ended; until then the stage has its prompts, STAGE/prompts.parquet.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from blends.export.blocks import blocks
from crossthink.errors import UserError
from crossthink.files import atomic_path, parquet_writer, write_parquet
from manifests.manifest import MESSAGES, ORDER_SCHEMA
from manifests.store import Stored
from train_backend.backend import RenderedStage
from train_backend.overview import ROLLOUTS_FILE, read_run
from train_backend.pairs import PAIRS_SCHEMA, Lengths, Outcome, answer, pair_up
from train_backend.rollouts import collect_rollouts

PAIRS_FILE, ROWS_FILE, PROMPTS_FILE = "pairs.parquet", "rows.parquet", "prompts.parquet"

PROMPTS_SCHEMA = pa.schema([ORDER_SCHEMA.field(name) for name in ("position", "row_id", "source", "prompt")])
ROWS_SCHEMA = pa.schema([("prompt", MESSAGES), ("chosen", MESSAGES), ("rejected", MESSAGES)])


def write_prompts(blend: Stored, first: int, rows: int, destination: Path) -> None:
    """Write what pairs need of rows `first` to `first + rows` of a blend."""
    with atomic_path(destination) as temporary, parquet_writer(temporary, PROMPTS_SCHEMA) as write:
        for block in blocks(blend.rows_path, PROMPTS_SCHEMA.names, first + rows):
            table = pa.Table.from_batches([block])
            write(table.filter(pa.compute.greater_equal(table["position"], first)).cast(PROMPTS_SCHEMA))


def write_pairs_of_stage(stage: Path, before: Path, lengths: Lengths, rows: int) -> str:
    """Write a stage's pairs from the responses of a grpo stage of the same run, which has ended.

    Args:
        stage: its folder, with its prompts.
        before: folder of the grpo stage.
        rows: that the trainer will read.

    Returns:
        What came of it, for the log.

    Raises:
        UserError: there is no pair.
    """
    run_id = stage.resolve().parent.name
    with TemporaryDirectory() as folder:
        rollouts = Path(folder) / ROLLOUTS_FILE
        answered = RenderedStage("grpo", before, steps=0, headline="")
        collect_rollouts([answered], stage / PROMPTS_FILE, run_id, rollouts)
        return _write_pairs(stage, run_id, [rollouts], stage / PROMPTS_FILE, lengths, rows)


def write_pairs_of_runs(
    stage: Path, runs: Path, names: Sequence[str], blend: Stored, lengths: Lengths, rows: int
) -> str:
    """Write a stage's pairs from the responses of runs that have succeeded, on this blend or on another with its prompts.

    Args:
        runs: folder of the workspace's runs.
        names: of the runs.

    Raises:
        UserError: a run is not there, did not succeed or had other prompts, or there is no pair.
    """
    for name in names:
        _check_run(runs, name, blend)
    rollouts = [runs / name / ROLLOUTS_FILE for name in names]
    return _write_pairs(stage, stage.parent.name, rollouts, blend.rows_path, lengths, rows)


def collect_pairs(stages: Sequence[RenderedStage], destination: Path) -> None:
    """Write the pairs of all stages of a run, as `PAIRS_SCHEMA`."""
    files = [stage.folder / PAIRS_FILE for stage in stages if (stage.folder / PAIRS_FILE).exists()]
    tables = [pq.read_table(file) for file in files]
    write_parquet(destination, pa.concat_tables(tables) if tables else PAIRS_SCHEMA.empty_table())


def _check_run(runs: Path, name: str, blend: Stored) -> None:
    run = read_run(runs, name)
    if run.ended != "succeeded":
        raise UserError(f"{run.folder}: pairs.runs names it, and it is {run.ended}; expected a run that succeeded")
    if run.manifest.prompt_digest != blend.manifest.prompt_digest:
        raise UserError(
            f"{run.folder}: pairs.runs names it, and its blend {run.blend} had other prompts than {blend.reference}"
            f" (digest {run.manifest.prompt_digest[:12]}, here {blend.manifest.prompt_digest[:12]})"
        )


def _write_pairs(stage: Path, run_id: str, rollouts: Sequence[Path], prompts: Path, lengths: Lengths, rows: int) -> str:
    found = pair_up(pl.scan_parquet(list(rollouts)), pl.scan_parquet(prompts), lengths)
    count = found["pair"].count()
    told = _told(Counter(found["outcome"].to_list()), rows)
    if not count:
        raise UserError(f"{stage}: no row gives a pair. {told}")
    table = found.with_columns(run_id=pl.lit(run_id), stage=pl.lit(stage.name)).select(PAIRS_SCHEMA.names)
    write_parquet(stage / PAIRS_FILE, table.to_arrow().cast(PAIRS_SCHEMA))
    with atomic_path(stage / ROWS_FILE) as temporary, parquet_writer(temporary, ROWS_SCHEMA) as write:
        write(pa.Table.from_pylist(list(islice(cycle(_rows(found)), rows)), schema=ROWS_SCHEMA))
    return told


def _rows(found: pl.DataFrame) -> Iterator[dict[str, object]]:
    for row in found.filter(pl.col("pair").is_not_null()).iter_rows(named=True):
        yield {"prompt": row["prompt"], "chosen": [answer(row["chosen"])], "rejected": [answer(row["rejected"])]}


def _told(outcomes: Counter[str], rows: int) -> str:
    pairs = outcomes[Outcome.PAIR]
    others = "".join(f", {outcomes[each]} {each.replace('_', ' ')}" for each in Outcome if each != Outcome.PAIR)
    again = f" The stage reads {rows}, so each {rows / pairs:.1f} times." if pairs else ""
    return f"Of {outcomes.total()} rows that were answered: {pairs} pairs{others}.{again}"
