"""The evaluation sets that a corpus is held to, ingested like any source and kept in the workspace.

WORKSPACE/benchmarks/NAME/CONTENT/   0-ingest-SOURCE/   items.arrow, rejected.parquet, stage.json
                                     index/             of all of them: arrays, stage.json
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from crossthink.errors import UserError, several
from crossthink.files import atomic_directory, digest, locked
from crossthink.progress import Progress
from crossthink.workspace import Workspace
from curate.code import code_digest
from curate.config import BenchmarkSet
from curate.contamination.index import BenchmarkIndex
from curate.done import Done, finish, made, reuse
from curate.ingest import INGESTED_FILE, REJECTED_FILE, ingest_source
from curate.inputs import SourceInput, open_inputs
from curate.oddities import REPEATS
from curate.readers.rows import RejectReason, conversion
from curate.table import ItemTable
from manifests.manifest import LedgerLine, SourceRecord

INDEX = "index"
"""Folder of the index that finds a set's items in a corpus, beside its items."""

UNREADABLE_SHARE = 0.05
"""Of a benchmark's records; beyond it the set is not what its adapter takes it for."""


@dataclass(frozen=True)
class Benchmarks:
    """Benchmarks that have been read.

    Attributes:
        items: one file per benchmark.
        records: what a manifest says of each.
        key: digest of their content and of the code that read them.
        folder: of their index.
    """

    items: ItemTable
    records: list[SourceRecord]
    key: str
    folder: Path

    def index(self) -> BenchmarkIndex:
        """What finds the items in a corpus.

        Raises:
            UserError: the index that is kept is damaged.
        """
        return BenchmarkIndex.load(self.items, self.folder)


def read_benchmarks(chosen: BenchmarkSet, workspace: Workspace, progress: Progress) -> Benchmarks:
    """Ingest and index a set of benchmarks, or reuse what stands.

    Args:
        chosen: as `curate.config.load_benchmarks` gives it, its root the folder of its files.
        workspace: where the items are kept.

    Raises:
        UserError: an input is missing or cannot be read.
    """
    folder = workspace.benchmarks / chosen.name
    with locked(folder, f"set of benchmarks {chosen.name!r}"):
        inputs = open_inputs(chosen.sources, Path(chosen.root), folder / "generated", workspace)
        content = folder / digest([[source.identity() for source in inputs], code_digest()])[:12]
        done = [ingest(source, content, UNREADABLE_SHARE, progress) for source in inputs]
        items, key = ItemTable(tuple(each.folder / INGESTED_FILE for each in done)), digest([each.key for each in done])
        _keep_index(items, content / INDEX, key)
    records = [source.record(each.ledger[0].rows_in) for source, each in zip(inputs, done, strict=True)]
    return Benchmarks(items, records, key, content / INDEX)


def _keep_index(items: ItemTable, folder: Path, key: str) -> None:
    """Index the items, unless an index of them stands whole."""
    if reuse(INDEX, folder, key) is None:
        with atomic_directory(folder) as made_in:
            BenchmarkIndex.of(items).save(made_in)
            finish(made_in, key, [], {})


def ingest(source: SourceInput, folder: Path, allowed: float, progress: Progress) -> Done:
    """Read one source into a folder of its own under `folder`, or reuse what stands.

    Args:
        allowed: share of the records that may be unreadable.

    Raises:
        UserError: more of them are, or there is no record at all.
    """
    name = source.settings.name
    key = digest(["ingest", source.identity(), code_digest()])

    def make(place: Path, at: Callable[[str], None]) -> tuple[list[LedgerLine], dict[str, Any]]:
        counted = ingest_source(source, place, at)
        line = LedgerLine(
            stage="ingest",
            source=name,
            unit="items",
            rows_in=counted.records,
            added=0,
            kept=counted.items,
            dropped=counted.rejected.total(),
            reasons=dict(sorted(counted.rejected.items())),
        )
        return [line], {"questions": _questions(place / INGESTED_FILE)}

    done = made(f"ingest {name}", ingested_at(folder, name), key, make, progress)
    _judge_unreadable(source, done, allowed, progress)
    rows, questions = done.ledger[0].kept, done.facts["questions"]
    if rows > REPEATS * questions:
        progress.say(f"  ! {name}: {rows:,} rows hold only {questions:,} questions")
    if source.license == "unknown":
        progress.say(f"  ! {name}: its licence is unknown; state one in the configuration")
    return done


def ingested_at(folder: Path, source: str) -> Path:
    """Where the items of a source are, under a folder of stages or of benchmarks."""
    return folder / f"0-ingest-{source}"


def _questions(items: Path) -> int:
    """How many different questions there are."""
    hashes = [batch["item_id"].hash() for batch in ItemTable((items,)).batches(["item_id"])]
    return pl.concat(hashes).n_unique() if hashes else 0


def _judge_unreadable(source: SourceInput, ingested: Done, allowed: float, progress: Progress) -> None:
    """Say what could not be read, and end the run if it is more than the share that is allowed."""
    line = ingested.ledger[0]
    if not line.dropped:
        return
    first = pl.scan_parquet(ingested.folder / REJECTED_FILE, glob=False).first().collect().row(0, named=True)
    reasons = ", ".join(f"{count:,} {reason}" for reason, count in line.reasons.items())
    if line.dropped > allowed * line.rows_in:
        message = json.loads(first["evidence"])["message"]
        if first["reason"] == RejectReason.BAD_BYTES:
            message = f"{message}; {conversion()}"
        raise UserError(
            f"source {line.source}: {line.dropped:,} of {line.rows_in:,} records cannot be read as {source.adapter.name}"
            f" ({reasons}), more than limits.unreadable_share ({allowed:.0%}) allows."
            f" First: {first['source_row']}  {message}"
        )
    progress.say(
        f"  ! {line.source}: {several(line.dropped, 'record')} could not be read ({reasons}); first: {first['source_row']}"
    )
