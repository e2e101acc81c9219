"""The canonical item: one question with its gold answer, whatever source it came from.

Every stage of curation reads and writes `ITEM_SCHEMA`. An item's id is a hash of its *normalised* question, context,
options and images. The gold is not part of it, so two sources that disagree about an answer meet under one id and the
conflict can be seen; neither are the source, nor the order of the options.

Normalisation removes what typesetting adds and never what a question means. It is applied before hashing only; the text
that a model sees is the source's own.

    kept        signs, decimal points, operators, exponents and indices, LaTeX commands, digits, non-Latin text,
                the case of symbols (single letters, abbreviations, anything inside $...$)
    folded      white space; compatibility characters (NFKC), with superscripts written as ^ and subscripts as _;
                typographic quotes, dashes and ellipses; capitals of words that are no symbols; a final ?, . or :
"""

import hashlib
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
_SMALL_WORDS = "An|By|Do|If|In|Is|It|My|Of|On|Or|So|To|Up|We"  # not As, At, Be, He, No: also elements
_ASCII_CAPITALISED = re.compile(rf"(?<![\\\w])(?:[A-Z](?:[a-z]{{2,}}|[A-Z]{{4,}})|{_SMALL_WORDS})(?!\w)")
_CAPITALISED = re.compile(rf"(?<![\\\w])(?:[^\W\d_]{{3,}}|{_SMALL_WORDS})(?!\w)")
_CAPITALS = 5
"""A word of so many capitals is emphasis; a shorter one may be an abbreviation or a figure's name."""
_MATH_SEGMENT = re.compile(r"(\$\$.*?\$\$|\$.*?\$|\\\(.*?\\\)|\\\[.*?\\\])", re.DOTALL)
_FINAL_MARK = re.compile(r"(?<=[^\W_]|[\"')\]}$])\s?[?.:]$")


def normalise(text: str) -> str:
    """Return the form of a text that identity is computed from; applying it twice changes nothing."""
    if not text.isascii():
        text = _fold_characters(text)
    if not text.isprintable():
        text = text.replace("\u0085", " ")
    text = " ".join(text.split())
    text = _fold_capitals(text, _ASCII_CAPITALISED if text.isascii() else _CAPITALISED)
    return _FINAL_MARK.sub("", text)


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
    return unicodedata.normalize("NFC", "".join(out)).translate(_TYPOGRAPHY)


def _fold_capitals(text: str, capitalised: re.Pattern[str]) -> str:
    """Lower capitalised words of three letters or more, small words, and long words in capitals, outside mathematics.

    Symbols and abbreviations keep their case: "Co" is not "CO", "AB" is not "ab", "X" is not "x".
    """
    if "$" not in text and "\\" not in text:
        return capitalised.sub(_lower, text)
    pieces = _MATH_SEGMENT.split(text)
    pieces[::2] = [capitalised.sub(_lower, piece) for piece in pieces[::2]]
    return "".join(pieces)


def _lower(word: re.Match[str]) -> str:
    text = word[0]
    is_capitalised = text[0].isupper() and text[1:].islower()
    return text.lower() if is_capitalised or (len(text) >= _CAPITALS and text.isupper()) else text
