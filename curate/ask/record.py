"""What a manifest says of the models that rows came through."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator

from crossthink.files import canonical_json
from curate.ask.prompts import Prompt
from curate.ask.request import Completion, Reply
from curate.ask.settings import ModelSettings
from manifests.manifest import Asked


class Tally:
    """Counts the replies that go past, in their order.

    The order of the replies is that of the requests, so the same work has the same digest, however many requests were on their
    way and however many answers were kept from before.
    """

    def __init__(self, model: ModelSettings, prompts: Iterable[Prompt]) -> None:
        self._model, self._prompts = model, {f"{each.name}.v{each.version}": each.digest for each in prompts}
        self._requests = self._samples = self._prompt_tokens = self._completion_tokens = 0
        self._failures = Counter[str]()
        self._hashed = hashlib.sha256()

    def counted(self, replies: Iterable[Reply]) -> Iterator[Reply]:
        """Yield the replies, counting each."""
        for reply in replies:
            self._requests += 1
            answers: list[list[str | None] | None] = []
            for sample in reply.samples:
                if isinstance(sample, Completion):
                    self._samples += 1
                    self._prompt_tokens += sample.prompt_tokens or 0
                    self._completion_tokens += sample.completion_tokens or 0
                    answers.append([sample.text, sample.finish])
                else:
                    self._failures[str(sample.reason)] += 1
                    answers.append(None)
            self._hashed.update(canonical_json([reply.digest, answers]) + b"\n")
            yield reply

    def record(self) -> Asked:
        """Return what was counted until now."""
        return Asked(
            **self._model.drawn,
            prompts=dict(sorted(self._prompts.items())),
            requests=self._requests,
            samples=self._samples,
            failures=dict(sorted(self._failures.items())),
            prompt_tokens=self._prompt_tokens,
            completion_tokens=self._completion_tokens,
            answers=self._hashed.hexdigest(),
        )
