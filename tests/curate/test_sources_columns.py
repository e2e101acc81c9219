"""Drafting by whole columns says of every row what drafting it by itself says, or leaves the row to that."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from curate.readers import Row, read_files
from curate.readers.columnar import batch_rows
from curate.sources import Adapter, BadRecord, Mapping, adapter
from curate.sources.columns import COLUMNS, SPACES


def mapping(text: str) -> Adapter:
    return adapter(Mapping.model_validate(yaml.safe_load(text)))


def assert_same(chosen: Adapter, frame: pl.DataFrame) -> int:
    """Hold both ways of drafting to each other, on columns of texts and whole numbers; return how many rows were settled."""
    assert chosen.columns is not None
    by_columns = chosen.columns(frame)
    assert tuple(by_columns.columns) == COLUMNS
    assert by_columns.height == frame.height
    settled = 0
    table = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
    for row, drafted in zip(batch_rows("x", table.to_batches()), by_columns.to_dicts(), strict=True):
        assert isinstance(row, Row)
        if drafted.pop("bad"):
            with pytest.raises(BadRecord):
                chosen.draft(row.record)
            continue
        settled += 1
        draft = chosen.draft(row.record)  # a bad record that the columns took for a good one would end the test here
        expected = {name: getattr(draft, name) for name in drafted}
        expected["extra"] = json.dumps(draft.extra, ensure_ascii=False) if draft.extra else None
        assert drafted == expected
        assert not draft.solutions and not draft.images
    return settled


def test_rows_of_published_sets_are_settled_alike(shared_data: Path) -> None:
    for name in ("college_math", "gaokao2023en"):
        path = shared_data / "benchmarks" / name / "test.jsonl"
        rows = [row.record for row in read_files([path]) if isinstance(row, Row)]
        chosen = mapping("{domain: math, question: question, answer: answer, subject: data_topic}")
        assert assert_same(chosen, pl.DataFrame(rows, infer_schema_length=None)) == len(rows)


def test_choices_of_published_sets_are_settled_alike(shared_data: Path) -> None:
    path = shared_data / "benchmarks" / "mmlu_pro" / "test.jsonl.gz"
    rows = [row.record for row, _ in zip(read_files([path]), range(3000), strict=False) if isinstance(row, Row)]
    frame = pl.DataFrame(rows, infer_schema_length=None)
    letters = mapping("{question: question, options: options, answer: {path: answer, gold: letter}, key: question_id}")
    places = mapping("{question: question, options: options, answer: {path: answer_index, gold: zero_based}}")
    texts = pl.col("options").list.get(pl.col("answer_index"))
    assert assert_same(letters, frame) == 3000
    assert assert_same(places, frame) == 3000
    assert assert_same(adapter("qa_rows"), frame.with_columns(answer=texts, id=pl.col("question_id"))) == 3000


texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6)
short = (
    st.sampled_from(
        ["", " ", "A", "b", "(B)", "C.", "1", " 1", "0", "2", "10", "ab", "ab ", "\x1f", "\u2003A", 'É"\\\n\x7f']
    )
    | texts
)
FORMS = [
    "{question: q, options: o, answer: a, key: k, subject: {value: s}, context: c, missing: table, extra: {e: c, f: {value: x}}}",
    "{question: q, options: o, answer: {path: a, gold: letter}, domain: {path: c, math: [a, É]}, drop: [k]}",
    "{question: q, options: {columns: [x, y, z]}, answer: {path: a, gold: one_based}, keep: [q]}",
    "{question: q, options: {columns: [x, y]}, answer: {path: a, gold: zero_based}, answer_kind: boolean}",
    "{question: s.q, answer: s.a}",
    "{question: q}",
]
rows = st.fixed_dictionaries(
    {
        **{name: st.none() | short for name in ("q", "a", "c", "k", "x", "y", "z")},
        "o": st.none() | st.lists(st.none() | short, max_size=4),
        "n": st.none() | st.integers(-(2**63), 2**63 - 1),
        "f": st.none() | st.floats(),
        "b": st.none() | st.booleans(),
        "s": st.none() | st.fixed_dictionaries({"q": st.none() | short, "a": st.none() | short}),
    }
)
TYPES = pa.schema(
    [
        *(pa.field(name, pa.string()) for name in ("q", "a", "c", "k", "x", "y", "z")),
        pa.field("o", pa.list_(pa.string())),
        pa.field("n", pa.int64()),
        pa.field("f", pa.float64()),
        pa.field("b", pa.bool_()),
        pa.field("s", pa.struct([("q", pa.string()), ("a", pa.string())])),
    ]
)


@given(st.sampled_from(FORMS), st.lists(rows, min_size=1, max_size=8))
def test_any_rows_are_settled_alike_or_left(form: str, records: list[dict[str, Any]]) -> None:
    frame = pl.DataFrame(pa.Table.from_pylist(records, schema=TYPES))
    assert_same(mapping(form), frame)


def test_what_cannot_be_settled_is_left_to_the_row(shared_data: Path) -> None:
    chosen = adapter("qa_rows")
    assert chosen.columns is not None
    good = {"id": "1", "question": "Q?", "options": None, "answer": "x", "domain": "math"}

    def bad(**changes: Any) -> list[bool]:
        return chosen.columns(pl.DataFrame([good, good | changes], strict=False))["bad"].to_list()  # type: ignore[misc]

    assert bad() == [False, False]
    assert bad(question=None) == [False, True]
    floats = pl.DataFrame([good]).with_columns(answer=pl.Series([2.5]))
    assert chosen.columns(floats)["bad"].to_list() == [True]
    lists = pl.DataFrame([good]).with_columns(answer=pl.Series([["x", "y"]]))
    assert chosen.columns(lists)["bad"].to_list() == [True]
    without = chosen.columns(pl.DataFrame([good, good]).drop("question"))
    assert without["bad"].to_list() == [True, True]
    with pytest.raises(BadRecord, match="question: the key is missing"):
        chosen.draft({"answer": "x"})


@pytest.mark.parametrize(
    "form",
    [
        "{question: {join: [a, b]}}",
        "{question: q, answer: {path: a, after: '####'}}",
        "{question: q, solutions: s}",
        "{question: q, options: {path: o, lettered: true}}",
        "{question: 'q[0]'}",
        "{question: {chat: q}}",
        "{question: q, layout: rows}",
        "{question: q, answer_kind: {path: t, values: {bool: boolean}}}",
    ],
)
def test_a_mapping_that_needs_each_row_has_no_columns(form: str) -> None:
    assert mapping(form).columns is None


def test_spaces_and_repeated_options_are_taken_as_the_row_takes_them() -> None:
    golds = [f"{space}y{space}" for space in SPACES]
    frame = pl.DataFrame(
        {"id": list(SPACES), "question": "Q?", "options": [["x", "y", "y"]] * len(golds), "answer": golds}
    )
    assert assert_same(adapter("qa_rows"), frame) == len(golds)
    columns = adapter("qa_rows").columns
    assert columns is not None
    assert columns(frame)["answer_index"].to_list() == [1] * len(golds)


def test_the_answer_does_not_depend_on_how_rows_are_batched() -> None:
    numbers = [str(number) for number in range(100)]
    frame = pl.DataFrame({"id": numbers, "question": "Q?", "options": [["1", n] for n in numbers], "answer": numbers})
    columns = adapter("qa_rows").columns
    assert columns is not None
    assert pl.concat([columns(frame[:33]), columns(frame[33:])]).equals(columns(frame))


def test_a_binary_column_of_texts_is_text_and_other_bytes_are_no_question(tmp_path: Path) -> None:
    questions = [
        b"Wie gro\xc3\x9f?",
        b"Wie gro\xdf?",
    ]  # Spark writes texts as plain BYTE_ARRAY; the second is Windows-1252
    pq.write_table(pa.table({"q": questions, "a": [b"3", b"4"], "image": [b"\x89PNG", None]}), tmp_path / "x.parquet")
    chosen = mapping("{question: q, answer: a}")
    first, second = (row for row in read_files([tmp_path / "x.parquet"]) if isinstance(row, Row))
    draft = chosen.draft(first.record)
    assert (draft.question, draft.answer, draft.extra) == ("Wie groß?", "3", {"image": "iVBORw=="})
    with pytest.raises(BadRecord, match="q: expected text, found bytes that are not UTF-8"):
        chosen.draft(second.record)
    assert chosen.columns is not None
    assert chosen.columns(pl.read_parquet(tmp_path / "x.parquet"))["bad"].all()
