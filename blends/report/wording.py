"""Numbers, names and corpus text as a reader sees them.

Everything that the page prints goes through `visible` (Jinja's `finalize`): controls and the characters that turn the
direction of a line (Unicode UAX #9) are written out, so that no question can hide, reverse or break what stands around it.
"""

import re
from typing import Any

from markupsafe import Markup

_UNSEEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]"
)

STAGES = {
    "ingest": "could not be read",
    "malformed": "incomplete or malformed",
    "exact_duplicates": "copy of another row",
    "signals": "filtered by a signal",
    "contamination": "in a benchmark",
    "judge_contamination": "in a benchmark, says a judge",
    "near_duplicates": "near copy of another row",
    "judge_near_duplicates": "the same as another row, says a judge",
    "templates": "makes no sense without its options",
    "verifiable": "answer too long to verify",
    "self_check": "its own gold fails the verifier",
}
"""What it says of a row that a stage of curation dropped it; a stage that is not here goes by its name."""

GROUPINGS = {"domain": "Domain", "source": "Source", "template": "Template", "license": "Licence"}
VALUES = {
    "gpr": "general reasoning",
    "math": "mathematics",
    "mcq": "multiple choice",
    "open": "open question",
}
"""Short values of the columns, in words."""


def visible(value: Any) -> Any:
    """Return text with controls and direction marks written out, as `\\u202e`; markup and numbers as they are."""
    if value is None:
        return ""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", value)


def number(value: int) -> str:
    return f"{value:,}"


def percent(share: float) -> str:
    """Return a share as a percentage with one decimal; what is not nothing never reads as nothing, nor as all."""
    if 0 < share < 0.0005:
        return "< 0.1%"
    if 0.9995 <= share < 1:
        return "> 99.9%"
    return f"{share * 100:.1f}%"


def points(difference: float) -> str:
    """Return a difference of shares in percentage points, with its sign."""
    rounded = round(difference * 100, 2)
    return f"{rounded:+.2f}".replace("-", "\u2212") if rounded else "0"


def words(name: str) -> str:
    """Return a name of the code (`needs_options`) as words."""
    return name.replace("_", " ")


def stage_words(stage: str) -> str:
    return STAGES.get(stage, words(stage))


def breakable(name: str) -> Markup:
    """Return a name with places where a narrow column may break it: after dots, dashes, slashes and underscores."""
    parts = re.split(r"(?<=[._/-])(?=.)", str(visible(name)))
    return Markup("<wbr>").join(parts)


def setting(value: Any) -> str:
    """Return a recipe's value as a person writes it."""
    if value is None or value == [] or value == {}:
        return "not set"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def value_words(value: str) -> str:
    return VALUES.get(value, value)


def size(count: int) -> str:
    """Return bytes for people, by thousands: 12.3 MB."""
    amount = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


def listed(names: list[str]) -> str:
    """Return names as a sentence has them: a, b and c."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}" if names else ""


def cut(text: str | None, limit: int = 600) -> str:
    """Return the beginning of a long text, and how much of it is missing."""
    if text is None or len(text) <= limit:
        return text or ""
    return f"{text[:limit].rstrip()} … ({len(text) - limit:,} more characters)"
