"""What makes two questions the same: their numbers, their symbols, the words that decide, and their golds.

Texts that share most of their words are no evidence by themselves: much of mathematics and all of procedural data is one
text with other numbers in it. So two texts *ask for something else* when each has a number, a variable, a symbol or a
deciding word (not, third, Tuesday, more, left) where the other has another, however alike they are besides.

Layout, the marks that end or part sentences, quotes and dollar signs are formatting; so are LaTeX's spaces, brackets, and
the difference between `\\frac` and `\\dfrac`. Capitals are formatting where a whole text is in one case or a word begins
with one; else they may be what is asked.
"""

import re
from collections import Counter

import polars as pl
from rapidfuzz.distance import Levenshtein

from curate.verify import Verdict, settle

_NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
FORMATTING = ".,?!;:\"'`$‘’“”´…"
_MARK = re.compile(
    rf"(?:(?<![\w)}}\]] )(?<![\w)}}\]])-)?(?:{_NUMBER})[^\W\d_]*|[^\W\d_]+|[^\w\s{re.escape(FORMATTING)}]|_+"
)
_THOUSAND = re.compile(r"\d,\d{3}")
_WORD = re.compile(r"[^\W\d_]+")
_BRACKETS = frozenset({*"()[]{}\\&|~", *("_" * length for length in range(1, 40))})
"""Symbols that typesetting adds and takes away; a difference in them alone is none."""
_SHORT_WORDS = frozenset("ais")
"""Single letters that are words, or what is left of one: a, I, 's."""
_NO_MARKS = str.maketrans("", "", ".,?! \t\r\n")
_NO_LETTERS = bytes(code for code in range(128) if not chr(code).isalpha())
_INNER_MARK = re.compile(r"[.,!]")
_PLAIN_NUMBER = re.compile(r"\d[\d.,]*(?:st|nd|rd|th|s)?")
_OPERATORS = frozenset({"+", "-", "*", "/", "=", "<", ">"})
_NEGATION = re.compile(r"\b(?:not|no|never|cannot|neither|nor|without|except)\b|n['’]t\b")
DECIDING = frozenset(
    re.findall(
        r"\w+",
        """
        not no never neither nor with without except zero one two three four five six seven eight nine ten eleven
        twelve twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million billion half twice
        thrice double triple quarter third fourth fifth sixth seventh eighth ninth tenth first second last next
        previous monday tuesday wednesday thursday friday saturday sunday january february march april may june
        july august september october november december more less fewer greater smaller larger least most maximum
        minimum largest smallest highest lowest longest shortest before after above below over under left right
        top bottom front back up down north south east west northern southern eastern western increase decrease
        increased decreased add subtract multiply divide plus minus times sum difference product quotient even
        odd positive negative true false yes all any some none only always sine cosine tangent sin cos tan red
        orange yellow green blue purple violet indigo pink cyan magenta brown gray grey black white gold silver
        """,
    )
)
"""Words of which one for another makes another question, though they are few letters of a long text."""
MOST_LOST = 6
"""A text may have lost so many numbers and symbols; more are forgiven only up to a quarter of those it had."""
DASHES = "‐‑‒–—−"
_DASH = re.compile(f"[{DASHES}]")
_LATEX_SPACE = re.compile(r"\\(?:left|right|displaystyle|quad|qquad)(?![a-z])|\\[!,;:> ]|\\[\[\]()]|~")
_LATEX_TWIN = re.compile(r"\\[dt]frac(?![a-z])")
_HYPHEN = re.compile(r"(?<=[^\W\d_])-+(?=[^\W\d_])")
_THOUSANDS = r"^[-+]?\d{1,3}(,\d{3})+(\.\d*)?$"
_NOTHING = ["", "n/a"]
_NUMBER_BYTES = 15
"""A longer text may be a whole number that a float cannot hold."""


def marks_of(text: str) -> list[str]:
    """The words, numbers and symbols of a text in order, in lower case and without its formatting.

    A number has no thousands marks, keeps the letters that are written to it (3x, 4th) and a sign that stands before it.
    """
    if "\\" in text or "{}" in text:
        text = _without_typesetting(text)
    if "-" in text or not text.isascii():
        text = _HYPHEN.sub(" ", _DASH.sub("-", text))
    found = _MARK.findall(text.lower())
    return [mark.replace(",", "") for mark in found] if _THOUSAND.search(text) else found


