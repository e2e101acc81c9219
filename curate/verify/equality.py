"""Whether two answers taken apart (`shape.py`) are equal: yes, no, or not for here to say.

"No" needs a proof as much as "yes" does: two plain numbers, two values that floating point tells apart with its error
bounded, another number of coordinates, a number against an inequality. All else is None, and math-verify decides.
"""

from fractions import Fraction

from curate.verify import algebra, magnitude, numeric
from curate.verify.expression import Node, number
from curate.verify.number import Number
from curate.verify.shape import Shape
from curate.verify.units import same_quantity

_MIRRORED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "=": "=", "!=": "!="}


def equal(gold: Shape, answer: Shape) -> bool | None:
    """Compare, gold first."""
    if gold.kind == "measured" or answer.kind == "measured":
        return _equal_measured(gold, answer)
    if gold.kind == "relation" or answer.kind == "relation":
        return _equal_relations(gold, answer)
    if gold.number and answer.number:
        return answer.number.equals(gold.number)
    mine, theirs = _tree(gold), _tree(answer)
    if mine is not None and theirs is not None:
        return _equal_trees(mine, theirs)
    if mine is not None or theirs is not None:
        return _equal_to_one(answer if theirs is None else gold, gold if theirs is None else answer)
    if gold.kind != answer.kind:
        return None
    if gold.kind == "matrix":
        return _equal_in_order(gold, answer)
    return _equal_unions(gold, answer) if gold.kind == "union" else _equal_sequences(gold, answer)


def _tree(shape: Shape) -> Node | None:
    if shape.number and shape.number.unit in ("", "^\\circ"):
        return number(shape.number.value)
    return shape.tree


def _equal_trees(gold: Node, answer: Node) -> bool | None:
    if gold == answer:  # a value or none, as 0/0
        return True
    if _is_infinite(gold) or _is_infinite(answer):
        return gold == answer if _sign_of_infinity(gold) and _sign_of_infinity(answer) else _one_is_finite(gold, answer)
    if numeric.differ(gold, answer):  # takes a tenth of the time that a normal form does
        return False
    if algebra.same(gold, answer) or (_is_complex_number(gold) and algebra.same(gold, answer, imaginary=True)):
        return True
    return False if _rationals_differ(gold, answer) or magnitude.differ(gold, answer) else None


def _rationals_differ(gold: Node, answer: Node) -> bool:
    mine, theirs = algebra.rational(gold), algebra.rational(answer)
    if mine is None or theirs is None:
        return False
    return abs(mine - theirs) > Fraction(numeric.CLEAR) * max(Fraction(1), abs(mine), abs(theirs))


def _is_infinite(tree: Node) -> bool:
    return tree.name == "oo" or any(_is_infinite(part) for part in tree.parts)


def _sign_of_infinity(tree: Node) -> int:
    if tree.name == "oo":
        return 1
    return -1 if tree.kind == "negate" and tree.parts[0].name == "oo" else 0


def _one_is_finite(gold: Node, answer: Node) -> bool | None:
    is_one = bool(_sign_of_infinity(gold)) != bool(_sign_of_infinity(answer))
    return False if is_one and not (_is_infinite(gold) and _is_infinite(answer)) else None


def _is_complex_number(tree: Node) -> bool:
    """Whether `i` is its only letter: then it is the imaginary unit, and no index."""
    return letters(tree) == {"i"}


def letters(tree: Node) -> set[str]:
    """The names of the letters in an expression."""
    return ({tree.name} if tree.kind == "letter" else set()).union(*(letters(part) for part in tree.parts))


def _equal_to_one(many: Shape, one: Shape) -> bool | None:
    """One value against several, a matrix or an interval."""
    if many.kind == "sequence" and len(many.parts) == 1:
        return equal(many.parts[0], one)
    if many.kind in ("matrix", "union"):
        return False if not letters(_tree(one) or number(0)) else None
    return False if any(equal(part, one) is False for part in many.parts) else None


def _all(verdicts: list[bool | None]) -> bool | None:
    if False in verdicts:
        return False
    return None if None in verdicts else True


def _equal_in_order(gold: Shape, answer: Shape) -> bool | None:
    if len(gold.parts) != len(answer.parts):
        return False
    return _all(
        [
            _equal_in_order(mine, theirs) if mine.marks == theirs.marks == ("row",) else equal(mine, theirs)
            for mine, theirs in zip(gold.parts, answer.parts, strict=True)
        ]
    )


def _equal_sequences(gold: Shape, answer: Shape) -> bool | None:
    brackets, other_brackets = _brackets(gold), _brackets(answer)
    sets = ("{}", "")
    if brackets in sets and other_brackets in sets:
        return _equal_sets(gold.parts, answer.parts)
    if brackets in sets or other_brackets in sets:
        return None
    verdict = _equal_in_order(gold, answer)
    if verdict is False or brackets == other_brackets:
        return verdict
    if len(gold.parts) > 2:  # no interval: [1,2,3] and (1,2,3) are both a point
        return verdict
    return False if "(]" in (brackets, other_brackets) or "[)" in (brackets, other_brackets) else None


def _brackets(sequence: Shape) -> str:
    """As written, but nothing is closed at infinity: [1,oo] is [1,oo)."""
    (brackets,) = sequence.marks
    if len(sequence.parts) != 2 or brackets not in ("[]", "(]", "[)"):
        return brackets
    left, right = (part.tree is not None and _sign_of_infinity(part.tree) for part in sequence.parts)
    return ("(" if left else brackets[0]) + (")" if right else brackets[1])


