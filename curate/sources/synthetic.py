"""The questions of a synthetic source (`curate.synthesis.source`), as `crossthink synthesize` writes them.

They are this project's own rows: each has its licence, language, origin and kind of answer, so nothing is inferred.
"""

import json

from curate.items import Domain, Origin
from curate.sources.base import Adapter, BadRecord, Draft, Record, optional_text, text_of
from curate.sources.registry import register


def draft(record: Record) -> Draft:
    try:
        return Draft(
            question=text_of(record, "question"),
            answer=optional_text(record, "answer"),
            options=record["options"],
            answer_index=record["answer_index"],
            key=text_of(record, "key"),
            subject=record["subject"],
            context=record["context"],
            solutions=record["solutions"] or [],
            domain=Domain(record["domain"]),
            origin=Origin(record["origin"]),
            answer_kind=None if record["options"] else text_of(record, "answer_kind"),
            images=record["images"] or [],
            extra=json.loads(record["extra"] or "null"),
            license=text_of(record, "license"),
            language=record["language"],
        )
    except KeyError as error:
        raise BadRecord(f"{error.args[0]}: the key is missing, found {', '.join(record)}") from None


SYNTHETIC = register(
    Adapter(
        name="synthetic",
        about="questions of `crossthink synthesize`: the columns of questions.parquet",
        published="WORKSPACE/synthetic/NAME",
        gold="option by its place, or text",
        layout="records",
        draft=draft,
        domain=Domain.GPR,
        origin=Origin.SYNTHETIC,
    )
)
