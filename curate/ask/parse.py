"""Reading JSON out of a model's answer: strictly, then leniently, then an explicit failure.

Lenient means that the one object in the answer is found behind whatever stands around it, and that commas too many and
Python's spelling are forgiven. So is LaTeX with one backslash where JSON wants two: read as it stands, "\\frac" is a form feed
and "rac", and no parser complains. What is missing is never filled in: an object that is cut off is a failure, and so is an
answer with several that differ.
"""

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ValidationError

M = TypeVar("M", bound=BaseModel)
LONGEST = 100_000
"""Characters that are read; a longer answer is no JSON object that anybody asked for."""
DEEPEST = 100
_ALONE = re.compile(
    r"(?<!\\)((?:\\\\)*)\\"  # one backslash, after any number of pairs
    r"(?=[bfr][A-Za-z]"  # \beta, \frac, \rho; nobody writes a backspace, a form feed or a lone carriage return before a letter
    r"|n(?:abla|eq|exists|geq|leq|ot|otin)(?![A-Za-z])"
    r"|t(?:an|anh|au|ext[a-z]*|frac|heta|ilde|imes|o|op|riangle[a-z]*)(?![A-Za-z])"
    r"|u(?![0-9A-Fa-f]{4})"
    r"|[^\"'\\/bfnrtu])"  # \sqrt, \(, \{: no escapes of JSON's
)
r"""A backslash of LaTeX. What may well be either stays as JSON reads it: \nu can be a new line that begins with u."""


class UnparsedReason(StrEnum):
    NO_JSON = "no_json"  # there is no object in it
    CUT_OFF = "cut_off"  # an object begins and does not end
    NOT_JSON = "not_json"  # an object that cannot be read
    SEVERAL = "several"  # objects that differ
    OTHER_SHAPE = "other_shape"  # JSON, but not what was asked for


@dataclass(frozen=True)
class Parsed(Generic[M]):
    """What an answer says, and whether it had to be read leniently."""

    value: M
    how: Literal["strict", "lenient"]


@dataclass(frozen=True)
class Unparsed:
    """Why an answer says nothing; counted, and never taken for an answer."""

    reason: UnparsedReason
    detail: str


def parse_json(text: str, model: type[M]) -> Parsed[M] | Unparsed:
    """Read an answer.

    Args:
        text: what the model said.
        model: what it must fit; what it forbids stays forbidden however leniently the text is read.
    """
    if len(text) > LONGEST:
        return Unparsed(UnparsedReason.NOT_JSON, f"{len(text):,} characters")
    doubled = _ALONE.sub(r"\1\\\\", text)
    try:
        value = json.loads(doubled)
    except (ValueError, RecursionError):
        return _leniently(doubled, model)
    return _fitted(value, model, "strict" if doubled == text else "lenient")


def _leniently(text: str, model: type[M]) -> Parsed[M] | Unparsed:
    spans = list(_objects(text))
    if not spans:
        reason = UnparsedReason.CUT_OFF if "{" in text else UnparsedReason.NO_JSON
        return Unparsed(reason, _shortened(text))
    values: list[Any] = []
    for span in spans:
        value = _read(span)
        if value is not None and value not in values:
            values.append(value)
    if not values:
        return Unparsed(UnparsedReason.NOT_JSON, _shortened(spans[0]))
    fitting = [parsed for value in values if isinstance(parsed := _fitted(value, model, "lenient"), Parsed)]
    if len(fitting) > 1:
        return Unparsed(UnparsedReason.SEVERAL, _shortened(text))
    return fitting[0] if fitting else _fitted(values[0], model, "lenient")


def _fitted(value: Any, model: type[M], how: Literal["strict", "lenient"]) -> Parsed[M] | Unparsed:
    try:
        return Parsed(model.model_validate(value), how)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(map(str, first["loc"]))
        return Unparsed(UnparsedReason.OTHER_SHAPE, f"{place}: {first['msg']}" if place else first["msg"])


def _objects(text: str) -> Iterator[str]:
    """Yield the outermost {...} of a text; a brace inside a quoted text counts for nothing."""
    depth, start, quote, place = 0, 0, "", 0
    while place < len(text):
        sign = text[place]
        if quote:
            if sign == "\\":
                place += 1
            elif sign == quote:
                quote = ""
        elif sign == '"' and depth:
            quote = sign
        elif sign == "{":
            start = start if depth else place
            depth += 1
            if depth > DEEPEST:
                return
        elif sign == "}" and depth:
            depth -= 1
            if not depth:
                yield text[start : place + 1]
        place += 1


def _read(span: str) -> dict[str, Any] | None:
    """Read one object as JSON, as JSON with commas too many, or as Python writes it."""
    for attempt in (span, re.sub(r",(\s*[}\]])", r"\1", span)):
        try:
            value = json.loads(attempt, strict=False)  # a line end within a text is forgiven
            return value if isinstance(value, dict) else None
        except (ValueError, RecursionError):
            continue
    try:
        value = ast.literal_eval(span)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return None
    return value if isinstance(value, dict) else None


def _shortened(text: str) -> str:
    return text if len(text) <= 200 else f"{text[:200]}..."
