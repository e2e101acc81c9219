"""Every candidate pair is read and judged; nothing is decided by signatures.

The candidates' rows are written out once, and pairs are judged in runs whose texts fit into the memory that a stage may
use. A verdict depends on the pair and on the corpus, not on the run.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from crossthink.engines import memory_bytes
from curate.fuzzy.candidates import WHOLE, Pairs, crowds
from curate.fuzzy.edits import Numbers, Which
from curate.fuzzy.index import Index
from curate.fuzzy.judge import Compared, Judge, Verdict
from curate.fuzzy.rows import Spool
from curate.fuzzy.semantic import Meant
from curate.fuzzy.settings import FuzzySettings
from curate.fuzzy.terms import NO_TERMS
from curate.numbers import distinct

PAIR_BYTES = 512 << 10
"""Memory of the stage for each pair of a run; two questions with their words, hashes and weights take about a fortieth."""


@dataclass(frozen=True)
class Judged:
    """Pairs with their verdicts.

    Attributes:
        pairs: those of `Verdict.OTHER` are left out in the end.
        verdicts: `Verdict` of each.
        scores: similarity of the texts, 0 to 1.
        differs: the words that differ, for `Verdict.SAME` only.
    """

    pairs: Pairs
    verdicts: npt.NDArray[np.uint8]
    scores: npt.NDArray[np.float32]
    differs: npt.NDArray[np.object_]

    def __getitem__(self, which: Which) -> "Judged":
        return Judged(self.pairs[which], self.verdicts[which], self.scores[which], self.differs[which])


class Verification:
    """Judges pairs of a table.

    Args:
        rows: of every pair there may be, with `curate.fuzzy.judge.COLUMNS`.
        index: of the table.
        settings: thresholds.
        pairs: all candidates.
        meant: those that an embedding proposed.

    Attributes:
        verified: how many pairs were read.
        by_meaning: pairs (earlier, later) that are the same in other words, with their cosines.
    """

    def __init__(
        self, rows: Spool, index: Index, settings: FuzzySettings, pairs: Pairs, meant: Meant | None = None
    ) -> None:
        self._rows, self._index, self._settings, self._meant = rows, index, settings, meant
        self._crowds = crowds(pairs, len(index.terms))
        self._bits = _bits(index, pairs)
        self._may_go = np.zeros(len(index.terms), np.bool_)
        self._may_go[pairs.later[pairs.is_alike]] = True
        self._goes = np.zeros(len(index.terms), np.bool_)
        self.verified = 0
        self.by_meaning: dict[tuple[int, int], float] = {}

    def judged(self, pairs: Pairs) -> Judged:
        """Judge pairs; they keep their order."""
        found = Judged(
            pairs,
            np.full(len(pairs), Verdict.OTHER, np.uint8),
            np.zeros(len(pairs), np.float32),
            np.full(len(pairs), "", np.object_),
        )
        has_sure = ~self._may_go[pairs.earlier]
        for run in _runs(np.flatnonzero(pairs.is_alike & (pairs.bands == WHOLE))):
            copies = run[self._are_copies(pairs[run])]
            found.verdicts[copies], found.scores[copies] = Verdict.SAME, 1
            self._goes[pairs.later[copies[has_sure[copies]]]] = True
            self.verified += len(copies)
        for turn in _turns(pairs, found.verdicts != Verdict.SAME):
            is_needless = pairs.is_alike[turn] & self._goes[pairs.later[turn]]  # the same as a row that stays
            for run in _runs(turn[~is_needless]):
                self._read(found, run)
                self._goes[pairs.later[run[has_sure[run] & (found.verdicts[run] == Verdict.SAME)]]] = True
                self.verified += len(run)
        return found[found.verdicts != Verdict.OTHER]

    def _are_copies(self, pairs: Pairs) -> Which:
        """Which pairs of the same words are alike letter by letter."""
        left, right = (
            self._rows.column("question", self._index.by_standing[side]) for side in (pairs.earlier, pairs.later)
        )
        found: Which = (left == right).to_numpy()
        return found

    def _read(self, found: Judged, run: Numbers) -> None:
        """Read some of the pairs and note the verdicts."""
        pairs = found.pairs[run]
        rows, numbers = self._rows.rows(self._index.by_standing[np.concatenate([pairs.earlier, pairs.later])])
        left, right = numbers[: len(pairs)], numbers[len(pairs) :]
        crowd = np.maximum(self._crowds[pairs.earlier], self._crowds[pairs.later])
        is_crowded = (crowd > 0) & (crowd >= self._settings.crowded_share * pairs.bands.astype(np.float64))
        judge = Judge(rows, self._index.rarity, self._settings)
        told = judge.verdicts(Compared(left, right, pairs.is_alike, self._bits[pairs.later], is_crowded))
        verdicts, scores = told.verdicts, told.scores
        cosines = np.zeros(len(pairs)) if self._meant is None else self._meant.of(pairs)
        for row in np.flatnonzero((cosines > 0) & (verdicts != Verdict.SAME)).tolist():
            if judge.are_the_same_in_other_words(int(left[row]), int(right[row]), bool(crowd[row])):
                verdicts[row], scores[row] = Verdict.SAME, cosines[row]
                self.by_meaning[int(pairs.earlier[row]), int(pairs.later[row])] = float(cosines[row])
            elif verdicts[row] == Verdict.OTHER:
                verdicts[row], scores[row] = Verdict.DOUBTFUL, cosines[row]
        found.verdicts[run], found.scores[run], found.differs[run] = verdicts, scores, told.differs


def _runs(pairs: Numbers) -> Iterator[Numbers]:
    """Cut pairs into runs whose texts fit into memory."""
    step = max(1, memory_bytes() // PAIR_BYTES)
    for low in range(0, len(pairs), step):
        yield pairs[low : low + step]


def _turns(pairs: Pairs, is_open: Which) -> Iterator[Numbers]:
    """Yield the open pairs, those of a row that may be needless once another is judged one after the other."""
    order = np.flatnonzero(is_open)
    later, is_alike = pairs.later[order], pairs.is_alike[order]
    before: Numbers = np.cumsum(is_alike) - is_alike
    begins = np.append(True, later[1:] != later[:-1])[: len(later)]
    turn = np.where(is_alike, before - np.maximum.accumulate(np.where(begins, before, 0)), 0)
    for number in range(int(turn.max(initial=-1)) + 1):
        yield order[turn == number]


def _bits(index: Index, pairs: Pairs) -> npt.NDArray[np.float32]:
    """For the standing of each later row of the pairs how rare its terms are, 1 bit when every second item has them."""
    compared = max(1, int(np.count_nonzero(index.terms != NO_TERMS)))
    kinds, times = np.unique(index.terms, return_counts=True)
    later = distinct(pairs.later)
    bits = np.zeros(len(index.terms), np.float32)
    bits[later] = np.log2(compared / times[np.searchsorted(kinds, index.terms[later])])
    return bits
