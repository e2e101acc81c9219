"""Guesses: a mapping proposed from a file's first rows loads as it stands and drafts them, on every published file."""

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from crossthink.errors import UserError
from curate.sources import Mapping, adapter, read_mapping
from curate.sources.guess import guess

PUBLISHED: list[tuple[str, dict[str, Any]]] = [
    (
        "benchmarks/agieval/aqua-rat.jsonl",
        {"options": {"path": "options", "lettered": True}, "answer": {"path": "label", "gold": "letter"}},
    ),
    ("benchmarks/agieval/lsat-rc.jsonl", {"context": "passage", "answer": {"path": "label", "gold": "letter"}}),
    ("benchmarks/agieval/math.jsonl", {"answer": "answer", "domain": "math", "solutions": "other.solution"}),
    ("benchmarks/aime24/test.jsonl", {"answer": "answer", "solutions": "solution", "key": "id"}),
    ("benchmarks/amc23/test.jsonl", {"question": "question", "answer": "answer", "domain": "math"}),
    (
        "benchmarks/aqua/test.json",
        {"options": {"path": "options", "lettered": True}, "answer": {"path": "correct", "gold": "letter"}},
    ),
    ("benchmarks/bbh/boolean_expressions.json", {"question": "input", "answer": "target", "answer_kind": "boolean"}),
    ("benchmarks/bbh/object_counting.json", {"question": "input", "answer": "target"}),
    ("benchmarks/college_math/test.jsonl", {"question": "question", "answer": "answer", "domain": "math"}),
    ("benchmarks/gsm8k_test/test.jsonl", {"answer": {"path": "answer", "after": "####"}, "domain": "math"}),
    ("benchmarks/math500/test.jsonl", {"question": "problem", "answer": "answer", "key": "unique_id"}),
    (
        "benchmarks/math500_parquet/math500.parquet",
        {"question": {"chat": "prompt"}, "answer": "reward_model.ground_truth"},
    ),
    (
        "benchmarks/mathvision_sample/testmini_sample.jsonl",
        {"images": "image", "answer": {"path": "answer", "gold": "letter"}},
    ),
    ("benchmarks/minerva_math/test.jsonl", {"answer": {"path": "solution", "last_box": True}, "solutions": "solution"}),
    ("benchmarks/mmlu/mmlu.zip", {"layout": "rows", "cells": 6, "answer": {"path": "5", "gold": "letter"}}),
    (
        "benchmarks/mmlu_pro/test.jsonl.gz",
        {"options": {"path": "options"}, "answer": {"path": "answer", "gold": "letter"}},
    ),
    ("benchmarks/multihop/bamboogle.jsonl", {"question": "question", "answer": "answer"}),
    ("benchmarks/olympiadbench/test.jsonl", {"answer": "final_answer", "solutions": "solution", "domain": "math"}),
    (
        "benchmarks/svamp/SVAMP.json",
        {"question": {"join": [{"path": "Body", "remove": [r"[\s.]+$"]}, "Question"], "between": ". "}},
    ),
    ("benchmarks/theoremqa/theoremqa_test.json", {"answer": "Answer", "images": "Picture"}),
    (
        "benchmarks/truthfulqa/TruthfulQA.csv",
        {"answer": {"path": "Best Answer", "accepted": {"path": "Correct Answers", "split": ";"}}},
    ),
    ("benchmarks/truthfulqa/mc_task.json", {"options": {"scored": "mc1_targets"}}),
    ("corpora/aime_1983_2023/aime.json", {"question": "problem", "answer": "answer"}),
    (
        "corpora/arc/ARC-Easy-Train.jsonl",
        {"question": "question.stem", "answer": {"path": "answerKey", "gold": "label"}},
    ),
    ("corpora/dsr_sub/dsr_sub.parquet", {"question": {"chat": "prompt"}, "answer": "reward_model.ground_truth"}),
    ("corpora/gpteacher/codegen-instruct.json.gz", {"answer": "response"}),
    ("corpora/gsm8k/train.jsonl.gz", {"answer": {"path": "answer", "after": "####"}}),
    ("corpora/gsm8k_arrow/train__data-00000-of-00001.arrow", {"question": "problem", "answer": "answer"}),
    (
        "corpora/llm_adapters/arc_easy_train.json",
        {"answer": {"path": "answer", "match": r"answer(\d)", "gold": "label"}},
    ),
    ("corpora/llm_adapters/boolq_train.json.gz", {"answer": "answer", "answer_kind": "boolean"}),
    ("corpora/math_train/math.json.gz", {"question": "problem", "answer": "answer", "subject": "type"}),
    ("corpora/mawps/fold0_train.csv", {"answer": "Answer", "domain": "math"}),
    ("corpora/mmlu_aux_science/science_middle.csv", {"layout": "rows", "answer": {"path": "5", "gold": "letter"}}),
    ("corpora/nq_open_dev/NQ-open.dev.jsonl", {"question": "question", "answer": "answer"}),
    ("corpora/r1_searcher/stage_1.jsonl", {"question": "question", "answer": "answer"}),
    ("corpora/reasoning_gym/train.jsonl.gz", {"answer": "answer", "subject": "metadata.source_dataset"}),
    ("corpora/strategyqa/train.json.gz", {"answer_kind": "boolean", "key": "qid"}),
    ("corpora/tal_scq5k_en/en_single_choice_train_3K.jsonl.gz", {"answer": {"path": "answer_value", "gold": "label"}}),
    ("corpora/webquestions/val.json", {"question": "qText", "answer": "answers", "key": "qId"}),
    (
        "corpora/wikitablequestions/training.tsv",
        {"answer": {"path": "targetValue", "split": "|", "several": "set"}, "missing": "table"},
    ),
]


