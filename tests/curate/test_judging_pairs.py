"""Pairs are put to a judge in both orders: in the grey zones of a curation, and against labels."""

import csv
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from curate.ask.cache import Cache
from curate.fuzzy import DOUBTS, FuzzySettings, find_near_duplicates
from curate.judging.asking import Judge
from curate.judging.grey import GreyZone, same_prompt
from curate.judging.settings import PairJudgeSettings
from tests.asking import Call, Raw, Script, scripted_server
from tests.judging import item_table
from tests.support import CommandLine

ROWS = [
    ("who is the coach for the new york knicks?", "Mike Woodson"),
    ("who is the current coach of the new york knicks?", "Mike Woodson"),
    ("What is the smallest country in the world by area?", "Vatican City"),
    ("Who wrote the novel in which a whale named Moby Dick is hunted?", "Herman Melville"),
]
EXAM = [("By area, which country of the world is the smallest of all?", "Vatican City")]
GREY = """
name: grey
sources: [{name: open, adapter: natural_reasoning, files: [rows.jsonl], license: MIT}]
benchmarks:
  name: held-out
  sources: [{name: exam, adapter: natural_reasoning, role: benchmark, files: [exam.jsonl], license: MIT}]
contamination: {semantic: wordllama, review: nearest, least_similarity: -1}
grey_zones:
  contamination: {model: {model: judge, base_url: "SERVER", tries: 1}}
  near_duplicates: {model: {model: judge, base_url: "SERVER", tries: 1}}
self_check: {workers: 1}
"""
PAIR = re.compile(
    r"--- first, of pair (?P<mark>\w+) ---\s+Question:\n(?P<one>.*)\s+--- second.*---\s+Question:\n(?P<two>.*)\s+--- end"
)


def pair_of(call: Call) -> re.Match[str]:
    found = PAIR.search(call.text)
    assert found is not None, call.text
    return found


def says(call: Call, verdict: str, reason: str = "because") -> str:
    return json.dumps({"id": pair_of(call)["mark"], "reason": reason, "verdict": verdict})


def yes(call: Call) -> str:
    return says(call, "yes", "one question in other words")


def no(call: Call) -> str:
    return says(call, "no")


def first_longer(call: Call) -> str:
    """A judge that says yes in one order only: where the longer question stands first."""
    pair = pair_of(call)
    return says(call, "yes" if len(pair["one"]) > len(pair["two"]) else "no", "so it seems")


def judged(folder: Path, script: Script, **settings: Any) -> tuple[pl.DataFrame, pl.DataFrame, dict[str, Any]]:
    """Have a judge settle what near duplicates leave in doubt; return the drops, the verdicts and the facts."""
    rows = item_table(folder / "items.parquet", ROWS)
    found = find_near_duplicates(rows, FuzzySettings(), np.zeros(rows.height, np.int64))
    with scripted_server(script) as server:
        model = {"model": "judge", "base_url": server.base_url, "tries": 1, "pause_seconds": 0}
        asked = PairJudgeSettings.model_validate({"model": model, **settings})
        judge = Judge(asked.model, asked.budget, [same_prompt()], Cache(folder / "answers"))
        outcome = GreyZone.of_near_duplicates(pl.DataFrame(found.tables[DOUBTS]), rows, asked).judge(asked, judge)
        drops = pl.concat(outcome.drops)
    return drops, pl.DataFrame(outcome.tables["pair_verdicts"]), outcome.facts["judged"]


def test_a_pair_that_both_orders_take_for_the_same_goes_for_the_row_that_stays(tmp_path: Path) -> None:
    drops, verdicts, _ = judged(tmp_path, yes)
    assert drops.select("place", "reason").rows() == [(1, "near_duplicate")]
    assert verdicts.select("yes_one", "no_one", "yes_two", "no_two", "verdict").rows() == [(1, 0, 1, 0, "same")]
    evidence = json.loads(drops["evidence"][0])
    words = ["one question in other words"]
    assert evidence["orders"] == [
        {"first": "this row", "votes": {"yes": 1, "no": 0}, "words": words},
        {"first": "open rows.jsonl:1", "votes": {"yes": 1, "no": 0}, "words": words},
    ]
    assert (evidence["kept"], evidence["by"]) == ("open rows.jsonl:1", "judge")


