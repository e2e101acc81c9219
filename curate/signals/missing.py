"""A question that leans on what is not there: options, or a passage, table or figure that its source has lost.

A text says so by pointing at the part ("in the table", "the diagram below"), and it is not to be believed where the part
stands in the text itself: a drawing in Asymptote or TikZ, a tabular, lines that follow "below". What no text says, the
source may: a JSON key `missing` in `extra` is taken as certain (most rows of WikiTableQuestions and of BoolQ read like
plain questions without their tables and passages).
"""

from collections.abc import Sequence

import polars as pl

from curate.items import Domain
from curate.phrases import Rule, mentions
from curate.signals.base import OPEN, QUESTION, STEM, Clue, Signal, has, holds, matched
from curate.templates import STEM_RULES

_CHOOSING = tuple(
    rule for rule in STEM_RULES if "following" in rule.phrase or "these" in rule.phrase or "options" in rule.phrase
)
"""The rules whose phrase names what is shown. The others ("Which city is not...") find stems with more than one answer
where options were taken away; a question that never had any may well ask so."""
_LEANS = (
    r"(^(?:which|what|one|any|none)\b.* (?:of (?:the )*following|of (?:these|those)|of the (?:above|answers|choices|options|statements?))$"
    r"|^which (?:answer|choice|option|statement)s?$|^.*\b(?:answers|choices|named|options|ones) (?:above|below|listed)$)"
)
"""Of what they find, what a question that never had options would not say."""
_NOTHING_FOLLOWS = (
    r"\b(?:which|what|one|any|none)\b[^:;\n]* of (?:the )*(?:following|these|those|above|answers|choices|options|statements?)\b[^:;\n]*$"
    r"|\bwhich (?:answer|choice|option|statement)s?\b[^:;\n]*$|\b(?:above|below|listed)\b[^:;\n]*$"
)
_SHOWN_OPTIONS = r"(?s)(?:^|[\s(\[])(?:a|i|1|answer1)[.):\]].*(?:[\s(\[])(?:b|ii|2|answer2)[.):\]]|\([a-k]\).*\([a-k]\)|, [^,?]+,? or |: .* or "
"""Options that are numbered in the text, or named: "..., the pyramids or the moon landing?"."""


def _leaning(rule: Rule) -> Clue:
    line = STEM.str.strip_chars().str.replace_all(r"[ \t\r][ \t\r]+|[\t\r]", " ")
    phrase = matched(f"({rule.phrase})", line)
    leans = (has(_LEANS, phrase),) if rule.unless is None else (has(_LEANS, phrase), ~has(rule.unless, phrase))
    return Clue(phrase, leans)


NEEDS_OPTIONS = Signal(
    "needs_options",
    "an open question that chooses among options (by the stem rules of `curate/templates.py`) and shows none",
    (
        OPEN,
        mentions(
            "following|of these|of those|the above|e answer|e choice|e option|which answer|which choice|which option|statement",
            STEM,
        ),
        mentions("which|what|one of|any of|none of|above|below|listed", STEM),
        has(_NOTHING_FOLLOWS),
        ~has(_SHOWN_OPTIONS),
    ),
    tuple(_leaning(rule) for rule in _CHOOSING),
)

_FIGURE = "(?:figure|diagram|picture|image|drawing|illustration|photograph|graph|graphic|pie chart|bar chart)"
_SHOWN_THING = rf"(?:{_FIGURE}|map|plot|circuit|one|triangle|square|circle|grid|shape|cube|rectangle|hexagon|pattern|structure|molecule)"
_SIDE = "(?:(?:at|to|on) (?:the )?(?:right|left))"

