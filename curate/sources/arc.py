"""ARC, the AI2 Reasoning Challenge: science questions with labelled choices.

Both published forms are read: the original JSON lines (`question.stem`, `question.choices` as a list of text and label)
and allenai/ai2_arc on the hub (`question` as text, `choices` as two lists). Labels are A to E or 1 to 4 (CC BY-SA 4.0).
"""

from typing import Any

from curate.items import Domain
from curate.sources.base import (
    Adapter,
    BadRecord,
    Draft,
    Record,
    list_of,
    optional_text,
    register,
    rest_of,
    text_of,
    texts_of,
)

_USED = frozenset({"id", "question", "choices", "answerKey"})


def draft(record: Record) -> Draft:
    question, choices = record.get("question"), record.get("choices")
    if isinstance(question, dict):
        stem, choices = text_of(question, "stem"), _columns(list_of(question, "choices"))
    else:
        stem = text_of(record, "question")
    if not isinstance(choices, dict):
        raise BadRecord(f"choices: expected label and text, found {type(choices).__name__}")
    labels, options = texts_of(choices, "label"), texts_of(choices, "text")
    if len(labels) != len(options):
        raise BadRecord(f"choices: expected a label for each text, found {len(labels)} and {len(options)}")
    label = text_of(record, "answerKey").strip()
    place = labels.index(label) if label and label in labels else None
    return Draft(
        question=stem,
        answer=label if place is None else options[place],
        options=options,
        answer_index=place,
        key=optional_text(record, "id"),
        subject="science",
        extra=rest_of(record, _USED),
    )


def _columns(choices: list[Any]) -> dict[str, list[Any]]:
    if not all(isinstance(choice, dict) and {"label", "text"} <= choice.keys() for choice in choices):
        raise BadRecord("question.choices: expected objects with text and label")
    return {key: [choice[key] for choice in choices] for key in ("label", "text")}


ARC = register(
    Adapter(
        name="arc",
        about="ARC: question (stem, choices), answerKey; AI2's JSON lines, or hub allenai/ai2_arc",
        layout="records",
        draft=draft,
        domain=Domain.GPR,
        license="CC-BY-SA-4.0",
    )
)
