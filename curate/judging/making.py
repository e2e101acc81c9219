"""Making what judges leave besides a curation: ratings of a corpus's items, and measurements of a judge.

While requests have failed, the same command asks those again; everything that was answered is kept.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import ValidationError

from crossthink.errors import UserError, listing, nearest
from crossthink.files import digest, locked, sha256_file, write_json, write_parquet
from crossthink.progress import Progress
from crossthink.workspace import Workspace
from curate.ask.cache import Cache
from curate.ask.prompts import Prompt
from curate.code import code_digest
from curate.corpus import ITEMS_FILE, check_corpus, read_corpus
from curate.judging.asking import Judge
from curate.judging.labels import read_labels
from curate.judging.measure import AgreementConfig, measure_judge, prompt_of
from curate.judging.ratings import RatingConfig, rate, rating_prompt
from curate.judging.store import AGREEMENT_FILE, JUDGED_FILE, LABELLED_FILE, RATINGS_FILE, Judged, Kind, pinned
from curate.schemas import AGREEMENT_SCHEMA, CORPUS_ITEM_SCHEMA
from curate.table import ItemTable

Made = tuple[dict[str, pa.Table], dict[str, int]]
"""Tables by file name, and the faults of answers."""


@dataclass(frozen=True)
class _Work:
    """What is to be made: its key comes from the settings, the corpus and the judge; `shown` is the table that is returned."""

    kind: Kind
    name: str
    settings: dict[str, Any]
    corpus: str | None
    judge: Judge
    make: Callable[[], Made]
    shown: str

    @property
    def key(self) -> str:
        return digest([self.kind, self.settings, self.corpus, self.judge.identity(), code_digest()])

    def described(self, faults: dict[str, int]) -> Judged:
        """Return the description of what was made, without its files."""
        return Judged(
            name=self.name,
            kind=self.kind,
            key=self.key,
            settings=self.settings | self.judge.identity(),
            corpus=self.corpus,
            asked=self.judge.record(),
            faults=faults,
            files=[],
        )


def make_ratings(config: RatingConfig, workspace: Workspace, progress: Progress) -> tuple[Judged, pa.Table]:
    """Rate a corpus's items, or return the ratings that stand.

    Raises:
        UserError: there is no such corpus, a source of the configuration is none of it, or the model cannot be asked.
    """
    items, content = rated_items(config, workspace)
    judge = _judge(config, [rating_prompt()], workspace)

    def make() -> Made:
        table, faults = rate(items, config, judge)
        return {RATINGS_FILE: table}, faults

    settings = config.model_dump(mode="json", exclude={"name", "corpus", "budget", "model"})
    return _made(_Work(Kind.RATINGS, config.name, settings, content, judge, make, RATINGS_FILE), workspace, progress)


def rated_items(config: RatingConfig, workspace: Workspace) -> tuple[ItemTable, str]:
    """Return a corpus's items and their digest.

    Raises:
        UserError: there is no such corpus, it is damaged, or a source of the configuration is none of it.
    """
    folder = workspace.corpus(config.corpus)
    corpus = read_corpus(folder)
    check_corpus(folder, corpus)
    names = [source.name for source in corpus.sources if source.role == "corpus"]
    if strange := [name for name in config.sources or [] if name not in names]:
        hint = nearest(strange[0], names)
        raise UserError(
            f"sources: {strange[0]!r} is no source of corpus {config.corpus}.{hint} There are: {listing(names)}"
        )
    return ItemTable((folder / ITEMS_FILE,), schema=CORPUS_ITEM_SCHEMA), sha256_file(folder / ITEMS_FILE)


def make_agreement(
    config: AgreementConfig, labels: Path, workspace: Workspace, progress: Progress
) -> tuple[Judged, pa.Table]:
    """Measure a judge against labels, or return the measurement that stands.

    Raises:
        UserError: the labels cannot be read, or the model cannot be asked.
    """
    labelled = read_labels(labels, config.are_pairs)
    judge = _judge(config, [prompt_of(config)], workspace)

    def make() -> Made:
        measured = measure_judge(labelled, config, judge)
        figures = pa.Table.from_pylist([measured.figures], schema=AGREEMENT_SCHEMA)
        return {LABELLED_FILE: measured.rows, AGREEMENT_FILE: figures}, measured.faults

    settings = config.model_dump(mode="json", exclude={"name", "labels", "budget", "model"})
    settings["labels"] = sha256_file(labels)
    return _made(_Work(Kind.AGREEMENT, config.name, settings, None, judge, make, AGREEMENT_FILE), workspace, progress)


def _judge(config: RatingConfig | AgreementConfig, prompts: list[Prompt], workspace: Workspace) -> Judge:
    return Judge(config.model, config.budget, prompts, Cache(workspace.answers))


def _made(work: _Work, workspace: Workspace, progress: Progress) -> tuple[Judged, pa.Table]:
    """Reuse what stands with the same key, or make it; return its description and one of its tables."""
    folder = workspace.root / work.kind / work.name
    with locked(folder, f"{work.kind} {work.name!r}"):
        stated = _standing(folder, work.key)
        if stated is not None:
            progress.say(f"{work.kind} {work.name}: stands as it was made; nothing to do")
        else:
            with progress.step(f"{work.kind} {work.name}") as step:
                work.judge.step = step
                tables, faults = work.make()
                step.result = work.judge.spending.summary()
            stated = _written(folder, tables, work.described(faults))
        return stated, pq.read_table(folder / work.shown)


def _written(folder: Path, tables: Mapping[str, pa.Table], stated: Judged) -> Judged:
    """Write the tables and, last, their description."""
    (folder / JUDGED_FILE).unlink(missing_ok=True)
    for file, table in tables.items():
        write_parquet(folder / file, table)
    files = [pinned(folder / file) for file in tables]
    stated = stated.model_copy(update={"files": files})
    write_json(folder / JUDGED_FILE, stated.model_dump(mode="json"))
    return stated


def _standing(folder: Path, key: str) -> Judged | None:
    """What stands here whole and with this key, unless requests of it are without an answer."""
    try:
        stated = Judged.model_validate_json((folder / JUDGED_FILE).read_bytes())
        is_whole = all(pinned(folder / file.name) == file for file in stated.files)
    except (OSError, ValidationError):
        return None
    return stated if is_whole and stated.key == key and not stated.asked.failures else None
