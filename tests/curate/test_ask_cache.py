"""Kept answers: what is put is there, for ever and whoever looks."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossthink.errors import UserError
from crossthink.workspace import Workspace
from curate.ask import Completion
from curate.ask.cache import ANSWERS_SCHEMA, Cache
from tests.support import CommandLine

ASKED = {"model": "m", "api": "chat", "prompt": [{"role": "user", "content": "é"}], "sampling": {"seed": 1}}

completions = st.builds(
    Completion,
    text=st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
    finish=st.none() | st.sampled_from(["stop", "length"]),
    prompt_tokens=st.none() | st.integers(0, 2**40),
    completion_tokens=st.none() | st.integers(0, 2**40),
    logprobs=st.none() | st.lists(st.floats(-1e6, 0), max_size=3).map(tuple),
)


@settings(max_examples=30)  # each makes files
@given(st.lists(completions, min_size=1, max_size=4))
def test_what_is_put_comes_back(tmp_path_factory: pytest.TempPathFactory, answers: list[Completion]) -> None:
    folder = tmp_path_factory.mktemp("answers")
    with Cache(folder) as cache:
        for sample, answer in enumerate(answers):
            assert cache.put("d", ASKED, sample, answer) == answer
    with Cache(folder) as cache:
        assert cache.get("d", len(answers)) == dict(enumerate(answers))
        assert cache.get("d", 1) == {0: answers[0]}
        assert cache.get("other", 9) == {}
        assert cache.table().schema == ANSWERS_SCHEMA
        assert cache.table().column("text").to_pylist() == [answer.text for answer in answers]


def test_the_first_answer_stays(tmp_path: Path) -> None:
    with Cache(tmp_path) as one, Cache(tmp_path) as other:
        assert one.put("d", ASKED, 0, Completion("first")) == Completion("first")
        assert other.put("d", ASKED, 0, Completion("second")) == Completion("first")


def test_looking_makes_no_file(tmp_path: Path) -> None:
    with Cache(tmp_path / "answers") as cache:
        assert cache.get("d", 3) == {}
        assert cache.table().num_rows == 0
    assert not (tmp_path / "answers").exists()


def test_a_file_of_something_else_is_named(tmp_path: Path) -> None:
    (tmp_path / "answers.sqlite").write_bytes(b"no database" * 500)
    with pytest.raises(UserError, match=r"answers.sqlite: cannot be used as the file of answers"):
        Cache(tmp_path).get("d", 1)


WRITER = """
import sys
from pathlib import Path
from curate.ask import Completion
from curate.ask.cache import Cache
cache = Cache(Path(sys.argv[1]))
for number in range(10**9):
    cache.put(f"d{number}", {"model": "m", "api": "chat", "prompt": "x" * 500, "sampling": {}}, 0, Completion("y" * 500))
    print(number, flush=True)
"""


def test_a_kill_loses_no_answer_that_was_put(tmp_path: Path) -> None:
    root = Path(__file__).resolve().parents[2]
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, tmp_path], stdout=subprocess.PIPE, text=True, cwd=root, env={**os.environ}
    )
    assert writer.stdout is not None
    for line in writer.stdout:
        if int(line) > 200:
            break
    time.sleep(0.01)
    writer.send_signal(signal.SIGKILL)
    said = [201, *map(int, writer.stdout.read().split("\n")[:-1])]
    writer.wait()
    with Cache(tmp_path) as cache:
        assert all(cache.get(f"d{number}", 1) for number in range(said[-1] + 1))
    with sqlite3.connect(tmp_path / "answers.sqlite") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_answers_can_be_asked_in_sql(tmp_path: Path, crossthink: CommandLine) -> None:
    with Cache(Workspace(tmp_path).answers) as cache:
        cache.put("d", ASKED, 0, Completion("ja", "stop", 3, 1, (-0.5,)))
    query = "SELECT model, prompt->0->>'content' AS asked, text, completion_tokens, logprobs[1] AS first FROM answers"
    code, out, err = crossthink("sql", query, "--format", "json", "-w", tmp_path)
    assert (code, err) == (0, "")
    assert '"asked": "é"' in out or '"asked":"é"' in out
    assert "ja" in out
