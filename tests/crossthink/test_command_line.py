"""The command line: what people see, in every format."""

import csv
import io
import json
from pathlib import Path

import pyarrow.parquet as pq

from tests.support import CommandLine

QUERY = "SELECT item_id, options, answer FROM items WHERE source = 'mcq' ORDER BY source_row"


def test_every_format_says_the_same(crossthink: CommandLine, sample_workspace: Path, tmp_path: Path) -> None:
    _, shown, _ = crossthink("sql", QUERY, "-w", sample_workspace, "--format", "json")
    rows = json.loads(shown)
    _, shown, _ = crossthink("sql", QUERY, "-w", sample_workspace, "--format", "csv")
    flat = list(csv.DictReader(io.StringIO(shown)))
    crossthink("sql", QUERY, "-w", sample_workspace, "--format", "parquet", "--output", tmp_path / "a.parquet")
    columns = pq.read_table(tmp_path / "a.parquet").to_pylist()
    assert rows == columns == [{**row, "options": json.loads(row["options"])} for row in flat]
    assert len(rows) > 150


def test_a_table_shows_the_first_rows_and_says_so(crossthink: CommandLine, sample_workspace: Path) -> None:
    _, shown, _ = crossthink("sql", "SELECT range AS n FROM range(250)", "-w", sample_workspace)
    assert "first 100 of 250 rows" in shown


def test_text_from_a_corpus_is_never_markup(crossthink: CommandLine, sample_workspace: Path) -> None:
    _, shown, _ = crossthink("sql", "SELECT '[red]a[/red] [/] \\boxed{1}' AS question", "-w", sample_workspace)
    assert "[red]a[/red] [/] \\boxed{1}" in shown


def test_show_prints_requested_and_realised_weights(crossthink: CommandLine, sample_workspace: Path) -> None:
    _, blend, _ = crossthink("show", "gpr_up", "-w", sample_workspace)
    assert "requested" in blend
    assert "realised" in blend
    assert "gpr.mcq" in blend
    _, corpus, _ = crossthink("show", "sample", "-w", sample_workspace)
    assert "the ledger" in corpus


def test_the_ledger_that_is_printed_adds_up(crossthink: CommandLine, sample_workspace: Path) -> None:
    _, shown, _ = crossthink("show", "sample", "-w", sample_workspace)
    rows = [line.split() for line in shown.splitlines() if line.strip().startswith(("mcq", "open", "sums", "total"))]
    for name, *cells in rows:
        records, unread, malformed, same, items, added, templates, long, unchecked, kept = map(int, cells)
        assert records - unread - malformed - same == items, name
        assert items + added - templates - long - unchecked == kept, name
    assert len(rows) == 4


def test_version_and_help(crossthink: CommandLine) -> None:
    from crossthink import __version__

    assert crossthink("--version")[:2] == (0, f"{__version__}\n")
    code, shown, _ = crossthink()
    assert "curate" in shown
    assert "train" in shown
    assert code in (0, 2)
