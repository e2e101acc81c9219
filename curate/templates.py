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

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from curate.filters import LETTERS
from curate.forms import infer_kinds
from curate.identity import row_ids
from curate.phrases import Rule, first_phrases, on_one_line
from curate.schemas import VARIANT_SCHEMA
from curate.stage import Reason, evidence_text
from curate.table import PLACE
from curate.verify import AnswerKind

MCQ, OPEN = "mcq", "open"


_SENTENCE = r"(?:^|[.?!:;]\W+)"
_ASKS = rf"(?:\b(?:which|what|whom|where)|{_SENTENCE}who)\b"  # elsewhere, "who" mostly begins a relative clause
_AUXILIARY = "(?:is|are|was|were|do|does|did|has|have|had|can|could|should|would|will|must|may|might)"
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

_NOT = "(?-i:is|are|was|were|do|does|did|has|have|had|ca|could|should|would|wo)n['’]?t"  # a capital is a title's
_CHOOSE, _JUDGED, _PLACED = "select|choose|pick|identify", "true|false|correct", "above|below|listed"
_DENIALS = " not| never| cannot|n't|n’t|snt|dnt| arent| werent| havent| dont| wont| cant"

STEM_RULES = (
    # a choice among what is shown
    Rule(
        "following",
        r"\b(?:which|what|any|one|all|each|none|both|two|three|some|most)(?: ones?)? (?:of|if) (?:the )*following\b",
    ),
    Rule(
        "following",
        r"\b(?:of|from|among|amongst|between|to|in|with|by) (?:the )+following\b(?: \w+){0,2}",
        unless=rf"following (?:\w+ )?{_SHOWN_IN_STEM}",
    ),
    Rule(
        "which|what",
        r"\b(?:which|what)(?: ones?| two| three)? of (?:these|those|the (?:above|answers|choices|options|statements?))\b",
    ),
    Rule(" of these ", r"\b(?:one|two|three|all|any|each|none|some) of these \w+"),
    Rule(
        "which|what",
        r"\b(?:which|what) (?:two |three )?(?:answers?|choices?|list|options?|sentences|statements?)\b|\bwhich sentence\b",
    ),
    Rule(
        "which|what",
        r"\b(?:which|what) (?:two |three )?(?:groups?|lists?|pairs?|sets?)"
        r" (?:of|is|are|consists?|contains?|includes?|lists?|shows?)\b",
    ),
    Rule("which", rf"\bwhich one {_AUXILIARY}\b"),
    Rule(
        _CHOOSE,
        _SENTENCE + r"(?:please )?(?:(?:select|choose|pick) (?:the|one|an?)|identify (?:one|an?))\b",
    ),
    Rule(_CHOOSE, rf"\b(?:{_CHOOSE}) (?:the|one|an?) (?:true|false|correct|incorrect|right|wrong)\b"),
    Rule(
        _PLACED,
        r"\b(?:answers|choices|given|listed|named|options|shown) (?:above|below)\b|\b(?:choices|ones|options) listed\b",
    ),
    Rule(_PLACED, r"\b(?:which|what|name the) \w+ below\b|\bof the \w+ (?:below|listed)\b"),
    # more true than the others
    Rule("best", rf"\bbest {_DONE_BEST}\b"),
    Rule("which", r"\bwhich\b[^.?!,]*\b(?:would|will|could|can|should) (?:\w+ )?(?:best|better)\b"),
    Rule(
        "which",
        r"\bwhich (?:\w+ )?(?:is|are) (?:the )?best\b(?:\W\w+)?",
        unless=r"best\W(?:friend|known|paid|seller|selling)",
    ),
    Rule(
        "most |least ",
        r"\b(?:most|least) (?:accurate|accurately|appropriate|closely|directly|likely|nearly|similar)\b",
    ),
    Rule(_JUDGED, rf"{_ASKS} (?:is|are) (?:not |usually |always |never |also )*(?:true|false|correct|incorrect)\b"),
    Rule(_JUDGED, r"\b(?:in)?correctly (?:describ|identif|list|match|order|pair|plac|represent|show|stat)"),
    Rule(_JUDGED, r"\b(?:paired|matched|listed) (?:in)?correctly\b"),
    Rule("to conclude|to say|to state", r"\b(?:accurate|correct|fair|safe|true) to (?:conclude|say|state)\b"),
    Rule(":", r"^\W*(?:[^\s?_]+ ){0,2}[^\s?_]+:\W*$"),  # a topic alone ("Crohn's disease:")
    # one of many of a kind
    Rule(
        "which",
        _SENTENCE + r"which (?:is|are|was|were) (?:an?|one|also|caused|considered|correct|more|most|not|true|used)\b",
    ),
    Rule("which", _SENTENCE + rf"which {_VERBS_OF_CHOICE}\b"),
    Rule(
        "which",
        rf"\bwhich (?:\w+ )?{_OF_A_KIND}s?\b(?: \w+)?",
        unless="action (?:adventure|comedy|figure|film|hero|movie|star|thriller)",
    ),
    Rule(
        "which|what",
        r"\b(?:which|what)\b[^.?!]*\bexamples? of \w+",
        unless=r"\bwhat (?:type|kind|sort)|\b(?:this|that) (?:is )?an example",
    ),
    # what is not so
    Rule("except", r"\bexcept\W*$|\b(?:all|each|any) (?:of )?(?:these|the) .{0,60}\bexcept\b"),
    Rule(
        " not| false| incorrect| untrue",
        r"\b(?:is|are|was|were) (?:not|false|incorrect|untrue|not true|not correct)\W*$",
    ),
    Rule(
        "odd |belong| fit",
        r"\bodd (?:one|man|woman) out\b|\bbelongs? with\b|\b(?:does|do)(?: not|n['’]?t) (?:belong|fit)\b",
    ),
    Rule("which", r"\bwhich\b[^.?!]* (?:with|from|like|as|than) the others?\b"),
    Rule("not|except|least", r"(?:\bonly\b.*)?(?-i:\bNOT\b|\bEXCEPT\b|\bLEAST\b)", unless=r"\bonly\b"),
    Rule(
        _DENIALS,
        rf"(?:\bof |\bonly\b[^.?!]*)?{_ASKS}(?: [^\s.?!,;:\"“]+){{0,7}}?"
        rf" (?:{_AUXILIARY}(?: \w+){{0,3}}? (?:not|never)|cannot|{_NOT})\b(?:[^.?!]*\bonly\b)?",
        unless=r"\bonly\b|^of which"
        r"|\w (?:said|says|wrote|sang|if|when|because|since|after|while|until|before|although|who|that|to|for|why|how)\b.*\b(?:not|never|cannot|\w+n['’]?t)\b",
    ),
)
"""Stems that do not stand alone; case does not matter. The paper names only "Which of the following"; the others were
read off real stems. They err towards dropping: an unanswerable question costs more than one question fewer."""

