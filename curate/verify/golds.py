r"""Golds: which kind an answer is, how it looks as a response, and what must never score against it.

The gold self-check of curation is built from these: a row is verifiable only if its rendered gold scores 1 and a
wrong answer scores 0.
"""

import re

from curate.verify.choice import label
from curate.verify.fast import settle
from curate.verify.kinds import AnswerKind, Reason
from curate.verify.latex import clean, tidy
from curate.verify.mathematics import MAX_CHARS
from curate.verify.number import parse_number

# Decimals, because math-verify compares those by value: a large integer can take it minutes to refute.
_WRONG_NUMBERS = ("-1234.56789", "9876.54321")

_MATH_MARK = re.compile(
    r"[\\^_{}=<>≤≥√π∞×÷±∪∩∈²³]|\d\s*[-+*/!]|[-+*/]\s*\d"  # signs and operators
    r"|\b[A-Za-z]\s*[-+*/]\s*[A-Za-z]\b|\b(?:sin|cos|tan|log|ln|exp|sqrt)\b"  # letters as variables, functions
    r"|[(\[][^()\[\]]*\d[^()\[\]]*,|^-?[\d.]+\s*,"  # tuples and lists
)
_NOT_PROSE = re.compile(r"(?:sin|cos|tan|cot|sec|csc|log|exp|sqrt|mod|max|min|lim|infinity|and)", re.IGNORECASE)
_DATE = re.compile(r"\d{1,4}([-/])\d{1,2}\1\d{1,4}|\d{3,4}-\d{2,4}|\d+:\d+(?::\d+)?")


def infer_kind(answer: str) -> AnswerKind:
    """Say how an answer is best compared: a plain number, mathematics, else text.

    A lone letter is text: only a question's options make it a choice. Dates, times and ranges of years are text.
    """
    cleaned = clean(answer)
    if len(cleaned) > MAX_CHARS or _DATE.fullmatch(cleaned):
        return AnswerKind.TEXT
    if parse_number(tidy(cleaned), e_notation=True):
        return AnswerKind.NUMBER
    if "\\" in cleaned:
        return AnswerKind.MATH
    words = re.findall(r"[^\W\d_]{3,}", cleaned)
    is_prose = any(not _NOT_PROSE.fullmatch(word) for word in words)
    return AnswerKind.MATH if _MATH_MARK.search(cleaned) and not is_prose else AnswerKind.TEXT


def render_gold(gold: str, thinking: str = "...") -> str:
    """Write a gold as the response of a model that knew it."""
    return f"<think>\n{thinking}\n</think>\n\\boxed{{{gold}}}"


def wrong_answer(gold: str, kind: str, option_count: int = 0) -> str:
    """Return an answer that must not score against `gold`; the same one every time.

    Args:
        gold: as stored in the item.
        kind: an `AnswerKind`.
        option_count: how many options a choice has, so that the wrong letter is one of them.
    """
    if kind == AnswerKind.CHOICE:
        letter = label(gold)
        if letter is None:
            return "A"
        letters = min(max(option_count, 2), 26)
        return chr(ord("A") + (ord(letter) - ord("A") + 1) % letters)
    if kind == AnswerKind.TEXT:
        return f"not {gold}"
    number = parse_number(tidy(clean(gold)), e_notation=True)
    near = [str(number.value + step) for step in (1, 2)] if number else []
    candidates = [*near, *_WRONG_NUMBERS]
    return next(answer for answer in candidates if settle(answer, gold, kind) is not Reason.CORRECT)
