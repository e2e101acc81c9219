"""The pipeline: runs the stages of a configuration over its sources and writes the corpus.

Ingestion writes each source's items once. Every stage after it writes what it *drops*, into its own folder under
`CORPUS/.stages`, with a key over its settings, its inputs and this package's code. A folder appears whole or not at all,
so a run that is killed goes on with the first stage that has none, and a run whose configuration changed repeats only the
stages that the change reaches. Every stage is held to the law of conservation before its output counts.
"""

import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from crossthink.files import arrow_writer, digest, locked, sha256_file, write_json, write_parquet
from crossthink.progress import Progress, Step
from crossthink.workspace import Workspace
from curate.ask.cache import Cache
from curate.ask.price import Estimate, estimate
from curate.benchmarks import Benchmarks, ingest, read_benchmarks
from curate.code import code_digest
from curate.config import BenchmarkSet, CurationConfig
from curate.corpus import (
    CORPUS_FILE,
    DROPPED_FILE,
    EXTRA_TABLES,
    ITEMS_FILE,
    LEDGER_FILE,
    VARIANTS_FILE,
    Corpus,
    finished_corpus,
    ledger_table,
)
from curate.done import Done, Unit, made, reuse, write_drops, write_outcome
from curate.embedding import model_identity, model_name
from curate.ingest import INGESTED_FILE
from curate.inputs import SourceInput, open_inputs, without_places
from curate.judging.asking import Judge
from curate.judging.stages import (
    JudgeStage,
    judges_identity,
    said_of,
)
from curate.memory import require_memory
from curate.phrases import RULED_ROWS
from curate.stages import Stage, item_stages, variant_stages
from curate.table import ARROW, ItemTable
from curate.templates import COLUMNS, MADE_SCHEMA, make_variants
from curate.write import write_rows
from manifests.manifest import Asked, FileRecord, LedgerLine, SourceRecord

TEMPLATES = "templates"


def curate(config: CurationConfig, root: Path, workspace: Workspace, progress: Progress) -> Corpus:
    """Run a curation, or what is left of it, and return the finished corpus.

    Args:
        config: what to do.
        root: folder that the sources' files are relative to.
        workspace: where the corpus goes, under its name.

    Raises:
        UserError: an input cannot be read, or too much of one source cannot.
    """
    folder, benchmarks = workspace.corpora / config.name, _benchmarks(config, workspace, progress)
    with locked(folder, f"corpus {config.name!r}"):
        inputs = open_inputs(config.sources, root, folder / "generated", workspace)
        limits = config.limits.model_dump(mode="json")
        held_to = benchmarks.key if benchmarks else None
        models = [model_identity(config.contamination.semantic)]
        models += [model_identity(config.near_duplicates.semantic)] if config.near_duplicates else []
        stated = asked_of(config)
        asked = [digest(stated), limits, [each.identity() for each in inputs]]
        key = digest([*asked, held_to, models, code_digest()])
        if (finished := finished_corpus(folder, key)) is not None:
            progress.say(f"corpus {config.name}: stands as it was built ({finished.items:,} items); nothing to do")
            return finished
        return _Run(config, folder, workspace, progress).run(inputs, benchmarks, stated, key)


def price(config: CurationConfig, root: Path, workspace: Workspace, progress: Progress) -> dict[str, Estimate]:
    """Return for each judge of a curation what it would ask at most; the stages before are run, and nothing is asked.

    A judge that stands asks nothing; after one that does not, nobody knows which rows are left, so all are counted.

    Args:
        config, root, workspace, progress: see `curate`.

    Raises:
        UserError: an input cannot be read, or too much of one source cannot.
    """
    folder, benchmarks = workspace.corpora / config.name, _benchmarks(config, workspace, progress)
    with locked(folder, f"corpus {config.name!r}"):
        inputs = open_inputs(config.sources, root, folder / "generated")
        return _Run(config, folder, workspace, progress).price(inputs, benchmarks)


def _benchmarks(config: CurationConfig, workspace: Workspace, progress: Progress) -> Benchmarks | None:
    assert not isinstance(config.benchmarks, str), "load_curation reads the set that a configuration names"
    return read_benchmarks(config.benchmarks, workspace, progress) if config.benchmarks else None


