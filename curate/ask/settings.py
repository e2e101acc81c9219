"""Which model is asked, how, and what it may cost: the part of a configuration that every asking command has."""

from typing import Literal

from pydantic import Field

from crossthink.config import Settings


class Prices(Settings):
    """Money per million tokens, in whatever currency the budget is in."""

    input: float = Field(ge=0)
    output: float = Field(ge=0)


class ModelSettings(Settings):
    """A model behind an OpenAI-compatible endpoint, or on this machine.

    `model`, `api` and the sampling decide what an answer is; they are in the digest of each request. Where the server is and
    how it is spoken to are not: the same answers serve wherever the same model is served.
    """

    model: str = Field(min_length=1)
    """Its name at the server; for a model on this machine its hub id or folder."""
    base_url: str | None = None
    """Address of the endpoint, such as http://localhost:8000/v1; None: the model runs on this machine."""
    key_from: str = "OPENAI_API_KEY"
    """Environment variable that holds the key; it is read when a request is sent, and written nowhere."""
    api: Literal["chat", "completions"] = "chat"
    temperature: float = Field(default=1.0, ge=0)
    top_p: float = Field(default=1.0, gt=0, le=1)
    max_tokens: int = Field(default=2048, ge=1)
    """Tokens of one answer."""
    stop: list[str] = Field(default_factory=list)
    seed: int = Field(default=0, ge=0)
    """Of the first sample; each further one has the next."""
    logprobs: bool = False
    """Whether the log-probabilities of the answer's tokens are asked for."""
    in_flight: int = Field(default=16, ge=1)
    """Requests on their way at once."""
    requests_per_minute: int | None = Field(default=None, ge=1)
    timeout_seconds: float = Field(default=600, gt=0)
    """Of one try; what the openai package waits by default."""
    tries: int = Field(default=5, ge=1)
    """Of one sample, with growing pauses, before it is a failure."""
    prices: Prices | None = None


class Budget(Settings):
    """What a command may spend; when the next request could pass a limit, it stops cleanly and says so."""

    requests: int | None = Field(default=None, ge=0)
    tokens: int | None = Field(default=None, ge=0)
    """Of prompts and answers together."""
    money: float | None = Field(default=None, ge=0)
    """In the currency of the model's prices."""
