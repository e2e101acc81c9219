"""What a model is to reply: one JSON object that names the item it answers for.

Every prompt states an `id` and every reply must repeat it: a reply that names another is an answer for another item, however
good it is. Keys that were not asked for are ignored.
"""

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict


def _held(text: str) -> str:
    """Refuse what no file can hold, and JSON can spell."""
    if re.search("[\0\ud800-\udfff]", text):
        raise ValueError("a NUL or half a surrogate pair")
    return text


Text = Annotated[str, AfterValidator(_held)]


class Answering(BaseModel):
    """Base of every reply."""

    model_config = ConfigDict(frozen=True)

    id: Text
    """Of the item that the reply is about, as the prompt stated it."""


class WrittenQuestion(BaseModel):
    model_config = ConfigDict(frozen=True)

    question: Text
    options: list[Text] | None = None
    subject: Text | None = None


class Written(Answering):
    """New questions; their answers are not asked of who writes them."""

    questions: list[WrittenQuestion]


class Distractors(Answering):
    """Wrong options for an open question."""

    distractors: list[Text]


class Reworded(Answering):
    """A question in other words."""

    question: Text


class Explained(BaseModel):
    model_config = ConfigDict(frozen=True)

    option: Text
    """Its letter."""
    text: Text
    """Its text, repeated, so that an explanation of another option is seen."""
    why: Text


class Contrast(Answering):
    """Why each option is right or wrong."""

    explanations: list[Explained]
