"""The gold self-check: a row enters a corpus only if the reward can tell its gold from a wrong answer.

The gold, rendered as a response, must score 1, and a wrong answer rendered the same way must score 0. The verifier is the
one that rewards during training, so a row that passes here cannot be a row that no response can ever win. What most golds
are, a letter, a whole number or plain words, passes by its form; the tests hold that to the verifier.
"""

from collections.abc import Iterator
from typing import Any

import polars as pl
from pydantic import Field

from crossthink.config import Settings
from curate.forms import passes_by_form
from curate.stage import Outcome, Reason
from curate.table import PLACE, ItemTable
from curate.verify import Reason as VerdictReason
from curate.verify import Verdict, render_gold, verify_many, wrong_answer

_KEY = ["answer", "answer_kind", "option_count"]
REMEMBERED = 300_000
"""How many answers, and a batch more, keep their verdict from one batch to the next."""


class SelfCheckSettings(Settings):
    """`timeout` bounds one comparison in seconds of wall time; `workers` are the processes that compare mathematics."""

    timeout: float = Field(default=5.0, gt=0)
    workers: int = Field(default=2, ge=1, le=256, exclude=True)  # changes no result, so no digest has it


def drop_uncheckable(variants: ItemTable, settings: SelfCheckSettings) -> Outcome:
    """Drop variants whose gold does not score 1 or whose wrong answer does not score 0.

    Args:
        variants: rows of `VARIANT_SCHEMA`; of those that do not pass by their form, equal (answer, kind, option count) are
            checked once.
        settings: see `SelfCheckSettings`.
    """
    facts = {"answers_checked": 0}
    known: dict[tuple[Any, ...], Reason | None] = {}

    def drops() -> Iterator[pl.DataFrame]:
        for rows in variants.batches(_KEY):
            batch = rows.filter(~passes_by_form())
            distinct = batch.select(_KEY).unique(maintain_order=True)
            keys = list(distinct.iter_rows())
            new = [key for key in keys if key not in known]
            facts["answers_checked"] += len(new)
            found = dict(zip(new, _check(new, settings), strict=True))
            if len(known) < REMEMBERED:
                known.update(found)
            reasons = [found[key] if key in found else known[key] for key in keys]
            bad = distinct.with_columns(reason=pl.Series(reasons, dtype=pl.String)).filter(
                pl.col("reason").is_not_null()
            )
            wrong = [wrong_answer(*key) for key in bad.select(_KEY).iter_rows()]
            shown = bad.with_columns(wrong=pl.Series(wrong, dtype=pl.String)).with_columns(
                evidence=pl.struct("answer", "answer_kind", "wrong").struct.json_encode()
            )
            gone = batch.join(shown, on=_KEY, how="inner", maintain_order="left")
            yield gone.select(PLACE, "reason", "evidence")

    return Outcome(drops(), facts)


def _check(keys: list[tuple[str, str, int]], settings: SelfCheckSettings) -> list[Reason | None]:
    golds, kinds = [key[0] for key in keys], [key[1] for key in keys]
    responses = [render_gold(answer) for answer in (*golds, *(wrong_answer(*key) for key in keys))]
    verdicts = verify_many(responses, golds * 2, kinds * 2, timeout=settings.timeout, workers=settings.workers)
    return [_reason(gold, wrong) for gold, wrong in zip(verdicts[: len(keys)], verdicts[len(keys) :], strict=True)]


def _reason(gold: Verdict, wrong: Verdict) -> Reason | None:
    if gold.timed_out or wrong.timed_out:
        return Reason.VERIFIER_TIMED_OUT
    if VerdictReason.WORKER_DIED in (gold.reason, wrong.reason):
        return Reason.VERIFIER_FAILED  # it said nothing, which is neither right nor wrong
    if gold.score != 1:
        return Reason.GOLD_FAILS
    return Reason.WRONG_PASSES if wrong.score != 0 else None
