"""LaTeX in JSON: models write it with one backslash, and JSON reads \\frac as a form feed."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from curate.ask.parse import Parsed, parse_json


class Said(BaseModel):
    answer: str


def read(text: str) -> tuple[str, str]:
    parsed = parse_json(text, Said)
    assert isinstance(parsed, Parsed), parsed
    return parsed.value.answer, parsed.how


@pytest.mark.parametrize(
    "latex",
    [
        r"\frac{1}{2}",
        r"\boxed{\beta}",
        r"2 \times \theta \neq \nabla f",
        r"\sqrt{2}, \(x\) and \[y\]",
        r"\text{cm}, \tan x, x \to \infty",
        r"\{1, 2\} \cup \underline{A} \rightarrow \rho",
        r"a \\ b \in \mathbb{R}",
    ],
)
def test_latex_is_read_as_it_is_meant_however_many_backslashes_it_has(latex: str) -> None:
    assert read(json.dumps({"answer": latex})) == (latex, "strict")
    single = '{"answer": "' + latex.replace(r" \\ ", r" \\\\ ") + '"}'
    assert read(single) == (latex, "lenient")
    assert read(f"Here it is:\n```json\n{single}\n```") == (latex, "lenient")


@pytest.mark.parametrize(
    "text",
    ["one\ntwo", "name\tvalue", "a\r\nb", "x\nu = 3\ne = 4", "é \u2028 \U0001f600", "C:\\new\\table", 'say "\\"'],
)
def test_what_json_means_stays(text: str) -> None:
    for ascii_only in (True, False):
        assert read(json.dumps({"answer": text}, ensure_ascii=ascii_only)) == (text, "strict")


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"])))
def test_a_text_without_control_characters_comes_back_as_it_was_written(text: str) -> None:
    assert read(json.dumps({"answer": text})) == (text, "strict")


def test_pythons_quotes_keep_theirs() -> None:
    assert read(r"{'answer': 'it\'s \frac{1}{2}'}") == (r"it's \frac{1}{2}", "lenient")