@pytest.mark.parametrize(
    ("file", "expected"), PUBLISHED, ids=lambda each: each.split("/", 1)[1] if isinstance(each, str) else ""
)
def test_a_published_file_gets_a_mapping_that_drafts_it(
    shared_data: Path, tmp_path: Path, file: str, expected: dict[str, Any]
) -> None:
    proposal = guess(shared_data / file)
    assert proposal.drafted == proposal.rows
    stated = yaml.safe_load(proposal.text)
    assert {key: stated.get(key) for key in expected} == expected
    (tmp_path / "own.yaml").write_text(proposal.text, encoding="utf-8")
    assert read_mapping(tmp_path / "own.yaml").canonical() == proposal.mapping.canonical()


KEYS = [
    "question",
    "answer",
    "options",
    "choices",
    "label",
    "text",
    "A",
    "B",
    "C",
    "instruction",
    "input",
    "output",
    "messages",
    "role",
    "content",
    "mc1_targets",
    "correct_answer",
    "distractor1",
    "id",
    "context",
    "solution",
    "image",
    "numbers",
    "opa",
    "opb",
    "a.b",
]


def rows(count: int, **columns: Any) -> list[dict[str, Any]]:
    """Return records whose values are texts with {n} for the row's number, or values as they are."""

    def value(template: Any, number: int) -> Any:
        if isinstance(template, str):
            return template.replace("{n}", str(number))
        if isinstance(template, dict):
            return {key: value(part, number) for key, part in template.items()}
        return [value(part, number) for part in template] if isinstance(template, list) else template

    return [{key.replace("_AS_", " "): value(column, n) for key, column in columns.items()} for n in range(count)]


