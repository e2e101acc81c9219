"""Phrases that give a text away: rules, and a search that reads most texts only for the words of the rules.

A rule is a regular expression, and what it needs stands beside it in plain words: a text without one of them cannot have
the phrase. Words are looked for ten times as fast as phrases, and rules share them, so few texts are read rule by rule.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

import polars as pl

from crossthink.files import ROW_GROUP_ROWS

RULED_ROWS = 2 * ROW_GROUP_ROWS
"""Rows that rules are held to at once. Polars keeps a few dozen regular expressions and compiles the others anew for every
batch, a fifth of what the rules cost at half as many rows."""

_FEW = 16
"""So many words a regular expression finds two to eight times faster than an automaton (Aho-Corasick), and more slower."""

NOT_ONE_SPACE = r"\s\s+|[^\S ]"
"""White space that is not a single space; with a space in its place a text is one line. A run of any white space would do
as well, and is found between all words."""


class Rule(NamedTuple):
    """A phrase that gives a text away.

    Attributes:
        words: as `mentions` takes them; every text that has the phrase holds one. "": any text may have it.
        phrase: regular expression; case does not matter.
        unless: regular expression for what in the phrase shows that it gives nothing away after all.
    """

    words: str
    phrase: str
    unless: str | None = None


def mentions(words: str, text: pl.Expr) -> pl.Expr:
    """Whether a text in lower case holds one of some words, given in lower case with "|" between them."""
    literals = words.split("|")
    if len(literals) > _FEW:
        return text.str.contains_any(literals)
    return text.str.contains("|".join(map(re.escape, literals)))


def is_not_ascii(text: pl.Expr) -> pl.Expr:
    """Whether a text holds a character beyond ASCII."""
    return text.str.len_bytes() != text.str.len_chars()


def first_phrases(texts: pl.Series, rules: Sequence[Rule]) -> pl.Series:
    """Return the phrase of the first rule that each text falls under, or null."""
    rows = pl.DataFrame({"text": texts, "lower": texts.str.to_lowercase()}).with_row_index("row")
    sought = [words for words in dict.fromkeys(rule.words for rule in rules) if words]
    wordy = rows.filter(mentions("|".join(sought), pl.col("lower")))  # most have none of them
    holding = {"": rows} | {words: wordy.filter(mentions(words, pl.col("lower"))) for words in sought}
    found = pl.concat(_phrases(holding[rule.words], rule) for rule in rules)
    first = found.unique("row", keep="first", maintain_order=True)
    return rows.select("row").join(first, on="row", how="left", maintain_order="left")["phrase"]


def on_one_line(texts: pl.Series) -> pl.Series:
    """Return texts with single spaces for white space, and none around them."""
    text = pl.col(texts.name)
    is_odd = text.str.contains("  ", literal=True) | text.str.contains(r"[\t\n\x0b\f\r]") | is_not_ascii(text)
    odd = texts.to_frame().select(is_odd.arg_true()).to_series()  # few, and found in a fraction of the time
    spaced = texts.clone().scatter(odd, texts.gather(odd).str.replace_all(NOT_ONE_SPACE, " "))
    return spaced.str.strip_chars()


def _phrases(rows: pl.DataFrame, rule: Rule) -> pl.DataFrame:
    """The rule's phrase in each text that has it."""
    phrase = pl.col("text").str.extract(f"(?i)({rule.phrase})", 1)
    hits = rows.select("row", phrase=phrase).filter(pl.col("phrase").is_not_null())
    return hits if rule.unless is None else hits.filter(~pl.col("phrase").str.contains(f"(?i){rule.unless}"))
