"""Ask a model the questions of benchmarks, some times each, and score what it answers."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pyarrow as pa

from crossthink.errors import UserError, listing, nearest
from crossthink.files import digest, parquet_writer
from crossthink.progress import Progress
from crossthink.workspace import Workspace
from curate.ask import ModelSettings, Reply, Request
from curate.ask.cache import Cache
from curate.ask.client import ask
from curate.ask.price import Estimate, estimate
from curate.ask.record import Tally
from curate.ask.spending import Spending
from curate.benchmarks import read_benchmarks
from curate.code import code_digest
from curate.config import BenchmarkSet, find_benchmarks, load_benchmarks
from curate.difficulty.settings import find_prompt
from curate.evaluation.scores import write_scores
from curate.evaluation.settings import EvaluationConfig
from curate.evaluation.store import RESPONSES_FILE, SCORES_FILE, Evaluation, standing, write, writing
from curate.solving.asking import Wording, requests, responses, wording
from curate.solving.questions import benchmark_questions
from curate.solving.tables import RESPONSE_SCHEMA
from curate.verify import verifier_digest
from manifests.manifest import Asked, SourceRecord


@dataclass(frozen=True)
class Subject:
    """Who is evaluated.

    Attributes:
        model: how it is asked.
        run: the run whose checkpoint it is; None where it is none's.
        words: how questions are put to it; None: as the configuration's prompt says.
    """

    model: ModelSettings
    run: str | None = None
    words: Wording | None = None


class Evaluator:
    """An evaluation that is ready to be priced or done.

    Args:
        config: what is asked.
        subject: who is evaluated.
        workspace: where benchmarks, answers and the evaluation are.
        data: folder that takes the place of the set's own root.

    Raises:
        UserError: there is no such set or benchmark, or a file of it is missing.
    """

    def __init__(
        self, config: EvaluationConfig, subject: Subject, workspace: Workspace, data: Path | None, progress: Progress
    ) -> None:
        self._config, self._subject, self._workspace, self._progress = config, subject, workspace, progress
        self._words = subject.words or wording(find_prompt(config.prompt))
        chosen = _chosen(load_benchmarks(find_benchmarks(config.benchmarks), data), config)
        read = read_benchmarks(chosen, workspace, progress)
        questions, self._left_out = benchmark_questions(read.items)
        self._questions = _limited(self._of_parts(questions), config.limit)
        self._benchmarks, self._content = read.records, read.key

    def price(self) -> Estimate:
        """Price the work; nothing is asked."""
        with Cache(self._workspace.answers) as cache:
            return estimate(self._requests(), self._subject.model, cache)

    def run(self) -> Evaluation:
        """Evaluate, or return the evaluation that stands without a gap.

        Raises:
            UserError: the model cannot be asked, or the budget ends; what was answered is kept.
        """
        draft = self._draft(self._benchmarks)
        with writing(self._workspace, draft.name):
            if (stands := standing(self._workspace, draft.name, draft.key)) is not None:
                self._progress.say(f"evaluation {draft.name}: stands")
                return stands
            return self._made(draft)

    def _made(self, draft: Evaluation) -> Evaluation:
        model, spending = self._subject.model, Spending(self._config.budget)
        tally = Tally(model, [self._words.prompt])
        with self._progress.step(f"evaluation {draft.name}") as step, Cache(self._workspace.answers) as cache:

            def asking(each: Iterable[Request]) -> Iterator[Reply]:
                return tally.counted(ask(each, model, cache, spending, step))

            def make(folder: Path) -> Asked:
                with parquet_writer(folder / RESPONSES_FILE, RESPONSE_SCHEMA) as put:
                    for batch in responses(self._questions, self._requests(), asking, self._config.answers):
                        put(pa.Table.from_pylist(batch, schema=RESPONSE_SCHEMA))
                write_scores(folder / RESPONSES_FILE, folder / SCORES_FILE)
                return tally.record()

            made = write(self._workspace, draft, make)
            step.result = spending.summary()
        return made

    def _of_parts(self, questions: pl.DataFrame) -> pl.DataFrame:
        """Leave out, and count, the rows of other parts than those that are wanted."""
        for name, part in self._config.rows.items():
            other = (pl.col("source") == name) & ~pl.col("source_row").str.contains(part, literal=True)
            kept = questions.filter(~other)
            if name not in kept["source"]:
                raise UserError(f"rows.{name}: no row of the benchmark has {part!r} in its key")
            self._left_out.setdefault(name, {})["other_part"] = questions.height - kept.height
            questions = kept
        return questions

    def _requests(self) -> Iterator[Request]:
        return requests(self._questions, self._words, self._config.runs)

    def _draft(self, benchmarks: list[SourceRecord]) -> Evaluation:
        config, model = self._config, self._subject.model
        settings = config.model_dump(mode="json", include={"only", "rows", "limit", "runs", "answers"})
        parts = [model.drawn, self._subject.run, settings, self._words.prompt.digest, self._content, code_digest()]
        return Evaluation(
            name=config.name, model=self._subject.run or model.identity, run=self._subject.run, key=digest(parts),
            settings=settings, benchmarks=benchmarks, left_out=self._left_out, verifier=verifier_digest(), asked=None,
            files=[],
        )  # fmt: skip


def _chosen(known: BenchmarkSet, config: EvaluationConfig) -> BenchmarkSet:
    """Return the set with the benchmarks that are wanted alone."""
    if config.only is None:
        return known
    names = [source.name for source in known.sources]
    for name in config.only:
        if name not in names:
            raise UserError(
                f"only: the set {known.name} has no benchmark {name!r}.{nearest(name, names)} There are: {listing(names)}"
            )
    return known.model_copy(update={"sources": [source for source in known.sources if source.name in config.only]})


def _limited(questions: pl.DataFrame, limit: int | None) -> pl.DataFrame:
    """Return the first questions of each benchmark by their ids, in the order of the benchmark."""
    if limit is None:
        return questions
    rank = pl.struct("item_id", "source_row").rank("ordinal").over("source")
    return questions.filter(rank <= limit)
