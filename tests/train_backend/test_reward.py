"""The reward: R = accuracy AND format, the same keys always, one outcome line per response."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from train_backend.reward import compute_score

EXTRA = {
    "row_id": "r1",
    "item_id": "i1",
    "component": "math",
    "template": "open",
    "answer_kind": "number",
    "index": 7,
    "global_steps": 3,
}


def score(response: str, folder: Path, gold: str = "42", **extra: Any) -> dict[str, float]:
    return compute_score("crossthink/math", response, gold, {**EXTRA, **extra}, outcomes=str(folder))


@pytest.mark.parametrize(
    ("response", "accurate", "formed"),
    [
        ("<think>\n6 x 7\n</think>\n\\boxed{42}", 1, 1),
        ("6 x 7</think> \\boxed{42}", 1, 1),  # the chat template wrote the opening tag
        ("<think>6 x 7</think> \\boxed{41}", 0, 1),
        ("<think>6 x 7</think> \\boxed{41} no, \\boxed{42}", 1, 1),  # the last box counts
        ("<think>6 x 7</think> \\boxed{42.0}", 1, 1),
        ("\\boxed{42}", 1, 0),
        ("<think></think> \\boxed{42}", 1, 0),
        ("<think>it is \\boxed{42}</think>", 0, 0),
        ("<think>6 x 7 \\boxed{42}", 0, 0),
        ("<think>6 x 7</think> 42", 0, 0),
        ("<think>6 x 7</think> \\boxed{}", 0, 0),
        ("", 0, 0),
    ],
)
def test_truth_table(tmp_path: Path, response: str, accurate: int, formed: int) -> None:
    result = score(response, tmp_path)
    assert result == {"score": accurate * formed, "acc": accurate, "format": formed, "timed_out": 0}


@pytest.mark.parametrize(
    "response", ["\\boxed{" * 500, "\x00\ud800", "<think>x</think>\\boxed{\\frac{1}{0}}", "}" * 9999]
)
def test_any_text_is_scored_with_the_same_keys(tmp_path: Path, response: str) -> None:
    result = score(response, tmp_path, answer_kind="math", gold="\\frac{1}{2}")
    assert sorted(result) == ["acc", "format", "score", "timed_out"]
    assert all(type(value) is float for value in result.values())


def test_every_response_leaves_a_line_that_names_its_row(tmp_path: Path) -> None:
    responses = [f"<think>{n}</think>\n\\boxed{{{n}}}" for n in range(40)]
    with ThreadPoolExecutor(8) as threads:
        scores = [each["score"] for each in threads.map(lambda text: score(text, tmp_path, gold="7"), responses)]
    lines = [json.loads(line) for path in tmp_path.glob("*.jsonl") for line in path.read_text().splitlines()]
    assert sorted(line["response"] for line in lines) == sorted(responses)
    assert sum(scores) == sum(line["score"] for line in lines) == 1
    assert {(line["row_id"], line["component"], line["position"], line["step"]) for line in lines} == {
        ("r1", "math", 7, 4)  # after three updates comes the fourth step
    }
