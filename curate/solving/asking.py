r"""Put questions to a model and judge what it answers.

The answer of a response is what its last `\boxed{}` after the thinking holds, as the reward reads it; the prompt asks for it. The
thinking itself is not asked for: a model that has no such habit solves a question all the same.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl

from curate.ask import Completion, Message, Reply, Request
from curate.ask.prompts import Prompt
from curate.filters import LETTERS
from curate.solving.judging import Gold, boxed_answer, judge
from curate.solving.tables import NO_RESPONSE, in_batches
from curate.verify import extract_lenient

Row = dict[str, Any]
Asking = Callable[[Iterable[Request]], Iterator[Reply]]
"""Replies in the order of the requests."""
Reading = Literal["boxed", "found"]
"""How the answer of a response is read: from its box, or wherever `extract_lenient` finds it, for models that do not box."""
_AT_ONCE = 256
"""Replies judged together."""


@dataclass(frozen=True)
class Wording:
    """How questions are put.

    Attributes:
        prompt: what a record names, by its digest.
        messages: of a frame of `curate.solving.questions.COLUMNS`, one conversation per row.
    """

    prompt: Prompt
    messages: Callable[[pl.DataFrame], list[tuple[Message, ...]]]


def wording(prompt: Prompt) -> Wording:
    """Return the wording of a prompt's file."""

    def messages(questions: pl.DataFrame) -> list[tuple[Message, ...]]:
        rows = questions.select("context", "question", "options").iter_rows()
        return [
            prompt.render(context=context, question=question, options=list(zip(LETTERS, options or (), strict=False)))
            for context, question, options in rows
        ]

    return Wording(prompt, messages)


def requests(questions: pl.DataFrame, words: Wording, samples: int) -> Iterator[Request]:
    """Yield a request for each question, in order."""
    for rows in questions.iter_slices(_AT_ONCE):
        for key, messages in zip(rows["row_id"], words.messages(rows), strict=True):
            yield Request(key, messages, samples)


def responses(
    questions: pl.DataFrame, asked: Iterable[Request], ask: Asking, reading: Reading
) -> Iterator[list[dict[str, Any]]]:
    """Yield the judged responses in the order of the questions, as batches of rows of `RESPONSE_SCHEMA`.

    Args:
        questions: of `curate.solving.questions.COLUMNS`.
        asked: their requests, in the same order; taken as replies are read.
        ask: what answers.
        reading: how answers are read.
    """
    for batch in in_batches(zip(questions.iter_rows(named=True), ask(asked), strict=True), _AT_ONCE):
        yield _judged([sample for row, reply in batch for sample in _samples(row, reply, reading)])


@dataclass(frozen=True)
class _Sample:
    row: Row
    number: int
    completion: Completion | None
    answer: str | None


def _samples(row: Row, reply: Reply, reading: Reading) -> list[_Sample]:
    said = [sample if isinstance(sample, Completion) else None for sample in reply.samples]
    return [_Sample(row, number, each, _answer(each, row, reading)) for number, each in enumerate(said)]


def _answer(completion: Completion | None, row: Row, reading: Reading) -> str | None:
    if completion is None:
        return None
    if reading == "boxed":
        return boxed_answer(completion.text)
    return extract_lenient(completion.text, row["answer_kind"])


def _judged(samples: Sequence[_Sample]) -> list[dict[str, Any]]:
    golds = [Gold(each.row["gold"], each.row["answer_kind"], each.row["gold_text"]) for each in samples]
    judged = judge([each.answer for each in samples], golds)
    same = ("source", "source_row", "item_id", "row_id", "subject", "template", "gold", "answer_kind")
    rows = []
    for each, judgement in zip(samples, judged, strict=True):
        came = each.completion is not None
        rows.append(
            {name: each.row[name] for name in same}
            | {"sample": each.number, "answer": each.answer}
            | {"response": each.completion.text if each.completion else None}
            | {"tokens": each.completion.completion_tokens if each.completion else None}
            | {"correct": judgement.correct if came else None, "reason": str(judgement.reason) if came else NO_RESPONSE}
        )
    return rows
