"""What a source adapter is: one published schema, one function from a record to a draft of an item.

A reader (`curate.readers`) opens the files and yields records with the place they stand at; an adapter says how a record
of its schema becomes a `Draft`. The pipeline adds what no record knows: the source's name, licence, identity and the
kind of the answer. A record that does not fit its schema raises `BadRecord`: the row is kept aside with its reason, file
and line, and counted.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypedDict

from crossthink.errors import listing
from curate.items import Domain, Origin
from curate.readers import Layout, Splitter
from curate.readers import Record as Record
from curate.readers.rows import Base64

if TYPE_CHECKING:  # polars loads where batches are drafted
    import polars as pl

    from curate.sources.mapping import Mapping


class Role(StrEnum):
    """What a source is for: `corpus` rows may be trained on, `benchmark` rows are only ever compared with."""

    CORPUS = "corpus"
    BENCHMARK = "benchmark"


class BadRecord(Exception):
    """A record that does not fit its published schema; the message says which key, what was found, what was expected."""


class Solution(TypedDict):
    text: str | None
    answer: str | None
    by: str | None


class Image(TypedDict):
    path: str
    """As the record has it: relative to the folder of the record's file."""
    sha256: str | None
    """Of the image's bytes; None until `curate.sources.images` has read the file, unless the record is of an item that has it."""


@dataclass(frozen=True, slots=True)
class Draft:
    """An item as its record states it. Blank answers and odd options are allowed: filters name and count them."""

    question: str
    answer: str | None = None
    """The gold as text. With options: the text of the gold option when `answer_index` points at one."""
    options: list[str] | None = None
    answer_index: int | None = None
    key: str | None = None
    """The source's own key of the row; None: the place in the file serves."""
    subject: str | None = None
    context: str | None = None
    solutions: list[Solution] = field(default_factory=list)
    domain: Domain | None = None
    """When the record says it; None: the adapter's."""
    origin: Origin | None = None
    """When the record says it (NuminaMath marks its synthetic rows); None: the adapter's."""
    answer_kind: str | None = None
    """When the source says how its answers compare, a value of `AnswerKind`; None: inferred from the answer."""
    images: list[Image] = field(default_factory=list)
    extra: dict[str, Any] | None = None
    """What the record had besides, JSON values only."""
    license: str | None = None
    """When the record says it; None: the adapter's."""
    language: str | None = None
    """When the record says it; None: the adapter's."""


@dataclass(frozen=True)
class Adapter:
    """One published schema.

    Attributes:
        name: what a configuration file calls it.
        about: one line: whose schema it is, its fields, and where it is published.
        layout: how the records lie in a file: "records" (JSON lines, a JSON list, Parquet, Arrow or CSV with a header, told
            by the file's name), "rows" (headerless CSV; a record is {"0": ..., "1": ..., "file": ...}), or "text" (the
            adapter's own `split`; a record is {"text": ..., "file": ..., "encoding": ...}).
        draft: record -> Draft; raises BadRecord.
        domain, origin, license, language, role: what holds for the data set as published; a configuration may say
            otherwise.
        published: where the data set is published.
        gold: how its rows state the gold, in a few words.
        split: only for layout "text": whole text -> (1-based line, record text) pairs.
        mapping: the declaration that `draft` follows, for an adapter that is one.
        columns: batch of a columnar file -> frame of `curate.sources.columns.COLUMNS`, which says of every row what `draft`
            says, or that `draft` must say it; None where a mapping needs each row by itself.
    """

    name: str
    about: str
    layout: Layout
    draft: Callable[[Record], Draft]
    domain: Domain
    origin: Origin = Origin.REAL
    license: str = "unknown"
    language: str = "en"
    role: Role = Role.CORPUS
    published: str = ""
    gold: str = ""
    split: Splitter | None = None
    mapping: "Mapping | None" = None
    columns: "Callable[[pl.DataFrame], pl.DataFrame] | None" = None

    @property
    def digest_parts(self) -> dict[str, Any]:
        """What the drafts depend on besides this package's code: the mapping, in one canonical form, without names."""
        return self.mapping.canonical() if self.mapping else {}


_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def text_of(record: Record, key: str) -> str:
    """Return a required text value; numbers are written out, 27.0 as 27: pandas makes a float of every whole number.

    Raises:
        BadRecord: the key is missing or holds something else.
    """
    if key not in record:
        raise BadRecord(f"{key}: the key is missing, found {listing(map(str, record))}")
    value = record[key]
    if isinstance(value, Base64):
        raise BadRecord(f"{key}: expected text, found bytes that are not UTF-8")
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise BadRecord(f"{key}: expected text, found {type(value).__name__}")
    is_whole = isinstance(value, float) and value.is_integer() and abs(value) < 2**53
    return str(int(value)) if is_whole else str(value)


def optional_text(record: Record, key: str) -> str | None:
    """Return a text value, or None when the key is missing or null."""
    return None if record.get(key) is None else text_of(record, key)


def list_of(record: Record, key: str) -> list[Any]:
    """Return a required list.

    Raises:
        BadRecord: the key is missing or holds something else.
    """
    value = record.get(key)
    if not isinstance(value, list):
        found = type(value).__name__ if key in record else f"no such key, only {listing(map(str, record))}"
        raise BadRecord(f"{key}: expected a list, found {found}")
    return value


def texts_of(record: Record, key: str) -> list[str]:
    """Return a required list of texts; numbers are written out, and null is blank, for the filters to count.

    Raises:
        BadRecord: the key is missing, or holds something else.
    """
    values = list_of(record, key)
    return [
        "" if value is None else text_of({f"{key}[{place}]": value}, f"{key}[{place}]")
        for place, value in enumerate(values)
    ]


def rest_of(record: Record, used: frozenset[str]) -> dict[str, Any] | None:
    """Return what the record has besides the keys that were used; blank values are left out, None when nothing is."""
    return {key: value for key, value in record.items() if key not in used and value not in (None, "")} or None


def letter_index(letter: str, options: Sequence[Any]) -> int | None:
    """Return the place of a choice letter (A is 0) among the options, or None when it names none of them."""
    place = _LETTERS.find(letter.strip().upper()) if len(letter.strip()) == 1 else -1
    return place if 0 <= place < len(options) else None
