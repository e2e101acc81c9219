"""The stage that judges items one by one: answerable, verifiable, complete, safe.

Each question is asked `votes` times about every item that is still in; one that goes is asked nothing more. What was said of
each item is the table `verdicts`, whether it goes or not, and a drop repeats the judge's words.
"""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from curate.ask import Request
from curate.ask.prompts import Prompt
from curate.judging.asking import COLUMNS, Ask, asked, mark_of
from curate.judging.prompting import item_request, question_prompt
from curate.judging.settings import JudgeSettings, Question
from curate.judging.votes import Votes, shown_words, votes_of
from curate.schemas import VERDICTS_SCHEMA
from curate.stage import Outcome, Reason
from curate.table import PLACE, ItemTable

VERDICTS = "verdicts"

REASONS = {
    Question.ANSWERABLE: Reason.JUDGED_UNANSWERABLE,
    Question.VERIFIABLE: Reason.JUDGED_UNVERIFIABLE,
    Question.COMPLETE: Reason.JUDGED_INCOMPLETE,
    Question.SAFE: Reason.JUDGED_UNSAFE,
}


def judge_items(rows: ItemTable, settings: JudgeSettings, sources: Sequence[str], ask: Ask) -> Outcome:
    """Ask a judge about items, and drop those against which the votes carry.

    Args:
        rows: file by file those of `sources`.
        settings: the questions, the votes, the rule.
        sources: their names, in order.
        ask: asks the model of the settings.

    Returns:
        Drops with a reason of `REASONS`, or `Reason.JUDGE_UNSETTLED`; the table `verdicts`; facts per question.
    """
    verdicts: list[dict[str, Any]] = []
    drops: list[tuple[int, str, str]] = []
    facts: dict[str, Any] = {}
    left = _judged(rows, settings, sources)
    for question in settings.questions:
        counted: Counter[str] = Counter()
        gone = []
        for (place, item), reply in asked(ask, requests(left, question, settings.votes)):
            votes = votes_of(reply, mark_of(item["item_id"]))
            against = votes.carries("no", settings.rule)
            counted.update(votes.faults)
            counted["unsettled" if against is None else "no" if against else "yes"] += 1
            verdicts.append(_verdict(settings, question, item, votes, against))
            if against or (against is None and settings.unsettled == "drop"):
                drops.append((place, _reason(question, against), _evidence(settings, question, votes)))
                gone.append(place)
        left = left.without(np.array(gone, np.int64))
        facts[str(question)] = {"asked": left.count + len(gone), **dict(sorted(counted.items()))}
    frame = pl.DataFrame(
        sorted(drops), schema={PLACE: pl.Int64, "reason": pl.String, "evidence": pl.String}, orient="row"
    )
    return Outcome([frame], {"judged": facts}, {VERDICTS: pa.Table.from_pylist(verdicts, schema=VERDICTS_SCHEMA)})


def requests(rows: ItemTable, question: Question, votes: int) -> Iterator[tuple[tuple[int, dict[str, Any]], Request]]:
    """Yield what a judge is asked about some items, each with its place and the item."""
    prompt = question_prompt(question)
    for place, item in _items(rows):
        yield (place, item), item_request(prompt, item, votes)


def all_requests(rows: ItemTable, settings: JudgeSettings, sources: Sequence[str]) -> Iterator[Request]:
    """Yield the most that a judge could be asked: every question about every item."""
    chosen = _judged(rows, settings, sources)
    for question in settings.questions:
        yield from (request for _, request in requests(chosen, question, settings.votes))


def prompts_of(settings: JudgeSettings) -> list[Prompt]:
    """Return the prompts that a judge is asked with."""
    return [question_prompt(question) for question in settings.questions]


def _items(rows: ItemTable) -> Iterator[tuple[int, dict[str, Any]]]:
    for batch in rows.batches(COLUMNS):
        for item in batch.iter_rows(named=True):
            yield item.pop(PLACE), item


def _judged(rows: ItemTable, settings: JudgeSettings, sources: Sequence[str]) -> ItemTable:
    """The rows that are asked about: those of the sources that are named, without images, at most `limit` by their hash."""
    chosen = np.repeat([settings.sources is None or name in settings.sources for name in sources], rows.heights)
    keys: list[tuple[str, int]] = []
    for batch in rows.batches(["item_id", "images"]):
        has_text = (batch["images"].list.len().fill_null(0) == 0).to_numpy()
        chosen[batch[PLACE].filter(pl.Series(~has_text)).to_numpy()] = False
        if settings.limit is not None:
            keys += zip(batch["item_id"].to_list(), batch[PLACE].to_list(), strict=True)
    if settings.limit is not None:
        first = [place for _, place in sorted(keys) if chosen[place]][: settings.limit]
        chosen = np.zeros_like(chosen)
        chosen[first] = True
    return rows.without(np.flatnonzero(~chosen))


def _reason(question: Question, against: bool | None) -> str:
    return str(Reason.JUDGE_UNSETTLED if against is None else REASONS[question])


def _verdict(
    settings: JudgeSettings, question: Question, item: dict[str, Any], votes: Votes, against: bool | None
) -> dict[str, Any]:
    """A row of `VERDICTS_SCHEMA`."""
    return {
        "judge": settings.name,
        "asked": str(question),
        **{name: item[name] for name in ("item_id", "source", "source_row")},
        "yes": len(votes.yes),
        "no": len(votes.no),
        "faults": votes.faults.total(),
        "verdict": "unsettled" if against is None else "no" if against else "yes",
        "words": shown_words(votes.no if against or not votes.yes else votes.yes),
    }


def _evidence(settings: JudgeSettings, question: Question, votes: Votes) -> str:
    shown = {"judge": settings.name, "asked": str(question), "votes": votes.counts(), "words": shown_words(votes.no)}
    return json.dumps(shown, ensure_ascii=False)
