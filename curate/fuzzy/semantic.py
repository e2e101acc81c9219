"""Questions that mean the same in other words: pairs that an embedding proposes, and what such a pair must have.

Two questions of one subject are near whatever they ask, so nearness alone is nothing. A pair is looked at only when gold,
options, context and images agree already, and few rows have them: that is what makes the search linear, and it is the
second key. The words of a paraphrase are other words, so in their place stand: the same numbers, variables and operators in
the same order, no "not" on one side only, and a text that is no template (`means_the_same`).

Cosines are products of whole numbers that a float32 holds exactly, so they are the same on any number of threads.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from curate.embedding import SCALE, Embedder, nearest
from curate.fuzzy.candidates import WHOLE, Pairs
from curate.fuzzy.index import Index
from curate.fuzzy.settings import FuzzySettings
from curate.fuzzy.terms import NO_TERMS
from curate.sameness import asks_otherwise, is_negated, marks_of
from curate.table import PLACE, ItemTable

MOST_SHARED = 48
"""Rows that have the same gold, options and context, at most: where more have them they are no evidence, however large the
corpus. So no row is compared with more than 47 others."""
LONGEST = 60
"""Words of a question that is embedded; the mean of a passage says little about the question at its end."""
DIGITS = 3
"""Of a cosine."""
BLOCK_ROWS = 256
"""Rows whose cosines are computed at once."""
SLICE_ROWS = 1 << 13
"""Questions embedded at once."""

_WORDS_OF_ONE = frozenset("ais")
"""Letters that are words, or what is left of one: a, I, 's."""
_OPERATORS = frozenset("+-*/^=<>%")
_COUNTING = frozenset(
    re.findall(
        r"\w+",
        """
        two three four five six seven eight nine ten eleven twelve twenty thirty forty fifty sixty seventy eighty ninety
        hundred thousand million billion half twice double triple first second third fourth fifth sixth seventh eighth
        ninth tenth monday tuesday wednesday thursday friday saturday sunday january february march april june july
        august september october november december north south east west left right before after
        """,
    )
)
"""Words that count, date or place, and so stand in both texts in the same order."""
_OPPOSED = (("born", "died"), ("birth", "death"))
_HALF = np.uint64(32)

Standings = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Meant:
    """Pairs that an embedding proposes.

    Attributes:
        codes: ascending; the later standing in the upper half, the earlier in the lower.
        cosines: of each.
    """

    codes: npt.NDArray[np.uint64]
    cosines: npt.NDArray[np.float64]

    def of(self, pairs: Pairs) -> npt.NDArray[np.float64]:
        """The cosine of each pair; 0 for one that was not proposed."""
        codes = _codes(pairs.earlier, pairs.later)
        at = np.minimum(np.searchsorted(self.codes, codes), max(len(self.codes) - 1, 0))
        found = np.zeros(len(codes))
        if len(self.codes):
            is_proposed = self.codes[at] == codes
            found[is_proposed] = self.cosines[at[is_proposed]]
        return found

    def added_to(self, pairs: Pairs) -> Pairs:
        """Return the pairs with those that only the embedding proposes, which met in no band."""
        new = self.codes[~np.isin(self.codes, _codes(pairs.earlier, pairs.later))]
        earlier = np.concatenate([pairs.earlier, new.astype(np.uint32)])
        later = np.concatenate([pairs.later, (new >> _HALF).astype(np.uint32)])
        bands = np.concatenate([pairs.bands, np.zeros(len(new), np.uint8)])
        is_alike = np.concatenate([pairs.is_alike, np.ones(len(new), np.bool_)])
        order = np.lexsort((earlier, -bands.astype(np.int16), ~is_alike, later))
        return Pairs(earlier[order], later[order], bands[order], is_alike[order])


def pairs_by_meaning(
    model: Embedder, items: ItemTable, index: Index, pairs: Pairs, settings: FuzzySettings, spill: Path
) -> Meant:
    """Return for each row its nearest of those before it that have the same gold, options and context.

    Args:
        model: embeds the questions.
        items: the questions.
        index: of them.
        pairs: found by words; a copy among them has the vector of its original.
        settings: `semantic_neighbours`, `semantic_share`, `weak_bits`.
        spill: folder for the vectors, two bytes a number: 512 bytes a row with the built-in model.
    """
    standings = _comparable(index, settings)
    vectors = _embedded(model, items, index, standings, _origins(pairs, len(index.terms)), spill / "vectors")
    terms = index.terms[standings]
    begins = np.flatnonzero(np.append(True, terms[1:] != terms[:-1])) if len(terms) else np.zeros(0, np.int64)
    ends = np.append(begins[1:], len(terms))
    codes, cosines = [np.zeros(0, np.uint64)], [np.zeros(0)]
    low = 0
    while low < len(terms):
        high = int(ends[max(np.searchsorted(ends, low + BLOCK_ROWS, "right") - 1, np.searchsorted(ends, low, "right"))])
        block = vectors[low:high].astype(np.float32)
        least = (settings.semantic_share - 10**-DIGITS) * SCALE**2
        later, earlier, products = nearest(block, block, len(block), least)
        is_pair = (earlier < later) & (terms[low + earlier] == terms[low + later])
        cosine = np.round(products[is_pair].astype(np.float64) / SCALE**2, DIGITS)
        is_near = (cosine >= settings.semantic_share) & (cosine < 1)  # 1: the same words, which need no embedding
        earlier, later = standings[low + earlier[is_pair][is_near]], standings[low + later[is_pair][is_near]]
        codes.append(_codes(earlier, later))
        cosines.append(cosine[is_near])
        low = high
    return _nearest(np.concatenate(codes), np.concatenate(cosines), settings.semantic_neighbours)


