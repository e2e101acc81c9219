r"""Tell a number that is beyond floating point from one that is not.

`2^{10^9}`, `(10^9)!` and `9^{9^{9^9}}` cost sympy minutes or all its memory, but that they are no `\sqrt{17}` takes only a
lower bound. Interval arithmetic over the real numbers: each bound is pushed outwards by far more than a step of floating point
is off; a lower bound stops at `CEILING`, an upper one may be infinite. What has no certain real value between bounds (a
negative base, `i`, a function) raises `Unsure`. As in `numeric.py`, a difference is proved, never an equality.
"""

import math
from collections.abc import Iterable

from curate.verify.expression import Node
from curate.verify.numeric import POINTS, Unsure, evaluate, letter_value, log_bases

WITHIN, BEYOND = 1e200, 1e250
CEILING = 1e300
SMALLEST = 1e-300
SLACK = 1e-9  # relative; floating point is off by 1e-15 in a step

Bounds = tuple[float, float]


def differ(left: Node, right: Node) -> bool:
    """Whether one certainly has a value beyond floating point where the other's is within it."""
    pairs = ((left, right), (right, left))
    return any(_is_beyond(mine, point) and _is_within(theirs, point) for mine, theirs in pairs for point in POINTS)


def _is_beyond(tree: Node, point: int) -> bool:
    try:
        low, high = enclose(tree, point)
    except (Unsure, OverflowError):
        return False
    return low > BEYOND or high < -BEYOND


def _is_within(tree: Node, point: int) -> bool:
    try:
        values = [evaluate(tree, point, base) for base in log_bases(tree)]
    except (Unsure, ValueError, OverflowError, ZeroDivisionError):
        return False
    return all(abs(value) + error < WITHIN for value, error in values)


def enclose(tree: Node, point: int) -> Bounds:
    """Return a lower and an upper bound of the value at one of numeric's `POINTS`.

    Raises:
        Unsure, OverflowError: there are none to vouch for.
    """
    match tree.kind:
        case "number":
            return _around([float(tree.value)])
        case "constant" if tree.name in ("pi", "e"):
            return _around([math.pi if tree.name == "pi" else math.e])
        case "letter":
            value, _ = letter_value(tree.name, point)
            if value.imag:
                raise Unsure
            return _around([value.real])
    match tree.kind, [enclose(part, point) for part in tree.parts]:
        case "add", parts:
            return _around([sum(low for low, _ in parts), sum(high for _, high in parts)])
        case "negate", [(low, high)]:
            return -high, -low
        case "multiply", [left, right]:
            return _around(mine * theirs for mine in left for theirs in right)
        case "divide", [left, (low, high)] if not low <= 0 <= high:
            return _around(mine / theirs for mine in left for theirs in (low, high))
        case "power", [(low, high), exponent] if low > 0:
            return _exponential(math.log(base) * power for base in (low, high) for power in exponent)
        case "factorial", [(low, high)] if low >= 2:
            return _exponential([math.lgamma(low + 1), math.lgamma(high + 1)])
        case "binomial", [(upper, _), (low, high)] if upper >= high >= low >= 1:
            # each of the k factors of n/k * (n-1)/(k-1) * ... is at least n/k
            return _exponential([low * math.log(upper / high), math.inf])
    raise Unsure


def _exponential(logarithms: Iterable[float]) -> Bounds:
    return _around(math.exp(value) if value < 700 else math.inf for value in _around(logarithms))


def _around(values: Iterable[float]) -> Bounds:
    """The range of the values, a little wider, and around 0 wider than the smallest that floating point can hold."""
    found = list(values)
    if any(map(math.isnan, found)):
        raise Unsure
    low, high = min(found), max(found)
    low, high = low * (1 - math.copysign(SLACK, low)), high * (1 + math.copysign(SLACK, high))
    return min(low - SMALLEST, CEILING), max(high + SMALLEST, -CEILING)
