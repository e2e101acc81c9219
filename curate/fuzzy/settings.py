"""What a person may set of the search for fuzzy duplicates, and where each default comes from."""

from typing import Literal

from pydantic import Field

from crossthink.config import Settings


class FuzzySettings(Settings):
    """Thresholds; the measurements behind them are in `docs/duplicates.md`.

    Attributes:
        conflicts: whether of questions that are word for word the same and have other golds none stays or the preferred one.
        shingle_words, bands, band_rows, seed: MinHash over runs of words. Two texts of Jaccard similarity J become
            candidates with a probability of 1 - (1 - J^band_rows)^bands: 0.98 at J = 0.34, which is what is left of the
            runs of three words when every fifth word was edited.
        least_similarity: share of what two texts say, weighted by how little it could be foreseen, that both say. Of
            planted copies with up to a fifth of the words edited it passes 0.994.
        grey_similarity: the same share from which a pair of the same gold, options and numbers that falls short is listed for a
            person or a judge; in a template, `least_similarity`.
        weak_bits: a gold (with its options) that one in 2^weak_bits rows has is no evidence: yes, no, True, a colour. The
            text must then be long, and may not have lost a "not".
        short_bits: a text that shares less than this with the other is short: "Did Willie Mays ever win the Rookie of the
            Year Award?" shares 27 bits with the same of Pete Rose. In a short text no word may stand for another.
        crowded_share: when the nearest text with another gold is met in this share of the bands in which a pair met, the
            text is a template, and only slips of the hand are forgiven.
        sibling_similarity: share of the words, unweighted, that siblings have in common in the same order.
        semantic: name of an embedding model (`curate.embedding`) that adds candidates, which are verified by what a
            paraphrase keeps (`curate.fuzzy.semantic`); None: words alone.
        semantic_neighbours: rows of the same gold and options that it proposes for a row, at most.
        semantic_share: cosine from which it proposes a pair; measured with `wordllama`, and another model needs its own.
    """

    conflicts: Literal["drop", "keep"] = "drop"
    shingle_words: int = Field(default=3, ge=1, le=20)
    bands: int = Field(default=32, ge=1, le=255)
    band_rows: int = Field(default=2, ge=1, le=16)
    seed: int = Field(default=7, ge=0)
    least_similarity: float = Field(default=0.62, ge=0, le=1)
    grey_similarity: float = Field(default=0.5, ge=0, le=1)
    weak_bits: float = Field(default=10, ge=0)
    short_bits: float = Field(default=40, ge=0)
    crowded_share: float = Field(default=0.5, ge=0)
    sibling_similarity: float = Field(default=0.75, ge=0, le=1)
    semantic: str | None = None
    semantic_neighbours: int = Field(default=4, ge=1)
    semantic_share: float = Field(default=0.92, gt=0, le=1)

    @property
    def values(self) -> int:
        """How many MinHash values a text has."""
        return self.bands * self.band_rows
