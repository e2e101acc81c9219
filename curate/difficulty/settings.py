"""What a person asks of solving: which questions, which model, how often (`crossthink difficulty CONFIG.yaml`)."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from crossthink.config import Name, Settings
from crossthink.errors import UserError
from curate.ask import Budget, ModelSettings
from curate.ask.prompts import Prompt, read_prompt
from curate.solving.asking import Reading
from curate.solving.questions import Template

_VERSION = re.compile(r"(?P<name>.+?)(?:\.v(?P<version>[1-9][0-9]*))?")


def find_prompt(reference: str) -> Prompt:
    """Return the prompt of this name, the newest, or of this name and version: "solve", "solve.v1".

    Raises:
        UserError: there is none.
    """
    found = _VERSION.fullmatch(reference)
    version = found["version"] if found else None
    return read_prompt(found["name"] if found else reference, int(version) if version else None)


def _known(reference: str) -> str:
    try:
        find_prompt(reference)
    except UserError as error:
        raise ValueError(str(error)) from None
    return reference


PromptName = Annotated[str, AfterValidator(_known)]
"""A prompt of `curate/ask/prompts`, with or without its version."""


class SolveConfig(Settings):
    """How often a model solves each question of a corpus."""

    name: Name
    """Of the difficulty."""
    corpus: Name
    model: ModelSettings
    label: str = ""
    """What recipes call the model; by default its own name."""
    samples: int = Field(default=1, ge=1)
    """Independent responses to each question."""
    template: Template | None = None
    """Ask only the variants of this one; by default each item once, with its options where it has them."""
    prompt: PromptName = "solve"
    answers: Reading = "boxed"
    budget: Budget = Budget()

    @property
    def called(self) -> str:
        return self.label or self.model.identity
