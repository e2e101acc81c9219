"""GRPOTrainer's own sampler and data loader read the manifest's order, and the other two trainers their file's."""

import json
from contextlib import chdir
from pathlib import Path

import pytest

from manifests.store import Stored
from tests.train_backend.support import two_components, write_blend
from train_backend.plan import Plan
from train_backend.trl.backend import TrlBackend

PLAN = {
    "name": "test",
    "backend": "trl",
    "model": {"tiny": {"vocabulary": 300, "hidden": 16}},
    "stages": [
        {"kind": "sft", "steps": 5, "batch_size": 8, "learning_rate": 1e-3, "max_length": 400},
        {
            "kind": "grpo",
            "name": "first",
            "steps": 2,
            "batch_size": 6,
            "rollouts": 4,
            "max_prompt_length": 400,
            "max_response_length": 8,
            "tokens_per_gpu": 1000,
        },
        {"kind": "grpo", "batch_size": 6, "rollouts": 2, "max_prompt_length": 400, "max_response_length": 8},
    ],
    "resources": {"platform": "cpu"},
}


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> tuple[Stored, Path]:
    home = tmp_path_factory.mktemp("order")
    questions = two_components(30)
    blend = write_blend(home / "manifests", [*questions, *questions[:6]], batch_size=6)
    TrlBackend().render(Plan.model_validate(PLAN), blend, home / "run")
    for stage in ("first", "grpo"):  # a trainer loads the model that it starts from
        config = home / "run" / stage / "config.json"
        config.write_text(json.dumps(json.loads(config.read_text()) | {"model": "./model"}))
    return blend, home / "run"


def test_trl_reads_the_manifests_order_a_batch_a_step_in_its_rollouts(rendered: tuple[Stored, Path]) -> None:
    from train_backend.trl.order import batches_of_row_ids

    blend, run = rendered
    order = blend.rows()["row_id"].to_pylist()
    for stage, steps, rollouts in (("first", range(2), 4), ("grpo", range(2, 6), 2)):
        batches = [order[6 * step : 6 * step + 6] for step in steps]
        assert list(batches_of_row_ids(run, stage)) == [
            [row for row in batch for _ in range(rollouts)] for batch in batches
        ]


def test_a_warm_start_reads_its_rows_from_the_top_and_again(rendered: tuple[Stored, Path]) -> None:
    import trl

    from train_backend.trl.trainers import read_config, trainer_of

    blend, run = rendered
    golds = [row["ground_truth"] for row in blend.rows().to_pylist()]
    with chdir(run):
        trainer = trainer_of("sft", read_config("sft"))
        assert isinstance(trainer, trl.SFTTrainer)
        places = list(trainer._get_train_sampler(trainer.train_dataset))
        texts = [trainer.processing_class.decode(trainer.train_dataset[place]["input_ids"]) for place in places]
    assert len(texts) == 40
    assert all(f"\\boxed{{{golds[place % 36]}}}" in text for place, text in enumerate(texts))
