"""What a source adapter is: one published schema, one function from a record to a draft of an item.

A reader (`curate.readers`) opens the files and yields records with the place they stand at; an adapter says how a record
of its schema becomes a `Draft`. The pipeline adds what no record knows: the source's name, licence, identity and the
kind of the answer. A record that does not fit its schema raises `BadRecord`: the row is kept aside with its reason, file
and line, and counted.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypedDict

from curate.items import Domain, Origin
from crossthink.errors import UserError, listing, nearest

type Record = Mapping[str, Any]


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
    extra: dict[str, Any] | None = None
    """What the record had besides, JSON values only."""


@dataclass(frozen=True)
class Adapter:
    """One published schema.

    Attributes:
        name: what a configuration file calls it.
        about: one line: whose schema it is, its fields, and where it is published.
        layout: how the records lie in a file: "records" (JSON lines, a JSON list, Parquet or Arrow, told by the file's
            name), "rows" (headerless CSV; a record is {"0": ..., "1": ...}), or "text" (the adapter's own `split`).
        draft: record -> Draft; raises BadRecord.
        domain, origin, license, language: what holds for the data set as published; a configuration may say otherwise.
        split: only for layout "text": whole text -> (1-based line, record text) pairs.
    """

    name: str
    about: str
    layout: str
    draft: Callable[[Record], Draft]
    domain: Domain
    origin: Origin = Origin.REAL
    license: str = "unknown"
    language: str = "en"
    split: Callable[[str], list[tuple[int, str]]] | None = None


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
