r"""References to options by their letters: which letters of a text are certain to mean an option, and when it is in doubt.

When options change places, "both A and C", "option B", "the answer is (D)" must name their new letters, and "vitamin C",
"events A and B", "P(A)" must stay. A letter is a reference where a word or a form says so:

    option B, choices A and C     after such a word, anywhere
    answer is B, \boxed{B}, (B)   in solutions and explanations; (B) in options too
    B                             on a line of its own in a solution, if it is the gold's letter
    both A and C, B only          an option that is nothing else
    B. Paris                      at the start of a line, before the text of that option

A letter that the question or an option uses as a name cannot be told from a reference there, and neither can a letter that
stands alone in a solution, an ordinal ("the second option") or an option that carries its own label. Then there is a `Doubt`
with the words that raised it, and nothing is guessed.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from curate.filters import LETTERS


class Part(StrEnum):
    QUESTION = "question"
    OPTION = "option"
    PROSE = "solution or explanation"


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why a question's options cannot change places for certain: the part, and the words that are not clear."""

    part: Part
    found: str


@dataclass(frozen=True, slots=True)
class Marked:
    """A text, and where in it a letter means an option."""

    text: str
    places: tuple[int, ...] = ()

    def relabelled(self, new: dict[str, str]) -> str:
        """Return the text with each reference's letter replaced.

        Args:
            new: for each upper-case letter of an option, its new letter.
        """
        letters = list(self.text)
        for place in self.places:
            old = letters[place]
            letters[place] = new[old.upper()] if old.isupper() else new[old.upper()].lower()
        return "".join(letters)


@dataclass(frozen=True)
class Names:
    """What the letters of a question's options mean besides: names that the question, its context or an option uses.

    Attributes:
        letters: used as names, by whatever part.
        asked: those of the question and its context.
        phrases: each such letter with the word before it ("vitamin c"), in lower case.
        labels: the letters of the options, A to the last.
        options: their texts, case folded.
        gold: letter of the gold.
    """

    letters: frozenset[str]
    asked: frozenset[str]
    phrases: frozenset[str]
    labels: str
    options: tuple[str, ...]
    gold: str


