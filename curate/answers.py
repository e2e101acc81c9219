"""Whether two answers are one, as the verifier sees it, and which of several are.

The verifier is not symmetric, so either may answer for the other. It can also fail to say (a comparison was killed at its
time limit): for a vote that is "not the same", for a wrong option it is "not known to be wrong".
"""

from collections.abc import Sequence
from enum import Enum

from curate.verify import Reason, compare, infer_kind


class Sameness(Enum):
    SAME = "same"
    DIFFERENT = "different"
    UNDECIDED = "undecided"


def sameness(left: str, right: str, kind: str | None = None) -> Sameness:
    """Compare two bare answers.

    Args:
        left, right: bare answers.
        kind: an `AnswerKind`; None: as the form of each says when it stands for the gold.
    """
    if left == right:
        return Sameness.SAME
    verdicts = [compare(answer, gold, kind or infer_kind(gold)) for answer, gold in ((left, right), (right, left))]
    if any(verdict.correct for verdict in verdicts):
        return Sameness.SAME
    unsaid = (Reason.TIMED_OUT, Reason.WORKER_DIED)
    return Sameness.UNDECIDED if any(verdict.reason in unsaid for verdict in verdicts) else Sameness.DIFFERENT


def is_same(left: str, right: str, kind: str | None = None) -> bool:
    """Whether two answers are known to be one."""
    return sameness(left, right, kind) is Sameness.SAME


def grouped(answers: Sequence[str | None], kind: str | None) -> list[list[int]]:
    """Return the places of the answers that are one, in groups, each group by its first; None is in no group.

    An answer joins the first group whose first answer it equals, as the verifier's equality is not transitive.

    Args:
        answers: of independent responses to one question; None where one states none.
        kind: see `sameness`.
    """
    groups: list[list[int]] = []
    for place, answer in enumerate(answers):
        if answer is not None:
            group = next((each for each in groups if is_same(answers[each[0]] or "", answer, kind)), None)
            groups.append([place]) if group is None else group.append(place)
    return groups
