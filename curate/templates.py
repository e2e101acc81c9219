"""The two question templates of the paper: T_MCQ shows the options, T_Open removes them (arXiv 2504.13941, section 2).

A multiple-choice item gives two variants, an open item one. Removing the options only works where the question stands
without them. "Which of the following..." does not, nor a statement to judge ("Snakes are deaf."), nor a question with
answers without number ("Which is an example of..."), nor a gold such as "all of the above". Those open variants are
dropped as `needs_options`, with the phrase that gave them away; their multiple-choice variants stay.

Measured on published files, by reading 100 kept and 100 dropped rows of each: share of the items whose open variant is
dropped; of the kept, how many still lean on their options; of the dropped, how many would have stood ("most likely" and
"best described as" are dropped although some of their stems have one answer).

                        dropped   kept wrongly   dropped wrongly
    ARC                    49 %          6 %              9 %
    OpenTriviaQA           23 %          3 %              2 %     half of the drops are true or false
    MMLU auxiliary         51 %          6 %             10 %
    MMLU                   45 %         11 %              6 %     kept: beginnings that many ends would complete
"""

from typing import NamedTuple

import polars as pl

from curate.filters import LETTERS
from curate.items import row_id
from curate.stage import Outcome, Reason, evidence_text
from curate.verify import AnswerKind, infer_kind

MCQ, OPEN = "mcq", "open"


class Rule(NamedTuple):
    """A phrase by which a text leans on its options, and what in the phrase shows that it does not after all."""

    phrase: str
    unless: str | None = None


_SENTENCE = r"(?:^|[.?!:;]\W+)"
_ASKS = rf"(?:\b(?:which|what|whom|where)|{_SENTENCE}who)\b"  # elsewhere, "who" mostly begins a relative clause
_AUXILIARY = "(?:is|are|was|were|do|does|did|has|have|had|can|could|should|would|will|must|may|might)"
_NOT = "(?-i:is|are|was|were|do|does|did|has|have|had|ca|could|should|would|wo)n['’]?t"  # a capital is a title's
_SHOWN_IN_STEM = (
    "(?:data|dialog|equation|excerpt|figure|information|lines?|lyric|order|passage|phrase|poem|proverb|quot|riddle"
    "|sequence|series|song|table|text|verse|way)"
)
_OF_A_KIND = (
    "(?:action|activit(?:y|ie)|adaptation|advantage|behaviou?r|change|characteristic|circumstance|comparison|conclusion"
    "|description|diagram|disadvantage|event|evidence|example|expression|fact|factor|graph|hypothesis|information"
    "|investigation|item|object|observation|organism|pairing|practice|procedure|question|reason|sequence|situation"
    "|substance|topic|trait)"
)
_VERBS_OF_CHOICE = (
    "(?:best|most|would|will|can|could|should|may|might|do|does|has|have|occurs?|causes?|contains?|demonstrates?|describes?"
    "|explains?|helps?|includes?|indicates?|lists?|makes?|produces?|provides?|represents?|results?|serves?|shows?)"
)
_DONE_BEST = (
    "(?:accounts?|answers?|characteri[sz]es?|completes?|conducts?|defines?|demonstrates?|describe[ds]?|determines?"
    "|explains?|express(?:es)?|fits?|helps?|identif(?:y|ies)|illustrates?|indicates?|match(?:es)?|measures?|models?"
    "|protects?|reflects?|represent(?:s|ed)?|separates?|shows?|summari[sz]es?|supports?|approach|choice|conclusion"
    "|conductor|course of action|definition|description|estimate|evidence|example|explanation|interpretation|material"
    "|method|place|reason|source|way)"
)

