"""What answers one request: a server, or a model on this machine."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Protocol

from crossthink.errors import UserError
from curate.ask.request import Completion, Failure, FailureReason, Message
from curate.ask.settings import ModelSettings

ENTRY_POINTS = "crossthink.models"
"""Models on this machine; the room that knows torch registers one as `local`."""


@dataclass(frozen=True, slots=True)
class Draw:
    """One sample to draw: what is sent."""

    prompt: str | list[Message]
    max_tokens: int
    seed: int


@dataclass(frozen=True, slots=True)
class Again:
    """A try that failed and may be repeated.

    Attributes:
        failure: what it is if no try is left.
        after: seconds that the server wants to be left alone; None: it does not say.
        is_connection: whether nobody was there at all.
    """

    failure: Failure
    after: float | None = None
    is_connection: bool = False

    @property
    def is_rate(self) -> bool:
        """Whether the server has too much to do and the request itself is well."""
        return self.failure.reason is FailureReason.RATE_LIMITED


class Unreachable(UserError):
    """The server, or this command's access to it, is at fault and not the request; asking on makes no sense."""


class Model(Protocol):
    """Something that answers; used inside one event loop."""

    async def draw(self, draw: Draw) -> Completion | Failure | Again:
        """Try once; a completion may be without text.

        Raises:
            Unreachable: no request of this command will be answered.
        """

    async def close(self) -> None:
        """Let go of connections and memory."""


class LocalModel(Protocol):
    """A model on this machine."""

    def answer(self, draws: Sequence[Draw]) -> list[Completion]:
        """Draw samples in one batch; each depends on its own seed and prompt alone."""


def open_model(settings: ModelSettings) -> Model:
    """Return what answers for these settings.

    Raises:
        UserError: it is not installed, cannot be loaded, or needs a key that is not there.
    """
    if settings.base_url is not None:
        from curate.ask.server import Server

        return Server(settings)
    from curate.ask.local import Batching

    found = {entry.name: entry for entry in entry_points(group=ENTRY_POINTS)}
    if "local" not in found:
        raise UserError(
            f"model {settings.model}: no base_url, and nothing here runs a model. Name a server, or install one with:"
            " pip install 'crossthink[local]'"
        )
    try:
        load = found["local"].load()
    except ImportError as error:
        raise UserError(f"model {settings.model}: {error}. Install it with: pip install 'crossthink[local]'") from None
    return Batching(load(settings), settings.in_flight)
