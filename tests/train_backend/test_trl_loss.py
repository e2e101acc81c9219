"""What TRL optimises is what the plan says: its loss and its gradient are those of verl's own functions."""

from contextlib import chdir
from pathlib import Path
from typing import Any, get_args

import pytest

from tests.train_backend.support import two_components, write_blend
from train_backend.plan import GRPOStage, Plan
from train_backend.trl.backend import TrlBackend

AGGREGATIONS = get_args(GRPOStage.model_fields["loss_aggregation"].annotation)
WIDTH = 8
KL, CLIP = 0.4, 0.2

STAGE = {
    "kind": "grpo",
    "steps": 1,
    "batch_size": 2,
    "rollouts": 2,
    "max_prompt_length": 300,
    "max_response_length": WIDTH,
    "kl_coefficient": KL,
    "clip_ratio": CLIP,
}


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with a stage for each aggregation, all of which start from the tiny model."""
    home = tmp_path_factory.mktemp("loss")
    blend = write_blend(home / "manifests", two_components(8), batch_size=2)
    plan = {
        "name": "loss",
        "model": {"tiny": {"vocabulary": 300, "hidden": 16, "layers": 1}},
        "stages": [{**STAGE, "name": name, "loss_aggregation": name} for name in AGGREGATIONS],
        "resources": {"platform": "cpu"},
    }
    TrlBackend().render(Plan.model_validate(plan), blend, home / "run")
    return home / "run"


@pytest.mark.parametrize("aggregation", AGGREGATIONS)
def test_loss_and_gradient_are_those_that_the_plan_names(rendered: Path, aggregation: str) -> None:
    """On a batch with ratios on both sides of the clip, responses of several lengths and advantages of both signs."""
    import torch
    from verl.trainer.ppo.core_algos import agg_loss, kl_penalty

    from train_backend.trl.trainers import read_config, trainer_of

    with chdir(rendered):
        trainer = trainer_of(aggregation, read_config(aggregation) | {"model": "./model"})
    trainer.current_gradient_accumulation_steps = trainer.args.gradient_accumulation_steps  # as its loop does
    model, generator = trainer.model.train(), torch.Generator().manual_seed(7)

    def tokens(*shape: int) -> Any:
        return torch.randint(3, 300, shape, generator=generator)

    def noise() -> Any:
        return 0.3 * torch.randn(4, WIDTH, generator=generator)

    mask = torch.tensor([[1] * n + [0] * (WIDTH - n) for n in (8, 5, 1, 3)])
    batch = {
        "prompt_ids": tokens(4, 6),
        "prompt_mask": torch.ones(4, 6, dtype=torch.long),
        "completion_ids": tokens(4, WIDTH),
        "completion_mask": mask,
        "advantages": torch.tensor([1.0, -1.0, 0.5, -0.5]),
        "num_items_in_batch": mask.sum(),
    }

    def log_probabilities() -> Any:
        ids = torch.cat([batch["prompt_ids"], batch["completion_ids"]], dim=1)
        attention = torch.cat([batch["prompt_mask"], mask], dim=1)
        return trainer._get_per_token_logps_and_entropies(model, ids, attention, WIDTH)[0]

    with torch.no_grad():
        now = log_probabilities()
    batch |= {"old_per_token_logps": now + noise(), "ref_per_token_logps": now + noise()}

    log_probs = log_probabilities()
    ratio = torch.exp(log_probs - batch["old_per_token_logps"])
    gain = batch["advantages"].unsqueeze(1)
    policy = -torch.min(ratio * gain, ratio.clamp(1 - CLIP, 1 + CLIP) * gain)
    assert ((ratio - 1).abs() > CLIP).any()
    kl = kl_penalty(log_probs, batch["ref_per_token_logps"], "low_var_kl")
    expected = agg_loss(policy + KL * kl, mask, aggregation)

    found = trainer.compute_loss(model, batch)
    assert found.item() == pytest.approx(expected.item(), rel=1e-5)
    parameters = [each for each in model.parameters() if each.requires_grad]
    for ours, theirs in zip(
        torch.autograd.grad(found, parameters), torch.autograd.grad(expected, parameters), strict=True
    ):
        assert torch.allclose(ours, theirs, rtol=1e-4, atol=1e-6)
