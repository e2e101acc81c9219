"""The ledger of a synthetic source balances, or the run stops as a fault of the program."""

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from curate.done import ConservationError
from curate.synthesis.checks import Lost
from curate.synthesis.source import QUESTION_SCHEMA
from curate.synthesis.writer import Fault, source_writer


def _row(key: str) -> dict[str, Any]:
    return dict.fromkeys(QUESTION_SCHEMA.names) | {
        "key": key,
        "question": "Which?",
        "answer_kind": "text",
        "domain": "gpr",
        "origin": "synthetic",
        "license": "MIT",
    }


def test_rows_are_written_in_order_and_counted(tmp_path: Path) -> None:
    with source_writer(tmp_path) as writer:
        for number in range(1200):
            writer.came("rephrase", "a")
            if number % 3:
                writer.keep("a", _row(str(number)))
            else:
                writer.drop(
                    "rephrase", "a", str(number), Fault(Lost.SAME_WORDS, {"n": number}, "raw"), {"question": "Q"}
                )
    [line] = writer.finish()
    assert (line.rows_in, line.kept, line.dropped, line.reasons) == (1200, 800, 400, {"same_words": 400})
    keys = pq.read_table(tmp_path / "questions.parquet")["key"].to_pylist()
    assert keys == [str(number) for number in range(1200) if number % 3]
    last = pq.read_table(tmp_path / "dropped.parquet").to_pylist()[-1]
    assert (last["source_row"], last["evidence"], last["raw"], last["question"]) == ("1197", '{"n": 1197}', "raw", "Q")


@pytest.mark.parametrize("lost", ["came", "added", "kept"])
def test_a_row_that_is_neither_kept_nor_dropped_stops_the_run(tmp_path: Path, lost: str) -> None:
    with source_writer(tmp_path) as writer:
        writer.added("writing", "a", 2)
        writer.came("voting", "a", 1 if lost == "came" else 2)
        writer.added("voting", "a", lost == "added")
        for key in ("1", "2")[lost == "kept" :]:
            writer.keep("a", _row(key))
    with pytest.raises(ConservationError, match="does not conserve the rows of a"):
        writer.finish()