def _equal_sets(gold: tuple[Shape, ...], answer: tuple[Shape, ...]) -> bool | None:
    """Order-free. Each item must have one partner, and repeated items are not for here."""
    if len(gold) * len(answer) > 400:
        return None
    table = [[equal(mine, theirs) for theirs in answer] for mine in gold]
    columns = [[row[column] for row in table] for column in range(len(answer))]
    if any(all(verdict is False for verdict in line) for line in (*table, *columns)):
        return False
    alone = all(line.count(True) == 1 and line.count(False) == len(line) - 1 for line in (*table, *columns))
    return True if alone and len(gold) == len(answer) else None


def _equal_unions(gold: Shape, answer: Shape) -> bool | None:
    """Piece by piece as written; anything else may still be the same set."""
    if len(gold.parts) != len(answer.parts):
        return None
    verdicts = [
        _brackets(mine) == _brackets(theirs) and _equal_sequences(mine, theirs)
        for mine, theirs in zip(gold.parts, answer.parts, strict=True)
    ]
    return True if all(verdict is True for verdict in verdicts) else None


def _equal_measured(gold: Shape, answer: Shape) -> bool | None:
    """A unit may be missing on one side; two different ones must convert."""
    mine, theirs = (shape.parts[0] if shape.kind == "measured" else shape for shape in (gold, answer))
    if gold.kind == answer.kind and gold.marks != answer.marks:
        if mine.number and theirs.number:
            return same_quantity(mine.number, gold.marks[0], theirs.number, answer.marks[0])
        return None
    return equal(mine, theirs)


def _equal_relations(gold: Shape, answer: Shape) -> bool | None:
    if _is_contradiction(answer) and not _is_contradiction(gold):
        return False
    if gold.kind != "relation":
        # as math-verify: "x=5" is met by 5 and meets it
        return equal(gold, answer.parts[-1]) if _is_assignment(answer) else None
    if answer.kind != "relation":
        if _is_assignment(gold):
            return equal(gold.parts[-1], answer)
        return False if answer.number else None
    if _is_assignment(gold) and _is_assignment(answer) and gold.parts[0] == answer.parts[0]:
        return equal(gold.parts[-1], answer.parts[-1])
    return _equal_inequalities(gold, answer)


def _is_contradiction(shape: Shape) -> bool:
    """Whether it says that two different numbers are one (`41=42`), either of which math-verify might take."""
    if shape.kind != "relation" or set(shape.marks) != {"="}:
        return False
    exact = [part.number for part in shape.parts if part.number and not part.number.inexact]
    return any(not number.equals(exact[0]) for number in exact)


def _is_assignment(shape: Shape) -> bool:
    return shape.marks in (("=",), ("in",)) and shape.parts[0].kind == "name"


def _equal_inequalities(gold: Shape, answer: Shape) -> bool | None:
    if len(gold.parts) != len(answer.parts):
        return None
    for parts, signs in ((answer.parts, answer.marks), (answer.parts[::-1], _mirrored(answer.marks))):
        if signs != gold.marks:
            continue
        verdicts = [_equal_sides(mine, theirs) for mine, theirs in zip(gold.parts, parts, strict=True)]
        if all(verdicts):
            return True
    if len(gold.parts) == 2 and _differences_agree(gold, answer):
        return True
    return _bounds_differ(gold, answer)


def _differences_agree(gold: Shape, answer: Shape) -> bool:
    """Whether one relation is the other times a number: 2x > 6 is x > 3 and -x < -3."""
    mine, theirs = _difference(gold), _difference(answer)
    factor = algebra.ratio(mine, theirs) if mine and theirs else None
    if factor is None:
        return False
    return gold.marks == (answer.marks if factor > 0 or answer.marks == ("=",) else _mirrored(answer.marks))


def _equal_sides(mine: Shape, theirs: Shape) -> bool | None:
    if mine.kind == "name" or theirs.kind == "name":
        return _side(mine) == _side(theirs)
    return equal(mine, theirs)


def _side(shape: Shape) -> Node | None:
    if shape.kind == "name":
        return Node("letter", name=shape.marks[0])
    return _tree(shape)


def _difference(relation: Shape) -> Node | None:
    left, right = (_side(part) for part in relation.parts)
    return Node("add", (left, Node("negate", (right,)))) if left and right and "(" not in left.name else None


def _mirrored(signs: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(_MIRRORED.get(sign, "") for sign in reversed(signs))


def _bounds_differ(gold: Shape, answer: Shape) -> bool | None:
    """x > 3 is not x >= 3, nor x > 4: one letter, one number, both ways."""
    mine, theirs = _bound(gold), _bound(answer)
    if mine is None or theirs is None:
        return None
    (name, sign, value), (other_name, other_sign, other_value) = mine, theirs
    if name != other_name or "=" in (sign, other_sign):
        return None
    return False if sign != other_sign or not value.equals(other_value) else None


def _bound(relation: Shape) -> tuple[str, str, Number] | None:
    if len(relation.parts) != 2:
        return None
    (left, right), (sign,) = relation.parts, relation.marks
    if right.number is None:
        left, right, sign = right, left, _MIRRORED.get(sign, "")
    side = _side(left)
    if right.number is None or side is None or side.kind != "letter":
        return None
    return side.name, sign, right.number
