"""Where benchmark questions stand in rows, how much of each is there, and what stands there instead of the rest.

Both are rows of words, numbers and symbols. The stretch of the row that shares most 3-grams with the question is aligned
with it by the longest common subsequence, so a changed, dropped or doubled word costs that word and nothing else. The
share is of the words' weights: "where m and n are relatively prime positive integers" is nine words that say little.

A share hides what is lost together: under a passage of 300 words another question costs three in a hundred. So the worst
stretch is measured too, the run of the question that loses most more than it keeps.

All pairs are aligned at once, and what is measured of them are sums over their common blocks.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from curate.contamination.blocks import Blocks, Gaps
from curate.contamination.ranges import Runs
from curate.contamination.terms import Terms
from curate.fuzzy.edits import Numbers, Rows, Which

Floats = npt.NDArray[np.float64]

_NOTHING = 1e-9
"""Weight of a question that says nothing."""
ALIKE = 0.25
"""Share of a question's weight from which on two texts can be laid side by side."""


@dataclass(frozen=True)
class Alignments:
    """Questions found in rows, each value of one pair.

    Attributes:
        share: of the weight of the question's words that the row has, in their order.
        gap: weight lost in the worst stretch, less what is kept within it.
        start, end: the row's words from the first that is the question's to the last.
        asks_otherwise: whether other numbers, or other variables, stand where the question has its own; false where the
            texts are not `ALIKE`, so that there is no place where they would stand.
    """

    share: Floats
    gap: Floats
    start: Numbers
    end: Numbers
    asks_otherwise: Which


def align(rows: Rows, weights: Floats, asked: Numbers, found: Numbers) -> Alignments:
    """Align the question of each pair with the stretch of a row that is most like it.

    Args:
        rows: the words of questions and of what may hold them.
        weights: of each of `rows.kinds`; multiples of 2^-28, so that sums are the same in any order.
        asked, found: the numbers of the question and of the row of each pair.
    """
    before = np.append(0.0, np.cumsum(weights[rows.words]))  # the weight of all words before each
    total = before[rows.offsets[asked + 1]] - before[rows.offsets[asked]]
    blocks = Blocks.of(rows, asked, found)
    kept = before[blocks.asked + blocks.size] - before[blocks.asked]
    share = np.bincount(blocks.pair, kept, len(asked)) / np.maximum(total, _NOTHING)
    gaps = blocks.gaps()
    lost = before[gaps.asked[1]] - before[gaps.asked[0]]
    start, end = blocks.span()
    return Alignments(
        share,
        _worst(gaps.pair, lost, kept[gaps.after], len(asked)),
        start - rows.offsets[found],
        end - rows.offsets[found],
        _ask_otherwise(rows, asked, (start, end), gaps) & (share >= ALIKE),
    )


def _worst(pair: Numbers, lost: Floats, kept: Floats, pairs: int) -> Floats:
    """For each pair the most that is lost in a run of its question, less what is kept there.

    Args:
        pair: the number of the pair, ascending.
        lost: weights, in the order of the question.
        kept: what is kept behind each of these.
        pairs: how many pairs there are.
    """
    counts = np.bincount(pair, minlength=pairs)
    first = np.cumsum(counts) - counts
    worst, current = np.zeros((2, pairs))
    for step in range(int(counts.max(initial=0))):
        going = np.flatnonzero(counts > step)
        at = first[going] + step
        losing = current[going] + lost[at]
        worst[going] = np.maximum(worst[going], losing)
        current[going] = np.maximum(losing - kept[at], 0)
    return worst


def _ask_otherwise(rows: Rows, asked: Numbers, span: Runs, gaps: Gaps) -> Which:
    """Whether another number or variable stands in place of the question's own, somewhere or anywhere."""
    whole = rows.offsets[asked], rows.offsets[asked + 1]
    one, other = (
        (np.append(all_of[0], part[0]), np.append(all_of[1], part[1]))
        for all_of, part in ((whole, gaps.asked), (span, gaps.found))
    )
    others = Terms(rows).are_others(one, other)
    pair = np.append(np.arange(len(asked)), gaps.pair)
    return np.bincount(pair, others, len(asked)) > 0
