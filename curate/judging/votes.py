"""From what a model wrote to a verdict: each answer is a vote, or one of the faults that are counted and never taken for a vote.

A judge repeats the mark of what it judges, so an answer that was meant for another item is seen as one. Where the votes that
cannot be used could turn the result either way, there is no result.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from pydantic import BaseModel, field_validator

from curate.ask import Completion, Failure, Reply
from curate.ask.parse import Unparsed, UnparsedReason, parse_json
from curate.judging.settings import Rule

M = TypeVar("M", bound="Marked")

WORDS = 400
"""Characters of a judge's words that evidence repeats."""
MOST_WORDS = 3
"""Votes whose words evidence repeats."""


OTHER_ITEM = "other_item"
"""The fault of an answer that carries the mark of something else. The others are why it could not be read (`UnparsedReason`), or why
there is none (`FailureReason`)."""


class Marked(BaseModel):
    """Base of what a judge is asked to write; other keys are ignored."""

    id: str
    """The mark of what was judged."""
    reason: str = ""


class Said(Marked):
    """A verdict."""

    verdict: Literal["yes", "no"]

    @field_validator("verdict", mode="before")
    @classmethod
    def _plain(cls, verdict: object) -> object:
        if isinstance(verdict, bool):
            return "yes" if verdict else "no"
        return verdict.strip().lower() if isinstance(verdict, str) else verdict


@dataclass(frozen=True)
class Votes:
    """The votes on one question.

    Attributes:
        yes, no: the words of each vote that said so.
        faults: answers that are no vote, by why.
    """

    yes: list[str] = field(default_factory=list)
    no: list[str] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)

    @property
    def wanted(self) -> int:
        """How many were asked for."""
        return len(self.yes) + len(self.no) + self.faults.total()

    def counts(self) -> dict[str, int]:
        """For evidence: votes by what they said, and each fault that there was."""
        return {"yes": len(self.yes), "no": len(self.no), **dict(sorted(self.faults.items()))}

    def carries(self, verdict: Literal["yes", "no"], rule: Rule) -> bool | None:
        """Whether the votes for a verdict carry; None where the votes that cannot be used could turn it."""
        certain = len(getattr(self, verdict))
        least, most = (_enough(count, self.wanted, rule) for count in (certain, certain + self.faults.total()))
        return least if least == most else None


def votes_of(reply: Reply, mark: str) -> Votes:
    """Read the votes off a reply.

    Args:
        reply: the samples of one question.
        mark: that an answer must repeat.
    """
    counted = Votes()
    for sample in reply.samples:
        said = read_answer(sample, Said, mark)
        if isinstance(said, str):
            counted.faults[said] += 1
        else:
            (counted.yes if said.verdict == "yes" else counted.no).append(" ".join(said.reason.split()))
    return counted


def shown_words(words: list[str]) -> list[str]:
    """Return what evidence repeats of some votes' words."""
    return [text[:WORDS] for text in words[:MOST_WORDS]]


def read_answer(sample: Completion | Failure, kind: type[M], mark: str) -> M | str:
    """Return what a sample says, or why it says nothing that can be used: a fault.

    Args:
        sample: one answer of a judge, or its failure.
        kind: what the answer must fit.
        mark: that it must repeat.
    """
    if isinstance(sample, Failure):
        return str(sample.reason)
    read = parse_json(sample.text, kind)
    if isinstance(read, Unparsed):
        return str(UnparsedReason.CUT_OFF if sample.is_cut_off else read.reason)
    return read.value if read.value.id.strip().lower() == mark else OTHER_ITEM


def _enough(count: int, votes: int, rule: Rule) -> bool:
    if rule is Rule.MAJORITY:
        return 2 * count > votes
    return count == votes if rule is Rule.UNANIMOUS else count > 0