def test_yes_in_one_order_only_keeps_the_row_and_is_counted(tmp_path: Path) -> None:
    drops, verdicts, facts = judged(tmp_path, first_longer)
    assert drops.is_empty()
    assert verdicts.select("yes_one", "yes_two", "verdict").rows() == [(1, 0, "one_order")]
    assert facts == {"pairs": 1, "one_order": 1}


def test_yes_in_one_order_only_goes_where_the_configuration_says_so(tmp_path: Path) -> None:
    drops, _, _ = judged(tmp_path, first_longer, one_order="drop")
    assert json.loads(drops["evidence"][0])["verdict"] == "one_order"


@pytest.mark.parametrize(("other", "gone"), [("yes", 1), ("no", 0)])
def test_an_order_that_cannot_be_read_settles_nothing_unless_the_other_does(
    tmp_path: Path, other: str, gone: int
) -> None:
    """A pair that one order denies stays whatever the other would have said; `unsettled` is for what could be either."""

    def half(call: Call) -> str | Raw:
        return says(call, other) if "current" in pair_of(call)["one"] else Raw("<html>", kind="text/html")

    drops, verdicts, facts = judged(tmp_path, half, unsettled="drop")
    assert verdicts["verdict"].to_list() == ["unsettled"]
    assert drops.height == gone
    assert facts["malformed"] == 1


def test_an_answer_for_the_other_order_is_no_vote(tmp_path: Path) -> None:
    marks: list[str] = []

    def mixed_up(call: Call) -> str:
        marks.append(pair_of(call)["mark"])
        return json.dumps({"id": marks[0], "reason": "", "verdict": "yes"})

    _, verdicts, facts = judged(tmp_path, mixed_up)
    assert sorted(verdicts.select("faults_one", "faults_two").row(0)) == [0, 1]
    assert facts == {"pairs": 1, "other_item": 1, "unsettled": 1}


def test_both_grey_zones_of_a_curation_are_settled(tmp_path: Path, crossthink: CommandLine) -> None:
    """With `review: nearest` the nearest benchmark items of every row go to the judge, as in DeepMath-103K."""
    for name, rows in (("rows", ROWS), ("exam", EXAM)):
        lines = (json.dumps({"question": q, "reference_answer": a}) + "\n" for q, a in rows)
        (tmp_path / f"{name}.jsonl").write_text("".join(lines))

    def knows(call: Call) -> str:
        return yes(call) if call.text.count("knicks") == 2 or call.text.count("smallest") == 2 else no(call)

    with scripted_server(knows) as server:
        (tmp_path / "grey.yaml").write_text(GREY.replace("SERVER", server.base_url))
        code, priced, said = crossthink("curate", tmp_path / "grey.yaml", "-w", tmp_path / "w", "--dry-run")
        assert (code, server.calls) == (0, []), said
        assert [line.split(" of ")[0] for line in priced.splitlines()] == [
            "judge_contamination: judge: 8 requests",
            "judge_near_duplicates: judge: 2 requests",
        ]
        code, shown, said = crossthink("curate", tmp_path / "grey.yaml", "-w", tmp_path / "w")
        assert code == 0, said
        assert len(server.calls) == 10
    assert "-judged leaks" in shown
    corpus = tmp_path / "w/corpora/grey"
    dropped = pl.read_parquet(corpus / "dropped.parquet").filter(pl.col("stage").str.starts_with("judge_"))
    assert set(dropped.select("stage", "reason", "question").rows()) == {
        ("judge_contamination", "contaminated", ROWS[2][0]),
        ("judge_near_duplicates", "near_duplicate", ROWS[1][0]),
    }
    leaks = pl.read_parquet(corpus / "leaks.parquet")
    assert leaks.select("path", "benchmark", "span").rows() == [("judged", "exam", "one question in other words")]
    verdicts = pl.read_parquet(corpus / "pair_verdicts.parquet").group_by("zone", "verdict").len()
    assert set(verdicts.rows()) == {
        ("contamination", "same", 1),
        ("contamination", "different", 3),
        ("near_duplicates", "same", 1),
    }


