"""The work of making new questions: write, then vote, a batch of seeds at a time."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from crossthink.progress import Step
from curate.ask import Request
from curate.synthesis.asking import Model
from curate.synthesis.checks import Lost
from curate.synthesis.grow import Drafted, NotDrafted, drafts, solve_request, voted, write_request
from curate.synthesis.seeds import Seed, Seeds
from curate.synthesis.settings import SynthesisConfig
from curate.synthesis.work import batches
from curate.synthesis.writer import Fault, SourceWriter
from manifests.manifest import FileRecord

WRITING, VOTING = "writing", "voting"
SOLVE = "solve_drafted"
TYPICAL_QUESTION = "x" * 300
"""Stands for a question that is not written yet, where its votes are priced."""


@dataclass(frozen=True)
class Growing:
    """Questions from documents, topics or personas."""

    config: SynthesisConfig
    seeds: Seeds
    writer_model: Model
    solver_model: Model
    corpus: None = None

    @property
    def operator(self) -> str:
        return next(kind for kind in ("documents", "topics", "personas") if getattr(self.config, kind) is not None)

    @property
    def models(self) -> list[Model]:
        return [self.writer_model, self.solver_model]

    @property
    def inputs(self) -> list[FileRecord]:
        return self.seeds.files

    def identity(self) -> dict[str, Any]:
        asked, votes = self.config.asked_questions, self.config.voting
        seeds = [[seed.key, seed.evidence] for seed in self.seeds.seeds]
        rest = self.config.model_dump(mode="json", include={"license", "language", "domain"})
        return {"seeds": seeds, "questions": asked.model_dump(), "votes": votes.model_dump(), "rest": rest}

    def run(self, writer: SourceWriter, step: Step) -> None:
        source = self.config.name
        writer.came(WRITING, source, 0)
        writer.came(VOTING, source, 0)
        for document in self.seeds.unreadable:
            writer.added(WRITING, source)
            evidence = {"document": document.name, "document_sha256": document.sha256}
            writer.drop(WRITING, source, document.name, Fault(Lost.BAD_BYTES, evidence))
        for seeds in batches(self.seeds.seeds):
            self._vote(self._write(seeds, writer, step), writer, step)

    def _write(self, seeds: list[Seed], writer: SourceWriter, step: Step) -> list[Drafted]:
        drafted: list[Drafted] = []
        for seed, reply in zip(seeds, self.writer_model.ask(self._written(seeds), step), strict=True):
            for each in drafts(seed, reply, self.config.asked_questions, writer.facts):
                writer.added(WRITING, self.config.name)
                if isinstance(each, NotDrafted):
                    writer.drop(WRITING, self.config.name, each.key, each.fault, each.shown)
                else:
                    drafted.append(each)
        return drafted

    def _vote(self, drafted: list[Drafted], writer: SourceWriter, step: Step) -> None:
        writer.came(VOTING, self.config.name, len(drafted))
        for draft, reply in zip(drafted, self.solver_model.ask(self._solved(drafted), step), strict=True):
            row = voted(draft, reply, self.config, self.solver_model.name)
            if isinstance(row, Fault):
                writer.drop(VOTING, self.config.name, draft.key, row, draft.shown)
            else:
                writer.keep(self.config.name, row)

    def _written(self, seeds: list[Seed]) -> Iterator[Request]:
        prompt = self.writer_model.prompt
        return (write_request(seed, prompt, self.config.asked_questions) for seed in seeds)

    def _solved(self, drafted: list[Drafted]) -> Iterator[Request]:
        prompt = self.solver_model.prompt
        return (solve_request(draft, prompt, self.config.voting) for draft in drafted)

    def expected(self) -> Iterator[tuple[Model, Request]]:
        """Every request of the writer; and of the solver, as many as there can be questions, each of a typical length."""
        asked = self.config.asked_questions
        yield from ((self.writer_model, request) for request in self._written(self.seeds.seeds))
        options = None if asked.option_count is None else ["x" * 30] * asked.option_count
        for seed in self.seeds.seeds:
            for place in range(asked.each * asked.replies):
                draft = Drafted(f"{seed.key}/{place}", seed, f"{TYPICAL_QUESTION} {seed.key}/{place}", options, None)
                yield from ((self.solver_model, request) for request in self._solved([draft]))
