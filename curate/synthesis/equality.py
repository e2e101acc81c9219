"""Whether one answer stands inside another."""

from curate.sameness import marks_of
from curate.verify import AnswerKind


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
