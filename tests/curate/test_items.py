"""Identity: what makes two questions the same, and what must never."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.items import item_id, normalise, row_id

texts = st.one_of(
    st.text(), st.text(alphabet="aAbZ xX²³½₂①ﬁℝ𝑥−–-+.!?:'“”$\\<>=0123456789 \t\n\u200b\u00a0", max_size=40)
)

DIFFERENT = [
    ("3.5", "35"),
    ("-5", "5"),
    ("−5", "5"),
    ("x<y", "x>y"),
    ("x ≤ y", "x < y"),
    ("a+b", "a-b"),
    ("Find X", "Find x"),
    ("Find AB", "Find ab"),
    ("What is Co?", "What is CO?"),
    ("x²", "x2"),
    ("x²3", "x²³"),
    ("x^2", "x2"),
    ("H₂", "H2"),
    ("1½", "11/2"),
    ("5①", "51"),
    ("What is 5!", "What is 5"),
    ("What is 5 Mg?", "What is 5 mg?"),
    ("triangle ABC", "triangle abc"),
    ("Who is in IT?", "Who is in it?"),
    ("$\\Delta$", "$\\delta$"),
    ("\\sin x", "\\Sin x"),
    ("$Abc$", "$abc$"),
    ("ℝ", "R"),
    ("10%", "10"),
    ("1,000", "1.000"),
    ("2, 4, ?", "2, 4,"),
    ("Кто написал?", "Кого написал?"),
    ("日本の首都", "日本の首部"),
    ("می‌روم", "میروم"),
    ("résumé", "resume"),
    ("", "?"),
]

SAME = [
    ("What is the  capital of France?", "what is the capital of France"),
    ("“Who?”", '"Who?"'),
    ("It’s 5 – 3", "It's 5 - 3"),
    ("ﬁne", "fine"),
    ("Is it in Rome, Or Where?", "is It In Rome, or where?"),
    ("NEVER say", "never say"),
    ("２ + ２", "2 + 2"),
    ("cafe\u0301", "café"),
    ("Compute x².", "Compute x^2"),
    ("Wait…", "Wait..."),
    ("soft\u00adhyphen", "softhyphen"),
    ("a\tb\r\nc", "a b c"),
]


@given(texts)
def test_normalising_twice_changes_nothing(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once


@pytest.mark.parametrize(("left", "right"), DIFFERENT)
def test_different_questions_stay_different(left: str, right: str) -> None:
    assert normalise(left) != normalise(right)


@pytest.mark.parametrize(("left", "right"), SAME)
def test_typesetting_does_not_make_a_question_different(left: str, right: str) -> None:
    assert normalise(left) == normalise(right)


@given(st.integers(-999, 999), st.integers(-999, 999), st.sampled_from("+-*/<>=^"), st.sampled_from("+-*/<>=^"))
def test_numbers_and_operators_survive(left: int, right: int, one: str, other: str) -> None:
    same = normalise(f"What is {left} {one} {right}?") == normalise(f"What is {right} {other} {left}?")
    assert same == (left == right and one == other)


@given(texts, st.lists(texts, min_size=2, max_size=5), st.randoms())
def test_the_order_of_options_does_not_matter(question: str, options: list[str], random: object) -> None:
    shuffled = list(options)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert item_id(question, None, options) == item_id(question, None, shuffled)


def test_context_question_and_options_do_not_run_into_each_other() -> None:
    parts = [("ab", None, None), ("a", "b", None), ("a", None, ["b"]), ("a", None, []), ("a", None, ["b", ""])]
    assert len({item_id(*part) for part in parts}) == len(parts)


def test_an_open_question_is_not_its_multiple_choice_form() -> None:
    assert item_id("Q", None, None) != item_id("Q", None, ["a", "b"])
    assert row_id("0" * 32, "mcq") != row_id("0" * 32, "open")


def test_ids_do_not_depend_on_the_machine() -> None:
    """Golden values: if these move, every manifest ever written loses its rows."""
    assert item_id("What is 2 + 2?") == "50d62dc9adad831c81664832f5ec869b"
    assert item_id("Pick one.", "A passage", ["x²", "Paris"]) == "fcaeb99e59f06db73a9ee47eb8aed1ad"
    code = "from curate.items import item_id; print(item_id('What is 2 + 2?'))"
    for seed in ("0", "1"):
        shown = subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True
        )
        assert shown.stdout.strip() == item_id("What is 2 + 2?"), shown.stderr
