r"""Plain numbers, exactly: integers, decimals, fractions and what people write around them.

Arithmetic is in `fractions.Fraction`, so 0.1 + 0.2 style surprises cannot happen. A unit mark (`%`, `^\circ`, a
currency sign) may be missing on one side; two different marks never agree. A percentage may be stated as the number
before the sign or as its value: 50% is met by 50 and by 0.5.
"""

import re
from dataclasses import dataclass
from fractions import Fraction

MAX_CHARS = 400  # of one number: exact arithmetic stays in microseconds
MAX_EXPONENT = 400

_DECIMAL = r"(?:[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?|[1-9]\d{0,2}(?: \d{3})+(?:\.\d+)?|\d+(?:\.\d*)?|\.\d+)"
_CURRENCY = "[$€£¥₹]"
_SCALES = {
    "hundred": 10**2,
    "thousand": 10**3,
    "million": 10**6,
    "billion": 10**9,
    "trillion": 10**12,
    "dozen": 12,
}
_NUMBER = re.compile(
    rf"(?P<sign>[+-]? ?)(?P<before>{_CURRENCY})? ?(?P<inner_sign>[+-]?)"
    rf"(?:\\frac\{{(?P<top>[+-]?{_DECIMAL})\}}\{{(?P<bottom>[+-]?{_DECIMAL})\}}"
    rf"|(?P<whole>\d+) ?(?:\\frac\{{(?P<mixed_top>\d+)\}}\{{(?P<mixed_bottom>\d+)\}}"
    r"|(?<= )(?P<mixed_over>\d+)/(?P<mixed_under>\d+))"
    rf"|(?P<over>{_DECIMAL})/(?P<under>{_DECIMAL})"
    r"|(?P<before_repeat>\d*\.\d*)\\(?:overline|bar|dot)\{?(?P<repeat>\d+)\}?"
    rf"|(?P<decimal>{_DECIMAL})(?:\\(?:times|cdot)10\^\{{?(?P<power>[+-]?\d+)\}}?|[eE](?P<exponent>[+-]?\d+))?"
    r"|10\^\{?(?P<bare_power>[+-]?\d+)\}?)"
    rf" ?(?P<scale>{'|'.join(_SCALES)})?s?"
    rf" ?(?P<after>%|percent|\^\\circ|{_CURRENCY})?",
    re.ASCII,
)
_DIGITS = re.compile(r"([0-9A-Fa-f]{1,100})(?:_(\d)|_\{(\d\d)\})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Number:
    """A plain number with the mark it was written with.

    Attributes:
        value: as written, so 50% has the value 50.
        unit: "%", "^\\circ", a currency sign or "".
        inexact: written with a decimal point, so possibly rounded.
    """

    value: Fraction
    unit: str = ""
    inexact: bool = False

    def equals(self, other: "Number") -> bool:
        """Whether both state the same number, given that either may leave its unit out."""
        if self.unit and other.unit and self.unit != other.unit:
            return False
        close = self.inexact or other.inexact
        if _same(self.value, other.value, close):
            return True
        if (self.unit == "%") == (other.unit == "%"):
            return False
        mine = self.value / 100 if self.unit == "%" else self.value
        theirs = other.value / 100 if other.unit == "%" else other.value
        return _same(mine, theirs, close)


def parse_number(tidied: str, e_notation: bool = False) -> Number | None:
    r"""Read a tidied answer (`latex.tidy`) as one plain number, or return None.

    Args:
        tidied: at most `MAX_CHARS` characters, else it is no plain number.
        e_notation: read `1e3` as 1000; in mathematics it is three times Euler's number.
    """
    if not tidied or len(tidied) > MAX_CHARS:
        return None
    match = _NUMBER.fullmatch(tidied)
    if match is None or (match["sign"].strip() and match["inner_sign"]) or (match["before"] and match["after"]):
        return None
    if match["exponent"] and not e_notation:
        return None
    value = _value(match)
    if value is None:
        return None
    if "-" in (match["sign"].strip(), match["inner_sign"]):
        value = -value
    unit = match["before"] or match["after"] or ""
    inexact = any("." in (match[part] or "") for part in ("decimal", "over", "under", "top", "bottom"))
    return Number(value * _SCALES.get(match["scale"] or "", 1), "%" if unit == "percent" else unit, inexact)


def parse_digits(tidied: str) -> tuple[str, str] | None:
    """Read `422_8` as its digits and its base ("" if it names none), or return None."""
    match = _DIGITS.fullmatch(tidied)
    return (match[1].lstrip("0").upper(), match[2] or match[3] or "") if match else None


def _value(match: re.Match[str]) -> Fraction | None:
    part = match.groupdict()
    if part["decimal"] or part["bare_power"]:
        power = int(part["power"] or part["exponent"] or part["bare_power"] or 0)
        if abs(power) > MAX_EXPONENT:
            return None
        value = _exactly(part["decimal"] or "1")
        return value * Fraction(10) ** power if power else value
    if part["repeat"]:
        whole, _, decimals = part["before_repeat"].partition(".")
        start = Fraction(int(whole + decimals or 0), 10 ** len(decimals))
        return start + Fraction(int(part["repeat"]), (10 ** len(part["repeat"]) - 1) * 10 ** len(decimals))
    if part["whole"]:
        top, bottom = part["mixed_top"] or part["mixed_over"], part["mixed_bottom"] or part["mixed_under"]
        proper = 0 < int(top) < int(bottom)  # 1\frac{3}{2} is a product as likely as a mixed number
        return int(part["whole"]) + Fraction(int(top), int(bottom)) if proper else None
    top, bottom = _exactly(part["top"] or part["over"]), _exactly(part["bottom"] or part["under"])
    return top / bottom if bottom else None


def _exactly(written: str) -> Fraction:
    digits = written.replace(",", "").replace(" ", "")
    return Fraction(int(digits) if digits.isdigit() else digits)


def _same(left: Fraction, right: Fraction, close: bool) -> bool:
    """Equal; or, if one was written as a decimal, equal to six places (as math-verify has it) and to a thousandth.

    The thousandth keeps 0.0000001 and 0.0000002 apart, which six places alone would not.
    """
    if left == right:
        return True
    if not close or round(left, 6) != round(right, 6):
        return False
    return abs(left - right) * 1000 < max(abs(left), abs(right))
