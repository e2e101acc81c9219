"""The project's reward as TRL calls one: all responses of a step at once, each scored as the first backend's are.

TRL hands over what it parsed out of a response, which for some tokenizers is without its thinking; the text is decoded
here, whole. `train_backend.reward` scores it, on its own threads and workers, and writes its outcome.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from train_backend.reward import compute_score

RewardFunction = Callable[..., Awaitable[list[float]]]


def reward_function(tokenizer: Any, outcomes: Path, reward: Mapping[str, Any]) -> RewardFunction:
    """Return the function that `GRPOTrainer` awaits.

    Args:
        tokenizer: of the policy.
        outcomes: folder for the outcome files.
        reward: the plan's `Reward` as JSON values.
    """
    settings = json.dumps(reward, sort_keys=True)

    async def crossthink(
        prompts: Sequence[list[dict[str, str]]],
        completion_ids: Sequence[Sequence[int]],
        reward_model: Sequence[Mapping[str, str]],
        extra_info: Sequence[Mapping[str, Any]],
        data_source: Sequence[str],
        trainer_state: Any,
        log_metric: Callable[[str, float], None],
        **_: Any,
    ) -> list[float]:
        texts = tokenizer.batch_decode(completion_ids, skip_special_tokens=True)
        found = await asyncio.gather(
            *(
                compute_score(
                    data_source[place],
                    text,
                    reward_model[place]["ground_truth"],
                    {
                        **extra_info[place],
                        # updates that the answering policy has had
                        "global_steps": trainer_state.global_step,
                        "response_tokens": len(completion_ids[place]),
                        "prompt_text": _question(prompts[place]),
                    },
                    outcomes=str(outcomes),
                    reward=settings,
                )
                for place, text in enumerate(texts)
            )
        )
        for name in sorted(found[0].keys() - {"score"}):
            log_metric(f"reward/{name}", sum(each[name] for each in found) / len(found))
        return [each["score"] for each in found]

    return crossthink


def _question(messages: Sequence[Mapping[str, str]]) -> str:
    """What the user said, without the system's instructions."""
    return "\n".join(message["content"] for message in messages if message["role"] == "user")
