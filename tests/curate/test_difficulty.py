"""Responses of models, published by others or asked for here, become pass rates of a corpus's questions."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossthink.errors import UserError
from crossthink.progress import Progress
from crossthink.workspace import Workspace
from curate.config import load_curation
from curate.difficulty.imported import Asked, import_responses
from curate.difficulty.settings import SolveConfig
from curate.difficulty.solve import price, solve
from curate.difficulty.store import Difficulty, load, read_pass_rates
from curate.pipeline import curate
from curate.solving.judging import Gold, judge
from curate.solving.votes import count_votes
from curate.verify import Reason
from tests.asking import DROPPED, Call, Raw, completion, scripted_server
from tests.support import CommandLine

# The answer that counts


@pytest.mark.parametrize(
    ("answer", "correct"),
    [
        ("B", True),
        ("b) Paris", True),
        ("Paris", True),  # the text in the place of the letter
        (r"\text{Paris}", True),
        ("A", False),
        ("A. Paris", False),  # a letter is judged as a letter
        ("Rome", False),
        ("", False),
        (None, False),
    ],
)
def test_an_option_is_named_by_its_letter_or_by_its_text(answer: str | None, correct: bool) -> None:
    assert judge([answer], [Gold("B", "choice", "Paris")])[0].correct is correct


def test_an_option_whose_text_is_a_letter_is_named_by_its_own_letter() -> None:
    gold = Gold("D", "choice", "A")
    assert [each.correct for each in judge(["A", "D"], [gold, gold])] == [False, True]


def test_a_text_means_nothing_where_no_letter_was_asked_for() -> None:
    assert judge(["1/2", "0.5", "2"], [Gold("0.5", "number")] * 3)[1].reason is Reason.CORRECT
    assert [each.correct for each in judge(["1/2", "0.5", "2"], [Gold("0.5", "number")] * 3)] == [True, True, False]


# Votes


@pytest.mark.parametrize(
    ("answers", "source", "is_unanimous"),
    [
        (["7", "7", "7", "7.0"], "7", True),
        (["7", "7", "8"], "7", False),
        (["7", "7", "7"], None, True),  # a source that states no answer
        (["7", "7", "7"], "8", False),
        (["7", "7", None], "7", False),  # a solution that states no answer is no fourth seven
        ([r"\frac{1}{2}", "0.5", "1/2"], "0.5", True),
        ([None, None], None, False),
    ],
)
def test_only_what_all_solutions_and_the_source_say_is_unanimous(
    answers: list[str | None], source: str | None, is_unanimous: bool
) -> None:
    assert count_votes(answers, "number", source).is_unanimous is is_unanimous


def test_a_solution_without_an_answer_lowers_the_share() -> None:
    vote = count_votes(["7", "7.0", "8", None], "number", "7")
    assert (vote.answer, vote.votes, vote.share) == ("7", 2, 0.5)


@given(st.lists(st.sampled_from(["1", "2", "2.0", "3", None]), min_size=1, max_size=8), st.randoms())
def test_a_vote_does_not_depend_on_the_order_of_the_solutions(answers: list[str | None], random: Any) -> None:
    shuffled = random.sample(answers, len(answers))
    one, other = (count_votes(each, "number", "2") for each in (answers, shuffled))
    assert (one.votes, one.share, one.is_unanimous) == (other.votes, other.share, other.is_unanimous)


# Published responses


@pytest.fixture
def workspace(tmp_path: Path, sample_workspace: Path) -> Workspace:
    """A workspace of one's own with the sample corpus."""
    (tmp_path / "w").mkdir()
    (tmp_path / "w/corpora").symlink_to(sample_workspace / "corpora")
    return Workspace(tmp_path / "w")


@pytest.fixture
def items(workspace: Workspace) -> list[dict[str, Any]]:
    frame = pl.read_parquet(workspace.corpora / "sample/items.parquet")
    return frame.filter(pl.col("source") == "mcq").head(6).to_dicts()


def write_lines(path: Path, records: list[dict[str, Any]]) -> str:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return str(path)


def imported(workspace: Workspace, file: str, **more: Any) -> Difficulty:
    return import_responses("m", "sample", Asked((file,), **more), workspace, Progress())


def rates(workspace: Workspace, name: str = "m") -> dict[str, float | None]:
    _, frame = read_pass_rates(workspace, name)
    return dict(frame.select("item_id", "pass_rate").iter_rows())


