"""Responses that somebody published become pass rates.

Each record finds its question in the corpus (`matching`) and its answers are judged by the project's verifier against the
corpus's gold, never the file's. The answer of a response is the one that the file states under `pred`, as its publisher found it;
where it states none, the one that `extract_lenient` finds in the text. A stated null is a response without an answer.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from crossthink.errors import UserError, listing, nearest
from crossthink.files import digest, parquet_writer
from crossthink.progress import Progress
from crossthink.workspace import Workspace
from curate.code import code_digest
from curate.corpus import check_corpus, read_corpus
from curate.difficulty.matching import NotInCorpus, Question, Questions
from curate.difficulty.store import (
    PASS_RATES_FILE,
    RESPONSES_FILE,
    UNMATCHED_FILE,
    UNMATCHED_SCHEMA,
    Difficulty,
    standing,
    write,
    writing,
)
from curate.readers import Record, Rejected, Row, file_records, read_files
from curate.solving.judging import judge
from curate.solving.tables import RESPONSE_SCHEMA, in_batches, write_pass_rates
from curate.sources import adapter
from curate.sources.base import BadRecord, text_of
from curate.sources.paths import MISSING, parse_path, written
from curate.sources.paths import Path as RecordPath
from curate.verify import extract_lenient, verifier_digest
from manifests.manifest import FileRecord

RESPONSE_KEYS = ("response", "responses", "generated_text", "model_outputs", "completion", "completions", "output")
"""Where published files have the text of a response, or a list of them; the first that a record has."""
ANSWER_KEY = "pred"
"""Where they state the answer that their publisher found."""
_BATCH = 2_000
"""Records judged at once."""


@dataclass(frozen=True)
class Asked:
    """What a person says of a file of responses.

    Attributes:
        files: paths and globs.
        model: what recipes call the model; "" stands for the name of the difficulty.
        adapter: of the records' schema; None where they have the plain keys.
        response: path of the response, or of a list of them; None: the first of `RESPONSE_KEYS`.
        answer: path of the stated answers; None: `ANSWER_KEY`, where a record has it.
        finds_answers: find every answer in its text, whatever the file states.
    """

    files: tuple[str, ...]
    model: str = ""
    adapter: str | None = None
    response: str | None = None
    answer: str | None = None
    finds_answers: bool = False


def import_responses(name: str, corpus: str, asked: Asked, workspace: Workspace, progress: Progress) -> Difficulty:
    """Make a difficulty of published responses, or return the one that stands.

    Raises:
        UserError: the corpus or a file is missing, no record answers a question of the corpus, or a path is none.
    """
    folder = workspace.corpus(corpus)
    stated = read_corpus(folder)
    check_corpus(folder, stated)
    files = [
        FileRecord(name=each.name, sha256=each.sha256, bytes=each.bytes) for each in file_records(list(asked.files))
    ]
    settings = {
        "adapter": adapter(asked.adapter).name if asked.adapter else None,
        "response": asked.response or list(RESPONSE_KEYS),
        "answer": None if asked.finds_answers else asked.answer or ANSWER_KEY,
    }
    content = stated.record().content
    model = asked.model or name
    key = digest(["responses", model, [file.model_dump() for file in files], settings, content, code_digest()])
    draft = Difficulty(
        name=name, model=model, how="responses", key=key, corpus=corpus, settings=settings, made_from=files,
        verifier=verifier_digest(), asked=None, parents=[], questions=0, responses=0, passed=0, unjudged=0, unmatched={}, files=[],
    )  # fmt: skip
    with writing(workspace, name):
        if (found := standing(workspace, name, key)) is not None:
            progress.say(f"difficulty {name}: stands")
            return found
        reader = _Reader(asked)
        questions = Questions(folder, adapter(asked.adapter) if asked.adapter else None)
        with progress.step(f"difficulty {name}") as step:
            made = write(workspace, draft, lambda place: _make(place, reader, questions, step.at))
            step.result = f"{made.responses:,} responses to {made.questions:,} questions"
    return made


def _make(folder: Path, reader: "_Reader", questions: Questions, at: Callable[[str], None]) -> dict[str, Any]:
    """Write the tables; return how many records matched nothing, by reason."""
    unmatched: list[dict[str, Any]] = []
    samples: Counter[int] = Counter()
    records, first = 0, ""
    with parquet_writer(folder / RESPONSES_FILE, RESPONSE_SCHEMA) as put:
        for batch in in_batches(reader.rows(), _BATCH):
            records += len(batch)
            answered = [each for row in batch for each in _answered(row, reader, questions, unmatched)]
            put(pa.Table.from_pylist(_judged(answered, samples), schema=RESPONSE_SCHEMA))
            at(f"{records:,} records")
    if not samples:
        first = f"; the first: {unmatched[0]['place']}, {unmatched[0]['detail']}" if unmatched else ""
        raise UserError(
            f"{listing(map(str, reader.files))}: none of {records:,} records answers a question of the corpus{first}"
        )
    with parquet_writer(folder / UNMATCHED_FILE, UNMATCHED_SCHEMA) as put:
        put(pa.Table.from_pylist(unmatched, schema=UNMATCHED_SCHEMA))
    write_pass_rates(folder / RESPONSES_FILE, folder / PASS_RATES_FILE)
    return {"unmatched": dict(sorted(Counter(str(each["reason"]) for each in unmatched).items()))}


@dataclass(frozen=True)
class _Answered:
    """A response with the answer that counts."""

    question: Question
    response: str
    answer: str | None


def _answered(
    row: Row | Rejected, reader: "_Reader", questions: Questions, unmatched: list[dict[str, Any]]
) -> list[_Answered]:
    """Return the responses of one record; one that answers nothing is noted with its reason."""
    if isinstance(row, Rejected):
        unmatched.append({"place": row.place, "reason": str(row.reason), "detail": row.message})
        return []
    try:
        said = reader.responses(row.record)
        question = questions.find(row.record)
    except BadRecord as error:
        unmatched.append({"place": row.place, "reason": "bad_record", "detail": str(error)})
        return []
    except NotInCorpus as error:
        unmatched.append({"place": row.place, "reason": "not_in_corpus", "detail": str(error)})
        return []
    kind = question.row["answer_kind"]
    found = [(text, extract_lenient(text, kind) if answer is MISSING else answer) for text, answer in said]
    return [_Answered(question, text, question.in_corpus_letters(answer)) for text, answer in found]


def _judged(answered: list[_Answered], samples: Counter[int]) -> list[dict[str, Any]]:
    judged = judge([each.answer for each in answered], [each.question.gold for each in answered])
    rows = []
    for each, judgement in zip(answered, judged, strict=True):
        row, place = each.question.row, each.question.place
        same = ("source", "source_row", "item_id", "row_id", "subject", "template", "gold", "answer_kind")
        rows.append(
            {name: row[name] for name in same}
            | {"sample": samples[place], "response": each.response, "answer": each.answer}
            | {"correct": judgement.correct, "reason": str(judgement.reason), "tokens": None}
        )
        samples[place] += 1
    return rows


class _Reader:
    """Reads what a record says: its responses, each with the answer that the file states or MISSING."""

    def __init__(self, asked: Asked) -> None:
        self.files = asked.files
        self._layout = adapter(asked.adapter).layout if asked.adapter else "records"
        self._split = adapter(asked.adapter).split if asked.adapter else None
        self._response = (
            [_path(asked.response, "--response")] if asked.response else list(map(parse_path, RESPONSE_KEYS))
        )
        self._is_stated = asked.answer is not None
        self._answer = None if asked.finds_answers else _path(asked.answer or ANSWER_KEY, "--answer")

    def rows(self) -> Iterator[Row | Rejected]:
        return read_files(list(self.files), self._layout, self._split)

    def responses(self, record: Record) -> list[tuple[str, Any]]:
        """Return the responses of a record.

        Raises:
            BadRecord: it has none, they are no texts, or there is not an answer for each.
        """
        path, value = next(
            ((path, value) for path in self._response if (value := path.get(record)) is not MISSING), (None, MISSING)
        )
        if path is None:
            raise BadRecord(self._lacks(record))
        texts = [text_of({path.text: each}, path.text) if each is not None else "" for each in _listed(value)]
        answers = self._answers(record, len(texts), isinstance(value, list))
        return list(zip(texts, answers, strict=True))

    def _answers(self, record: Record, count: int, are_listed: bool) -> list[Any]:
        if self._answer is None:
            return [MISSING] * count
        value = self._answer.get(record)
        if value is MISSING:
            if self._is_stated:
                raise BadRecord(f"{self._answer.text}: the key is missing, found {listing(map(str, record))}")
            return [MISSING] * count
        stated = _listed(value) if are_listed else [value]
        if len(stated) != count:
            raise BadRecord(f"{self._answer.text}: found {len(stated)} answers of {count} responses")
        return [None if each is None else text_of({self._answer.text: each}, self._answer.text) for each in stated]

    def _lacks(self, record: Record) -> str:
        if len(self._response) == 1:
            wanted = self._response[0].text
            return f"{wanted}: the key is missing.{nearest(wanted, map(written, map(str, record)))} There are: {listing(map(str, record))}"
        return f"no response under {listing(RESPONSE_KEYS)}; say where with --response. There are: {listing(map(str, record))}"


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _path(text: str, option: str) -> RecordPath:
    try:
        return parse_path(text)
    except ValueError as error:
        raise UserError(f"{option}: {error}") from None
