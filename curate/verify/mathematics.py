r"""Mathematics: what can be settled without sympy, both ways.

Answers written alike are equal. Plain numbers, numbers in a base, and tuples and sets of plain numbers are compared
exactly. Everything else is for math-verify in a worker (`pool.py`), except what it is known to get wrong: it drops
words inside `\text{}`, so that "18\text{ million}" would be 18.
"""

import re

from curate.verify.kinds import Reason
from curate.verify.latex import clean, is_balanced, tidy
from curate.verify.number import Number, parse_digits, parse_number

# A longer answer is never parsed: it is equal if written alike, else too long. The longest gold among the shared
# corpora's math has 159 characters.
MAX_CHARS = 2000

_ONLY_WORDS = re.compile(r"[A-Za-z]{3,}(?:[ ,.'-]+[A-Za-z]+)*", re.ASCII)
_SCALE_WORD = re.compile(
    r"(?<![A-Za-z])(?:hundred|thousand|million|billion|trillion|dozen|half|halves|third|quarter|fourth|fifth|tenth|hundredth|"
    r"thousandth|squared|cubed|factorial)s?(?![A-Za-z])"
)


def settle_math(answer: str, gold: str, e_notation: bool = False) -> Reason | None:
    """Compare without sympy, or return None if only math-verify can tell."""
    if max(len(answer), len(gold)) > MAX_CHARS:
        return _settle_long(answer, gold)
    answer = clean(answer)
    answer_form, gold_form = tidy(answer), tidy(clean(gold))
    if not gold_form:
        return Reason.NO_GOLD
    if not answer_form:
        return Reason.EMPTY
    if answer_form.replace(", ", ",") == gold_form.replace(", ", ","):
        return Reason.CORRECT
    equal = _equal_forms(answer_form, gold_form, e_notation)
    if equal is not None:
        return Reason.CORRECT if equal else Reason.WRONG
    if set(_SCALE_WORD.findall(answer_form)) - set(_SCALE_WORD.findall(gold_form)):
        return Reason.WRONG
    return None if is_balanced(answer) else Reason.UNPARSEABLE


def _settle_long(answer: str, gold: str) -> Reason:
    if not gold.strip():
        return Reason.NO_GOLD
    return Reason.CORRECT if answer.strip() == gold.strip() else Reason.TOO_LONG


def _equal_forms(answer: str, gold: str, e_notation: bool) -> bool | None:
    """Whether two tidied forms are equal, or None if that takes algebra."""
    mine, theirs = parse_number(answer, e_notation), parse_number(gold, e_notation)
    if mine and theirs:
        return mine.equals(theirs)
    if (mine and _ONLY_WORDS.fullmatch(gold)) or (theirs and _ONLY_WORDS.fullmatch(answer)):
        return False  # words alone are no plain number, whichever is the gold
    based = _equal_digits(answer, gold)
    return _equal_sequences(answer, gold) if based is None else based


def _equal_digits(answer: str, gold: str) -> bool | None:
    """`422_8` is met by 422 (the question named the base) but not by `422_9`, as math-verify would have it."""
    mine, theirs = parse_digits(answer), parse_digits(gold)
    if not mine or not theirs or not (mine[1] or theirs[1]):
        return None
    return mine[0] == theirs[0] and (mine[1] == theirs[1] or not (mine[1] and theirs[1]))


def _equal_sequences(answer: str, gold: str) -> bool | None:
    mine, theirs = _parse_sequence(answer), _parse_sequence(gold)
    if mine is None or theirs is None or mine[0] != theirs[0]:
        return None
    (brackets, answer_items), (_, gold_items) = mine, theirs
    if len(answer_items) != len(gold_items):
        return False
    if brackets == "{}":
        answer_items = sorted(answer_items, key=lambda item: item.value)
        gold_items = sorted(gold_items, key=lambda item: item.value)
    return all(item.equals(other) for item, other in zip(answer_items, gold_items, strict=True))


def _parse_sequence(form: str) -> tuple[str, list[Number]] | None:
    """Read a tuple, an interval or a set (bare lists are sets) of plain numbers as its brackets and its items."""
    if form.startswith(r"\{") and form.endswith(r"\}"):
        brackets, inner = "{}", form[2:-2]
    elif form[0] in "([" and form[-1] in ")]":
        brackets, inner = form[0] + form[-1], form[1:-1]
    else:
        brackets, inner = "{}", form
    items = [parse_number(item.strip()) for item in inner.split(",")]
    numbers = [item for item in items if item is not None]
    if len(numbers) < max(2, len(items)):
        return None
    # as sets {1, 1} and {1} are equal, as lists they are not: not for here
    return None if brackets == "{}" and len({item.value for item in numbers}) < len(numbers) else (brackets, numbers)
