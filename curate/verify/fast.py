"""The fast path: settle a comparison in this process, in microseconds, without sympy."""

from collections.abc import Callable

from curate.verify.boolean import settle_boolean
from curate.verify.choice import settle_choice, settle_multi_choice
from curate.verify.date import settle_date
from curate.verify.interval import settle_interval
from curate.verify.kinds import AnswerKind, Reason
from curate.verify.mathematics import settle_math
from curate.verify.quantity import settle_quantity
from curate.verify.sequence import settle_list, settle_set
from curate.verify.text import settle_text


def settle(answer: str, gold: str, kind: str) -> Reason | None:
    """Compare a bare answer with its gold, or return None if only math-verify can tell. Never raises."""
    settler = _SETTLERS.get(kind)
    return settler(answer, gold) if settler else Reason.UNKNOWN_KIND


def _settle_number(answer: str, gold: str) -> Reason | None:
    return settle_math(answer, gold, e_notation=True)


def _settle_list(answer: str, gold: str) -> Reason | None:
    return settle_list(answer, gold, settle)


def _settle_set(answer: str, gold: str) -> Reason | None:
    return settle_set(answer, gold, settle)


_SETTLERS: dict[str, Callable[[str, str], Reason | None]] = {
    AnswerKind.CHOICE: settle_choice,
    AnswerKind.MULTI_CHOICE: settle_multi_choice,
    AnswerKind.BOOLEAN: settle_boolean,
    AnswerKind.TEXT: settle_text,
    AnswerKind.NUMBER: _settle_number,
    AnswerKind.QUANTITY: settle_quantity,
    AnswerKind.DATE: settle_date,
    AnswerKind.MATH: settle_math,
    AnswerKind.INTERVAL: settle_interval,
    AnswerKind.LIST: _settle_list,
    AnswerKind.SET: _settle_set,
}
