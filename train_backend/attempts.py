"""Attempts at a run: what an interrupted one left is set aside, and what of it counts is read where it lies.

A run that goes on begins at the newest whole checkpoint of the stage that was cut short. The steps after it are done
again, so their first responses and metrics must not count twice; and nothing is thrown away. So before a run goes on,
everything that the stage wrote moves to a folder of that attempt, with the step after which the next one went on:

    RUN/attempts/1/attempt.json       how it ended, and per stage that goes on the step that stands
    RUN/attempts/1/run.json           its record, if it lived to write one
    RUN/attempts/1/STAGE/             log, metrics, outcomes, and checkpoints that are not whole

A line of an attempt counts if its step stands in every later one. Nothing but renames happens here: a kill in between
leaves the rest to the next attempt, where the same rule gives the same lines.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from crossthink.files import write_json
from train_backend.backend import RenderedStage

ATTEMPTS = "attempts"
ATTEMPT_FILE = "attempt.json"


@dataclass(frozen=True)
class Part:
    """What one attempt left of a stage.

    Attributes:
        stage: with the attempt's folder as its own.
        last: the last step whose lines count; None if all do.
        attempt: its number; 0 for what stands in the stage's own folder.
    """

    stage: RenderedStage
    last: int | None
    attempt: int = 0


@dataclass(frozen=True)
class Attempt:
    """An attempt that another one went on from.

    Attributes:
        ended: as a run's record says it, or "killed" if there is none.
        after: by stage, the step after which the next attempt went on; 0 if the stage began anew.
    """

    number: int
    ended: str
    after: Mapping[str, int]


def new_attempt_folder(run: Path) -> Path:
    """Return the folder for what the attempt that has ended leaves; it is not made."""
    return run / ATTEMPTS / str(1 + max((int(folder.name) for folder in _folders(run)), default=0))


def set_aside(run: Path, folder: Path, ended: str, after: Mapping[RenderedStage, int], record: str) -> None:
    """Move what the stages that go on have written, and the run's record, to the folder of the attempt that wrote it.

    Args:
        folder: as `new_attempt_folder` gave it; a backend may have moved checkpoints there.
        after: the stages that go on, each with the step that stands.
        record: name of the run's record.
    """
    write_json(folder / ATTEMPT_FILE, {"ended": ended, "after": {stage.name: step for stage, step in after.items()}})
    for stage in after:
        place = folder / stage.name
        for path in (stage.ended, stage.outcomes, stage.metrics, stage.log):
            move(path, place / path.name)
    move(run / record, folder / record)


def attempts(run: Path) -> list[Attempt]:
    """Return the attempts that others went on from, oldest first."""
    found = []
    for folder in _folders(run):
        if (folder / ATTEMPT_FILE).exists():
            said = json.loads((folder / ATTEMPT_FILE).read_bytes())
            found.append(Attempt(int(folder.name), said["ended"], said["after"]))
    return found


def parts(stage: RenderedStage) -> list[Part]:
    """Return what every attempt left of a stage, oldest first; the last is what stands in the stage's own folder."""
    run = stage.folder.parent
    found, last = [Part(stage, None)], None
    for attempt in reversed(attempts(run)):
        after = attempt.after.get(stage.name)
        if after is not None:
            last = after if last is None else min(last, after)
            folder = run / ATTEMPTS / str(attempt.number) / stage.name
            found.append(Part(replace(stage, folder=folder), last, attempt.number))
    return found[::-1]


def move(path: Path, destination: Path) -> None:
    """Rename what is there, within one file system; nothing is there: nothing happens."""
    if path.exists():
        destination.parent.mkdir(parents=True, exist_ok=True)
        path.rename(destination)


def _folders(run: Path) -> Sequence[Path]:
    return sorted(
        (each for each in (run / ATTEMPTS).glob("*") if each.name.isdecimal()), key=lambda each: int(each.name)
    )
