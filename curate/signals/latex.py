"""LaTeX that cannot be typeset: what opens and does not close.

Braces, environments, \\left and \\right, display brackets and dollars are counted where a text has a LaTeX command at all; an
odd dollar that stands before a sum may be money. Program text and Asymptote have braces and dollars of their own and are
left out.
"""

import polars as pl

from curate.signals.base import GOLD, QUESTION, Clue, Signal

_COMMAND = (
    r"\\(?:begin|end|[dt]?frac|sqrt|left|right|text\w*|math\w+|cdot|times|sum|int|i+nt|prod|lim|log|ln|sin|cos|tan|pi|le|ge|leq|geq|neq"
    r"|ne|alpha|beta|gamma|delta|lambda|mu|sigma|theta|angle|triangle|overline|boxed|infty|[lc]?dots|pmod|[dt]?binom|circ|div|quad|in"
    r"|subset|perp|odot)(?:[^a-zA-Z]|$)"
)
_DRAWING = r"(?s)\[asy\].*?\[/asy\]|```.*?```"
_PROGRAM = r"#include|\bdef \w+\(|\bfunction\b.*\{|;\s*\n|\bpublic \w+|\breturn\b"
_MONEY = r"\$\s?\d[\d,.]*(?:\s[a-z]|\s*[,.?!;)]|\s*$|-)"


_OPENS = r"\{|\\begin|\\left[^ahr]|\\\["
_CLOSES = r"\}|\\end|\\right[^ah]|\\\]"


def _count(text: pl.Expr, literal: str) -> pl.Expr:
    return text.str.count_matches(literal, literal=True).cast(pl.Int32)


def _may_be_broken(text: pl.Expr) -> pl.Expr:
    """Whether all that opens and all that closes differ in number; two faults that cancel out are not worth the time."""
    latex = pl.when(text.str.contains("\\", literal=True)).then(text)  # null elsewhere: nothing is counted there
    unpaired = latex.str.count_matches(_OPENS) != latex.str.count_matches(_CLOSES)
    return (unpaired | (_count(latex, "$") % 2 != 0)).fill_null(False)


_LATEX = pl.col("latex")
_FAULTS = {
    "braces": _count(_LATEX, "{") - _count(_LATEX, r"\{") != _count(_LATEX, "}") - _count(_LATEX, r"\}"),
    "environments": _count(_LATEX, r"\begin{") != _count(_LATEX, r"\end{"),
    r"\[ and \]": _count(_LATEX, r"\[") != _count(_LATEX, r"\]"),
    "dollars": ((_count(_LATEX, "$") - _count(_LATEX, r"\$")) % 2 != 0) & ~_LATEX.str.contains(_MONEY),
    r"\left and \right": _LATEX.str.count_matches(r"\\left(?:[^a-zA-Z]|$)")
    != _LATEX.str.count_matches(r"\\right(?:[^a-zA-Z]|$)"),
}
"""What is opened and closed a different number of times."""


def _faults(texts: pl.Series) -> pl.Series:
    """Return what does not pair in each text, or null; drawings, programs and ends of lines are taken out of it once."""
    latex = texts.str.replace_all(_DRAWING, "").str.replace_all(r"\\", " ", literal=True).to_frame("latex")
    is_latex = _LATEX.str.contains(_COMMAND) & ~_LATEX.str.contains(_PROGRAM)
    fault = pl.coalesce(pl.when(wrong).then(pl.lit(name)) for name, wrong in _FAULTS.items())
    return latex.select(pl.when(is_latex).then(fault)).to_series()


def _broken(name: str, text: pl.Expr) -> Clue:
    fault = text.map_batches(_faults, return_dtype=pl.String)
    return Clue(pl.lit(f"{name}: ") + fault, (text.str.contains(_COMMAND), fault.is_not_null()))


HAS_BROKEN_LATEX = Signal(
    "has_broken_latex",
    r"braces, environments, \left and \right, \[ and \] or dollars that do not pair, in the question or the gold",
    (
        QUESTION.str.contains("\\", literal=True) | GOLD.str.contains("\\", literal=True),
        _may_be_broken(QUESTION) | _may_be_broken(GOLD),
    ),
    (_broken("question", QUESTION), _broken("answer", GOLD)),
)