class _Run:
    """One run of a curation: it makes or reuses each stage in turn, and counts."""

    def __init__(self, config: CurationConfig, folder: Path, workspace: Workspace, progress: Progress) -> None:
        self._config, self._folder, self._progress = config, folder, progress
        self._cache = Cache(workspace.answers)
        self._done: list[Done] = []
        self._number = 0

    def price(self, inputs: Sequence[SourceInput], benchmarks: Benchmarks | None) -> dict[str, Estimate]:
        sources = [source.settings.name for source in inputs]
        ingested, items = self._ingest(inputs)
        left, stage_key = items, digest([done.key for done in ingested])
        prices: dict[str, Estimate] = {}
        for stage in item_stages(self._config, sources, benchmarks, self._folder / ".stages"):
            if isinstance(stage, JudgeStage):
                standing = reuse(stage.name, self._place(stage.name), self._judge_key(stage, stage_key))
                if standing is None:
                    requests = stage.requests(left, self._done[-1].folder)
                    prices[stage.name] = estimate(requests, stage.settings.model, self._cache)
                    stage_key = digest([stage_key, "not asked"])
                    continue
                done = self._count(standing)
                prices[stage.name] = Estimate()
            else:
                done = self._decide(stage, "items", left, sources, stage_key)
            left, stage_key = left.without(done.dropped), done.output
        return prices

    def _ingest(self, inputs: Sequence[SourceInput]) -> tuple[list[Done], ItemTable]:
        """Read the sources, or reuse what was read; see that the memory holds them."""
        stages, allowed = self._folder / ".stages", self._config.limits.unreadable_share
        ingested = [self._count(ingest(source, stages, allowed, self._progress)) for source in inputs]
        items = ItemTable(tuple(done.folder / INGESTED_FILE for done in ingested))
        require_memory(items.height)
        return ingested, items

    def run(
        self, inputs: Sequence[SourceInput], benchmarks: Benchmarks | None, stated: dict[str, Any], key: str
    ) -> Corpus:
        sources = [source.settings.name for source in inputs]
        ingested, items = self._ingest(inputs)
        stage_key = digest([done.key for done in ingested])
        left, dropping = items, []
        for stage in item_stages(self._config, sources, benchmarks, self._folder / ".stages"):
            if isinstance(stage, JudgeStage):
                done = self._judge(stage, left, sources, stage_key)
            else:
                done = self._decide(stage, "items", left, sources, stage_key)
            dropping.append(done)
            left, stage_key = left.without(done.dropped), done.output
        made = self._make(left, sources, stage_key)
        files = tuple(made.folder / variants_file(number) for number in range(len(sources)))
        variants, stage_key = ItemTable(files, schema=MADE_SCHEMA).without(made.dropped), made.key
        refusing = [made]
        for stage in variant_stages(self._config):
            done = self._decide(stage, "variants", variants, sources, stage_key)
            refusing.append(done)
            variants, stage_key = variants.without(done.dropped), done.key
        with self._progress.step("corpus"):
            (self._folder / CORPUS_FILE).unlink(missing_ok=True)  # from here to its writing there is no corpus
            counts = write_rows(self._folder, ingested, items, dropping, variants, refusing)
            records = [source.record(done.ledger[0].rows_in) for source, done in zip(inputs, ingested, strict=True)]
            return self._describe([*records, *(benchmarks.records if benchmarks else [])], stated, key, counts)

    def _decide(self, stage: Stage, unit: Unit, rows: ItemTable, sources: Sequence[str], before: str) -> Done:
        settings = stage.settings.model_dump(mode="json") if stage.settings else None
        key = digest([before, stage.name, settings, stage.inputs, code_digest()])

        def make(folder: Path, _: Callable[[str], None]) -> tuple[list[LedgerLine], dict[str, Any]]:
            outcome = stage.run(rows)
            return write_outcome(folder, stage.name, unit, rows, sources, outcome), outcome.facts

        return self._count(made(stage.name, self._place(stage.name), key, make, self._progress))

    def _judge(self, stage: JudgeStage, rows: ItemTable, sources: Sequence[str], before: str) -> Done:
        """Have a judge decide about items, given also what the stage before it left."""
        key, folder_before = self._judge_key(stage, before), self._done[-1].folder

        def make(folder: Path, at: Callable[[str], None]) -> tuple[list[LedgerLine], dict[str, Any]]:
            judge = Judge(stage.settings.model, stage.settings.budget, stage.prompts, self._cache, Step(stage.name, at))
            outcome = stage.judge(rows, folder_before, judge)
            for line in [judge.spending.summary(), *said_of(outcome.facts["judged"])]:
                self._progress.say(f"  {line}")
            facts = outcome.facts | {"asked": judge.record().model_dump(mode="json")}
            return write_outcome(folder, stage.name, "items", rows, sources, outcome), facts

        return self._count(made(stage.name, self._place(stage.name), key, make, self._progress))

    def _judge_key(self, stage: JudgeStage, before: str) -> str:
        return digest([before, stage.name, stage.identity(), code_digest()])

    def _make(self, items: ItemTable, sources: Sequence[str], before: str) -> Done:
        """Make the variants: one file per source, and what cannot stand as drops."""
        key = digest([before, TEMPLATES, code_digest()])

        def make(folder: Path, _: Callable[[str], None]) -> tuple[list[LedgerLine], dict[str, Any]]:
            added = [_write_variants(folder / variants_file(n), part) for n, part in enumerate(items.per_file())]
            variants = ItemTable(tuple(folder / variants_file(n) for n in range(len(sources))), schema=MADE_SCHEMA)
            reasons = write_drops(folder, TEMPLATES, variants, _not_standing(variants))
            came = [part.count for part in items.per_file()]
            ledger = [
                LedgerLine(
                    stage=TEMPLATES,
                    source=source,
                    unit="variants",
                    rows_in=count,
                    added=more,
                    kept=height - lost.total(),
                    dropped=lost.total(),
                    reasons=dict(sorted(lost.items())),
                )
                for source, count, more, height, lost in zip(
                    sources, came, added, variants.heights, reasons, strict=True
                )
                if count
            ]
            return ledger, {}

        return self._count(made(TEMPLATES, self._place(TEMPLATES), key, make, self._progress))

    def _count(self, done: Done) -> Done:
        """Take a stage's ledger into account, and say which source it took most of."""
        share = self._config.limits.warn_lost_share
        for line in done.ledger:
            came = line.rows_in + line.added
            if came and line.dropped / came > share:
                main = max(line.reasons, key=lambda reason: line.reasons[reason])
                self._progress.say(
                    f"  ! {line.source} loses {line.dropped / came:.0%} of its rows in {line.stage}, most as {main}"
                )
        self._done.append(done)
        return done

    def _place(self, name: str) -> Path:
        self._number += 1
        return self._folder / ".stages" / f"{self._number}-{name}"

    def _describe(
        self, sources: list[SourceRecord], stated: dict[str, Any], key: str, counts: tuple[int, int]
    ) -> Corpus:
        """Write the ledger, what stages left besides, and, last, the corpus's description."""
        ledger = [line for stage in self._done for line in stage.ledger]
        write_parquet(self._folder / LEDGER_FILE, ledger_table(ledger))
        names = [ITEMS_FILE, VARIANTS_FILE, DROPPED_FILE, LEDGER_FILE]
        for name, schema in EXTRA_TABLES.items():
            made_by = [stage.folder / name for stage in self._done if (stage.folder / name).is_file()]
            parts = [pq.ParquetFile(path).read(schema.names).cast(schema) for path in made_by]
            write_parquet(self._folder / name, pa.concat_tables([pa.Table.from_batches([], schema), *parts]))
            names.append(name)
        corpus = Corpus(
            name=self._config.name,
            settings=digest(stated),
            curation=stated,
            key=key,
            sources=sources,
            ledger=ledger,
            files=[_file_record(self._folder / name) for name in names],
            items=counts[0],
            variants=counts[1],
            asked=[Asked(**stage.facts["asked"]) for stage in self._done if "asked" in stage.facts],
        )
        write_json(self._folder / CORPUS_FILE, corpus.model_dump(mode="json"))
        used = {done.folder for done in self._done}
        for folder in (self._folder / ".stages").iterdir():
            if folder not in used:
                shutil.rmtree(folder)  # of another configuration
        return corpus


