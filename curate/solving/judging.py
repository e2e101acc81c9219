r"""Judge an answer to a question by the verifier that curates and rewards.

Evaluation takes one answer more than the reward does: the *text* of the right option in the place of its letter
(arXiv 2504.13941, section 3, where the ground truth of multiple choice lists both). A letter is always judged as a letter: only an
answer that names no option is held to the text.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from curate.verify import AnswerKind, Reason, Verdict, compare, extract, infer_kind

UNJUDGED = (Reason.TIMED_OUT, Reason.WORKER_DIED)
"""Reasons that speak of the machine and not of the answer."""
_WORKERS = 2
"""Comparisons at once; the verifier has as many worker processes by default."""


@dataclass(frozen=True, slots=True)
class Gold:
    """What an answer is held to.

    Attributes:
        answer: the letter of the right option, or the answer itself.
        kind: the `AnswerKind`.
        text: of the right option; None for an open question.
    """

    answer: str
    kind: str
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """What an answer is worth; `correct` is None where the verifier could not say."""

    correct: bool | None
    reason: Reason


def boxed_answer(response: str) -> str | None:
    r"""Return what the last `\boxed{}` after the thinking holds, as the reward reads it; None without one."""
    return extract(response).answer


def judge(answers: Sequence[str | None], golds: Sequence[Gold]) -> list[Judgement]:
    """Judge answers, in order; equal pairs are compared once.

    Args:
        answers: bare answers; None where a response states none.
        golds: one each.
    """
    pairs = list(zip(answers, golds, strict=True))
    distinct = list(dict.fromkeys(pairs))
    with ThreadPoolExecutor(_WORKERS) as threads:
        found = dict(zip(distinct, threads.map(_judged, distinct), strict=True))
    return [found[pair] for pair in pairs]


def _judged(pair: tuple[str | None, Gold]) -> Judgement:
    answer, gold = pair
    if answer is None or not answer.strip():
        return Judgement(False, Reason.EMPTY)
    verdict = compare(answer, gold.answer, gold.kind)
    if gold.text is not None and gold.kind == AnswerKind.CHOICE and verdict.reason is Reason.UNPARSEABLE:
        verdict = _as_text(answer, gold.text, verdict)
    return Judgement(None if verdict.reason in UNJUDGED else verdict.correct, verdict.reason)


def _as_text(answer: str, text: str, otherwise: Verdict) -> Verdict:
    verdict = compare(answer, text, infer_kind(text))
    return verdict if verdict.correct or verdict.reason in UNJUDGED else otherwise
