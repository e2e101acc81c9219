"""Paths into a record: `reward_model.ground_truth`, `choices[*].text`, `messages[0].content`, `['a.b'].c`.

A name reaches into an object, `[n]` into a list (from its end when negative), `[*]` into every element of a list. A name
that itself holds a dot or a bracket is written in brackets and quotes. It is the part of JSONPath (RFC 9535) that published
rows need, without its leading `$`.
"""

import re
from dataclasses import dataclass
from typing import Any, Final

from crossthink.errors import listing
from curate.readers import Record
from curate.sources.base import BadRecord, text_of


class _Missing:
    """What a path leads to when a key or a place on it is not there."""

    def __repr__(self) -> str:
        return "missing"


MISSING: Final = _Missing()
EVERY: Final = None
"""The step `[*]`."""

_STEP = re.compile(r"""\.?([^.\[\]'"]+)|\[(-?\d+)\]|\[(\*)\]|\[(?:'([^']*)'|"([^"]*)")\]""")


@dataclass(frozen=True, slots=True)
class Path:
    """A parsed path."""

    text: str
    steps: tuple[str | int | None, ...]
    root: str
    """The record's own key at which the path begins."""

    def get(self, record: Record) -> Any:
        """Return the value, a list of values behind `[*]`, None behind null, or MISSING.

        Raises:
            BadRecord: `[*]` meets something else than a list, or an element of it lacks what follows.
        """
        if len(self.steps) == 1:
            return record.get(self.root, MISSING)
        return _walk(record, self.steps, self.text)


def parse_path(text: str) -> Path:
    """Return a path.

    Raises:
        ValueError: the text is none; the message shows where it stops being one.
    """
    steps: list[str | int | None] = []
    place = 0
    while place < len(text):
        found = _STEP.match(text, place)
        if not found or (found[1] is not None and (place == 0) is text[place:].startswith(".")):
            raise ValueError(f"path {text!r}: cannot be read from {text[place:]!r}; expected a.b, a[0] or a[*].b")
        name = next((group for group in (found[1], found[4], found[5]) if group is not None), None)
        steps.append(name if name is not None else int(found[2]) if found[2] else EVERY)
        place = found.end()
    if not steps or not isinstance(steps[0], str):
        raise ValueError(f"path {text!r}: expected the name of a key at its start")
    return Path(text, tuple(steps), steps[0])


def written(name: str) -> str:
    """Return a key as a path spells it."""
    return name if re.fullmatch(r"""[^.\[\]'"]+""", name) else f"[{name!r}]"


def as_text(value: Any, path: str) -> str:
    """Return a text; numbers are written out.

    Raises:
        BadRecord: it is neither.
    """
    return value if type(value) is str else text_of({path: value}, path)


def word(value: Any, path: str) -> str:
    """Return a text; a boolean is true or false, which `values` may put in other words."""
    return ("true" if value else "false") if isinstance(value, bool) else as_text(value, path)


def flat(values: list[Any], path: str) -> list[str]:
    """Return the texts of a list, or of a list of lists; null is left out.

    Raises:
        BadRecord: an element is no text.
    """
    texts: list[str] = []
    for place, value in enumerate(values):
        if isinstance(value, list):
            texts += flat(value, f"{path}[{place}]")
        elif value is not None:
            texts.append(word(value, f"{path}[{place}]"))
    return texts


def missing(paths: str, record: Record) -> BadRecord:
    """Return the error of a key that a record lacks."""
    return BadRecord(f"{paths}: the key is missing, found {listing(map(str, record))}")


def _walk(value: Any, steps: tuple[str | int | None, ...], text: str) -> Any:
    for number, step in enumerate(steps):
        if value is None:
            return None
        if step is EVERY:
            if not isinstance(value, list):
                raise BadRecord(f"{text}: expected a list, found {type(value).__name__}")
            return _every(value, steps[number + 1 :], text)
        if isinstance(step, int):
            if not isinstance(value, list) or not -len(value) <= step < len(value):
                return MISSING
            value = value[step]
        elif hasattr(value, "get"):
            value = value.get(step, MISSING)
        else:
            return MISSING
        if value is MISSING:
            return MISSING
    return value


def _every(values: list[Any], rest: tuple[str | int | None, ...], text: str) -> list[Any]:
    found = [_walk(value, rest, text) for value in values]
    if any(value is MISSING for value in found):
        place = next(place for place, value in enumerate(found) if value is MISSING)
        raise BadRecord(f"{text}: is missing in element {place}, found {str(values[place])[:60]}")
    return found
