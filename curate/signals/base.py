"""What a signal is: cheap sieves that leave few rows, and the clues that are looked for among them.

Every rule reads the same working columns (`working_columns`), so that text is lower-cased once. A clue is an
expression that gives the phrase it fired on, or null; a row without a phrase does not have the signal.
"""

import re
from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True)
class Clue:
    """One thing by which a fault shows.

    Attributes:
        phrase: text expression over the working columns: what the rule fired on, or null.
        sieves: Boolean expressions over them, cheapest first; only rows of which all hold are looked at. Each sees only the
            rows that the one before let through.
        unless: Boolean expression over them and `phrase`: where it holds, the phrase does not count.
    """

    phrase: pl.Expr
    sieves: tuple[pl.Expr, ...] = ()
    unless: pl.Expr | None = None


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


OPEN = pl.col("is_open")
"""The row has no options."""
QUESTION, STEM, GOLD = pl.col("question"), pl.col("stem"), pl.col("gold")
"""The question as it stands; in lower case; the gold without surrounding white space ("" where there is none)."""
PHRASE = pl.col("phrase")
"""What a clue fired on."""


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


def repeats(literal: str, text: pl.Expr = STEM) -> pl.Expr:
    """Whether a text holds a literal more than once."""
    return text.str.count_matches(literal, literal=True) > 1


def found(signal: Signal, rows: pl.DataFrame) -> pl.Series:
    """Return the evidence of a signal for each row, null where it does not fire.

    Args:
        rows: as `working_columns` makes them.
    """
    left, hits = _through(signal.sieves, rows), []
    for clue in signal.clues:
        seen = _through(clue.sieves, left).with_columns(phrase=clue.phrase.cast(pl.String))
        hit = seen.filter(PHRASE.is_not_null())
        if clue.unless is not None:
            hit = hit.filter(~clue.unless)
        hits.append(hit.select("row", "phrase"))
        left = left.join(hits[-1], on="row", how="anti", maintain_order="left")
    evidence = pl.concat(hits)
    nothing = pl.Series(signal.name, [None], dtype=pl.String).new_from_index(0, rows.height)
    return nothing.scatter(evidence["row"], evidence["phrase"])


def _through(sieves: tuple[pl.Expr, ...], rows: pl.DataFrame) -> pl.DataFrame:
    for sieve in sieves:
        rows = rows.filter(sieve)
    return rows
