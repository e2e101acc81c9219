"""The pipeline: runs the stages of a configuration over its sources and writes the corpus.

A stage's output lies in its own folder under `CORPUS/.stages`, with a key over its settings, its inputs and this
package's code. A folder appears whole or not at all, so a run that is killed goes on with the first stage that has none,
and a run whose configuration changed repeats only the stages that the change reaches. Every stage is held to the law of
conservation before its output counts.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import polars as pl
import pyarrow as pa
from pydantic import BaseModel

from crossthink import __version__
from crossthink.errors import UserError
from crossthink.files import atomic_directory, digest, locked, sha256_file, write_json, write_parquet
from crossthink.progress import Progress
from crossthink.workspace import Workspace
from curate.config import CurationConfig, SourceSettings
from curate.corpus import (
    CORPUS_FILE,
    DROPPED_FILE,
    ITEMS_FILE,
    LEDGER_FILE,
    VARIANTS_FILE,
    Corpus,
    ledger_table,
    read_corpus,
)
from curate.dedup import drop_exact_duplicates
from curate.filters import drop_malformed, drop_unverifiable
from curate.ingest import Ingested, SourceInput, ingest_source, open_inputs
from curate.items import ITEM_SCHEMA
from curate.self_check import drop_uncheckable
from curate.stage import DROPPED_SCHEMA, VARIANT_SCHEMA, Outcome
from curate.templates import make_variants
from curate.verify import verifier_digest
from manifests.manifest import FileRecord, LedgerLine

KEPT, DROPPED, STAGE_FILE = "kept.parquet", "dropped.parquet", "stage.json"
Unit = Literal["items", "variants"]


class ConservationError(RuntimeError):
    """A stage lost or invented rows: a fault of the stage, never of the data."""


@dataclass(frozen=True)
class Stage:
    """A named stage: what it counts, what its output looks like, what it does, and the settings it does it with."""

    name: str
    unit: Unit
    schema: pa.Schema
    run: Callable[[pl.LazyFrame], Outcome]
    settings: BaseModel | None = None


@dataclass(frozen=True)
class Done:
    """A finished stage on disk."""

    folder: Path
    key: str
    ledger: list[LedgerLine]
    facts: dict[str, Any]

    def kept(self) -> pl.LazyFrame:
        return pl.scan_parquet(self.folder / KEPT, glob=False)

    def dropped(self) -> pl.LazyFrame:
        return pl.scan_parquet(self.folder / DROPPED, glob=False)


def stages(config: CurationConfig) -> list[Stage]:
    """Return the stages after ingestion, in order."""
    filters, dedup, check = config.filters, config.dedup, config.self_check
    return [
        Stage("malformed", "items", ITEM_SCHEMA, drop_malformed),
        Stage("exact_duplicates", "items", ITEM_SCHEMA, lambda rows: drop_exact_duplicates(rows, dedup), dedup),
        Stage("templates", "variants", VARIANT_SCHEMA, make_variants),
        Stage("verifiable", "variants", VARIANT_SCHEMA, lambda rows: drop_unverifiable(rows, filters), filters),
        Stage("self_check", "variants", VARIANT_SCHEMA, lambda rows: drop_uncheckable(rows, check), check),
    ]


def curate(config: CurationConfig, root: Path, workspace: Workspace, progress: Progress) -> Corpus:
    """Run a curation, or what is left of it, and return the finished corpus.

    Args:
        config: what to do.
        root: folder that the sources' files are relative to.
        workspace: where the corpus goes, under its name.

    Raises:
        UserError: an input cannot be read, or too much of one source cannot.
    """
    folder = workspace.corpora / config.name
    with locked(folder, f"corpus {config.name!r}"):
        inputs = open_inputs(config, root, folder)
        limits = config.limits.model_dump(mode="json")
        inputs_asked = [_identity(source) for source in inputs]
        key = digest([_settings_digest(config), limits, inputs_asked, _code()])
        if (finished := _finished(folder, key)) is not None:
            progress.say(f"corpus {config.name}: stands as it was built ({finished.items:,} items); nothing to do")
            return finished
        done = _run(config, inputs, folder, progress)
        with progress.step("corpus"):
            return _write_corpus(config, inputs, key, done, folder)


def _run(config: CurationConfig, inputs: Sequence[SourceInput], folder: Path, progress: Progress) -> list[Done]:
    ingested = [_ingest(config, source, folder, progress) for source in inputs]
    done = list(ingested)
    rows = pl.concat([source.kept() for source in ingested])
    key = digest([source.key for source in ingested])
    for number, stage in enumerate(stages(config), start=1):
        settings = stage.settings.model_dump(mode="json") if stage.settings else None
        key = digest([key, stage.name, settings, _code()])
        place = folder / ".stages" / f"{number}-{stage.name}"
        finished = _reuse(place, key)
        if finished is None:
            with progress.step(stage.name) as step:
                outcome = stage.run(rows)
                finished = _finish_stage(place, key, stage, rows, outcome)
                step.result = _summary(finished.ledger)
        else:
            progress.say(f"{stage.name}: stands ({_summary(finished.ledger)})")
        _warn_of_losses(finished.ledger, config.limits.warn_lost_share, progress)
        done.append(finished)
        rows = finished.kept()
    return done


def _ingest(config: CurationConfig, source: SourceInput, folder: Path, progress: Progress) -> Done:
    key = digest(["ingest", _identity(source), _code()])
    name = source.settings.name
    place = folder / ".stages" / f"0-ingest-{name}"
    finished = _reuse(place, key)
    if finished is not None:
        progress.say(f"ingest {name}: stands ({_summary(finished.ledger)})")
    else:
        with progress.step(f"ingest {name}") as step:
            result = ingest_source(source, step.at)
            finished = _write_stage(place, key, result.items, result.rejected, [_ingest_line(name, result)], {})
            step.result = _summary(finished.ledger)
    _judge_unreadable(source, finished, config.limits.unreadable_share, progress)
    return finished


def _judge_unreadable(source: SourceInput, ingested: Done, allowed: float, progress: Progress) -> None:
    """Say what could not be read, and end the run if it is more than the share that is allowed."""
    line = ingested.ledger[0]
    if not line.dropped:
        return
    first = ingested.dropped().first().collect().row(0, named=True)
    reasons = ", ".join(f"{count:,} {reason}" for reason, count in line.reasons.items())
    if line.dropped > allowed * line.rows_in:
        message = json.loads(first["evidence"])["message"]
        raise UserError(
            f"source {line.source}: {line.dropped:,} of {line.rows_in:,} records cannot be read as {source.adapter.name}"
            f" ({reasons}), more than limits.unreadable_share ({allowed:.0%}) allows."
            f" First: {first['source_row']}  {message}"
        )
    progress.say(
        f"  ! {line.source}: {line.dropped:,} records could not be read ({reasons}); first: {first['source_row']}"
    )


def _ingest_line(source: str, result: Ingested) -> LedgerLine:
    reasons = _counts(pl.DataFrame(result.rejected).lazy(), "reason")
    return _balanced(
        LedgerLine(
            stage="ingest",
            source=source,
            unit="items",
            rows_in=result.records,
            added=0,
            kept=result.items.num_rows,
            dropped=result.rejected.num_rows,
            reasons=reasons,
        )
    )


def _finish_stage(place: Path, key: str, stage: Stage, rows: pl.LazyFrame, outcome: Outcome) -> Done:
    kept, dropped = pl.collect_all([outcome.kept, outcome.dropped])
    came = _counts(rows, "source")
    stays, goes = _counts(kept.lazy(), "source"), _counts(dropped.lazy(), "source")
    reasons = {source[0]: _counts(part.lazy(), "reason") for source, part in dropped.group_by("source")}
    ledger = [
        _balanced(
            LedgerLine(
                stage=stage.name,
                source=source,
                unit=stage.unit,
                rows_in=came.get(source, 0),
                added=outcome.added.get(source, 0),
                kept=stays.get(source, 0),
                dropped=goes.get(source, 0),
                reasons=reasons.get(source, {}),
            )
        )
        for source in sorted({*came, *stays, *goes})
    ]
    refused = _as_table(dropped.with_columns(stage=pl.lit(stage.name)), DROPPED_SCHEMA)
    return _write_stage(place, key, _as_table(kept, stage.schema), refused, ledger, outcome.facts)


def _balanced(line: LedgerLine) -> LedgerLine:
    """Return the line if it conserves its rows.

    Raises:
        ConservationError: it does not.
    """
    if line.rows_in + line.added != line.kept + line.dropped or sum(line.reasons.values()) != line.dropped:
        raise ConservationError(f"stage {line.stage} does not conserve the rows of {line.source}: {line}")
    return line


def _write_stage(
    place: Path, key: str, kept: pa.Table, dropped: pa.Table, ledger: list[LedgerLine], facts: dict[str, Any]
) -> Done:
    with atomic_directory(place) as folder:
        write_parquet(folder / KEPT, kept)
        write_parquet(folder / DROPPED, dropped)
        lines = [line.model_dump() for line in ledger]
        pins = {name: sha256_file(folder / name) for name in (KEPT, DROPPED)}
        write_json(folder / STAGE_FILE, {"key": key, "files": pins, "ledger": lines, "facts": facts})
    return Done(place, key, ledger, facts)


def _reuse(place: Path, key: str) -> Done | None:
    """Return a stage that stands whole and with this key; whatever else is there is left to be replaced."""
    try:
        stated = json.loads((place / STAGE_FILE).read_bytes())
        pins = {name: sha256_file(place / name) for name in (KEPT, DROPPED)}
        if stated["key"] != key or stated["files"] != pins:
            return None
        return Done(place, key, [LedgerLine(**line) for line in stated["ledger"]], stated["facts"])
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _write_corpus(
    config: CurationConfig, inputs: Sequence[SourceInput], key: str, done: list[Done], folder: Path
) -> Corpus:
    by_name = {stage.folder.name.partition("-")[2]: stage for stage in done}
    variants = by_name["self_check"].kept().collect()
    questions = by_name["exact_duplicates"].kept()
    items = questions.join(variants.lazy(), on="item_id", how="semi", maintain_order="left").collect()
    ledger = [line for stage in done for line in stage.ledger]
    tables = {
        ITEMS_FILE: _as_table(items, ITEM_SCHEMA),
        VARIANTS_FILE: _as_table(variants, VARIANT_SCHEMA),
        DROPPED_FILE: _all_dropped(done, questions),
        LEDGER_FILE: ledger_table(ledger),
    }
    (folder / CORPUS_FILE).unlink(missing_ok=True)  # from here to its writing there is no corpus
    for name, table in tables.items():
        write_parquet(folder / name, table)
    corpus = Corpus(
        name=config.name,
        settings=_settings_digest(config),
        key=key,
        sources=[source.record(done[place].ledger[0].rows_in) for place, source in enumerate(inputs)],
        ledger=ledger,
        files=[_file_record(folder / name) for name in tables],
        items=items.height,
        variants=variants.height,
    )
    write_json(folder / CORPUS_FILE, corpus.model_dump(mode="json"))
    return corpus


def _all_dropped(done: list[Done], questions: pl.LazyFrame) -> pa.Table:
    """Return every dropped row; a dropped variant takes its question and options from its item."""
    parts = [stage.dropped().with_columns(pl.col("options").cast(pl.List(pl.String))) for stage in done]
    shown = questions.select("item_id", "question", "options")
    rows = pl.concat(parts).join(shown, on="item_id", how="left", suffix="_of_item", maintain_order="left")
    filled = rows.with_columns(
        pl.coalesce("question", "question_of_item").alias("question"),
        pl.coalesce("options", "options_of_item").alias("options"),
    )
    return _as_table(filled.collect(), DROPPED_SCHEMA)


def _finished(folder: Path, key: str) -> Corpus | None:
    """Return the corpus that stands here with this key and whose files are whole."""
    if not (folder / CORPUS_FILE).is_file():
        return None
    corpus = read_corpus(folder)
    whole = corpus.key == key and all(
        (folder / file.name).is_file() and sha256_file(folder / file.name) == file.sha256 for file in corpus.files
    )
    return corpus if whole else None


def _as_table(rows: pl.DataFrame, schema: pa.Schema) -> pa.Table:
    """Return rows in a schema's columns and types; columns that the rows do not have are null."""
    missing = [name for name in schema.names if name not in rows.columns]
    full = rows.with_columns(pl.lit(None).alias(name) for name in missing).select(schema.names)
    return full.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(schema)


