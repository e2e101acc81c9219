"""What a source adapter is: one published schema, one function from a record to a draft of an item.

A reader (`curate.readers`) opens the files and yields records with the place they stand at; an adapter says how a record
of its schema becomes a `Draft`. The pipeline adds what no record knows: the source's name, licence, identity and the
kind of the answer. A record that does not fit its schema raises `BadRecord`: the row is kept aside with its reason, file
and line, and counted.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypedDict

from crossthink.errors import UserError, listing, nearest
from curate.items import Domain, Origin
from curate.readers import Layout, Splitter
from curate.readers import Record as Record


class BadRecord(Exception):
    """A record that does not fit its published schema; the message says which key, what was found, what was expected."""


class Solution(TypedDict):
    text: str | None
    answer: str | None
    by: str | None


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
    extra: dict[str, Any] | None = None
    """What the record had besides, JSON values only."""


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
        domain, origin, license, language: what holds for the data set as published; a configuration may say otherwise.
        split: only for layout "text": whole text -> (1-based line, record text) pairs.
    """

    name: str
    about: str
    layout: Layout
    draft: Callable[[Record], Draft]
    domain: Domain
    origin: Origin = Origin.REAL
    license: str = "unknown"
    language: str = "en"
    split: Splitter | None = None


_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ADAPTERS: dict[str, Adapter] = {}


def register(adapter: Adapter) -> Adapter:
    """Add an adapter to the registry and return it."""
    _ADAPTERS[adapter.name] = adapter
    return adapter


def adapters() -> dict[str, Adapter]:
    """Return every adapter by name; importing the package fills the registry."""
    return dict(sorted(_ADAPTERS.items()))


def adapter(name: str) -> Adapter:
    """Return the adapter of this name.

    Raises:
        UserError: there is none; the message lists those there are.
    """
    if name not in _ADAPTERS:
        raise UserError(f"adapter {name!r} is not known.{nearest(name, _ADAPTERS)} There are: {listing(_ADAPTERS)}")
    return _ADAPTERS[name]


def text_of(record: Record, key: str) -> str:
    """Return a required text value; numbers are written out.

    Raises:
        BadRecord: the key is missing or holds something else.
    """
    if key not in record:
        raise BadRecord(f"{key}: the key is missing, found {listing(map(str, record))}")
    value = record[key]
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise BadRecord(f"{key}: expected text, found {type(value).__name__}")
    return str(value)


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
