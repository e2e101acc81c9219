"""What is beyond floating point is told from what is not, by proof: bounds enclose the exact value, wherever there is one."""

import math
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from curate.verify import settle
from curate.verify.expression import Node, Unreadable, number, read_expression
from curate.verify.latex import clean, tidy
from curate.verify.magnitude import differ, enclose
from curate.verify.numeric import Unsure

BEYOND = [
    "2^{10^9}",
    "9^{9^{9^9}}",
    "(10^9)!",
    r"\binom{10^9}{5 \cdot 10^8}",
    "(x+y+z+1)^{500}",
    "-2^{2000}",
    "((9!)!)!",
]
# Some are one number in two forms, some are not; none is proved.
UNPROVED = [
    ("2^{10^9}", "4^{5 \\cdot 10^8}"),
    ("2^{1100} \\cdot 2^{-1090}", "1024"),
    ("2^{10^9}-2^{10^9}", "0"),
    ("10^{-10^9}", "0"),
    ("(2^{10^9})^{10^{-9}}", "2"),
    ("(10^9)!", "10^9 \\cdot (10^9-1)!"),
    ("1^{10^9}", "1"),
    ("\\ln(2^{10^9})", "10^9 \\ln(2)"),
]


def read(text: str) -> Node:
    return read_expression(tidy(clean(text)))


@pytest.mark.parametrize("beyond", BEYOND)
def test_a_number_beyond_floating_point_is_told_from_one_within_without_a_worker(beyond: str) -> None:
    assert settle(beyond, r"\sqrt{17}", "math") == settle(r"\sqrt{17}", beyond, "math") == "wrong"
    assert settle(beyond, beyond, "math") == "correct"


@pytest.mark.parametrize(("left", "right"), UNPROVED)
def test_what_the_bounds_leave_open_is_not_claimed(left: str, right: str) -> None:
    assert not differ(read(left), read(right))
    assert not differ(read(right), read(left))


def test_a_double_factorial_is_not_read_as_a_factorial_of_one() -> None:
    with pytest.raises(Unreadable):
        read("9!!")
    assert settle("945", "9!!", "math") is None
    assert read("(3!)!") == Node("factorial", (Node("factorial", (number(3),)),))


whole = st.integers(0, 40).map(number)
exact: st.SearchStrategy[Node] = st.recursive(
    st.fractions(0, 50, max_denominator=9).map(number),
    lambda parts: st.one_of(
        *[st.builds(lambda *pair, kind=kind: Node(kind, pair), parts, parts) for kind in ("add", "multiply", "divide")],
        parts.map(lambda part: Node("negate", (part,))),
        st.builds(lambda base, power: Node("power", (base, power)), parts, whole),
        whole.map(lambda part: Node("factorial", (part,))),
        st.builds(lambda *pair: Node("binomial", pair), whole, whole),
    ),
    max_leaves=8,
)


def value_of(tree: Node) -> Fraction:
    if tree.kind == "number":
        return tree.value
    values = [value_of(part) for part in tree.parts]
    match tree.kind, values:
        case "add", _:
            return sum(values, Fraction(0))
        case "multiply", [left, right]:
            return left * right
        case "divide", [left, right]:
            return left / right
        case "negate", [only]:
            return -only
        case "power", [base, power]:
            return base ** int(power)
        case "factorial", [only]:
            return Fraction(math.factorial(int(only)))
        case "binomial", [upper, lower]:
            return Fraction(math.comb(int(upper), int(lower)))
    raise AssertionError(tree.kind)


@given(exact)
def test_the_bounds_enclose_the_exact_value(tree: Node) -> None:
    try:
        low, high = enclose(tree, 1)
        value = value_of(tree)
    except (Unsure, OverflowError, ZeroDivisionError):
        assume(False)
    assert low == -float("inf") or Fraction(low) <= value
    assert high == float("inf") or value <= Fraction(high)
