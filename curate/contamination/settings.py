"""Every threshold of the search for benchmark leaks, in one place."""

from typing import Literal, Self

from pydantic import Field, model_validator

from crossthink.config import Settings


class ContaminationSettings(Settings):
    """When a row of a corpus counts as holding a benchmark's question.

    Shares are of weights: a word or 3-gram weighs by how few questions have it. "A word's worth" is the weight of a word
    that one benchmark item alone has.

    Attributes:
        candidate_share: of an item's 3-grams, or of the weight of its options, that a row shares to be looked at.
        text_share: of the question's words that make a leak when the golds agree or one is not known.
        verbatim_share: the same when the golds differ: a copy with another gold is a copy.
        gold_share: the same when the golds agree and no other item has this gold; between this and `text_share`, the more
            common the gold, the more text is needed.
        largest_gap: words' worth that may be lost in one stretch when the golds agree.
        largest_gap_alone: when they do not, or one is not known: there a lost stretch may be all that was asked.
        least_grams: distinctive 3-grams that must be shared for text to be evidence.
        least_embedded_grams: the same where the question is a small part of the row.
        option_share: of the item's options that the row has for its options to be the same.
        rare_options: options, each counted by how rare it is, that make a paraphrase of two alike questions.
        option_words: words of the shared options that make one whatever the questions' words are.
        paraphrase_share: of the question's words that two alike questions share.
        semantic: name of an embedding model (`curate.embedding`) that adds candidates; None: words alone.
        neighbours: benchmark items that an embedding proposes for a row.
        least_similarity: cosine similarity of those.
        alone_similarity: cosine similarity that makes a leak when a gold is not known.
        review: what is listed for a person or a judge: the pairs that miss a leak narrowly; or besides all `neighbours` of a row,
            whatever their golds and numbers, as in DeepMath-103K (arXiv 2504.11456, section 2: five, with a `least_similarity` of -1: no cut-off).
    """

    candidate_share: float = Field(default=0.35, gt=0, le=1)
    text_share: float = Field(default=0.85, gt=0, le=1)
    verbatim_share: float = Field(default=0.97, gt=0, le=1)
    gold_share: float = Field(default=0.6, gt=0, le=1)
    largest_gap: float = Field(default=4, ge=0)
    largest_gap_alone: float = Field(default=1.5, ge=0)
    least_grams: float = Field(default=3, ge=0)
    least_embedded_grams: float = Field(default=6, ge=0)
    option_share: float = Field(default=0.75, gt=0, le=1)
    rare_options: float = Field(default=2, ge=0)
    option_words: int = Field(default=16, ge=1)
    paraphrase_share: float = Field(default=0.3, gt=0, le=1)
    semantic: str | None = None
    neighbours: int = Field(default=5, ge=1)
    least_similarity: float = Field(default=0.5, ge=-1, le=1)
    alone_similarity: float = Field(default=0.85, gt=0, le=1)
    review: Literal["narrow", "nearest"] = "narrow"

    @model_validator(mode="after")
    def _has_neighbours(self) -> Self:
        if self.review == "nearest" and self.semantic is None:
            raise ValueError("review: 'nearest' lists what an embedding proposes; name one with 'semantic'")
        return self
