"""The verdict on a pair: the same question, siblings, a conflict, or nothing of the kind.

The order of the questions asked is the rule of `docs/duplicates.md`: are the words the same; is more than words different;
do gold, options and context agree; is what agrees enough evidence for what does not.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import IntEnum
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl

from curate.fuzzy.edits import Edits, Numbers, Which
from curate.fuzzy.likeness import LEAST_OVERLAP, Floats, Likeness, Texts
from curate.fuzzy.otherwise import ask_otherwise
from curate.fuzzy.rarity import Rarity
from curate.fuzzy.semantic import means_the_same
from curate.fuzzy.settings import FuzzySettings
from curate.fuzzy.terms import option_terms
from curate.sameness import gold_forms, golds_agree, is_negated, marks_of

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


@dataclass(frozen=True)
class Compared:
    """Pairs of rows of the judge's frame, and what the corpus knows about them.

    Attributes:
        left, right: row numbers.
        is_alike: whether gold, options, context and images are the same.
        bits: how rare the gold with its options is.
        is_crowded: whether texts with other golds are about as near.
    """

    left: Numbers
    right: Numbers
    is_alike: Which
    bits: npt.NDArray[np.float32]
    is_crowded: Which

    def __getitem__(self, which: Numbers) -> "Compared":
        return Compared(*(getattr(self, column.name)[which] for column in fields(self)))


@dataclass(frozen=True)
class Verdicts:
    """What some pairs are.

    Attributes:
        verdicts: `Verdict` of each.
        scores: similarity of the texts, 0 to 1.
        differs: the words that differ, for `Verdict.SAME` only.
    """

    verdicts: npt.NDArray[np.uint8]
    scores: npt.NDArray[np.float32]
    differs: npt.NDArray[np.object_]


class Judge:
    """Judges pairs of rows of one frame.

    Args:
        rows: with `COLUMNS`.
        rarity: of the corpus.
        settings: thresholds.
    """

    def __init__(self, rows: pl.DataFrame, rarity: Rarity, settings: FuzzySettings) -> None:
        self._rows, self._settings, self._options = rows, settings, rows["options"]
        self._texts = Texts(rows["question"], rarity)
        self._lines = self._texts.lines

    def verdicts(self, pairs: Compared) -> Verdicts:
        """Judge some pairs."""
        overlap, is_open = self._texts.overlap(pairs.left, pairs.right), self._are_together(pairs)
        are_equal, is_near = (is_open & (overlap >= least) for least in (1, self._settings.sibling_similarity))
        is_weighed = is_open & pairs.is_alike & ~are_equal & (overlap >= LEAST_OVERLAP)
        aligned, weighed = np.flatnonzero(is_weighed | is_near), np.flatnonzero(is_weighed)
        edits = self._texts.edits(pairs.left[aligned], pairs.right[aligned])
        of_weighed = edits.among(np.flatnonzero(is_weighed[aligned]), len(aligned))
        similarity, is_enough = are_equal.astype(np.float64), are_equal & pairs.is_alike
        similarity[weighed], is_enough[weighed] = self._weigh(pairs[weighed], of_weighed)
        least = np.where(pairs.is_crowded, self._settings.least_similarity, self._settings.grey_similarity)
        is_grey = is_weighed & (similarity >= least)
        asked = np.flatnonzero(is_enough | is_grey | is_near)
        differs = np.zeros(len(overlap), np.bool_)
        edits = edits.among(np.searchsorted(aligned, asked), len(aligned))
        differs[asked] = ask_otherwise(self._texts, pairs.left[asked], pairs.right[asked], edits)
        verdicts = np.select(
            [is_enough & ~differs, is_grey & ~differs, (is_enough | is_near) & differs, is_near & ~pairs.is_alike],
            [Verdict.SAME, Verdict.DOUBTFUL, Verdict.NUMBERS, Verdict.GOLD],
            Verdict.OTHER,
        ).astype(np.uint8)
        golds = np.flatnonzero(verdicts == Verdict.GOLD)
        verdicts[golds] = self._of_other_golds(pairs[golds], are_equal[golds])
        shown, same = np.full(len(overlap), "", np.object_), np.flatnonzero(verdicts[weighed] == Verdict.SAME)
        shown[weighed[same]] = self._texts.differs(of_weighed, same)
        is_weight = (verdicts == Verdict.SAME) | (verdicts == Verdict.DOUBTFUL)
        return Verdicts(verdicts, np.where(is_weight, similarity, overlap).astype(np.float32), shown)

    def are_the_same_in_other_words(self, left: int, right: int, is_crowded: bool) -> bool:
        """Whether two rows that an embedding proposes ask the same."""
        return means_the_same(self._lines[left], self._lines[right], self._has_options(left), is_crowded)

    def _of_other_golds(self, pairs: Compared, are_equal: Which) -> npt.NDArray[np.uint8]:
        """The verdicts on siblings of other golds or options, of which some have the same words."""
        terms = option_terms(self._options.gather(np.concatenate([pairs.left, pairs.right])))
        found = np.where(terms[: len(are_equal)] == terms[len(are_equal) :], Verdict.GOLD, Verdict.OPTIONS)
        for pair in np.flatnonzero(are_equal & (found == Verdict.GOLD)).tolist():
            found[pair] = self._of_one_question(int(pairs.left[pair]), int(pairs.right[pair]))
        return found.astype(np.uint8)

    def _of_one_question(self, left: int, right: int) -> Verdict:
        """The verdict on a question and the same question of another gold."""
        if not self._has_options(left) and self._golds_agree(left, right):
            return Verdict.SAME
        return Verdict.CONFLICT if _is_same_layout(self._lines[left], self._lines[right]) else Verdict.GOLD

    def _are_together(self, pairs: Compared) -> Which:
        """Whether contexts and images are the same."""
        found = np.ones(len(pairs.left), np.bool_)
        for column in ("context", "images"):
            values = self._rows[column]
            if values.null_count() < len(values):
                found &= values.gather(pairs.left).eq_missing(values.gather(pairs.right)).to_numpy()
        return found

    def _weigh(self, pairs: Compared, edits: Edits) -> tuple[Floats, Which]:
        """How similar texts are, and whether gold and text are evidence enough for the words that differ."""
        likeness = self._texts.likeness(pairs.left, pairs.right, edits)
        return likeness.similarity, self._are_enough(pairs, likeness)

    def _are_enough(self, pairs: Compared, likeness: Likeness) -> Which:
        """Whether gold and text are evidence enough for the words that differ."""
        settings = self._settings
        is_short = likeness.shared < settings.short_bits
        is_weak = pairs.bits < settings.weak_bits
        found = ~(pairs.is_crowded | likeness.is_reordered | (is_short & (is_weak | likeness.is_swapped)))
        found |= likeness.is_slip & ~likeness.is_reordered
        found &= likeness.similarity >= settings.least_similarity
        may_negate = self._texts.may_negate[pairs.left] | self._texts.may_negate[pairs.right]
        for pair in np.flatnonzero(found & is_weak & ~likeness.is_slip & may_negate).tolist():
            found[pair] = not is_negated(self._lines[pairs.left[pair]], self._lines[pairs.right[pair]])
        return found

    @cached_property
    def _golds(self) -> pl.Series:
        return gold_forms(self._rows["answer"])

    def _has_options(self, row: int) -> bool:
        options = self._options[row]
        return options is not None and len(options) > 0

    def _golds_agree(self, left: int, right: int) -> bool:
        golds = self._golds[left], self._golds[right]
        kind = self._rows["answer_kind"][left]
        return golds[0] is not None and golds[1] is not None and golds_agree(golds[0], golds[1], kind)


def _is_same_layout(one: str, other: str) -> bool:
    """Whether two texts are one but for formatting, line by line: what stands in rows may mean something by them."""
    lines: Sequence[list[list[str]]] = [
        [marks for line in text.splitlines() if (marks := marks_of(line))] for text in (one, other)
    ]
    return lines[0] == lines[1]
