"""The manifest: an immutable description of a blend, small enough for git, complete enough to repeat the blend.

Three digests say what a blend is. `recipe` is what was asked, `sources` is what it was asked of, `content` is the ordered
rows that came out, each with its prompt and its gold. Paths, times, worker counts and machine facts are in none of them,
so the same recipe over the same sources has the same digests on any machine.

The rows themselves are a Parquet file, `rows.parquet`, in the order in which they are trained on; `manifests.objects` keeps it
under its own SHA-256.
"""

import hashlib
from typing import Annotated, Any, Literal

import pyarrow as pa
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo

from crossthink.files import digest

ROWS_FILE = "rows.parquet"
HOLDOUT_FILE = "holdout.parquet"
MANIFEST_FILE = "manifest.json"

MESSAGES = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))

ORDER_SCHEMA = pa.schema(
    [
        pa.field("position", pa.int64(), nullable=False),  # 0-based place in the blend
        pa.field("batch", pa.int32(), nullable=False),  # position // batch_size
        pa.field("row_id", pa.string(), nullable=False),  # the variant: an item under a template
        pa.field("item_id", pa.string(), nullable=False),
        pa.field("component", pa.string(), nullable=False),  # the recipe's component that drew the row
        pa.field("source", pa.string(), nullable=False),
        pa.field("template", pa.string(), nullable=False),  # mcq | open
        pa.field("epoch", pa.int32(), nullable=False),  # 0 for the first time that a row appears
        pa.field("answer_kind", pa.string(), nullable=False),
        pa.field("prompt", MESSAGES, nullable=False),
        pa.field("ground_truth", pa.string(), nullable=False),
        pa.field("solution", pa.string()),  # a worked solution, when the source has one
    ]
)

CONTENT_COLUMNS = ["row_id", "component", "template", "answer_kind", "prompt", "ground_truth", "solution"]
"""What a blend *is*, row by row: everything that training or the reward reads."""

LABELS = ("name", "description", "corpus")
"""Keys of a recipe that say what things are called, not what is asked."""

CONTENT_BLOCK_ROWS = 8192
"""Rows that the content digest takes at a time; a part of its definition."""


class Record(BaseModel):
    """Base of the manifest's parts: closed and immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class FileRecord(Record):
    name: str
    """The file's name, without the machine's folders."""
    sha256: str
    bytes: int


class Asked(Record):
    """A model that rows came through, and what it was asked."""

    model: str
    api: str
    sampling: dict[str, Any]
    prompts: dict[str, str]
    """SHA-256 of each prompt's file, by NAME.vN."""
    requests: int
    samples: int
    """Answers that were used, asked now or kept from before."""
    failures: dict[str, int]
    """Samples without an answer, by reason."""
    prompt_tokens: int
    completion_tokens: int
    """Of the answers used, as the server counted them."""
    answers: str
    """Digest over what was asked and answered, in order."""


_UNSAID_WHEN_EMPTY: Any = Field(default_factory=list, exclude_if=lambda asked: not asked)
"""What no model has touched has the text and the digests that it had before models could be asked."""


class SourceRecord(Record):
    """One source as it was ingested."""

    name: str
    adapter: str
    revision: str
    license: str
    role: Literal["corpus", "benchmark"] = "corpus"
    files: list[FileRecord]
    rows: int
    """Records found in the files, readable or not."""
    asked: list[Asked] = _UNSAID_WHEN_EMPTY
    """Models that made the records, for a synthetic source."""


class LedgerLine(Record):
    """What one curation stage did to the rows of one source; `rows_in + added == kept + dropped`."""

    stage: str
    source: str
    unit: Literal["items", "variants"]
    rows_in: int
    added: int
    kept: int
    dropped: int
    reasons: dict[str, int]


def _held_to_its_digest(curation: dict[str, Any], record: ValidationInfo) -> dict[str, Any]:
    expected, found = record.data.get("settings"), digest(curation)
    if curation and found != expected:
        raise ValueError(f"found settings of digest {found}, expected {expected}")
    return curation


Curation = Annotated[dict[str, Any], AfterValidator(_held_to_its_digest)]
"""What a curation was asked, without places: the value that the field `settings` before it is the digest of; or not said."""

CURATION_UNSAID: Any = Field(default_factory=dict, exclude_if=lambda curation: not curation)
"""Records that were written before settings were kept have their digest alone, and keep their text."""


class CorpusRecord(Record):
    """The corpus that a blend was drawn from, pinned by its content."""

    name: str
    settings: str
    """Digest of the curation settings."""
    curation: Curation = CURATION_UNSAID
    content: str
    """Digest of the corpus files."""
    items: int
    variants: int
    asked: list[Asked] = _UNSAID_WHEN_EMPTY
    """Models that judged its rows."""


