"""The golds and options of items as they are compared, and which of them the two items of a pair share: many pairs at once."""

from dataclasses import dataclass
from functools import cached_property
from string import ascii_lowercase

import numpy as np
import numpy.typing as npt
import polars as pl

from curate.contamination.marks import marks_of_each
from curate.contamination.ranges import ranges
from curate.contamination.texts import plain_options
from curate.fuzzy.edits import Numbers, Which
from curate.sameness import gold_forms, golds_agree
from curate.tokens import Places

SAME, OTHER, UNKNOWN = "same", "other", "unknown"

Golds = npt.NDArray[np.str_]
"""Of each pair: `SAME`, `OTHER`, or `UNKNOWN` where one of the golds is missing."""


@dataclass(frozen=True)
class Side:
    """Items of a corpus or of the benchmarks, numbered by their place in a frame.

    Attributes:
        items: columns `options`, `answer_index` and `answer_kind`.
        golds: the form of each gold; null where there is none.
        options: the forms of all options, after one another.
    """

    items: pl.DataFrame
    golds: pl.Series
    options: pl.Series

    @classmethod
    def of(cls, items: pl.DataFrame) -> "Side":
        """Read the golds and options of items, which have the column `answer` besides."""
        _, plain = plain_options(items["options"])
        return cls(items, gold_forms(plain_golds(items["answer"])), gold_forms(plain).fill_null(""))

    @cached_property
    def is_open(self) -> Which:
        """Whether an item has no options of which one is its gold."""
        return self.items["answer_index"].is_null().to_numpy()

    @cached_property
    def counts(self) -> Places:
        """How many options each item has."""
        return self.items["options"].list.len().fill_null(0).to_numpy().astype(np.int64)

    @cached_property
    def offsets(self) -> Places:
        """One more than there are items; item i has `options[offsets[i]:offsets[i + 1]]`."""
        return np.append(0, np.cumsum(self.counts))

    def letters(self, items: Numbers) -> pl.Series:
        """The letter of the option that is the gold of each item."""
        places = self.items["answer_index"].gather(items)
        return pl.Series(
            [None if place is None else ascii_lowercase[place : place + 1] for place in places], dtype=pl.String
        )

    def kinds(self, items: Numbers) -> list[str]:
        kinds: list[str] = self.items["answer_kind"].gather(items).to_list()
        return kinds


def compare_golds(asked: Side, items: Numbers, found: Side, rows: Numbers) -> Golds:
    """Compare golds as texts and numbers; a letter alone stands for its option."""
    left, right = asked.golds.gather(items), found.golds.gather(rows)
    is_known = (left.is_not_null() & right.is_not_null()).to_numpy()
    is_same = (left == right).fill_null(False).to_numpy(writable=True)
    differ = np.flatnonzero(is_known & ~is_same)
    numbers, forms = numbered(pl.concat([left.gather(differ), right.gather(differ)]))
    marks, _ = numbered(as_lines(forms))
    is_same[differ] = marks[numbers[: len(differ)]] == marks[numbers[len(differ) :]]
    unlisted = differ[~is_same[differ] & (found.counts[rows[differ]] == 0)]
    is_letter = asked.letters(items[unlisted]) == right.gather(unlisted)
    is_same[unlisted] = is_letter.fill_null(False).to_numpy()
    return np.where(is_known, np.where(is_same, SAME, OTHER), UNKNOWN)


def agree_closely(asked: Side, items: Numbers, found: Side, rows: Numbers) -> Which:
    """Whether golds, none of which is missing, are the same as the verifier sees them; those among options are not asked for."""
    golds = asked.golds.gather(items).to_list(), found.golds.gather(rows).to_list(), asked.kinds(items)
    is_open = asked.is_open[items] & found.is_open[rows]
    return np.array([both and golds_agree(*pair) for both, *pair in zip(is_open, *golds, strict=True)], np.bool_)


def shared_options(asked: Side, items: Numbers, found: Side, rows: Numbers, lines: pl.Series) -> tuple[Places, Places]:
    """The benchmark's options that are among the row's, or in its text when that runs them on.

    Args:
        lines: of each pair's row, as `as_lines` gives them.

    Returns:
        The pair of each such option, ascending, and the option's number.
    """
    pair, option = ranges((asked.offsets[items], asked.offsets[items + 1]))
    wanted, row = asked.options.gather(option), rows[pair]
    numbers, forms = numbered(pl.concat([wanted, found.options]))
    held = np.repeat(np.arange(len(found.counts)), found.counts) * len(forms) + numbers[len(wanted) :]
    is_shared = (
        pl.Series(row * len(forms) + numbers[: len(wanted)]).is_in(pl.Series(held).implode()).to_numpy(writable=True)
    )
    unlisted = np.flatnonzero(found.counts[row] == 0)
    needles = as_lines(wanted.gather(unlisted))
    is_shared[unlisted] = contain(lines.gather(pair[unlisted]), needles)
    return pair[is_shared], option[is_shared]


def as_lines(texts: pl.Series) -> pl.Series:
    """The words, numbers and symbols of each text as one line, a space around each."""
    return lines_of(marks_of_each(texts))


def lines_of(marks: pl.Series) -> pl.Series:
    """Lists of words as lines, a space around each."""
    return " " + marks.list.join(" ") + " "


def contain(lines: pl.Series, parts: pl.Series) -> Which:
    """Whether each line has its part in it."""
    both = pl.DataFrame({"line": lines, "part": parts})
    found: Which = both.select(pl.col("line").str.contains(pl.col("part"), literal=True)).to_series().to_numpy()
    return found


def numbered(texts: pl.Series) -> tuple[Numbers, pl.Series]:
    """For each text, none of which is null, the number of its kind, and the different texts."""
    encoded = texts.rechunk().to_arrow(compat_level=pl.CompatLevel.oldest()).dictionary_encode()
    return pl.Series(encoded.indices).to_numpy().astype(np.int64), pl.Series(encoded.dictionary)


def plain_golds(answers: pl.Series) -> pl.Series:
    """Golds without a box or a text command around them, or the letter of their option before them."""
    plain = answers.str.replace(r"(?s)^\s*\(?[A-Ja-j][).:]\s*(\S.*)$", "$1")
    plain = plain.str.replace(r"(?s)^.*\\boxed\{(.*)\}.*$", "$1")
    return plain.str.replace(r"^\$?\\(?:text|mathrm|mbox|textbf)\{([^{}]*)\}\$?$", "$1")