def test_records_are_matched_by_whatever_names_their_question(
    workspace: Workspace, items: list[dict[str, Any]], tmp_path: Path
) -> None:
    letters = ["ABCDEF"[item["answer_index"]] for item in items]
    said = [{"response": f"The answer is ({letter})."} for letter in letters]
    variants = pl.read_parquet(workspace.corpora / "sample/variants.parquet").filter(pl.col("template") == "mcq")
    row_ids = dict(variants.select("item_id", "row_id").iter_rows())
    names: list[dict[str, Any]] = [
        {"item_id": items[0]["item_id"]},
        {"row_id": row_ids[items[1]["item_id"]]},
        {"source_row": items[2]["source_row"]},
        {"source_row": items[3]["source_row"], "source": "mcq"},
        {"question": items[4]["question"], "options": items[4]["options"]},
        {"question": f"  {items[5]['question']}\n", "options": items[5]["options"]},
    ]
    file = write_lines(tmp_path / "r.jsonl", [name | each for name, each in zip(names, said, strict=True)])
    made = imported(workspace, file, model="M")
    assert (made.model, made.questions, made.passed, made.unmatched) == ("M", 6, 6, {})
    assert rates(workspace) == {item["item_id"]: 1.0 for item in items}


def test_a_letter_is_meant_for_the_same_option_wherever_it_stands(
    workspace: Workspace, items: list[dict[str, Any]], tmp_path: Path
) -> None:
    item = items[0]
    turned = item["options"][::-1]
    right = "ABCDEF"[turned.index(item["answer"])]
    wrong = "ABCDEF"[(turned.index(item["answer"]) + 1) % len(turned)]
    said = [
        {"question": item["question"], "options": turned, "response": f"\\boxed{{{each}}}"} for each in (right, wrong)
    ]
    imported(workspace, write_lines(tmp_path / "r.jsonl", said))
    assert rates(workspace) == {item["item_id"]: 0.5}
    found = pl.read_parquet(workspace.difficulties / "m/responses.parquet")
    assert found["answer"][0] == found["gold"][0] == "ABCDEF"[item["answer_index"]]


def test_the_stated_answer_counts_unless_all_are_to_be_found(
    workspace: Workspace, items: list[dict[str, Any]], tmp_path: Path
) -> None:
    item = items[0]
    right = "ABCDEF"[item["answer_index"]]
    records = [
        {"item_id": item["item_id"], "response": f"The answer is ({right}).", "pred": None},
        {"item_id": item["item_id"], "responses": ["nothing", f"\\boxed{{{right}}}"], "pred": [right, "Z"]},
    ]
    file = write_lines(tmp_path / "r.jsonl", records)
    assert (imported(workspace, file).passed, imported(workspace, file, finds_answers=True).passed) == (1, 2)


def test_what_answers_no_question_is_counted_with_its_reason(
    workspace: Workspace, items: list[dict[str, Any]], tmp_path: Path
) -> None:
    item = items[0]["item_id"]
    records: list[dict[str, Any]] = [
        {"item_id": item, "response": "A"},
        {"item_id": "elsewhere", "response": "A"},
        {"item_id": item},
        {"response": "A"},
        {"item_id": item, "responses": ["A", "B"], "pred": ["A"]},
    ]
    path = tmp_path / "r.jsonl"
    write_lines(path, records)
    path.write_text(path.read_text() + '{"item_id": \n')
    made = imported(workspace, str(path))
    assert (made.questions, made.unmatched) == (1, {"bad_json": 1, "bad_record": 3, "not_in_corpus": 1})
    unmatched = pl.read_parquet(workspace.difficulties / "m/unmatched.parquet")
    assert unmatched["place"].to_list() == [f"r.jsonl:{line}" for line in range(2, 7)]
    assert "say where with --response" in unmatched["detail"][1]


def test_a_file_that_answers_nothing_is_refused_and_nothing_is_written(workspace: Workspace, tmp_path: Path) -> None:
    file = write_lines(tmp_path / "r.jsonl", [{"question": "Is this elsewhere?", "response": "A"}])
    with pytest.raises(UserError, match=r"none of 1 records answers .*r\.jsonl:1, Is this elsewhere\?"):
        imported(workspace, file)
    assert not (workspace.difficulties / "m").exists()


