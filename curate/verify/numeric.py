"""Evaluate an expression in floating point, with a bound on the error: two that differ clearly are different.

Letters stand for fixed positive numbers, `i` for the imaginary unit; letters that differ in case only share a number,
and `log` is tried with both of its bases, so a difference that is found holds whichever way the answers are read. It is
a proof of difference, never of equality.
"""

import cmath
import math
import sys
import zlib
from collections.abc import Callable

from curate.verify.expression import Node

EPSILON = 4 * sys.float_info.epsilon
CLEAR = 1e-5  # math-verify calls decimals equal that agree to six places
POINTS = (1, 2, 3)


class Unsure(Exception):
    """No value at this point, or none that floating point can vouch for."""


Value = tuple[complex, float]  # and an upper bound of its absolute error

_CALLS: dict[str, tuple[Callable[[complex], complex], Callable[[complex], complex]]] = {
    "sin": (cmath.sin, cmath.cos),
    "cos": (cmath.cos, cmath.sin),
    "tan": (cmath.tan, lambda z: 1 / cmath.cos(z) ** 2),
    "cot": (lambda z: 1 / cmath.tan(z), lambda z: 1 / cmath.sin(z) ** 2),
    "sec": (lambda z: 1 / cmath.cos(z), lambda z: cmath.sin(z) / cmath.cos(z) ** 2),
    "csc": (lambda z: 1 / cmath.sin(z), lambda z: cmath.cos(z) / cmath.sin(z) ** 2),
    "sinh": (cmath.sinh, cmath.cosh),
    "cosh": (cmath.cosh, cmath.sinh),
    "tanh": (cmath.tanh, lambda z: 1 / cmath.cosh(z) ** 2),
    "arcsin": (cmath.asin, lambda z: 1 / cmath.sqrt(1 - z * z)),
    "arccos": (cmath.acos, lambda z: 1 / cmath.sqrt(1 - z * z)),
    "arctan": (cmath.atan, lambda z: 1 / (1 + z * z)),
    "ln": (cmath.log, lambda z: 1 / z),
}


def differ(left: Node, right: Node) -> bool:
    """Whether the two certainly have different values somewhere, under every reading."""
    return all(any(_differ_at(left, right, point, base) for point in POINTS) for base in log_bases(left, right))


def log_bases(*trees: Node) -> tuple[float, ...]:
    """The bases that `log` may have in them: both, or any one where there is none."""
    return (10.0, math.e) if any(_has_log(tree) for tree in trees) else (10.0,)


def _has_log(tree: Node) -> bool:
    return tree.name == "log" or any(_has_log(part) for part in tree.parts)


def _differ_at(left: Node, right: Node, point: int, base: float) -> bool:
    try:
        (mine, my_error), (theirs, their_error) = evaluate(left, point, base), evaluate(right, point, base)
    except (Unsure, ValueError, OverflowError, ZeroDivisionError):
        return False
    gap, scale = abs(mine - theirs), max(1.0, abs(mine), abs(theirs))
    return gap > CLEAR * scale and gap > 1000 * (my_error + their_error) and math.isfinite(gap)


def evaluate(tree: Node, point: int, log_base: float) -> Value:
    """Return the value at one of the `POINTS` and a bound of its error.

    Raises:
        Unsure, ValueError, OverflowError, ZeroDivisionError: there is no value that can be vouched for.
    """
    match tree.kind:
        case "number":
            value = float(tree.value)
            return value, abs(value) * EPSILON
        case "constant":
            if tree.name == "oo":
                raise Unsure
            value = math.pi if tree.name == "pi" else math.e
            return value, value * EPSILON
        case "letter":
            return letter_value(tree.name, point)
    values = [evaluate(part, point, log_base) for part in tree.parts]
    match tree.kind:
        case "add":
            total = sum(value for value, _ in values)
            return total, sum(error + abs(value) * EPSILON for value, error in values)
        case "negate":
            return -values[0][0], values[0][1]
        case "multiply":
            return _multiply(*values)
        case "divide":
            return _multiply(values[0], _power(values[1], (-1.0, 0.0)))
        case "power":
            return _power(*values)
        case "factorial":
            return _factorial(values[0])
        case "binomial":
            upper, lower = values
            under = _multiply(_factorial(lower), _factorial((upper[0] - lower[0], 0.0)))
            return _multiply(_factorial(upper), _power(under, (-1.0, 0.0)))
        case "call":
            return _call(tree.name, values[0], log_base)
    raise Unsure


def letter_value(name: str, point: int) -> Value:
    """What a letter stands for at one of the `POINTS`."""
    folded = name.lower()
    if folded == "i":
        return 1j, 0.0
    if folded == "e":
        return math.e, math.e * EPSILON
    return 0.35 + (zlib.crc32(f"{folded}/{point}".encode()) % 9973) / 6421, EPSILON


def _multiply(left: Value, right: Value) -> Value:
    (mine, my_error), (theirs, their_error) = left, right
    product = mine * theirs
    return product, abs(mine) * their_error + abs(theirs) * my_error + abs(product) * EPSILON


def _power(base: Value, exponent: Value) -> Value:
    (value, error), (power, power_error) = base, exponent
    if value == 0 or error > abs(value) / 1e4 or power_error > 1e-4 or abs(power) > 1e6:
        raise Unsure
    # an even root of a negative number is another number to those who want the real one
    if power.imag == 0 and power.real != round(power.real) and value.imag == 0 and value.real < 0 and power.real != 0.5:
        raise Unsure
    result = value**power
    relative = abs(power) * error / abs(value) + abs(cmath.log(value)) * power_error
    if relative > 1e-4:
        raise Unsure
    return result, abs(result) * (2 * relative + (4 + abs(power) + abs(cmath.log(value) * power)) * EPSILON)


def _factorial(operand: Value) -> Value:
    value, error = operand
    whole = round(value.real)
    if value.imag or abs(value.real - whole) > 1e-9 or not 0 <= whole <= 150 or error > 1e-9:
        raise Unsure
    product = float(math.factorial(whole))
    return product, product * EPSILON


def _call(name: str, operand: Value, log_base: float) -> Value:
    value, error = operand
    if error > 1e-6:
        raise Unsure
    match name:
        case "abs":
            return abs(value), error
        case "floor" | "ceil":
            if value.imag or abs(value.real - round(value.real)) < 1e-6:
                raise Unsure
            return float(math.floor(value.real) if name == "floor" else math.ceil(value.real)), 0.0
        case "log":
            quotient, quotient_error = _call("ln", operand, log_base)
            return quotient / math.log(log_base), quotient_error / math.log(log_base) + abs(quotient) * EPSILON
    function, derivative = _CALLS[name]
    result, slope = function(value), abs(derivative(value))
    if slope * error > 1e-4:
        raise Unsure
    return result, 2 * slope * error + (slope * abs(value) + abs(result)) * EPSILON
