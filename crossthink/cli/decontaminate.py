"""`crossthink decontaminate`: which benchmark items a finished corpus leaks, and which of its rows hold them.

Nothing is dropped here; a curation drops what its `benchmarks:` name. The command holds a corpus that stands to any set of
benchmarks, says what it found per benchmark, and writes the pairs for whoever wants to look at them.
"""

from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from crossthink.cli.options import Format, file_format
from crossthink.cli.output import console, emit
from crossthink.errors import UserError, printable
from crossthink.progress import Progress
from crossthink.workspace import Workspace
from curate.benchmarks import read_benchmarks
from curate.config import find_benchmarks, load_benchmarks
from curate.contamination import GREY_ZONE, LEAKS, ContaminationSettings, LeakPath, find_contamination
from curate.corpus import ITEMS_FILE, check_corpus, read_corpus
from curate.embedding import embedder
from curate.schemas import CORPUS_ITEM_SCHEMA
from curate.table import ItemTable

_EXAMPLES = 3
"""Leaks shown of each benchmark, those of different items with the highest scores."""


def decontaminate(
    workspace: Workspace,
    corpus: str,
    against: str,
    *,
    data: Path | None = None,
    report: Path | None = None,
    review: Path | None = None,
    semantic: str | None = None,
) -> None:
    """Hold a corpus to a set of benchmarks; print what it leaks.

    Args:
        workspace: where the corpus is and where the benchmarks' items are kept.
        corpus: name of a finished corpus.
        against: name of a shipped set of benchmarks, or the YAML file of one.
        data: folder that takes the place of the set's own root.
        report: file for the pairs of rows and benchmark items, .json, .csv or .parquet.
        review: file for the pairs that a person or a judge should look at, likewise.
        semantic: embedding model that adds candidates.

    Raises:
        UserError: there is no such corpus, set, model or format; a file of the set is missing.
    """
    formats = {path: file_format(path) for path in (report, review) if path is not None}
    if report is not None and report == review:
        raise UserError(f"{report}: is named for --report and for --review; each needs a file of its own")
    if semantic is not None:
        embedder(semantic)  # a model that is not there is said now, not after the benchmarks were read
    folder = workspace.corpus(corpus)
    check_corpus(folder, read_corpus(folder))
    items = ItemTable((folder / ITEMS_FILE,), schema=CORPUS_ITEM_SCHEMA)
    progress = Progress()
    chosen = load_benchmarks(find_benchmarks(against), data)
    benchmarks = read_benchmarks(chosen, workspace, progress)
    with progress.step(f"hold {corpus} to {chosen.name}") as step:
        found = find_contamination(items, benchmarks.index(), ContaminationSettings(semantic=semantic))
        leaks, grey = pl.DataFrame(found.tables[LEAKS]), found.tables[GREY_ZONE]
        rows = leaks["place"].n_unique()
        step.result = (
            f"{rows:,} of {items.count:,} items hold a benchmark's question, {grey.num_rows:,} pairs to look at"
        )
    print_leaks(corpus, found.facts["benchmarks"], leaks)
    _write(found.tables[LEAKS], report, formats)
    _write(grey, review, formats)


def print_leaks(corpus: str, benchmarks: dict[str, dict[str, Any]], leaks: pl.DataFrame) -> None:
    """Print a line per benchmark, and examples of the leaked ones.

    Args:
        corpus: its name.
        benchmarks: the facts of `find_contamination`, per benchmark.
        leaks: its table `leaks`.
    """
    table = Table(title=f"corpus {corpus}: benchmark items that it leaks", title_justify="left", box=SIMPLE_HEAD)
    table.add_column("benchmark")
    for heading in ("items", "leaked", "share", "rows", *(f"by {path}" for path in LeakPath), "to look at"):
        table.add_column(heading, justify="right")
    for name, facts in benchmarks.items():
        paths = [f"{facts['paths'].get(path, 0):,}" for path in LeakPath]
        share = f"{facts['leaked'] / facts['items']:.2%}"
        numbers = [
            f"{facts['items']:,}",
            f"{facts['leaked']:,}",
            share,
            f"{facts['rows']:,}",
            *paths,
            f"{facts['grey']:,}",
        ]
        table.add_row(Text(printable(name)), *numbers)
    out = console()
    out.print(table)
    best = leaks.sort("benchmark", "score", "place", descending=[False, True, False], maintain_order=True)
    examples = best.unique(["benchmark", "benchmark_row"], keep="first", maintain_order=True)
    for pair in examples.group_by("benchmark", maintain_order=True).head(_EXAMPLES).iter_rows(named=True):
        where = f"{pair['benchmark']} {pair['benchmark_row']} in {pair['source']} {pair['source_row']}"
        out.print(
            Text(printable(f"{where}  ({pair['path']}, {pair['score']:.2f}): {pair['span']}")),
            overflow="ellipsis",
            no_wrap=True,
        )


def _write(pairs: pa.Table, path: Path | None, formats: dict[Path, Format]) -> None:
    if path is not None:
        emit(pairs, formats[path], path)
        console().print(f"{path}: {pairs.num_rows:,} pairs")
