"""A model is scored on benchmarks by the verifier that curates and rewards."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from crossthink.errors import UserError
from crossthink.progress import Progress
from crossthink.workspace import Workspace
from curate.ask import ModelSettings
from curate.evaluation.evaluate import Evaluator, Subject
from curate.evaluation.scores import SCORE_SCHEMA, write_scores
from curate.evaluation.settings import EvaluationConfig
from curate.evaluation.store import Evaluation
from curate.solving.tables import RESPONSE_SCHEMA
from tests.asking import Call, scripted_server
from tests.support import CommandLine

CAPITALS = {"France": "Paris", "Italy": "Rome", "Spain": "Madrid", "Greece": "Athens"}
SET = """
name: little
sources:
  - {name: capitals, adapter: mmlu_pro, role: benchmark, files: [capitals.jsonl]}
  - {name: sums, adapter: gsm8k, role: benchmark, files: [sums.jsonl]}
"""


@pytest.fixture
def little(tmp_path: Path) -> Path:
    """A set of two benchmarks: four capitals in two subjects, one of which states no option as its gold, and ten sums."""
    options = list(CAPITALS.values())
    capitals: list[dict[str, Any]] = [
        {
            "question_id": number,
            "question": f"What is the capital of {country}?",
            "options": options,
            "answer": "ABCD"[number],
            "answer_index": number,
            "category": "west" if number % 2 else "east",
        }
        for number, country in enumerate(CAPITALS)
    ]
    capitals.append({**capitals[0], "question_id": 9, "question": "What is lost?", "answer": "", "answer_index": None})
    sums = [{"question": f"What is {n} plus {n}?", "answer": f"Double it. #### {2 * n}"} for n in range(1, 11)]
    for name, rows in (("capitals", capitals), ("sums", sums)):
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "little.yaml").write_text(SET)
    return tmp_path / "little.yaml"


def evaluated(little: Path, script: Callable[[Call], str], **more: Any) -> Evaluation:
    with scripted_server(script) as server:
        model = ModelSettings(model="scripted", base_url=server.base_url, temperature=0)
        config = EvaluationConfig.model_validate({"name": "e", "benchmarks": str(little)} | more)
        return Evaluator(config, Subject(model), Workspace(little.parent / "w"), None, Progress()).run()


def scores(little: Path, subject: str | None = None) -> dict[str, dict[str, Any]]:
    frame = pl.read_parquet(little.parent / "w/evaluations/e/scores.parquet")
    assert frame.columns == SCORE_SCHEMA.names
    of = frame.filter(pl.col("subject").eq_missing(pl.lit(subject, pl.String)))
    return {row["benchmark"]: row for row in of.iter_rows(named=True)}


def by_rote(call: Call) -> str:
    """Knows two capitals, one by its letter and one by its name, and every sum of two digits."""
    if "capital" in call.text:
        known = {"Italy": "B", "Spain": "Madrid"}
        return f"\\boxed{{{next((known[country] for country in known if country in call.text), 'A. Paris')}}}"
    number = int(call.text.split()[2])
    return f"It is \\boxed{{{2 * number}}}." if number > 4 else "I would rather not say, for it is a long story. " * 3


def test_the_letter_or_the_text_of_the_right_option_is_right(little: Path) -> None:
    made = evaluated(little, by_rote)
    found = scores(little)
    assert (found["capitals"]["accuracy"], found["sums"]["accuracy"]) == (0.75, 0.6)
    assert (found["capitals"]["questions"], found["capitals"]["runs"], found["capitals"]["responses"]) == (4, 3, 12)
    assert made.left_out == {"capitals": {"no_gold": 1}}
    assert (
        scores(little, "east")["capitals"]["accuracy"] == 1.0 and scores(little, "west")["capitals"]["accuracy"] == 0.5
    )


def test_tokens_are_told_apart_by_right_and_wrong(little: Path) -> None:
    evaluated(little, by_rote)
    found = scores(little)["sums"]
    assert found["tokens_wrong"] > 5 * found["tokens_right"]
    assert found["tokens"] == pytest.approx(0.6 * found["tokens_right"] + 0.4 * found["tokens_wrong"])


def test_the_interval_is_over_questions_and_the_runs_are_said_apart(little: Path) -> None:
    """Of ten sums the first run has all, the others none: a third, and no narrower for being asked three times."""
    evaluated(
        little,
        lambda call: by_rote(call) if call.body["seed"] else f"\\boxed{{{2 * int(call.text.split()[2])}}}",
        only=["sums"],
        runs=3,
    )
    found = scores(little)["sums"]
    assert (found["accuracy"], found["run_low"], found["run_high"]) == (pytest.approx((1 + 0.6 + 0.6) / 3), 0.6, 1.0)
    once = wilson(found["accuracy"], 10)
    assert (found["low"], found["high"]) == (pytest.approx(once[0]), pytest.approx(once[1]))


def wilson(rate: float, n: int, z: float = 1.959963984540054) -> tuple[float, float]:
    middle, half = rate + z * z / (2 * n), z * (rate * (1 - rate) / n + z * z / (4 * n * n)) ** 0.5
    return (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)


def test_what_was_not_judged_is_in_no_accuracy(tmp_path: Path) -> None:
    row = {"source": "b", "source_row": "1", "item_id": "i", "row_id": "r", "template": "open", "gold": "1"}
    row |= {
        "answer_kind": "number",
        "reason": "correct",
        "subject": None,
        "response": None,
        "answer": None,
        "tokens": None,
    }
    said = [
        {**row, "row_id": f"r{n}", "sample": 0, "correct": correct} for n, correct in enumerate([True, False, None])
    ]
    pl.DataFrame(said, schema=pl.Schema(pl.Schema(RESPONSE_SCHEMA))).write_parquet(tmp_path / "r.parquet")
    write_scores(tmp_path / "r.parquet", tmp_path / "s.parquet")
    (found,) = pl.read_parquet(tmp_path / "s.parquet").to_dicts()
    assert (found["accuracy"], found["questions"], found["responses"], found["unjudged"]) == (0.5, 3, 2, 1)
    assert found["tokens_right"] is None


def test_a_limit_takes_the_same_questions_of_each_benchmark_every_time(little: Path) -> None:
    evaluated(little, by_rote, limit=2, runs=1)
    responses = little.parent / "w/evaluations/e/responses.parquet"
    few = pl.read_parquet(responses)
    assert dict(few["source"].value_counts().iter_rows()) == {"capitals": 2, "sums": 2}
    evaluated(little, by_rote, limit=3, runs=1)
    assert set(few["row_id"]) < set(pl.read_parquet(responses)["row_id"])


def test_a_second_evaluation_asks_nothing_and_more_runs_ask_only_the_new_ones(little: Path) -> None:
    asked: list[Call] = []

    def script(call: Call) -> str:
        asked.append(call)
        return by_rote(call)

    first = evaluated(little, script, runs=1)
    assert len(asked) == 14 and {call.body["temperature"] for call in asked} == {0}
    assert evaluated(little, script, runs=1) == first and len(asked) == 14
    evaluated(little, script, runs=3)
    assert len(asked) == 3 * 14


def test_rows_of_another_part_are_left_out_and_counted(little: Path) -> None:
    made = evaluated(little, by_rote, rows={"sums": ".jsonl:1"}, runs=1)  # the first, and the tenth
    assert made.left_out["sums"] == {"other_part": 8} and scores(little)["sums"]["questions"] == 2
    with pytest.raises(UserError, match=r"rows\.sums: no row of the benchmark has '/test/' in its key"):
        evaluated(little, by_rote, rows={"sums": "/test/"})


def test_an_unknown_benchmark_is_named(little: Path) -> None:
    with pytest.raises(UserError, match=r"no benchmark 'sum'\. Did you mean 'sums'\? There are: capitals, sums"):
        evaluated(little, by_rote, only=["sum"])


# The command


@pytest.fixture
def config(little: Path) -> Path:
    path = little.with_name("eval.yaml")
    path.write_text("name: mine\nbenchmarks: little.yaml\nruns: 2\n")
    return path


def test_the_command_prices_then_prints_what_sql_can_ask_again(
    config: Path, crossthink: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = config.parent / "w"
    monkeypatch.setenv("OPENAI_API_KEY", "of-the-test")
    with scripted_server(by_rote) as server:
        model = ["--model", "scripted", "--base-url", server.base_url, "-w", workspace]
        code, shown, _ = crossthink("eval", config, *model, "--dry-run")
        assert code == 0 and "14 requests of 28 samples" in shown and not server.calls
        code, shown, said = crossthink("eval", config, *model)
        assert code == 0, said
    assert (
        "75.00%" in shown and "mean over the benchmarks: 67.50%" in shown and "1 rows were not asked: no_gold" in shown
    )
    query = "SELECT evaluation, model, benchmark, accuracy FROM evaluations WHERE subject IS NULL ORDER BY benchmark"
    code, shown, _ = crossthink("sql", query, "--format", "json", "-w", workspace)
    assert [tuple(row.values()) for row in json.loads(shown)] == [
        ("mine", "scripted", "capitals", 0.75),
        ("mine", "scripted", "sums", 0.6),
    ]
    assert "of-the-test" not in "".join(path.read_text("latin-1") for path in workspace.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        ([], "expected a model: --model NAME"),
        (["--run", "r", "--model", "m"], "--run: its checkpoint is the model"),
        (["--run", "r"], "no run of this name"),
        (["--model", "m", "--base-url", "localhost:8000"], "--base-url: String should match pattern"),
        (["--model", "m", "--name", "../e"], "--name: expected at most 100 letters"),
    ],
)
def test_bad_input_is_one_message(config: Path, crossthink: CommandLine, arguments: list[str], fault: str) -> None:
    code, shown, said = crossthink("eval", config, *arguments, "-w", config.parent / "w")
    assert (code, shown) == (2, "") and fault in said and "Traceback" not in said


def test_the_papers_evaluation_reads_the_published_sets(
    shared_data: Path, tmp_path: Path, crossthink: CommandLine
) -> None:
    """500 + 40 + 14,042 of MMLU's test part + 12,032 + 3,546 less what states no gold, three times each."""
    arguments = [
        "--model",
        "m",
        "--base-url",
        "http://127.0.0.1:9/v1",
        "--data",
        shared_data,
        "--dry-run",
        "-w",
        tmp_path,
    ]
    code, shown, said = crossthink("eval", "paper", *arguments)
    assert code == 0, said
    assert "m: 30,1" in shown, shown