def _counts(rows: pl.LazyFrame, column: str) -> dict[str, int]:
    counts = rows.group_by(column).agg(pl.len()).sort(column).collect()
    return dict(counts.iter_rows())


def _summary(ledger: list[LedgerLine]) -> str:
    kept, dropped = sum(line.kept for line in ledger), sum(line.dropped for line in ledger)
    return f"{kept:,} kept, {dropped:,} dropped"


def _warn_of_losses(ledger: list[LedgerLine], share: float, progress: Progress) -> None:
    for line in ledger:
        came = line.rows_in + line.added
        if came and line.dropped / came > share:
            main = max(line.reasons, key=lambda reason: line.reasons[reason])
            progress.say(
                f"  ! {line.source} loses {line.dropped / came:.0%} of its rows in {line.stage}, most as {main}"
            )


def _settings_digest(config: CurationConfig) -> str:
    """Digest of what was asked: the configuration without its name and without the places of files."""
    asked = config.model_dump(mode="json", exclude={"name", "root", "limits", "sources"})
    return digest(asked | {"sources": [_without_places(source) for source in config.sources]})


def _without_places(source: SourceSettings) -> dict[str, Any]:
    """A source's settings; a local data set folder goes by its last part, as files do."""
    stated = source.model_dump(mode="json", exclude={"files"})
    if source.hub is not None:
        stated["hub"]["id"] = source.hub.name
    return stated


def _identity(source: SourceInput) -> dict[str, Any]:
    """What a source's items depend on: its content and what the configuration says of it, without places."""
    return {"record": source.record(0).model_dump(), "settings": _without_places(source.settings)}


def _file_record(path: Path) -> FileRecord:
    return FileRecord(name=path.name, sha256=sha256_file(path), bytes=path.stat().st_size)


@cache
def _code() -> str:
    """Digest of this package's code: a stage made by other code is made again."""
    hashed = hashlib.sha256(f"{__version__} {verifier_digest()}".encode())
    here = Path(__file__).parent
    for path in sorted(here.rglob("*.py")):
        hashed.update(f"{path.relative_to(here)} {sha256_file(path)}\n".encode())
    return hashed.hexdigest()
