"""One model with its prompts, as the runner asks it, and what is said of that in the end."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from crossthink.progress import Step
from crossthink.workspace import Workspace
from curate.ask import ModelSettings, Reply, Request
from curate.ask.cache import Cache
from curate.ask.client import ask
from curate.ask.prompts import Prompt, load_prompt
from curate.ask.spending import Spending
from manifests.manifest import Asked


@dataclass(frozen=True)
class Model:
    settings: ModelSettings
    prompts: dict[str, Prompt]
    cache: Cache
    spending: Spending

    @classmethod
    def of(cls, settings: ModelSettings, prompts: list[str], workspace: Workspace, spending: Spending) -> "Model":
        cache = Cache(workspace.root / "answers")
        return cls(settings, {name: load_prompt(name) for name in prompts}, cache, spending)

    def prompt(self, name: str) -> Prompt:
        return self.prompts[name]

    def ask(self, requests: Iterable[Request], step: Step) -> Iterator[Reply]:
        return ask(requests, self.settings, self.cache, self.spending, step)

    def identity(self) -> dict[str, Any]:
        return {"model": self.settings.model, "prompts": {k: v.digest for k, v in self.prompts.items()}}

    def record(self) -> Asked:
        return Asked(model=self.settings.model)
