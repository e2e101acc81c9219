"""Ratings and measurements of judges on disk, for commands that read them.

WORKSPACE/ratings/NAME/     ratings.parquet                       one row per item
WORKSPACE/agreement/NAME/   labelled.parquet, agreement.parquet   one row per label; the figures
                            and in each judged.json, written last: who was asked what, the files' SHA-256
"""

from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import ValidationError

from crossthink.errors import UserError, listing, nearest
from crossthink.files import sha256_file
from crossthink.workspace import Workspace, checked_name
from curate.schemas import AGREEMENT_SCHEMA, LABELLED_SCHEMA, RATINGS_SCHEMA
from manifests.manifest import Asked, FileRecord, Record
from manifests.view import View

RATINGS_FILE, LABELLED_FILE, AGREEMENT_FILE = "ratings.parquet", "labelled.parquet", "agreement.parquet"
JUDGED_FILE = "judged.json"


class Kind(StrEnum):
    """Also the folder in the workspace."""

    RATINGS = "ratings"
    AGREEMENT = "agreement"


class Judged(Record):
    """What `judged.json` says."""

    schema_version: Literal[1] = 1
    name: str
    kind: Kind
    key: str
    """Digest of all that it was made from: the same key means that nothing needs to be done again."""
    settings: dict[str, Any]
    """What was asked for, without places and budgets."""
    corpus: str | None
    """Digest of the items that were rated."""
    asked: Asked
    faults: dict[str, int]
    """Answers that could not be used, by why."""
    files: list[FileRecord]


def read_ratings(workspace: Workspace, name: str) -> tuple[Judged, pa.Table]:
    """Read ratings and what is said of them.

    Raises:
        UserError: there are none of this name, or they were changed.
    """
    folder = workspace.root / Kind.RATINGS / checked_name(name, "ratings")
    known = sorted(path.parent.name for path in folder.parent.glob(f"*/{JUDGED_FILE}"))
    if name not in known:
        raise UserError(
            f"{folder}: no ratings of this name.{nearest(name, known)} There are: {listing(known)}. Make them with:"
            " crossthink rate CONFIG.yaml"
        )
    try:
        stated = Judged.model_validate_json((folder / JUDGED_FILE).read_bytes())
        is_whole = [pinned(folder / file.name) for file in stated.files] == stated.files
    except (OSError, ValidationError):
        is_whole = False
    if not is_whole:
        raise UserError(f"{folder}: is damaged; run the same `crossthink rate` again, the answers are kept")
    return stated, pq.read_table(folder / RATINGS_FILE)


def pinned(path: Path) -> FileRecord:
    """Return a file's name, SHA-256 and size."""
    return FileRecord(name=path.name, sha256=sha256_file(path), bytes=path.stat().st_size)


def views(workspace: Workspace) -> list[View]:
    """Return the catalog's views of ratings and measurements."""

    def view(name: str, about: str, schema: pa.Schema, kind: Kind, file: str) -> View:
        folders = sorted(path.parent for path in (workspace.root / kind).glob(f"*/{JUDGED_FILE}"))
        return View(
            name, about, schema, {"name": pa.string()}, [(each / file, {"name": each.name}) for each in folders]
        )

    return [
        view(
            "ratings", "how hard a judge rates each question, by a rubric", RATINGS_SCHEMA, Kind.RATINGS, RATINGS_FILE
        ),
        view(
            "agreement",
            "how far a judge agrees with labels, with itself, and over both orders of a pair",
            AGREEMENT_SCHEMA,
            Kind.AGREEMENT,
            AGREEMENT_FILE,
        ),
        view(
            "labelled",
            "what a judge that was measured said of each label",
            LABELLED_SCHEMA,
            Kind.AGREEMENT,
            LABELLED_FILE,
        ),
    ]
