"""Rendered verl configurations: the paper's numbers under verl's names, and the traps of verl 0.9.1 closed.

verl is asked in a process of its own, once for each platform, and about many configurations at once.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf

from crossthink.errors import UserError
from train_backend.plan import SHIPPED, GRPOStage, Plan, SupervisedStage, load_plan
from train_backend.process import RUN_VARIABLE
from train_backend.verl import commands
from train_backend.verl.config import resolved
from train_backend.verl.dialect import GRPO_CONFIG, RUN, SFT_CONFIG, grpo_settings, sft_settings

PLANS = sorted(path.stem for path in SHIPPED.glob("*.yaml") if load_plan(path).backend == "verl")
ACTOR, ROLLOUT = "actor_rollout_ref.actor", "actor_rollout_ref.rollout"


def grpo_of(plan: Plan) -> GRPOStage:
    return next(stage.settings for stage in plan.in_order if isinstance(stage.settings, GRPOStage))


def composed(plan: Plan, overrides: Mapping[str, Any] | None = None, **changes: Any) -> Any:
    """The configuration of a plan's grpo stage, with overrides of verl's keys and changes of the plan's."""
    stage = grpo_of(plan).model_copy(update=changes)
    settings = grpo_settings(plan, stage, name="grpo", steps=3, model="model")
    return resolved(GRPO_CONFIG, settings, {**stage.overrides, **(overrides or {})})


@pytest.fixture(scope="module")
def paper() -> Plan:
    return load_plan(SHIPPED / "paper-7b.yaml")


@pytest.fixture(scope="module")
def demo() -> Plan:
    return load_plan(SHIPPED / "cpu-demo.yaml")