STEM_RULES = (
    # a choice among what is shown
    Rule(r"\b(?:which|what|any|one|all|each|none|both|two|three|some|most)(?: ones?)? (?:of|if) (?:the )*following\b"),
    Rule(
        r"\b(?:of|from|among|amongst|between|to|in|with|by) (?:the )+following\b(?: \w+){0,2}",
        unless=rf"following (?:\w+ )?{_SHOWN_IN_STEM}",
    ),
    Rule(
        r"\b(?:which|what)(?: ones?| two| three)? of (?:these|those|the (?:above|answers|choices|options|statements?))\b"
    ),
    Rule(r"\b(?:one|two|three|all|any|each|none|some) of these \w+"),
    Rule(
        r"\b(?:which|what) (?:two |three )?(?:answers?|choices?|list|options?|sentences|statements?)\b|\bwhich sentence\b"
    ),
    Rule(
        r"\b(?:which|what) (?:two |three )?(?:groups?|lists?|pairs?|sets?)"
        r" (?:of|is|are|consists?|contains?|includes?|lists?|shows?)\b"
    ),
    Rule(rf"\bwhich one {_AUXILIARY}\b"),
    Rule(_SENTENCE + r"(?:please )?(?:(?:select|choose|pick) (?:the|one|an?)|identify (?:one|an?))\b"),
    Rule(r"\b(?:select|choose|pick|identify) (?:the|one|an?) (?:true|false|correct|incorrect|right|wrong)\b"),
    Rule(
        r"\b(?:answers|choices|given|listed|named|options|shown) (?:above|below)\b|\b(?:choices|ones|options) listed\b"
    ),
    Rule(r"\b(?:which|what|name the) \w+ below\b|\bof the \w+ (?:below|listed)\b"),
    # more true than the others
    Rule(rf"\bbest {_DONE_BEST}\b"),
    Rule(r"\bwhich\b[^.?!,]*\b(?:would|will|could|can|should) (?:\w+ )?(?:best|better)\b"),
    Rule(
        r"\bwhich (?:\w+ )?(?:is|are) (?:the )?best\b(?:\W\w+)?", unless=r"best\W(?:friend|known|paid|seller|selling)"
    ),
    Rule(r"\b(?:most|least) (?:accurate|accurately|appropriate|closely|directly|likely|nearly|similar)\b"),
    Rule(rf"{_ASKS} (?:is|are) (?:not |usually |always |never |also )*(?:true|false|correct|incorrect)\b"),
    Rule(r"\b(?:in)?correctly (?:describ|identif|list|match|order|pair|plac|represent|show|stat)"),
    Rule(r"\b(?:paired|matched|listed) (?:in)?correctly\b"),
    Rule(r"\b(?:accurate|correct|fair|safe|true) to (?:conclude|say|state)\b"),
    Rule(r"^\W*(?:[^\s?_]+ ){0,2}[^\s?_]+:\W*$"),  # a topic alone ("Crohn's disease:")
    # one of many of a kind
    Rule(_SENTENCE + r"which (?:is|are|was|were) (?:an?|one|also|caused|considered|correct|more|most|not|true|used)\b"),
    Rule(_SENTENCE + rf"which {_VERBS_OF_CHOICE}\b"),
    Rule(
        rf"\bwhich (?:\w+ )?{_OF_A_KIND}s?\b(?: \w+)?",
        unless="action (?:adventure|comedy|figure|film|hero|movie|star|thriller)",
    ),
    Rule(
        r"\b(?:which|what)\b[^.?!]*\bexamples? of \w+",
        unless=r"\bwhat (?:type|kind|sort)|\b(?:this|that) (?:is )?an example",
    ),
    # what is not so
    Rule(r"\bexcept\W*$|\b(?:all|each|any) (?:of )?(?:these|the) .{0,60}\bexcept\b"),
    Rule(r"\b(?:is|are|was|were) (?:not|false|incorrect|untrue|not true|not correct)\W*$"),
    Rule(r"\bodd (?:one|man|woman) out\b|\bbelongs? with\b|\b(?:does|do)(?: not|n['’]?t) (?:belong|fit)\b"),
    Rule(r"\bwhich\b[^.?!]* (?:with|from|like|as|than) the others?\b"),
    Rule(r"(?:\bonly\b.*)?(?-i:\bNOT\b|\bEXCEPT\b|\bLEAST\b)", unless=r"\bonly\b"),
    Rule(
        rf"(?:\bof |\bonly\b[^.?!]*)?{_ASKS}(?: [^\s.?!,;:\"“]+){{0,7}}?"
        rf" (?:{_AUXILIARY}(?: \w+){{0,3}}? (?:not|never)|cannot|{_NOT})\b(?:[^.?!]*\bonly\b)?",
        unless=r"\bonly\b|^of which"
        r"|\w (?:said|says|wrote|sang|if|when|because|since|after|while|until|before|although|who|that|to|for|why|how)\b.*\b(?:not|never|cannot|\w+n['’]?t)\b",
    ),
)
"""Stems that do not stand alone; case does not matter. The paper names only "Which of the following"; the others were
read off real stems. They err towards dropping: an unanswerable question costs more than one question fewer."""

_SEPARATOR = "(?:, and|,| and| or| ?&) ?"

GOLD_RULES = (
    Rule(
        r"^\W*(?:all|none|both|neither|any|either|some)(?: of)?(?: the)*"
        r" (?:above|below|these|those|them|others?|options|choices|answers)"
        r"(?: (?:is|are|was|were|answers|choices|listed|mentioned|options|statements)\b.*)?\W*$"
    ),
    Rule(r"\b(?:all|none|both|neither|any|either) of the (?:above|below|options|choices|answers)\b"),
    Rule(r"^\W*(?:both|neither|either|all|none)\W*$"),
    Rule(
        rf"^\W*(?:both |neither |either )?\(?[A-H]\)?(?:(?:{_SEPARATOR}| )\(?[A-H]\)?)*{_SEPARATOR}\(?[A-H]\)?(?: only)?[\s.]*$"
    ),
    Rule(rf"^\W*(?:I{{1,3}}|IV|V)(?:{_SEPARATOR}(?:I{{1,3}}|IV|V))*(?: only|{_SEPARATOR}(?:I{{1,3}}|IV|V))\W*$"),
    Rule(r"^\W*(?:true|false)(?:[,;]? (?:and )?(?:true|false))+\W*$"),
    Rule(r"^\W*(?:yes|no)[,;:.]? (?:because|since|as|if|but|unless|only|even|so)\b"),
)
"""Golds that point at other options, judge several statements, or are one of several reasons."""

