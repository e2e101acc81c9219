"""A question that says its own answer.

A gold that merely occurs in the question says nothing: small numbers stand in every word problem, and a choice between
two names holds both. So one of these must be there:

    stated     "the answer is G", "Answer: G", `\\boxed{G}`
    closing    the question ends, and G follows in parentheses: "... is the capital of France? (Paris)"
    verbatim   an open question of general knowledge holds three words or more that are the whole gold, and offers no choice
"""

import polars as pl

from curate.items import Domain
from curate.phrases import mentions
from curate.signals.base import GOLD, OPEN, STEM, Clue, Signal, has, matched

_STATED = r"(?s).*\b(?:answer|ans)(?:\s*(?:is|was|:|=))+[\s\"'“‘$(\[{*]*(.+)"
_BOXED = r"(?s).*\\boxed\s*\{0*(.+)"
_CLOSING = r"[.?!]\s*[(\[]\s*(?:answer\W*|ans\W*)?([^()\[\]]+)[)\]]\W*$"
_ENDS = r"^[\"'”’)\]}$*]*(?:\s*$|[.!?;](?:\s|$)|\s*\n|\s+[a-z]{3,})"
"""After the gold its statement ends; "answer: 12/5", "answer is true or false" and "answer: I(0) e^{-t}" go on."""
_OFFERS_CHOICE = r"\b(?:or|vs|versus|between|following|among|both|either|than|whether|and)\b|[:;|\n]|\w, \w|^(?:is|are|was|were|do|does|did|has|have)\b"
_STATEMENT = 300
"""Characters of a statement in which its gold ends."""
_THREE_WORDS = r"\pL+\W+\pL.*\W\pL"
_LONG = 12
"""Characters of a gold that hardly occurs by chance."""


_GOLD = GOLD.str.to_lowercase()
_BARE_GOLD = _GOLD.str.strip_chars(" .$")


def _stated(pattern: str) -> Clue:
    said = matched(pattern).str.slice(0, _STATEMENT)
    rest = said.str.strip_prefix(_BARE_GOLD)
    return Clue(pl.lit("answer: ") + _BARE_GOLD, (rest != said, rest.str.contains(_ENDS)))


_IS_LONG = OPEN & (pl.col("domain") != Domain.MATH.value) & (_GOLD.str.len_chars() >= _LONG)
_CAN_CLOSE = STEM.str.tail(3).str.contains_any([")", "]"])
_CAN_HOLD = (
    OPEN
    & (GOLD.str.len_bytes() >= _LONG)
    & (GOLD.str.len_bytes() < STEM.str.len_bytes())
    & (pl.col("domain") != Domain.MATH.value)
)

GIVES_ANSWER_AWAY = Signal(
    "gives_answer_away",
    'the question states its gold: after "the answer is", boxed, in closing parentheses, or a long gold word for word',
    (
        (GOLD != "") & (mentions("answer|boxed|ans:|ans ", STEM) | _CAN_CLOSE | _CAN_HOLD),
        STEM.str.contains(_BARE_GOLD, literal=True),
    ),
    (
        _stated(_STATED),
        _stated(_BOXED),
        Clue(pl.lit("(") + _GOLD + pl.lit(")"), (matched(_CLOSING).str.strip_chars() == _GOLD,)),
        Clue(
            _GOLD,
            (_IS_LONG & _GOLD.str.contains(_THREE_WORDS), STEM.str.contains(_GOLD, literal=True), ~has(_OFFERS_CHOICE)),
        ),
    ),
)
