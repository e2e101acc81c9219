"""A tiny model on this machine, asked through the client that asks servers."""

from pathlib import Path

import pytest

from crossthink.errors import UserError
from curate.ask import Budget, ModelSettings, Reply, Request
from curate.ask.cache import Cache
from curate.ask.client import ask
from curate.ask.spending import Spending


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, sample_workspace: Path) -> Path:
    """A tiny model with random weights and a tokenizer of the sample blend."""
    from manifests.store import load
    from train_backend.plan import TinyModel
    from train_backend.tiny import build_tokenizer, write_model

    rows = load(sample_workspace / "manifests", "gpr_up").rows_path
    place = tmp_path_factory.mktemp("tiny")
    settings = TinyModel()
    write_model(place, build_tokenizer(rows, settings), settings, 4096)
    return place


def asked(folder: Path, answers: Path, **changes: object) -> list[Reply]:
    settings = ModelSettings.model_validate({"model": str(folder), "max_tokens": 12, "logprobs": True, **changes})
    requests = [Request(f"q{n}", ({"role": "user", "content": f"What is {n} plus {n * n}?"},), 2) for n in range(6)]
    with Cache(answers) as cache:
        return list(ask(requests, settings, cache, Spending(Budget())))


def test_seeds_and_not_batches_decide_what_is_said(folder: Path, tmp_path: Path) -> None:
    alone, together = (asked(folder, tmp_path / str(size), in_flight=size) for size in (1, 8))
    assert [[each.text for each in reply.completions] for reply in alone] == [
        [each.text for each in reply.completions] for reply in together
    ]
    assert all(len(reply.completions) == 2 for reply in alone)
    assert any(reply.completions[0].text != reply.completions[1].text for reply in alone)


def test_an_answer_has_its_tokens_and_their_log_probabilities(folder: Path, tmp_path: Path) -> None:
    for reply in asked(folder, tmp_path):
        for sample in reply.completions:
            assert sample.logprobs is not None
            assert len(sample.logprobs) == sample.completion_tokens
            assert sample.completion_tokens == 12 or sample.finish == "stop"
            assert all(each <= 0 for each in sample.logprobs)


def test_the_most_likely_answer_needs_no_seed(folder: Path, tmp_path: Path) -> None:
    replies = asked(folder, tmp_path, temperature=0, max_tokens=40)
    assert all(first == second for first, second in (reply.samples for reply in replies))


def test_a_model_that_is_not_there_is_one_message(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"cannot be loaded on this machine"):
        asked(tmp_path / "nowhere", tmp_path)
