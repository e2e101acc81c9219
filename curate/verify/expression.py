r"""Read an answer as an expression, or not at all.

A small grammar over tidied LaTeX (and `2*x**3`, `sqrt(2)`): numbers, letters, subscripts, sums, products written or
implied, quotients, powers, roots, factorials, the usual functions. The promise is that what it reads has one meaning:
wherever two readers could differ (`1/2x`, `\sin x y`, `2 3`, `f(x)`, a prime, a word), it raises `Unreadable` and
math-verify decides. Linear in the text, bounded in depth.
"""

import re
from dataclasses import dataclass
from fractions import Fraction

MAX_CHARS = 300
MAX_DEPTH = 30

FUNCTIONS = frozenset(
    {"sin", "cos", "tan", "cot", "sec", "csc", "sinh", "cosh", "tanh", "arcsin", "arccos", "arctan", "ln", "log", "exp"}
)
_INVERSES = {"sin": "arcsin", "cos": "arccos", "tan": "arctan"}
_GREEK = re.compile(
    r"(?:alpha|beta|gamma|delta|(?:var)?epsilon|zeta|eta|(?:var)?theta|iota|kappa|lambda|mu|nu|xi|rho|sigma|tau|upsilon"
    r"|(?:var)?phi|chi|psi|omega|Gamma|Delta|Theta|Lambda|Xi|Sigma|Phi|Psi|Omega|ell|hbar)"
)
_PLAIN_WORDS = FUNCTIONS | {"sqrt", "pi"}
_TOKEN = re.compile(
    r"(?P<space> +)|(?P<number>\d+(?:\.\d+)?|\.\d+)|\\(?P<command>[A-Za-z]+)|(?P<word>[A-Za-z]+)|(?P<mark>\*\*|[-+*/^_(){}\[\]|!π∞√²³·×÷])"
)
_TIMES = {"*", "·", "×", "\\cdot", "\\times"}
_OVER = {"/", "÷", "\\div"}
_OPENING = {"(": ")", "{": "}", "[": "]"}


class Unreadable(Exception):
    """The text is no expression of this grammar, or more than one."""


@dataclass(frozen=True, slots=True)
class Node:
    """One node of an expression.

    Attributes:
        kind: number, letter, constant (pi, e), add, multiply, divide, power, negate, factorial, binomial, call.
        parts: the operands.
        value: of a number.
        name: of a letter, constant or function.
    """

    kind: str
    parts: tuple["Node", ...] = ()
    value: Fraction = Fraction(0)
    name: str = ""


def number(value: int | Fraction) -> Node:
    """A number as a node."""
    return Node("number", value=Fraction(value))


def read_expression(text: str) -> Node:
    """Read the whole of a tidied text.

    Raises:
        Unreadable: it is too long, too deep, or has no single meaning.
    """
    if not text or len(text) > MAX_CHARS:
        raise Unreadable
    reader = _Reader(_tokens(text))
    tree = reader.sum(0)
    reader.skip_space()
    if reader.peek():
        raise Unreadable
    return tree


def _tokens(text: str) -> list[str]:
    tokens: list[str] = []
    place = 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise Unreadable
        place = match.end()
        if match["command"]:
            tokens.append("\\" + match["command"])
        elif match["word"]:
            tokens += _split_word(match["word"])
        elif match["space"]:
            tokens.append(" ")
        else:
            tokens.append(match.group())
    return tokens


def _split_word(word: str) -> list[str]:
    """A run of letters is one plain function or a product of up to three letters; a longer one may be a word."""
    if word in _PLAIN_WORDS:
        return ["\\" + word]
    if len(word) > 3 or word in ("and", "or", "mod", "gcd", "lcm", "max", "min", "lim", "deg", "inf", "det", "arg"):
        raise Unreadable
    return list(word)


