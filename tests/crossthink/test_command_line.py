"""The command line: what people see, in every format."""

import csv
import errno
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from threading import Thread

import pyarrow.parquet as pq
import pytest

from tests.support import ROOT, CommandLine

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
    assert "the first 100 rows; there are more" in shown


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
        records, unread, malformed, same, leaked, near, items, added, templates, long, unchecked, kept = map(int, cells)
        assert records - unread - malformed - same - leaked - near == items, name
        assert items + added - templates - long - unchecked == kept, name
    assert len(rows) == 4


def test_version_and_help(crossthink: CommandLine) -> None:
    from crossthink import __version__

    assert crossthink("--version")[:2] == (0, f"{__version__}\n")
    code, shown, _ = crossthink()
    assert "curate" in shown
    assert "train" in shown
    assert code in (0, 2)


def test_the_ledger_of_a_corpus_that_lost_everything_early_is_zeros(crossthink: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("First?,a,a,a,a,A\nSecond?,b,b,b,b,B\n")
    (tmp_path / "c.yaml").write_text("name: c\nsources: [{name: mcq, adapter: mmlu, files: [rows.csv]}]\n")
    code, shown, said = crossthink("curate", tmp_path / "c.yaml", "-w", tmp_path / "w")
    assert code == 0, said
    total = next(line.split()[1:] for line in shown.splitlines() if line.strip().startswith("total"))
    assert total == ["2", "0", "2", "0", "0", "0", "0", "0", "0", "0"]


@pytest.mark.parametrize(
    ("arguments", "expected", "said_on"),
    [
        ([], 2, "Curate verifiable"),
        (["--help"], 0, "Curate verifiable"),
        (["sqll"], 2, "Did you mean 'sql'?"),
        (["--nope"], 2, "No such option: --nope"),
        (["check"], 2, "Missing argument 'name'"),
        (["blend", "natural", "--size", "x"], 2, "--size"),
        (["blend", "natural", "--corpus", "a", "--corpus", "b"], 2, "--corpus: is given 2 times, expected once"),
        (["run", "show", "a", "-w", "a", "--workspace=b"], 2, "--workspace: is given 2 times, expected once"),
        (["ls", "-w", ""], 2, "--workspace: found nothing, expected a value"),
    ],
)
def test_a_wrong_use_says_what_is_right(
    crossthink: CommandLine, arguments: list[str], expected: int, said_on: str
) -> None:
    code, shown, said = crossthink(*arguments)
    assert (code, said_on in shown + said) == (expected, True)
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("stop", "code", "message"),
    [
        (
            KeyboardInterrupt(),
            130,
            "crossthink: interrupted; what was finished stands, run the same command to go on\n",
        ),
        (OSError(errno.ENOSPC, "No space left on device", "w/a"), 2, "crossthink: w/a: No space left on device\n"),
        (OSError(errno.EACCES, "Permission denied", "a", None, "b"), 2, "crossthink: b: Permission denied\n"),
        (OSError("no such host"), 2, "crossthink: no such host\n"),
        (BrokenPipeError(), 0, ""),
    ],
)
def test_every_end_has_its_message_and_code(
    crossthink: CommandLine, monkeypatch: pytest.MonkeyPatch, stop: BaseException, code: int, message: str
) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise stop

    monkeypatch.setattr("blends.library.read", stopped)
    assert crossthink("blend", "natural") == (code, "", message)


def test_a_reader_that_goes_away_is_no_error(sample_workspace: Path) -> None:
    asked = ["sql", "SELECT range FROM range(500000)", "-f", "csv", "-w", sample_workspace]
    with subprocess.Popen(
        [sys.executable, "-m", "crossthink", *asked], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.readline()
        running.stdout.close()
        assert (running.stderr.read(), running.wait()) == (b"", 0)


@pytest.mark.parametrize("threads", ["abc", "0", "-1", "1.5", "99999"])
def test_a_wrong_number_of_threads_names_the_variable(
    crossthink: CommandLine, monkeypatch: pytest.MonkeyPatch, sample_workspace: Path, threads: str
) -> None:
    monkeypatch.setenv("CROSSTHINK_THREADS", threads)
    code, _, said = crossthink("sql", "SELECT 1", "-w", sample_workspace)
    assert (code, f"CROSSTHINK_THREADS={threads}: expected" in said) == (2, True)


def test_a_query_may_begin_with_a_comment(crossthink: CommandLine, sample_workspace: Path) -> None:
    assert crossthink("sql", "-- one\nSELECT 1 AS a", "-f", "csv", "-w", sample_workspace)[:2] == (0, '"a"\n1\n')


def test_output_goes_through_a_link_and_keeps_it(
    crossthink: CommandLine, sample_workspace: Path, tmp_path: Path
) -> None:
    (tmp_path / "real.csv").write_text("old")
    (tmp_path / "link.csv").symlink_to("real.csv")
    crossthink("sql", "SELECT 1 AS a", "-f", "csv", "-o", tmp_path / "link.csv", "-w", sample_workspace)
    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "real.csv").read_text() == '"a"\n1\n'