def asks_otherwise(left: str, right: str) -> bool:
    """Whether more than ordinary words differs: a number, a variable, a symbol, a deciding word, or capitals that matter.

    It does when each text has one where the other has another; when one text has an operator more; or when one has lost so
    many numbers and symbols that little of the task is left. A text that only lost a few, or has some twice, does not ask
    for something else by that.
    """
    one, other = units_of(left), units_of(right)
    if one == other:
        return case_differs(left, right)
    return not is_stripped_copy(left, right) and units_ask_otherwise(left, right, one, other)


def units_ask_otherwise(left: str, right: str, one: list[str], other: list[str]) -> bool:
    """The same of two texts with other units, of which none is a stripped copy.

    Args:
        left, right: texts.
        one, other: the units of each.
    """
    gone: list[str] = []
    come: list[str] = []
    has_other_operator = False
    for op in Levenshtein.opcodes(one, other):
        if op.tag == "equal":
            continue
        lost, got = one[op.src_start : op.src_end], other[op.dest_start : op.dest_end]
        if all(map(is_plain_word, (*lost, *got))):
            less, more = lost, got
        else:
            less, more = _differing(lost, got, one[max(op.src_start - 1, 0) : op.src_end + 1])
        if not (DECIDING.isdisjoint(less) or DECIDING.isdisjoint(more)):
            return True
        if len(lost) == len(got) == 1 and any(map(is_sign, less + more)) and _are_formulas(lost[0], got[0]):
            return True
        is_whole = op.tag != "replace" and any(len(unit) > 1 for unit in lost + got)
        has_other_operator |= not is_whole and any(is_sign(mark) and not is_numeric(mark) for mark in less + more)
        gone += less
        come += more
    signs = [[mark for mark in side if is_sign(mark)] for side in (gone, come)]
    if signs[0] and signs[1]:
        return True
    alone = len(signs[0]) + len(signs[1])
    if alone > MOST_LOST and 4 * alone > sum(is_sign(mark) for mark in marks_of(max(left, right, key=len))):
        return True
    return has_other_operator and alone == len(gone) + len(come)


def is_negated(left: str, right: str) -> bool:
    """Whether one of two texts says "not" or "never" where the other does not."""
    one, other = (Counter(_NEGATION.findall(text.lower())) for text in (left, right))
    return one != other


def units_of(text: str) -> list[str]:
    """What white space parts, in lower case and without the formatting around it."""
    return [bare for unit in untypeset(text).split() if (bare := unit.strip(FORMATTING))]


def untypeset(text: str) -> str:
    """A text in lower case, without typesetting and with one kind of dash."""
    if "\\" in text or "{}" in text:
        text = _without_typesetting(text)
    if not text.isascii():
        text = _DASH.sub("-", text)
    return text.lower()


def _without_typesetting(text: str) -> str:
    """Take LaTeX's spaces and empty scripts off, and write its fractions one way."""
    bare = text.replace("_{}", "").replace("^{}", "")
    return _LATEX_TWIN.sub(r"\\frac", _LATEX_SPACE.sub(" ", bare))


def _differing(lost: list[str], got: list[str], around: list[str]) -> tuple[list[str], list[str]]:
    """The marks that only one of two stretches has; slips of the hand and words said twice are none."""
    if len(lost) == len(got):
        kept = [(old, new) for old, new in zip(lost, got, strict=True) if not is_slip(old, new)]
        lost, got = [old for old, _ in kept], [new for _, new in kept]
    elif not lost and all(unit in around for unit in got) and (_any_word(around) or _OPERATORS.issuperset(got)):
        return [], []
    one, other = (marks_of(" ".join(units)) for units in (lost, got))
    less: list[str] = []
    more: list[str] = []
    for edit in Levenshtein.editops(one, other):
        less += [one[edit.src_pos]] if edit.tag != "insert" else []
        more += [other[edit.dest_pos]] if edit.tag != "delete" else []
    return less, more


def _any_word(units: list[str]) -> bool:
    return any(unit.isalpha() for unit in units)


def is_stripped_copy(left: str, right: str) -> bool:
    """Whether one text is the other without its marks, and so without its decimal points: 7.4 and 74."""
    if all(_INNER_MARK.search(text) for text in (left, right)):
        return False
    one, other = (text.lower().translate(_NO_MARKS) for text in (left, right))
    return one == other


