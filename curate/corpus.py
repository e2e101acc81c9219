"""A finished corpus on disk: the items, their variants, everything that was dropped, and the ledger.

`corpus.json` is written last, so a folder without it is not a corpus. It pins the files by SHA-256 and repeats the ledger
and the sources, which is what a manifest carries on.
"""

from pathlib import Path
from typing import Literal

import pyarrow as pa
from pydantic import Field, ValidationError

from crossthink.errors import UserError, record_fault
from crossthink.files import digest, sha256_file
from crossthink.tables import table_of
from crossthink.workspace import Workspace
from curate.schemas import (
    CORPUS_ITEM_SCHEMA,
    DOUBTS_SCHEMA,
    DROPPED_SCHEMA,
    GREY_ZONE_SCHEMA,
    LEAKS_SCHEMA,
    LEDGER_SCHEMA,
    PAIR_VERDICTS_SCHEMA,
    SIBLING_SCHEMA,
    VARIANT_SCHEMA,
    VERDICTS_SCHEMA,
)
from manifests.manifest import (
    CURATION_UNSAID,
    Asked,
    CorpusRecord,
    Curation,
    FileRecord,
    LedgerLine,
    Record,
    SourceRecord,
)
from manifests.view import View

ITEMS_FILE, VARIANTS_FILE, DROPPED_FILE = "items.parquet", "variants.parquet", "dropped.parquet"
LEDGER_FILE, CORPUS_FILE = "ledger.parquet", "corpus.json"


EXTRA_TABLES = {
    "siblings.parquet": SIBLING_SCHEMA,
    "leaks.parquet": LEAKS_SCHEMA,
    "grey_zone.parquet": GREY_ZONE_SCHEMA,
    "doubts.parquet": DOUBTS_SCHEMA,
    "verdicts.parquet": VERDICTS_SCHEMA,
    "pair_verdicts.parquet": PAIR_VERDICTS_SCHEMA,
}
"""Besides rows and ledger, what stages leave; without rows where none did."""
_ABOUT = {
    "siblings.parquet": "questions of one text that ask for different things: kept, and linked",
    "leaks.parquet": "which dropped rows held which benchmark item, by which path, with score and span",
    "grey_zone.parquet": "pairs of a row and a benchmark item that no rule settles, for a person or a judge to look at",
    "doubts.parquet": "pairs of questions with one gold that may be the same, for a person or a judge to look at",
    "verdicts.parquet": "what judges said of each question that they were asked about",
    "pair_verdicts.parquet": "what a judge said of each pair in a grey zone, in both orders",
}


class Corpus(Record):
    """What `corpus.json` says."""

    schema_version: Literal[1] = 1
    name: str
    settings: str
    """Digest of the curation settings: what was asked, without paths."""
    curation: Curation = CURATION_UNSAID
    key: str
    """Digest of settings, source files and code: the same key means that nothing needs to be done again."""
    sources: list[SourceRecord]
    ledger: list[LedgerLine]
    files: list[FileRecord]
    items: int
    variants: int
    asked: list[Asked] = Field(default_factory=list)
    """The models that judged its rows."""

    def record(self) -> CorpusRecord:
        """Return what a manifest says of this corpus."""
        pinned = {file.name: file.sha256 for file in self.files if file.name in (ITEMS_FILE, VARIANTS_FILE)}
        return CorpusRecord(
            name=self.name,
            settings=self.settings,
            curation=self.curation,
            content=digest(pinned),
            items=self.items,
            variants=self.variants,
            asked=self.asked,
        )


def read_corpus(folder: Path) -> Corpus:
    """Read a finished corpus's description.

    Raises:
        UserError: it is damaged.
    """
    path = folder / CORPUS_FILE
    try:
        return Corpus.model_validate_json(path.read_bytes())
    except ValidationError as error:
        remedy = "The file is damaged; run the same curation again to rebuild it"
        raise UserError(f"{path}  {record_fault(error.errors()[0], remedy)}") from None


def finished_corpus(folder: Path, key: str) -> Corpus | None:
    """Return the corpus that stands here with this key and whose files are whole, and all of whose judges were answered."""
    if not (folder / CORPUS_FILE).is_file():
        return None
    try:
        corpus = read_corpus(folder)
    except UserError:  # damaged, or of another version of this schema: it is built again
        return None
    whole = corpus.key == key and not any(asked.failures for asked in corpus.asked)
    whole = whole and all(
        (folder / file.name).is_file() and sha256_file(folder / file.name) == file.sha256 for file in corpus.files
    )
    return corpus if whole else None


def check_corpus(folder: Path, corpus: Corpus) -> None:
    """Hold a corpus's files to what its description pins.

    Raises:
        UserError: a file is missing or was changed; the first such file is named.
    """
    for pinned in corpus.files:
        path = folder / pinned.name
        found = sha256_file(path) if path.is_file() else "no file"
        if found != pinned.sha256:
            raise UserError(
                f"{path}  sha256: found {found}, expected {pinned.sha256}. Run the same curation again to rebuild it"
            )


def ledger_table(ledger: list[LedgerLine]) -> pa.Table:
    """Return the ledger as rows of `LEDGER_SCHEMA`; the reasons can be counted in the dropped rows."""
    return table_of([line.model_dump(exclude={"reasons"}) for line in ledger], LEDGER_SCHEMA)


def views(workspace: Workspace) -> list[View]:
    """Return the catalog's views of every finished corpus."""
    folders = sorted(path.parent for path in workspace.corpora.glob(f"*/{CORPUS_FILE}"))

    def view(name: str, about: str, schema: pa.Schema, file: str) -> View:
        files = [(folder / file, {"corpus": folder.name}) for folder in folders]
        return View(name, about, schema, {"corpus": pa.string()}, files)

    return [
        view("items", "the questions of a corpus, one row each, with its signals", CORPUS_ITEM_SCHEMA, ITEMS_FILE),
        view(
            "variants",
            "an item under a template (mcq, open), with the gold that the box must hold",
            VARIANT_SCHEMA,
            VARIANTS_FILE,
        ),
        view(
            "dropped", "every row that curation dropped, with stage, reason and evidence", DROPPED_SCHEMA, DROPPED_FILE
        ),
        *(view(Path(file).stem, _ABOUT[file], schema, file) for file, schema in EXTRA_TABLES.items()),
        view("ledger", "rows in, added, kept and dropped, per stage and source", LEDGER_SCHEMA, LEDGER_FILE),
    ]