def test_the_same_file_gives_the_same_bytes_and_stands(
    workspace: Workspace, items: list[dict[str, Any]], tmp_path: Path
) -> None:
    file = write_lines(tmp_path / "r.jsonl", [{"item_id": item["item_id"], "response": "A"} for item in items])
    first = imported(workspace, file)
    written = (workspace.difficulties / "m/difficulty.json").stat().st_mtime_ns
    assert imported(workspace, file) == first
    assert (workspace.difficulties / "m/difficulty.json").stat().st_mtime_ns == written
    again = import_responses("n", "sample", Asked((file,), model="m"), workspace, Progress())
    assert again.files == first.files


def test_a_changed_table_is_refused(workspace: Workspace, items: list[dict[str, Any]], tmp_path: Path) -> None:
    imported(workspace, write_lines(tmp_path / "r.jsonl", [{"item_id": items[0]["item_id"], "response": "A"}]))
    with (workspace.difficulties / "m/pass_rates.parquet").open("ab") as file:
        file.write(b" ")
    with pytest.raises(UserError, match="sha256: found"):
        read_pass_rates(workspace, "m")


# Real responses


REAL = """
name: real
sources:
  - {name: gsm8k_test, adapter: gsm8k, role: corpus, files: [benchmarks/gsm8k_test/test.jsonl], license: MIT}
  - {name: math_test, adapter: math_cot.yaml, files: [responses/math_cot_100_samples/*.gz], license: MIT}
"""


