"""Answers, kept under the digest of what was asked: a second run asks nothing twice, a kill loses nothing.

One SQLite file in the workspace. An answer is committed as it arrives, so a kill costs what was on its way and no more, and
several commands can ask at once. The first answer to a sample stays: whoever asked the same at the same time gets that one.
"""

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa

from crossthink.errors import UserError
from crossthink.files import canonical_json
from curate.ask.request import Completion

ANSWERS_FILE = "answers.sqlite"
WAIT_SECONDS = 60.0
"""For another process that is writing."""
ROWS_AT_ONCE = 10_000

ANSWERS_SCHEMA = pa.schema(
    [
        ("request", pa.string()),  # digest of what was asked
        ("sample", pa.int64()),
        ("model", pa.string()),
        ("api", pa.string()),
        ("prompt", pa.string()),  # JSON: a list of messages, or a text
        ("sampling", pa.string()),  # JSON
        ("text", pa.string()),
        ("finish", pa.string()),
        ("prompt_tokens", pa.int64()),  # null where the server does not say, as the next
        ("completion_tokens", pa.int64()),
        ("logprobs", pa.list_(pa.float64())),
    ]
)

_TABLES = """
CREATE TABLE IF NOT EXISTS requests (
    request TEXT PRIMARY KEY, model TEXT NOT NULL, api TEXT NOT NULL, prompt TEXT NOT NULL, sampling TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS answers (
    request TEXT NOT NULL, sample INTEGER NOT NULL, text TEXT NOT NULL, finish TEXT, prompt_tokens INTEGER,
    completion_tokens INTEGER, logprobs TEXT, PRIMARY KEY (request, sample)
) WITHOUT ROWID;
"""
_ALL = """
SELECT request, sample, model, api, prompt, sampling, text, finish, prompt_tokens, completion_tokens, logprobs
FROM answers JOIN requests USING (request) ORDER BY request, sample
"""


class Cache:
    """The answers of a workspace; safe in threads.

    Args:
        folder: made when the first answer is put.

    Raises:
        UserError: what stands there is no file of answers, or answers cannot be read or written: the disk is full, say.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / ANSWERS_FILE
        self._connection: sqlite3.Connection | None = None
        self._lock = threading.RLock()

    def get(self, request: str, samples: int) -> dict[int, Completion]:
        """Return the answers that are kept of the first `samples` samples of a request, by their number."""
        if self._connection is None and not self.path.exists():
            return {}
        with self._connected() as connection:
            found = connection.execute(
                "SELECT sample, text, finish, prompt_tokens, completion_tokens, logprobs FROM answers"
                " WHERE request = ? AND sample < ?",
                (request, samples),
            )
            return {number: _completion(*values) for number, *values in found}

    def put(self, request: str, asked: dict[str, Any], sample: int, answer: Completion) -> Completion:
        """Keep an answer, and return the one that is kept.

        Args:
            request: digest of `asked`.
            asked: see `ModelSettings.asked`.
            sample: its number.
        """
        texts = [canonical_json(asked[name]).decode() for name in ("prompt", "sampling")]
        logprobs = None if answer.logprobs is None else json.dumps(answer.logprobs)
        values = (answer.text, answer.finish, answer.prompt_tokens, answer.completion_tokens, logprobs)
        with self._connected() as connection, connection:
            connection.execute(
                "INSERT OR IGNORE INTO requests VALUES (?, ?, ?, ?, ?)",
                (request, asked["model"], asked["api"], *texts),
            )
            put = connection.execute(
                "INSERT OR IGNORE INTO answers VALUES (?, ?, ?, ?, ?, ?, ?)", (request, sample, *values)
            )
        return answer if put.rowcount else self.get(request, sample + 1)[sample]

    def table(self) -> pa.Table:
        """Return everything that is kept, as `ANSWERS_SCHEMA`."""
        if not self.path.exists():
            return ANSWERS_SCHEMA.empty_table()
        return pa.Table.from_batches(self._batches(), schema=ANSWERS_SCHEMA)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        """Hold the connection, which is opened when first needed."""
        with self._lock:
            try:
                if self._connection is None:
                    self._connection = _opened(self.path)
                yield self._connection
            except sqlite3.Error as error:
                raise UserError(f"{self.path}: the answers cannot be kept or read: {error}") from None

    def _batches(self) -> Iterator[pa.RecordBatch]:
        with self._connected() as connection:
            rows = connection.execute(_ALL)
            while block := rows.fetchmany(ROWS_AT_ONCE):
                columns = list(zip(*block, strict=True))
                columns[-1] = tuple(None if each is None else json.loads(each) for each in columns[-1])
                arrays = [pa.array(column, field.type) for column, field in zip(columns, ANSWERS_SCHEMA, strict=True)]
                yield pa.record_batch(arrays, schema=ANSWERS_SCHEMA)


def _opened(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, timeout=WAIT_SECONDS, check_same_thread=False)  # threads take turns
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")  # a kill loses nothing; a power cut the last moments
        connection.executescript(_TABLES)
    except sqlite3.DatabaseError as error:
        connection.close()
        raise UserError(f"{path}: cannot be used as the file of answers ({error}); move it away") from None
    return connection


def _completion(
    text: str, finish: str | None, prompt_tokens: int | None, completion_tokens: int | None, logprobs: str | None
) -> Completion:
    spoken = None if logprobs is None else tuple(json.loads(logprobs))
    return Completion(text, finish, prompt_tokens, completion_tokens, spoken)
