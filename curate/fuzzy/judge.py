"""The verdict on a pair: the same question, siblings, a conflict, or nothing of the kind.

The order of the questions asked is the rule of `docs/duplicates.md`: are the words the same; is more than words different;
do gold, options and context agree; is what agrees enough evidence for what does not.
"""

from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple

import polars as pl

from curate.fuzzy.index import option_terms
from curate.fuzzy.likeness import Likeness, Texts
from curate.fuzzy.rarity import Rarity
from curate.fuzzy.settings import FuzzySettings
from curate.sameness import asks_otherwise, gold_forms, golds_agree, is_negated, marks_of

COLUMNS = ("question", "context", "options", "answer", "answer_kind", "images")


class Verdict(IntEnum):
    """What two questions are to each other; the siblings are named by what differs.

    What is doubtful has the same gold, options and numbers, and words enough in common to be worth a person's or a judge's
    reading, but not enough to be the same.
    """

    OTHER = 0
    SAME = 1
    CONFLICT = 2
    NUMBERS = 3
    GOLD = 4
    OPTIONS = 5
    DOUBTFUL = 6


class Pair(NamedTuple):
    """Rows of the judge's frame, the bands in which they met, and what the corpus knows about them.

    Attributes:
        left, right: row numbers.
        is_alike: whether gold, options, context and images are the same.
        bits: how rare the gold with its options is.
        is_crowded: whether texts with other golds are about as near.
    """

    left: int
    right: int
    is_alike: bool
    bits: float
    is_crowded: bool


class Judge:
    """Judges pairs of rows of one frame.

    Args:
        rows: with `COLUMNS`.
        rarity: of the corpus.
        settings: thresholds.
    """

    def __init__(self, rows: pl.DataFrame, rarity: Rarity, settings: FuzzySettings) -> None:
        self._texts = Texts(rows["question"], rarity)
        self._golds: list[str | None] = gold_forms(rows["answer"]).to_list()
        self._kinds: list[str] = rows["answer_kind"].to_list()
        self._options: list[int] = option_terms(rows["options"]).tolist()
        self._besides = rows.select("context", "images").rows()
        self._settings = settings

    def verdict(self, pair: Pair) -> tuple[Verdict, float, str]:
        """Return the verdict, the similarity of the texts (0 to 1), and the words that differ."""
        left, right = pair.left, pair.right
        one, other = self._texts.questions[left], self._texts.questions[right]
        if self._besides[left] != self._besides[right]:
            return Verdict.OTHER, 0.0, ""
        if one == other or self._texts.are_equal(left, right):
            return self._of_equal_words(pair, one, other), 1.0, ""
        likeness = self._texts.likeness(left, right)
        if pair.is_alike:
            if likeness.similarity >= self._settings.least_similarity and self._is_enough(pair, likeness, one, other):
                if not asks_otherwise(one, other):
                    return Verdict.SAME, likeness.similarity, likeness.differs
                return Verdict.NUMBERS, likeness.overlap, likeness.differs
            least = self._settings.least_similarity if pair.is_crowded else self._settings.grey_similarity
            if likeness.similarity >= least and not asks_otherwise(one, other):
                return Verdict.DOUBTFUL, likeness.similarity, likeness.differs
            is_sibling = likeness.overlap >= self._settings.sibling_similarity and asks_otherwise(one, other)
            return (Verdict.NUMBERS if is_sibling else Verdict.OTHER), likeness.overlap, likeness.differs
        if likeness.overlap < self._settings.sibling_similarity:
            return Verdict.OTHER, likeness.overlap, likeness.differs
        return self._siblings(left, right, asks_otherwise(one, other)), likeness.overlap, likeness.differs

    def _of_equal_words(self, pair: Pair, one: str, other: str) -> Verdict:
        differs = asks_otherwise(one, other)
        if pair.is_alike:
            return Verdict.NUMBERS if differs else Verdict.SAME
        if differs or self._options[pair.left] != self._options[pair.right]:
            return self._siblings(pair.left, pair.right, differs)
        if not self._options[pair.left] and self._golds_agree(pair.left, pair.right):
            return Verdict.SAME
        return Verdict.CONFLICT if _is_same_layout(one, other) else Verdict.GOLD

    def _siblings(self, left: int, right: int, differs: bool) -> Verdict:
        if differs:
            return Verdict.NUMBERS
        return Verdict.OPTIONS if self._options[left] != self._options[right] else Verdict.GOLD

    def _golds_agree(self, left: int, right: int) -> bool:
        golds = self._golds[left], self._golds[right]
        return golds[0] is not None and golds[1] is not None and golds_agree(golds[0], golds[1], self._kinds[left])

    def _is_enough(self, pair: Pair, likeness: Likeness, one: str, other: str) -> bool:
        """Whether gold and text are evidence enough for the words that differ."""
        if likeness.is_slip and not likeness.is_reordered:
            return True
        if pair.is_crowded or likeness.is_reordered:
            return False
        is_short = likeness.shared < self._settings.short_bits
        if pair.bits < self._settings.weak_bits and (is_short or is_negated(one, other)):
            return False
        return not (is_short and likeness.is_swapped)


def _is_same_layout(one: str, other: str) -> bool:
    """Whether two texts are one but for formatting, line by line: what stands in rows may mean something by them."""
    lines: Sequence[list[list[str]]] = [
        [marks for line in text.splitlines() if (marks := marks_of(line))] for text in (one, other)
    ]
    return lines[0] == lines[1]
