"""Ask a model the questions of a corpus, and count how often it is right.

Every answer is kept as it comes (`curate.ask`), so a command that ends early goes on where it was. The difficulty itself is
written when all questions have been asked; samples that no answer came for are counted, and the same command asks them again.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from crossthink.errors import UserError
from crossthink.files import digest, parquet_writer
from crossthink.progress import Progress
from crossthink.workspace import Workspace
from curate.ask import Reply, Request
from curate.ask.cache import Cache
from curate.ask.client import ask
from curate.ask.price import Estimate, estimate
from curate.ask.record import Tally
from curate.ask.spending import Spending
from curate.code import code_digest
from curate.corpus import check_corpus, read_corpus
from curate.difficulty.settings import SolveConfig, find_prompt
from curate.difficulty.store import PASS_RATES_FILE, RESPONSES_FILE, Difficulty, standing, write, writing
from curate.solving.asking import requests, responses, wording
from curate.solving.questions import corpus_questions
from curate.solving.tables import RESPONSE_SCHEMA, write_pass_rates
from curate.verify import verifier_digest


def price(config: SolveConfig, workspace: Workspace) -> Estimate:
    """Price what the configuration asks; nothing is asked."""
    questions = _Questions(config, workspace)
    with Cache(workspace.answers) as cache:
        return estimate(questions.requests(), config.model, cache)


def solve(config: SolveConfig, workspace: Workspace, progress: Progress) -> Difficulty:
    """Make the difficulty that a configuration asks for, or return the one that stands without a gap.

    Raises:
        UserError: there is no such corpus, the model cannot be asked, or the budget ends.
    """
    questions = _Questions(config, workspace)
    draft = questions.draft()
    with writing(workspace, config.name):
        stands = standing(workspace, config.name, draft.key)
        if stands is not None and stands.asked is not None and not stands.asked.failures:
            progress.say(f"difficulty {config.name}: stands")
            return stands
        spending = Spending(config.budget)
        with progress.step(f"difficulty {config.name}") as step, Cache(workspace.answers) as cache:
            tally = Tally(config.model, [questions.prompt])

            def asking(each: Iterable[Request]) -> Iterator[Reply]:
                return tally.counted(ask(each, config.model, cache, spending, step))

            def make(folder: Path) -> dict[str, Any]:
                with parquet_writer(folder / RESPONSES_FILE, RESPONSE_SCHEMA) as put:
                    for batch in responses(questions.frame, questions.requests(), asking, config.answers):
                        put(pa.Table.from_pylist(batch, schema=RESPONSE_SCHEMA))
                write_pass_rates(folder / RESPONSES_FILE, folder / PASS_RATES_FILE)
                return {"asked": tally.record()}

            made = write(workspace, draft, make)
            step.result = spending.summary()
    return made


class _Questions:
    """The questions that a configuration asks.

    Raises:
        UserError: there is no such corpus, it was changed, or it has no such question.
    """

    def __init__(self, config: SolveConfig, workspace: Workspace) -> None:
        folder = workspace.corpus(config.corpus)
        self._corpus = read_corpus(folder)
        check_corpus(folder, self._corpus)
        self._config, self.prompt = config, find_prompt(config.prompt)
        self.frame = corpus_questions(folder, config.template).collect()
        if self.frame.is_empty():
            raise UserError(f"{folder}: has no variant of the template {config.template!r}")

    def requests(self) -> Iterator[Request]:
        return requests(self.frame, wording(self.prompt), self._config.samples)

    def draft(self) -> Difficulty:
        """Return the record, without its counts."""
        config = self._config
        settings = config.model_dump(mode="json", include={"samples", "template", "answers"})
        content = self._corpus.record().content
        parts = [config.called, config.model.drawn, settings, self.prompt.digest, content, code_digest()]
        return Difficulty(
            name=config.name, model=config.called, how="asked", key=digest(["asked", *parts]), corpus=config.corpus,
            settings=settings, made_from=[], verifier=verifier_digest(), asked=None, parents=[], questions=0, responses=0,
            passed=0, unjudged=0, unmatched={}, files=[],
        )  # fmt: skip