_WORD = r"(?:answer (?:choice|option)|option|choice|alternative|answer)s?"
_LABEL = r"(?:\(\s?[A-Za-z]\s?\)|[A-Z](?![\w'’°]))"
_JOINT = r"(?:\s*[,/&]\s*(?:(?:and|or|nor|but)\b\s*)?|\s+(?:and|or|nor|but)\b\s*)"
_JOINED = rf"{_LABEL}(?:{_JOINT}{_LABEL})*"
_AFTER_WORD = re.compile(rf"\b(?i:{_WORD})\s+(?P<labels>{_JOINED})")
_STATED = re.compile(
    r"\b(?i:answer|ans|choice|option)(?i:\s*(?:(?:is|was|:|=|-|\.|must be|should be|would be)\s*)+)"
    rf"(?:\$?\\(?:boxed|text|textbf|mathrm|mathbf)\{{)*(?P<labels>{_LABEL})(?! [a-z])"
)
_NAMED_ANSWER = re.compile(
    rf"(?P<labels>{_LABEL})(?i:\s+is (?:the |our )?(?:(?:correct|right|best) )?(?:answer|choice|option)\b)"
)
_LINE_ALONE = re.compile(r"^[ \t]*(?P<labels>\(?[A-Z]\)?)[ \t.]*$", re.MULTILINE)
_BOXED = re.compile(rf"\\boxed\s*\{{\s*(?:\\(?:text|textbf|mathrm|mathbf)\{{)?(?P<labels>{_LABEL})")
_BRACKETED = re.compile(r"(?<![\w)\]}])(?P<labels>\([A-Z]\))")
_SET = re.compile(r"\\(?:text|textbf|mathrm|mathbf)\{\s*(?P<labels>\([A-Z]\))")
_ALONE = re.compile(
    rf"\W*(?P<word>(?:both|either|neither|only|all of|not)\s+)?(?P<noun>{_WORD}\s+)?(?P<labels>{_JOINED})"
    r"(?P<rest>\s+(?:only|alone|above|(?:are|is)(?: both| all)?(?: not)? (?:correct|true|incorrect|false|wrong|right)))?\W*",
    re.IGNORECASE,
)
_LEADING = re.compile(r"^[ \t]*\(?(?P<labels>[A-Z])[.):]\s+(?P<text>.+)$", re.MULTILINE)
_OWN_LABEL = re.compile(r"\s*\(?([A-Za-z])[.):]\s*(?![A-Z]\.)\S")
_POSITION = re.compile(
    rf"\b(?:first|second|third|fourth|fifth|last|previous|preceding|next|former|latter) (?:\w+ )?{_WORD}\b"
    rf"|\b{_WORD} (?:above|below|[1-9]|i{{1,3}}|iv|v|one|two|three|four|five)\b",
    re.IGNORECASE,
)
_FORMULA = re.compile(r"\$\$.{0,300}?\$\$|\$[^$]{0,300}\$|\\\(.{0,300}?\\\)|\\\[.{0,300}?\\\]", re.DOTALL)
_STANDING = re.compile(r"(?<![\w'’.\-°$\\])(?<!\w\()(?P<label>\(?[A-Z]\)?)(?![\w'’°]|\.[A-Z])")
_CAPITAL = re.compile(r"(?<![A-Za-z°])[A-Z](?![A-Za-z'’])")
_LETTER = re.compile(r"(?<![A-Za-z])[A-Za-z](?![A-Za-z])")
_ARTICLE = re.compile(
    r"(?<![^\s.])A\s+(?!(?:and|or|nor|is|are|was|were|has|have|had|can|does|will|only|alone|but|than|to|with)\b)[\w\"“‘-]{2}"
)
_SENTENCE_START = re.compile(r"(?:^|[.?!:;\"“(\n])\s*\Z")
_LINKED = re.compile(rf"\b(?:except|but|not|only|neither|either)\s+{_LABEL}|{_LABEL}{_JOINT}{_LABEL}")
_BEFORE = re.compile(r"([A-Za-z]+)[\s-]+\Z")


def names_in(question: str, context: str | None, options: Sequence[str], gold: int) -> Names:
    """Read off which of the options' letters are names in a question."""
    labels = LETTERS[: len(options)]
    asked = [question, context or ""]
    texts = [*asked, *(option for option in options if not _is_combination(option, labels))]
    uses = [_uses(text, labels) for text in texts]
    return Names(
        letters=frozenset(text[place] for text, places in zip(texts, uses, strict=True) for place in places),
        asked=frozenset(text[place] for text, places in zip(asked, uses, strict=False) for place in places),
        phrases=frozenset().union(
            *(_phrase(text, place) for text, places in zip(texts, uses, strict=True) for place in places)
        ),
        labels=labels,
        options=tuple(option.strip().casefold() for option in options),
        gold=labels[gold],
    )


def _uses(text: str, labels: str) -> list[int]:
    """Places of the letters that stand alone in a text and do not follow a word such as "option"."""
    sure = dict(_after_word(text))
    return [
        found.start()
        for found in _CAPITAL.finditer(text)
        if found.group() in labels and found.start() not in sure and not _is_article(text, found.start())
    ]


def mark(text: str, part: Part, names: Names) -> Marked | Doubt:
    """Find the references in one part of a question.

    Args:
        text: of the part.
        part: what it is; a solution may say (B) where a question may not.
        names: of its question.
    """
    if (unclear := _unclear_form(text, part, names)) is not None:
        return Doubt(part, unclear)
    said = _said(text, part, names)
    sure = (*dict(_after_word(text)), *said, *_leading(text, part, names))
    found = {place for place in sure if text[place].upper() in names.labels}
    named = (place for place in said if text[place].upper() in names.letters)
    left = next(named, None)
    if left is None:
        left = _left(text, part, names, found)
    return Marked(text, tuple(sorted(found))) if left is None else Doubt(part, _around(text, left))


