"""One model with its prompts, as a synthesis asks it, and what a manifest says of that in the end."""

from collections.abc import Iterable, Iterator
from typing import Any

from crossthink.progress import Step
from crossthink.workspace import Workspace
from curate.ask import ModelSettings, Reply, Request
from curate.ask.cache import Cache
from curate.ask.client import ask
from curate.ask.price import estimate
from curate.ask.prompts import Prompt, read_prompt
from curate.ask.record import Tally
from curate.ask.spending import Spending
from manifests.manifest import Asked


class Model:
    """A model that is asked with one prompt, batch after batch.

    Args:
        settings: which model, and how it is asked.
        prompt: name of the prompt; its newest version is taken.
        workspace: where the answers are kept.
        spending: of the whole command.
    """

    def __init__(self, settings: ModelSettings, prompt: str, workspace: Workspace, spending: Spending) -> None:
        self.prompt: Prompt = read_prompt(prompt)
        self._settings, self._spending = settings, spending
        self._cache = Cache(workspace.answers)
        self._tally = Tally(settings, [self.prompt])

    @property
    def name(self) -> str:
        return self._settings.model

    def ask(self, requests: Iterable[Request], step: Step) -> Iterator[Reply]:
        """Yield a reply per request, in order, and count it."""
        return self._tally.counted(ask(requests, self._settings, self._cache, self._spending, step))

    def price(self, requests: Iterable[Request]) -> str:
        """Say what requests would cost."""
        return estimate(requests, self._settings, self._cache).said(self.name)

    def identity(self) -> dict[str, Any]:
        """What its answers depend on besides what it is asked about."""
        return self._settings.drawn | {"prompt": self.prompt.digest}

    def record(self) -> Asked:
        return self._tally.record()
