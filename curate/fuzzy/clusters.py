"""Which rows go: each only because it was itself found the same as a row that stays.

Rows are settled in the order of preference. Similarity is not transitive, so no cluster is the closure of its pairs: a row
whose only likeness is a row that went is compared with the row for which that one went, and stays if they are not the
same. (A published tool that closes clusters left 2 rows of a source of 859,092.)
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from curate.fuzzy.candidates import WHOLE, Pairs
from curate.fuzzy.judge import Verdict
from curate.fuzzy.verification import Judged, Verification

STAYS = -1
ROUNDS = 3
"""How often a row is passed on to the row for which its likeness went."""
PAIRS_AT_ONCE = 1 << 16
"""Pairs that are Python objects at once; as arrays they take a fifth."""


@dataclass
class Clusters:
    """What becomes of each row, by standing.

    Attributes:
        kept: the standing of the row for which it goes, or `STAYS`.
        scores: similarity to it.
        differs: the words that differ from it, where some do.
        rivals: for a row in a conflict, a row with the same words and another gold.
    """

    kept: npt.NDArray[np.int64]
    scores: npt.NDArray[np.float32]
    differs: dict[int, str] = field(default_factory=dict)
    rivals: dict[int, int] = field(default_factory=dict)
    _holds: set[int] = field(default_factory=set)

    @classmethod
    def of(cls, judged: Judged, items: int, verification: Verification, drop_conflicts: bool) -> "Clusters":
        """Settle every row.

        Args:
            judged: in the order of their later rows.
            items: how many rows there are.
            verification: compares the pairs that come up while settling.
            drop_conflicts: whether a question with two golds goes whole; otherwise its first row stays.
        """
        clusters = cls(np.full(items, STAYS, np.int64), np.zeros(items, np.float32))
        clusters._mark_rivals(judged, drop_conflicts)
        clusters._mark_copies(judged)
        for _ in range(ROUNDS):
            passed_on = clusters._settle(judged)
            if not passed_on:
                break
            judged = verification.judged(_pairs(passed_on))
        return clusters

    def goes(self, standing: int) -> bool:
        return bool(self.kept[standing] != STAYS) or standing in self.rivals

    def _mark_rivals(self, judged: Judged, drop_conflicts: bool) -> None:
        """Note which rows have the words of another row and another gold."""
        for row in np.flatnonzero(judged.verdicts == Verdict.CONFLICT).tolist():
            earlier, later = int(judged.pairs.earlier[row]), int(judged.pairs.later[row])
            self.rivals.setdefault(later, earlier)
            if drop_conflicts:
                self.rivals.setdefault(earlier, later)

    def _mark_copies(self, judged: Judged) -> None:
        """A copy of a row in a conflict is in it too: it has the same words."""
        is_copy = (judged.verdicts == Verdict.SAME) & (judged.pairs.bands == WHOLE)
        for row in np.flatnonzero(is_copy).tolist():
            rival = self.rivals.get(int(judged.pairs.earlier[row]))
            if rival is not None:
                self.rivals.setdefault(int(judged.pairs.later[row]), rival)

    def _settle(self, judged: Judged) -> list[tuple[int, int]]:
        """Settle the later rows of some pairs; return the pairs to compare for those that could not be."""
        passed_on: dict[int, int] = {}
        kept, scores = self.kept, self.scores
        for earlier, later, score, differs in _same(judged):
            if later in self.rivals or earlier in self.rivals or later in self._holds:
                continue  # a row for which another went stays
            if kept[earlier] != STAYS:
                passed_on.setdefault(later, int(kept[earlier]))
            elif kept[later] == STAYS or score > scores[later]:
                kept[later], scores[later] = earlier, score
                self._holds.add(earlier)
                self.differs.pop(later, None)
                if differs:
                    self.differs[later] = differs
        return [(stays, later) for later, stays in passed_on.items() if kept[later] == STAYS]


def _same(judged: Judged) -> Iterator[tuple[int, int, float, str]]:
    """Yield the pairs that are the same: the earlier and the later row, the score, and the words that differ."""
    rows = np.flatnonzero(judged.verdicts == Verdict.SAME)
    columns = (judged.pairs.earlier, judged.pairs.later, judged.scores, judged.differs)
    for low in range(0, len(rows), PAIRS_AT_ONCE):
        yield from zip(*(column[rows[low : low + PAIRS_AT_ONCE]].tolist() for column in columns), strict=True)


def _pairs(pairs: list[tuple[int, int]]) -> Pairs:
    """Pairs to compare again; both were found the same as one row, so gold and options are."""
    earlier, later = (np.array(side, np.uint32) for side in zip(*pairs, strict=True))
    return Pairs(earlier, later, np.ones(len(pairs), np.uint8), np.ones(len(pairs), np.bool_))
