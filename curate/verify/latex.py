r"""Cheap LaTeX forms: enough to see that two answers are written alike, without parsing them.

`clean` takes off what stands around an answer and is safe to hand to math-verify. `tidy` writes the same mathematics
the same way (`\dfrac12` and `\frac{1}{2}`), keeping a space after a comma because `10, 100` is two numbers and
`10,100` one.
"""

import re

_UNICODE = str.maketrans(
    {
        **dict.fromkeys("−‐‑‒–—﹣－", "-"),
        **dict.fromkeys("\t\n\r\v\f\u00a0\u202f\u205f\u3000", " "),
        **dict.fromkeys(range(0x2000, 0x200B), " "),
        # zero-width and direction marks: invisible, so never part of an answer
        **dict.fromkeys([0, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x206A), 0xFEFF]),
        **{chr(0xFF10 + digit): str(digit) for digit in range(10)},
        "°": r"^\circ",
        "％": "%",
        "．": ".",
        "⁄": "/",
    }
)
_SAID_OTHERWISE = re.compile("[" + re.escape("".join(map(chr, _UNICODE))) + "]+")
_AROUND = [("$$", "$$"), ("$", "$"), (r"\(", r"\)"), (r"\[", r"\]"), ("**", "**")]
_OPENING = frozenset(left[0] for left, _ in _AROUND)
_FULL_STOPS = (".", "。", "｡")

_MATH_SIGN = re.compile(r"(?<!\\)\$")
_TEXT_COMMAND = re.compile(
    r"\\(?:text(?:bf|it|rm|sf|tt|normal|up)?|math(?:rm|bf|it|sf|tt|normal)|mbox|hbox|textnormal|boldsymbol|bm|operatorname)"
    r"\s*\{([^{}]*)\}"
)
_SPACING = re.compile(r"\\\\|\\!|(?:\\[,;: ]|~|\\q?quad(?![A-Za-z]))+")
_PRINTS_NOTHING = re.compile(r"\\(?:[,;:! \\]|$|q?quad(?![A-Za-z]))|[\s~{}$]")
_DROPPED = re.compile(r"\\(?:left|right|displaystyle|textstyle|limits)(?![A-Za-z])")
_FRACTION = re.compile(r"\\[dtc]?frac(?![A-Za-z])\s*")
_SHORT_FRACTION = re.compile(r"\\frac(?:\{([^{}]*)\}|(\d))\s*(?:\{([^{}]*)\}|(\d))")
_SHORT_SCRIPT = re.compile(r"([_^])\s*\{\s*(\w)\s*\}(?! ?\d)")  # x^{2}3 is not x^{23}
_DEGREE = re.compile(r"\^\s*\{\s*\\circ\s*\}|\^\s*\\circ(?![A-Za-z])\s*|\\degree(?![A-Za-z])\s*")
_IDLE_SPACE = re.compile(r"(?<![A-Za-z0-9,]) | (?![A-Za-z0-9])")


def clean(text: str) -> str:
    """Take off invisible characters, math delimiters around the whole, bold marks and a final full stop."""
    text = (text if text.isascii() and text.isprintable() else _SAID_OTHERWISE.sub(_said_plainly, text)).strip()
    while stripped := _inside(text):
        text = stripped
    if text.endswith(_FULL_STOPS) and not text.endswith((" .", "..")) and len(text) > 1:
        text = text[:-1]
        while stripped := _inside(text):
            text = stripped
    return text


def without_math_signs(text: str) -> str:
    r"""Drop paired `$` inside a text ("$1$, $2$"); an odd one, or `\$`, is currency."""
    return _MATH_SIGN.sub("", text) if "$" in text and len(_MATH_SIGN.findall(text)) % 2 == 0 else text


def unwrap_text(text: str) -> str:
    r"""Replace `\text{...}`, `\mathrm{...}` and their like by what they hold."""
    for _ in range(3 if "\\" in text else 0):
        unwrapped = _TEXT_COMMAND.sub(r"\1", text)
        if unwrapped == text:
            break
        text = unwrapped
    return text


def unbraced(text: str) -> str:
    """Take off braces around the whole, which LaTeX does not print."""
    for _ in range(3):
        inner = text[1:-1]
        if not (text.startswith("{") and text.endswith("}")) or inner.endswith("\\") or not is_balanced(inner):
            break
        text = inner.strip()
    return text


def is_blank(text: str) -> bool:
    r"""Whether LaTeX prints nothing for it: spaces, empty groups and `\text{}`, but not `\{\}`, the empty set."""
    if text[:1].isalnum():
        return False
    return not _PRINTS_NOTHING.sub("", unwrap_text(text)) if "\\" in text or "{" in text else not text.strip()


def tidy(cleaned: str, keep_text: bool = False) -> str:
    r"""Write a cleaned answer in one way. Not for display, and not for math-verify.

    Args:
        cleaned: the result of `clean`.
        keep_text: leave `\text{...}` and its like wrapped, so that words can be told from letters.
    """
    if cleaned.isascii() and cleaned.isalnum():
        return cleaned
    text = cleaned
    if "\\" in text or "~" in text:
        text = _SPACING.sub(_space, text)
        text = text if keep_text else unwrap_text(text)
        text = _DROPPED.sub("", text)
        text = _SHORT_FRACTION.sub(_braced_fraction, _FRACTION.sub(r"\\frac", text))
        text = _DEGREE.sub(r"^\\circ ", text)
        text = text.replace(r"\%", "%").replace(r"\$", "$")
    if "{" in text:
        text = _SHORT_SCRIPT.sub(r"\1\2", text).replace("{,}", ",")
    return _IDLE_SPACE.sub("", " ".join(text.split()))


def is_balanced(text: str) -> bool:
    """Whether every unescaped brace has its partner."""
    depth = 0
    for brace in re.findall(r"\\.|[{}]", text, re.DOTALL):
        depth += {"{": 1, "}": -1}.get(brace, 0)
        if depth < 0:
            return False
    return depth == 0


def _inside(text: str) -> str:
    """What one pair of delimiters around the whole text holds, or nothing if no pair does."""
    if text[:1] not in _OPENING:
        return ""
    for left, right in _AROUND:
        if len(text) > len(left) + len(right) and text.startswith(left) and text.endswith(right):
            inner = text[len(left) : -len(right)]
            # "$x$ or $y$" is not one formula, and a trailing "\$" is currency
            if left not in inner and right not in inner and not inner.endswith("\\"):
                return inner.strip()
    return ""


def _said_plainly(match: re.Match[str]) -> str:
    return match.group().translate(_UNICODE)


def _space(match: re.Match[str]) -> str:
    return {r"\\": r"\\", r"\!": ""}.get(match.group(), " ")


def _braced_fraction(match: re.Match[str]) -> str:
    top, bottom = match[1] or match[2] or "", match[3] or match[4] or ""
    return rf"\frac{{{top.strip()}}}{{{bottom.strip()}}}"
