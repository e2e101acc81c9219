"""Kinds of answer beyond letters, text and numbers: truth tables, and properties that every kind keeps."""

import random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from curate.verify import Reason, infer, infer_kind, render_gold, settle, verify, wrong_answer

EQUAL = {
    "boolean": [("yes", "Yes."), ("True", "yes"), ("no", "FALSE"), ("false", "n"), ("yes", r"\text{Yes}")],
    "multi_choice": [
        ("AC", "A, C"),
        ("A,C", "C and A"),
        ("AC", "(a)(c)"),
        ("A; C", "ACA"),
        ("B", "b"),
        ("A C", r"\text{AC}"),
    ],
    "date": [
        ("2020-12-25", "December 25, 2020"),
        ("December 25, 2020", "25th of December 2020"),
        ("2020-12-25", "Friday, Dec. 25, 2020"),
        ("2020-12-25", "12/25/2020"),
        ("2020-12-25", "25/12/2020"),
        ("May 2012", "may, 2012"),
        ("October 30", "30 October"),
    ],
    "quantity": [
        ("5 cm", r"5\text{ cm}"),
        (r"5\text{ cm}", "5"),
        ("5", "5 cm"),
        ("5 m", "500 cm"),
        ("2 hours", "120 minutes"),
        ("20 miles per hour", "20 mph"),
        (r"12\text{ ft}^2", "12 square feet"),
        ("5 kg", "5,000 g"),
        ("$18", "18 dollars"),
        (r"2\sqrt{3}\text{ cm}", r"\sqrt{12} \mathrm{~cm}"),
        ("3 kittens", "3 kittens."),
        ("1 L", "1000 mL"),
    ],
    "interval": [
        (r"[3,\infty)", r"x \ge 3"),
        (r"[3,\infty)", "3 <= x"),
        (r"[3,\infty)", r"\{x \mid x \ge 3\}"),
        (r"[3,\infty)", r"[3,+\infty)"),
        ("(1,2]", r"1 < x \leq 2"),
        (r"(-\infty,1)\cup(3,\infty)", r"x > 3 \text{ or } x < 1"),
        (r"(0,2]", r"(0,1]\cup(1,2]"),
        (r"(-\infty,\sqrt{5}]", r"x \le \sqrt{5}"),
        (r"[\frac{1}{2},1)", "[0.5,1)"),
        (r"(-\infty,0)\cup(0,\infty)", r"x \neq 0"),
    ],
    "list": [
        ("1, 2", "[1, 2]"),
        ("['1.50', '2']", "[1.5, 2]"),
        ("a | b", "a|B"),
        ("1\n2", "1, 2"),
        ("red; blue", "1. red\n2. blue"),
        ("1/2, 3", r"\frac{1}{2}, 3"),
        ("(1,2), (3,4)", "(1, 2), (3, 4)"),
    ],
    "set": [
        ("Rome|Paris|London", "Paris, London and Rome"),
        ("1, 2", "{2, 1, 1}"),
        ("a, b", "b; a"),
        (r"\sqrt{8}, 1", r"1, 2\sqrt{2}"),
        ("Paris", "paris"),
        ("0.5, 2", "2, 1/2"),
    ],
}

DIFFERENT = {
    "boolean": [("yes", "no"), ("True", "f"), ("no", "not sure"), ("yes", "yes and no"), ("yes", "Yes, because it is")],
    "multi_choice": [("AC", "A"), ("AC", "ABC"), ("A", "AC"), ("AC", "bad"), ("AC", "Paris"), ("AC", "A dog")],
    "date": [
        ("2020-12-25", "2020-12-26"),
        ("2020-12-25", "December 2020"),
        ("May 2012", "May 5, 2012"),
        ("2020-02-01", "1/2/2020"),
        ("2020-12-25", "Christmas"),
        ("2020-12-25", "2020-13-25"),
    ],
    "quantity": [
        (r"5\text{ cm}", "5 m"),
        ("5 cm", "5 cm^2"),
        ("5 cm", "6 cm"),
        ("3 apples", "3 pears"),
        ("$18", "18 euros"),
        ("32 degrees", "33 degrees"),
        ("5 cm", "five"),
        ("60 km/h", "60 mph"),
        ("18", "18 million"),
    ],
    "interval": [
        (r"[3,\infty)", "x > 3"),
        (r"[3,\infty)", r"(3,\infty)"),
        ("(1,2]", "[1,2)"),
        (r"(-\infty,1)\cup(3,\infty)", r"(-\infty,1)"),
        (r"(-\infty,1)\cup(3,\infty)", r"(-\infty,\infty)"),
        (r"(-\infty,0)\cup(0,\infty)", r"(-\infty,\infty)"),
        (r"[3,\infty)", "3"),
        (r"[3,\infty)", "all of them"),
    ],
    "list": [("1, 2", "2, 1"), ("1, 2", "1"), ("1, 1, 2", "1, 2"), ("1, 2", "12"), ("a|b", "a and b and c")],
    "set": [("1, 2", "1"), ("1", "1, 2"), ("a|b", "a|c"), ("Rome|Paris", "Rome or maybe Paris"), ("1.5, 2", "15, 2")],
}