def labels(path: Path, pairs: list[tuple[str, str, str]]) -> None:
    rows = ({"first": {"question": a}, "second": {"question": b}, "label": label} for a, b, label in pairs)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def measured(folder: Path, script: Script, crossthink: CommandLine, votes: int = 1) -> tuple[dict[str, Any], str]:
    """Measure a scripted judge on `labels.jsonl`; return the figures, and what was printed."""
    with scripted_server(script) as server:
        (folder / "m.yaml").write_text(
            f"name: m\nlabels: labels.jsonl\nasks: same\nvotes: {votes}\n"
            f'model: {{model: judge, base_url: "{server.base_url}", tries: 1}}\n'
        )
        code, shown, said = crossthink("agreement", folder / "m.yaml", "-w", folder / "w")
    assert code == 0, said
    return pl.read_parquet(folder / "w/agreement/m/agreement.parquet").row(0, named=True), shown


def test_a_judge_is_held_to_labels_and_to_itself(tmp_path: Path, crossthink: CommandLine) -> None:
    labels(tmp_path / "labels.jsonl", [("aa", "aa", "yes"), ("bb", "b", "yes"), ("cc", "dd", "no"), ("e", "ff", "no")])

    def script(call: Call) -> str:
        pair = pair_of(call)
        if len(pair["one"]) != len(pair["two"]):
            return first_longer(call)
        return says(call, "yes" if pair["one"] == pair["two"] else "no")

    figures, shown = measured(tmp_path, script, crossthink, votes=2)
    assert (figures["rows"], figures["agreement"], figures["order_agreement"]) == (4, 0.5, 0.5)
    assert (figures["self_agreement"], figures["faults"]) == (1.0, 0)
    assert [(each["label"], each["verdict"], each["rows"]) for each in figures["confusion"]] == [
        ("no", "no", 1),
        ("no", "one_order", 1),
        ("yes", "one_order", 1),
        ("yes", "yes", 1),
    ]
    assert "kappa" in shown
    assert "verdict one_order" in shown


def test_a_judge_that_always_says_yes_has_no_kappa_however_many_labels_do(
    tmp_path: Path, crossthink: CommandLine
) -> None:
    labels(tmp_path / "labels.jsonl", [(f"a{n}", f"b{n}", "no" if n == 0 else "yes") for n in range(20)])
    figures, _ = measured(tmp_path, yes, crossthink)
    assert (figures["agreement"], figures["kappa"]) == (0.95, 0.0)


def test_real_paraphrases_measure_a_judge(tmp_path: Path, shared_data: Path, crossthink: CommandLine) -> None:
    """MMLU questions that a model rewrote: a judge that compares numbers is far from chance, and far from right."""
    folder = shared_data / "paraphrases/lmsys_mmlu"
    with (folder / "abstract_algebra_test.csv").open() as rows:
        originals = [row[0] for row in csv.reader(rows)]
    rewritten = [
        json.loads(line)["text"]
        for line in (folder / "abstract_algebra_test_rephrase_english_filtered_question.jsonl").open()
    ]
    pairs = [(one, other.strip(), "yes") for one, other in zip(originals, rewritten, strict=True) if other.strip()]
    wrong = [(one, pairs[place - 1][1], "no") for place, (one, _, _) in enumerate(pairs)]
    labels(tmp_path / "labels.jsonl", [pair for pair in pairs + wrong if "\n" not in pair[0] + pair[1]])

    def by_numbers(call: Call) -> str:
        pair = pair_of(call)
        one, other = (sorted(re.findall(r"\d+", pair[side])) for side in ("one", "two"))
        return says(call, "yes" if one == other else "no")

    figures, _ = measured(tmp_path, by_numbers, crossthink)
    assert figures["rows"] > 150
    assert figures["order_agreement"] == 1
    assert 0.3 < figures["kappa_low"] < figures["kappa"] < figures["kappa_high"] < 1


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ('{"first": {"question": "a"}, "label": "yes"}', "labels.jsonl:1  second: Field required"),
        (
            '{"first": {"question": "a"}, "second": {"question": "b"}, "label": "maybe"}',
            "label: Input should be 'yes' or",
        ),
        ("{", "labels.jsonl:1  is no JSON"),
        ("", "is empty, expected a JSON object a line"),
    ],
)
def test_faulty_labels_are_named(tmp_path: Path, crossthink: CommandLine, line: str, complaint: str) -> None:
    (tmp_path / "labels.jsonl").write_text(line + "\n")
    (tmp_path / "m.yaml").write_text("name: m\nlabels: labels.jsonl\nasks: same\nmodel: {model: judge}\n")
    code, _, said = crossthink("agreement", tmp_path / "m.yaml", "-w", tmp_path / "w")
    assert code == 2
    assert complaint in said
