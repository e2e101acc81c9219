"""What a signal is: cheap sieves that leave few rows, and the clues that are looked for among them.

Every rule reads the same working columns (`working_columns`), so that text is lower-cased once. Sieves alone decide: whether a
text holds a phrase is seen several times as fast as which phrase, so that is read where evidence is asked for, and only
of the rows that fire.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl


@dataclass(frozen=True)
class Clue:
    """One thing by which a fault shows.

    Attributes:
        phrase: text expression over the working columns: what the rule fired on; never null where all sieves hold.
        sieves: Boolean expressions over them, cheapest first; the clue is there where all hold. Each sees only the rows that
            the one before let through.
    """

    phrase: pl.Expr
    sieves: tuple[pl.Expr, ...] = ()


@dataclass(frozen=True)
class Signal:
    """One fault that a question may have.

    Attributes:
        name: the Boolean column, and the reason of a drop.
        about: the rule in one line.
        sieves: as a clue's; they hold wherever any of the clues could be found.
        clues: each is looked for where none before it was found.
    """

    name: str
    about: str
    sieves: tuple[pl.Expr, ...]
    clues: tuple[Clue, ...]

    @cached_property
    def reads(self) -> list[str]:
        """The working columns that sieves and clues read."""
        asked = [*self.sieves, *(expression for clue in self.clues for expression in (clue.phrase, *clue.sieves))]
        return list(dict.fromkeys(name for expression in asked for name in expression.meta.root_names()))


OPEN = pl.col("is_open")
"""The row has no options."""
QUESTION, STEM, GOLD = pl.col("question"), pl.col("stem"), pl.col("gold")
"""The question as it stands; in lower case; the gold without surrounding white space ("" where there is none)."""


def working_columns(items: pl.DataFrame) -> pl.DataFrame:
    """Return what the rules read.

    Args:
        items: rows with the columns question, context, options, answer, images, domain and extra of `ITEM_SCHEMA`.
    """
    return items.select(
        "question",
        "options",
        "domain",
        "extra",
        stem=QUESTION.str.to_lowercase(),
        gold=pl.col("answer").str.strip_chars().fill_null(""),
        is_open=pl.col("options").is_null(),
        has_context=pl.col("context").str.strip_chars().str.len_bytes().fill_null(0) > 0,
        has_images=pl.col("images").list.len().fill_null(0) > 0,
    ).with_row_index("row")


def has(pattern: str, text: pl.Expr = STEM) -> pl.Expr:
    """Whether a text matches a regular expression."""
    return text.str.contains(_fast(pattern))


def matched(pattern: str, text: pl.Expr = STEM) -> pl.Expr:
    """The first group of a regular expression's first match, or null."""
    return text.str.extract(_fast(pattern), 1)


def _fast(pattern: str) -> str:
    """Let a word end where an ASCII word does: with Unicode's rule, one accent in a text makes the search forty times slower."""
    return re.sub(r"(?<!\\)\\b", lambda _: r"(?-u:\b)", pattern)


def holds(pattern: str, *sieves: pl.Expr, text: pl.Expr = STEM, after: Sequence[pl.Expr] = ()) -> Clue:
    """The clue of a phrase: there where a text matches a regular expression, between sieves.

    Args:
        pattern: its first group is the phrase, and part of every match.
        sieves: cheaper than the pattern.
        after: what is asked last, of few rows.
    """
    return Clue(matched(pattern, text), (*sieves, has(pattern, text), *after))


def repeats(literal: str, text: pl.Expr = STEM) -> pl.Expr:
    """Whether a text holds a literal more than once."""
    return text.str.count_matches(literal, literal=True) > 1


def found(signal: Signal, rows: pl.DataFrame) -> pl.Series:
    """Return the evidence of a signal for each row, null where it does not fire.

    Args:
        rows: as `working_columns` makes them.
    """
    evidence = pl.Series(signal.name, [None], dtype=pl.String).new_from_index(0, rows.height)
    for clue, hit in _hits(signal, rows):
        evidence = evidence.scatter(hit["row"], hit.select(clue.phrase.cast(pl.String)).to_series())
    return evidence


def fires(signal: Signal, rows: pl.DataFrame) -> pl.Series:
    """Return for each row whether a signal has evidence.

    Args:
        rows: as `working_columns` makes them.
    """
    has_signal = np.zeros(rows.height, np.bool_)
    for _, hit in _hits(signal, rows):
        has_signal[hit["row"].to_numpy()] = True
    return pl.Series(signal.name, has_signal)


def _hits(signal: Signal, rows: pl.DataFrame) -> Iterator[tuple[Clue, pl.DataFrame]]:
    """Yield each clue with the rows that have it and none before it."""
    left = _through(signal.sieves, rows.select("row", *signal.reads))  # a filter copies every column it is given
    for clue in signal.clues:
        hit = _through(clue.sieves, left)
        if hit.height:
            yield clue, hit
            is_left = np.ones(left.height, np.bool_)
            is_left[left["row"].search_sorted(hit["row"]).to_numpy()] = False
            left = left.filter(pl.Series(is_left))


def _through(sieves: tuple[pl.Expr, ...], rows: pl.DataFrame) -> pl.DataFrame:
    for sieve in sieves:
        if rows.is_empty():  # to make an expression ready costs more than to find nothing
            break
        rows = rows.filter(sieve)
    return rows