_SEPARATOR = "(?:, and|,| and| or| ?&) ?"

GROUP_RULES = (
    Rule(
        "all|none|both|neither|any|either|some",
        r"^\W*(?:all|none|both|neither|any|either|some)(?: of)?(?: the)*"
        r" (?:above|below|these|those|them|others?|options|choices|answers)"
        r"(?: (?:is|are|was|were|answers|choices|listed|mentioned|options|statements)\b.*)?\W*$",
    ),
    Rule(" of the ", r"\b(?:all|none|both|neither|any|either) of the (?:above|below|options|choices|answers)\b"),
    Rule("all|none|both|neither|any|either|some", r"^\W*(?:both|neither|either|all|none)\W*$"),
)
"""Options that speak of the others together: "all of the above", "none of these", "both" alone."""

GOLD_RULES = (
    *GROUP_RULES,
    Rule(
        "",
        rf"^\W*(?:both |neither |either )?\(?[A-H]\)?(?:(?:{_SEPARATOR}| )\(?[A-H]\)?)*{_SEPARATOR}\(?[A-H]\)?(?: only)?[\s.]*$",
    ),
    Rule("", rf"^\W*(?:I{{1,3}}|IV|V)(?:{_SEPARATOR}(?:I{{1,3}}|IV|V))*(?: only|{_SEPARATOR}(?:I{{1,3}}|IV|V))\W*$"),
    Rule("true|false", r"^\W*(?:true|false)(?:[,;]? (?:and )?(?:true|false))+\W*$"),
    Rule("yes|no", r"^\W*(?:yes|no)[,;:.]? (?:because|since|as|if|but|unless|only|even|so)\b"),
)
"""Golds that point at other options, judge several statements, or are one of several reasons."""

_ASKS_TRUE_OR_FALSE = r"(?i)\b(?:true (?:or|of|/) ?false|true/false|false or true|t/f)\b"
_ASKS_YES_OR_NO = rf"(?i)\?\W*$|\byes(?: or |/)no\b|(?:^|[.,:;!?]\W+(?:and |but |so )?){_AUXILIARY}\b"

_JUDGEMENT = r"(?i)^[ .]*(?:true|false|yes|no)[ .]*$"


