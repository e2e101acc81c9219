r"""Delimited rows and plain text, both read so that bytes which are not UTF-8 cost one record and not the file.

Bytes are decoded with PEP 383 surrogates, cut into records, and each record is settled by itself. In a CSV row such
bytes reject the row. Commas part cells under the quotes of RFC 4180; tabs part them under none, as the IANA's
text/tab-separated-values has it: there a quote is a character. In plain text a lone byte is read as Windows-1252
("Pen\xe9lope"), which older crowd-collected files mix with UTF-8, and the record says so; bytes that look like a damaged
UTF-8 character reject the record.
"""

import csv
import re
from collections import deque
from collections.abc import Iterator
from typing import Any, NamedTuple

from crossthink.errors import UserError
from curate.readers.opening import Member, lines, whole_text
from curate.readers.rows import Rejected, RejectReason, Row, Splitter, conversion, printable

_ESCAPED_BYTE = re.compile(r"[\udc80-\udcff]")
_LONE_BYTE = re.compile(
    r"(?<![\udc80-\udcff])(?:[\udc80-\udcc1\udcf5-\udcff]|[\udcc2-\udcf4](?!\?))(?![\udc80-\udcff])"
)
"""Not beside another such byte, and no first byte of a UTF-8 character before a "?": those are damaged UTF-8."""
_HEADERLESS = tuple(map(str, range(64)))


class _Cells(NamedTuple):
    line: int
    cells: list[str]
    raw: bytes


def csv_rows(member: Member, *, header: bool) -> Iterator[Row | Rejected]:
    """Yield CSV rows (tab-separated for `.tsv`) as records, each under the line on which it begins.

    With a header the keys are its names; without one they are "0", "1", ... and `file`. Blank lines are no rows. Where
    quotes are broken, the line is rejected and reading goes on with the next line, however far the quote reached.

    Raises:
        UserError: the header is not usable.
    """
    found = _cells(member)
    names = _header(member, found) if header else None
    for row in found:
        if isinstance(row, Rejected):
            yield row
            continue
        place = f"{member.name}:{row.line}"
        cells = row.cells
        if not row.raw.isascii() and any(map(_ESCAPED_BYTE.search, cells)):
            yield Rejected(place, RejectReason.BAD_BYTES, "holds bytes that are not UTF-8", printable(row.raw))
        elif names is None:
            record = dict(zip(_HEADERLESS, cells, strict=False))
            record["file"] = member.plain_name
            yield Row(place, record)
        elif len(cells) == len(names):
            yield Row(place, dict(zip(names, cells, strict=True)))
        else:
            message = f"found {len(cells)} cells, expected {len(names)} ({', '.join(names)})"
            yield Rejected(place, RejectReason.BAD_COLUMNS, message, printable(row.raw))


def text_records(member: Member, split: Splitter) -> Iterator[Row | Rejected]:
    """Yield the records that `split` finds in a text as {"text", "file", "encoding"}.

    Raises:
        UserError: the file is damaged, or too large to be read whole.
    """
    for line, text in split(whole_text(member)):
        place = f"{member.name}:{line}"
        encoding = "utf-8"
        if not text.isascii() and _ESCAPED_BYTE.search(text):
            raw = text.encode("utf-8", "surrogateescape")
            text, encoding = _LONE_BYTE.sub(_windows_character, text), "windows-1252"
            if _ESCAPED_BYTE.search(text):
                message = "holds bytes that are neither UTF-8 nor single Windows-1252 characters"
                yield Rejected(place, RejectReason.BAD_BYTES, message, printable(raw))
                continue
        yield Row(place, {"text": text, "file": member.plain_name, "encoding": encoding})


def _cells(member: Member) -> Iterator[_Cells | Rejected]:
    """Yield the cells of each row; after a row with broken quotes, go on with the line after its first."""
    source = lines(member)
    again: deque[tuple[int, bytes]] = deque()
    used: list[tuple[int, bytes]] = []

    def feed() -> Iterator[str]:
        while pair := again.popleft() if again else next(source, None):
            used.append(pair)
            yield pair[1].decode("utf-8", "surrogateescape")

    form: dict[str, Any] = {"delimiter": "\t", "quoting": csv.QUOTE_NONE} if member.suffix == ".tsv" else {}
    reader = csv.reader(feed(), strict=True, **form)
    while True:
        used.clear()
        try:
            cells = next(reader, None)
        except csv.Error as error:
            number, line = used[0]
            again.extendleft(reversed(used[1:]))
            reader = csv.reader(feed(), strict=True, **form)
            yield Rejected(f"{member.name}:{number}", RejectReason.BAD_COLUMNS, str(error), printable(line))
            continue
        if cells is None:
            return
        if cells:
            yield _Cells(used[0][0], cells, used[0][1] if len(used) == 1 else b"".join(line for _, line in used))


def _header(member: Member, rows: Iterator[_Cells | Rejected]) -> list[str]:
    first = next(rows, None)
    if first is None:
        return []
    if isinstance(first, Rejected):
        raise UserError(f"{first.place}: expected a header: {first.message}")
    names = first.cells
    place = f"{member.name}:{first.line}"
    if any(map(_ESCAPED_BYTE.search, names)):
        raise UserError(f"{place}: the header holds bytes that are not UTF-8; {conversion()}")
    comma = "\t" if member.suffix == ".tsv" else ","
    if len(names) == 1 and (other := next((mark for mark in "\t;|," if mark != comma and mark in names[0]), None)):
        raise UserError(
            f"{place}: the header is one cell, {names[0]!r}, which looks parted by {other!r}; expected {comma!r}."
            " A .csv is parted by commas, a .tsv by tabs"
        )
    if "" in names or len(set(names)) < len(names):
        raise UserError(f"{place}: expected a header of different column names, found {names}")
    return names


def _windows_character(byte: re.Match[str]) -> str:
    return bytes([ord(byte[0]) - 0xDC00]).decode("windows-1252", "surrogateescape")
