"""The two question templates of the paper: T_MCQ shows the options, T_Open removes them (arXiv 2504.13941, section 2).

A multiple-choice item gives two variants, an open item one. Removing the options only works where the question stands
without them: "Which of the following..." does not, and neither does a gold such as "all of the above". Those open variants
are dropped as `needs_options`, with the phrase that gave them away; their multiple-choice variants stay.
"""

import polars as pl

from curate.filters import LETTERS
from curate.items import row_id
from curate.stage import Outcome, Reason, evidence_text
from curate.verify import AnswerKind, infer_kind

MCQ, OPEN = "mcq", "open"
TEMPLATES = (MCQ, OPEN)

STEM_NEEDS_OPTIONS = (
    r"(?i)\b(?:of|from|among|between) the following\b"
    r"|\bthe following (?:is|are|was|were|would|could|can|will|does|do|did|has|have|statements?|options?|choices?)\b"
    r"|\b(?:which|what|one|any|all|each|none|some|two) of (?:these|those)\b"
    r"|\b(?:which|what) (?:two |three )?(?:statements?|options?|choices?|answers?|sentences?|pairs?|lists?|groups?|sets?)\b"
    r"|\bwhich one(?: is| are| was| does| would)?\s*[?:.]?\s*$"
    r"|\bbest (?:describes?|explains?|represents?|illustrates?|defines?|summari[sz]es?|completes?|supports?|shows?|models?"
    r"|expresses|answers?|fits?|matches|description|explanation|example|definition|estimate|conclusion|evidence)\b"
    r"|\b(?:most|least) (?:likely|nearly|closely|accurately|directly|appropriate|similar)\b"
    r"|\bexcept\s*[:?.]?\s*$|\b(?:all|each|any) (?:of )?(?:these|the) .{0,60}\bexcept\b"
    r"|\b(?:is|are) (?:not|false|incorrect|untrue|not true|not correct)\s*[:?.]?\s*$"
    r"|\b(?:select|choose|pick|identify) (?:the|one|an?)\b"
    r"|\b(?:options|choices|answers|listed|given|shown) (?:above|below)\b"
)
"""Phrases by which a stem asks for a choice among what is shown. The paper names only "Which of the following"; the
others were read off stems of MMLU, ARC and OpenTriviaQA whose questions do not stand alone."""

GOLD_NEEDS_OPTIONS = (
    r"(?i)\b(?:all|none|both|neither|any|either|some) of (?:the )?(?:above|below|these|those|them|the others?)\b"
    r"|^\s*(?:both|neither|either|all|none)\s*[.]?\s*$"
    r"|^\s*(?:both |neither |either )?\(?[A-H]\)?(?:,? ?\(?[A-H]\)?)* ?(?:,|and|or|&) ?\(?[A-H]\)?(?: only)?\s*[.]?\s*$"
)
"""Golds that point at other options."""


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
    needed = pl.coalesce(_match("question", STEM_NEEDS_OPTIONS), _match("answer", GOLD_NEEDS_OPTIONS))
    open_ = numbered.with_columns(
        template=pl.lit(OPEN),
        answer=gold,
        answer_kind=pl.when(has_options).then(_kind(gold)).otherwise(pl.col("answer_kind")),
        option_count=pl.lit(0, pl.Int32),
        needed=pl.when(has_options).then(needed),
    )
    variants = pl.concat([mcq, open_]).sort("place", "template").with_columns(row_id=_row_id())
    reason = pl.when(pl.col("needed").is_not_null()).then(pl.lit(str(Reason.NEEDS_OPTIONS)))
    outcome = Outcome.split(variants, reason, evidence=evidence_text("phrase", pl.col("needed")))
    kept = ["row_id", *shared, "template", "answer", "answer_kind", "option_count"]
    counts = items.filter(has_options).group_by("source").len().collect()
    return Outcome(
        outcome.kept.select(kept), outcome.dropped.select([*kept, "reason", "evidence"]), dict(counts.iter_rows())
    )


def _match(column: str, pattern: str) -> pl.Expr:
    return pl.col(column).str.extract(f"({pattern})", 1)


def _letter(index: pl.Expr) -> pl.Expr:
    return index.replace_strict(dict(enumerate(LETTERS)), return_dtype=pl.String)


def _kind(answer: pl.Expr) -> pl.Expr:
    return answer.map_elements(lambda text: str(infer_kind(text)), return_dtype=pl.String)


def _row_id() -> pl.Expr:
    def ids(pair: pl.Series) -> pl.Series:
        return pl.Series([row_id(row["item_id"], row["template"]) for row in pair])

    return pl.struct("item_id", "template").map_batches(ids, return_dtype=pl.String)
