"""How far a judge agrees: with labels, with itself when asked again, and with itself when a pair stands in the other order.

Agreement with labels is corrected for chance by Cohen's kappa, whose interval is that of Fleiss, Cohen and Everitt (1969,
"Large sample standard errors of kappa and weighted kappa"). A question that the judge does not settle agrees with no label. A
judge that always says the same has a kappa of 0, however many labels are of that kind.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from curate.solving.rates import Z, with_rates


@dataclass(frozen=True)
class Estimate:
    """A figure with the interval that it lies in; all None where there is nothing to compute it from."""

    value: float | None
    low: float | None = None
    high: float | None = None


def share(hits: int, of: int) -> Estimate:
    """Return a share with Wilson's interval."""
    counted = pl.LazyFrame({"responses": [of], "passed": [hits]})
    found = with_rates(counted).select("pass_rate", "low", "high").collect().row(0)
    return Estimate(*found)


def kappa(confusion: Mapping[tuple[str, str], int]) -> Estimate:
    """Return Cohen's kappa of two raters.

    Args:
        confusion: how often one said the first and the other the second.
    """
    count = sum(confusion.values())
    if not count:
        return Estimate(None)
    kinds = sorted({kind for pair in confusion for kind in pair})
    cells = {(one, other): confusion.get((one, other), 0) / count for one in kinds for other in kinds}
    ones = {kind: sum(cells[kind, other] for other in kinds) for kind in kinds}
    others = {kind: sum(cells[one, kind] for one in kinds) for kind in kinds}
    agreed, chance = sum(cells[kind, kind] for kind in kinds), sum(ones[kind] * others[kind] for kind in kinds)
    if chance == 1:
        return Estimate(None)  # both said one thing all the time: nothing can be told from that
    value = (agreed - chance) / (1 - chance)
    on = sum(cells[kind, kind] * (1 - (ones[kind] + others[kind]) * (1 - value)) ** 2 for kind in kinds)
    off = sum(cells[one, other] * (others[one] + ones[other]) ** 2 for one in kinds for other in kinds if one != other)
    variance = on + (1 - value) ** 2 * off - (value - chance * (1 - value)) ** 2
    half = Z * math.sqrt(max(0.0, variance) / count) / (1 - chance)
    return Estimate(value, max(-1.0, value - half), min(1.0, value + half))


def self_agreement(votes: Iterable[tuple[int, int]]) -> Estimate:
    """Return how often two answers to the same question say the same.

    Args:
        votes: of each question, how many answers said yes and how many no; questions with one answer say nothing.

    The interval is that of the mean over questions, whose answers depend on each other.
    """
    shares = [(yes * (yes - 1) + no * (no - 1)) / ((yes + no) * (yes + no - 1)) for yes, no in votes if yes + no > 1]
    return _mean(shares)


def _mean(values: Sequence[float]) -> Estimate:
    if not values:
        return Estimate(None)
    mean = sum(values) / len(values)
    if len(values) == 1:
        return Estimate(mean)
    deviation = math.sqrt(sum((value - mean) ** 2 for value in values) / (len(values) - 1))
    half = Z * deviation / math.sqrt(len(values))
    return Estimate(mean, max(0.0, mean - half), min(1.0, mean + half))
