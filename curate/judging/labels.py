"""Labelled questions and pairs, against which a judge is measured: JSON lines.

    {"question": ..., "options": [...], "answer": ..., "context": ..., "label": "yes" | "no"}
    {"first": {"question": ..., ...}, "second": {...}, "label": "yes" | "no"}

The label is what a judge should say: that the item is answerable, that the pair is the same.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from crossthink.errors import UserError
from curate.identity import item_id


class LabelledItem(BaseModel):
    """An item; what else its line says is not read."""

    model_config = ConfigDict(frozen=True)

    question: str = Field(min_length=1)
    options: list[str] | None = None
    answer: str | None = None
    context: str | None = None

    def as_item(self) -> dict[str, Any]:
        """Return the item as judges are shown it."""
        return {**self.model_dump(), "item_id": item_id(self.question, self.context, self.options)}


class LabelledQuestion(LabelledItem):
    label: Literal["yes", "no"]


class LabelledPair(BaseModel):
    model_config = ConfigDict(frozen=True)

    first: LabelledItem
    second: LabelledItem
    label: Literal["yes", "no"]


Labelled = LabelledQuestion | LabelledPair


def read_labels(path: Path, are_pairs: bool) -> list[Labelled]:
    """Read a file of labels.

    Raises:
        UserError: it is not there or empty, or a line of it is not what is expected.
    """
    if not path.is_file():
        raise UserError(f"labels {path}: no such file")
    found = list(_lines(path, LabelledPair if are_pairs else LabelledQuestion))
    if not found:
        raise UserError(f"labels {path}: is empty, expected a JSON object a line")
    return found


def _lines(path: Path, kind: type[Labelled]) -> Iterator[Labelled]:
    with path.open(encoding="utf-8", errors="replace") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                yield kind.model_validate(json.loads(line))
            except ValidationError as error:
                first = error.errors(include_url=False)[0]
                key = ".".join(map(str, first["loc"])) or "(line)"
                raise UserError(f"{path}:{number}  {key}: {first['msg']}") from None
            except (ValueError, RecursionError) as error:
                raise UserError(f"{path}:{number}  is no JSON ({error})") from None
