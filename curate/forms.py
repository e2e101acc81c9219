"""What the form of an answer alone tells, for whole columns of answers.

Most answers are whole numbers, capital letters, plain words or prose. Of these an expression says in a hundredth of the time
what the verifier says of each by itself: which kind the answer is, and that it passes the gold self-check. Each form errs
to one side: it may pass an answer on to the verifier, but never say otherwise than it. The tests hold them to that.
"""

import numpy as np
import polars as pl

from curate.verify import AnswerKind, infer_kind
from curate.verify.mathematics import MAX_CHARS
from curate.verify.number import MAX_CHARS as NUMBER_CHARS

_ANSWER = pl.col("answer")

_NUMBER = r"^-?(?:[0-9]+(?:\.[0-9]+)?|[1-9][0-9]{0,2}(?:,[0-9]{3})+|\\[dt]?frac\{[0-9]+\}\{[1-9][0-9]*\})$"
_BOOLEAN = "^(?i:yes|no|true|false)[ .]*$"
_UNMARKED = r"""^[A-Za-z'"](?:[\n -#%-\[\]-z|~\x7f]*[A-Za-z?!'")])?\.?$"""  # ASCII but `$`, `\`, `{` and `}`
_NO_FUNCTION = "^[A-Z][A-Za-z]*$|(?:^|[^A-Za-z])[A-HJ-RT-Za-hj-rt-z][A-Za-z]{3}"
"""One capitalised word, or a word of four letters that is no "sqrt" and no "infinity"."""

_LETTER = "^[A-Z]$"
_PLAIN_TEXT = r"^[A-Za-z0-9](?:[ -;=-\[\]-z|~]*[!-;=-\[\]-z|~])?$"  # ASCII but `\`, `{`, `}` and `<`


def infer_kinds(answers: pl.Series) -> pl.Series:
    """Say of each answer what `infer_kind` says of it.

    Args:
        answers: texts, none of them null.
    """
    is_long = answers.str.len_bytes() > MAX_CHARS
    sorted_out = pl.DataFrame({"answer": answers}).select(
        short=pl.when(~is_long).then(_ANSWER), long=pl.when(is_long).then(_ANSWER)
    )
    kinds = sorted_out.select(_kind_by_form()).to_series()
    unsettled = kinds.is_null()
    others = answers.filter(unsettled).to_list()
    known = {answer: str(infer_kind(answer)) for answer in dict.fromkeys(others)}
    return kinds.scatter(pl.Series(np.flatnonzero(unsettled.to_numpy())), [known[answer] for answer in others])


def passes_by_form() -> pl.Expr:
    """Whether the form of an answer alone tells that the verifier takes the gold and refuses the wrong answer."""
    forms = {
        AnswerKind.CHOICE: _ANSWER.str.contains(_LETTER),
        AnswerKind.NUMBER: _ANSWER.str.contains(_NUMBER)
        & (_ANSWER.str.len_bytes() <= NUMBER_CHARS // 4),  # one more, too
        AnswerKind.TEXT: _ANSWER.str.contains(_PLAIN_TEXT),
    }
    return pl.any_horizontal((pl.col("answer_kind") == kind) & form for kind, form in forms.items())


def _kind_by_form() -> pl.Expr:
    """Number or text where that is plain to see, else null."""
    short, long = pl.col("short"), pl.col("long")
    is_number = short.str.contains(_NUMBER) & (short.str.len_bytes() <= NUMBER_CHARS)
    is_text = short.str.contains(_UNMARKED) & short.str.contains(_NO_FUNCTION) & ~short.str.contains(_BOOLEAN)
    return (
        pl.when(is_number)
        .then(pl.lit(str(AnswerKind.NUMBER)))
        .when(is_text | _stays_long(long))
        .then(pl.lit(str(AnswerKind.TEXT)))
    )


def _stays_long(answer: pl.Expr) -> pl.Expr:
    """Whether it is too long for mathematics, cleaned or not: a letter first and no space last, so that nothing is stripped.

    A character that is not ASCII has two bytes or more, so there are at least this many that are.
    """
    plain = 2 * answer.str.len_chars().cast(pl.Int64) - answer.str.len_bytes()
    keeps_its_ends = answer.str.contains("^[A-Za-z]") & answer.str.contains("[!-~]$")
    return (plain > MAX_CHARS + 1) & keeps_its_ends & ~answer.str.contains("\0", literal=True)
