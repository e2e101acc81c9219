"""A difficulty on disk: one model's responses to questions of a corpus, the pass rates, and the record that pins them.

WORKSPACE/difficulty/NAME/   responses.parquet    one row per response (none where a run has them)
                             unmatched.parquet    records of a file that answer no question of the corpus
                             pass_rates.parquet   one row per question
                             difficulty.json      written last: which model, asked what, how, of which corpus
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from functools import cache
from pathlib import Path
from typing import Any, Literal

import polars as pl
import pyarrow as pa
from pydantic import ValidationError

from crossthink.errors import UserError, listing, nearest
from crossthink.files import atomic_directory, locked, sha256_file, write_json
from crossthink.workspace import Workspace, checked_name
from curate.solving.pins import are_whole, pin_tables
from curate.solving.tables import PASS_RATE_SCHEMA, RESPONSE_SCHEMA
from manifests.manifest import Asked, FileRecord, Record
from manifests.view import Contents, View

RESPONSES_FILE, UNMATCHED_FILE = "responses.parquet", "unmatched.parquet"
PASS_RATES_FILE, DIFFICULTY_FILE = "pass_rates.parquet", "difficulty.json"

UNMATCHED_SCHEMA = pa.schema(
    [
        pa.field("place", pa.string(), nullable=False),  # FILE:LINE
        pa.field("reason", pa.string(), nullable=False),
        pa.field("detail", pa.string()),
    ]
)


class Difficulty(Record):
    """What `difficulty.json` says."""

    schema_version: Literal[1] = 1
    name: str
    model: str
    """What recipes call the model."""
    how: Literal["responses", "runs", "asked"]
    key: str
    """Digest of all that it was made from: the same key means that nothing needs to be done again."""
    corpus: str | None
    """Name of the corpus; None for runs, whose blends may have several."""
    settings: dict[str, Any]
    """How it was made, without places."""
    made_from: list[FileRecord]
    verifier: str | None
    """Digest of the verifier that judged; None for runs, which judged by their own."""
    asked: Asked | None
    """What the model was asked, when it was."""
    parents: list[str]
    """Content digests of the blends whose runs gave it."""
    questions: int
    responses: int
    """That were judged."""
    passed: int
    unjudged: int
    unmatched: dict[str, int]
    """Records that answer no question, by reason."""
    files: list[FileRecord]

    def resolved(self) -> dict[str, Any]:
        """What the resolved recipe of a blend says of it: the model, how it was asked, and the pass rates by their SHA-256."""
        pinned = next(file.sha256 for file in self.files if file.name == PASS_RATES_FILE)
        said = {"model": self.model, "how": self.how, "settings": self.settings, "sha256": pinned}
        if self.asked is None:
            return said
        return said | {"asked": self.asked.model_dump(include={"model", "api", "sampling", "prompts", "answers"})}


def folder_of(workspace: Workspace, name: str) -> Path:
    """Return where a difficulty of this name is, or will be."""
    return workspace.difficulties / checked_name(name, "difficulty")


def load(workspace: Workspace, name: str) -> Difficulty:
    """Read a difficulty's record.

    Raises:
        UserError: there is none of this name, or it is damaged.
    """
    folder = folder_of(workspace, name)
    if not (folder / DIFFICULTY_FILE).is_file():
        known = [path.parent.name for path in workspace.difficulties.glob(f"*/{DIFFICULTY_FILE}")]
        raise UserError(
            f"{folder}: no difficulty of this name. There are: {listing(known)}.{nearest(name, known)}"
            " Make one with: crossthink difficulty"
        )
    return read_record(folder / DIFFICULTY_FILE)


def list_all(workspace: Workspace) -> list[Difficulty]:
    """Return the records of every difficulty that can be read, by name."""
    found = []
    for path in sorted(workspace.difficulties.glob(f"*/{DIFFICULTY_FILE}")):
        with suppress(UserError):
            found.append(read_record(path))
    return found


def read_record(path: Path) -> Difficulty:
    """Read `difficulty.json`.

    Raises:
        UserError: it is damaged, or of another version.
    """
    try:
        return Difficulty.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        raise UserError(f"{path}: damaged, or of another version; make the difficulty again") from None


def read_pass_rates(workspace: Workspace, name: str) -> tuple[Difficulty, pl.DataFrame]:
    """Read a difficulty and its pass rates, rows of `PASS_RATE_SCHEMA`, held to what the record pins.

    Raises:
        UserError: there is none of this name, or a file was changed.
    """
    record = load(workspace, name)
    path = folder_of(workspace, name) / PASS_RATES_FILE
    pinned = next(file.sha256 for file in record.files if file.name == PASS_RATES_FILE)
    found = sha256_file(path) if path.is_file() else "no file"
    if found != pinned:
        raise UserError(f"{path}  sha256: found {found}, expected {pinned}; make the difficulty again")
    return record, pl.read_parquet(path, glob=False)


def standing(workspace: Workspace, name: str, key: str) -> Difficulty | None:
    """Return the difficulty that stands with this key and whose files are whole."""
    folder = folder_of(workspace, name)
    try:
        record = read_record(folder / DIFFICULTY_FILE)
    except UserError:
        return None
    return record if record.key == key and are_whole(folder, record.files) else None


def writing(workspace: Workspace, name: str) -> AbstractContextManager[None]:
    """Hold a difficulty's name for one writer.

    Raises:
        UserError: the name is none, or another process holds it.
    """
    return locked(workspace.difficulties / ".locks" / checked_name(name, "difficulty"), f"difficulty {name!r}")


def write(workspace: Workspace, draft: Difficulty, make: Callable[[Path], dict[str, Any]]) -> Difficulty:
    """Write a difficulty in place of what stood under its name, whole or not at all.

    Args:
        draft: its record, in which the counts and the pins are filled in here.
        make: given an empty folder, writes the tables and returns what else the record says now.
    """
    with atomic_directory(folder_of(workspace, draft.name)) as folder:
        made = make(folder)
        rates = pl.read_parquet(folder / PASS_RATES_FILE, columns=["responses", "passed", "unjudged"], glob=False)
        record = draft.model_copy(
            update={
                "questions": rates.height,
                **{name: int(rates[name].sum()) for name in rates.columns},
                **made,
                "files": pin_tables(folder),
            }
        )
        write_json(folder / DIFFICULTY_FILE, record.model_dump(mode="json"))
    return record


def views(workspace: Workspace) -> list[View]:
    """Return the catalog's views of every difficulty."""

    @cache
    def found() -> tuple[Sequence[Difficulty], Sequence[str]]:
        records, faults = [], []
        for path in sorted(workspace.difficulties.glob(f"*/{DIFFICULTY_FILE}")):
            try:
                records.append(read_record(path))
            except UserError as error:
                faults.append(f"difficulty {path.parent.name}: {error}")
        return records, faults

    def files(name: str) -> Contents:
        records, faults = found()
        having = [each for each in records if any(file.name == name for file in each.files)]
        labels = [{"difficulty": each.name, "model": each.model} for each in having]
        places = [folder_of(workspace, each.name) / name for each in having]
        return Contents(list(zip(places, labels, strict=True)), left_out=faults)

    labels = {"difficulty": pa.string(), "model": pa.string()}
    return [
        View(
            "pass_rates",
            "one row per difficulty and question: how often a model solved it, with its interval, and what it answered most",
            PASS_RATE_SCHEMA,
            labels,
            find=lambda: files(PASS_RATES_FILE),
        ),
        View(
            "difficulty_responses",
            "one row per response that a difficulty was made from, with its answer and verdict",
            RESPONSE_SCHEMA,
            labels,
            find=lambda: files(RESPONSES_FILE),
        ),
        View(
            "unmatched_responses",
            "records of a file of responses that answer no question of the corpus",
            UNMATCHED_SCHEMA,
            labels,
            find=lambda: files(UNMATCHED_FILE),
        ),
    ]
