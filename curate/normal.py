"""Normalisation: the form of a text that identity is computed from.

It removes what typesetting adds and never what a question means: to take two questions for one is an error that nobody
sees, while a copy that is missed here still meets the search for near duplicates. It is applied before hashing only; the
text that a model sees is the source's own.

    kept        signs, decimal points, operators, exponents and indices, LaTeX, digits, non-Latin text; capitals but the
                first; the lines, indentation and columns of a text of several lines; spaces in quotes; tabs
    folded      compatibility characters (NFKC), with superscripts written as ^ and subscripts as _; typographic quotes,
                dashes and ellipses; repeated and trailing spaces, line ends, blank lines beside words, breaks that only
                wrap a sentence; the capital of an ordinary first word; a final ?, . or :

Strictness costs little. On 154,233 rows of fourteen published sets, folding all white space and the capitals of all
words finds 14,142 copies; this finds all but 24 of them, of which 23 are AIME problems with another layout.
"""

import itertools
import re
import unicodedata
from collections.abc import Iterable

_TYPOGRAPHY = str.maketrans(
    {
        **dict.fromkeys("‘’‚‛′", "'"),
        **dict.fromkeys("“”„‟″«»", '"'),
        **dict.fromkeys("‐‑‒–—―−﹣－", "-"),
        **dict.fromkeys(
            "\u00ad\u200b\u2060\ufeff", None
        ),  # soft hyphen, zero-width space, word joiner, byte order mark
    }
)
_SPACED_TAGS = frozenset({"<circle>", "<square>", "<fraction>"})
_SCRIPTS = {"<super>": "^", "<sub>": "_"}
_LINE_END = re.compile(r"\r\n?|[\u2028\u2029]")
_QUOTED_OR_SPACE = re.compile(r"""("[^"]*+"|`[^`]*+`|(?<!\w)'[^']*+'(?!\w))|\s{2,}|[^\S ]""")
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]+")
_MAY_KEEP_SPACE = frozenset("\"'`\t")
_WORD = re.compile(r"[^\W\d_]{3}")
_PROSE = re.compile(r"[\w ,.;?!'%$-]+")
COMMON_WORDS = frozenset(
    {
        *(
            "an",
            "and",
            "are",
            "by",
            "can",
            "did",
            "do",
            "does",
            "find",
            "for",
            "from",
            "has",
            "have",
            "how",
            "if",
            "in",
        ),
        *(
            "is",
            "it",
            "its",
            "let",
            "my",
            "of",
            "on",
            "one",
            "or",
            "our",
            "that",
            "the",
            "their",
            "these",
            "they",
            "this",
        ),
        *("to", "up", "was", "we", "were", "what", "when", "where", "which", "who", "whom", "whose", "why", "will"),
        *("with", "your"),
    }
)
"""Words that are no name or unit where they begin a sentence; not As, At, Be, He and No, which are also elements."""
ORDINARY_LENGTH = 5
"""A capitalised word of so many letters is taken for an ordinary one; shorter ones may be units (Cal, Mbar, Mrad)."""
_FINAL_MARKS = ("?", ".", ":")


def normalise(text: str) -> str:
    """Return the form of a text that identity is computed from; applying it twice changes nothing."""
    if not text.isascii():
        text = _fold_characters(text)
    return _fold_first_capital(_without_final_mark(_fold_layout(text)))


def _fold_characters(text: str) -> str:
    """Apply NFKC character by character, except where it would change what is asked.

    Runs of superscripts become ^x or ^{xy} and subscripts _x or _{xy}; circled and vulgar forms are spaced out; letters
    of another mathematical alphabet stay. Plain NFKC would make "x²" and "x2", "1½" and "11/2", "ℝ" and "R" equal.
    """
    is_raised = any(_MARKS[character] for character in set("".join(_BEYOND_ASCII.findall(text))))
    folded = _fold_scripts(text.translate(_TYPOGRAPHY)) if is_raised else _BEYOND_ASCII.sub(_fold_run, text)
    if not unicodedata.is_normalized("NFC", folded) and _is_stream_safe(folded):
        folded = unicodedata.normalize("NFC", folded)
    return folded if folded.isascii() else _BEYOND_ASCII.sub(_set_plainly, folded)


def fold_character(character: str) -> str | None:
    """What a character becomes wherever it stands; None for one that depends on its neighbours, as superscripts do."""
    return None if _MARKS[character] else _fold_characters(character)


def _fold_run(found: re.Match[str]) -> str:
    return found[0].translate(_TYPOGRAPHY).translate(_FOLDED)


def _set_plainly(found: re.Match[str]) -> str:
    return found[0].translate(_TYPOGRAPHY)


