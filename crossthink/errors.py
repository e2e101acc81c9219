"""Errors that a person can act on.

A `UserError` is bad input: its message names the file, the line or key, what was found and what was expected. The command
line prints the message alone and exits with code 2; anything else that escapes is a fault of this project.
"""

from collections.abc import Iterable


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
