"""Synthesis as a user runs it: real commands, and a real server on loopback that says what a script says."""

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from crossthink.progress import Progress
from crossthink.workspace import Workspace
from curate.config import load_curation
from curate.pipeline import curate
from tests.asking import Call, Raw, ScriptedServer, scripted_server
from tests.examining import PAGES, Examiner
from tests.support import CommandLine

CONFIG = """
name: pages
root: {root}
documents: {{files: ["{files}"]}}
questions: {{each: 3}}
writer: {{model: examiner, base_url: "{url}", in_flight: 4, tries: 2, pause_seconds: 0}}
solver: {{model: solver, base_url: "{url}", temperature: 0.6, in_flight: 4, tries: 2, pause_seconds: 0}}
votes: {{solutions: 3, fewest: 2}}
license: Apache-2.0
"""
CURATION = """
name: mine
sources: [{name: pages, synthetic: pages}]
near_duplicates: null
"""


def _config(folder: Path, server: ScriptedServer, files: str = "documents/*.md", more: str = "") -> Path:
    path = folder / "pages.yaml"
    path.write_text(CONFIG.format(root=PAGES.parent, url=server.base_url, files=files) + more)
    return path


def _stated(workspace: Path, name: str = "pages") -> dict[str, Any]:
    stated: dict[str, Any] = json.loads((workspace / "synthetic" / name / "synthetic.json").read_text())
    return stated


def _rows(workspace: Path, file: str, name: str = "pages") -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(workspace / "synthetic" / name / file).to_pylist()
    return rows


def _body(call: Call) -> str:
    return json.dumps(call.body, sort_keys=True)


class _Holding:
    """A script that answers so many calls and then holds every other, until it is let go."""

    def __init__(self, script: Examiner, answers: int) -> None:
        self._script, self._left, self.held = script, answers, list[int]()

    def __call__(self, call: Call) -> str | Raw:
        if self._left == 0:
            self.held.append(call.number)
            return Raw(delay=60)
        self._left -= 1
        return self._script(call)

    def let_go(self) -> None:
        self._left = -1


def test_pages_become_a_blend_and_a_kill_repeats_no_request(tmp_path: Path, crossthink: CommandLine) -> None:
    """Documents, questions, votes, filters, blend, manifest; killed while twelve questions wait for their votes."""
    examiner = Examiner()
    questions = list(examiner.known)
    examiner.solved = {questions[4]: ["A", "B", "C"], questions[11]: ["who knows", "nobody", "A"]}
    script = _Holding(examiner, answers=40)
    workspace = tmp_path / "w"
    with scripted_server(script) as server:
        config = _config(tmp_path, server)
        command = [sys.executable, "-m", "crossthink", "synthesize", str(config), "-w", str(workspace)]
        running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while len(script.held) < 4:
            assert running.poll() is None
            time.sleep(0.02)
        running.kill()
        running.wait()
        assert not (workspace / "synthetic/pages/synthetic.json").exists()
        script.let_go()
        code, shown, said = crossthink("synthesize", config, "-w", workspace)
        assert code == 0, said
        answered = Counter(_body(call) for call in server.calls if call.number not in script.held)
        assert set(answered.values()) == {1}
        assert len(answered) == 12 + 3 * 36
        assert "40 samples kept from before" in shown
        code, _, said = crossthink("synthesize", config, "-w", workspace)
        assert (code, len(server.calls)) == (0, 120 + len(script.held))
        assert "stands as it was made (34 rows)" in said
        other = tmp_path / "other"
        assert crossthink("synthesize", config, "-w", other)[0] == 0
    for file in ("questions.parquet", "dropped.parquet", "ledger.parquet", "synthetic.json"):
        whole, resumed = (each / "synthetic/pages" / file for each in (other, workspace))
        assert whole.read_bytes() == resumed.read_bytes(), file
    _hold_to_the_script(workspace, examiner)
    (tmp_path / "mine.yaml").write_text(CURATION)
    assert crossthink("curate", tmp_path / "mine.yaml", "-w", workspace)[0] == 0
    assert crossthink("blend", "natural", "--corpus", "mine", "--batch-size", "4", "-w", workspace)[0] == 0
    manifest = json.loads((workspace / "manifests/natural/1/manifest.json").read_text())
    [source] = manifest["sources"]
    assert (source["adapter"], source["license"], source["rows"]) == ("synthetic", "Apache-2.0", 34)
    assert source["asked"] == _stated(workspace)["asked"]
    writer, solver = source["asked"]
    assert (writer["model"], writer["requests"], solver["model"], solver["samples"]) == ("examiner", 12, "solver", 108)
    assert list(writer["prompts"]) == ["write_from_document.v1"]
    query = (
        "SELECT count(*) AS n FROM blend_rows JOIN items USING (item_id) WHERE origin = 'synthetic' AND subject = 'law'"
    )
    code, shown, said = crossthink("sql", query, "--format", "json", "-w", workspace)
    assert (code, said) == (0, "")
    assert json.loads(shown)[0]["n"] > 0


