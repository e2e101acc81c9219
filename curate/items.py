"""The canonical item: one question with its gold answer, whatever source it came from.

Every stage of curation reads and writes `ITEM_SCHEMA`. An item's id is a hash of its *normalised* question, context,
options and images. The gold is not part of it, so two sources that disagree about an answer meet under one id and the
conflict can be seen; neither are the source, nor the order of the options.

Normalisation removes what typesetting adds and never what a question means: to take two questions for one is an error
that nobody sees, while a copy that is missed here still meets fuzzy deduplication. It is applied before hashing only;
the text that a model sees is the source's own.

    kept        signs, decimal points, operators, exponents and indices, LaTeX, digits, non-Latin text; capitals but the
                first; the lines, indentation and columns of a text of several lines; spaces in quotes; tabs
    folded      compatibility characters (NFKC), with superscripts written as ^ and subscripts as _; typographic quotes,
                dashes and ellipses; repeated and trailing spaces, line ends, blank lines beside words, breaks that only
                wrap a sentence; the capital of an ordinary first word; a final ?, . or :

Strictness costs little. On 154,233 rows of fourteen published sets, folding all white space and the capitals of all
words finds 14,142 copies; this finds all but 24 of them, of which 23 are AIME problems with another layout.
"""

import hashlib
import itertools
import re
import unicodedata
from collections.abc import Iterable, Sequence
from enum import StrEnum

import pyarrow as pa

SCHEMA_VERSION = 1


class Origin(StrEnum):
    REAL = "real"
    SYNTHETIC = "synthetic"


class Domain(StrEnum):
    """The paper's two groups (arXiv 2504.13941, section 2): general-purpose reasoning and mathematics."""

    GPR = "gpr"
    MATH = "math"


ITEM_SCHEMA = pa.schema(
    [
        pa.field("item_id", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("source_row", pa.string(), nullable=False),  # FILE:LINE or the source's own key; unique in the source
        pa.field("origin", pa.string(), nullable=False),
        pa.field("domain", pa.string(), nullable=False),
        pa.field("subject", pa.string()),
        pa.field("question", pa.string(), nullable=False),
        pa.field("context", pa.string()),
        pa.field("options", pa.list_(pa.string())),
        pa.field("answer", pa.string()),  # the gold as the source states it; for options, the text of the gold option
        pa.field("answer_index", pa.int32()),  # 0-based place of the gold among the options
        pa.field("answer_kind", pa.string(), nullable=False),
        pa.field(
            "solutions", pa.list_(pa.struct([("text", pa.string()), ("answer", pa.string()), ("by", pa.string())]))
        ),
        pa.field("images", pa.list_(pa.struct([("path", pa.string()), ("sha256", pa.string())]))),
        pa.field("license", pa.string(), nullable=False),
        pa.field("language", pa.string()),
        pa.field("extra", pa.string()),  # JSON text of what the source had besides
    ],
    metadata={"crossthink.item_schema": str(SCHEMA_VERSION)},
)

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
_QUOTED_OR_SPACE = re.compile(r"""("[^"]*+"|`[^`]*+`|(?<!\w)'[^']*+'(?!\w))|\s+""")
_WORD = re.compile(r"[^\W\d_]{3}")
_PROSE = re.compile(r"[\w ,.;?!'%$-]+")
_COMMON_WORDS = frozenset(
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
_ORDINARY_LENGTH = 5
"""A capitalised word of so many letters is taken for an ordinary one; shorter ones may be units (Cal, Mbar, Mrad)."""
_FINAL_MARKS = ("?", ".", ":")


def normalise(text: str) -> str:
    """Return the form of a text that identity is computed from; applying it twice changes nothing."""
    if not text.isascii():
        text = _fold_characters(text)
    return _fold_first_capital(_without_final_mark(_fold_layout(text)))


def item_id(
    question: str, context: str | None = None, options: Sequence[str] | None = None, images: Iterable[str] = ()
) -> str:
    """Return the identity of a question: 128 bits of SHA-256, in hex.

    Args:
        question: text as the source has it.
        context: a passage or table that the question needs.
        options: in any order; None for an open question.
        images: SHA-256 of each image, in order.
    """
    parts = ["q", normalise(question), "c", normalise(context or "")]
    if options is not None:
        parts += ["o", *sorted(normalise(option) for option in options)]
    parts += ["i", *images]
    framed = "".join(f"{len(part)}:{part}" for part in parts)
    return hashlib.sha256(framed.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def row_id(item: str, template: str) -> str:
    """Return the identity of a variant: an item under a question template."""
    return hashlib.sha256(f"{item}/{template}".encode()).hexdigest()[:32]


def _fold_characters(text: str) -> str:
    """Apply NFKC character by character, except where it would change what is asked.

    Runs of superscripts become ^x or ^{xy} and subscripts _x or _{xy}; circled and vulgar forms are spaced out; letters
    of another mathematical alphabet stay. Plain NFKC would make "x²" and "x2", "1½" and "11/2", "ℝ" and "R" equal.
    """
    out: list[str] = []
    run, mark = "", ""
    for character in [*text.translate(_TYPOGRAPHY), ""]:
        tag = unicodedata.decomposition(character).partition(" ")[0] if character else ""
        if mark and _SCRIPTS.get(tag) != mark:
            out.append(f"{mark}{{{run}}}" if len(run) > 1 or character.isalnum() else f"{mark}{run}")
            run, mark = "", ""
        folded = unicodedata.normalize("NFKC", character)
        if tag in _SCRIPTS:
            mark = _SCRIPTS[tag]
            run += folded
        elif tag in _SPACED_TAGS:
            out.append(f" {folded} ")
        else:
            out.append(character if tag == "<font>" else folded)
    text = "".join(out)
    return (unicodedata.normalize("NFC", text) if _is_stream_safe(text) else text).translate(_TYPOGRAPHY)


def _is_stream_safe(text: str) -> bool:
    """Whether no more than 30 combining marks follow each other (UAX #15, section 13); NFC orders them in square time."""
    marks = itertools.groupby(unicodedata.combining(character) > 0 for character in text)
    return all(sum(1 for _ in run) <= 30 for is_mark, run in marks if is_mark)


def _fold_layout(text: str) -> str:
    """Fold the white space of a line; of a text of several lines only what does not show.

    In code, matrices, tables and drawings, indentation and columns carry the meaning, and nothing tells them for sure
    from prose. Only breaks that plainly wrap a sentence become spaces.
    """
    if text.isprintable() and "  " not in text:  # one line of single spaces
        return text.strip()
    lines = _without_blank_lines(line.rstrip() for line in _LINE_END.sub("\n", text).split("\n"))
    if len(lines) > 1 and not _is_wrapped_prose(lines):
        return "\n".join(lines)
    return _QUOTED_OR_SPACE.sub(_fold_space, " ".join(lines).strip())


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
    return all(_PROSE.fullmatch(line) and not _COMMON_WORDS.isdisjoint(line.lower().split()) for line in lines) and all(
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
    is_common = bool(space) and word.lower() in _COMMON_WORDS
    return text[0].lower() + text[1:] if is_common or (len(word) >= _ORDINARY_LENGTH and is_in_prose) else text
