"""The fast path: settle a comparison in this process, in microseconds, without sympy."""

from curate.verify.choice import settle_choice
from curate.verify.kinds import AnswerKind, Reason
from curate.verify.mathematics import settle_math
from curate.verify.text import settle_text


def settle(answer: str, gold: str, kind: str) -> Reason | None:
    """Compare a bare answer with its gold, or return None if only math-verify can tell. Never raises."""
    match kind:
        case AnswerKind.CHOICE:
            return settle_choice(answer, gold)
        case AnswerKind.TEXT:
            return settle_text(answer, gold)
        case AnswerKind.NUMBER:
            return settle_math(answer, gold, e_notation=True)
        case AnswerKind.MATH:
            return settle_math(answer, gold)
        case _:
            return Reason.UNKNOWN_KIND