_CERTAIN = r"<image ?\d*>|!\[[^\]\n]*\]\(|\\includegraphics|\[?insert pic\w*\]?|(?:\./|\bimages?/)[\w/.-]+\.(?:png|jpe?g|gif|svg)\b"
"""A place where an image was, or its file."""
_PASSAGE_RULE = (
    r"\b(?:according to|based on|in|from|of|by|as used in|completes|within|throughout|both) (?:the|this) (?:\w+ )?passages?\b(?: \w+)?"
    r"|\b(?:according to|based on|from|in) (?:the|this) (?:\w+ )?(?:excerpt|paragraph|reading selection)\b(?: \w+)?"
    r"|\bthe (?:passages?|excerpt|paragraph|article) (?:above|below|identifies|implies|indicates|states|suggests|as a whole|is mainly|most|primarily)\b"
    r"|\b(?:above|preceding) (?:passage|excerpt|paragraph|article)\b|\bpassage [ab12]\b|\bin lines? \d+(?:[-–]\d+)?|\(lines? \d+[^)]{0,12}\)"
    r"|\baccording to the (?:text|article|author|narrator)\b"
    r"|\b(?:first|second|third|last|final) paragraph (?:is|of|that|serves)\b|\b(?:summari[sz]es|between) the (?:two )?passages?\b"
    r"|\bthe (?:author|narrator)(?:'s|’s)? (?:attitude|indicates|argues|implies|mentions|primarily|refers|suggests)\b"
)
_TABLE_RULE = (
    r"\b(?:in|per|according to|using) (?:the|this) (?:above |following |given |data )?(?:table|chart|spreadsheet)\b(?: \w+)?"
    r"|\b(?:on|from|of|for) this (?:table|chart|spreadsheet)\b(?: \w+)?|\b(?:on|from) the (?:chart|spreadsheet)\b"
    r"|\b(?:listed|shown|found) on the table\b|\bthe (?:following )?(?:table|chart) (?:above|below|shows|lists|gives|contains)\b"
)
_LIST_RULE = (
    r"\b(?:first|last|next|only|other|previous|top|final|second|third) (?:\S+ ){0,3}listed\b|\bhow many (?:\S+ ){1,6}listed\b"
    r"|\b(?:are|is|was|were) listed\W*$|\blisted (?:first|last|next|above|below|before|after|directly|previous)\b|\blisted\W*$"
    r"|\b(?:on|of) (?:the|this) list\W*$|\b(?:on|in) this list\b|\b(?:top|bottom|end) of (?:the|this) (?:list|chart|table)\b"
    r"|\b(?:in|from) the (?:first|last|top|bottom|previous|next) (?:row|column)\b"
)
_FIGURE_RULE = (
    rf"\b(?i:in|see|using|from) (?:the|this) (?:above |following |given |accompanying |adjacent )?{_FIGURE}\b(?: \w+)?"
    rf"|\b(?i:the|this|following) (?:{_FIGURE}|map|plot|circuit)s? (?:above|below|shows|represents|illustrates|depicts|{_SIDE})\b(?: \w+)?"
    rf"|\b{_SHOWN_THING}s? (?:are |is |as )?(?:shown|pictured|depicted)(?: above| below| here| {_SIDE})?\b(?: \w+)?"
    rf"|\b[Aa]s (?:shown|pictured)\b(?: \w+)?|\b(?:shown|pictured) (?:above|below|here|{_SIDE})\b"
)
_NO_FIGURE = (
    r"graph (?:of|that|with|whose|in|g|contain|theory)$|(?:figure|picture|image|drawing|photograph|illustration)s? (?:of|that|scenes?|frames?|books?)$"
    r"|(?:shown|pictured|depicted|show) (?:by|that|to|up|great|how|no|signs|as|an?)$|^one (?:is )?(?:shown|depicted)"
    r"|(?:left|right) by$"
)
_NO_TABLE = r"(?:table|chart) (?:of|tennis|salt)$"
_NO_PASSAGE = r"passages? (?:of|to|between|through|into|ways?)$"

