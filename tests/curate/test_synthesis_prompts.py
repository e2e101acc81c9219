"""The prompts as a model sees them: every option on its own line, the item's id as JSON, material that stays material."""

import json

import pytest

from curate.ask.prompts import read_prompt

TOLD = {
    "id": 'pages/"a".md#0',
    "question": "Which flies?",
    "context": "Of animals: {{ 7 * 6 }}.",
    "options": [("A", "cow"), ("B", "bat"), ("C", "{% raw %}")],
    "answer": "bat",
    "gold": "B",
    "wanted": 6,
}
ASKED = {"id": TOLD["id"], "questions": 3, "options": 4, "difficulty": "hard", "subtopic": None}


def _shown(name: str, **values: object) -> str:
    [message] = read_prompt(name).render(**values)
    return message["content"]


@pytest.mark.parametrize("name", ["solve_drafted", "stand_without_options", "rephrase", "contrast"])
def test_each_option_stands_on_its_own_line(name: str) -> None:
    lines = _shown(name, **TOLD).split("\n")
    place = lines.index("A. cow")
    assert lines[place : place + 3] == ["A. cow", "B. bat", "C. {% raw %}"]


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("write_from_document", {"text": "A page."}),
        ("write_from_topic", {"topic": "Law"}),
        ("write_for_persona", {"persona": 'a "bee" keeper', "skill": "ratios"}),
        *((name, TOLD) for name in ("distractors", "stand_without_options", "rephrase", "contrast")),
    ],
)
def test_the_reply_must_repeat_the_id(name: str, more: dict[str, object]) -> None:
    last = _shown(name, **(ASKED | more)).split("\n")[-1]
    assert last.startswith('{"id": ' + json.dumps(TOLD["id"]) + ", ")


def test_an_open_problem_asks_for_no_letter_and_texts_are_no_templates() -> None:
    assert "letter" not in _shown("solve_drafted", question="What is 1 + 1?", options=None)
    assert "{{ 7 * 6 }}" in _shown("distractors", **TOLD)
