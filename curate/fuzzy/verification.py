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
from curate.fuzzy.index import NO_TERMS, Index
from curate.fuzzy.judge import Judge, Pair, Verdict
from curate.fuzzy.rows import Spool
from curate.fuzzy.semantic import Meant, means_the_same
from curate.fuzzy.settings import FuzzySettings

PAIR_BYTES = 128 << 10
"""Memory of the stage for each pair of a run; two questions with their words, hashes and weights take about a tenth."""


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
        questions, has_options = rows["question"], rows["options"].list.len().fill_null(0)
        is_whole = np.flatnonzero(pairs.is_alike & (pairs.bands == WHOLE))
        is_copy = np.zeros(len(pairs), np.bool_)
        is_copy[is_whole] = (questions.gather(left[is_whole]) == questions.gather(right[is_whole])).to_numpy()
        verdicts = np.where(is_copy, Verdict.SAME, Verdict.OTHER).astype(np.uint8)
        scores = is_copy.astype(np.float32)
        differs = [""] * len(pairs)
        share = self._settings.crowded_share
        crowd = np.maximum(self._crowds[pairs.earlier], self._crowds[pairs.later])
        is_crowded = (crowd > 0) & (crowd >= share * pairs.bands.astype(np.float64))
        is_alike, bits = pairs.is_alike.tolist(), self._bits[pairs.later].tolist()
        judge = Judge(rows, self._index.rarity, self._settings)
        cosines = np.zeros(len(pairs)) if self._meant is None else self._meant.of(pairs)
        later, has_sure = pairs.later, ~self._may_go[pairs.earlier]
        self._goes[later[is_copy & has_sure]] = True
        for row in np.flatnonzero(~is_copy).tolist():
            if is_alike[row] and self._goes[later[row]]:
                continue  # it is known to be the same as a row that stays
            pair = Pair(int(left[row]), int(right[row]), is_alike[row], bits[row], bool(is_crowded[row]))
            verdict, scores[row], shown = judge.verdict(pair)
            if cosines[row] and verdict is not Verdict.SAME:
                one, other = questions[pair.left], questions[pair.right]
                if means_the_same(one, other, bool(has_options[pair.left]), bool(crowd[row])):
                    verdict, scores[row], shown = Verdict.SAME, cosines[row], ""
                    self.by_meaning[int(pairs.earlier[row]), int(later[row])] = float(cosines[row])
                elif verdict is Verdict.OTHER:
                    verdict, scores[row] = Verdict.DOUBTFUL, cosines[row]
            verdicts[row] = verdict
            if verdict is Verdict.SAME:
                differs[row] = shown
                self._goes[later[row]] |= has_sure[row]
            self.verified += 1
        self.verified += int(is_copy.sum())
        kept = verdicts != Verdict.OTHER
        return Judged(pairs[kept], verdicts[kept], scores[kept], [differs[row] for row in np.flatnonzero(kept)])


def _bits(index: Index) -> npt.NDArray[np.float32]:
    """For each standing how rare its terms are: 1 bit when every second item has them."""
    _, which, times = np.unique(index.terms, return_inverse=True, return_counts=True)
    compared = max(1, int(np.count_nonzero(index.terms != NO_TERMS)))
    bits = np.log2(np.maximum(compared / times, 1)).astype(np.float32)[which]
    return np.where(index.terms == NO_TERMS, np.float32(0), bits)
