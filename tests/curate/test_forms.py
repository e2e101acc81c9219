"""Forms: what is told of a whole column by its form is what the verifier says of each answer by itself."""

import itertools
import string

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from curate.forms import infer_kinds, passes_by_form
from curate.verify import infer_kind, render_gold, verify_many, wrong_answer

PIECES = [
    "yes",
    "TRUE",
    "False",
    "no",
    "Sin",
    "sqrt",
    "Infinity",
    "about",
    "is",
    "May 5, 2012",
    "12",
    "3.5",
    "-7",
    "1,000",
]
PIECES += ["x" * 5, "x" * 1990, "é" * 700, *"xSi059()[]'\"${}\\=-/~?!.,: \n\t\r\0\x1f\x7f\u200b\u00a0é°·"]


def kinds_of(answers: list[str]) -> list[str]:
    return infer_kinds(pl.Series(answers, dtype=pl.String)).to_list()


@example(
    [
        "True.",
        "False",
        "FALSE .",
        "yes",
        "no .",
        "No,",
        "'false'",
        "sin",
        "Sin",
        "infinity",
        "Is sqrt",
        "exp?",
        "a.\n",
        "a\n",
    ]
)
@example(["-5", "9" * 400, "9" * 401, "0.5", "5.", "1,000", "01,000", "1,00", "\\frac{1}{0}", "-\\frac{12}{5}", "٣"])
@example(["a " * 999 + "=5" + last for last in (" ", "  ", ".", "..", "\0", "é", "ab", "abc", "\n")])
@example(["a=" + "é" * 1999, "a=5" + "\u200b" * 2000 + "5", "a" + "\0" * 2001 + "=5", "$" + "a=1+" * 500 + "$"])
@example(["é=" + "a" * 2001, "a=" * 2001, "(a=" * 1400, "a=" + "1" * 2000, "x $about = x$ x", "March 5, 2012 "])
@given(st.lists(st.one_of(st.text(max_size=12), st.lists(st.sampled_from(PIECES), max_size=5).map("".join))))
def test_kinds_are_inferred_by_columns_as_one_by_one(answers: list[str]) -> None:
    assert kinds_of(answers) == [str(infer_kind(answer)) for answer in answers]


@pytest.mark.parametrize("alphabet", ["aS. \n'", "0-,.5", "tTrRuUeE.", "iInf ty"])
def test_kinds_of_all_short_texts_are_those_of_each(alphabet: str) -> None:
    answers = ["".join(letters) for size in range(6) for letters in itertools.product(alphabet, repeat=size)]
    assert kinds_of(answers) == [str(infer_kind(answer)) for answer in answers]


PARTS = ["", "a", "The ", "not", "B", "0", "19", " ", ",", "'", "-", ".", "}", "\\"]


@pytest.mark.parametrize("kind", ["text", "number", "choice"])
def test_what_passes_by_its_form_passes_the_verifier(kind: str) -> None:
    golds = dict.fromkeys("".join(parts) for parts in itertools.product(PARTS, repeat=3))
    keys = [(gold, kind, options) for gold in [*golds, "9" * 18, "9" * 19] for options in (0, 2, 26)]
    rows = pl.DataFrame(keys, schema=["answer", "answer_kind", "option_count"], orient="row")
    passing = rows.filter(passes_by_form()).rows()
    assert passing
    boxed, kinds = [key[0] for key in passing], [key[1] for key in passing]
    right = verify_many([render_gold(gold) for gold in boxed], boxed, kinds)
    wrong = verify_many([render_gold(wrong_answer(*key)) for key in passing], boxed, kinds)
    assert [verdict.score for verdict in right] == [1.0] * len(passing)
    assert [verdict.score for verdict in wrong] == [0.0] * len(passing)


@given(st.text(string.ascii_letters[::7] + string.digits[::4] + string.punctuation + " ", min_size=1, max_size=12))
def test_a_plain_text_that_passes_by_its_form_passes_the_verifier(gold: str) -> None:
    row = pl.DataFrame({"answer": ["not a", "9" + gold], "answer_kind": "text", "option_count": 0})
    for answer in row.filter(passes_by_form())["answer"]:
        responses = [render_gold(answer), render_gold(wrong_answer(answer, "text"))]
        assert [verdict.score for verdict in verify_many(responses, [answer] * 2, ["text"] * 2)] == [1.0, 0.0]


PLAIN_NUMBERS = (
    r"-?[0-9]{1,60}(?:\.[0-9]{1,38})?",
    r"-?[1-9][0-9]{0,2}(?:,[0-9]{3}){1,20}",
    r"-?\\[dt]?frac\{[0-9]{1,40}\}\{[1-9][0-9]{0,39}\}",
)


@example("-1")
@example("0." + "0" * 97 + "1")
@example("-" + "9" * 99)
@given(st.one_of(st.from_regex(form, fullmatch=True, alphabet=string.printable) for form in PLAIN_NUMBERS))
def test_a_plain_number_passes_by_its_form_as_it_passes_the_verifier(gold: str) -> None:
    row = pl.DataFrame({"answer": [gold], "answer_kind": "number", "option_count": 0})
    assert row.filter(passes_by_form()).height == 1
    responses = [render_gold(gold), render_gold(wrong_answer(gold, "number"))]
    assert [verdict.score for verdict in verify_many(responses, [gold] * 2, ["number"] * 2)] == [1.0, 0.0]


def test_a_text_with_what_the_box_reads_as_its_own_does_not_pass_by_its_form() -> None:
    texts = ["a}", "a{b", "a \\boxed{b}", "a</think>b", "a ", " a", "(a)", "é", "a\nb", ""]
    rows = pl.DataFrame({"answer": texts, "answer_kind": "text", "option_count": 0})
    assert rows.filter(passes_by_form()).is_empty()
