"""The CPU platform's sampler: its log-probabilities are the model's own, whatever else is in the batch."""

from pathlib import Path
from typing import Any

import pytest
import torch

from tests.train_backend.support import two_components, write_blend
from train_backend.plan import TinyModel
from train_backend.tiny import build_tokenizer, write_model
from train_backend.verl.cpu.sampling import Sampling, sample

END, PAD = 2, 0
PROMPTS = [[5, 9, 11, 40, 7], [8], [30, 31, 32]]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Any:
    from transformers import AutoModelForCausalLM

    folder: Path = tmp_path_factory.mktemp("model")
    settings = TinyModel(vocabulary=300, layers=2, hidden=32)
    order = write_blend(folder / "manifests", two_components(8), batch_size=4).rows_path
    write_model(folder, build_tokenizer(order, settings), settings, max_positions=64)
    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()


def draw(model: Any, prompts: list[list[int]], **settings: float) -> list[tuple[list[int], list[float]]]:
    torch.manual_seed(0)
    sampling = Sampling(**{"temperature": 1.0, "top_p": 1.0, "max_tokens": 12, **settings})  # type: ignore[arg-type]
    return sample(model, prompts, sampling, end_token=END, pad_token=PAD)


@pytest.mark.parametrize("temperature", [1.0, 0.7])
def test_log_probabilities_are_those_of_one_forward_pass(model: Any, temperature: float) -> None:
    for prompt, (tokens, log_probs) in zip(PROMPTS, draw(model, PROMPTS, temperature=temperature), strict=True):
        logits = model(torch.tensor([prompt + tokens])).logits[0, len(prompt) - 1 : -1] / temperature
        expected = logits.log_softmax(-1).gather(-1, torch.tensor(tokens)[:, None])[:, 0]
        assert torch.allclose(torch.tensor(log_probs), expected, atol=1e-5)


def test_padding_changes_nothing(model: Any) -> None:
    together = draw(model, PROMPTS, temperature=0)
    alone = [draw(model, [prompt], temperature=0)[0] for prompt in PROMPTS]
    assert [tokens for tokens, _ in together] == [tokens for tokens, _ in alone]


def test_a_response_stops_at_its_end_token_or_at_the_limit(model: Any) -> None:
    for tokens, log_probs in draw(model, PROMPTS * 60):
        assert len(tokens) == len(log_probs) <= 12
        assert END not in tokens[:-1]
        assert tokens[-1] == END or len(tokens) == 12


def test_a_small_nucleus_takes_the_likeliest_token(model: Any) -> None:
    assert [t for t, _ in draw(model, PROMPTS, top_p=1e-6)] == [t for t, _ in draw(model, PROMPTS, temperature=0)]
