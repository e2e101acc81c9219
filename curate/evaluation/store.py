"""An evaluation on disk.

WORKSPACE/evaluations/NAME/   responses.parquet   one row per response
                              scores.parquet      one row per benchmark, and one per subject
                              evaluation.json     written last: which model, asked what, of which benchmarks
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
from pydantic import ValidationError

from crossthink.errors import UserError
from crossthink.files import atomic_directory, locked, write_json
from crossthink.workspace import Workspace, checked_name
from curate.evaluation.scores import SCORE_SCHEMA
from curate.solving.pins import are_whole, pin_tables
from curate.solving.tables import RESPONSE_SCHEMA
from manifests.manifest import Asked, FileRecord, Record, SourceRecord
from manifests.view import Contents, View

RESPONSES_FILE, SCORES_FILE, EVALUATION_FILE = "responses.parquet", "scores.parquet", "evaluation.json"


class Evaluation(Record):
    """What `evaluation.json` says."""

    schema_version: Literal[1] = 1
    name: str
    model: str
    """Its name at the server, or the folder's or run's on this machine."""
    run: str | None
    """The run whose checkpoint it is."""
    key: str
    """Digest of all that it was made from."""
    settings: dict[str, Any]
    benchmarks: list[SourceRecord]
    left_out: dict[str, dict[str, int]]
    """Rows of each benchmark that were not asked, by reason."""
    verifier: str
    asked: Asked | None
    files: list[FileRecord]


def folder_of(workspace: Workspace, name: str) -> Path:
    """Return where an evaluation of this name is, or will be."""
    return workspace.evaluations / checked_name(name, "evaluation")


def writing(workspace: Workspace, name: str) -> AbstractContextManager[None]:
    """Hold an evaluation's name for one writer.

    Raises:
        UserError: the name is none, or another process holds it.
    """
    return locked(workspace.evaluations / ".locks" / checked_name(name, "evaluation"), f"evaluation {name!r}")


def standing(workspace: Workspace, name: str, key: str) -> Evaluation | None:
    """Return the evaluation that stands with this key, whole and without a gap."""
    folder = folder_of(workspace, name)
    try:
        record = read_record(folder / EVALUATION_FILE)
    except UserError:
        return None
    has_gap = record.asked is None or bool(record.asked.failures)
    return record if record.key == key and not has_gap and are_whole(folder, record.files) else None


def read_record(path: Path) -> Evaluation:
    """Read `evaluation.json`.

    Raises:
        UserError: it is missing, damaged, or of another version.
    """
    try:
        return Evaluation.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        raise UserError(f"{path}: damaged, or of another version; evaluate again") from None


def write(workspace: Workspace, draft: Evaluation, make: Callable[[Path], Asked]) -> Evaluation:
    """Write an evaluation in place of what stood under its name, whole or not at all.

    Args:
        make: given an empty folder, writes the tables and returns what the model was asked.
    """
    with atomic_directory(folder_of(workspace, draft.name)) as folder:
        asked = make(folder)
        record = draft.model_copy(update={"asked": asked, "files": pin_tables(folder)})
        write_json(folder / EVALUATION_FILE, record.model_dump(mode="json"))
    return record


def views(workspace: Workspace) -> list[View]:
    """Return the catalog's views of every evaluation."""

    @cache
    def found() -> tuple[Sequence[Evaluation], Sequence[str]]:
        records, faults = [], []
        for path in sorted(workspace.evaluations.glob(f"*/{EVALUATION_FILE}")):
            try:
                records.append(read_record(path))
            except UserError as error:
                faults.append(f"evaluation {path.parent.name}: {error}")
        return records, faults

    def files(name: str) -> Contents:
        records, faults = found()
        places = [folder_of(workspace, each.name) / name for each in records]
        labels = [{"evaluation": each.name, "model": each.model} for each in records]
        return Contents(list(zip(places, labels, strict=True)), left_out=faults)

    labels = {"evaluation": pa.string(), "model": pa.string()}
    return [
        View(
            "evaluations",
            "one row per evaluation and benchmark, and one per subject of it: accuracy, its interval, tokens",
            SCORE_SCHEMA,
            labels,
            find=lambda: files(SCORES_FILE),
        ),
        View(
            "evaluation_responses",
            "one row per response to a benchmark's question, with its answer and verdict",
            RESPONSE_SCHEMA,
            labels,
            find=lambda: files(RESPONSES_FILE),
        ),
    ]
