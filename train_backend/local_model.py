"""A model on this machine, through transformers: what answers where a configuration names no server.

Each sample draws from a generator of its own seed, so which samples share a batch decides nothing but the last bits of the
numbers: sums over a padded batch come in another order, and once in a great while that tips a draw. Answers are kept by what
was asked, so what was once said stays.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from transformers import AutoModelForCausalLM, AutoTokenizer

from crossthink.errors import UserError
from curate.ask.model import Draw
from curate.ask.request import Completion
from curate.ask.settings import ModelSettings


class TransformersModel:
    """A causal language model with its tokenizer and chat template."""

    def __init__(self, model: Any, tokenizer: Any, settings: ModelSettings) -> None:
        self._model, self._tokenizer, self._settings = model, tokenizer, settings
        self._ends = {tokenizer.eos_token_id, *_listed(model.generation_config.eos_token_id)} - {None}

    def answer(self, draws: Sequence[Draw]) -> list[Completion]:
        """Draw samples in one batch."""
        prompts = [self._tokens(draw) for draw in draws]
        drawn = _Batch(self._model, self._settings, self._ends).draw(prompts, draws)
        return [
            self._completion(prompt, tokens, logprobs)
            for prompt, (tokens, logprobs) in zip(prompts, drawn, strict=True)
        ]

    def _tokens(self, draw: Draw) -> list[int]:
        if isinstance(draw.prompt, str):
            return list(self._tokenizer(draw.prompt)["input_ids"])
        return list(
            self._tokenizer.apply_chat_template(draw.prompt, add_generation_prompt=True, return_dict=True)["input_ids"]
        )

    def _completion(self, prompt: list[int], tokens: list[int], logprobs: list[float]) -> Completion:
        text = str(self._tokenizer.decode(tokens, skip_special_tokens=True))
        is_ended = bool(tokens) and tokens[-1] in self._ends
        for stop in self._settings.stop:
            is_ended = is_ended or stop in text
            text = text.partition(stop)[0]
        spoken = tuple(logprobs) if self._settings.logprobs else None
        return Completion(text, "stop" if is_ended else "length", len(prompt), len(tokens), spoken)


class _Batch:
    """One batch of samples, a token at a time."""

    def __init__(self, model: Any, settings: ModelSettings, ends: set[int]) -> None:
        self._model, self._settings, self._ends = model, settings, ends

    @torch.inference_mode()  # type: ignore[untyped-decorator]
    def draw(self, prompts: Sequence[list[int]], draws: Sequence[Draw]) -> list[tuple[list[int], list[float]]]:
        """Continue each prompt to its end or its limit; return its tokens and their log-probabilities."""
        generators = [torch.Generator().manual_seed(draw.seed) for draw in draws]
        width = max(map(len, prompts))
        tokens = torch.tensor([[0] * (width - len(prompt)) + prompt for prompt in prompts])
        mask = torch.tensor([[0] * (width - len(prompt)) + [1] * len(prompt) for prompt in prompts])
        positions = (mask.cumsum(dim=-1) - 1).clamp(min=0)
        device = self._model.device
        said: list[tuple[list[int], list[float]]] = [([], []) for _ in prompts]
        going, cache = set(range(len(prompts))), None
        while going:
            output = self._model(
                input_ids=tokens.to(device),
                attention_mask=mask.to(device),
                position_ids=positions.to(device),
                past_key_values=cache,
                use_cache=True,
                logits_to_keep=1,
            )
            cache = output.past_key_values
            drawn = []
            for row, logits in enumerate(output.logits[:, -1].float().cpu()):
                token, logprob = self._token(logits, generators[row]) if row in going else (0, 0.0)
                drawn.append(token)
                if row in going:
                    said[row][0].append(token)
                    said[row][1].append(logprob)
                    if token in self._ends or len(said[row][0]) == draws[row].max_tokens:
                        going.discard(row)
            tokens = torch.tensor(drawn)[:, None]
            mask = torch.cat([mask, mask.new_ones(len(prompts), 1)], dim=-1)
            positions = positions[:, -1:] + 1
        return said

    def _token(self, logits: Tensor, generator: torch.Generator) -> tuple[int, float]:
        """Draw one token; its log-probability is the model's own, before temperature and top-p, as servers give it."""
        logprobs = logits.log_softmax(dim=-1)
        if self._settings.temperature == 0:
            token = int(logits.argmax())
        else:
            shares = (logits / self._settings.temperature).softmax(dim=-1)
            token = int(torch.multinomial(_nucleus(shares, self._settings.top_p), 1, generator=generator))
        return token, float(logprobs[token])


def open_model(settings: ModelSettings) -> TransformersModel:
    """Load a model by its hub id or folder.

    Raises:
        UserError: there is none, or its tokenizer has no chat template for `api: chat`.
    """
    try:
        tokenizer = AutoTokenizer.from_pretrained(settings.model)
        model = AutoModelForCausalLM.from_pretrained(settings.model, dtype="auto").eval()
    except (OSError, ValueError) as error:
        said = str(error).strip().splitlines()[0]
        raise UserError(
            f"model {settings.model}: cannot be loaded on this machine: {said}. Name a server with base_url, or a folder with"
            " a model"
        ) from None
    if settings.api == "chat" and not tokenizer.chat_template:
        raise UserError(f"model {settings.model}: its tokenizer has no chat template; say `api: completions`")
    placed = model.to("cuda") if torch.cuda.is_available() else model.float()
    return TransformersModel(placed, tokenizer, settings)


def _nucleus(shares: Tensor, top_p: float) -> Tensor:
    if top_p >= 1:
        return shares
    ordered, order = shares.sort(descending=True)
    outside = ordered.cumsum(dim=-1) - ordered >= top_p
    return shares.masked_fill(outside[order.argsort()], 0)


def _listed(tokens: int | list[int] | None) -> list[int]:
    return [] if tokens is None else [tokens] if isinstance(tokens, int) else tokens
