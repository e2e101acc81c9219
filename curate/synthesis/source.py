"""A synthetic source on disk: questions that a curation takes like any published set, and what did not become one.

WORKSPACE/synthetic/NAME/
  questions.parquet   one row per question, with what it was made from
  dropped.parquet     every row that is none, with stage, reason, evidence and the model's own words
  ledger.parquet      rows in, added, kept, dropped, per stage and source
  synthetic.json      written last: files and their SHA-256, what was asked of which models, the ledger
"""

from pathlib import Path
from typing import Literal

import pyarrow as pa
from pydantic import ValidationError

from crossthink.errors import UserError, listing, nearest, record_fault
from crossthink.files import sha256_file
from crossthink.workspace import Workspace
from curate.items import ITEM_SCHEMA
from curate.schemas import DROPPED_SCHEMA, LEDGER_SCHEMA
from manifests.manifest import Asked, CorpusRecord, FileRecord, LedgerLine, Record
from manifests.view import View

QUESTIONS_FILE, DROPPED_FILE, LEDGER_FILE = "questions.parquet", "dropped.parquet", "ledger.parquet"
SYNTHETIC_FILE = "synthetic.json"

QUESTION_SCHEMA = pa.schema(
    [
        pa.field("key", pa.string(), nullable=False),  # unique in the source
        *(ITEM_SCHEMA.field(name) for name in ("question", "context", "options", "answer", "answer_index")),
        *(ITEM_SCHEMA.field(name) for name in ("answer_kind", "subject", "domain", "origin", "solutions", "images")),
        *(ITEM_SCHEMA.field(name) for name in ("license", "language", "extra")),
        pa.field("parent", pa.string()),  # item_id of what was rewritten
        pa.field("vote_share", pa.float64()),  # of the answer; null where it was not voted
    ]
)


class Synthetic(Record):
    """What `synthetic.json` says."""

    schema_version: Literal[1] = 1
    name: str
    key: str
    """Digest of settings, inputs, prompts and code: the same key means that nothing needs to be done again."""
    operator: str
    """documents, topics, personas, or the operator of a rewriting."""
    license: str
    """Of all rows: the licences that they have, joined by AND where there are several."""
    asked: list[Asked]
    inputs: list[FileRecord]
    """Documents, or personas."""
    corpus: CorpusRecord | None
    """What was rewritten."""
    ledger: list[LedgerLine]
    facts: dict[str, int]
    """Figures that the ledger does not hold."""
    files: list[FileRecord]
    rows: int

    @property
    def unanswered(self) -> int:
        """Rows that are missing because a request failed; the same command asks these again."""
        return sum(line.reasons.get("not_answered", 0) for line in self.ledger)


def read_synthetic(workspace: Workspace, name: str) -> tuple[Path, Synthetic]:
    """Return the folder of a finished synthetic source, and what it says.

    Raises:
        UserError: there is none of this name, or a file of it is damaged or was changed.
    """
    folder = workspace.synthetic / name
    path = folder / SYNTHETIC_FILE
    if not path.is_file():
        known = [each.parent.name for each in workspace.synthetic.glob(f"*/{SYNTHETIC_FILE}")]
        raise UserError(
            f"{folder}: no synthetic source of this name. There are: {listing(known)}.{nearest(name, known)}"
            " Make one with: crossthink synthesize CONFIG.yaml"
        )
    try:
        stated = Synthetic.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise UserError(f"{path}  {record_fault(error.errors()[0], _REMEDY)}") from None
    for pinned in stated.files:
        file = folder / pinned.name
        found = sha256_file(file) if file.is_file() else "no file"
        if found != pinned.sha256:
            raise UserError(f"{file}  sha256: found {found}, expected {pinned.sha256}. {_REMEDY}")
    return folder, stated


_REMEDY = "Run the same `crossthink synthesize` again to rebuild it; what the models answered is kept"


def views(workspace: Workspace) -> list[View]:
    """Return the catalog's views of every finished synthetic source."""
    folders = sorted(path.parent for path in workspace.synthetic.glob(f"*/{SYNTHETIC_FILE}"))

    def view(name: str, about: str, schema: pa.Schema, file: str) -> View:
        files = [(folder / file, {"synthetic": folder.name}) for folder in folders]
        return View(name, about, schema, {"synthetic": pa.string()}, files)

    return [
        view("synthetic_questions", "questions that were synthesised or rewritten", QUESTION_SCHEMA, QUESTIONS_FILE),
        view(
            "synthetic_dropped",
            "every row that synthesis dropped, with stage, reason and evidence",
            DROPPED_SCHEMA,
            DROPPED_FILE,
        ),
        view("synthetic_ledger", "rows in, added, kept and dropped, per stage and source", LEDGER_SCHEMA, LEDGER_FILE),
    ]
