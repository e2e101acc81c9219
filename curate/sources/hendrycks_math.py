r"""Hendrycks MATH and the many sets that copy its fields: a problem, and an answer or a solution that boxes it.

The gold is `answer`; without one it is the last balanced `\boxed{}` of the solution. A problem that has neither is
drafted without a gold, for the filters to count. Published as EleutherAI/hendrycks_math on the hub (MIT).
"""

from curate.items import Domain
from curate.sources.base import Adapter, BadRecord, Draft, Record, optional_text, register, rest_of, text_of
from curate.verify.extract import last_box

_USED = frozenset({"problem", "answer", "solution", "type", "subject", "unique_id"})


def draft(record: Record) -> Draft:
    answer, solution = optional_text(record, "answer"), optional_text(record, "solution")
    if "answer" not in record and "solution" not in record:
        raise BadRecord(f"answer: expected an answer or a solution, found {', '.join(map(str, record))}")
    if answer is None and solution:
        answer = last_box(solution)
    return Draft(
        question=text_of(record, "problem"),
        answer=answer,
        key=optional_text(record, "unique_id"),
        subject=optional_text(record, "subject") or optional_text(record, "type"),
        solutions=[{"text": solution, "answer": answer, "by": None}] if solution else [],
        extra=rest_of(record, _USED),
    )


HENDRYCKS_MATH = register(
    Adapter(
        name="hendrycks_math",
        about=r"Hendrycks MATH: problem, answer or solution with \boxed{}, level, type; hub EleutherAI/hendrycks_math",
        layout="records",
        draft=draft,
        domain=Domain.MATH,
        license="MIT",
    )
)