def is_plain_word(unit: str) -> bool:
    """Whether a unit is letters alone, and no variable."""
    return len(unit) > 1 and unit.isalpha()


def is_sign(mark: str) -> bool:
    """Whether a mark is a number, a variable of one letter, or a symbol that means something."""
    return mark not in _BRACKETS and mark not in _SHORT_WORDS and (len(mark) == 1 or not mark.isalpha())


def _are_formulas(left: str, right: str) -> bool:
    """Whether both units have numbers, variables or symbols."""
    return all(any(map(is_sign, marks_of(unit))) for unit in (left, right))


def is_swap_of_formulas(left: str, right: str) -> bool:
    """Whether one unit in place of another has another number, variable or symbol for one that is lost."""
    if left.isdecimal() and right.isdecimal():
        return left != right
    less, more = _differing([left], [right], [])
    return any(map(is_sign, less + more)) and _are_formulas(left, right)


def is_numeric(mark: str) -> bool:
    """Whether a mark is a number, whatever letters are written to it."""
    return mark.lstrip("-")[:1].isdigit()


def is_slip(left: str, right: str) -> bool:
    """Whether a number has a letter for its last digit or mark, as a slip of the hand leaves it: 12 and 1x, 54th and 54tc.

    A letter for a letter is a slip only in what is no variable: 3x and 3y are two.
    """
    short, long = sorted((left, right), key=len)
    if long[-1].isalpha() and long[:-1].rstrip(FORMATTING) == short != long:  # a mark after it became a letter
        is_plain = bool(_PLAIN_NUMBER.fullmatch(short)) or not short[-1].isalnum()
        return len(long) > len(short) + 1 or (len(short) > 2 and is_plain)
    if len(short) == 1 or left[:-1] != right[:-1]:
        return False
    is_number = any(_PLAIN_NUMBER.fullmatch(side) for side in (left, right))
    mark, letter = sorted((left[-1], right[-1]), key=str.isalpha)
    if mark.isalpha():  # 54th and 54tc, but not 3x and 3y
        return is_number
    return letter.isalpha() and (is_number or not mark.isdigit())


def case_differs(left: str, right: str) -> bool:
    """Whether texts of the same marks differ in capitals that may be asked about (AB and ab, Mbar and mbar)."""
    if any(text == text.upper() or text == text.lower() for text in (left, right)):
        return False
    one, other = (text.encode().translate(None, _NO_LETTERS) for text in (left, right))
    return one != other and Counter(_capitals(left)) != Counter(_capitals(right))


def _capitals(text: str) -> list[str]:
    """Words with a capital, but those of two letters or more that only begin with it."""
    return [word for word in _WORD.findall(text) if word != word.lower() and (len(word) == 1 or not word[1:].islower())]


def gold_forms(texts: pl.Series) -> pl.Series:
    """The form in which golds and options are compared: one case, no space or dollar around, numbers as they count.

    `$1,000.00$`, `1000.0` and `1000` are one; so are `Paris.` and `paris`. A blank text, or one that only says that there
    is nothing (`N/A`), is null.

    Args:
        texts: String series; nulls stay.
    """
    plain = texts.str.to_lowercase().str.strip_chars_end(" \t\r\n$.").str.strip_chars_start(" \t\r\n$")
    plain = plain.set(plain.is_in(_NOTHING), None)
    places = (plain.str.len_bytes() <= _NUMBER_BYTES).arg_true()
    short = plain.gather(places)
    is_marked = short.str.contains(_THOUSANDS)
    if is_marked.any():
        short = short.zip_with(~is_marked, short.str.replace_all(",", "", literal=True))
    numbers = short.cast(pl.Float64, strict=False)
    is_number = numbers.is_finite()
    return plain.scatter(places.filter(is_number), numbers.filter(is_number).cast(pl.String))


def golds_agree(left: str, right: str, kind: str) -> bool:
    """Whether one gold answers for the other as the verifier's fast path sees it; what only algebra can tell does not.

    Args:
        left, right: golds without options.
        kind: the `AnswerKind` of both.
    """
    reasons = (settle(left, right, kind), settle(right, left, kind))
    return any(reason is not None and Verdict.of(reason).correct for reason in reasons)
