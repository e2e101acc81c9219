"""The work of rewriting a corpus's items: read, refuse, ask, check, a batch at a time; or put options into another order."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import polars as pl

from crossthink.errors import UserError, listing, nearest
from crossthink.progress import Step
from crossthink.workspace import Workspace
from curate.ask import Request
from curate.corpus import ITEMS_FILE, Corpus, check_corpus, read_corpus
from curate.synthesis.asking import Model
from curate.synthesis.checks import Lost
from curate.synthesis.reading import read_reply
from curate.synthesis.reorder import gold_positions, permuted
from curate.synthesis.rewriting import ITEM_COLUMNS, REWRITINGS, Item, Rewriting, row_of
from curate.synthesis.settings import Permute, Rewrite
from curate.synthesis.work import BATCH, batches
from curate.synthesis.writer import Fault, SourceWriter
from curate.table import ItemTable
from manifests.manifest import CorpusRecord, FileRecord


@dataclass(frozen=True)
class _Reading:
    """The items that a rewriting starts from, in the order of the corpus."""

    settings: Rewrite
    table: ItemTable
    stated: Corpus

    @property
    def corpus(self) -> CorpusRecord:
        return self.stated.record()

    @property
    def inputs(self) -> list[FileRecord]:
        return []

    @property
    def operator(self) -> str:
        return self.settings.by.operator

    def identity(self) -> dict[str, Any]:
        chosen = self.settings.model_dump(mode="json", exclude={"corpus"})
        return {"corpus": self.corpus.content, "rewrite": chosen}

    def items(self) -> Iterator[Item]:
        chosen = self.settings.sources
        for batch in self.table.batches(ITEM_COLUMNS):
            wanted = batch if chosen is None else batch.filter(pl.col("source").is_in(chosen))
            for part in wanted.iter_slices(BATCH):
                yield from part.to_dicts()


@dataclass(frozen=True)
class Rewording(_Reading):
    """Items that a model rewrites."""

    model: Model

    @property
    def models(self) -> list[Model]:
        return [self.model]

    @cached_property
    def _rewriting(self) -> Rewriting:
        return REWRITINGS[self.operator]

    def run(self, writer: SourceWriter, step: Step) -> None:
        for items in batches(self.items()):
            reasons = self._rewriting.refused(items)
            for item, reason in zip(items, reasons, strict=True):
                writer.came(self.operator, item["source"])
                if reason is not None:
                    writer.drop(self.operator, item["source"], item["source_row"], Fault(reason), item)
            self._rewrite([item for item, reason in zip(items, reasons, strict=True) if reason is None], writer, step)

    def _rewrite(self, items: list[Item], writer: SourceWriter, step: Step) -> None:
        for item, reply in zip(items, self.model.ask(self._requests(items), step), strict=True):
            said = read_reply(reply.samples[0], self._rewriting.reply, item["item_id"], writer.facts)
            changes = said if isinstance(said, Fault) else self._rewriting.changed(item, said, self.settings.by)
            if isinstance(changes, Fault):
                writer.drop(self.operator, item["source"], item["source_row"], changes, item)
            else:
                writer.keep(item["source"], row_of(item, self.operator, changes))

    def _requests(self, items: list[Item]) -> Iterator[Request]:
        for item in items:
            yield Request(item["item_id"], self.model.prompt.render(**self._rewriting.told(item, self.settings.by)))

    def expected(self) -> Iterator[tuple[Model, Request]]:
        for items in batches(self.items()):
            wanted = [
                item for item, reason in zip(items, self._rewriting.refused(items), strict=True) if reason is None
            ]
            yield from ((self.model, request) for request in self._requests(wanted))


@dataclass(frozen=True)
class Reordering(_Reading):
    """Items whose options get another order."""

    @property
    def models(self) -> list[Model]:
        return []

    def run(self, writer: SourceWriter, step: Step) -> None:
        by = self.settings.by
        assert isinstance(by, Permute)
        step.at("golds are dealt")
        positions = iter(gold_positions(self._choices(), by)) if by.gold_positions == "balanced" else None
        for number, item in enumerate(self.items()):
            writer.came(self.operator, item["source"])
            if not item["options"]:
                writer.drop(self.operator, item["source"], item["source_row"], Fault(Lost.HAS_NO_OPTIONS), item)
                continue
            row = permuted(item, next(positions) if positions else None, by)
            if isinstance(row, Fault):
                writer.drop(self.operator, item["source"], item["source_row"], row, item)
            else:
                if "order_kept" in json.loads(row["extra"]):
                    writer.facts["options_kept_in_order"] += 1
                writer.keep(item["source"], row)
            if number % 10_000 == 0:
                step.at(f"{number:,} items")

    def _choices(self) -> Iterator[Item]:
        return (item for item in self.items() if item["options"])

    def expected(self) -> Iterator[tuple[Model, Request]]:
        yield from ()


def read_items(settings: Rewrite, workspace: Workspace) -> tuple[ItemTable, Corpus]:
    """Open the corpus that is rewritten.

    Raises:
        UserError: there is none of this name, a file of it was changed, or it has no such source.
    """
    folder = workspace.corpus(settings.corpus)
    stated = read_corpus(folder)
    check_corpus(folder, stated)
    names = [source.name for source in stated.sources if source.role == "corpus"]
    for name in settings.sources or ():
        if name not in names:
            raise UserError(
                f"rewrite.sources: {name!r} is no source of corpus {settings.corpus}.{nearest(name, names)}"
                f" There are: {listing(names)}"
            )
    return ItemTable((folder / ITEMS_FILE,)), stated