def _hold_to_the_script(workspace: Path, examiner: Examiner) -> None:
    """Every question has the answer that the script knows; the two without a majority are kept aside with their votes."""
    rows = _rows(workspace, "questions.parquet")
    assert all(row["answer_index"] == examiner.known[row["question"]].gold for row in rows)
    made_from = json.loads(rows[0]["extra"])["made_from"]
    assert (rows[0]["key"], made_from["document"]) == (
        "documents/biology-1-membranes.md#0/1",
        "documents/biology-1-membranes.md",
    )
    assert len(made_from["document_sha256"]) == len(made_from["chunk_sha256"]) == 64
    assert rows[0]["vote_share"] == 1 and len(rows[0]["solutions"]) == 3
    dropped = _rows(workspace, "dropped.parquet")
    assert [(row["stage"], row["reason"]) for row in dropped] == [("voting", "tie"), ("voting", "too_few_solutions")]
    assert json.loads(dropped[0]["evidence"])["votes"] == {"A": 1, "B": 1, "C": 1}
    writing, voting = _stated(workspace)["ledger"]
    assert (writing["added"], writing["kept"], voting["rows_in"], voting["kept"]) == (36, 36, 36, 34)


def test_each_fault_of_a_model_is_counted_by_its_name(tmp_path: Path, crossthink: CommandLine) -> None:
    """Another item, half a JSON text, a page, two questions of three, four of three; asked again, only what failed."""
    examiner = Examiner()
    good = {
        page: json.dumps({"id": f"documents/{page}#0", "questions": _questions(examiner, page)})
        for page in examiner.pages
    }
    law, life, money, past = (
        f"{name}.md" for name in ("law-1-offer", "biology-1-membranes", "economics-1-prices", "history-1-printing")
    )
    short = {"id": f"documents/{past}#0", "questions": _questions(examiner, past)[:2]}
    long = {"id": "documents/law-2-negligence.md#0", "questions": _questions(examiner, "law-2-negligence.md") * 2}
    examiner.written = {
        law: good[life],
        life: good[life][:200],
        money: Raw("<html>busy</html>", kind="text/html"),
        past: f"Here it is:\n```json\n{json.dumps(short)[:-1]},}}\n```",
        "law-2-negligence.md": json.dumps(long),
    }
    workspace = tmp_path / "w"
    with scripted_server(examiner) as server:
        config = _config(tmp_path, server)
        code, shown, said = crossthink("synthesize", config, "-w", workspace)
        assert code == 0, said
        reasons = Counter(
            (row["source_row"].partition("#")[0].rpartition("/")[2], row["reason"])
            for row in _rows(workspace, "dropped.parquet")
        )
        assert reasons == {
            (law, "answers_another_item"): 3,
            (life, "unparsed"): 3,
            (money, "not_answered"): 3,
            (past, "not_given"): 1,
            ("law-2-negligence.md", "more_than_asked"): 3,
        }
        assert "3 rows are missing because a request failed" in shown
        assert _stated(workspace)["facts"] == {"parsed_leniently": 1, "parsed_strictly": 9}
        before = len(server.calls)
        examiner.written = {}
        assert crossthink("synthesize", config, "-w", workspace)[0] == 0
        assert len(server.calls) == before + 1 + 3 * 3
    assert _stated(workspace)["ledger"][0]["reasons"] == {
        "answers_another_item": 3,
        "more_than_asked": 3,
        "not_given": 1,
        "unparsed": 3,
    }


