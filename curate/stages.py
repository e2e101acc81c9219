"""The stages of a curation between ingestion and the corpus, in their order, with the settings that each depends on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from pydantic import BaseModel

from crossthink.files import digest
from curate.benchmarks import Benchmarks
from curate.config import CurationConfig
from curate.contamination import find_contamination
from curate.dedup import drop_exact_duplicates
from curate.embedding import model_identity
from curate.filters import drop_malformed, drop_unverifiable
from curate.fuzzy import find_near_duplicates
from curate.judging.stages import JudgeStage, contamination_judge, duplicates_judge, item_judge
from curate.self_check import drop_uncheckable
from curate.signals import SIGNAL_COLUMNS, SignalSettings, drop_by_signals
from curate.stage import Outcome
from curate.table import PLACE, ItemTable


@dataclass(frozen=True)
class Stage:
    """A named stage: what it does with its rows, and the settings that it does it with."""

    name: str
    run: Callable[[ItemTable], Outcome]
    settings: BaseModel | None = None
    inputs: str = ""
    """Digest of what it reads besides its rows."""


def item_stages(
    config: CurationConfig, sources: Sequence[str], benchmarks: Benchmarks | None, spill: Path
) -> list[Stage | JudgeStage]:
    """Return the stages that drop items, in order.

    Args:
        config: what to do.
        sources: their names, in order.
        benchmarks: what the items are held to, if anything.
        spill: folder for what does not fit into memory.
    """
    dedup, signals, near, zones = config.dedup, config.signals, config.near_duplicates, config.grey_zones
    chosen: list[Stage | JudgeStage] = [
        Stage("malformed", drop_malformed),
        Stage("exact_duplicates", lambda rows: drop_exact_duplicates(rows, dedup), dedup),
    ]
    if signals.drop:
        chosen.append(Stage("signals", lambda rows: _drop_by_signals(rows, signals), signals))
    if benchmarks is not None:
        held_to, against = benchmarks, config.contamination
        inputs = digest([held_to.key, model_identity(against.semantic)])
        chosen.append(
            Stage("contamination", lambda rows: find_contamination(rows, held_to.index(), against), against, inputs)
        )
        if zones.contamination:
            chosen.append(contamination_judge(zones.contamination, held_to.items))
    if near is not None:
        ranks = [dedup.prefer.index(name) if name in dedup.prefer else len(dedup.prefer) for name in sources]
        chosen.append(
            Stage(
                "near_duplicates",
                lambda rows: find_near_duplicates(rows, near, np.repeat(ranks, rows.heights), spill),
                near,
                digest([dedup.prefer, model_identity(near.semantic)]),
            )
        )
        if zones.near_duplicates:
            chosen.append(duplicates_judge(zones.near_duplicates))
    chosen += [item_judge(judge, sources) for judge in config.judges]
    return chosen


def variant_stages(config: CurationConfig) -> list[Stage]:
    """Return the stages that drop variants, in order."""
    filters, check = config.filters, config.self_check
    return [
        Stage("verifiable", lambda rows: drop_unverifiable(rows, filters), filters),
        Stage("self_check", lambda rows: drop_uncheckable(rows, check), check),
    ]


def _drop_by_signals(items: ItemTable, settings: SignalSettings) -> Outcome:
    judged = (drop_by_signals(batch, settings) for batch in items.batches(SIGNAL_COLUMNS))
    return Outcome(rows.filter(pl.col("reason").is_not_null()).select(PLACE, "reason", "evidence") for rows in judged)