def variants_file(number: int) -> str:
    """Name of the file of a source's variants, sources counted from 0."""
    return f"{number}{ARROW}"


def _write_variants(path: Path, items: ItemTable) -> int:
    """Write the variants of one source's items; return how many there are beyond one an item."""
    added = 0
    with arrow_writer(path, MADE_SCHEMA) as write:
        for batch in items.batches(COLUMNS, RULED_ROWS):
            variants = make_variants(batch)
            added += int(batch["options"].is_not_null().sum())
            write(variants.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(MADE_SCHEMA))
            del batch, variants  # before the next are read
    return added


def _not_standing(variants: ItemTable) -> Iterator[pl.DataFrame]:
    for batch in variants.batches(["reason", "evidence"]):
        yield batch.filter(pl.col("reason").is_not_null())


def asked_of(config: CurationConfig) -> dict[str, Any]:
    """Return what was asked: the configuration without its name, the places of files and models, and what spends."""
    left_out = {"name", "root", "limits", "sources", "benchmarks", "judges", "grey_zones"}
    asked = config.model_dump(mode="json", exclude=left_out) | judges_identity(config.judges, config.grey_zones)
    for stage in filter(None, (asked["contamination"], asked["near_duplicates"])):
        stage["semantic"] = model_name(stage["semantic"])
    benchmarks = config.benchmarks.sources if isinstance(config.benchmarks, BenchmarkSet) else []
    return (
        asked
        | {"sources": [without_places(source) for source in config.sources]}
        | {"benchmarks": [without_places(source) for source in benchmarks]}
    )


def _file_record(path: Path) -> FileRecord:
    return FileRecord(name=path.name, sha256=sha256_file(path), bytes=path.stat().st_size)
