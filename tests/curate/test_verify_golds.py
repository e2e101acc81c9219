"""Real golds and real responses.

By default a fortieth of what needs math-verify. All of it, with the figures of `docs/verify.md`:

    CROSSTHINK_ALL_GOLDS=1 .venv/bin/python -m pytest tests/curate/test_verify_golds.py -s
"""

import gzip
import json
import os
import resource
from collections import Counter
from pathlib import Path

import polars as pl
import pytest

from curate.verify import compare, extract, infer_kind, render_gold, settle, verify_many, wrong_answer

DATA = Path(__file__).parents[3] / "shared" / "data"
ALL = bool(os.environ.get("CROSSTHINK_ALL_GOLDS"))
pytestmark = pytest.mark.skipif(not DATA.exists(), reason=f"no shared data at {DATA}")

# Not LaTeX: a closing brace is missing. The self-check is there to drop such rows.
BROKEN = {r"\frac{2 k n}{n+k-1}-2 \frac{k!n!}{(k+n-1)!"}


def read(path: str) -> str:
    return gzip.decompress((DATA / path).read_bytes()).decode()


def read_golds(corpus: str) -> list[str]:
    match corpus:
        case "math_train":
            rows = [row["answer"] for row in json.loads(read("corpora/math_train/math.json.gz"))]
        case "gsm8k":
            lines = read("corpora/gsm8k/train.jsonl.gz").splitlines()
            rows = [json.loads(line)["answer"].rpartition("####")[2].strip() for line in lines]
        case "dsr_sub":
            table = pl.read_parquet(DATA / "corpora/dsr_sub/dsr_sub.parquet")
            rows = table["reward_model"].struct.field("ground_truth").to_list()
        case _:
            problems = json.loads((DATA / "corpora/aime_1983_2023/aime.json").read_text())
            rows = [str(row["answer"]) for row in problems]
    return [gold for gold in rows if gold]


def cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


@pytest.mark.parametrize("corpus", ["math_train", "gsm8k", "dsr_sub", "aime"])
def test_every_real_gold_scores_as_its_own_answer_and_a_wrong_one_does_not(corpus: str) -> None:
    golds = read_golds(corpus)
    kinds = [str(infer_kind(gold)) for gold in golds]
    start = cpu_seconds()
    right = verify_many([render_gold(gold) for gold in golds], golds, kinds)
    seconds = cpu_seconds() - start
    assert {gold for gold, verdict in zip(golds, right, strict=True) if verdict.score != 1.0} <= BROKEN

    wrong = [wrong_answer(gold, kind) for gold, kind in zip(golds, kinds, strict=True)]
    rows = list(zip(wrong, golds, kinds, strict=True))
    hard = [row for row in rows if settle(*row) is None]
    checked = rows if ALL else [row for row in rows if settle(*row)] + hard[::40]
    verdicts = verify_many(
        [render_gold(answer) for answer, _, _ in checked],
        [gold for _, gold, _ in checked],
        [kind for _, _, kind in checked],
        workers=2,
    )
    print(
        f"\n{corpus}: {len(golds)} golds {dict(Counter(kinds))}; themselves {seconds:.2f} CPU s, all on the fast path; "
        f"wrong ones {1 - len(hard) / len(golds):.1%} on the fast path, {len(checked)} checked, "
        f"{sum(verdict.timed_out for verdict in verdicts)} timeouts"
    )
    assert [row for row, verdict in zip(checked, verdicts, strict=True) if verdict.score] == []


def test_real_responses_are_judged_as_their_publisher_judged_them() -> None:
    lines = read("responses/math_cot_100_samples/math_cot_100.jsonl.gz").splitlines()
    samples = [
        (response, row["gt"], label)
        for row in map(json.loads, lines)
        for response, label in zip(row["response"], row["score"], strict=True)
    ]
    responses, golds, labels = (list(column) for column in zip(*samples, strict=True))
    verdicts = verify_many(responses, golds, [str(infer_kind(gold)) for gold in golds], workers=2)
    disagreements = {
        (gold, extract(response).answer, verdict.correct)
        for response, gold, label, verdict in zip(responses, golds, labels, verdicts, strict=True)
        if verdict.correct != label
    }
    # The publisher's grader does not know a LaTeX thousands mark.
    assert disagreements == {("10{,}000", "10000", True)}


def test_gsm8k_solutions_are_judged_as_their_publisher_judged_them() -> None:
    rows = [
        json.loads(line)
        for line in read("responses/gsm8k_model_solutions/example_model_solutions.jsonl.gz").splitlines()
    ]
    judged = [
        (
            compare(last_answer(solution["solution"]), last_answer(row["ground_truth"]), "number").correct,
            solution["is_correct"],
        )
        for row in rows
        for solution in row.values()
        if isinstance(solution, dict)
    ]
    assert len(judged) == 5276
    assert sum(ours != theirs for ours, theirs in judged) == 0


def last_answer(solution: str) -> str:
    return solution.rpartition("A:")[2].strip()
