"""A plan: what ships, and what is refused."""

from pathlib import Path

import pytest

from crossthink.config import find_config
from crossthink.errors import UserError
from train_backend.plan import SHIPPED, GRPOStage, Plan, load_plan

GRPO = "{kind: grpo, batch_size: 8, max_prompt_length: 64, max_response_length: 16}"
TWO_STEPS = GRPO.replace("}", ", steps: 2}")
SFT = "{kind: sft, steps: 2, batch_size: 8, learning_rate: 1.0e-3, max_length: 96}"


def write_plan(
    folder: Path, *, model: str = "{tiny: {}}", stages: str = GRPO, resources: str = "{platform: cpu}", more: str = ""
) -> Path:
    path = folder / "plan.yaml"
    path.write_text(f"name: test\nmodel: {model}\nstages: [{stages}]\nresources: {resources}\n{more}")
    return path


DPO = "{kind: dpo, steps: 1, batch_size: 8, max_length: 64}"
PAPER = ["paper-7b", "paper-7b-4-nodes", "paper-32b", "paper-32b-4-nodes", "probe-7b"]


def grpo_of(plan: Plan) -> GRPOStage:
    (stage,) = [stage.settings for stage in plan.in_order if isinstance(stage.settings, GRPOStage)]
    return stage


@pytest.mark.parametrize("name", PAPER)
def test_the_paper_plans_have_the_papers_numbers(name: str) -> None:
    plan = load_plan(SHIPPED / f"{name}.yaml")
    stage = grpo_of(plan)
    assert (stage.steps, stage.batch_size, stage.mini_batch_size) == (250 if "probe" in name else 650, 128, 128)
    assert (stage.rollouts, stage.learning_rate, stage.warmup_steps) == (8, 1e-6, 0)
    assert (stage.temperature, stage.top_p, stage.kl_coefficient, stage.kl_estimate) == (1.0, 1.0, 0.001, "k3")
    assert stage.max_total_length == 5000
    assert plan.reward.score == "accuracy AND format"


def test_the_paper_plans_are_for_both_models_on_one_node_and_on_several() -> None:
    plans = [load_plan(SHIPPED / f"{name}.yaml") for name in PAPER]
    machines = {(str(plan.model.path), plan.resources.nodes > 1, plan.resources.gpus_per_node) for plan in plans}
    assert machines == {
        ("Qwen/Qwen2.5-7B", False, 8),
        ("Qwen/Qwen2.5-7B", True, 8),
        ("Qwen/Qwen2.5-32B", False, 8),
        ("Qwen/Qwen2.5-32B", True, 8),
    }


OPEN_CHOICES = ["kl_in", "kl_estimate", "loss_aggregation", "clip_ratio", "weight_decay", "entropy_coefficient"]


@pytest.mark.parametrize("name", [*PAPER, "small-1-gpu"])
def test_a_plan_names_what_the_paper_leaves_open_and_says_so(name: str) -> None:
    text = (SHIPPED / f"{name}.yaml").read_text()
    assert "The paper leaves open" in text
    assert [key for key in OPEN_CHOICES if f"    {key}: " not in text] == []


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
        ({"stages": f"{GRPO}, {GRPO}"}, "before another needs its steps"),
        ({"stages": f"{TWO_STEPS}, {GRPO.replace('size: 8', 'size: 4')}"}, "all grpo stages have the same"),
        ({"stages": f"{TWO_STEPS}, {SFT.replace('sft,', 'sft, name: grpo,')}"}, "the name 'grpo' stands for several"),
        (
            {"stages": SFT.replace("sft,", "sft, name: model,")},
            "the name 'model' is that of a folder which every run has",
        ),
        ({"stages": f"{{kind: repeat, times: 2, stages: [{GRPO}]}}"}, "that is repeated needs its steps"),
        ({"stages": f"{{kind: repeat, times: 1, stages: [{TWO_STEPS}]}}"}, "greater than or equal to 2"),
        ({"stages": GRPO.replace("}", ", max_total_length: 64}")}, "is not above max_prompt_length 64"),
        ({"stages": GRPO.replace("}", ", max_total_length: 81}")}, "at most the sum of both limits, 80"),
        ({"stages": GRPO.replace("}", ", mini_batch_size: 3}")}, "batch_size 8 is no multiple of 3"),
        ({"stages": GRPO.replace("}", ", kl_in: both}")}, "'loss' or 'reward'"),
        ({"stages": GRPO.replace("}", ", reward: {scor: accuracy}}")}, "Did you mean 'score'"),
        ({"stages": "{kind: ppo}"}, "'ppo'"),
        ({"stages": GRPO.replace("}", ", rollouts: 1}")}, "greater than or equal to 2"),
        ({"stages": GRPO.replace("}", ", temperature: 0}")}, "greater than 0"),
        ({"stages": GRPO.replace("}", ", learning_rte: 1.0e-6}")}, "Did you mean 'learning_rate'"),
        ({"stages": f"{DPO}, {GRPO}"}, "dpo has no grpo stage before it to make pairs from"),
        ({"stages": f"{GRPO}, {DPO.replace('64', '8193')}"}, "less than a pair of two responses of max_length 8193"),
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


def test_stages_read_on_where_the_one_before_stopped(tmp_path: Path) -> None:
    plan = load_plan(write_plan(tmp_path, stages=f"{SFT}, {TWO_STEPS}, {SFT}, {GRPO}"))
    found = [(stage.name, stage.first_batch) for stage in plan.in_order]
    assert found == [("sft-1", 0), ("grpo-1", 0), ("sft-2", 2), ("grpo-2", 2)]


def test_a_group_of_stages_repeats_under_names_of_their_own(tmp_path: Path) -> None:
    named = TWO_STEPS.replace("}", ", name: short}")
    plan = load_plan(write_plan(tmp_path, stages=f"{SFT}, {{kind: repeat, times: 2, stages: [{named}, {TWO_STEPS}]}}"))
    found = [(stage.name, stage.first_batch) for stage in plan.in_order]
    assert found == [("sft", 0), ("short-1", 0), ("grpo-1", 2), ("short-2", 4), ("grpo-2", 6)]


def test_a_stage_may_have_another_reward_than_its_plan(tmp_path: Path) -> None:
    other = TWO_STEPS.replace("}", ", reward: {score: accuracy}}")
    plan = load_plan(write_plan(tmp_path, stages=f"{other}, {GRPO}"))
    stages = [stage.settings for stage in plan.in_order if isinstance(stage.settings, GRPOStage)]
    assert [plan.reward_of(stage).score for stage in stages] == ["accuracy", "accuracy AND format"]