class _Reader:
    """Recursive descent over the tokens; `depth` counts what is open."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens
        self.place = 0
        self.in_bars = False

    def peek(self) -> str:
        return self.tokens[self.place] if self.place < len(self.tokens) else ""

    def take(self) -> str:
        token = self.peek()
        if not token:
            raise Unreadable
        self.place += 1
        return token

    def skip_space(self) -> bool:
        start = self.place
        while self.peek() == " ":
            self.place += 1
        return self.place > start

    def next_token(self) -> str:
        self.skip_space()
        return self.peek()

    def expect(self, token: str) -> None:
        self.skip_space()
        if self.take() != token:
            raise Unreadable

    def sum(self, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise Unreadable
        terms = []
        sign = self.next_token()
        if sign in ("+", "-"):
            self.take()
        while True:
            if self.next_token() in ("+", "-"):
                raise Unreadable  # two signs in a row
            term = self.product(depth)
            terms.append(Node("negate", (term,)) if sign == "-" else term)
            sign = self.next_token()
            if sign not in ("+", "-"):
                return terms[0] if len(terms) == 1 else Node("add", tuple(terms))
            self.take()

    def product(self, depth: int) -> Node:
        left = self.factor(depth)
        divided = False  # `1/2x`: what stands after is above or below the line
        while True:
            spaced = self.skip_space()
            token = self.peek()
            if token in _TIMES or token in _OVER:
                self.take()
                if self.next_token() in ("+", "-"):
                    raise Unreadable
                right = self.factor(depth)
                divided = token in _OVER
                left = Node("divide" if divided else "multiply", (left, right))
            elif token and token not in "+-)}]|" and token != "\\right":
                if divided or (spaced and token[0].isdigit()) or (token[0].isdigit() and self._after_digit()):
                    raise Unreadable
                left = Node("multiply", (left, self.factor(depth)))
            elif token == "|" and not self.in_bars:
                if divided:
                    raise Unreadable
                left = Node("multiply", (left, self.factor(depth)))
            else:
                return left

    def _after_digit(self) -> bool:
        """Whether the last token before any space was a number: "2 3" is 6, 23 or a list."""
        before = self.place - 1
        while before > 0 and self.tokens[before] == " ":
            before -= 1
        return self.tokens[before][-1].isdigit()

    def factor(self, depth: int) -> Node:
        base = self.primary(depth)
        while True:
            token = self.peek()
            if token == " " and self.tokens[self.place + 1 : self.place + 2] in (["^"], ["!"], ["**"]):
                self.skip_space()
                token = self.peek()
            if token == "!":
                if self.tokens[self.place - 1] == "!":
                    raise Unreadable  # 9!! is a factorial of every other number, or of a factorial
                self.take()
                base = Node("factorial", (base,))
            elif token in ("²", "³"):
                self.take()
                base = Node("power", (base, number(2 if token == "²" else 3)))
            elif token in ("^", "**"):
                self.take()
                return Node("power", (base, self.exponent(depth, token)))  # a tower nests inside the exponent
            else:
                return base

    def exponent(self, depth: int, mark: str) -> Node:
        """One braced group, one digit or one letter in LaTeX; after `**` a whole factor."""
        if depth > MAX_DEPTH:
            raise Unreadable
        token = self.next_token()
        if token == "{":
            return self.group(depth)
        if mark == "**" or token == "(":
            sign = self.take() if token == "-" else ""
            power = self.factor(depth + 1)
            return Node("negate", (power,)) if sign else power
        if token == "-":  # x^-1
            self.take()
            return Node("negate", (self.exponent(depth + 1, mark),))
        if token[:1].isdigit() and len(token) > 1:
            raise Unreadable  # LaTeX raises the first digit alone, people mean both
        return self.primary(depth)

    def group(self, depth: int) -> Node:
        opening = self.take()
        outside, self.in_bars = self.in_bars, False
        inner = self.sum(depth + 1)
        self.expect(_OPENING[opening])
        self.in_bars = outside
        return inner

    def primary(self, depth: int) -> Node:
        token = self.next_token()
        if not token:
            raise Unreadable
        if token[0].isdecimal() or token[0] == ".":
            return self.mixed(Fraction(self.take()), token, depth)
        if token in _OPENING:
            return self.group(depth)
        if token == "|":
            if self.in_bars:
                raise Unreadable
            self.take()
            self.in_bars = True
            inner = self.sum(depth + 1)
            self.expect("|")
            self.in_bars = False
            return Node("call", (inner,), name="abs")
        self.take()
        if token == "√":
            return Node("power", (self.primary(depth), number(Fraction(1, 2))))
        if token in ("π", "\\pi"):
            return Node("constant", name="pi")
        if token in ("∞", "\\infty"):
            return Node("constant", name="oo")
        if token.startswith("\\"):
            return self.command(token[1:], depth)
        if token.isalpha():
            return self.letter(token)
        raise Unreadable

    def mixed(self, value: Fraction, digits: str, depth: int) -> Node:
        """`1\\frac{1}{2}` is a mixed number or a product: only `2\\frac{x}{y}` has one meaning."""
        place = self.place
        if self.next_token() == "\\frac" and digits.isdigit():
            fraction = self.factor(depth)
            top, bottom = fraction.parts if fraction.kind == "divide" else (fraction, fraction)
            if top.kind == bottom.kind == "number":
                raise Unreadable
        self.place = place
        return number(value)

    def letter(self, letter: str) -> Node:
        if self.peek() == "(" and (letter in "fghFGHP" or self.tokens[self.place + 2 : self.place + 3] == [")"]):
            raise Unreadable  # f(x+1), y(t), I(0): a function as likely as a product
        subscript = ""
        if self.peek() == "_":
            self.take()
            if self.peek() == "{":
                self.take()
                while self.peek() and self.peek() != "}":
                    subscript += self.take()
                self.expect("}")
            else:
                subscript = self.take()
            if not re.fullmatch(r"\w{1,8}|\\[a-z]+", subscript.strip()):
                raise Unreadable
            if self.peek() == "(":
                raise Unreadable
            return Node("letter", name=f"{letter}_{subscript.strip()}")
        return Node("constant", name="e") if letter == "e" else Node("letter", name=letter)

    def command(self, name: str, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise Unreadable
        if _GREEK.fullmatch(name):
            return self.letter(name)
        if name in FUNCTIONS:
            return self.call(name, depth)
        match name:
            case "frac":
                return Node("divide", (self.argument(depth), self.argument(depth)))
            case "binom":
                return Node("binomial", (self.argument(depth), self.argument(depth)))
            case "sqrt":
                index = self.group(depth) if self.next_token() == "[" else number(2)
                radicand = self.group(depth) if self.next_token() in ("{", "(") else self.single(depth)
                return Node("power", (radicand, Node("divide", (number(1), index))))
            case "lfloor" | "lceil":
                inner = self.sum(depth + 1)
                self.expect("\\rfloor" if name == "lfloor" else "\\rceil")
                return Node("call", (inner,), name="floor" if name == "lfloor" else "ceil")
            case "lvert":
                inner = self.sum(depth + 1)
                self.expect("\\rvert")
                return Node("call", (inner,), name="abs")
        raise Unreadable

    def argument(self, depth: int) -> Node:
        if self.next_token() != "{":
            return self.single(depth)
        return self.group(depth)

    def single(self, depth: int) -> Node:
        r"""What `\sqrt` takes without braces: `\sqrt3`, `\sqrt x`."""
        token = self.next_token()
        if token.isdigit() and len(token) > 1:
            self.tokens[self.place : self.place + 1] = [token[0], token[1:]]
        return self.primary(depth)

    def call(self, name: str, depth: int) -> Node:
        power: Node | None = None
        base: Node | None = None
        if name == "log" and self.peek() == "_":
            self.take()
            base = self.exponent(depth, "_")
        if self.next_token() == "^":
            self.take()
            power = self.exponent(depth, "^")
            if power == Node("negate", (number(1),)):
                if name not in _INVERSES:
                    raise Unreadable
                name, power = _INVERSES[name], None
        inner = self.group(depth) if self.next_token() in _OPENING else self.bare_argument(depth)
        if name == "exp":
            result = Node("power", (Node("constant", name="e"), inner))
        elif base is not None:
            result = Node("divide", (Node("call", (inner,), name="ln"), Node("call", (base,), name="ln")))
        else:
            result = Node("call", (inner,), name=name)
        if self.peek() == "^" or self.next_token() == "^":
            raise Unreadable  # \sin(x)^2
        return result if power is None else Node("power", (result, power))

    def bare_argument(self, depth: int) -> Node:
        r"""`\sin 2t`, `\ln x`: a number and one more factor at most, so that nothing after it can be in doubt."""
        inner = self.factor(depth)
        if inner.kind == "number":
            token = self.next_token()
            if token in ("\\pi", "\\theta", "\\omega") or (token and token[0] not in "+-)}]|*/\\"):
                inner = Node("multiply", (inner, self.factor(depth)))
        token = self.next_token()
        if token and token not in "+-)}]|" and token.lstrip("\\") not in FUNCTIONS:
            raise Unreadable
        return inner