_DRAWN = (
    r"\[asy\]|\\begin\{(?:tikzpicture|asy|picture|tabular|array|[pbvB]?matrix|cases|align)|\|[^|\n]*\|[^|\n]*\||<svg|<table"
    r"|(?s:\b(?:below|following|here)\b[^.?:\n]*[?:]\s*\S.{10,})|below\.?\s*(?:\n|(?-u:[\w ]){1,30}(?:->|=|,))|(?s:(?:→|->|⇌|=).*above)"
    r"|\b(?:an?|each|some|digital|directed|undirected|hash) (?:\w+ )?(?:graph|picture|photograph|image|table|chart|drawing|painting)s?\b"
)
"""The part stands in the text: a drawing as a program, a table as LaTeX, Markdown or HTML, something after "below:", a
formula before "above"; or it is a thing of the story ("She draws a picture. ... in the picture")."""
_IN_LINES = r"\n[^\n]*\n[^\n]*\n|(?:[\d$]\S*\s+(?:[^\d\s]\S*\s+){0,2}){6}"
"""A table as lines, or as numbers in a row with few words between."""
_PASSAGE_LENGTH = 250
"""Characters from which a question that speaks of a passage is taken to hold it: in MMLU that begins at 287, and of the
206 questions of SAT that have lost theirs two are longer."""
_LIST_LENGTH = 200


_STATED = pl.col("extra").str.contains('"missing"', literal=True).fill_null(False)
_MISSING = pl.col("extra").str.json_path_match("$.missing")


_PART = (
    "(?:passage|excerpt|paragraph|article|author|narrator|text|reading|table|chart|spreadsheet|list|row|column|figure|diagram"
    "|picture|image|drawing|illustration|photograph|graph|pie|bar|map|plot|circuit)"
)
_MAY_POINT = (
    rf"\b(?:the|this|both|following|above|preceding|first|second|third|last|final) (?:[^ ]+ )?{_PART}|shown|pictured|depicted|listed"
    r"|passage [ab12]\b|in line|\(line|<image|!\[|insert pic|includegraphics|\.(?:png|jp|gif|svg)"
)
"""What every rule above needs, in one pass."""


_IS_BARE = ~pl.col("has_context") & ~pl.col("has_images")
_IS_PROSE = OPEN & (pl.col("domain") != Domain.MATH.value) & (STEM.str.len_chars() < _LIST_LENGTH) & ~has("[:,]")


def _pointing(rule: str, unless: str, *sieves: pl.Expr, text: pl.Expr = STEM, after: Sequence[pl.Expr] = ()) -> Clue:
    """The clue of a phrase that points at a part, unless the phrase shows that it does not."""
    phrase = matched(f"({rule})", text)
    return Clue(phrase, (*sieves, ~has(unless, phrase), *after))


NEEDS_MISSING_PART = Signal(
    "needs_missing_part",
    "the source says that a part is missing, or the text points at a passage, table or figure that is not there",
    (
        mentions(
            "passage|excerpt|paragraph|article|in line|(line|the author|the narrator|the text| table| chart| spreadsheet|listed| list"
            "| row| column| figure| diagram| picture| image| drawing| illustration| photograph| graph|shown|pictured|depicted| map"
            "| plot| circuit|insert pic|![|.png|.jp|.gif|.svg|<image|includegraphics",
            STEM,
        )
        | _STATED,
        has(_MAY_POINT) | _STATED,
    ),
    (
        Clue(_MISSING, (_STATED, _MISSING.is_not_null())),
        holds(f"({_CERTAIN})", ~pl.col("has_images")),
        _pointing(_PASSAGE_RULE, _NO_PASSAGE, _IS_BARE & (STEM.str.len_chars() < _PASSAGE_LENGTH)),
        _pointing(_TABLE_RULE, _NO_TABLE, _IS_BARE, after=[~has(_DRAWN), ~has(_IN_LINES)]),
        _pointing(_FIGURE_RULE, _NO_FIGURE, _IS_BARE, text=QUESTION, after=[~has(_DRAWN)]),
        holds(f"({_LIST_RULE})", _IS_BARE & _IS_PROSE, after=[~has(_DRAWN)]),
    ),
)
