"""Properties that hold for any text and any gold."""

import re

from hypothesis import example, given, settings
from hypothesis import strategies as st

from curate.verify import AnswerKind, Reason, extract, infer_kind, render_gold, settle, verify, wrong_answer
from curate.verify.extract import last_box
from curate.verify.latex import is_blank, tidy
from curate.verify.text import normalise_text, settle_text

any_text = st.text(st.characters(exclude_categories=()), max_size=60)  # lone surrogates and all
latex = st.lists(
    st.sampled_from(
        [
            *["\\frac", "{", "}", "\\boxed{", "^", "_", "1", "2", "x", "\\sqrt", "(", ")", ",", " ", "-", "\\text{"],
            *["%", "$", "\\%", ".", "/", "</think>", "<think>", "[", "\\left", "\\\\", "\\,", "^\\circ", "million"],
            *["\\{", "\\}", "e9"],
        ]
    ),
    max_size=25,
).map("".join)
kinds = st.sampled_from(AnswerKind)

decimals = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9, places=3).map(str)
fractions = st.fractions(max_denominator=999).map(str)
numbers = st.one_of(st.integers().map(str), decimals, fractions, st.integers(0, 10**12).map("{:,}".format))
words = st.from_regex(r"[A-Za-z][A-Za-z0-9 ,.'-]{0,30}[A-Za-z0-9]", fullmatch=True)
expressions = st.builds("{}\\sqrt{{{}}}+\\frac{{{}}}{{{}}}".format, *[st.integers(1, 99)] * 4)
letters = st.sampled_from("ABCDEFGHIJ")
golds = st.one_of(
    st.tuples(numbers, st.just("number")),
    st.tuples(numbers, st.just("math")),
    st.tuples(expressions, st.just("math")),
    st.tuples(words, st.just("text")),
    st.tuples(letters, st.just("choice")),
)


@given(golds)
@settings(deadline=None)
def test_a_gold_verifies_against_itself(gold: tuple[str, str]) -> None:
    answer, kind = gold
    assert verify(render_gold(answer), answer, kind).score == 1.0


@given(golds)
@settings(deadline=None)
def test_a_wrong_answer_is_never_settled_as_correct(gold: tuple[str, str]) -> None:
    answer, kind = gold
    assert settle(wrong_answer(answer, kind, 10), answer, kind) is not Reason.CORRECT


@given(st.one_of(any_text, latex), st.one_of(any_text, latex), kinds)
@settings(deadline=None, max_examples=300)
@example("", "²", AnswerKind.NUMBER)  # a digit to Python, and no number
def test_no_text_makes_the_verifier_raise(answer: str, gold: str, kind: AnswerKind) -> None:
    extract(answer)
    infer_kind(answer)
    settle(answer, gold, kind)
    extract(render_gold(answer))
    wrong_answer(gold, kind)


@given(latex, latex)
@settings(deadline=None, max_examples=60)
def test_no_latex_makes_a_worker_raise(answer: str, gold: str) -> None:
    assert verify(render_gold(answer), gold, "math", timeout=2.0).reason in Reason


@given(st.one_of(any_text, latex), kinds)
@example("0/0", AnswerKind.QUANTITY)
@settings(deadline=None, max_examples=300)
def test_the_same_text_is_equal_whenever_it_is_an_answer_at_all(answer: str, kind: AnswerKind) -> None:
    reason = settle(answer, answer, kind)
    assert reason in (Reason.CORRECT, Reason.NO_GOLD)


@given(words)
def test_case_space_and_a_full_stop_do_not_matter_in_text(text: str) -> None:
    assert settle(f"  {text.upper().replace(' ', '  ')}. ", text, "text") is Reason.CORRECT


@given(st.fractions(max_denominator=99), st.fractions(max_denominator=99))
def test_fractions_are_equal_exactly_when_their_values_are(left: object, right: object) -> None:
    assert (settle(str(left), str(right), "number") is Reason.CORRECT) == (left == right)


@given(st.text(max_size=40).filter(lambda text: not set("{}\\") & set(text) and text.strip()))
def test_what_is_put_in_a_box_comes_out_of_it(answer: str) -> None:
    found = extract(render_gold(answer)) if "think>" not in answer else None
    assert found is None or found.answer == answer.strip()


@given(st.text(r"a1é{}\ ~$,;textquad", max_size=20))
def test_what_prints_a_letter_or_a_digit_is_not_blank(text: str) -> None:
    assert not is_blank("a" + text)
    assert is_blank(text) == is_blank(f" {text}")  # which does not begin with one, so each mark is looked at


MARKS = [
    "\\boxed{",
    "\\boxed {",
    "\\boxed\n{",
    "\\boxed",
    "boxed{",
    "\\",
    "\\\\",
    "{",
    "}",
    "\\{",
    "\\}",
    "\\frac",
    "a",
    " ",
    "\n",
]


@example("\\\\\\boxed{a\\}b}")
@example("\\\\boxed{a}")
@example("\\boxed{a\\boxed{b}c}}{")
@given(st.lists(st.sampled_from(MARKS), max_size=20).map("".join))
def test_the_last_box_is_the_one_that_reading_character_by_character_finds(text: str) -> None:
    groups: list[tuple[bool, int]] = []
    found = (-1, "")
    place = 0
    while place < len(text):
        box = re.compile(r"\\boxed\s*\{").match(text, place)
        if box or text[place] == "{":
            groups.append((box is not None, box.end() if box else place + 1))
        elif text[place] == "}" and groups:
            is_box, start = groups.pop()
            found = max(found, (start, text[start:place].strip())) if is_box else found
        place = box.end() if box else place + (2 if text[place] == "\\" else 1)
    assert last_box(text) == (found[1] if found[0] >= 0 else None)


STARTS = ["The ", "an ", "a", "A ", "not ", "Not ", "cat", "ca", "t", "é", "\u0301", "\u200b", "ﬁ", "ſ", "K"]
STARTS += [" ", "\u00a0", "\n", "'", '"', ".", "!", "?", "$", "**", "{", "}", "\\text{", "\\", "<"]
starts = st.lists(st.sampled_from(STARTS), max_size=6).map("".join)


@example("The big cat", "big cat")
@example("an a cat", "a cat")
@example("ca\u200bt", "cat")
@example("Not  a", "not a")
@given(starts, st.one_of(starts, st.just("")))
def test_texts_that_begin_otherwise_are_wrong_because_their_normal_forms_are(answer: str, gold: str) -> None:
    for left, right in ((answer, gold), (answer, answer), (f"not {gold}", gold)):
        mine, theirs = normalise_text(left), normalise_text(right)
        expected = (Reason.CORRECT if mine == theirs else Reason.WRONG) if mine and theirs else None
        assert settle_text(left, right) is (expected or (Reason.EMPTY if theirs else Reason.NO_GOLD))


@example("x^{2}~~1")
@given(st.lists(st.sampled_from([*"x12^_{},~ .-+/()$%é", "{,}", "^{2}", "_{ n }", "  "]), max_size=12).map("".join))
def test_what_has_no_commands_is_tidied_as_if_it_had_one_that_prints_nothing(text: str) -> None:
    assert tidy(text) == tidy(text + r"\quad")


def test_what_has_no_commands_is_tidied() -> None:
    assert tidy("x^{2} + 10{,}000~m") == "x^2+10,000 m"
