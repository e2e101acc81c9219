"""A plan: what ships, and what is refused."""

from pathlib import Path

import pytest

from crossthink.config import find_config
from crossthink.errors import UserError
from train_backend.plan import SHIPPED, load_plan

GRPO = "{kind: grpo, batch_size: 8, max_prompt_length: 64, max_response_length: 16}"
SFT = "{kind: sft, steps: 2, batch_size: 8, learning_rate: 1.0e-3, max_length: 96}"


def write_plan(
    folder: Path, *, model: str = "{tiny: {}}", stages: str = GRPO, resources: str = "{platform: cpu}", more: str = ""
) -> Path:
    path = folder / "plan.yaml"
    path.write_text(f"name: test\nmodel: {model}\nstages: [{stages}]\nresources: {resources}\n{more}")
    return path


def test_the_paper_plan_has_the_papers_numbers() -> None:
    plan = load_plan(SHIPPED / "paper-7b.yaml")
    stage = plan.grpo
    assert stage is not None
    assert (stage.steps, stage.batch_size, stage.rollouts, stage.learning_rate) == (650, 128, 8, 1e-6)
    assert (stage.temperature, stage.top_p, stage.kl_coefficient) == (1.0, 1.0, 0.001)
    assert stage.max_prompt_length + stage.max_response_length == 5000


def test_the_demo_plan_warms_up_and_then_trains_on_a_cpu() -> None:
    plan = load_plan(SHIPPED / "cpu-demo.yaml")
    assert [stage.kind for stage in plan.stages] == ["sft", "grpo"]
    assert plan.resources.platform == "cpu"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"model": "{}"}, "exactly one of 'path' and 'tiny'"),
        ({"model": "{path: a, tiny: {}}"}, "exactly one of 'path' and 'tiny'"),
        ({"model": "{tiny: {hidden: 30}}"}, "not a multiple of 2 x heads"),
        ({"stages": ""}, "at least 1 item"),
        ({"stages": f"{GRPO}, {SFT}"}, "found grpo, sft"),
        ({"stages": f"{GRPO}, {GRPO}"}, "found grpo, grpo"),
        ({"stages": "{kind: ppo}"}, "'ppo'"),
        ({"stages": GRPO.replace("}", ", rollouts: 1}")}, "greater than or equal to 2"),
        ({"stages": GRPO.replace("}", ", temperature: 0}")}, "greater than 0"),
        ({"stages": GRPO.replace("}", ", learning_rte: 1.0e-6}")}, "Did you mean 'learning_rate'"),
        ({"resources": "{platform: cpu, gpus_per_node: 8}"}, "one process on one machine"),
        ({"resources": "{platform: tpu}"}, "'cpu' or 'cuda'"),
        ({"more": "reward: {timeout_seconds: .nan}"}, "finite number"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused_by_line(tmp_path: Path, changes: dict[str, str], said: str) -> None:
    path = write_plan(tmp_path, **changes)
    with pytest.raises(UserError, match=r"plan\.yaml:\d+") as refused:
        load_plan(path)
    assert said in str(refused.value)


def test_an_unknown_shipped_plan_names_the_nearest() -> None:
    with pytest.raises(UserError, match="Did you mean 'paper-7b'"):
        find_config("paper-7B", SHIPPED, "plan")
