"""The runner: makes a synthetic source whole or not at all.

Answers are kept by the cache as they come, so a run that is killed, or ends at its budget, goes on where it was and asks
nothing twice. The source itself is made anew from the answers: the same answers give the same bytes.
"""

import shutil
from pathlib import Path

from crossthink.errors import UserError
from crossthink.files import digest, locked, move_durably, sha256_file, write_json, write_parquet
from crossthink.progress import Progress
from crossthink.workspace import Workspace
from curate.ask.spending import Spending
from curate.code import code_digest
from curate.corpus import ledger_table
from curate.synthesis.asking import Model
from curate.synthesis.growing import SOLVE, Growing
from curate.synthesis.reworking import Reordering, Rewording, read_items
from curate.synthesis.rewriting import REWRITINGS
from curate.synthesis.seeds import find_seeds
from curate.synthesis.settings import SynthesisConfig
from curate.synthesis.source import DROPPED_FILE, LEDGER_FILE, QUESTIONS_FILE, SYNTHETIC_FILE, Synthetic, read_synthetic
from curate.synthesis.work import Work
from curate.synthesis.writer import SourceWriter, source_writer
from manifests.manifest import FileRecord


def synthesize(
    config: SynthesisConfig, root: Path, workspace: Workspace, spending: Spending, progress: Progress
) -> Synthetic:
    """Make a synthetic source, or what is left of it, and return what it says.

    Args:
        config: what to do.
        root: folder that the configuration's files are relative to.
        workspace: where the source goes, under its name, and where the answers are kept.
        spending: what may be spent, and what was.

    Raises:
        UserError: an input cannot be read, a model cannot be asked, the budget ends.
    """
    folder = workspace.synthetic / config.name
    work = plan_work(config, root, workspace, spending)
    key = _key(work)
    with locked(folder, f"synthetic source {config.name!r}"):
        if (standing := _standing(workspace, config.name, key)) is not None:
            progress.say(
                f"synthetic source {config.name}: stands as it was made ({standing.rows:,} rows); nothing to do"
            )
            return standing
        making = folder / ".making.tmp"
        making.mkdir()
        with progress.step(f"synthesize {config.name}") as step:
            with source_writer(making) as writer:
                work.run(writer, step)
            step.result = f"{writer.rows:,} rows"
            return _finish(config.name, key, work, writer, making, folder)


def plan_work(config: SynthesisConfig, root: Path, workspace: Workspace, spending: Spending) -> Work:
    """Return the work that a configuration asks for, its inputs read and its prompts known."""
    if config.rewrite is None:
        assert config.writer is not None, "the configuration was checked"
        seeds = find_seeds(config, root)
        writer = Model(config.writer, seeds.prompt, workspace, spending)
        solver = Model(config.solver or config.writer, SOLVE, workspace, spending)
        return Growing(config, seeds, writer, solver)
    table, stated = read_items(config.rewrite, workspace)
    if config.writer is None:
        return Reordering(config.rewrite, table, stated)
    prompt = REWRITINGS[config.rewrite.by.operator].prompt
    return Rewording(config.rewrite, table, stated, Model(config.writer, prompt, workspace, spending))


def price(config: SynthesisConfig, root: Path, workspace: Workspace) -> list[str]:
    """Return a line per model: what a run would ask of it, and what that costs."""
    work = plan_work(config, root, workspace, Spending(config.budget))
    lines = []
    for model in work.models:
        lines.append(model.price(request for asked, request in work.expected() if asked is model))
    return lines or [f"{config.name}: {work.operator} asks no model"]


def _key(work: Work) -> str:
    models = [model.identity() for model in work.models]
    return digest([work.operator, work.identity(), models, code_digest()])


def _standing(workspace: Workspace, name: str, key: str) -> Synthetic | None:
    """The source that stands whole and with this key, unless requests of it failed: those are asked again."""
    if not (workspace.synthetic / name / SYNTHETIC_FILE).is_file():
        return None
    try:
        _, stated = read_synthetic(workspace, name)
    except UserError:  # damaged, or of another version of this schema: it is made again
        return None
    return stated if stated.key == key and not stated.unanswered else None


def _finish(name: str, key: str, work: Work, writer: SourceWriter, making: Path, folder: Path) -> Synthetic:
    """Hold the run to the law of conservation, put the files in their place, and describe them last."""
    ledger = writer.finish()
    write_parquet(making / LEDGER_FILE, ledger_table(ledger))
    names = [QUESTIONS_FILE, DROPPED_FILE, LEDGER_FILE]
    (folder / SYNTHETIC_FILE).unlink(missing_ok=True)  # from here to its writing there is no source
    for each in names:
        move_durably(making / each, folder / each)
    shutil.rmtree(making)
    stated = Synthetic(
        name=name,
        key=key,
        operator=work.operator,
        license=" AND ".join(sorted(writer.licenses)) or "unknown",
        asked=[model.record() for model in work.models],
        inputs=work.inputs,
        corpus=work.corpus,
        ledger=ledger,
        facts=dict(sorted(writer.facts.items())),
        files=[_file_record(folder / each) for each in names],
        rows=writer.rows,
    )
    write_json(folder / SYNTHETIC_FILE, stated.model_dump(mode="json"))
    return stated


def _file_record(path: Path) -> FileRecord:
    return FileRecord(name=path.name, sha256=sha256_file(path), bytes=path.stat().st_size)
