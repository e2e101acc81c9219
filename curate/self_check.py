"""The gold self-check: a row enters a corpus only if the reward can tell its gold from a wrong answer.

The gold, rendered as a response, must score 1, and a wrong answer rendered the same way must score 0. The verifier is the
one that rewards during training, so a row that passes here cannot be a row that no response can ever win.
"""

import polars as pl
from pydantic import Field

from crossthink.config import Settings
from curate.stage import Outcome, Reason
from curate.verify import Verdict, render_gold, verify_many, wrong_answer


class SelfCheckSettings(Settings):
    """`timeout` bounds one comparison in seconds of wall time; `workers` are the processes that compare mathematics."""

    timeout: float = Field(default=5.0, gt=0)
    workers: int = Field(default=2, ge=1, exclude=True)  # changes no result, so no digest has it


def drop_uncheckable(variants: pl.LazyFrame, settings: SelfCheckSettings) -> Outcome:
    """Drop variants whose gold does not score 1 or whose wrong answer does not score 0.

    Args:
        variants: rows of `VARIANT_SCHEMA`; equal (answer, kind, option count) are checked once.
        settings: see `SelfCheckSettings`.
    """
    key = ["answer", "answer_kind", "option_count"]
    distinct = variants.select(key).unique(maintain_order=True).collect()
    golds, kinds = distinct["answer"].to_list(), distinct["answer_kind"].to_list()
    wrong = [wrong_answer(*row) for row in distinct.iter_rows()]
    responses = [render_gold(answer) for answer in (*golds, *wrong)]
    verdicts = verify_many(responses, golds * 2, kinds * 2, timeout=settings.timeout, workers=settings.workers)
    right, wrongs = verdicts[: len(golds)], verdicts[len(golds) :]
    reasons = [_reason(gold, other) for gold, other in zip(right, wrongs, strict=True)]
    checked = distinct.with_columns(
        reason=pl.Series(reasons, dtype=pl.String), wrong=pl.Series(wrong, dtype=pl.String)
    ).with_columns(evidence=pl.struct("answer", "answer_kind", "wrong").struct.json_encode())
    bad = checked.filter(pl.col("reason").is_not_null()).drop("wrong").lazy()
    joined = variants.join(bad, on=key, how="left", maintain_order="left")
    return Outcome(
        joined.filter(pl.col("reason").is_null()).drop("reason", "evidence"),
        joined.filter(pl.col("reason").is_not_null()),
        facts={"answers_checked": len(golds)},
    )


def _reason(gold: Verdict, wrong: Verdict) -> Reason | None:
    if gold.timed_out or wrong.timed_out:
        return Reason.VERIFIER_TIMED_OUT
    if gold.score != 1:
        return Reason.GOLD_FAILS
    return Reason.WRONG_PASSES if wrong.score != 0 else None
