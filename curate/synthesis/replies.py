"""What a model is to reply: one JSON object that names the item it answers for.

Every prompt states an `id` and every reply must repeat it: a reply that names another is an answer for another item, however
good it is. Keys that were not asked for are ignored.
"""

from pydantic import BaseModel, ConfigDict


class Answering(BaseModel):
    """Base of every reply."""

    model_config = ConfigDict(frozen=True)

    id: str
    """Of the item that the reply is about, as the prompt stated it."""


class WrittenQuestion(BaseModel):
    model_config = ConfigDict(frozen=True)

    question: str
    options: list[str] | None = None
    subject: str | None = None


class Written(Answering):
    """New questions; their answers are not asked of who writes them."""

    questions: list[WrittenQuestion]


class Distractors(Answering):
    """Wrong options for an open question."""

    distractors: list[str]


class Reworded(Answering):
    """A question in other words."""

    question: str


class Explained(BaseModel):
    model_config = ConfigDict(frozen=True)

    option: str
    """Its letter."""
    text: str
    """Its text, repeated, so that an explanation of another option is seen."""
    why: str


class Contrast(Answering):
    """Why each option is right or wrong."""

    explanations: list[Explained]