def _questions(examiner: Examiner, page: str) -> list[dict[str, Any]]:
    return [{"question": exam.question, "options": exam.options} for exam in examiner.pages[page]]


def test_a_dry_run_prices_and_asks_nothing_and_a_budget_ends_cleanly(tmp_path: Path, crossthink: CommandLine) -> None:
    with scripted_server(Examiner()) as server:
        config = _config(tmp_path, server, "documents/law-*.md")
        code, shown, _ = crossthink("synthesize", config, "--dry-run", "-w", tmp_path / "w")
        assert (code, len(server.calls)) == (0, 0)
        assert "examiner: 3 requests of 3 samples" in shown and "solver: 9 requests of 27 samples" in shown
        limited = _config(tmp_path, server, "documents/law-*.md", "budget: {requests: 5}\n")
        code, _, said = crossthink("synthesize", limited, "-w", tmp_path / "w")
        assert (code, len(server.calls)) == (2, 5)
        assert "budget" in said and "Traceback" not in said
        assert not (tmp_path / "w/synthetic/pages/synthetic.json").exists()
        assert crossthink("synthesize", _config(tmp_path, server, "documents/law-*.md"), "-w", tmp_path / "w")[0] == 0
        assert len(server.calls) == 3 + 27


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A workspace with a corpus of five questions, made once; tests add synthetic sources to it."""
    folder = tmp_path_factory.mktemp("rewriting")
    rows = [
        {"id": "capital", "question": "What is the capital of Peru?", "options": None, "answer": "Lima", "domain": "gpr"},
        {"id": "sum", "question": "What is 17 plus 25?", "options": None, "answer": "42", "domain": "math"},
        {"id": "half", "question": "How much is one half, as a decimal?", "options": None, "answer": "0.5", "domain": "math"},
        {"id": "bat", "question": "Which of the following mammals can truly fly?", "options": ["cow", "bat", "seal"], "answer": "bat", "domain": "gpr"},
        {"id": "gas", "question": "What gas do leaves give off by day?", "options": ["oxygen", "argon", "both A and B"], "answer": "oxygen", "domain": "gpr"},
    ]  # fmt: skip
    (folder / "rows.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    (folder / "few.yaml").write_text(
        "name: few\nsources: [{name: few, adapter: qa_rows, files: [rows.jsonl], license: MIT}]\nnear_duplicates: null\n"
    )
    curate(*load_curation(folder / "few.yaml"), Workspace(folder / "w"), Progress())
    yield folder


REPLIES = {
    "to_mcq": {
        "What is the capital of Peru?": {"distractors": ["Quito", "the city of Lima", "Bogotá", "quito", "La Paz"]},
        "What is 17 plus 25?": {"distractors": ["42.0", "41", "84/2", "43", "52"]},
        "How much is one half, as a decimal?": {"distractors": ["1/2", "0.50", "2", "0.2", "50%"]},
    },
    "to_open": {"Which of the following mammals can truly fly?": {"question": "What is the only mammal that truly flies called?"}},
    "rephrase": {
        "What is the capital of Peru?": {"question": "Which city is Peru's capital?"},
        "What is 17 plus 25?": {"question": "Add 17 and 26; what do you get?"},
        "How much is one half, as a decimal?": {"question": "Is one half 0.5 as a decimal, or how much?"},
        "Which of the following mammals can truly fly?": {"question": "Which of these mammals is able to fly?"},
        "What gas do leaves give off by day?": {"question": "By day, leaves give off what gas?"},
    },
}  # fmt: skip


def _rewriter(call: Call) -> str:
    key = json.loads(call.text.rpartition('{"id": ')[2].partition(",")[0])
    kind = {"write": "to_mcq", "rewrite": "to_open", "say": "rephrase", "explain": "contrast"}[call.text.split()[1]]
    question = call.text.rpartition("Question: ")[2].partition("\n")[0]
    if kind == "contrast":
        options = dict(line.split(". ", 1) for line in call.text.split("\n") if line[1:3] == ". ")
        said = [
            {"option": name, "text": text, "why": f"{len(text)} characters, not option B."}
            for name, text in options.items()
        ]
        return json.dumps({"id": key, "explanations": said})
    return json.dumps({"id": key} | REPLIES[kind][question])


def _rewrite(corpus: Path, crossthink: CommandLine, name: str, by: str, base: str = "few") -> list[dict[str, Any]]:
    config = corpus / f"{name}.yaml"
    with scripted_server(_rewriter) as server:
        model = f'writer: {{model: m, base_url: "{server.base_url}"}}\n' if "permute" not in by else ""
        config.write_text(f"name: {name}\nrewrite: {{corpus: {base}, by: {{{by}}}}}\n{model}")
        code, _, said = crossthink("synthesize", config, "-w", corpus / "w")
        assert code == 0, said
    return _rows(corpus / "w", "questions.parquet", name)


def _reasons(corpus: Path, name: str) -> Counter[str]:
    return Counter(row["reason"] for row in _rows(corpus / "w", "dropped.parquet", name))


def test_open_questions_get_options_that_are_checked(corpus: Path, crossthink: CommandLine) -> None:
    rows = {row["question"]: row for row in _rewrite(corpus, crossthink, "choices", "operator: to_mcq, options: 4")}
    assert set(rows["What is the capital of Peru?"]["options"]) == {"Lima", "Quito", "Bogotá", "La Paz"}
    assert set(rows["What is 17 plus 25?"]["options"]) == {"42", "41", "43", "52"}
    assert _reasons(corpus, "choices") == {"has_options": 2, "too_few_distractors": 1}
    assert all(row["license"] == "MIT" and row["parent"] for row in rows.values())


def test_wordings_are_checked(corpus: Path, crossthink: CommandLine) -> None:
    rows = _rewrite(corpus, crossthink, "rephrased", "operator: rephrase")
    assert {row["question"] for row in rows} == {
        "Which city is Peru's capital?",
        "Which of these mammals is able to fly?",
        "By day, leaves give off what gas?",
    }
    assert _reasons(corpus, "rephrased") == {"numbers_changed": 2}
    opened = _rewrite(corpus, crossthink, "opened", "operator: to_open")
    assert [(row["options"], row["answer"]) for row in opened] == [(None, "bat")]
    assert _reasons(corpus, "opened") == {"has_no_options": 3, "stands_without_options": 1}


def test_explanations_are_kept_with_their_option_through_a_curation_and_a_new_order(
    corpus: Path, crossthink: CommandLine
) -> None:
    explained = _rewrite(corpus, crossthink, "explained", "operator: contrast")
    assert len(explained) == 2 and _reasons(corpus, "explained") == {"has_no_options": 3}
    (corpus / "told.yaml").write_text(
        "name: told\nsources: [{name: told, synthetic: explained}]\nnear_duplicates: null\n"
    )
    assert crossthink("curate", corpus / "told.yaml", "-w", corpus / "w")[0] == 0
    moved = {row["parent"]: row for row in _rewrite(corpus, crossthink, "moved", "operator: permute", "told")}
    assert len(moved) == 2
    for before in explained:
        after = moved[before["parent"]]
        letter = "ABC"[after["options"].index(before["options"][1])]
        why = {each["option"]: each["why"] for each in json.loads(after["extra"])["explanations"]}
        assert list(why) == after["options"]
        assert all(said == f"{len(option)} characters, not option {letter}." for option, said in why.items())
    [gas] = [row for row in moved.values() if len(row["options"]) == 3 and "oxygen" in row["options"]]
    pair = sorted("ABC"[gas["options"].index(each)] for each in ("oxygen", "argon"))
    [both] = [option for option in gas["options"] if "both" in option]
    assert sorted(both.removeprefix("both ").split(" and ")) == pair


def test_a_changed_file_of_a_synthetic_source_is_found(corpus: Path, crossthink: CommandLine) -> None:
    _rewrite(corpus, crossthink, "spoilt", "operator: permute")
    (corpus / "w/synthetic/spoilt/questions.parquet").write_bytes(b"")
    (corpus / "spoilt-corpus.yaml").write_text("name: spoilt\nsources: [{name: s, synthetic: spoilt}]\n")
    code, _, said = crossthink("curate", corpus / "spoilt-corpus.yaml", "-w", corpus / "w")
    assert code == 2
    assert "questions.parquet  sha256: found" in said and "crossthink synthesize" in said
