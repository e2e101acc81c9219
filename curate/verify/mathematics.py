r"""Mathematics: what can be settled without sympy, both ways.

Answers written alike are equal. Plain numbers, numbers in a base, and tuples and sets of plain numbers are compared
exactly. Everything else is for math-verify in a worker (`pool.py`), except what it is known to get wrong: it drops
words inside `\text{}`, so that "18\text{ million}" would be 18.
"""

import re
from functools import lru_cache
from itertools import pairwise

from curate.verify.equality import equal
from curate.verify.expression import Unreadable
from curate.verify.interval import equal_intervals, is_interval
from curate.verify.kinds import Reason
from curate.verify.latex import clean, is_balanced, tidy, without_math_signs
from curate.verify.number import Number, parse_digits, parse_number
from curate.verify.shape import SCALE_WORD, Shape, read_shape

# A longer answer is never parsed: it is equal if written alike, else too long. The longest gold among the shared
# corpora's math has 159 characters.
MAX_CHARS = 2000

_ONLY_WORDS = re.compile(r"[A-Za-z]{3,}(?:[ ,.'-]+[A-Za-z]+)*", re.ASCII)
_SUBSCRIPTED = re.compile(r"(?:^|[,;\s$])([A-Za-z])_\{?(\d)\}?(?:\([a-z]\))?\s*=")
_COLUMN = re.compile(r"\\begin\{array\}\{[lcr]\}(.*?\S\s*)\\end\{array\}", re.DOTALL)
_TO_NUMBER = re.compile(r"\||\\(?:det|cdot|bullet|times|langle|operatorname)|\^\{?T")
_WHOLLY_TEXT = re.compile(r"\(?\\(?:text|mathrm|textbf|mbox)\{[^{}\d]*[A-Za-z][^{}\d]*\}\)?[,.]?")


def settle_math(answer: str, gold: str, e_notation: bool = False) -> Reason | None:
    """Compare without sympy, or return None if only math-verify can tell."""
    if answer.isascii() and gold.isascii() and answer.isdigit() and gold.isdigit() and len(answer + gold) <= MAX_CHARS:
        return Reason.CORRECT if answer.lstrip("0") == gold.lstrip("0") else Reason.WRONG
    if max(len(answer), len(gold)) > MAX_CHARS:
        return _settle_long(answer, gold)
    (answer, answer_form, mine), (gold, gold_form, theirs) = _read(answer, e_notation), _read(gold, e_notation)
    if not gold_form:
        return Reason.NO_GOLD
    if not answer_form:
        return Reason.EMPTY
    if answer_form == gold_form or answer_form.replace(", ", ",") == gold_form.replace(", ", ","):
        return Reason.CORRECT
    if mine and theirs:
        return Reason.CORRECT if mine.equals(theirs) else Reason.WRONG
    equal_forms = _equal_forms(answer_form, gold_form, mine, theirs)
    if equal_forms is None and set(SCALE_WORD.findall(answer_form)) - set(SCALE_WORD.findall(gold_form)):
        return Reason.WRONG
    if equal_forms is None and not is_balanced(answer):
        return Reason.UNPARSEABLE
    if equal_forms is None:
        equal_forms = _equal_shapes(answer, gold)
    return None if equal_forms is None else Reason.CORRECT if equal_forms else Reason.WRONG


def _settle_long(answer: str, gold: str) -> Reason:
    if not gold.strip():
        return Reason.NO_GOLD
    return Reason.CORRECT if answer.strip() == gold.strip() else Reason.TOO_LONG


@lru_cache(maxsize=8192)  # a gold meets many answers
def _read(text: str, e_notation: bool) -> tuple[str, str, Number | None]:
    """An answer cleaned, tidied, and as the plain number that it may be."""
    cleaned = clean(text)
    form = tidy(cleaned)
    return cleaned, form, parse_number(form, e_notation)


def _equal_forms(answer: str, gold: str, mine: Number | None, theirs: Number | None) -> bool | None:
    """Whether two tidied forms are equal, or None if that takes algebra."""
    if (mine and _ONLY_WORDS.fullmatch(gold)) or (theirs and _ONLY_WORDS.fullmatch(answer)):
        return False  # words alone are no plain number, whichever is the gold
    return _equal_digits(answer, gold, mine)


def _equal_digits(answer: str, gold: str, number: Number | None) -> bool | None:
    """`422_8` is met by 422 (the question named the base) but not by `422_9`, as math-verify would have it.

    A gold without a base is decimal: `42_8` is 34 and does not meet 42.
    """
    mine, theirs = parse_digits(answer), parse_digits(gold)
    if theirs and theirs[1] and number and (number.value < 0 or number.value.denominator > 1):
        return False
    if not mine or not theirs or not (mine[1] or theirs[1]):
        return None
    return mine[0] == theirs[0] and (mine[1] or theirs[1] or "10") == (theirs[1] or "10")


@lru_cache(maxsize=8192)  # responses to one question often agree, and a wrong answer is settled where it is chosen
def _equal_shapes(answer: str, gold: str) -> bool | None:
    if (_names_several(gold) or _is_column_sum(gold)) and parse_number(tidy(answer)):
        return False
    for words, other in ((gold, answer), (answer, gold)):
        if _WHOLLY_TEXT.fullmatch(words) and parse_number(tidy(other)):
            return False
    theirs = _shape(gold)
    mine = _shape(answer) if theirs else None
    verdict = equal(theirs, mine) if theirs and mine else None
    if verdict is None and mine and mine.kind == "relation" and is_interval(gold):
        return equal_intervals(gold, answer)  # math-verify takes [3,oo) for x >= 3, but not the other way round
    return verdict


def _is_column_sum(gold: str) -> bool:
    """Whether it adds up columns of two rows or more, with no product or norm that could make a number of them."""
    columns = list(_COLUMN.finditer(gold))
    if len(columns) < 2 or len(columns) != gold.count(r"\begin") or _TO_NUMBER.search(gold):
        return False
    return "=" not in gold[columns[0].end() :] and all(r"\\" in column[1] for column in columns)


def _names_several(gold: str) -> bool:
    """Whether it states `y_1=...` and `y_2=...`: no one number is both, and sympy can take minutes to see it."""
    stated = [(match[1], match[2]) for match in _SUBSCRIPTED.finditer(gold)]
    return any(left[0] == right[0] and left[1] != right[1] for left, right in pairwise(stated))


@lru_cache(maxsize=8192)  # a gold meets many answers
def _shape(cleaned: str) -> Shape | None:
    try:
        return read_shape(tidy(without_math_signs(cleaned), keep_text=True))
    except Unreadable:
        return None