def verl_says(plan: Plan, configs: Mapping[str, Any], folder: Path) -> dict[str, list[str]]:
    """Return the faults that verl and our own checks find in each configuration."""
    paths = {name: str(folder / f"{place}.yaml") for place, name in enumerate(configs)}
    for name, config in configs.items():
        OmegaConf.save(config, paths[name])
    command = [sys.executable, "-m", "train_backend.verl.validate", *paths.values()]
    environment = {**os.environ, **commands.environment(plan.resources), RUN_VARIABLE: str(folder)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    answers = json.loads(done.stdout.splitlines()[-1])
    return {name: answers[path] for name, path in paths.items()}


TRAPS: dict[str, tuple[Any, str]] = {
    "algorithm.adv_estimator": ("nope", "'nope' is none of verl's. There are: "),
    f"{ACTOR}.kl_loss_type": ("low_var", "Did you mean 'low_var_kl'?"),
    "algorithm.kl_penalty": ("zzz", "'zzz' is none of verl's"),
    "algorithm.kl_ctrl.type": ("nope", "There are: adaptive, fixed"),
    f"{ACTOR}.policy_loss.loss_mode": ("vanila", "Did you mean 'vanilla'?"),
    f"{ACTOR}.loss_agg_mode": ("nope", "Invalid loss_agg_mode"),
    f"{ACTOR}.strategy": ("nope", "'nope' is none of verl's"),
    f"{ROLLOUT}.name": ("vlm", "Did you mean 'vllm'?"),
    f"{ROLLOUT}.mode": ("sync", "mode"),
    f"{ROLLOUT}.agent.default_agent_loop": ("nope", "single_turn_agent"),
    f"{ROLLOUT}.n": (-1, "expected a number above 0, found -1"),
    f"{ROLLOUT}.temperature": (-1.0, "expected a number above 0"),
    f"{ACTOR}.optim.lr": (-1.0, "expected a number above 0"),
    f"{ACTOR}.clip_ratio": (-0.2, "expected a number above 0"),
    f"{ACTOR}.grad_clip": ("x", "expected a number above 0, found 'x'"),
    f"{ACTOR}.kl_loss_coef": (-0.1, "expected a number of at least 0"),
    f"{ROLLOUT}.gpu_memory_utilization": (1.5, "expected a number above 0 and at most 1, found 1.5"),
    "reward.num_workers": (0, "expected a number of at least 1, found 0"),
    f"{ROLLOUT}.agent.num_workers": (0, "expected a number of at least 1"),
    "actor_rollout_ref.model.lora_rank": (-1, "expected a number of at least 0, found -1"),
    f"{ACTOR}.clip_ratio_c": (1.0, "expected a number above 1, found 1.0"),
    f"{ROLLOUT}.data_parallel_size": (3, "expected a divisor of the number of devices, 1, found 3"),
    f"{ACTOR}.ulysses_sequence_parallel_size": (2, "expected a divisor of the number of devices, 1"),
    "data.train_batch_size": (17, "16 does not divide data.train_batch_size, 17"),
    f"{ACTOR}.ppo_mini_batch_size": (256, "256 does not divide data.train_batch_size, 16"),
    "data.custom_cls.path": ("pkg://nowhere", "data.custom_cls: cannot be loaded"),
    "data.truncation": ("nope", "There are: error, left, middle, right"),
    "trainer.resume_mode": ("nope", "'nope' is none of verl's"),
    "trainer.v1.trainer_mode": ("nope", "'nope' is none of verl's"),
    "reward.reward_manager.name": ("nope", "nope"),
    "reward.custom_reward_function.path": (None, "verl finds no reward function"),
    "custom_reward_function.path": ("pkg://train_backend.reward", "a key of an earlier verl that this one ignores"),
    "reward_model.reward_manager": ("naive", "a key of an earlier verl that this one ignores"),
}
"""What verl 0.9.1 would start with, or refuse in words of its own: the key, a wrong value, what is said."""


ASK = """
import copy, json, sys
from omegaconf import OmegaConf
from train_backend.verl.validate import faults
whole = OmegaConf.load(sys.argv[1])
for key, value in json.load(sys.stdin):
    config = copy.deepcopy(whole)
    if key:
        OmegaConf.update(config, key, value, merge=False, force_add=True)
    print("FAULTS", json.dumps(faults(config)))
"""


@pytest.fixture(scope="module")
def on_the_cpu(demo: Plan, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """The faults of the demo's configuration with each trap in it; under "", as it ships."""
    folder = tmp_path_factory.mktemp("cpu")
    OmegaConf.save(composed(demo), folder / "config.yaml")
    asked = [("", None), *((key, value) for key, (value, _) in TRAPS.items())]
    environment = {**os.environ, **commands.environment(demo.resources), RUN_VARIABLE: str(folder)}
    command = [sys.executable, "-c", ASK, str(folder / "config.yaml")]
    done = subprocess.run(
        command, input=json.dumps(asked), env=environment, capture_output=True, text=True, check=False
    )
    answers = [json.loads(line.removeprefix("FAULTS ")) for line in done.stdout.splitlines() if line[:6] == "FAULTS"]
    return {key: faults for (key, _), faults in zip(asked, answers, strict=True)}


def test_verl_accepts_the_demo_plan_on_the_cpu_platform(on_the_cpu: dict[str, list[str]]) -> None:
    assert on_the_cpu[""] == []


@pytest.mark.parametrize("key", TRAPS)
def test_what_verl_lets_through_is_refused_with_the_key(key: str, on_the_cpu: dict[str, list[str]]) -> None:
    said = "\n".join(on_the_cpu[key])
    assert TRAPS[key][1] in said
    assert key.rpartition(".")[2].removesuffix("_path") in said or key.rpartition(".")[0] in said


def test_verl_accepts_every_other_shipped_plan(paper: Plan, tmp_path: Path) -> None:
    plans = {name: load_plan(SHIPPED / f"{name}.yaml") for name in PLANS}
    configs = {name: composed(plan) for name, plan in plans.items() if plan.resources.platform == "cuda"}
    assert len(configs) >= 5
    assert verl_says(paper, configs, tmp_path) == {name: [] for name in configs}


def test_the_papers_recipe_under_verls_names(paper: Plan) -> None:
    config = composed(paper)
    actor, rollout = config.actor_rollout_ref.actor, config.actor_rollout_ref.rollout
    assert (config.algorithm.adv_estimator, config.algorithm.norm_adv_by_std_in_grpo) == ("grpo", True)
    assert (actor.optim.lr, actor.optim.lr_scheduler_type, actor.optim.lr_warmup_steps) == (1e-6, "constant", 0)
    assert (config.data.train_batch_size, actor.ppo_mini_batch_size) == (128, 128)
    assert (rollout.n, rollout.temperature, rollout.top_p, rollout.max_model_len) == (8, 1.0, 1.0, 5000)
    assert (actor.use_kl_loss, actor.kl_loss_coef, actor.kl_loss_type) == (True, 0.001, "low_var_kl")
    assert not config.algorithm.use_kl_in_reward
    assert rollout.name == "vllm" and config.trainer.device == "cuda"


def test_the_kl_is_in_the_reward_or_in_the_loss_and_never_in_both(paper: Plan) -> None:
    config = composed(paper, kl_in="reward", kl_estimate="k1")
    algorithm, actor = config.algorithm, config.actor_rollout_ref.actor
    assert (algorithm.use_kl_in_reward, algorithm.kl_ctrl.kl_coef, algorithm.kl_penalty) == (True, 0.001, "kl")
    assert (actor.use_kl_loss, actor.kl_loss_coef) == (False, 0.0)
    without = composed(paper, kl_coefficient=0.0)
    assert not without.algorithm.use_kl_in_reward and not without.actor_rollout_ref.actor.use_kl_loss


def test_the_clip_ratio_reaches_both_bounds_that_verl_really_uses(paper: Plan) -> None:
    actor = composed(paper, clip_ratio=0.3).actor_rollout_ref.actor
    assert (actor.clip_ratio, actor.clip_ratio_low, actor.clip_ratio_high) == (0.3, 0.3, 0.3)


@pytest.mark.parametrize("name", PLANS)
def test_nothing_in_verl_may_change_the_order(name: str) -> None:
    config = composed(load_plan(SHIPPED / f"{name}.yaml"))
    assert config.data.shuffle is False
    assert config.data.filter_overlong_prompts is False
    assert config.trainer.total_epochs == 1
    assert config.trainer.resume_mode == "disable"


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("custom_reward_function.path", "verl 0.9 would ignore it. It has reward.custom_reward_function"),
        ("reward_model.reward_manager", "verl 0.9 would ignore it. It has reward"),
        ("data.sampler.class_path", "the manifest's order is the order"),
        ("data.datagen.path", "a key of an earlier verl"),
        ("data.shuffle", "already decided by the plan or the manifest"),
        ("trainer.total_epochs", "already decided"),
        ("trainer.v1.trainer_mode", "already decided"),
        ("trainer.critic_warmup", "already decided"),
        ("data.prompt_key", "already decided"),
        ("data.gen_batch_size", "already decided"),
        ("algorithm.filter_groups.enable", "already decided"),
        ("algorithm.adv_estimator", "already decided"),
        ("actor_rollout_ref.actor", "already decided"),
        ("reward.reward_manager.name", "already decided"),
        ("actor_rollout_ref.actor.use_torch_compilee", "Did you mean 'actor_rollout_ref.actor.use_torch_compile'"),
    ],
)
def test_an_override_that_would_mislead_is_refused(paper: Plan, key: str, said: str) -> None:
    with pytest.raises(UserError) as refused:
        composed(paper, {key: "x"})
    assert said in str(refused.value)


def test_an_override_reaches_verl(demo: Plan) -> None:
    assert composed(demo, {"actor_rollout_ref.actor.calculate_entropy": True}).actor_rollout_ref.actor.calculate_entropy


def test_the_warm_start_saves_a_model_that_the_next_stage_can_read(demo: Plan) -> None:
    stage = demo.in_order[0].settings
    assert isinstance(stage, SupervisedStage)
    config = resolved(SFT_CONFIG, sft_settings(demo, stage, name="sft", model="model"), {})
    assert config.checkpoint.save_contents == ["hf_model"]
    assert config.trainer.save_freq == config.trainer.total_training_steps == stage.steps


@pytest.mark.parametrize("name", PLANS)
def test_the_only_place_in_a_configuration_is_the_runs_folder(name: str) -> None:
    text = OmegaConf.to_yaml(composed(load_plan(SHIPPED / f"{name}.yaml")))
    assert f"{RUN}/grpo/rows.parquet" in text
    assert str(Path.home()) not in text.replace("~", "") and str(Path.cwd()) not in text
