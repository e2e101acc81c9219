"""Reading JSON out of answers: strictly, then leniently, then a failure with its reason."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict

from curate.ask.parse import Parsed, Unparsed, UnparsedReason, parse_json


class Verdict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    id: str
    answer: str
    votes: list[int] = []


GOOD = '{"id": "a1", "answer": "yes"}'


@pytest.mark.parametrize(
    "text",
    [
        f"```json\n{GOOD}\n```",
        f"Sure! Here it is:\n{GOOD}\nI hope that helps.",
        '{"id": "a1", "answer": "yes",}',
        '{"id": "a1", "answer": "yes", "votes": [],}',
        "{'id': 'a1', 'answer': 'yes'}",
        f"{GOOD}\n{GOOD}",
        f"The set {{1, 2}} is meant. {GOOD}",
        f'{{"thought": "hm"}} then {GOOD}',
    ],
)
def test_what_stands_around_an_object_and_small_slips_are_forgiven(text: str) -> None:
    assert parse_json(text, Verdict) == Parsed(Verdict(id="a1", answer="yes"), "lenient")


def test_plain_json_is_strict() -> None:
    assert parse_json(f" {GOOD}\n", Verdict) == Parsed(Verdict(id="a1", answer="yes"), "strict")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", UnparsedReason.NO_JSON),
        ("I would say yes.", UnparsedReason.NO_JSON),
        ("<html><body>Bad gateway</body></html>", UnparsedReason.NO_JSON),
        (GOOD[:-1], UnparsedReason.CUT_OFF),
        (GOOD[:-6], UnparsedReason.CUT_OFF),
        ('{"id": "a1", "answer": "ye', UnparsedReason.CUT_OFF),
        ('{"id": "a1" "answer": "yes"}', UnparsedReason.NOT_JSON),
        (f"<think>it is {{odd</think> {GOOD} }}", UnparsedReason.NOT_JSON),
        ('{"id": a1, "answer": yes}', UnparsedReason.NOT_JSON),
        ("{" * 500 + "}" * 500, UnparsedReason.CUT_OFF),
        (f'{GOOD} no, {{"id": "a1", "answer": "no"}}', UnparsedReason.SEVERAL),
        ('{"id": "a1"}', UnparsedReason.OTHER_SHAPE),
        ('{"id": "a1", "answer": "yes", "more": 1}', UnparsedReason.OTHER_SHAPE),
        ('{"id": "a1", "answer": true}', UnparsedReason.OTHER_SHAPE),
        ('["a1", "yes"]', UnparsedReason.OTHER_SHAPE),
        ("42", UnparsedReason.OTHER_SHAPE),
        ("null", UnparsedReason.OTHER_SHAPE),
    ],
)
def test_what_says_nothing_is_a_failure_with_its_reason(text: str, reason: UnparsedReason) -> None:
    parsed = parse_json(text, Verdict)
    assert isinstance(parsed, Unparsed)
    assert parsed.reason == reason


def test_every_beginning_of_an_object_is_a_failure() -> None:
    """A cut answer is never completed, wherever it was cut."""
    whole = json.dumps({"id": "a}1", "answer": 'say "yes" {now}', "votes": [1, 2]})
    for end in range(len(whole)):
        assert isinstance(parse_json(whole[:end], Verdict), Unparsed), whole[:end]
    assert isinstance(parse_json(whole, Verdict), Parsed)


texts = st.text(st.characters(exclude_characters="\b\f\r\t\n", exclude_categories=["Cs"]), max_size=20)
"""Without what is taken for LaTeX where a letter follows: `test_ask_latex.py` is about that."""
values = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


class Free(BaseModel):
    model_config = ConfigDict(extra="allow")


@given(st.dictionaries(texts, values, max_size=4), st.sampled_from(["", "Here: ", "```json\n"]))
def test_any_object_is_read_as_json_reads_it(value: dict[str, Any], before: str) -> None:
    parsed = parse_json(before + json.dumps(value), Free)
    assert isinstance(parsed, Parsed)
    assert parsed.value.model_dump() == value


@given(st.text(max_size=200))
def test_no_text_raises(text: str) -> None:
    assert isinstance(parse_json(text, Verdict), Unparsed)
