"""What the runner runs: one way of making a synthetic source, with all that its key depends on."""

from collections.abc import Iterable, Iterator
from typing import Any, Protocol, TypeVar

from crossthink.progress import Step
from curate.ask import Request
from curate.synthesis.asking import Model
from curate.synthesis.writer import SourceWriter
from manifests.manifest import CorpusRecord, FileRecord

BATCH = 2000
"""Requests whose replies are held at once."""
T = TypeVar("T")


class Work(Protocol):
    """One way of making a synthetic source."""

    @property
    def operator(self) -> str:
        """documents, topics, personas, or the operator of a rewriting."""

    @property
    def models(self) -> list[Model]:
        """Those that are asked, in order."""

    @property
    def inputs(self) -> list[FileRecord]:
        """Files that it starts from."""

    @property
    def corpus(self) -> CorpusRecord | None:
        """The corpus that it starts from."""

    def identity(self) -> dict[str, Any]:
        """What the rows depend on besides the models' answers."""

    def run(self, writer: SourceWriter, step: Step) -> None:
        """Make every row."""

    def expected(self) -> Iterator[tuple[Model, Request]]:
        """Yield the requests that a run would make, as far as they can be known beforehand."""


def batches(items: Iterable[T], size: int = BATCH) -> Iterator[list[T]]:
    """Cut items into lists of at most `size`."""
    batch: list[T] = []
    for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
