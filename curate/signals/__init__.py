"""Signals: what may be wrong with a question, as columns, and as filters where a configuration says so.

A signal is a Boolean column with a short statement for a name, and every row that has it can say which phrase, gold or
fault it fired on. Nothing is dropped unless `SignalSettings.drop` names the signal. The rules are read off real published
sets; `docs/signals.md` says how often each fires and how often it is right.
"""

import polars as pl
from pydantic import Field, field_validator

from crossthink.config import Settings
from crossthink.errors import listing, nearest
from curate.signals.base import Signal, fires, found, working_columns
from curate.signals.form import ASKS_SEVERAL, IS_PROOF, IS_TRUE_FALSE
from curate.signals.giveaway import GIVES_ANSWER_AWAY
from curate.signals.language import ANSWER_IN_OTHER_LANGUAGE
from curate.signals.latex import HAS_BROKEN_LATEX
from curate.signals.missing import NEEDS_MISSING_PART, NEEDS_OPTIONS
from curate.stage import evidence_text

SIGNALS: dict[str, Signal] = {
    signal.name: signal
    for signal in (
        NEEDS_OPTIONS,
        NEEDS_MISSING_PART,
        GIVES_ANSWER_AWAY,
        ASKS_SEVERAL,
        IS_TRUE_FALSE,
        IS_PROOF,
        ANSWER_IN_OTHER_LANGUAGE,
        HAS_BROKEN_LATEX,
    )
}
"""Every signal by name, in the order of the columns; the first of these that a configuration drops is the reason."""


SIGNAL_COLUMNS = ["question", "context", "options", "answer", "images", "domain", "extra"]
"""What the rules read of an item."""


class SignalSettings(Settings):
    """`drop` names the signals whose rows are dropped; the others are columns only."""

    drop: list[str] = Field(default_factory=list)

    @field_validator("drop")
    @classmethod
    def _are_signals(cls, names: list[str]) -> list[str]:
        for name in names:
            if name not in SIGNALS:
                raise ValueError(f"signal {name!r} is not known.{nearest(name, SIGNALS)} There are: {listing(SIGNALS)}")
            if names.count(name) > 1:
                raise ValueError(f"signal {name!r} stands twice")
        return names


def signal_evidence(items: pl.DataFrame, names: list[str] | None = None) -> pl.DataFrame:
    """Return one text column per signal: the phrase, gold or fault it fired on, null where it does not fire.

    Args:
        items: a batch of rows with the columns `SIGNAL_COLUMNS` of `ITEM_SCHEMA`.
        names: which signals; all by default. The columns come in the order of `SIGNALS` either way.
    """
    rows = working_columns(items)
    return pl.DataFrame([found(signal, rows) for name, signal in SIGNALS.items() if names is None or name in names])


def with_signals(items: pl.DataFrame) -> pl.DataFrame:
    """Return the rows with one Boolean column per signal, never null, in the order of `SIGNALS`."""
    rows = working_columns(items)
    return items.with_columns(fires(signal, rows) for signal in SIGNALS.values())


def drop_by_signals(items: pl.DataFrame, settings: SignalSettings) -> pl.DataFrame:
    """Return the rows with the columns `reason` and `evidence` (JSON text), both null where the row is kept.

    The first signal that fires, in the order of `SIGNALS`, is the reason; its name is the member of `curate.stage.Reason`.
    """
    reason, evidence = pl.lit(None, pl.String), pl.lit(None, pl.String)
    if not settings.drop:
        return items.with_columns(reason=reason, evidence=evidence)
    fired = signal_evidence(items, settings.drop)
    for name in reversed(fired.columns):
        is_found = pl.col(name).is_not_null()
        reason = pl.when(is_found).then(pl.lit(name)).otherwise(reason)
        evidence = pl.when(is_found).then(evidence_text("found", pl.col(name))).otherwise(evidence)
    return items.with_columns(fired.select(reason=reason, evidence=evidence))