_ASKS_TRUE_OR_FALSE = r"(?i)\b(?:true (?:or|of|/) ?false|true/false|false or true|t/f)\b"
_ASKS_YES_OR_NO = rf"(?i)\?\W*$|\byes(?: or |/)no\b|(?:^|[.,:;!?]\W+(?:and |but |so )?){_AUXILIARY}\b"


def make_variants(items: pl.LazyFrame) -> Outcome:
    """Turn items into variants.

    Args:
        items: well-formed rows of `ITEM_SCHEMA`, one per `item_id`.

    Returns:
        Rows of `VARIANT_SCHEMA`, each item's variants together, mcq first. `added` counts variants beyond one an item.
    """
    has_options = pl.col("options").is_not_null()
    shared = ["item_id", "source", "source_row", "domain"]
    columns = [*shared, "question", "answer", "answer_index", "answer_kind", "options"]
    numbered = items.select(columns).with_row_index("place")
    mcq = numbered.filter(has_options).with_columns(
        template=pl.lit(MCQ),
        answer=_letter(pl.col("answer_index")),
        answer_kind=pl.lit(str(AnswerKind.CHOICE)),
        option_count=pl.col("options").list.len().cast(pl.Int32),
        needed=pl.lit(None, pl.String),
    )
    gold = pl.col("answer").str.strip_chars()
    needed = pl.coalesce(
        *(_phrase(pl.col("stem"), rule) for rule in STEM_RULES),
        *(_phrase(gold, rule) for rule in GOLD_RULES),
        _unasked(gold),
    )
    open_ = numbered.with_columns(stem=pl.col("question").str.strip_chars().str.replace_all(r"\s+", " ")).with_columns(
        template=pl.lit(OPEN),
        answer=gold,
        answer_kind=pl.when(has_options).then(_kind(gold)).otherwise(pl.col("answer_kind")),
        option_count=pl.lit(0, pl.Int32),
        needed=pl.when(has_options).then(needed),
    )
    variants = pl.concat([mcq, open_.drop("stem")]).sort("place", "template").with_columns(row_id=_row_id())
    reason = pl.when(pl.col("needed").is_not_null()).then(pl.lit(str(Reason.NEEDS_OPTIONS)))
    outcome = Outcome.split(variants, reason, evidence=evidence_text("phrase", pl.col("needed")))
    kept = ["row_id", *shared, "template", "answer", "answer_kind", "option_count"]
    counts = items.filter(has_options).group_by("source").len().collect()
    return Outcome(
        outcome.kept.select(kept), outcome.dropped.select([*kept, "reason", "evidence"]), dict(counts.iter_rows())
    )


def _phrase(text: pl.Expr, rule: Rule) -> pl.Expr:
    """The phrase by which a text leans on its options, or null."""
    phrase = text.str.extract(f"(?i)({rule.phrase})", 1)
    return phrase if rule.unless is None else pl.when(~phrase.str.contains(f"(?i){rule.unless}")).then(phrase)


def _unasked(gold: pl.Expr) -> pl.Expr:
    """The gold, where it is true or false and the stem does not name both, or yes or no and the stem asks nothing."""
    word = gold.str.to_lowercase().str.strip_chars(" .")
    is_asked = (
        pl.when(word.is_in(["true", "false"]))
        .then(pl.col("question").str.contains(_ASKS_TRUE_OR_FALSE))
        .when(word.is_in(["yes", "no"]))
        .then(pl.col("question").str.contains(_ASKS_YES_OR_NO))
    )
    return pl.when(~is_asked).then(gold)


def _letter(index: pl.Expr) -> pl.Expr:
    return index.replace_strict(dict(enumerate(LETTERS)), return_dtype=pl.String)


def _kind(answer: pl.Expr) -> pl.Expr:
    return answer.map_elements(lambda text: str(infer_kind(text)), return_dtype=pl.String)


def _row_id() -> pl.Expr:
    def ids(pair: pl.Series) -> pl.Series:
        return pl.Series([row_id(row["item_id"], row["template"]) for row in pair])

    return pl.struct("item_id", "template").map_batches(ids, return_dtype=pl.String)
