"""Judges as stages of a curation: what each may ask, what it decides, and what its result depends on.

A judge's stage is made again while requests of it have failed: what was answered is kept, so only those are asked. What comes
after it depends on the answers, and not only on what was asked.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from curate.ask import Request
from curate.ask.prompts import Prompt
from curate.contamination import GREY_ZONE
from curate.fuzzy import DOUBTS
from curate.judging.asking import Ask, judge_identity
from curate.judging.grey import GreyZone, same_prompt
from curate.judging.items import all_requests, judge_items, prompts_of
from curate.judging.settings import GreyZoneSettings, JudgeSettings, PairJudgeSettings, StageSettings
from curate.stage import Outcome
from curate.table import ItemTable


@dataclass(frozen=True)
class JudgeStage:
    """A stage that asks a model.

    Attributes:
        name: `judge_NAME`.
        settings: the model, its budget, how votes are counted.
        prompts: that it asks with.
        requests: the most that it could ask, given its rows and the folder of the stage before.
        judge: decides, given also who answers.
    """

    name: str
    settings: StageSettings
    prompts: list[Prompt]
    requests: Callable[[ItemTable, Path], Iterator[Request]]
    judge: Callable[[ItemTable, Path, Ask], Outcome]

    def identity(self) -> dict[str, Any]:
        """Return what the stage depends on besides its rows and the answers."""
        return _identity(self.settings, self.prompts)


def item_judge(settings: JudgeSettings, sources: Sequence[str]) -> JudgeStage:
    """Return the stage of a judge of items."""
    return JudgeStage(
        f"judge_{settings.name}",
        settings,
        prompts_of(settings),
        lambda rows, _: all_requests(rows, settings, sources),
        lambda rows, _, ask: judge_items(rows, settings, sources, ask),
    )


def contamination_judge(settings: PairJudgeSettings, benchmarks: ItemTable) -> JudgeStage:
    """Return the stage that settles what the search for leaks, the stage before it, left in doubt."""

    def zone(rows: ItemTable, before: Path) -> GreyZone:
        return GreyZone.of_contamination(_left(before, GREY_ZONE), rows, benchmarks, settings)

    return _pair_judge("contamination", settings, zone)


def duplicates_judge(settings: PairJudgeSettings) -> JudgeStage:
    """Return the stage that settles what the search for near duplicates, the stage before it, left in doubt."""

    def zone(rows: ItemTable, before: Path) -> GreyZone:
        return GreyZone.of_near_duplicates(_left(before, DOUBTS), rows, settings)

    return _pair_judge("near_duplicates", settings, zone)


def judges_identity(judges: Sequence[JudgeSettings], zones: GreyZoneSettings) -> dict[str, Any]:
    """Return what a configuration asks of its judges, without what spends and where; empty where there are none."""
    of_items = {each.name: _identity(each, prompts_of(each)) for each in judges}
    of_pairs = {
        name: _identity(each, [same_prompt()])
        for name, each in (("contamination", zones.contamination), ("near_duplicates", zones.near_duplicates))
        if each is not None
    }
    return {"judges": of_items, "grey_zones": of_pairs} if of_items or of_pairs else {}


def said_of(facts: dict[str, Any]) -> list[str]:
    """Return what a judge's stage came to, in a line for each question: how many were asked about, verdicts, faults."""
    by_question = facts if all(isinstance(each, dict) for each in facts.values()) else {"same": facts}
    return [
        f"{question}: {', '.join(f'{count:,} {name}' for name, count in counts.items())}"
        for question, counts in by_question.items()
    ]


def _identity(settings: StageSettings, prompts: Sequence[Prompt]) -> dict[str, Any]:
    asked_for = settings.model_dump(mode="json", exclude={"model", "budget"})
    return asked_for | judge_identity(settings.model, prompts)


def _pair_judge(name: str, settings: PairJudgeSettings, zone: Callable[[ItemTable, Path], GreyZone]) -> JudgeStage:
    return JudgeStage(
        f"judge_{name}",
        settings,
        [same_prompt()],
        lambda rows, before: zone(rows, before).requests(settings),
        lambda rows, before, ask: zone(rows, before).judge(settings, ask),
    )


def _left(folder: Path, table: str) -> pl.DataFrame:
    return pl.read_parquet(folder / f"{table}.parquet", glob=False)