def _fold_scripts(text: str) -> str:
    """Fold a text in which some characters are superscripts or subscripts."""
    out: list[str] = []
    run, mark = "", ""
    for character in [*text, ""]:
        if mark and _MARKS[character] != mark:
            out.append(f"{mark}{{{run}}}" if len(run) > 1 or character.isalnum() else f"{mark}{run}")
            run, mark = "", ""
        if _MARKS[character]:
            mark = _MARKS[character]
            run += unicodedata.normalize("NFKC", character)
        else:
            out.append(character.translate(_FOLDED))
    return "".join(out)


class _Marks(dict[str, str]):
    """What a character is written with on the line: ^ for a superscript, _ for a subscript, nothing for others."""

    def __missing__(self, character: str) -> str:
        tag = unicodedata.decomposition(character).partition(" ")[0] if character else ""
        self[character] = _SCRIPTS.get(tag, "")
        return self[character]


class _Folded(dict[int, str]):
    """What any other character is folded to."""

    def __missing__(self, code: int) -> str:
        tag = unicodedata.decomposition(chr(code)).partition(" ")[0]
        folded = chr(code) if tag == "<font>" else unicodedata.normalize("NFKC", chr(code))
        self[code] = f" {folded} " if tag in _SPACED_TAGS else folded
        return self[code]


_MARKS, _FOLDED = _Marks(), _Folded()


def _is_stream_safe(text: str) -> bool:
    """Whether no more than 30 combining marks follow each other (UAX #15, section 13); NFC orders them in square time."""
    marks = itertools.groupby(unicodedata.combining(character) > 0 for character in text)
    return all(sum(1 for _ in run) <= 30 for is_mark, run in marks if is_mark)


def _fold_layout(text: str) -> str:
    """Fold the white space of a line; of a text of several lines only what does not show.

    In code, matrices, tables and drawings, indentation and columns carry the meaning, and nothing tells them for sure
    from prose. Only breaks that plainly wrap a sentence become spaces.
    """
    if "  " not in text and text.isprintable():  # one line of single spaces
        return text.strip()
    lines = (_LINE_END.sub("\n", text) if "\r" in text or not text.isascii() else text).split("\n")
    if len(lines) > 1:
        lines = _without_blank_lines([line.rstrip() for line in lines])
        if len(lines) > 1 and not _is_wrapped_prose(lines):
            return "\n".join(lines)
    line = " ".join(lines).strip()
    if "  " not in line and line.isprintable():
        return line
    if _MAY_KEEP_SPACE.isdisjoint(line):
        return " ".join(line.split())
    return _QUOTED_OR_SPACE.sub(_fold_space, line)


def _without_blank_lines(lines: Iterable[str]) -> list[str]:
    """Drop blank lines, but keep one between two lines without a word: it may part a matrix from the next."""
    kept: list[str] = []
    is_after_blank = False
    for line in lines:
        if line:
            if kept and is_after_blank and not (_WORD.search(kept[-1]) or _WORD.search(line)):
                kept.append("")
            kept.append(line)
        is_after_blank = not line
    return kept


def _is_wrapped_prose(lines: list[str]) -> bool:
    """Whether every line is plain words with a common one among them, and every break stands within a sentence."""
    return all(_PROSE.fullmatch(line) and not COMMON_WORDS.isdisjoint(line.lower().split()) for line in lines) and all(
        (line[-1].islower() or line[-1].isdigit() or line[-1] == ",") and (after[0].islower() or after[0].isdigit())
        for line, after in itertools.pairwise(lines)
    )


def _fold_space(found: re.Match[str]) -> str:
    """Keep what is quoted and the tabs, which part cells; any other white space is one space."""
    return found[1] or "\t" * found[0].count("\t") or " "


def _without_final_mark(text: str) -> str:
    """Take a final mark off where it ends a sentence, and not a number (3.), a pattern (ab?) or a series (2, 4, ?)."""
    if not text.endswith(_FINAL_MARKS):
        return text
    stem = text[:-1].rstrip(" ")
    if len(stem) >= 3 and stem[-3:].isalpha():
        return stem
    ends_number = text[-1] == "." and stem[-1:].isdigit()
    is_attached = len(stem) == len(text) - 1 and (stem[-1:].isalnum() or stem.endswith(("'", '"', ")", "]", "}", "$")))
    return stem if is_attached and " " in stem and not ends_number else text


def _fold_first_capital(text: str) -> str:
    """Lower the capital of a first word that its place alone explains.

    Further capitals stay: they tell names, units (Cal, cal), types (Boolean, boolean) and functions (Log, log) apart,
    and in tasks on letters they are the question.
    """
    word, space, rest = text.partition(" ")
    word = word.removesuffix("'s")
    if not (word.isalpha() and word[0].isupper() and word[1:].islower()):
        return text
    following = rest.partition(" ")[0]
    is_in_prose = not rest or (len(following) > 1 and following.isalpha() and following.islower())
    is_common = bool(space) and word.lower() in COMMON_WORDS
    return text[0].lower() + text[1:] if is_common or (len(word) >= ORDINARY_LENGTH and is_in_prose) else text
