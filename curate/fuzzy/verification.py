"""Every candidate pair is read and judged; nothing is decided by signatures.

The candidates' rows are written out once, and pairs are judged in runs whose texts fit into the memory that a stage may
use. A verdict depends on the pair and on the corpus, not on the run.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from crossthink.engines import memory_bytes
from curate.fuzzy.candidates import WHOLE, Pairs, crowds
from curate.fuzzy.edits import Numbers, Which
from curate.fuzzy.index import Index
from curate.fuzzy.judge import Compared, Judge, Verdict
from curate.fuzzy.rows import Spool
from curate.fuzzy.semantic import Meant
from curate.fuzzy.settings import FuzzySettings
from curate.fuzzy.terms import NO_TERMS

PAIR_BYTES = 384 << 10
"""Memory of the stage for each pair of a run; two questions with their words, hashes and weights take about a thirtieth."""
AT_ONCE = 1 << 18
"""Items whose terms are looked up at once."""


@dataclass(frozen=True)
class Judged:
    """Pairs with their verdicts; those of `Verdict.OTHER` are left out.

    Attributes:
        pairs: as given.
        verdicts: `Verdict` of each.
        scores: similarity of the texts, 0 to 1.
        differs: the words that differ, for `Verdict.SAME` only.
    """

    pairs: Pairs
    verdicts: npt.NDArray[np.uint8]
    scores: npt.NDArray[np.float32]
    differs: list[str]


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
        self._bits = _bits(index)
        self._may_go = np.zeros(len(index.terms), np.bool_)
        self._may_go[pairs.later[pairs.is_alike]] = True
        self._goes = np.zeros(len(index.terms), np.bool_)
        self.verified = 0
        self.by_meaning: dict[tuple[int, int], float] = {}

    def judged(self, pairs: Pairs) -> Iterator[Judged]:
        """Yield the pairs, in their order, with their verdicts."""
        step = max(1, memory_bytes() // PAIR_BYTES)
        begin = 0
        while begin < len(pairs):
            last = pairs.later[min(begin + step, len(pairs)) - 1]
            end = int(np.searchsorted(pairs.later, last, side="right"))  # the pairs of a row are judged together
            yield self._run(pairs[begin:end])
            begin = end

    def _run(self, pairs: Pairs) -> Judged:
        places = np.concatenate([pairs.earlier, pairs.later])
        rows, numbers = self._rows.rows(self._index.by_standing[places])
        left, right = numbers[: len(pairs)], numbers[len(pairs) :]
        is_copy = _are_copies(rows["question"], pairs, left, right)
        verdicts = np.where(is_copy, Verdict.SAME, Verdict.OTHER).astype(np.uint8)
        scores = is_copy.astype(np.float32)
        differs = np.full(len(pairs), "", np.object_)
        crowd = np.maximum(self._crowds[pairs.earlier], self._crowds[pairs.later])
        is_crowded = (crowd > 0) & (crowd >= self._settings.crowded_share * pairs.bands.astype(np.float64))
        compared = Compared(left, right, pairs.is_alike, self._bits[pairs.later], is_crowded)
        judge = Judge(rows, self._index.rarity, self._settings)
        cosines = np.zeros(len(pairs)) if self._meant is None else self._meant.of(pairs)
        has_sure = ~self._may_go[pairs.earlier]
        self._goes[pairs.later[is_copy & has_sure]] = True
        self.verified += int(is_copy.sum())
        for turn in _turns(pairs, ~is_copy):
            is_needless = pairs.is_alike[turn] & self._goes[pairs.later[turn]]  # the same as a row that stays
            turn = turn[~is_needless]
            found = judge.verdicts(compared[turn])
            verdicts[turn], scores[turn], differs[turn] = found.verdicts, found.scores, found.differs
            for row in turn[(cosines[turn] > 0) & (verdicts[turn] != Verdict.SAME)].tolist():
                if judge.are_the_same_in_other_words(int(left[row]), int(right[row]), bool(crowd[row])):
                    verdicts[row], scores[row] = Verdict.SAME, cosines[row]
                    self.by_meaning[int(pairs.earlier[row]), int(pairs.later[row])] = float(cosines[row])
                elif verdicts[row] == Verdict.OTHER:
                    verdicts[row], scores[row] = Verdict.DOUBTFUL, cosines[row]
            same = turn[verdicts[turn] == Verdict.SAME]
            self._goes[pairs.later[same]] |= has_sure[same]
            self.verified += len(turn)
        kept = verdicts != Verdict.OTHER
        return Judged(pairs[kept], verdicts[kept], scores[kept], differs[kept].tolist())


def _are_copies(questions: pl.Series, pairs: Pairs, left: Numbers, right: Numbers) -> Which:
    """Which pairs are alike letter by letter."""
    found: Which = pairs.is_alike & (pairs.bands == WHOLE)
    whole = np.flatnonzero(found)
    found[whole] = (questions.gather(left[whole]) == questions.gather(right[whole])).to_numpy()
    return found


def _turns(pairs: Pairs, is_open: Which) -> Iterator[Numbers]:
    """Yield the open pairs, those of a row that may be needless once another is judged one after the other."""
    order = np.flatnonzero(is_open)
    later, is_alike = pairs.later[order], pairs.is_alike[order]
    before: Numbers = np.cumsum(is_alike) - is_alike
    begins = np.append(True, later[1:] != later[:-1])[: len(later)]
    turn = np.where(is_alike, before - np.maximum.accumulate(np.where(begins, before, 0)), 0)
    for number in range(int(turn.max(initial=-1)) + 1):
        yield order[turn == number]


def _bits(index: Index) -> npt.NDArray[np.float32]:
    """For each standing how rare its terms are, 1 bit when every second item has them; an item without terms is in no pair."""
    compared = max(1, int(np.count_nonzero(index.terms != NO_TERMS)))
    kinds, times = np.unique(index.terms, return_counts=True)
    of_kind = np.log2(np.maximum(compared / times, 1)).astype(np.float32)
    bits = np.empty(len(index.terms), np.float32)
    for low in range(0, len(bits), AT_ONCE):  # all places at once would be eight bytes an item
        bits[low : low + AT_ONCE] = of_kind[np.searchsorted(kinds, index.terms[low : low + AT_ONCE])]
    return bits
