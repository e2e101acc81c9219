"""Which model is asked, how, and what it may cost: the part of a configuration that every asking command has."""

from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from crossthink.config import Settings
from crossthink.files import digest, sha256_file
from curate.ask.request import Message, Request


class Prices(Settings):
    """Money per million tokens, in whatever currency the budget is in."""

    input: float = Field(ge=0)
    output: float = Field(ge=0)

    def of(self, prompt_tokens: int, completion_tokens: int) -> float:
        return (self.input * prompt_tokens + self.output * completion_tokens) / 1e6


class ModelSettings(Settings):
    """A model behind an OpenAI-compatible endpoint, or on this machine.

    `model`, `api` and the sampling decide what an answer is; they are in the digest of each request. Where the server is and
    how it is spoken to are not: the same answers serve wherever the same model is served.
    """

    model: str = Field(min_length=1)
    """Its name at the server; for a model on this machine its hub id or folder."""
    base_url: str | None = Field(default=None, pattern=r"^https?://[^@]+$")
    """Address of the endpoint, such as http://localhost:8000/v1; None: the model runs on this machine."""
    key_from: str = "OPENAI_API_KEY"
    """Environment variable that holds the key; it is read when requests are sent, and written nowhere."""
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
    """Requests on their way at once; for a model on this machine, the size of a batch."""
    requests_per_minute: int | None = Field(default=None, ge=1)
    timeout_seconds: float = Field(default=600, gt=0)
    """Of one try; what the openai package waits by default."""
    tries: int = Field(default=5, ge=1)
    """Of one sample before it is a failure."""
    pause_seconds: float = Field(default=1, ge=0)
    """Before the second try; each further pause is twice as long. A server that says when to come again is obeyed."""
    prices: Prices | None = None

    def asked(self, request: Request) -> dict[str, Any]:
        """Return all that an answer to a request depends on, but for the sample's number."""
        asked = self.drawn | {"prompt": self.shown(request)}
        return asked | {"sampling": asked["sampling"] | {"max_tokens": request.max_tokens or self.max_tokens}}

    def shown(self, request: Request) -> str | list[Message]:
        """Return a prompt in the form that the api takes: a text is one message of a user, a conversation its texts."""
        prompt = request.prompt
        if self.api == "chat":
            return [Message(role="user", content=prompt)] if isinstance(prompt, str) else list(prompt)
        return prompt if isinstance(prompt, str) else "\n\n".join(message["content"] for message in prompt)

    def digest(self, request: Request) -> str:
        """Return the digest that a request's answers are kept under."""
        return digest(self.asked(request))

    @property
    def drawn(self) -> dict[str, Any]:
        """What answers depend on besides what is shown: neither where the model is, nor how it is spoken to."""
        names = ("temperature", "top_p", "stop", "seed", "logprobs", "max_tokens")
        return {"model": self.identity, "api": self.api, "sampling": {name: getattr(self, name) for name in names}}

    @property
    def identity(self) -> str:
        """The model's name in digests and records: a folder of this machine goes by its last part and its content, since the
        same folder can hold other weights tomorrow, and no digest holds a path."""
        folder = Path(self.model)
        if self.base_url is not None or not folder.is_dir():
            return self.model
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        seen = tuple(
            (path.relative_to(folder).as_posix(), path.stat().st_size, path.stat().st_mtime_ns) for path in files
        )
        return f"{folder.resolve().name}@{_content(folder, seen)}"


class Budget(Settings):
    """What a command may spend; before a request could pass a limit, it stops cleanly and says so."""

    requests: int | None = Field(default=None, ge=0)
    """Requests that are sent, repeated tries included; answers that are kept cost nothing."""
    tokens: int | None = Field(default=None, ge=0)
    """Of prompts and answers together."""
    money: float | None = Field(default=None, ge=0)
    """In the currency of the model's prices."""


@lru_cache(maxsize=8)
def _content(folder: Path, files: tuple[tuple[str, int, int], ...]) -> str:
    """Digest of a folder's files; they are read again when one's size or time has changed."""
    return digest([[name, sha256_file(folder / name)] for name, _, _ in files])[:16]
