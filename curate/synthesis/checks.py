"""What a rule can check of a model's words: of new questions, wrong options, other wordings and explanations.

Each check gives the reason why the words cannot be used, or None. Nothing is repaired: a row that fails is dropped, counted,
and kept beside the source with what failed.
"""

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum

from curate.answers import Sameness, sameness
from curate.filters import LETTERS
from curate.sameness import is_negated, marks_of
from curate.synthesis.equality import WORDED, occurrences, stands_in
from curate.synthesis.replies import Contrast, WrittenQuestion


class Lost(StrEnum):
    """Why there is no row; those of a vote are `curate.synthesis.votes.NoMajority`."""

    # the request
    NOT_ANSWERED = "not_answered"
    UNPARSED = "unparsed"
    ANSWERS_ANOTHER_ITEM = "answers_another_item"
    # a new question
    BAD_BYTES = "bad_bytes"
    NOT_GIVEN = "not_given"
    MORE_THAN_ASKED = "more_than_asked"
    BLANK_QUESTION = "blank_question"
    WRONG_NUMBER_OF_OPTIONS = "wrong_number_of_options"
    BLANK_OPTION = "blank_option"
    DUPLICATE_OPTIONS = "duplicate_options"
    # an item that an operator is not for
    HAS_OPTIONS = "has_options"
    HAS_NO_OPTIONS = "has_no_options"
    STANDS_WITHOUT_OPTIONS = "stands_without_options"
    GOLD_NEEDS_OPTIONS = "gold_needs_options"
    NO_GOLD = "no_gold"
    # an item in another form
    TOO_FEW_DISTRACTORS = "too_few_distractors"
    SAME_WORDS = "same_words"
    NUMBERS_CHANGED = "numbers_changed"
    NEGATION_CHANGED = "negation_changed"
    GIVES_ANSWER_AWAY = "gives_answer_away"
    STILL_NEEDS_OPTIONS = "still_needs_options"
    OPTIONS_NOT_EXPLAINED = "options_not_explained"
    EXPLAINS_OTHER_TEXT = "explains_other_text"


def question_fault(written: WrittenQuestion, options: int | None) -> Lost | None:
    """Check a new question.

    Args:
        written: as the model wrote it.
        options: how many were asked for; None for a short answer.
    """
    texts = [option.strip() for option in written.options or ()]
    if not written.question.strip():
        return Lost.BLANK_QUESTION
    if len(texts) != (options or 0):
        return Lost.WRONG_NUMBER_OF_OPTIONS
    if not all(texts):
        return Lost.BLANK_OPTION
    are_same = (sameness(left, right) is Sameness.SAME for n, left in enumerate(texts) for right in texts[:n])
    return Lost.DUPLICATE_OPTIONS if any(are_same) else None


def wrong_options(
    proposed: Sequence[str], golds: Sequence[str], kind: str, wanted: int
) -> tuple[list[str], dict[str, str]]:
    """Choose wrong options: the first that are known to be wrong and different from each other.

    Args:
        proposed: by a model, in its order.
        golds: the gold, and every other answer that the source accepts.
        kind: how answers are compared, an `AnswerKind`.
        wanted: how many at most.

    Returns:
        Those chosen, and why each of the others looked at cannot be used.
    """
    chosen: list[str] = []
    refused: dict[str, str] = {}
    for text in (each.strip() for each in proposed):
        if len(chosen) == wanted:
            break
        if fault := _option_fault(text, golds, chosen, kind):
            refused[text] = fault
        else:
            chosen.append(text)
    return chosen, refused


def _option_fault(text: str, golds: Sequence[str], chosen: Sequence[str], kind: str) -> str | None:
    if not text:
        return "blank"
    for other, what in (*((gold, "gold") for gold in golds), *((option, "option") for option in chosen)):
        found = sameness(text, other, kind)
        if found is not Sameness.DIFFERENT:
            return f"{found.value} as {what} {other}"
        if kind in WORDED and (stands_in(other, text) or stands_in(text, other)):
            return f"stands in or around {what} {other}"
    return None


def wording_fault(old: str, new: str, gold: str, *, keeps_negation: bool = True) -> Lost | None:
    """Check a question in other words: the numbers stay, "not" stays, and the gold is not said more often than before.

    Args:
        old, new: the two wordings.
        gold: text of the answer.
        keeps_negation: whether "not" must stay; "which of these is not ..." can become a question without it.
    """
    if not new.strip():
        return Lost.BLANK_QUESTION
    if marks_of(old) == marks_of(new):
        return Lost.SAME_WORDS
    if _numbers(old) != _numbers(new):
        return Lost.NUMBERS_CHANGED
    if keeps_negation and is_negated(old, new):
        return Lost.NEGATION_CHANGED
    return Lost.GIVES_ANSWER_AWAY if occurrences(gold, new) > occurrences(gold, old) else None


def explanations_of(reply: Contrast, options: Sequence[str]) -> list[str] | Lost:
    """Return the explanation of each option, in the order of the options.

    Every option is explained once, under its own letter and text.
    """
    by_letter = {each.option.strip(" ().").upper(): each for each in reply.explanations}
    letters = LETTERS[: len(options)]
    if len(reply.explanations) != len(options) or set(by_letter) != set(letters):
        return Lost.OPTIONS_NOT_EXPLAINED
    found = [by_letter[letter] for letter in letters]
    if not all(each.why.strip() for each in found):
        return Lost.OPTIONS_NOT_EXPLAINED
    if any(marks_of(each.text) != marks_of(option) for each, option in zip(found, options, strict=True)):
        return Lost.EXPLAINS_OTHER_TEXT
    return [each.why.strip() for each in found]


def _numbers(text: str) -> Counter[str]:
    return Counter(mark for mark in marks_of(text) if any(character.isdigit() for character in mark))