def _unclear_form(text: str, part: Part, names: Names) -> str | None:
    """Words that point at an option without its letter, or an option in a form that says too little."""
    if position := _POSITION.search(text):
        return position.group()
    if part is not Part.OPTION or _is_combination(text, names.labels):
        return None
    if (own := _OWN_LABEL.match(text)) and own[1].upper() in names.labels:
        return text[:40]
    linked = _linked(text, names)
    return None if linked is None else _around(text, linked)


def _said(text: str, part: Part, names: Names) -> list[int]:
    """Places of the letters that mean an option here unless they are names."""
    matches: list[re.Match[str] | None] = []
    if part is Part.OPTION and _is_combination(text, names.labels):
        matches.append(_ALONE.match(text))
    if part is Part.PROSE:
        matches += [match for pattern in (_STATED, _NAMED_ANSWER, _BOXED, _SET) for match in pattern.finditer(text)]
        matches += [match for match in _LINE_ALONE.finditer(text) if names.gold in match["labels"]]
    if part is not Part.QUESTION:
        matches += _BRACKETED.finditer(text)
    return [place for match in matches for place in _letters(text, match)]


def _after_word(text: str) -> Iterator[tuple[int, str]]:
    for match in _AFTER_WORD.finditer(text):
        yield from _letters(text, match).items()


def _letters(text: str, match: re.Match[str] | None) -> dict[int, str]:
    """Places and letters of the labels that a pattern found."""
    if match is None:
        return {}
    return {found.start(): found.group().upper() for found in _LETTER.finditer(text, *match.span("labels"))}


def _is_combination(option: str, labels: str) -> bool:
    """Whether an option is nothing but letters of other options: two, or one with "only" or "option"."""
    match = _ALONE.fullmatch(option)
    if match is None:
        return False
    letters = _letters(option, match)
    is_capital = all(option[place].isupper() or option[place - 1] == "(" for place in letters)
    is_said = len(letters) > 1 or match["word"] or match["noun"] or match["rest"]
    return bool(is_said) and is_capital and set(letters.values()) <= set(labels)


def _linked(option: str, names: Names) -> int | None:
    """A letter that an option joins to another, or excepts, and that the question does not use as a name."""
    found = dict(_after_word(option))
    for match in _LINKED.finditer(option):
        for place in range(*match.span()):
            is_label = bool(_CAPITAL.match(option, place)) and option[place] in names.labels
            if is_label and place not in found and option[place] not in names.asked and not _is_article(option, place):
                return place
    return None


def _leading(text: str, part: Part, names: Names) -> Iterator[int]:
    """Places of labels that begin a line of a solution, before the text of their own option."""
    for match in _LEADING.finditer(text) if part is Part.PROSE else ():
        place = names.labels.find(match["labels"])
        if place >= 0 and match["text"].casefold().startswith(names.options[place]):
            yield match.start("labels")


def _left(text: str, part: Part, names: Names, found: set[int]) -> int | None:
    """The first letter that may be a reference and is not known to be one or to be a name."""
    formulas = [match.span() for match in _FORMULA.finditer(text)]
    for match in _STANDING.finditer(text):
        place = match.start("label") + match["label"].startswith("(")
        letter = text[place]
        if letter not in names.labels or place in found or _is_article(text, place):
            continue
        if any(start <= place < end for start, end in formulas):
            continue
        is_bracketed = match["label"].startswith("(") and match["label"].endswith(")")
        is_name = bool(_phrase(text, place) & names.phrases)
        if (is_bracketed and not is_name) or (part is Part.PROSE and not is_name):
            return place
    return None


def _is_article(text: str, place: int) -> bool:
    """Whether a capital A begins a sentence as its article."""
    return bool(_ARTICLE.match(text, place) and _SENTENCE_START.search(text, max(0, place - 40), place))


def _phrase(text: str, place: int) -> set[str]:
    """A letter with the word before it, in lower case; empty where none stands there."""
    before = _BEFORE.search(text, max(0, place - 40), place)
    return {f"{before[1]} {text[place]}".lower()} if before else set()


def _around(text: str, place: int) -> str:
    return " ".join(text[max(0, place - 30) : place + 30].split())
