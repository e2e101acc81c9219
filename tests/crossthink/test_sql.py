"""`crossthink sql` without a terminal: queries from an argument, a file or standard input, and what it says of damage."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from crossthink.cli.shell import in_one_line
from tests.support import ROOT, CommandLine

TWO = "-- one; of two\nSELECT 1 AS a;\nSELECT ';' AS b; -- done;\n"


def _piped(text: str, *arguments: object) -> tuple[int, str, str]:
    command = [sys.executable, "-m", "crossthink", "sql", *map(str, arguments)]
    done = subprocess.run(command, input=text, capture_output=True, text=True, cwd=ROOT)
    return done.returncode, done.stdout, done.stderr


def test_queries_come_from_a_file_or_from_standard_input(
    crossthink: CommandLine, sample_workspace: Path, tmp_path: Path
) -> None:
    expected = (0, '"a"\n1\n"b"\n";"\n', "")
    assert _piped(TWO, "-f", "csv", "-w", sample_workspace) == expected
    (tmp_path / "q.sql").write_text(TWO)
    assert crossthink("sql", "--file", tmp_path / "q.sql", "-f", "csv", "-w", sample_workspace) == expected
    code, shown, _ = _piped(
        ".views\nSELECT 1 AS a;\n.schema ledger\n.quit\nSELECT x;", "-f", "csv", "-w", sample_workspace
    )
    assert code == 0
    assert shown.index("the questions of a corpus") < shown.index('"a"\n1\n') < shown.index("rows that came in")


def test_the_first_query_that_fails_ends_a_file(crossthink: CommandLine, sample_workspace: Path) -> None:
    queries = "SELECT 1 AS a; SELECT x; SELECT 2 AS b;"
    code, shown, said = crossthink("sql", "-f", "csv", "-w", sample_workspace, stdin=queries)
    assert (code, shown) == (2, '"a"\n1\n')
    assert said.startswith("crossthink: sql: Binder Error: ")


@pytest.mark.parametrize(
    ("text", "arguments", "fault"),
    [
        ("", [], "found no query"),
        (" ; -- nothing", [], "found no query"),
        ("SELECT 1; SELECT 2", ["-f", "parquet"], "found 2 queries, expected one"),
        ("SELECT 1; SELECT 2", ["-o", "a.csv"], "found 2 queries, expected one"),
        (".schema ledgr", [], "no view 'ledgr'. Did you mean 'ledger'?"),
        (".viwes", [], "no command .viwes. Did you mean '.views'?"),
        ("DROP VIEW items;", [], "expected one SELECT, found DROP"),
        ("SELECT 1", ["SELECT 2", "--file", "q.sql"], "found a query and --file q.sql, expected one of them"),
    ],
)
def test_what_cannot_be_answered_is_one_message(
    crossthink: CommandLine, sample_workspace: Path, text: str, arguments: list[str], fault: str
) -> None:
    code, shown, said = crossthink("sql", *arguments, "-w", sample_workspace, stdin=text)
    assert (code, shown) == (2, "")
    assert said.startswith("crossthink: sql: ")
    assert fault in said
    assert not Path("a.csv").exists()


def test_a_damaged_blend_is_said_in_one_line_and_the_rest_answers(
    crossthink: CommandLine, sample_workspace: Path, tmp_path: Path
) -> None:
    shutil.copytree(sample_workspace, tmp_path / "w")
    shutil.copytree(tmp_path / "w/manifests/gpr_up", tmp_path / "w/manifests/broken")
    assert crossthink("sql", "SELECT count(*) > 0 AS a FROM items", "-f", "csv", "-w", tmp_path / "w") == (
        0,
        '"a"\ntrue\n',
        "",
    )
    code, shown, said = crossthink("sql", "SELECT DISTINCT blend FROM blend_rows", "-f", "csv", "-w", tmp_path / "w")
    assert (code, shown) == (2, '"blend"\n"gpr_up"\n')
    [line] = said.splitlines()
    assert line.startswith("crossthink: left out of blend_rows: blend broken@1: ")
    assert "manifest.json" in line


@pytest.mark.parametrize(
    "arguments",
    [["sql", "SELECT count(*) FROM blends, mixture, blend_sources, blend_ledger, blend_rows, items"], ["ls"]],
)
def test_looking_loads_no_shell_and_no_pandas(arguments: list[str], sample_workspace: Path) -> None:
    code = (
        "import sys; from crossthink.cli import main; sys.argv = ['crossthink', *sys.argv[1:]]\n"
        "try: main()\nexcept SystemExit: pass\nprint({'pandas', 'prompt_toolkit'} & set(sys.modules))"
    )
    command = [sys.executable, "-c", code, *arguments, "-w", str(sample_workspace)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.endswith("set()\n"), done.stderr


def test_an_error_in_one_line_has_no_picture() -> None:
    assert in_one_line('Binder Error: no column "x"!\nCandidates: "y"\n\nLINE 1: SELECT x\n               ^') == (
        'Binder Error: no column "x"! Candidates: "y"'
    )
