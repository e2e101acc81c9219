"""The answer of a question as the majority of independent solutions (arXiv 2504.13941, section 2).

Votes are counted by the verifier's equality and not by their text: 1/2, 0.5 and \\frac{1}{2} are one answer. The share of the winner is kept with the
question; a tie, and too few solutions that state an answer at all, are reasons to have no answer.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from curate.answers import grouped
from curate.verify import extract_lenient, infer_kind


class NoMajority(StrEnum):
    """Why solutions have no answer in common."""

    TOO_FEW_SOLUTIONS = "too_few_solutions"
    TIE = "tie"
    SHARE_TOO_SMALL = "share_too_small"


@dataclass(frozen=True)
class Vote:
    """What independent solutions say.

    Attributes:
        answer: of most of them, as most of these write it; None without a majority.
        kind: the `AnswerKind` of the answer.
        share: votes of the winner among the solutions that state an answer; 0 when none does.
        counts: votes for each answer, by how it is written most often, the most votes first.
        winners: places of the solutions that gave the answer.
        refused: why there is no answer.
    """

    answer: str | None
    kind: str
    share: float
    counts: dict[str, int]
    winners: tuple[int, ...]
    refused: NoMajority | None = None


def stated_answers(solutions: Sequence[str], kind: str) -> list[str | None]:
    """Return what each solution states as its answer, None where it states none.

    Args:
        solutions: whole responses.
        kind: `choice` where a letter is wanted, else any other `AnswerKind`.
    """
    return [extract_lenient(solution, kind) or None for solution in solutions]


def vote(answers: Sequence[str | None], kind: str | None, fewest: int, least_share: float) -> Vote:
    """Count votes.

    Args:
        answers: of independent solutions; None has no vote.
        kind: how they are compared; None: as each answer's own form says.
        fewest: solutions that must state an answer.
        least_share: of the votes, that the winner must have.
    """
    groups = grouped(answers, kind)
    written = sorted(
        ((_as_written([answers[place] or "" for place in group]), group) for group in groups),
        key=lambda each: (-len(each[1]), each[1][0]),
    )
    total = sum(len(group) for _, group in written)
    counts = {text: len(group) for text, group in written}
    share = len(written[0][1]) / total if written else 0.0
    refused = None
    if total < fewest or not written:
        refused = NoMajority.TOO_FEW_SOLUTIONS
    elif len(written) > 1 and len(written[1][1]) == len(written[0][1]):
        refused = NoMajority.TIE
    elif share < least_share:
        refused = NoMajority.SHARE_TOO_SMALL
    if refused:
        return Vote(None, kind or "", share, counts, (), refused)
    answer, group = written[0]
    return Vote(answer, kind or str(infer_kind(answer)), share, counts, tuple(group))


def _as_written(texts: Sequence[str]) -> str:
    """The commonest way to write an answer; of equally common ones the shortest, then the first in order."""
    counts = Counter(texts)
    return min(counts, key=lambda text: (-counts[text], len(text), text))
