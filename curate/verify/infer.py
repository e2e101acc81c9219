"""Which kind an answer is, read off its form alone.

Only what can be nothing else is named: "yes" is a boolean, "2020-12-25" a date, `5\\text{ cm}` a quantity, `[1,\\infty)` an
interval, `['a', 'b']` a list. A lone letter is text (only options make it a choice), a bare "3, 5" is mathematics, which
compares it as a set, and "3/4/2020" is text: what more it is, a source must say.
"""

import re
from functools import lru_cache

from curate.verify.date import is_full_date
from curate.verify.interval import is_interval
from curate.verify.kinds import AnswerKind
from curate.verify.latex import clean, tidy, without_math_signs
from curate.verify.mathematics import MAX_CHARS
from curate.verify.number import parse_number
from curate.verify.quantity import is_measured

_BOOLEANS = frozenset(("yes", "no", "true", "false"))
_FUNCTIONS = r"sin|cos|tan|log|ln|exp|sqrt"
_PLAIN_WORDS = re.compile(r"[A-Za-z][A-Za-z',. ]*")
_FUNCTION = re.compile(rf"\b(?:{_FUNCTIONS})\b")
_UNMARKED = re.compile(r"""[A-Za-z'"][^\\${}\x00-\x09\x0b-\x1f]*(?<=[A-Za-z?!'")])\.?""")
_MATH_MARK = re.compile(
    r"[\\^_{}=<>≤≥√π∞×÷±∪∩∈²³]|\d\s*[-+*/!]|[-+*/]\s*\d"  # signs and operators
    rf"|(?<![A-Za-z])[A-Za-z]\s*[-+*/]\s*[A-Za-z](?![A-Za-z])|\b(?:{_FUNCTIONS})\b"  # letters as variables, functions
    r"|[(\[][^()\[\]]*\d[^()\[\]]*,|^-?[\d.]+\s*,"  # tuples and lists
)
_NOT_PROSE = re.compile(r"(?:sin|cos|tan|cot|sec|csc|log|exp|sqrt|mod|max|min|lim|infinity|and)", re.IGNORECASE)
_DATE_LIKE = re.compile(r"\d{1,4}([-/])\d{1,2}\1\d{1,4}|\d{3,4}-\d{2,4}|\d+:\d+(?::\d+)?")
_QUOTED_LIST = re.compile(r"\[\s*(?:(?:'[^']*'|\"[^\"]*\")\s*,?\s*)+\]")
_MONTHS = re.compile(r"jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec", re.IGNORECASE)
_IN_FORMULA = re.compile(r"\$[^$]*\$")
_WORD = re.compile(r"[^\W\d_]{3,}")
_COMMAND = re.compile(r"\\[A-Za-z]+|\{[^{}]*\}")


def infer_kind(answer: str) -> AnswerKind:
    """Say how an answer is best compared."""
    if len(answer) > MAX_CHARS and (len(answer) > 2 * MAX_CHARS or _stays_long(answer)):
        return AnswerKind.TEXT
    if answer.isascii():
        if answer.isdigit():
            return AnswerKind.NUMBER if len(answer) <= 400 else AnswerKind.TEXT
        if _PLAIN_WORDS.fullmatch(answer) and not _FUNCTION.search(answer):
            return AnswerKind.BOOLEAN if clean(answer).lower() in _BOOLEANS else AnswerKind.TEXT
        if _UNMARKED.fullmatch(answer) and _has_prose(answer):  # the other forms begin or end otherwise, or have marks
            return AnswerKind.TEXT
    return _infer(answer)


@lru_cache(maxsize=16384)
def _infer(answer: str) -> AnswerKind:
    cleaned = clean(answer)
    if len(cleaned) > MAX_CHARS:
        return AnswerKind.TEXT
    if _QUOTED_LIST.fullmatch(cleaned):
        return AnswerKind.LIST
    if cleaned.lower() in _BOOLEANS:
        return AnswerKind.BOOLEAN
    if _DATE_LIKE.fullmatch(cleaned) or (_MONTHS.search(cleaned) and cleaned[-1:].isdigit()):
        if is_full_date(cleaned):
            return AnswerKind.DATE
        if _DATE_LIKE.fullmatch(cleaned):
            return AnswerKind.TEXT
    if parse_number(tidy(cleaned), e_notation=True):
        return AnswerKind.NUMBER
    if is_measured(cleaned):
        return AnswerKind.QUANTITY
    if cleaned[:1] in "([\\" and is_interval(cleaned):
        return AnswerKind.INTERVAL
    return AnswerKind.MATH if _is_mathematics(answer, cleaned) else AnswerKind.TEXT


def _stays_long(answer: str) -> bool:
    """Whether it is too long for mathematics once cleaned, too: a letter first, so that no delimiters stand around it.

    What is counted is what `clean` never takes off, ASCII but for white space at the ends and one full stop.
    """
    kept = answer.encode("ascii", "ignore").decode().replace("\0", "").strip()
    return answer[0].isalpha() and len(kept) > MAX_CHARS + 1


def _is_mathematics(answer: str, cleaned: str) -> bool:
    """Formulas, and formulas joined by a connective; not a sentence with formulas in it, nor a drawing in lines."""
    if "\n" in answer.strip() and "\\" not in answer:
        return False
    outside = _COMMAND.sub(" ", _IN_FORMULA.sub(" ", cleaned))
    if "\\" in cleaned:
        return not (_has_prose(outside) and len(_WORD.findall(outside)) > 1)
    return bool(_MATH_MARK.search(without_math_signs(cleaned))) and not _has_prose(outside)


def _has_prose(text: str) -> bool:
    """Whether there is a word that is no function's name."""
    return any(not _NOT_PROSE.fullmatch(word[0]) for word in _WORD.finditer(text))
