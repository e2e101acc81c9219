r"""JSON as published files have it: one object per line, one array of objects, or one object that holds the array.

Stricter than Python's `json` where a value would be lost or could not be written again: a key twice in one object, an
infinity, or half a surrogate pair rejects its record. NaN is read as null, because that is what pandas means by it.
"""

import json
import math
import re
from collections.abc import Iterator
from typing import Any

from crossthink.errors import UserError
from curate.readers import opening
from curate.readers.opening import Member, lines, whole_text
from curate.readers.rows import Rejected, RejectReason, Row, printable

_BLANK = re.compile(r"[ \t\r\n]*")
_ESCAPED_BYTE = re.compile(r"[\udc80-\udcff]")
_SHOWN = 40


class _Parser:
    """A JSON decoder that collects what it dislikes inside a well-formed text in `problems`."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        problem = self.problems.append

        def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
            result = dict(pairs)
            if len(result) < len(pairs):
                keys = [key for key, _ in pairs]
                problem(f"the key {next(key for key in keys if keys.count(key) > 1)!r} stands twice in one object")
            return result

        def finite(text: str) -> float:
            value = float(text)
            if math.isinf(value):
                problem(f"the number {text[:_SHOWN]} is too large")
            return value

        def constant(text: str) -> None:
            if text != "NaN":
                problem(f"{text} is not JSON")

        self._decoder = json.JSONDecoder(object_pairs_hook=unique, parse_float=finite, parse_constant=constant)

    def value(self, text: str) -> Any:
        """Return the value of a whole text.

        Raises:
            ValueError: the text is not JSON, or has problems.
        """
        start = _end_of_blank(text, 0)
        value, end, problem = self.next_value(text, start)
        if problem:
            raise ValueError(problem)
        if _end_of_blank(text, end) < len(text):
            raise ValueError(f"column {end + 1}: more text after the value: {text[end : end + _SHOWN].strip()!r}")
        return value

    def next_value(self, text: str, start: int) -> tuple[Any, int, str]:
        """Return the value that begins at `start`, where it ends, and what is wrong with it ("" for nothing).

        Raises:
            ValueError: no JSON value begins there.
        """
        self.problems.clear()
        try:
            value, end = self._decoder.raw_decode(text, start)
        except json.JSONDecodeError as error:
            raise ValueError(f"column {error.colno}: {error.msg}") from error
        except RecursionError as error:
            raise ValueError("nested too deeply") from error
        if text.find("\\ud", start, end) >= 0 or text.find("\\uD", start, end) >= 0:
            self._refuse_half_pairs(value)
        return value, end, self.problems[0] if self.problems else ""

    def _refuse_half_pairs(self, value: Any) -> None:
        try:
            json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:
            self.problems.append("half of a surrogate pair (\\ud800 to \\udfff) stands alone")


def json_lines(member: Member) -> Iterator[Row | Rejected]:
    """Yield one record per non-blank line."""
    parser = _Parser()
    for number, line in lines(member):
        if line.isspace():
            continue
        place = f"{member.name}:{number}"
        if len(line) > opening.MAX_LINE_BYTES:
            message = f"the line is longer than {opening.MAX_LINE_BYTES:,} bytes"
            yield Rejected(place, RejectReason.TOO_LONG, message, printable(line[:1000]))
            continue
        try:
            record = parser.value(line.decode().rstrip("\r\n"))
        except UnicodeDecodeError as error:
            yield Rejected(place, RejectReason.BAD_BYTES, f"byte {error.start + 1} is not UTF-8", printable(line))
        except ValueError as error:
            yield Rejected(place, RejectReason.BAD_JSON, str(error), printable(line))
        else:
            yield Row(place, record) if isinstance(record, dict) else _not_an_object(place, record, printable(line))


def json_file(member: Member) -> Iterator[Row | Rejected]:
    """Yield the records of a `.json` file: an array, an object that holds one list of objects, or JSON lines."""
    if _is_json_lines(member):
        yield from json_lines(member)
        return
    text = whole_text(member)
    start = _end_of_blank(text, 0)
    if text[start : start + 1] == "[":
        yield from _elements(member.name, text, start)
    elif start < len(text):
        yield from _listed(member.name, text)


def _is_json_lines(member: Member) -> bool:
    """Tell JSON lines from one document: the first line is a whole object, and another line follows it."""
    numbered = (line for _, line in lines(member) if not line.isspace())
    first = next(numbered, b"").strip()
    if not first.startswith(b"{") or not first.endswith(b"}"):
        return False
    return next(numbered, None) is not None


def _elements(name: str, text: str, start: int) -> Iterator[Row | Rejected]:
    """Yield an array's elements under the lines on which they begin (with their numbers, if not the first there)."""
    parser = _Parser()
    has_bad_bytes = _ESCAPED_BYTE.search(text) is not None
    number, line, named_line, counted = 0, 1, 0, 0
    position = _end_of_blank(text, start + 1)
    while text[position : position + 1] != "]":
        number, line = number + 1, line + text.count("\n", counted, position)
        counted = begin = position
        try:
            value, end, problem = parser.next_value(text, begin)
            position = _end_of_blank(text, end)
            if text[position : position + 1] not in (",", "]"):
                raise ValueError("expected ',' or ']' after it")
        except ValueError as error:
            raise UserError(f"{name}:{line}: the array is broken in the record that begins here: {error}") from error
        place = f"{name}:{line}" if line > named_line else f"{name}:{line}[{number}]"
        named_line = line
        if has_bad_bytes and _ESCAPED_BYTE.search(text, begin, end):
            raw = printable(text[begin:end].encode("utf-8", "surrogateescape"))
            yield Rejected(place, RejectReason.BAD_BYTES, "holds bytes that are not UTF-8", raw)
        elif problem:
            yield Rejected(place, RejectReason.BAD_JSON, problem, text[begin:end])
        elif isinstance(value, dict):
            yield Row(place, value)
        else:
            yield _not_an_object(place, value, text[begin:end])
        if text[position] == ",":
            position = _end_of_blank(text, position + 1)
    if _end_of_blank(text, position + 1) < len(text):
        raise UserError(f"{name}: more text follows the array; expected one array, or JSON lines")


def _listed(name: str, text: str) -> Iterator[Row | Rejected]:
    """Yield the objects of the one list in an object; an object without one is itself the only record."""
    if _ESCAPED_BYTE.search(text):
        raise UserError(f"{name}: holds bytes that are not UTF-8; convert it to UTF-8")
    try:
        whole = _Parser().value(text)
    except ValueError as error:
        raise UserError(f"{name}: is neither a JSON array, nor an object, nor JSON lines: {error}") from error
    if not isinstance(whole, dict):
        raise UserError(f"{name}: expected an array of objects, found {type(whole).__name__}")
    lists = [key for key, value in whole.items() if _is_list_of_objects(value)]
    if len(lists) != 1 or any(isinstance(value, dict) for value in whole.values()):
        yield Row(f"{name}:1", whole)
        return
    for number, value in enumerate(whole[lists[0]], 1):
        yield Row(f"{name}:{lists[0]}[{number}]", value)


def _is_list_of_objects(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(element, dict) for element in value)


def _not_an_object(place: str, value: Any, raw: str) -> Rejected:
    message = f"expected an object with keys, found {type(value).__name__}"
    return Rejected(place, RejectReason.NOT_AN_OBJECT, message, raw)


def _end_of_blank(text: str, start: int) -> int:
    found = _BLANK.match(text, start)
    return found.end() if found else start
