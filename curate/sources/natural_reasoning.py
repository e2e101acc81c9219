"""Natural Reasoning: open questions mined from web text, with a reference answer and a model's responses.

Published as facebook/natural_reasoning on the hub (CC BY-NC 4.0).
"""

from curate.items import Domain
from curate.sources.base import (
    Adapter,
    BadRecord,
    Draft,
    Record,
    Solution,
    list_of,
    optional_text,
    register,
    rest_of,
    text_of,
)

_USED = frozenset({"question", "reference_answer", "responses"})


def draft(record: Record) -> Draft:
    if "reference_answer" not in record:
        raise BadRecord(f"reference_answer: the key is missing, found {', '.join(map(str, record))}")
    solutions: list[Solution] = []
    for response in list_of(record, "responses") if record.get("responses") is not None else []:
        if not isinstance(response, dict):
            raise BadRecord(f"responses: expected objects, found {type(response).__name__}")
        by = optional_text(response, "response_model")
        solutions.append({"text": optional_text(response, "response"), "answer": None, "by": by})
    return Draft(
        question=text_of(record, "question"),
        answer=optional_text(record, "reference_answer"),
        solutions=solutions,
        extra=rest_of(record, _USED),
    )


NATURAL_REASONING = register(
    Adapter(
        name="natural_reasoning",
        about="Natural Reasoning: question, reference_answer, responses; hub facebook/natural_reasoning",
        layout="records",
        draft=draft,
        domain=Domain.GPR,
        license="CC-BY-NC-4.0",
    )
)
