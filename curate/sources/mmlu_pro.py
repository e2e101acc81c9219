"""MMLU-Pro: up to ten options, the gold as a letter and as a place.

A letter and a place that disagree make a bad record. The worked example of a validation row is kept as a solution.
Published as TIGER-Lab/MMLU-Pro on the hub (MIT).
"""

from curate.items import Domain
from curate.sources.base import (
    Adapter,
    BadRecord,
    Draft,
    Record,
    letter_index,
    optional_text,
    register,
    rest_of,
    text_of,
    texts_of,
)

_USED = frozenset({"question_id", "question", "options", "answer", "answer_index", "category", "cot_content"})


def draft(record: Record) -> Draft:
    options = texts_of(record, "options")
    letter = text_of(record, "answer")
    place = letter_index(letter, options)
    stated = record.get("answer_index")
    if stated is not None and place is not None and stated != place:
        raise BadRecord(f"answer_index: expected {place} for the answer {letter!r}, found {stated!r}")
    gold = letter if place is None else options[place]
    worked = optional_text(record, "cot_content")
    return Draft(
        question=text_of(record, "question"),
        answer=gold,
        options=options,
        answer_index=place,
        key=optional_text(record, "question_id"),
        subject=optional_text(record, "category"),
        solutions=[{"text": worked, "answer": gold, "by": None}] if worked else [],
        extra=rest_of(record, _USED),
    )


MMLU_PRO = register(
    Adapter(
        name="mmlu_pro",
        about="MMLU-Pro: question, options, answer (letter), answer_index, category; hub TIGER-Lab/MMLU-Pro",
        layout="records",
        draft=draft,
        domain=Domain.GPR,
        license="MIT",
    )
)
