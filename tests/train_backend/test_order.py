"""verl's own data set, sampler and collate function read the rows in the manifest's order."""

from pathlib import Path

from tests.train_backend.support import two_components, write_blend
from train_backend.plan import Plan
from train_backend.verl.backend import VerlBackend
from train_backend.verl.order import batches_of_row_ids

PLAN = {
    "name": "test",
    "model": {"tiny": {"vocabulary": 300, "hidden": 16}},
    "stages": [{"kind": "grpo", "batch_size": 6, "max_prompt_length": 400, "max_response_length": 8}],
    "resources": {"platform": "cpu"},
}


def test_verl_reads_the_manifests_order_and_reads_on_in_it_after_any_checkpoint(tmp_path: Path) -> None:
    questions = two_components(30)
    blend = write_blend(tmp_path / "manifests", [*questions, *questions[:6]], batch_size=6)
    VerlBackend().render(Plan.model_validate(PLAN), blend, tmp_path / "run")
    order = blend.rows()["row_id"].to_pylist()
    batches = [order[start : start + 6] for start in range(0, 36, 6)]
    for after in range(6):
        assert list(batches_of_row_ids(tmp_path / "run", after=after)) == batches[after:]
