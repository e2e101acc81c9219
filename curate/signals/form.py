"""Questions of a form that one gold does not settle, or a guess does: several in one, true or false, proofs."""

from dataclasses import replace

import polars as pl

from curate.phrases import NOT_ONE_SPACE, mentions
from curate.signals.base import GOLD, OPEN, STEM, Clue, Signal, has, holds, matched, repeats

_BEFORE = "(?:in |on |at |by |to |from |of |for |with |over )?"
_WH = "(?:who|whom|whose|what|what's|when|where|which|why|how)"
_ASKS = rf"(?:(?:^|[.!?:;\n]\W*(?:\(\w+\) ?)?|, (?:and |then )?){_BEFORE}(?:who|whom|whose|what|what's|which|why|how)|(?:^|[.!?:;\n]\W*)(?:when|where) (?:did|do|does|was|is|were|are|will|has|had|can|would))\b"
_TWO_QUESTIONS = rf"({_ASKS}[^?\"“”\n]+\?\s+(?:[^?\"“”\n]*[ (,])?{_WH}\b[^?\"“”\n]+\?)[^?]*$"
_AUXILIARY = "(?:is|are|was|were|do|does|did|has|have|had|can|will|would|should|must|may|might)"
_TWO_IN_A_SENTENCE = (
    rf"((?:^|[.!?:;]\s+|, ){_BEFORE}(?:who|what|what's|how (?:many|much|long|far|old|tall|often|big|fast)|which \w+|(?:when|where|why) {_AUXILIARY})"
    rf" [^.?!;:\"]{{2,120}}?(?:,? and|,? &) {_BEFORE}"
    rf"(?:what (?:\w+ )?{_AUXILIARY}|(?:when|where|why|how)(?: {_AUXILIARY}\b|\W*$)|(?:what|which) (?:year|city|country|state)|how (?:many|much|long|far|old|tall|often|big|fast)\b)"
    r"[^.?!;]{0,40})"
)
_SOLVE = "(?:find|what|how many|how much|which|who|determine|calculate|compute|evaluate|prove|show that|solve|is|are|does|do|sketch|estimate)"
_JOINED = rf"(?:and|&) {_BEFORE}(?:what|when|where|why|how|which)"
"""What stands in every two questions in a sentence."""
_SECOND_PART = r"[\s>](?:\(2\)|\$\(2\)\$|\(b\)|\(ii\)|b\)|2\)|2\.|b\.|ii\.|②|\*\*p2\.\*\*)"
_PARTS = (
    rf"(?s)((?:^|[\s>])(?:\(1\)|\$\(1\)\$|\(a\)|\(i\)|a\)|1\)|1\.|a\.|i\.|①|\*\*p1\.\*\*)\s*{_SOLVE}\b.{{0,600}}?"
    rf"{_SECOND_PART}\s*(?:{_SOLVE}|given|if|let|suppose|when|for|express|write|explain|state)\b)"
)
_ONE_ANSWER = (
    r"(?:written|expressed|simplified|represented|put) (?:\w+ )?(?:as|in|by)\b|\bform\b|\bin other words\b|[.?!] that is\b"
    r"|\boptions:|answer1|\bwhich option\b|\bwhat is the answer\b|\b(?:what|who) am i\b"
)
"""The second question says how to write the answer of the first, or says the first again; or options stand in the text."""
_NEAR = 400
"""Characters of two questions that stand together; in a long text the first is mostly a title or somebody's speech."""
_LONG = pl.when(STEM.str.len_bytes() > _NEAR).then(STEM)
_ARE_FAR = (matched(_TWO_QUESTIONS, _LONG).str.len_chars() > _NEAR).fill_null(False)


def _shown(clue: Clue) -> Clue:
    return replace(clue, phrase=clue.phrase.str.replace_all(NOT_ONE_SPACE, " ").str.slice(0, 200))


ASKS_SEVERAL = Signal(
    "asks_several",
    "two questions, two parts to solve ((1) find ... (2) find ...), or two question words in one sentence",
    (
        repeats("?")
        | mentions("(b)|(2)|(ii)|2.|b.|b)|2)|②", STEM)
        | mentions(" and wh| and how| and in wh| & wh", STEM),
        has(rf"\?\s+(?:[^?\n]*[ (,])?{_WH}\b[^?\n]*\?|(?:and|&) {_BEFORE}{_WH}\b|{_SECOND_PART}\s*\w"),
        ~has(_ONE_ANSWER),
    ),
    (
        _shown(holds(_TWO_QUESTIONS, after=[~_ARE_FAR])),
        _shown(holds(_TWO_IN_A_SENTENCE, has(_JOINED))),
        _shown(holds(_PARTS, OPEN, has(_SECOND_PART))),
    ),
)

_JUDGEMENTS = ("true", "false", "yes", "no")
_WORD = GOLD.str.to_lowercase().str.strip_chars(" .")

IS_TRUE_FALSE = Signal(
    "is_true_false",
    "the gold is true, false, yes or no, and there are no more than two options: half of all guesses are right",
    ((GOLD.str.len_bytes() < 8) & (pl.col("options").list.len().fill_null(0) <= 2), _WORD.is_in(list(_JUDGEMENTS))),
    (Clue(GOLD),),
)

_PROVE = (
    r"((?:^|[.,;:!?)$\n]\s*(?:\(?\w\)\s*)?|\b(?:and|then|please|also|can you|must) )"
    r"(?:prove|show|verify|demonstrate|disprove)(?:,? \w+,?)? (?:that|the following|why)\b)"
)
_ASKS_VALUE = (
    r"\b(?:find|determine|compute|calculate|evaluate|what|which|how many|how much|who|when|where|estimate|solve|obtain|give"
    r"|choose|hence)\b|[=≈]\s*\?"
)

IS_PROOF = Signal(
    "is_proof",
    'an open question that wants a proof ("prove that", "show that") and no value',
    (OPEN, mentions("prove|show|verify|demonstrate", STEM), ~has(_ASKS_VALUE)),
    (Clue(matched(_PROVE).str.strip_chars(), (has(_PROVE),)),),
)