class ComponentRecord(Record):
    name: str
    requested: float
    """Share of the blend that the recipe asks for."""
    realised: float
    """Share of the blend that the component has."""
    rows: int
    unique_rows: int
    available: int
    epochs: float
    """rows / unique rows: how often a row is seen, on average."""
    binds: bool
    """Whether this component had fewer rows than the recipe asked of it."""


class TokenizerRecord(Record):
    name: str
    digest: str
    """SHA-256 over the tokenizer's own files, chat template included."""
    max_prompt_tokens: int


class StageRecord(Record):
    """A part of the run with a mixture of its own, when the recipe is staged."""

    name: str
    first_batch: int
    batches: int
    rows: int


class HoldoutRecord(Record):
    """Items that no row of the blend comes from, kept for evaluation.

    Their rows are the variants that the components select, the first `max_rows` of them; the others are nowhere.
    """

    share: float
    """Of the items that the recipe may draw from."""
    items: int
    rows: int


class Digests(Record):
    recipe: str
    sources: str
    content: str


class Manifest(Record):
    """A blend's description; `files` pins the bytes of its rows, the digests pin its meaning."""

    schema_version: Literal[2] = 2
    name: str
    version: int = Field(ge=1)
    crossthink: str
    """Version of the toolkit that wrote it."""
    digests: Digests
    recipe: dict[str, Any]
    """The resolved recipe: every default filled in."""
    corpus: CorpusRecord
    sources: list[SourceRecord]
    ledger: list[LedgerLine]
    components: list[ComponentRecord]
    rows: int
    batch_size: int
    batches: int
    trimmed: int
    """Rows left out so that the length is a whole number of batches."""
    left_out: dict[str, int]
    """Rows that a component selects and the recipe leaves out, by reason: license, difficulty, unmeasured, over_limit, holdout."""
    stages: list[StageRecord]
    """In order; empty when the whole run has one mixture."""
    holdout: HoldoutRecord | None
    prompt_digest: str
    verifier_digest: str
    tokenizer: TokenizerRecord | None
    files: list[FileRecord]
    """`rows.parquet`, and `holdout.parquet` when there is one, by their SHA-256."""
    statistics: dict[str, Any]
    parents: list[str]
    """Content digests of the blends whose runs gave this one its weights or its difficulties."""


def asked_for(manifest: Manifest) -> list[tuple[str | None, Asked]]:
    """Return the models that a blend's rows came through, each with the source that it made; None: it judged rows."""
    of_sources: list[tuple[str | None, Asked]] = [
        (source.name, each) for source in manifest.sources for each in source.asked
    ]
    return [*of_sources, *((None, each) for each in manifest.corpus.asked)]


def recipe_digest(recipe: dict[str, Any]) -> str:
    """Return the digest of what was asked, without its labels."""
    return digest({key: value for key, value in recipe.items() if key not in LABELS})


def sources_digest(corpus: CorpusRecord, sources: list[SourceRecord]) -> str:
    """Return the digest of what the recipe was asked of: the source files and the curation settings."""
    records = sorted((source.model_dump() for source in sources), key=lambda record: str(record["name"]))
    return digest({"settings": corpus.settings, "sources": records})


def content_digest(rows: pa.Table) -> str:
    """Return the digest of the ordered rows: `CONTENT_COLUMNS` of each, in order.

    SHA-256 over blocks of `CONTENT_BLOCK_ROWS` rows (the last has the rest): the number of rows (8 bytes, little-endian), then
    each column as `manifests.columns` writes it. It reads what the table says and not the file, so another Parquet writer,
    compression or cut into chunks gives the same digest.

    Args:
        rows: table with at least `CONTENT_COLUMNS`, of the types of `ORDER_SCHEMA` or what casts to them.
    """
    from manifests.columns import column_bytes  # loads Arrow's functions, which reading a manifest does not need

    schema = pa.schema([ORDER_SCHEMA.field(name) for name in CONTENT_COLUMNS])
    hashed = hashlib.sha256()
    for start in range(0, rows.num_rows, CONTENT_BLOCK_ROWS):
        block = rows.select(CONTENT_COLUMNS).slice(start, CONTENT_BLOCK_ROWS)
        hashed.update(block.num_rows.to_bytes(8, "little"))
        for name, kind in zip(schema.names, schema.types, strict=True):
            column = block[name] if block[name].type == kind else block[name].cast(kind)
            for piece in column_bytes(column.combine_chunks()):
                hashed.update(piece)
    return hashed.hexdigest()