def test_output_to_a_pipe_is_read_at_its_other_end(
    crossthink: CommandLine, sample_workspace: Path, tmp_path: Path
) -> None:
    pipe, read = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = Thread(target=lambda: read.append(pipe.read_text()), daemon=True)
    reader.start()
    code, _, said = crossthink("sql", "SELECT 1 AS a", "-f", "csv", "-o", pipe, "-w", sample_workspace)
    assert (code, pipe.is_fifo()) == (0, True), said
    reader.join(timeout=10)
    assert read == ['"a"\n1\n']


def test_columns_of_one_name_are_all_there(crossthink: CommandLine, sample_workspace: Path, tmp_path: Path) -> None:
    query = "SELECT 1 AS a, 2 AS a, 3 AS a_1, 4 AS a"
    names = ["a", "a_2", "a_1", "a_3"]
    _, shown, _ = crossthink("sql", query, "-f", "json", "-w", sample_workspace)
    assert json.loads(shown) == [dict(zip(names, [1, 2, 3, 4], strict=True))]
    _, shown, _ = crossthink("sql", query, "-f", "csv", "-w", sample_workspace)
    assert next(csv.reader(io.StringIO(shown))) == names
    _, shown, _ = crossthink("sql", query, "-w", sample_workspace)
    assert shown.split()[:4] == names
    crossthink("sql", query, "-f", "parquet", "-o", tmp_path / "a.parquet", "-w", sample_workspace)
    assert pq.read_table(tmp_path / "a.parquet").column_names == names


ODD_VALUES = {
    "INTERVAL 3 MONTH": "3 months",
    "union_value(k := 1)": "1",
    "'0101'::BIT": "0101",
    "DATE '12000-01-01'": "12000-01-01",
    "DATE 'infinity'": "infinity",
    "DATE '2024-05-06'": "2024-05-06",
    "TIMESTAMP '-infinity'": "-infinity",
    "TIMETZ '10:00:00+02'": "10:00:00+02",
    "'\\xFF'::BLOB": "\\xFF",
}


@pytest.mark.parametrize("value", ODD_VALUES)
def test_a_value_that_a_format_lacks_is_text(
    crossthink: CommandLine, sample_workspace: Path, tmp_path: Path, value: str
) -> None:
    query, text = f"SELECT {value} AS a, [{value}] AS b, {{'x': {value}}} AS c", ODD_VALUES[value]
    for format in ("json", "csv", "table"):
        code, shown, said = crossthink("sql", query, "-f", format, "-w", sample_workspace)
        assert code == 0, said
        assert shown.count(text.replace("\\", "\\\\")) >= 2
    assert json.loads(crossthink("sql", query, "-f", "json", "-w", sample_workspace)[1]) == [
        {"a": text, "b": [text], "c": {"x": text}}
    ]
    path = tmp_path / "a.parquet"
    assert crossthink("sql", query, "-f", "parquet", "-o", path, "-w", sample_workspace)[0] == 0
    assert pq.read_table(path).num_rows == 1


def test_json_is_valid_and_its_numbers_are_numbers(crossthink: CommandLine, sample_workspace: Path) -> None:
    query = "SELECT 'nan'::FLOAT AS a, ['inf'::DOUBLE, 1.5] AS b, sum(n) AS c, 2.5 AS d FROM range(4) AS r(n)"
    _, shown, _ = crossthink("sql", query, "-f", "json", "-w", sample_workspace)
    assert json.loads(shown, parse_constant=pytest.fail) == [{"a": None, "b": [None, 1.5], "c": 6, "d": 2.5}]


def test_control_characters_do_not_reach_the_terminal(crossthink: CommandLine, sample_workspace: Path) -> None:
    query = "SELECT chr(27) || '[31mred' || chr(155) || chr(7) AS \"a\x1b[0m [/]\", 'two' || chr(10) || 'lines' AS b"
    _, shown, _ = crossthink("sql", query, "-w", sample_workspace)
    assert "\\x1b[31mred\\x9b\\x07" in shown
    assert "a\\x1b[0m [/]" in shown
    assert not {"\x1b", "\x9b", "\x07"} & set(shown)
    assert "lines" in shown
    code, _, said = crossthink("curate", "\x1b[31m.yaml")
    assert (code, "\x1b" in said) == (2, False)


def test_a_row_with_more_columns_than_fit_is_printed_line_by_line(
    crossthink: CommandLine, sample_workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    _, shown, _ = crossthink("sql", "SELECT * FROM items ORDER BY item_id LIMIT 2", "-w", sample_workspace)
    names = [line.split()[0] for line in shown.splitlines() if line.startswith(("item_id ", "answer_kind "))]
    assert names == ["item_id", "answer_kind"] * 2
    _, shown, _ = crossthink("sql", "SELECT item_id, source FROM items LIMIT 2", "-w", sample_workspace)
    assert shown.split()[:2] == ["item_id", "source"]


def test_what_is_left_at_the_end_is_not_looked_through_for_cycles() -> None:
    code = (
        "import atexit, gc, sys; atexit.register(lambda: print('frozen:', gc.get_freeze_count() > 0))\n"
        "from crossthink.cli import main; sys.argv = ['crossthink', '--version']; main()"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert ended.stdout.endswith("frozen: True\n")
