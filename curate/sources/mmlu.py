"""MMLU as first published: headerless CSV files of question, A, B, C, D, letter; subject and split are the file's name.

A row with other than six cells is a bad record: an unquoted comma has moved its options. Published in the `data.tar` of
github.com/hendrycks/test (MIT); the training part is `auxiliary_train`.
"""

import re
from functools import cache

from curate.items import Domain
from curate.sources.base import Adapter, BadRecord, Draft, Record, letter_index, register, text_of

_CELLS = 6
_SPLIT = re.compile(r"_(dev|val|test|train)$")


def draft(record: Record) -> Draft:
    cells = [text_of(record, key) for key in record if key != "file"]
    if len(cells) != _CELLS:
        raise BadRecord(f"expected {_CELLS} cells (question, A, B, C, D, letter), found {len(cells)}")
    question, *options, letter = cells
    place = letter_index(letter, options)
    subject, split = _subject_and_split(str(record.get("file", "")))
    return Draft(
        question=question,
        answer=letter.strip() if place is None else options[place],
        options=options,
        answer_index=place,
        subject=subject,
        extra={"split": split} if split else None,
    )


@cache
def _subject_and_split(file: str) -> tuple[str | None, str | None]:
    stem = file.rpartition(".")[0] or file
    found = _SPLIT.search(stem)
    return (stem[: found.start()], found[1]) if found else (stem or None, None)


MMLU = register(
    Adapter(
        name="mmlu",
        about="MMLU's headerless CSV: question, A, B, C, D, letter; github.com/hendrycks/test",
        layout="rows",
        draft=draft,
        domain=Domain.GPR,
        license="MIT",
    )
)
