"""From a record of somebody's responses to the question of a corpus that it answers.

The same question has the same id wherever it was published, so the text of a question, with its options and context, is enough. A
record may also name the question by `row_id`, `item_id` or `source_row`. Letters are read in the order of the record's own options
and meant for the same option of the corpus, whose order may be another.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from crossthink.errors import listing
from curate.filters import LETTERS
from curate.identity import item_id
from curate.normal import normalise
from curate.readers import Record
from curate.solving.judging import Gold
from curate.solving.questions import corpus_questions
from curate.sources import Adapter
from curate.sources.base import BadRecord, optional_text, text_of, texts_of
from curate.templates import MCQ, OPEN
from curate.verify import AnswerKind
from curate.verify.choice import label

_KEPT = [
    "row_id",
    "item_id",
    "source",
    "source_row",
    "subject",
    "template",
    "options",
    "gold",
    "gold_text",
    "answer_kind",
]
_NAMES = ("row_id", "item_id", "source_row", "question")


class NotInCorpus(Exception):
    """A record whose question the corpus does not have; the message says what was looked for."""


@dataclass(frozen=True)
class Question:
    """The question that a record answers.

    Attributes:
        place: its row among the corpus's questions.
        row: of the columns `_KEPT`.
        options: as the record has them; None where it has none.
    """

    place: int
    row: dict[str, Any]
    options: Sequence[str] | None

    @property
    def gold(self) -> Gold:
        return Gold(self.row["gold"], self.row["answer_kind"], self.row["gold_text"])

    def in_corpus_letters(self, answer: str | None) -> str | None:
        """Return an answer with its letter turned into the one that the same option has in the corpus."""
        own, theirs = self.row["options"], self.options
        if answer is None or theirs is None or own is None or self.row["answer_kind"] != AnswerKind.CHOICE:
            return answer
        if (letter := label(answer)) is None or (at := LETTERS.index(letter)) >= len(theirs):
            return answer
        if at < len(own) and own[at] == theirs[at]:
            return answer
        forms = [normalise(option) for option in own]
        form = normalise(theirs[at])
        return LETTERS[forms.index(form)] if form in forms else answer


class Questions:
    """The questions of a corpus, to be found by what a record says of them.

    Args:
        folder: of a finished corpus.
        adapter: of the records' schema; None where a record has the plain keys.
    """

    def __init__(self, folder: Path, adapter: Adapter | None = None) -> None:
        frames = [corpus_questions(folder, template).select(_KEPT).collect() for template in ("mcq", "open")]
        self._rows, self._adapter = pl.concat(frames), adapter

    def find(self, record: Record) -> Question:
        """Return the question that a record answers.

        Raises:
            BadRecord: it names none, or does not fit the adapter.
            NotInCorpus: the corpus has no such question.
        """
        if self._adapter is not None:
            draft = self._adapter.draft(record)
            images = [str(image["sha256"] or f"path:{image['path']}") for image in draft.images]
            return self._of_item(item_id(draft.question, draft.context, draft.options, images), record, draft.options)
        options = texts_of(record, "options") if record.get("options") is not None else None
        if (row := optional_text(record, "row_id")) is not None:
            return self._at(self._by_row, row, f"row_id {row}", options)
        if (item := optional_text(record, "item_id")) is not None:
            return self._of_item(item, record, options)
        if "source_row" in record:
            return self._of_source(text_of(record, "source_row"), optional_text(record, "source"), record, options)
        if "question" not in record:
            raise BadRecord(f"expected one of {listing(_NAMES)}, or an adapter; found {listing(map(str, record))}")
        item = item_id(text_of(record, "question"), optional_text(record, "context"), options)
        return self._of_item(item, record, options)

    def _of_source(self, key: str, source: str | None, record: Record, options: Sequence[str] | None) -> Question:
        sources = [source] if source is not None else sorted(self._rows["source"].unique())
        found = [(each, key) for each in sources if (each, key) in self._by_source_row]
        if len(found) > 1:
            raise BadRecord(f"source_row {key!r}: {listing(each for each, _ in found)} have such a row; add `source`")
        if not found:
            raise NotInCorpus(f"source_row {key}")
        return self._of_item(self._by_source_row[found[0]], record, options)

    def _of_item(self, item: str, record: Record, options: Sequence[str] | None) -> Question:
        stated = optional_text(record, "template")
        templates = [stated] if stated is not None else [MCQ, OPEN] if options is None else [MCQ]
        for template in templates:
            if (place := self._by_item.get((item, template))) is not None:
                return Question(place, self._rows.row(place, named=True), options)
        shown = optional_text(record, "question") or f"item_id {item}"
        raise NotInCorpus(" ".join(shown.split())[:200])

    def _at(self, places: dict[Any, int], key: Any, what: str, options: Sequence[str] | None) -> Question:
        if key not in places:
            raise NotInCorpus(what)
        return Question(places[key], self._rows.row(places[key], named=True), options)

    @cached_property
    def _by_row(self) -> dict[str, int]:
        return {row: place for place, row in enumerate(self._rows["row_id"])}

    @cached_property
    def _by_item(self) -> dict[tuple[str, str], int]:
        return {key: place for place, key in enumerate(self._rows.select("item_id", "template").iter_rows())}

    @cached_property
    def _by_source_row(self) -> dict[tuple[str, str], str]:
        columns = self._rows.select("source", "source_row", "item_id")
        return {(source, key): item for source, key, item in columns.iter_rows()}