def means_the_same(one: str, other: str, has_options: bool, is_crowded: bool) -> bool:
    """Whether two questions that are near, with the same rare gold, options and context, ask the same.

    Args:
        one, other: the questions.
        has_options: whether they have options, which then are the same; they overrule what is read off the words alone.
        is_crowded: whether a text with another gold is like one of them, so that other words may be another task.
    """
    marks, other_marks = marks_of(one), marks_of(other)
    if _signs(marks) != _signs(other_marks) or is_negated(one, other):
        return False
    if sorted(marks) == sorted(other_marks):
        return False  # the same words in another order: which may be what is asked
    if _are_opposed(set(marks), set(other_marks)):
        return False
    return has_options or not (is_crowded or asks_otherwise(one, other))


def _signs(marks: list[str]) -> list[str]:
    """The numbers, variables, operators and counting words of a text in their order."""
    return [mark for mark in marks if mark in _OPERATORS or mark in _COUNTING or _is_number_or_variable(mark)]


def _is_number_or_variable(mark: str) -> bool:
    if mark.isalpha():
        return len(mark) == 1 and mark not in _WORDS_OF_ONE
    return mark.lstrip("-").isalnum()


def _are_opposed(one: set[str], other: set[str]) -> bool:
    lost, come = one - other, other - one
    return any((left in lost and right in come) or (left in come and right in lost) for left, right in _OPPOSED)


def _comparable(index: Index, settings: FuzzySettings) -> Standings:
    """The rows to embed, those of the same terms together and in their order."""
    is_in = index.terms != NO_TERMS
    _, which, times = np.unique(index.terms, return_inverse=True, return_counts=True)
    most = min(MOST_SHARED, len(index.terms) / 2**settings.weak_bits)
    is_in &= times[which] <= most
    standings = np.flatnonzero(is_in)
    _, which, times = np.unique(index.terms[standings], return_inverse=True, return_counts=True)
    standings = standings[times[which] > 1]
    return standings[np.lexsort((standings, index.terms[standings]))]


def _origins(pairs: Pairs, items: int) -> Standings:
    """For each standing the row of which it is a copy, word for word and with the same gold; itself for most."""
    copies = pairs[pairs.is_alike & (pairs.bands == WHOLE)]
    is_copy = np.zeros(items, np.bool_)
    is_copy[copies.later] = True
    firsts = copies[~is_copy[copies.earlier]]
    origins = np.arange(items)
    origins[firsts.later] = firsts.earlier
    return origins


def _embedded(
    model: Embedder, items: ItemTable, index: Index, standings: Standings, origins: Standings, path: Path
) -> npt.NDArray[np.int16]:
    """The vectors of some rows, in the order given, as whole numbers on disk; a long question's are zeros."""
    if not len(standings):
        return np.zeros((0, 1), np.int16)
    row_of = np.full(len(index.by_standing), -1, np.int64)  # by place
    row_of[index.by_standing[standings]] = np.arange(len(standings))
    copies = np.flatnonzero(origins[standings] != standings)
    originals = row_of[index.by_standing[origins[standings[copies]]]]
    row_of[index.by_standing[standings[copies]]] = -1
    vectors = np.memmap(path, np.int16, "w+", shape=(len(standings), model.embed([]).shape[1]))
    for batch in items.batches(["question"]):
        rows = row_of[batch[PLACE].to_numpy()]
        is_short = (batch["question"].str.count_matches(r"\S+") <= LONGEST).fill_null(False).to_numpy()
        for some in np.array_split(np.flatnonzero((rows >= 0) & is_short), -(-len(rows) // SLICE_ROWS)):
            made = model.embed(batch["question"].gather(some).to_list())
            vectors[rows[some]] = np.rint(made * SCALE).astype(np.int16)
    vectors[copies] = vectors[originals]
    return vectors


def _codes(earlier: npt.NDArray[np.integer], later: npt.NDArray[np.integer]) -> npt.NDArray[np.uint64]:
    return (later.astype(np.uint64) << _HALF) | earlier.astype(np.uint64)


def _nearest(codes: npt.NDArray[np.uint64], cosines: npt.NDArray[np.float64], each: int) -> Meant:
    """Keep of each later row the nearest; of equally near ones the first."""
    later = codes >> _HALF
    order = np.lexsort((codes, -cosines, later))
    begins = np.append(True, later[order][1:] != later[order][:-1])[: len(order)]
    place = np.arange(len(order)) - np.maximum.accumulate(np.where(begins, np.arange(len(order)), 0))
    kept = np.sort(order[place < each])
    kept = kept[np.argsort(codes[kept])]
    return Meant(codes[kept], cosines[kept])
