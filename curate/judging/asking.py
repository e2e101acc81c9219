"""What judging needs of asking: a model that is asked and counted, replies beside what they are about, items as prompts show them."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from string import ascii_uppercase
from typing import Any, TypeVar

from crossthink.progress import Step
from curate.ask import Budget, ModelSettings, Reply, Request
from curate.ask.cache import Cache
from curate.ask.client import ask
from curate.ask.prompts import Prompt
from curate.ask.record import Tally
from curate.ask.spending import Spending
from manifests.manifest import Asked

Ask = Callable[[Iterable[Request]], Iterator[Reply]]
"""Asks a model, and yields the replies in the order of the requests; a `Judge`, or a part of one in a test."""

T = TypeVar("T")

COLUMNS = ["item_id", "source", "source_row", "question", "context", "options", "answer", "images"]
"""What is read of an item that is judged."""


class Judge:
    """A model that is asked with some prompts; what it answers is kept, and counted for the manifest.

    Args:
        model: which, and how.
        budget: what it may spend.
        prompts: that it is asked with.
        cache: where answers are kept.
        step: told how far it is.
    """

    def __init__(
        self, model: ModelSettings, budget: Budget, prompts: Sequence[Prompt], cache: Cache, step: Step | None = None
    ) -> None:
        self.spending, self.step = Spending(budget), step
        self._model, self._prompts, self._cache = model, prompts, cache
        self._tally = Tally(model, prompts)

    def __call__(self, requests: Iterable[Request]) -> Iterator[Reply]:
        """Ask, and yield the replies in the order of the requests."""
        return self._tally.counted(ask(requests, self._model, self._cache, self.spending, self.step))

    def identity(self) -> dict[str, Any]:
        """Return what its answers depend on besides what it is shown."""
        return judge_identity(self._model, self._prompts)

    def record(self) -> Asked:
        """Return what was asked and answered until now."""
        return self._tally.record()


def judge_identity(model: ModelSettings, prompts: Iterable[Prompt]) -> dict[str, Any]:
    """Return what a judge's answers depend on besides what is shown."""
    return {"model": model.drawn, "prompts": {f"{each.name}.v{each.version}": each.digest for each in prompts}}


def asked(ask: Ask, requests: Iterable[tuple[T, Request]]) -> Iterator[tuple[T, Reply]]:
    """Yield each reply with what it is about; no more of it is held than is on its way."""
    waiting: deque[T] = deque()

    def sent() -> Iterator[Request]:
        for about, request in requests:
            waiting.append(about)
            yield request

    for reply in ask(sent()):
        yield waiting.popleft(), reply


def mark_of(item_id: str) -> str:
    """Return what stands for an item in a prompt, and what its answer must repeat."""
    return item_id[:8]


def shown(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return an item as prompts show it.

    Args:
        item: with question, context, options and answer; the options are named A, B, ... in their order.
    """
    options = item.get("options") or []
    return {
        "question": item["question"],
        "context": item.get("context") or "",
        "options": [f"{_letter(place)}. {option}" for place, option in enumerate(options)],
        "answer": item.get("answer") or "",
    }


def _letter(place: int) -> str:
    return ascii_uppercase[place] if place < len(ascii_uppercase) else str(place + 1)
