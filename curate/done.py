"""A finished stage on disk: which rows it dropped and why, with a key that says when it can be used again.

.stages/N-NAME/   drops.parquet   the places that go, with reason and evidence
                  *.parquet       what the stage leaves besides
                  *.arrow         rows that later stages read: items, variants
                  stage.json      written last: the key, the files' CRC-32, the ledger, the facts
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow.parquet as pq

from crossthink.engines import release_memory
from crossthink.files import atomic_directory, crc32_file, digest, parquet_writer, write_json, write_parquet
from crossthink.progress import Progress
from curate.stage import DROPS_SCHEMA, Outcome
from curate.table import PLACE, ItemTable
from curate.verify.pool import rest_workers
from manifests.manifest import LedgerLine

DROPS_FILE, STAGE_FILE = "drops.parquet", "stage.json"
NO_DROPS = pl.DataFrame(schema=pl.Schema(DROPS_SCHEMA) | {"stage": pl.String})
Unit = Literal["items", "variants"]


class ConservationError(RuntimeError):
    """A stage lost or invented rows: a fault of the stage, never of the data."""


@dataclass(frozen=True)
class Done:
    """A finished stage.

    Attributes:
        name: of the stage.
        folder: where its files are.
        key: digest of settings, inputs and code.
        ledger: one line per source that had rows.
        facts: figures that the ledger does not hold.
    """

    name: str
    folder: Path
    key: str
    ledger: list[LedgerLine]
    facts: dict[str, Any]

    @property
    def output(self) -> str:
        """Digest of what it made: its key and, where a model was asked, what that answered."""
        asked = self.facts.get("asked")
        return digest([self.key, asked["answers"]]) if asked else self.key

    @cached_property
    def dropped(self) -> npt.NDArray[np.int64]:
        """The places that the stage dropped, ascending."""
        return pl.read_parquet(self.folder / DROPS_FILE, columns=[PLACE], glob=False)[PLACE].to_numpy()

    def drops(self) -> Iterator[pl.DataFrame]:
        """Yield what the stage dropped, in order of place, by row groups, with the column `stage`; none is empty."""
        with pq.ParquetFile(self.folder / DROPS_FILE) as file:
            for number in range(file.num_row_groups):
                group = cast(pl.DataFrame, pl.from_arrow(file.read_row_group(number)))
                if group.height:
                    yield group.with_columns(stage=pl.lit(self.name))

    def summary(self) -> str:
        kept, dropped = sum(line.kept for line in self.ledger), sum(line.dropped for line in self.ledger)
        return f"{kept:,} kept, {dropped:,} dropped"


def reuse(name: str, place: Path, key: str) -> Done | None:
    """Return a stage that stands whole and with this key; whatever else is there is left to be replaced.

    A stage of which a model left requests without an answer is made again: these alone are then asked.
    """
    try:
        stated = json.loads((place / STAGE_FILE).read_bytes())
        pins = _pins(place)
        if stated["key"] != key or stated["files"] != pins or stated["facts"].get("asked", {}).get("failures"):
            return None
        return Done(name, place, key, [LedgerLine(**line) for line in stated["ledger"]], stated["facts"])
    except (OSError, ValueError, TypeError, KeyError):
        return None


def made(
    title: str,
    place: Path,
    key: str,
    make: Callable[[Path, Callable[[str], None]], tuple[list[LedgerLine], dict[str, Any]]],
    progress: Progress,
) -> Done:
    """Reuse the stage at `place`, or make it; say which.

    Args:
        title: what people see; its first word names the stage.
        key: digest of all that the stage depends on.
        make: given an empty folder, and a function to tell how far it is, writes the files and returns ledger and facts.
    """
    name = title.partition(" ")[0]
    done = reuse(name, place, key)
    if done is not None:
        progress.say(f"{title}: stands ({done.summary()})")
        return done
    with progress.step(title) as step:
        with atomic_directory(place) as folder:
            ledger, facts = make(folder, step.at)
            finish(folder, key, ledger, facts)
        done = Done(name, place, key, ledger, facts)
        step.result = done.summary()
    rest_workers()
    release_memory()
    return done


def finish(folder: Path, key: str, ledger: list[LedgerLine], facts: dict[str, Any]) -> None:
    """Hold the ledger to the law of conservation and write the stage's description.

    Raises:
        ConservationError: a line does not balance.
    """
    for line in ledger:
        if line.rows_in + line.added != line.kept + line.dropped or sum(line.reasons.values()) != line.dropped:
            raise ConservationError(f"stage {line.stage} does not conserve the rows of {line.source}: {line}")
    lines = [line.model_dump() for line in ledger]
    write_json(folder / STAGE_FILE, {"key": key, "files": _pins(folder), "ledger": lines, "facts": facts})


def _pins(folder: Path) -> dict[str, int]:
    """The CRC-32 of each file but the description."""
    return {path.name: crc32_file(path) for path in sorted(folder.iterdir()) if path.name != STAGE_FILE}


def write_outcome(
    folder: Path, name: str, unit: Unit, rows: ItemTable, sources: Sequence[str], outcome: Outcome
) -> list[LedgerLine]:
    """Write what a stage decided; return its ledger.

    Args:
        folder: of the stage.
        rows: what the stage was given; file by file those of `sources`.

    Raises:
        ConservationError: a place is named twice, or was not in.
    """
    came = [table.count for table in rows.per_file()]
    reasons = write_drops(folder, name, rows, outcome.drops)
    for extra, table in outcome.tables.items():
        write_parquet(folder / f"{extra}.parquet", table)
    return [
        LedgerLine(
            stage=name,
            source=source,
            unit=unit,
            rows_in=count,
            added=0,
            kept=count - lost.total(),
            dropped=lost.total(),
            reasons=dict(sorted(lost.items())),
        )
        for source, count, lost in zip(sources, came, reasons, strict=True)
        if count
    ]


def write_drops(folder: Path, name: str, rows: ItemTable, drops: Iterable[pl.DataFrame]) -> list[Counter[str]]:
    """Write the drops of a stage and return, for each file of the table, how many rows go for which reason.

    Raises:
        ConservationError: places do not ascend, or one was not in.
    """
    ends = rows.first + np.cumsum(rows.heights)
    reasons = [Counter[str]() for _ in rows.files]
    last = rows.first - 1
    with parquet_writer(folder / DROPS_FILE, DROPS_SCHEMA) as write:
        for frame in drops:
            places = frame[PLACE].to_numpy()
            if not len(places):
                continue
            ascends = places[0] > last and bool((np.diff(places) > 0).all())
            if not ascends or places[-1] >= rows.first + rows.height or not _all_in(rows, places):
                raise ConservationError(f"stage {name} drops a row twice, or one that it was not given")
            last = int(places[-1])
            table = frame.select(DROPS_SCHEMA.names).to_arrow(compat_level=pl.CompatLevel.oldest())
            write(table.cast(DROPS_SCHEMA))
            files = np.searchsorted(ends, places, side="right")
            for number in np.unique(files):
                reasons[number].update(frame["reason"].filter(pl.Series(files == number)).to_list())
    return reasons


def _all_in(rows: ItemTable, places: npt.NDArray[np.int64]) -> bool:
    return rows.is_in is None or bool(rows.is_in[places - rows.first].all())
