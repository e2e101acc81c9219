"""The two items of a pair, and what of each is compared: words, gold and options; all of it read off when it is needed."""

from functools import cached_property, lru_cache
from string import ascii_lowercase

import polars as pl

from curate.contamination.marks import marks_of_each
from curate.contamination.texts import plain_options
from curate.sameness import gold_forms, golds_agree, marks_of


class Side:
    """Items of a corpus or of the benchmarks, numbered by their place in a frame.

    Args:
        items: columns `SHOWN`.
        texts: what of each is compared: its question, or that and its context.
    """

    def __init__(self, items: pl.DataFrame, texts: pl.Series) -> None:
        self._texts, self._options, self._answers = texts, items["options"], items["answer"]
        self.gold_places = items["answer_index"].to_list()
        self.is_open = items["answer_index"].is_null().to_numpy()
        self.kinds = items["answer_kind"].to_list()
        self._marks: dict[int, list[str]] = {}

    def read(self, chosen: list[int]) -> None:
        """Read the texts of some items; no others are asked for after that."""
        self._marks = dict(zip(chosen, marks_of_each(self._texts.gather(chosen)), strict=True))

    def text(self, item: int) -> list[str]:
        """The words, numbers and symbols of a text."""
        return self._marks[item]

    def line(self, item: int) -> str:
        """The same as one line, a space around each."""
        return f" {' '.join(self.text(item))} "

    @cached_property
    def golds(self) -> list[str | None]:
        return gold_forms(plain_golds(self._answers)).to_list()

    @cached_property
    def options(self) -> list[list[str]]:
        places, plain = plain_options(self._options)
        options: list[list[str]] = [[] for _ in self.kinds]
        for place, form in zip(places.tolist(), gold_forms(plain).fill_null("").to_list(), strict=True):
            options[place].append(form)
        return options

    def names_gold(self, item: int) -> bool:
        """Whether the gold stands in the question, as in "even, odd or neither": it then tells no questions apart."""
        return f" {' '.join(_marks(self.golds[item] or ''))} " in self.line(item)


def compare_golds(asked: Side, item: int, found: Side, row: int, *, closely: bool) -> str:
    """Compare golds as texts and numbers; closely, also as the verifier does. A letter alone stands for its option.

    Returns:
        "same", "other", or "unknown" where one of them is missing.
    """
    left, right = asked.golds[item], found.golds[row]
    if left is None or right is None:
        return "unknown"
    if left == right or _marks(left) == _marks(right):
        return "same"
    place = asked.gold_places[item]
    if place is not None:
        return "same" if not found.options[row] and right == ascii_lowercase[place : place + 1] else "other"
    is_open = found.gold_places[row] is None
    return "same" if closely and is_open and golds_agree(left, right, asked.kinds[item]) else "other"


def shared_options(asked: Side, item: int, found: Side, row: int) -> list[str]:
    """The benchmark's options that are among the row's, or in its text when that runs them on."""
    wanted, held = asked.options[item], found.options[row]
    if held or not wanted:
        return [option for option in wanted if option in held]
    line = found.line(row)
    return [option for option in wanted if f" {' '.join(_marks(option))} " in line]


def plain_golds(answers: pl.Series) -> pl.Series:
    """Golds without a box or a text command around them, or the letter of their option before them."""
    plain = answers.str.replace(r"(?s)^\s*\(?[A-Ja-j][).:]\s*(\S.*)$", "$1")
    plain = plain.str.replace(r"(?s)^.*\\boxed\{(.*)\}.*$", "$1")
    return plain.str.replace(r"^\$?\\(?:text|mathrm|mbox|textbf)\{([^{}]*)\}\$?$", "$1")


@lru_cache(maxsize=1 << 16)
def _marks(text: str) -> tuple[str, ...]:
    return tuple(marks_of(text))