COLUMNS = ["item_id", "source", "source_row", "domain", "question", "answer", "answer_index", "answer_kind", "options"]
"""What making a variant reads of an item."""

_OF_ITEM = ("item_id", "source", "source_row", "domain")

MADE_SCHEMA = pa.schema(
    [
        *VARIANT_SCHEMA,
        pa.field("item_place", pa.int64(), nullable=False),
        pa.field("reason", pa.string()),  # of a variant that cannot stand
        pa.field("evidence", pa.string()),
    ]
)
"""A variant as it is made: with the place of its item."""


def make_variants(items: pl.DataFrame) -> pl.DataFrame:
    """Turn a batch of items into variants.

    Args:
        items: `place` and the columns `COLUMNS` of well-formed rows of `ITEM_SCHEMA`, one per `item_id`.

    Returns:
        Columns of `MADE_SCHEMA`, each item's variants together, mcq first.
    """
    has_options = items["options"].is_not_null()
    removed = _without_options(items, has_options)
    item, is_mcq = _items_of_variants(has_options.to_numpy())
    variants = removed[item].with_columns(
        template=pl.when(is_mcq).then(pl.lit(MCQ)).otherwise(pl.lit(OPEN)),
        answer=pl.when(is_mcq).then(_letter(pl.col("answer_index"))).otherwise("answer"),
        answer_kind=pl.when(is_mcq).then(pl.lit(str(AnswerKind.CHOICE))).otherwise("answer_kind"),
        option_count=pl.when(is_mcq).then("option_count").otherwise(pl.lit(0, pl.Int32)),
        phrase=pl.when(~is_mcq).then("phrase"),
    )
    needs = pl.col("phrase").is_not_null()
    return variants.select(
        row_ids(variants),
        *(name for name in [*VARIANT_SCHEMA.names, "item_place"] if name != "row_id"),
        reason=pl.when(needs).then(pl.lit(str(Reason.NEEDS_OPTIONS))),
        evidence=pl.when(needs).then(evidence_text("phrase", pl.col("phrase"))),
    )


def _without_options(items: pl.DataFrame, has_options: pl.Series) -> pl.DataFrame:
    """Return each item as its open variant is, with the phrase that leans on the options it had, or null."""
    trimmed = items.select(
        *_OF_ITEM,
        "answer_index",
        "answer_kind",
        "question",
        pl.col("answer").str.strip_chars(),
        item_place=PLACE,
        option_count=pl.col("options").list.len().cast(pl.Int32),
    )
    shown, places = trimmed.filter(has_options), has_options.arg_true()
    kinds = infer_kinds(shown["answer"])
    no_phrase = pl.Series([None], dtype=pl.String).new_from_index(0, items.height)
    return trimmed.drop("question").with_columns(
        answer_kind=trimmed["answer_kind"].scatter(places, kinds),
        phrase=no_phrase.scatter(places, needs_options(shown)),
    )


def _items_of_variants(has_options: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.intp], pl.Series]:
    """Return for each variant the row of its item, and whether it shows the options: mcq first."""
    item = np.repeat(np.arange(has_options.size), 1 + has_options)
    return item, pl.Series(np.diff(item, append=-1) == 0)


def needs_options(items: pl.DataFrame) -> pl.Series:
    """Return the phrase by which each question leans on its options, or null.

    Args:
        items: multiple-choice rows with `question` and `answer` (the gold's text).
    """
    gold = items["answer"].str.strip_chars()
    phrases = first_phrases(on_one_line(items["question"]), STEM_RULES).fill_null(first_phrases(gold, GOLD_RULES))
    return phrases.fill_null(_unasked(items["question"], gold))


def _unasked(questions: pl.Series, golds: pl.Series) -> pl.Series:
    """The gold, where it is true or false and the stem does not name both, or yes or no and the stem asks nothing."""
    rows = pl.DataFrame({"question": questions, "gold": golds}).with_row_index("row")
    judging = rows.filter(pl.col("gold").str.contains(_JUDGEMENT))
    worded = judging.with_columns(word=pl.col("gold").str.to_lowercase().str.strip_chars(" ."))
    unasked = [
        worded.filter(pl.col("word").is_in(words)).filter(~pl.col("question").str.contains(asks)).select("row", "gold")
        for words, asks in ((["true", "false"], _ASKS_TRUE_OR_FALSE), (["yes", "no"], _ASKS_YES_OR_NO))
    ]
    return rows.select("row").join(pl.concat(unasked), on="row", how="left", maintain_order="left")["gold"]


def _letter(index: pl.Expr) -> pl.Expr:
    return index.replace_strict(dict(enumerate(LETTERS)), return_dtype=pl.String)
