"""Sample a left-padded batch with a key-value cache and keep each token's log-probability.

The log-probability is taken after the temperature and before top-p, as the trainer's own recomputation is
(workers/engine/fsdp/transformer_impl.py:98), so that verl's `training/rollout_probs_diff` compares like with like.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True)
class Sampling:
    """How to draw tokens; a temperature of 0 takes the most likely one."""

    temperature: float
    top_p: float
    max_tokens: int

    @classmethod
    def from_verl(cls, parameters: dict[str, Any], response_length: int) -> "Sampling":
        """Read verl's sampling parameters (trainer/ppo/v1/agent_loop_tq.py:64)."""
        return cls(
            temperature=float(parameters.get("temperature", 1.0)),
            top_p=float(parameters.get("top_p", 1.0)),
            max_tokens=int(parameters.get("max_tokens") or response_length),
        )


@torch.inference_mode()  # type: ignore[untyped-decorator]
def sample(
    model: Any, prompts: list[list[int]], sampling: Sampling, *, end_token: int, pad_token: int
) -> list[tuple[list[int], list[float]]]:
    """Continue every prompt until its end token or the limit; the end token belongs to the response.

    Returns:
        Per prompt, the new token ids and their log-probabilities.
    """
    tokens, mask = _left_pad(prompts, pad_token)
    positions = (mask.cumsum(dim=-1) - 1).clamp(min=0)
    cache = None
    finished = torch.zeros(len(prompts), dtype=torch.bool)
    drawn: list[Tensor] = []
    log_probs: list[Tensor] = []
    while len(drawn) < sampling.max_tokens and not finished.all():
        output = model(
            input_ids=tokens,
            attention_mask=mask,
            position_ids=positions,
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=1,
        )
        cache = output.past_key_values
        token, log_prob = _draw(output.logits[:, -1].float(), sampling)
        drawn.append(token)
        log_probs.append(log_prob)
        finished |= token == end_token
        tokens = token[:, None]
        mask = torch.cat([mask, mask.new_ones(len(prompts), 1)], dim=-1)
        positions = positions[:, -1:] + 1
    return _cut_at_end(torch.stack(drawn, dim=1), torch.stack(log_probs, dim=1), end_token)


def _left_pad(prompts: list[list[int]], pad_token: int) -> tuple[Tensor, Tensor]:
    width = max(map(len, prompts))
    tokens = torch.tensor([[pad_token] * (width - len(prompt)) + prompt for prompt in prompts])
    mask = torch.tensor([[0] * (width - len(prompt)) + [1] * len(prompt) for prompt in prompts])
    return tokens, mask


def _draw(logits: Tensor, sampling: Sampling) -> tuple[Tensor, Tensor]:
    log_probs = (logits / (sampling.temperature or 1.0)).log_softmax(dim=-1)
    if sampling.temperature == 0:
        token = logits.argmax(dim=-1)
    else:
        token = torch.multinomial(_nucleus(log_probs.exp(), sampling.top_p), num_samples=1)[:, 0]
    return token, log_probs.gather(-1, token[:, None])[:, 0]


def _nucleus(probabilities: Tensor, top_p: float) -> Tensor:
    if top_p >= 1:
        return probabilities
    ordered, order = probabilities.sort(dim=-1, descending=True)
    outside = ordered.cumsum(dim=-1) - ordered >= top_p
    return probabilities.masked_fill(outside.gather(-1, order.argsort(dim=-1)), 0)


def _cut_at_end(tokens: Tensor, log_probs: Tensor, end_token: int) -> list[tuple[list[int], list[float]]]:
    responses = []
    for row, row_log_probs in zip(tokens.tolist(), log_probs.tolist(), strict=True):
        length = row.index(end_token) + 1 if end_token in row else len(row)
        responses.append((row[:length], row_log_probs[:length]))
    return responses
