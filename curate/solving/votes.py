r"""What several responses to one question agree on.

DeepMath-103K (arXiv 2504.11456, section 2.3) keeps a question only if three independent solutions and the source's own have one
answer. Answers are one when the verifier says so of them, whichever is taken for the gold: 7 and 7.0 are, and so are 1/2 and
\frac{1}{2}.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from curate.answers import grouped, is_same


@dataclass(frozen=True)
class Votes:
    """The answer that most responses give.

    Attributes:
        answer: of the largest group, as its first member writes it; None when no response states any. Of groups of one size,
            the one that came first.
        votes: responses that give it.
        share: of all responses, those without an answer among them.
        is_unanimous: every response gives it, and the source does too, where it states an answer.
    """

    answer: str | None
    votes: int
    share: float
    is_unanimous: bool


def count_votes(answers: Sequence[str | None], kind: str, of_source: str | None) -> Votes:
    """Count the votes of the responses to one question.

    Args:
        answers: of each response; None where it states none, which is a vote for nothing.
        kind: the `AnswerKind` of the question.
        of_source: what the source states as the answer; None if it states none.
    """
    groups = grouped(answers, kind)
    if not groups:
        return Votes(None, 0, 0.0, False)
    largest = max(groups, key=len)
    all_agree = len(largest) == len(answers)
    commonest = answers[largest[0]] or ""
    agrees = of_source is None or is_same(of_source, commonest, kind)
    return Votes(commonest, len(largest), len(largest) / len(answers), all_agree and agrees)
