"""How alike the words of two texts are: aligned, and weighted by what each word says (`curate.fuzzy.rarity`).

Pairs come in columns: a text's words are cut, weighed and aligned once for all pairs, and what is said of a pair is a sum
over its edits.
"""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cpdist

from curate.fuzzy.edits import Edits, Numbers, Rows, Which
from curate.fuzzy.rarity import Bits, Rarity
from curate.numbers import distinct
from curate.sameness import FORMATTING
from curate.tokens import Tokens, spelt_tokens, tokenise

COMMONER = 20
"""A word that was seen so many times less than another of nearly the same letters is a slip of the hand for it."""
WEIGHED_ROWS = 1 << 10
"""Rows weighed at once: what is computed on the way takes ten times what is kept, and is to stay in the cache."""
MOST_SHOWN = 6
"""Differences named in the evidence."""
LEAST_OVERLAP = 0.5
"""Texts of which more than half of the words need an edit are not weighed."""
LITTLE_WORDS = frozenset(
    re.findall(
        r"\w+",
        "a an the of to for that this these those and is are was were be do does did has have had s",
    )
)
"""Words that seldom decide what is asked."""

_SPACE = r"\x09-\x0d\x1c-\x20"
_MARKS = re.escape("".join(filter(str.isascii, FORMATTING)))
_NEGATION = r"(?i)(?-u:\b)(?:not|no|never|cannot|neither|nor|without|except)(?-u:\b)|n't(?-u:\b)|[^\x00-\x7f]"
_GAP = rf"[{_MARKS}]*[{_SPACE}][{_MARKS}{_SPACE}]*"
_PLAIN = rf"^[{_MARKS}{_SPACE}]*(?:[0-9A-Za-z_]+(?:{_GAP}[0-9A-Za-z_]+)*[{_MARKS}{_SPACE}]*)?$"

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Likeness:
    """Of some pairs of texts, each value of one pair.

    Attributes:
        similarity: weight of the words that both have over the weight of all; 1 when only slips of the hand differ.
        shared: bits that both say.
        is_swapped: whether a word of one stands where the other has another that is no slip and no little word.
        is_reordered: whether both have the same words in another order, which may be what is asked.
        is_slip: whether nothing differs but slips, words said twice and little words.
    """

    similarity: Floats
    shared: Floats
    is_swapped: Which
    is_reordered: Which
    is_slip: Which