@pytest.mark.parametrize("kind", EQUAL)
def test_answers_of_a_kind_are_equal_however_they_are_written(kind: str) -> None:
    assert {pair: settle(pair[1], pair[0], kind) for pair in EQUAL[kind]} == dict.fromkeys(EQUAL[kind], Reason.CORRECT)


@pytest.mark.parametrize("kind", DIFFERENT)
def test_other_answers_of_a_kind_are_not_equal(kind: str) -> None:
    reasons = {pair: settle(pair[1], pair[0], kind) for pair in DIFFERENT[kind]}
    assert {pair: reason for pair, reason in reasons.items() if reason not in (Reason.WRONG, Reason.UNPARSEABLE)} == {}


def test_a_list_or_set_whose_items_take_algebra_goes_to_math_verify() -> None:
    gold, nested = r"\sqrt{4+2\sqrt{3}}, 2", r"1+\sqrt{3}, 2"
    swapped = ", ".join(reversed(nested.split(", ")))
    assert settle(nested, gold, "list") is settle(swapped, gold, "set") is None
    assert verify(render_gold(nested), gold, "list").correct
    assert verify(render_gold(swapped), gold, "set").correct
    assert not verify(render_gold(swapped), gold, "list").correct


@pytest.mark.parametrize(
    ("kind", "gold"),
    [("boolean", "maybe"), ("multi_choice", "some"), ("date", "soon"), ("interval", "5"), ("quantity", "many")],
)
def test_a_gold_that_is_not_of_its_kind_cannot_be_met(kind: str, gold: str) -> None:
    assert settle(gold, gold, kind) is Reason.NO_GOLD


numbers = st.one_of(st.integers(-(10**6), 10**6).map(str), st.fractions(max_denominator=99).map(str))
words = st.from_regex(r"[A-Za-z]{2,9}", fullmatch=True).filter(
    lambda word: word.lower() not in ("or", "and", "an", "the")
)
items = st.lists(st.one_of(numbers, words), min_size=1, max_size=6)
units = st.sampled_from(["cm", "kg", "hours", "square feet", "miles per hour", "kittens", "m/s^2"])
ends = st.integers(-99, 99)
golds = st.one_of(
    st.tuples(st.just("boolean"), st.sampled_from(["yes", "no", "True", "false"])),
    st.tuples(
        st.just("multi_choice"), st.sets(st.sampled_from("ABCDEF"), min_size=1).map(lambda s: ", ".join(sorted(s)))
    ),
    st.tuples(st.just("list"), items.map("|".join)),
    st.tuples(st.just("set"), items.map("; ".join)),
    st.tuples(st.just("date"), st.dates().map(str).filter(lambda day: day < "9999")),
    st.tuples(st.just("quantity"), st.builds("{} {}".format, st.integers(-99, 9999), units)),
    st.tuples(st.just("interval"), st.builds(lambda low, size: f"[{low}, {low + size})", ends, st.integers(1, 99))),
    st.tuples(st.just("interval"), st.builds(r"(-\infty, {}] \cup ({}, \infty)".format, ends, st.integers(100, 199))),
)


@given(golds)
def test_a_gold_of_any_kind_scores_and_its_wrong_answer_does_not(row: tuple[str, str]) -> None:
    kind, gold = row
    assert verify(render_gold(gold), gold, kind).score == 1.0
    wrong = wrong_answer(gold, kind, 6)
    assert verify(render_gold(wrong), gold, kind).score == 0.0


@given(items, st.randoms(use_true_random=False))
def test_a_set_has_no_order_and_a_list_has(parts: list[str], shuffler: random.Random) -> None:
    shuffled = list(parts)
    shuffler.shuffle(shuffled)
    gold, answer = "; ".join(parts), "; ".join(shuffled)
    assert settle(answer, gold, "set") is Reason.CORRECT
    is_same = all(settle(*pair, infer_kind(pair[1])) is Reason.CORRECT for pair in zip(shuffled, parts, strict=True))
    assert (settle(answer, gold, "list") is Reason.CORRECT) is is_same


PIECES = ["yes", "No", "sin", "sqrt", "about", "May 5, 2012", "12", "3.5", *"x()[]'\"${}\\=-/~?., \n\t\0\u200b\u00a0é°"]
pieces = st.sampled_from(PIECES)


@example("yes ")
@example("yes..")
@example("May 5, 2012")
@example("about x = {sqrt}")
@example("sqr\0t = x")
@given(st.lists(pieces).map("".join))
def test_what_form_alone_settles_is_what_a_closer_look_says(answer: str) -> None:
    assert infer_kind(answer) is infer._infer(answer)


@example("x", "=x", 999, "x.\n")
@example("x", "=x", 1000, ".\n")
@example("x", "=x\0", 900, "")
@example("x", "=x\u200b", 900, "")
@example("$", "=x", 1000, "$")
@given(pieces, st.lists(pieces, min_size=1, max_size=6).map("".join), st.integers(1, 400), pieces)
def test_a_long_answer_is_text_only_where_it_stays_long_once_cleaned(
    start: str, mid: str, times: int, end: str
) -> None:
    answer = start + mid * times + end
    if len(answer) <= 4000:
        assert infer_kind(answer) is infer._infer(answer)
