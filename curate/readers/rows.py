"""What a reader yields: a record with its place, or a rejected row with its place, its reason and its text.

Every record of a file becomes exactly one of the two, so what was read and what was kept aside always sum up.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal, NamedTuple, TypeAlias

Record: TypeAlias = Mapping[str, Any]
"""JSON values by key. The layouts "rows" and "text" add `file`, the file's name, because such schemas rely on it."""

Layout: TypeAlias = Literal["records", "rows", "text"]
"""How the records lie in a file; see `curate.readers.read_files`."""

Splitter: TypeAlias = Callable[[str], list[tuple[int, str]]]
"""Whole text -> (1-based line, record text) pairs that together hold every non-blank line."""


class RejectReason(StrEnum):
    BAD_BYTES = "bad_bytes"
    """The bytes are not UTF-8."""
    BAD_JSON = "bad_json"
    """Not JSON, a key twice in one object, or a value that no JSON text can hold (infinity, half a surrogate pair)."""
    BAD_COLUMNS = "bad_columns"
    """A CSV row with broken quotes, or with more or fewer cells than the header."""
    NOT_AN_OBJECT = "not_an_object"
    """JSON, but not an object with keys."""
    TOO_LONG = "too_long"
    """A line longer than `MAX_LINE_BYTES`; only its start is kept."""
    BAD_RECORD = "bad_record"
    """Readable, but not of the schema that the adapter knows."""


class Base64(str):
    """Bytes that are no UTF-8, an image for one, as JSON can hold them; never a question or an answer."""

    __slots__ = ()


class Row(NamedTuple):
    place: str
    """FILE:LINE, or FILE:ROW where there are no lines; counted from 1, unique in the source."""
    record: Record


@dataclass(frozen=True, slots=True)
class Rejected:
    place: str
    reason: RejectReason
    message: str
    raw: str
    """The offending text; bytes that are not UTF-8 are written as \\xNN."""


def conversion(encoding: str = "WINDOWS-1252") -> str:
    """Return what to do about a file that is not UTF-8; Windows-1252 is what spreadsheets of western Europe save."""
    return f"convert the file to UTF-8, for example: iconv -f {encoding} -t UTF-8 OLD > NEW"


def printable(raw: bytes) -> str:
    """Return bytes as text that can be kept anywhere; what is not UTF-8 becomes \\xNN."""
    return raw.decode("utf-8", "backslashreplace").rstrip("\r\n")
