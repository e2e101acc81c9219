"""What is asked of a model, and what comes back."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, TypedDict


class Message(TypedDict):
    role: Literal["system", "user", "assistant"]
    content: str


Prompt = tuple[Message, ...] | str
"""A conversation for a chat model, or a text for a model that continues texts."""


@dataclass(frozen=True, slots=True)
class Request:
    """One prompt of which some samples of an answer are wanted.

    Attributes:
        key: what the asker calls it, such as an item's id; no part of what is asked.
        prompt: what the model is shown; conversations for `api: chat`, texts for `api: completions`.
        samples: independent answers wanted, each with a seed of its own.
        max_tokens: of one answer, when this request wants another limit than the model's settings.
    """

    key: str
    prompt: Prompt
    samples: int = 1
    max_tokens: int | None = None


class FailureReason(StrEnum):
    """Why a sample has no answer."""

    REFUSED = "refused"  # the server will not answer this request, whatever is tried: a 4xx of this request alone
    TIMED_OUT = "timed_out"  # no answer within the time limit, at every try
    SERVER_ERROR = "server_error"  # 5xx, or the connection broke, at every try
    RATE_LIMITED = "rate_limited"  # 429 at every try
    MALFORMED = "malformed"  # a page, half a JSON text or another shape than the protocol's, at every try
    EMPTY = "empty"  # an answer without text


@dataclass(frozen=True, slots=True)
class Completion:
    """One answer.

    Attributes:
        text: what the model said.
        finish: why it stopped, as the server says it: "stop", "length", ...
        prompt_tokens, completion_tokens: as the server counts them; None where it does not say.
        logprobs: of the answer's tokens, where they were asked for and the server has them.
    """

    text: str
    finish: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    logprobs: tuple[float, ...] | None = None

    @property
    def is_cut_off(self) -> bool:
        """Whether it ended at its limit of tokens and not where the model meant to."""
        return self.finish == "length"


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no answer; counted, shown, and never kept: the next run asks again."""

    reason: FailureReason
    detail: str


@dataclass(frozen=True, slots=True)
class Reply:
    """The samples of one request, in the order of their seeds.

    Attributes:
        request: what was asked.
        samples: as many as were wanted.
        digest: of what was asked, under which the answers are kept.
    """

    request: Request
    samples: tuple[Completion | Failure, ...]
    digest: str = ""

    @property
    def completions(self) -> list[Completion]:
        """The samples that are answers."""
        return [sample for sample in self.samples if isinstance(sample, Completion)]

    @property
    def failures(self) -> list[Failure]:
        """The samples that are not."""
        return [sample for sample in self.samples if isinstance(sample, Failure)]
