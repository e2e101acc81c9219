"""The reward that TRL calls: the whole text of a response, scored and recorded as the first backend's are."""

import asyncio
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from train_backend.reward import Reward
from train_backend.trl.reward import reward_function


class Letters:
    """A tokenizer whose tokens are characters."""

    def batch_decode(self, ids: list[list[int]], skip_special_tokens: bool) -> list[str]:
        assert skip_special_tokens
        return ["".join(map(chr, each)) for each in ids]


def test_a_response_is_scored_whole_whatever_trl_parsed_out_of_it(tmp_path: Path) -> None:
    """A tokenizer's response template takes the thinking out of the text, and the format would be lost with it."""
    texts = ["<think>2 + 2</think> \\boxed{4}", "<think>2 + 2</think> \\boxed{5}"]
    logged: dict[str, float] = {}
    extra: dict[str, Any] = {"row_id": "r", "item_id": "i", "component": "c", "template": "open", "index": 7}
    scores = asyncio.run(
        reward_function(Letters(), tmp_path, Reward().model_dump(mode="json"))(
            prompts=[[{"role": "user", "content": "What is 2 + 2?"}]] * 2,
            completions=[[{"role": "assistant", "content": "\\boxed{4}", "thinking": "2 + 2"}]] * 2,
            completion_ids=[list(map(ord, text)) for text in texts],
            reward_model=[{"style": "rule", "ground_truth": "4"}] * 2,
            extra_info=[extra | {"answer_kind": "number"}] * 2,
            data_source=["crossthink/c"] * 2,
            trainer_state=SimpleNamespace(global_step=3),
            log_metric=logged.__setitem__,
            log_extra=None,
        )
    )
    assert scores == [1.0, 0.0]
    assert (logged["reward/acc"], logged["reward/format"]) == (0.5, 1.0)
    lines = [json.loads(line) for line in next(tmp_path.glob("*.jsonl")).read_text().splitlines()]
    assert sorted(line["response"] for line in lines) == texts
    assert {(line["step"], line["position"]) for line in lines} == {(4, 7)}
    assert {line["tokens"] for line in lines} == {len(text) for text in texts}