ASKED = "What is the right answer to question {n}?"
SHAPES: dict[str, tuple[list[dict[str, Any]], dict[str, Any]]] = {
    "alpaca": (
        rows(30, instruction=ASKED, input="Be brief {n}.", output="yes {n}"),
        {"question": {"join": ["instruction", "input"], "between": "\n"}, "answer": "output"},
    ),
    "sharegpt": (
        rows(30, conversations=[{"from": "human", "value": ASKED}, {"from": "gpt", "value": "yes {n}"}]),
        {"question": {"chat": "conversations"}, "answer": {"chat": "conversations", "turn": "assistant"}},
    ),
    "messages": (
        rows(30, messages=[{"role": "user", "content": ASKED}, {"role": "assistant", "content": "yes {n}"}]),
        {"question": {"chat": "messages"}, "answer": {"chat": "messages", "turn": "assistant"}},
    ),
    "labels to texts": (
        rows(30, question=ASKED, options={"A": "yes {n}", "B": "no", "C": "maybe"}, answer_idx="A"),
        {"options": {"by_label": "options"}, "answer": {"path": "answer_idx", "gold": "label"}},
    ),
    "a column for each option": (
        rows(30, question=ASKED, opa="yes {n}", opb="no", opc="maybe", opd="never", cop=0),
        {"options": {"columns": ["opa", "opb", "opc", "opd"]}, "answer": {"path": "cop", "gold": "zero_based"}},
    ),
    "options in one text": (
        rows(30, Problem=ASKED, options="a ) 38 , b ) 27 , c ) none", correct="b"),
        {"answer": {"path": "correct", "gold": "letter"}},
    ),
    "right and wrong columns": (
        rows(
            30,
            Question=ASKED,
            Correct_AS_Answer="yes {n}",
            Incorrect_AS_Answer_AS_1="no",
            Incorrect_AS_Answer_AS_2="never",
        ),
        {
            "options": {"columns": ["Correct Answer", "Incorrect Answer 1", "Incorrect Answer 2"]},
            "answer": "Correct Answer",
        },
    ),
    "texts beside labels": (
        rows(30, question=ASKED, choices={"label": ["A", "B"], "text": ["yes {n}", "no"]}, answerKey="B"),
        {
            "options": {"path": "choices.text", "labels": "choices.label"},
            "answer": {"path": "answerKey", "gold": "label"},
        },
    ),
    "an instruction around each question": (
        rows(30, prompt="Answer the following question in one word: {n} or what?", target="yes"),
        {
            "question": {
                "path": "prompt",
                "remove": [r"^Answer the following question in one word: ", r" or what\?\s*$"],
            }
        },
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_shape_that_many_publish_is_seen(tmp_path: Path, shape: str) -> None:
    records, expected = SHAPES[shape]
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(json.dumps(record) + "\n" for record in records))
    if shape == "an instruction around each question":
        expected = {"question": {"path": "prompt", "remove": [r"^Answer the following question in one word: "]}}
    proposal = guess(file)
    stated = yaml.safe_load(proposal.text)
    assert {key: stated.get(key) for key in expected} == expected
    assert proposal.drafted == proposal.rows == 30
    assert len([line for line in proposal.text.splitlines() if not line.startswith("#")]) == len(stated)
    assert adapter(proposal.mapping).draft(records[3]).question


def test_a_few_broken_rows_do_not_hide_the_options(shared_data: Path) -> None:
    """Two of these rows were published with their titles cut at the commas."""
    proposal = guess(shared_data / "benchmarks" / "bbh" / "ruin_names.json")
    assert proposal.mapping.options is not None
    assert (proposal.drafted, proposal.rows) == (198, 200)


def test_a_short_answer_that_some_rows_lack_is_the_gold_and_not_the_worked_solution(tmp_path: Path) -> None:
    records = rows(30, problem=ASKED, solution="So it is clear that it must be this. " * 9 + "{n}", answer="{n}")
    file = tmp_path / "rows.jsonl"
    file.write_text(
        "".join(json.dumps(record | ({"answer": None} if not n % 9 else {})) + "\n" for n, record in enumerate(records))
    )
    proposal = guess(file)
    stated = yaml.safe_load(proposal.text)
    assert (stated["answer"], stated["solutions"], proposal.drafted) == ("answer", "solution", 26)


def test_a_proposal_says_what_is_unsure_and_which_adapter_is_there_already(shared_data: Path) -> None:
    text = guess(shared_data / "corpora" / "webquestions" / "val.json").text
    assert "# Shipped adapters that read these rows too: webquestions" in text
    assert "unsure whether each of several is right alone" in text
    assert "license: unknown  # write what the publisher says" in text


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(0, 3)
    | st.sampled_from(["", "A", "(B) x", "A) 1\nB) 2", "What is it then?", "#### 3"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=3),
    max_leaves=8,
)


@example([{"question": "What is it then?", "mc1_targets": {"A": {}, "B": 1}, "answer": "A"}])
@given(st.lists(st.dictionaries(st.sampled_from(KEYS), json_values, min_size=1, max_size=6), min_size=1, max_size=5))
def test_any_rows_get_a_mapping_that_loads_or_one_message(records: list[dict[str, Any]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rows.jsonl"
        file.write_text("".join(json.dumps(record) + "\n" for record in records))
        try:
            proposal = guess(file)
        except UserError as error:
            assert "is found" in str(error)
            return
        Mapping.model_validate(yaml.safe_load(proposal.text))


def test_what_holds_no_question_or_no_answer_is_said(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text('{"height": 3, "width": 4}\n')
    with pytest.raises(UserError, match=r"no question is found\. The first row has: height, width"):
        guess(file)
    file.write_text('{"question": "How wide is it?", "width": [[4]]}\n')
    with pytest.raises(UserError, match="no answer is found"):
        guess(file)
