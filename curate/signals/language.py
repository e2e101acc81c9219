"""A gold in another script than its question: an English question with a Chinese answer, or the other way about.

Only scripts are told apart. Two languages of one script would need a language model, and a gold of a few words is too
short for one. Greek is a mathematician's alphabet and no language here; LaTeX, formulas and abbreviations are Latin in
every language.
"""

import polars as pl

from curate.signals.base import GOLD, QUESTION, Clue, Signal, has

SCRIPTS = {
    "Han": r"\p{Han}",
    "Kana": r"[\p{Hiragana}\p{Katakana}]",
    "Hangul": r"\p{Hangul}",
    "Cyrillic": r"\p{Cyrillic}",
    "Arabic": r"\p{Arabic}",
    "Hebrew": r"\p{Hebrew}",
    "Devanagari": r"\p{Devanagari}",
    "Thai": r"\p{Thai}",
}
"""Scripts that languages are written in, beside Latin and Greek, each as a class of letters."""
OTHER_SCRIPTS = "[" + "".join(SCRIPTS.values()) + "]"

_PROSE = r"(?:^|[^\\\p{L}])\p{Latin}{2,} (?:\p{Latin}+,? )?\p{Latin}{2,}"
_LATIN_WORD = r"(?:^|[^\\\p{L}])\p{Latin}?[\p{Ll}&&\p{Latin}]{3,}"
_ABOUT_SCRIPT = (
    r"translat|transliter|\b(?:arabic|chinese|cyrillic|devanagari|hebrew|hindi|japanese|jamo|kanji|kana|katakana|korean|mandarin"
    r"|russian|thai|ukrainian|written in|native name|original name|language|alphabet|character|letter|symbol|spell)|翻译|英文|英语|拼音"
)


def _is_other(text: pl.Expr) -> pl.Expr:
    """Whether most of a text's letters are of another script than Latin."""
    return text.str.count_matches(OTHER_SCRIPTS) * 2 > text.str.count_matches(r"\p{L}")


def _is_mismatch() -> pl.Expr:
    other_gold = _is_other(GOLD) & ~has(OTHER_SCRIPTS, QUESTION) & has(_PROSE, QUESTION)
    latin_gold = has(OTHER_SCRIPTS, QUESTION) & ~has(_PROSE, QUESTION)
    latin_gold &= ~GOLD.str.contains(OTHER_SCRIPTS) & GOLD.str.contains(_LATIN_WORD)
    return (other_gold | latin_gold) & ~has(_ABOUT_SCRIPT)


def _is_not_ascii(text: pl.Expr) -> pl.Expr:
    return text.str.len_bytes() != text.str.len_chars()


ANSWER_IN_OTHER_LANGUAGE = Signal(
    "answer_in_other_language",
    "the gold is in another script than the question, which does not ask about scripts or for a translation",
    (
        (GOLD != "") & (_is_not_ascii(QUESTION) | _is_not_ascii(GOLD)),
        has(OTHER_SCRIPTS, QUESTION) | GOLD.str.contains(OTHER_SCRIPTS),
    ),
    (Clue(GOLD.str.slice(0, 200), (_is_mismatch(),)),),
)
