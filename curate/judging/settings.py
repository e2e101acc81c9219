"""What a person asks of a judge: which model, what about, how many votes, and what happens when it does not settle.

A judge drops a row only on its own words: by default a vote that cannot be read, and an opinion that changes with the order of
a pair, is no evidence against a row. Both defaults can be turned.
"""

from enum import StrEnum
from typing import Literal

from pydantic import Field, field_validator

from crossthink.config import Name, Settings
from curate.ask import Budget, ModelSettings


class Question(StrEnum):
    """What a judge is asked about one item; "no" speaks against it. Each has its prompt, `judge_NAME`."""

    ANSWERABLE = "answerable"
    VERIFIABLE = "verifiable"
    COMPLETE = "complete"
    SAFE = "safe"


class Rule(StrEnum):
    """How many of the votes carry: for a row to go, or for two questions to be the same."""

    MAJORITY = "majority"  # more than half
    UNANIMOUS = "unanimous"  # all
    ANY = "any"  # one


class VotingSettings(Settings):
    """A model and how its votes are counted.

    Attributes:
        model: who judges.
        votes: independent answers to each question.
        rule: how many of the `votes` carry.
        budget: what the judge may spend in one run.
    """

    model: ModelSettings
    votes: int = Field(default=1, ge=1)
    rule: Rule = Rule.MAJORITY
    budget: Budget = Budget()


class StageSettings(VotingSettings):
    """A judge as a stage of a curation.

    Attributes:
        unsettled: what becomes of a row where the votes that cannot be read could turn the result. It stays by default: a judge
            that does not answer says nothing about the row, and fails most on what is long and hard.
        limit: most items or pairs that are asked about; the others stay. None: all.
    """

    unsettled: Literal["keep", "drop"] = "keep"
    limit: int | None = Field(default=None, ge=1)


class JudgeSettings(StageSettings):
    """A stage that judges items one by one; of more than `limit` it takes the first by their hash.

    Attributes:
        name: of the stage, `judge_NAME`.
        questions: asked in this order; a row that goes is asked nothing more.
        sources: whose items are judged; None: all.
    """

    name: Name
    questions: list[Question] = Field(default_factory=lambda: list(Question), min_length=1)
    sources: list[str] | None = Field(default=None, min_length=1)

    @field_validator("questions")
    @classmethod
    def _asked_once(cls, questions: list[Question]) -> list[Question]:
        if twice := [question for question in questions if questions.count(question) > 1]:
            raise ValueError(f"{twice[0].value!r} stands twice")
        return questions


class PairJudgeSettings(StageSettings):
    """A stage that judges pairs, each in both orders; of more than `limit` it takes the most alike.

    Attributes:
        one_order: what becomes of a row that the judge takes for the same in one order only. It stays by default: such a verdict
            depends on the place and not on the pair.
        pairs: most pairs of a row that are asked about, the most alike first; one that is the same is enough for the row to go.
            DeepMath-103K (arXiv 2504.11456, section 2) asks about five.
    """

    one_order: Literal["keep", "drop"] = "keep"
    pairs: int = Field(default=5, ge=1)


class GreyZoneSettings(Settings):
    """Who judges what falls between "clearly the same" and "clearly different"; None: it stays."""

    contamination: PairJudgeSettings | None = None
    near_duplicates: PairJudgeSettings | None = None
