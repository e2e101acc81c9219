"""Measuring a judge against labels: what it would decide, and how far it agrees with them and with itself."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pyarrow as pa
from pydantic import Field

from crossthink.config import Name
from curate.ask import Request
from curate.ask.prompts import Prompt
from curate.judging.agreement import Estimate, kappa, self_agreement, share
from curate.judging.asking import Ask, asked, mark_of
from curate.judging.grey import same_prompt
from curate.judging.labels import Labelled, LabelledPair, LabelledQuestion
from curate.judging.pairs import PairVerdict, judge_pairs, pair_requests
from curate.judging.prompting import item_request, question_prompt
from curate.judging.settings import Question, VotingSettings
from curate.judging.votes import Votes, shown_words, votes_of
from curate.schemas import LABELLED_SCHEMA

SAME: Literal["same"] = "same"

_ORDERS = [name for name in LABELLED_SCHEMA.names if name.endswith(("_one", "_two"))]


class AgreementConfig(VotingSettings):
    """What `crossthink agreement` is asked: a judge as in a curation, and labels.

    Attributes:
        name: of the measurement.
        labels: file, relative to the configuration.
        asks: what the labels are about.
        votes: of each question; with two or more the judge is also held to itself.
    """

    name: Name
    labels: str
    asks: Question | Literal["same"]
    votes: int = Field(default=3, ge=1)

    @property
    def are_pairs(self) -> bool:
        """Whether the labels are about pairs."""
        return self.asks == SAME


@dataclass(frozen=True)
class Measured:
    """A judge, measured.

    Attributes:
        rows: of `LABELLED_SCHEMA`.
        figures: one row of `AGREEMENT_SCHEMA`.
        faults: answers that are no vote, by why.
    """

    rows: pa.Table
    figures: dict[str, Any]
    faults: dict[str, int]


def prompt_of(config: AgreementConfig) -> Prompt:
    """Return the prompt that the judge is asked with."""
    return same_prompt() if config.are_pairs else question_prompt(Question(config.asks))


def label_requests(labels: Sequence[Labelled], config: AgreementConfig) -> Iterator[Request]:
    """Yield everything that is asked."""
    prompt = prompt_of(config)
    if config.are_pairs:
        return (request for _, request in pair_requests(_pairs(labels), prompt, config.votes))
    return (item_request(prompt, item, config.votes) for _, item in _items(labels))


def measure_judge(labels: Sequence[Labelled], config: AgreementConfig, ask: Ask) -> Measured:
    """Ask a judge about everything that is labelled, and hold it to the labels and to itself."""
    judged = list(_judged_pairs(labels, config, ask) if config.are_pairs else _judged_items(labels, config, ask))
    rows = [_row(number, labels[number - 1], each) for number, each in enumerate(judged, 1)]
    faults = sum((votes.faults for each in judged for votes in each.orders), Counter[str]())
    figures = {
        "asked": str(config.asks),
        "model": config.model.identity,
        "votes": config.votes,
        "rule": str(config.rule),
        "rows": len(rows),
        **_estimates(rows, judged),
        "faults": faults.total(),
        "confusion": _confusion(rows),
    }
    return Measured(pa.Table.from_pylist(rows, schema=LABELLED_SCHEMA), figures, dict(sorted(faults.items())))


@dataclass(frozen=True)
class _Judged:
    """What a judge said of one label: the verdict, the votes of each order, and what each order says by itself."""

    verdict: str
    orders: tuple[Votes, ...]
    carried: tuple[bool | None, ...]


def _judged_items(labels: Sequence[Labelled], config: AgreementConfig, ask: Ask) -> Iterator[_Judged]:
    prompt = prompt_of(config)
    requests = ((item, item_request(prompt, item, config.votes)) for _, item in _items(labels))
    for item, reply in asked(ask, requests):
        votes = votes_of(reply, mark_of(item["item_id"]))
        against = votes.carries("no", config.rule)
        verdict = "unsettled" if against is None else "no" if against else "yes"
        yield _Judged(verdict, (votes,), (against,))


def _judged_pairs(labels: Sequence[Labelled], config: AgreementConfig, ask: Ask) -> Iterator[_Judged]:
    said = {PairVerdict.SAME: "yes", PairVerdict.DIFFERENT: "no"}
    for pair in judge_pairs(_pairs(labels), prompt_of(config), config, ask):
        yield _Judged(said.get(pair.verdict, str(pair.verdict)), (pair.one, pair.two), pair.carried)


def _items(labels: Sequence[Labelled]) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, label in enumerate(labels):
        assert isinstance(label, LabelledQuestion), "the labels were read as these"
        yield number, label.as_item()


def _pairs(labels: Sequence[Labelled]) -> Iterator[tuple[int, dict[str, Any], dict[str, Any]]]:
    for number, label in enumerate(labels):
        assert isinstance(label, LabelledPair), "the labels were read as these"
        yield number, label.first.as_item(), label.second.as_item()


def _row(number: int, label: Labelled, judged: _Judged) -> dict[str, Any]:
    """A row of `LABELLED_SCHEMA`."""
    items = [label.first, label.second] if isinstance(label, LabelledPair) else [label]
    ids = [each.as_item()["item_id"] for each in items]
    counts = [count for votes in judged.orders for count in (len(votes.yes), len(votes.no), votes.faults.total())]
    return {
        "row": number,
        "item_id": ids[0],
        "other_item_id": ids[1] if len(ids) > 1 else None,
        "label": label.label,
        "verdict": judged.verdict,
        **dict(zip(_ORDERS, counts, strict=False)),
        "words": [text for votes in judged.orders for text in shown_words((votes.yes or votes.no)[:1])],
    }


def _estimates(rows: Sequence[dict[str, Any]], judged: Sequence[_Judged]) -> dict[str, float | None]:
    pairs = Counter((row["label"], row["verdict"]) for row in rows)
    votes = [(len(each.yes), len(each.no)) for one in judged for each in one.orders]
    settled = [one.carried for one in judged if len(one.carried) > 1 and None not in one.carried]
    found: dict[str, Estimate] = {
        "agreement": share(sum(count for (label, verdict), count in pairs.items() if label == verdict), len(rows)),
        "kappa": kappa(pairs),
        "self_agreement": self_agreement(votes),
        "order_agreement": share(sum(one == two for one, two in settled), len(settled)),
    }
    return {
        f"{name}{end}": value
        for name, each in found.items()
        for end, value in (("", each.value), ("_low", each.low), ("_high", each.high))
    }


def _confusion(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    counted = Counter((row["label"], row["verdict"]) for row in rows)
    return [{"label": label, "verdict": verdict, "rows": count} for (label, verdict), count in sorted(counted.items())]