class Texts:
    """Questions made ready to be compared, by their number in the series.

    Attributes:
        questions, lines: the texts.
        are_plain: whether between the words of a text nothing stands but white space and marks that are formatting, so that its
            words are its units (`curate.sameness.units_of`).
        words: of all texts, equal numbers for equal words.
    """

    def __init__(self, questions: pl.Series, rarity: Rarity) -> None:
        self.questions, self._rarity = questions, rarity
        self.lines: list[str] = questions.to_list()
        self.are_plain: Which = questions.str.contains(_PLAIN).to_numpy()
        self._tokens, self._spelt = spelt_tokens(questions)
        self._rows = Rows(pl.Series(self._tokens.hashes), self._tokens.offsets)
        self.words = self._rows.words

    def overlap(self, left: Numbers, right: Numbers) -> Floats:
        """Share of the words of the longer of two texts that need no edit."""
        lengths = self._tokens.counts
        overlap: Floats = 1 - self._rows.distances(left, right) / np.maximum(
            np.maximum(lengths[left], lengths[right]), 1
        )
        return overlap

    def edits(self, left: Numbers, right: Numbers) -> Edits:
        """Align pairs of texts by their words."""
        return self._rows.edits(left, right)

    def likeness(self, left: Numbers, right: Numbers, edits: Edits) -> Likeness:
        """Weigh the edits of pairs of texts."""
        bits, seen, totals = self._weigh(distinct(np.concatenate([left, right])))
        counts = self._are_no_slips(edits, seen)
        old, new = (self._is_little[self.words[side]] for side in (edits.at, edits.to))
        is_foreign = counts & ~((~edits.goes | old) & (~edits.comes | new))
        lost = _sums(edits.pair, np.where(counts & edits.goes, bits[edits.at], 0), len(left))
        come = _sums(edits.pair, np.where(counts & edits.comes, bits[edits.to], 0), len(left))
        shared = np.maximum((totals[left] - lost + totals[right] - come) / 2, 0.0)
        every = shared + lost + come
        return Likeness(
            np.divide(shared, every, out=np.zeros(len(left)), where=every > 0),
            shared,
            _sums(edits.pair, is_foreign & edits.swaps, len(left)) > 0,
            self._rows.have_equal_words(left, right),
            _sums(edits.pair, is_foreign, len(left)) == 0,
        )

    def differs(self, edits: Edits, pairs: Numbers) -> list[str]:
        """For each of some aligned pairs "old/new" for each difference, at most `MOST_SHOWN`."""
        shown: dict[int, list[str]] = {pair: [] for pair in pairs.tolist()}
        place = np.arange(len(edits.pair)) - np.searchsorted(edits.pair, edits.pair)
        chosen = np.flatnonzero((place < MOST_SHOWN) & np.isin(edits.pair, pairs))
        there = zip(edits.goes[chosen].tolist(), edits.comes[chosen].tolist(), strict=True)
        words = zip(self.spell(edits.at[chosen]), self.spell(edits.to[chosen]), strict=True)
        for pair, (goes, comes), (old, new) in zip(edits.pair[chosen].tolist(), there, words, strict=True):
            shown[pair].append(f"{old if goes else ''}/{new if comes else ''}")
        return [" ".join(each) for each in shown.values()]

    def _are_no_slips(self, edits: Edits, seen: Bits) -> Which:
        """Whether an edit is more than a word said twice or a word misspelt."""
        is_twice = self._is_twice
        counts = ~np.where(edits.goes, is_twice[edits.at], is_twice[edits.to])
        swaps = np.flatnonzero(edits.swaps)
        counts[swaps] = ~self._are_misspelt(edits.at[swaps], edits.to[swaps], seen)
        return counts

    def _are_misspelt(self, at: Numbers, to: Numbers, seen: Bits) -> Which:
        """Whether a word is another of nearly the same letters that was seen much more often, or both are rare."""
        one, other = (seen[side].astype(np.float64) for side in (at, to))
        rarer, commoner = np.minimum(one, other), np.maximum(one, other)
        found = (rarer <= 2) | (rarer * COMMONER <= commoner)
        maybe = np.flatnonzero(found)
        old, new = self.spell(at[maybe]), self.spell(to[maybe])
        distances = cpdist(old, new, scorer=Levenshtein.distance, score_cutoff=1, workers=1)
        shorter = np.minimum(*(np.fromiter(map(len, side), np.int64, len(side)) for side in (old, new)))
        found[maybe] = (distances <= 1) & (shorter >= 2)
        return found

    def spell(self, at: Numbers) -> list[str]:
        """Some of the words, by where they stand among all."""
        return self._spelt.spell(at)

    @cached_property
    def may_negate(self) -> Which:
        """Whether a text may say "not" or "never" (`curate.sameness.is_negated`); those that are not ASCII all may."""
        return self.questions.str.contains(_NEGATION).to_numpy()

    @cached_property
    def _is_little(self) -> Which:
        """Whether each different word is a little one."""
        little = tokenise(pl.Series(sorted(LITTLE_WORDS))).hashes
        return np.isin(self._rows.kinds.to_numpy(), little)

    @cached_property
    def _is_twice(self) -> Which:
        """Whether a word stands beside itself."""
        hashes, cuts = self._tokens.hashes, self._tokens.offsets[1:-1]
        follows = np.zeros(len(hashes) + 1, np.bool_)
        follows[1:-1] = hashes[1:] == hashes[:-1]
        follows[cuts] = False
        return follows[1:] | follows[:-1]

    def _weigh(self, texts: Numbers) -> tuple[Bits, Bits, Floats]:
        """Of each word of some texts what it says, in bits, and how often it was seen; and of each text what all its words say. What
        is said of other texts is of no meaning."""
        found = self._tokens
        bits, seen = np.zeros((2, len(found.hashes)), np.float32)
        for low in range(0, len(texts), WEIGHED_ROWS):
            part = texts[low : low + WEIGHED_ROWS]
            counts = found.counts[part]
            offsets = np.append(0, np.cumsum(counts))
            words = np.arange(offsets[-1]) + np.repeat(found.offsets[part] - offsets[:-1], counts)
            bits[words], seen[words] = self._rarity.weigh(Tokens(found.hashes[words], offsets))
        return bits, seen, _sums(found.rows(), bits, len(found.offsets) - 1)


def _sums(groups: Numbers, values: npt.NDArray[Any], count: int) -> Floats:
    """The sum of the values of each group, added in their order."""
    sums: Floats = np.bincount(groups, values, count).astype(np.float64)
    return sums
