"""Whether two answers are one, as the verifier sees it; and whether one stands inside the other.

The verifier is not symmetric, so either may answer for the other. It can also fail to say (a comparison was killed at its
time limit): for a vote that is "not the same", for a wrong option it is "not known to be wrong".
"""

from enum import Enum

from curate.sameness import marks_of
from curate.verify import AnswerKind, Reason, compare, infer_kind


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


def stands_in(part: str, whole: str) -> bool:
    """Whether the words of one text stand in another, in order and next to each other."""
    return occurrences(part, whole) > 0


def occurrences(part: str, whole: str) -> int:
    """How often the words of one text stand in another, in order and next to each other; a text without words never does."""
    wanted, words = marks_of(part), marks_of(whole)
    if not wanted:
        return 0
    return sum(words[start : start + len(wanted)] == wanted for start in range(len(words) - len(wanted) + 1))


WORDED = frozenset({AnswerKind.TEXT, AnswerKind.BOOLEAN})
"""Kinds of which a longer answer may say the same and more: "Paris" and "Paris, France"."""