@pytest.fixture(scope="module")
def real(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """GSM8K's test set and a hundred questions of MATH's as a corpus."""
    folder = tmp_path_factory.mktemp("real")
    (folder / "real.yaml").write_text(REAL)
    (folder / "math_cot.yaml").write_text("question: question\nanswer: gt\ndomain: math\nkey: idx\n")
    curation, root = load_curation(folder / "real.yaml", shared_data)
    curate(curation, root, Workspace(folder / "w"), Progress())
    return Workspace(folder / "w")


@pytest.mark.parametrize(
    ("folder", "response", "right", "questions", "responses"),
    [
        ("gsm8k_model_solutions", "['6b_finetuning'].solution", 286, 1319, 1319),
        ("gsm8k_model_solutions", "['6b_verification'].solution", 515, 1319, 1319),
        ("gsm8k_model_solutions", "['175b_finetuning'].solution", 458, 1319, 1319),
        ("gsm8k_model_solutions", "['175b_verification'].solution", 742, 1319, 1319),  # `is_correct` says so of as many
        ("gsm8k_tora_outputs", "code", 1062, 1319, 1319),  # answers equal to a thousandth
        ("math_cot_100_samples", "code", 729, 100, 800),  # `score` of 728, and 10000 for 10{,}000
    ],
)
def test_published_responses_are_as_right_as_their_publishers_say(
    shared_data: Path, real: Workspace, folder: str, response: str, right: int, questions: int, responses: int
) -> None:
    (file,) = (shared_data / "responses" / folder).glob("*.gz")
    made = import_responses("m", "real", Asked((str(file),), response=response), real, Progress())
    assert (made.questions, made.responses, made.passed, made.unmatched) == (questions, responses, right, {})


def test_several_samples_of_a_question_have_a_rate_an_interval_and_a_vote(shared_data: Path, real: Workspace) -> None:
    (file,) = (shared_data / "responses/math_cot_100_samples").glob("*.gz")
    import_responses("votes", "real", Asked((str(file),), response="code"), real, Progress())
    _, found = read_pass_rates(real, "votes")
    assert set(found["responses"]) == {8}
    assert found.filter(~pl.col("pass_rate").is_between(pl.col("low"), pl.col("high"))).is_empty()
    unanimous = found.filter("is_unanimous")
    assert (
        unanimous.height
        and unanimous.select((pl.col("pass_rate") == 1) & (pl.col("vote_share") == 1))["pass_rate"].all()
    )


# Asking


def right_of(items: list[dict[str, Any]]) -> dict[str, str]:
    return {item["question"]: "ABCDEF"[item["answer_index"]] for item in items if item["options"]}


@pytest.fixture
def every(workspace: Workspace) -> list[dict[str, Any]]:
    return pl.read_parquet(workspace.corpora / "sample/items.parquet").to_dicts()


def config(base_url: str, **more: Any) -> SolveConfig:
    model = {"model": "solver", "base_url": base_url, "temperature": 0, "tries": 1, "in_flight": 8}
    return SolveConfig.model_validate({"name": "solved", "corpus": "sample", "model": model} | more)


def question_of(call: Call, known: dict[str, str]) -> str:
    return max((question for question in known if question in call.text), key=len)


def test_a_model_that_solves_a_known_set_solves_exactly_that(workspace: Workspace, every: list[dict[str, Any]]) -> None:
    right = right_of(every)
    known = set(list(right)[::3])

    def script(call: Call) -> str:
        question = question_of(call, right)
        letter = right[question] if question in known else "Z"
        return f"<think>Let me see: \\boxed{{Z}}</think> It is \\boxed{{{letter}}}."

    with scripted_server(script) as server:
        made = solve(config(server.base_url, template="mcq"), workspace, Progress())
        asked = len(server.calls)
        assert solve(config(server.base_url, template="mcq"), workspace, Progress()) == made
        assert len(server.calls) == asked == made.questions
    found = rates(workspace, "solved")
    assert {item["item_id"] for item in every if item["question"] in known} == {
        item for item, rate in found.items() if rate == 1
    }
    assert made.asked is not None and made.asked.prompts.keys() == {"solve.v1"}
    assert made.resolved()["asked"]["answers"] == made.asked.answers


def test_a_solver_that_is_right_three_times_of_four_has_that_rate(
    workspace: Workspace, every: list[dict[str, Any]]
) -> None:
    right = right_of(every)

    def script(call: Call) -> str:
        question = question_of(call, right)
        return f"\\boxed{{{'Z' if call.body['seed'] % 4 == 3 else right[question]}}}"

    with scripted_server(script) as server:
        made = solve(config(server.base_url, template="mcq", samples=4), workspace, Progress())
    _, found = read_pass_rates(workspace, "solved")
    assert set(found["pass_rate"]) == set(found["vote_share"]) == {0.75} and made.responses == 4 * made.questions
    assert found["low"][0] == pytest.approx(0.3006, abs=1e-4) and found["high"][0] == pytest.approx(0.9544, abs=1e-4)
    assert not found["is_unanimous"].any()


def test_a_server_that_dies_is_asked_for_the_rest_and_nothing_twice(
    workspace: Workspace, every: list[dict[str, Any]]
) -> None:
    right = right_of(every)
    is_dead = True

    def script(call: Call) -> str | Raw:
        return DROPPED if is_dead and call.number >= 100 else f"\\boxed{{{right[question_of(call, right)]}}}"

    with scripted_server(script) as server:
        asking = config(server.base_url, template="mcq")
        with pytest.raises(UserError, match="run the same command again to go on"):
            solve(asking, workspace, Progress())
        assert not (workspace.difficulties / "solved").exists()
        is_dead, refused = False, len(server.calls) - 100
        made = solve(asking, workspace, Progress())
        assert len(server.calls) == made.questions + refused
    assert made.passed == made.questions


def test_what_no_answer_came_for_is_counted_and_asked_again(workspace: Workspace, every: list[dict[str, Any]]) -> None:
    right = right_of(every)
    is_ill = True

    def script(call: Call) -> str | Raw:
        if is_ill and call.number % 10 == 0:
            return Raw("<html>busy</html>", kind="text/html")
        return f"\\boxed{{{right[question_of(call, right)]}}}"

    with scripted_server(script) as server:
        asking = config(server.base_url, template="mcq")
        gappy = solve(asking, workspace, Progress())
        assert gappy.asked is not None and gappy.asked.failures == {"malformed": gappy.unjudged}
        assert gappy.unjudged > 0 and gappy.passed == gappy.responses == gappy.questions - gappy.unjudged
        _, found = read_pass_rates(workspace, "solved")
        assert found.filter(pl.col("unjudged") == 1)["pass_rate"].null_count() == gappy.unjudged
        is_ill = False
        whole = solve(asking, workspace, Progress())
        assert len(server.calls) == whole.questions + gappy.unjudged
    assert (whole.unjudged, whole.passed) == (0, whole.questions)


def test_the_tables_do_not_depend_on_how_many_are_asked_at_once(
    workspace: Workspace, every: list[dict[str, Any]]
) -> None:
    def script(call: Call) -> Raw:
        said = completion(call, f"\\boxed{{{'ABCD'[len(call.text) % 4]}}}")
        return Raw(said, delay=(call.number * 7919 % 13) / 1000)

    made = []
    with scripted_server(script) as server:
        for place, in_flight in enumerate((1, 32)):
            asking = config(server.base_url, template="mcq")
            model = asking.model.model_copy(update={"in_flight": in_flight})
            elsewhere = Workspace(workspace.root.parent / f"w{place}")
            elsewhere.root.mkdir()
            (elsewhere.root / "corpora").symlink_to(workspace.corpora)
            made.append(solve(asking.model_copy(update={"model": model}), elsewhere, Progress()))
    assert made[0] == made[1]


def test_models_that_do_not_box_can_be_read_otherwise_and_texts_are_continued(
    workspace: Workspace, every: list[dict[str, Any]]
) -> None:
    right = right_of(every)

    def script(call: Call) -> str:
        assert call.path.endswith("/completions") and "Reason step by step" in call.body["prompt"]
        return f"The answer is ({right[question_of(call, right)]})."

    with scripted_server(script) as server:
        model = {"model": "base", "base_url": server.base_url, "api": "completions"}
        boxed = solve(config("http://x", model=model, template="mcq"), workspace, Progress())
        found = solve(config("http://x", model=model, template="mcq", answers="found"), workspace, Progress())
        assert len(server.calls) == boxed.questions
    assert (boxed.passed, found.passed) == (0, found.questions)


def test_a_dry_run_prices_and_asks_nothing(workspace: Workspace, tmp_path: Path, crossthink: CommandLine) -> None:
    def script(call: Call) -> str:
        raise AssertionError("nothing is to be asked")

    with scripted_server(script) as server:
        asking = config(server.base_url, samples=2, template="mcq")
        priced = price(asking, workspace)
        assert priced.samples == 2 * priced.requests and priced.completion_tokens == 2048 * priced.samples
        path = tmp_path / "solve.yaml"
        path.write_text(json.dumps(asking.model_dump(mode="json")))
        code, shown, _ = crossthink("difficulty", path, "--dry-run", "-w", workspace.root)
        assert (code, server.calls) == (
            0,
            [],
        ) and f"{priced.requests:,} requests of {priced.samples:,} samples" in shown


# The command


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["m"], "expected one of --from-responses and --from-runs, or the YAML file"),
        (["m", "--from-responses", "r.jsonl"], "expected --corpus NAME"),
        (["m", "--from-responses", "r.jsonl", "--corpus", "sampel"], "Did you mean 'sample'"),
        (["m", "--from-responses", "none.jsonl", "--corpus", "sample"], "none.jsonl"),
        (["m", "--from-runs", "probe"], "no finished run of this name"),
        (["../m", "--from-runs", "probe"], "difficulty '../m': expected at most"),
        (["solve.yaml"], "solve.yaml"),
    ],
)
def test_bad_input_is_one_message(
    workspace: Workspace, crossthink: CommandLine, arguments: list[str], fault: str
) -> None:
    code, shown, said = crossthink("difficulty", *arguments, "-w", workspace.root)
    assert (code, shown) == (2, "") and fault in said and "Traceback" not in said


def test_the_catalog_has_every_response(workspace: Workspace, crossthink: CommandLine, tmp_path: Path) -> None:
    items = pl.read_parquet(workspace.corpora / "sample/items.parquet").filter(pl.col("options").is_not_null())
    records = [{"item_id": item, "response": "The answer is (A)."} for item in items["item_id"]]
    records.append({"item_id": "elsewhere", "response": "A"})
    imported(workspace, write_lines(tmp_path / "r.jsonl", records), model="M")
    query = """
        SELECT (SELECT count(*) FROM difficulty_responses), (SELECT sum(passed) FROM pass_rates WHERE model = 'M'),
        (SELECT any_value(reason) FROM unmatched_responses)
    """
    code, shown, said = crossthink("sql", query, "--format", "csv", "-w", workspace.root)
    assert (code, said) == (0, "")
    count, passed, reason = shown.splitlines()[1].replace('"', "").split(",")
    assert (int(count), int(passed), reason) == (items.height, (items["answer_index"] == 0).sum(), "not_in_corpus")
    assert load(workspace, "m").model == "M"
