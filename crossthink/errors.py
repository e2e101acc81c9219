"""Errors that a person can act on.

A `UserError` is bad input: its message names the file, the line or key, what was found and what was expected. The command
line prints the message alone and exits with code 2; anything else that escapes is a fault of this project.
"""

import os
import re
from collections.abc import Iterable
from typing import Any


class UserError(Exception):
    """Input that cannot be used; the message says where it is and what would be right."""


def nearest(word: str, choices: Iterable[str]) -> str:
    """Return " Did you mean 'x'?" for the closest choice, or "" when none is close."""
    from rapidfuzz import fuzz, process

    found = process.extractOne(word, list(choices), scorer=fuzz.ratio, score_cutoff=60)
    return f" Did you mean '{found[0]}'?" if found else ""


def listing(names: Iterable[str]) -> str:
    """Return the names for a message: "a, b, c", or "none"."""
    return ", ".join(sorted(names)) or "none"


def several(count: int, singular: str, plural: str = "") -> str:
    """Return a count with its noun: 1 row, 2 rows."""
    return f"{count:,} {singular if count == 1 else plural or singular + 's'}"


def record_fault(fault: Any, remedy: str) -> str:
    """Return what is wrong with a record that this program wrote, and what to do: pydantic's first fault, in a line.

    The version is looked at first, so a record of a newer schema is told from a damaged one.
    """
    where = ".".join(map(str, fault["loc"])) or "(whole file)"
    if where == "schema_version" and isinstance(fault["input"], int):
        expected = fault["ctx"]["expected"]
        return (
            f"schema_version: found {fault['input']}, expected {expected}: another version of crossthink wrote it;"
            " use that version, or another workspace"
        )
    return f"{where}: {fault['msg'].removeprefix('Value error, ')}. {remedy}"


def os_fault(error: OSError) -> str:
    """Return what the operating system refused, with the file: "w/corpora: Permission denied"."""
    name = error.filename2 or error.filename
    where = f"{os.fsdecode(name)}: " if isinstance(name, str | bytes | os.PathLike) else ""
    return f"{where}{error.strerror}" if error.strerror else str(error) or type(error).__name__


def printable(text: str) -> str:
    """Return text that a terminal shows as it stands: control characters are written as \\x1b, line ends stay.

    Corpus text is data; an escape sequence in it must not colour, move or retitle the terminal of who looks at it.
    """
    return re.sub(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", lambda found: f"\\x{ord(found[0]):02x}", text)
