"""Rendered verl configurations: the paper's numbers under verl's names, and the traps of verl 0.9.1 closed.

Configurations avoid verl's known traps; `validate` asks verl itself, in a process of its own.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf

from crossthink.errors import UserError
from train_backend.plan import SHIPPED, Plan, SupervisedStage, load_plan
from train_backend.verl import commands
from train_backend.verl.config import GRPO, SFT, resolved
from train_backend.verl.settings import grpo_settings, sft_settings


def composed(plan: Plan, **overrides: Any) -> Any:
    assert plan.grpo is not None
    stage = plan.grpo.model_copy(update={"overrides": {**plan.grpo.overrides, **overrides}})
    return resolved(GRPO, grpo_settings(plan, stage, steps=3, model="model"), stage.overrides)


@pytest.fixture(scope="module")
def paper() -> Plan:
    return load_plan(SHIPPED / "paper-7b.yaml")


@pytest.fixture(scope="module")
def demo() -> Plan:
    return load_plan(SHIPPED / "cpu-demo.yaml")


def verl_says(plan: Plan, config: Any, folder: Path) -> str:
    """Return what verl's own validation prints on standard error as its last line; empty if it accepts."""
    path = folder / "config.yaml"
    OmegaConf.save(config, path)
    command = [sys.executable, "-m", "train_backend.verl.validate", str(path)]
    environment = {**os.environ, **commands.environment(plan.resources)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    return done.stderr.strip().splitlines()[-1] if done.returncode else ""


def test_the_papers_recipe_under_verls_names(paper: Plan) -> None:
    config = composed(paper)
    actor, rollout = config.actor_rollout_ref.actor, config.actor_rollout_ref.rollout
    assert (config.algorithm.adv_estimator, config.algorithm.norm_adv_by_std_in_grpo) == ("grpo", True)
    assert (actor.optim.lr, actor.optim.lr_scheduler_type) == (1e-6, "constant")
    assert (config.data.train_batch_size, actor.ppo_mini_batch_size) == (128, 128)
    assert (rollout.n, rollout.temperature, rollout.top_p, rollout.max_model_len) == (8, 1.0, 1.0, 5000)
    assert (actor.use_kl_loss, actor.kl_loss_coef, actor.kl_loss_type) == (True, 0.001, "low_var_kl")
    assert not config.algorithm.use_kl_in_reward
    assert rollout.name == "vllm" and config.trainer.device == "cuda"


@pytest.mark.parametrize("name", ["paper-7b", "cpu-demo"])
def test_nothing_in_verl_may_change_the_order(name: str) -> None:
    config = composed(load_plan(SHIPPED / f"{name}.yaml"))
    assert config.data.shuffle is False
    assert config.data.filter_overlong_prompts is False
    assert config.trainer.total_epochs == 1
    assert config.trainer.resume_mode == "disable"


def test_verl_accepts_the_paper_plan(paper: Plan, tmp_path: Path) -> None:
    assert verl_says(paper, composed(paper), tmp_path) == ""


def test_verl_accepts_the_demo_plan_on_the_cpu_platform(demo: Plan, tmp_path: Path) -> None:
    assert verl_says(demo, composed(demo), tmp_path) == ""


def test_what_verl_refuses_is_said_in_its_words(demo: Plan, tmp_path: Path) -> None:
    config = composed(demo)
    config.actor_rollout_ref.rollout.mode = "sync"
    assert "mode" in verl_says(demo, config, tmp_path)


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("custom_reward_function.path", "verl 0.9.1 would ignore it. It has reward.custom_reward_function"),
        ("reward_model.reward_manager", "verl 0.9.1 would ignore it. It has reward"),
        ("data.sampler.class_path", "the manifest's order is the order"),
        ("data.shuffle", "already decided by the plan or the manifest"),
        ("trainer.total_epochs", "already decided"),
        ("algorithm.adv_estimator", "already decided"),
        ("actor_rollout_ref.actor", "already decided"),
        ("reward.reward_manager.name", "already decided"),
        ("actor_rollout_ref.actor.grad_clipp", "Did you mean 'actor_rollout_ref.actor.grad_clip'"),
    ],
)
def test_an_override_that_would_mislead_is_refused(demo: Plan, key: str, said: str) -> None:
    with pytest.raises(UserError) as refused:
        composed(demo, **{key: "x"})
    assert said in str(refused.value)


def test_an_override_reaches_verl(demo: Plan) -> None:
    assert composed(demo, **{"actor_rollout_ref.actor.grad_clip": 0.5}).actor_rollout_ref.actor.grad_clip == 0.5


def test_the_warm_start_saves_a_model_that_the_next_stage_can_read(demo: Plan) -> None:
    stage = demo.stages[0]
    assert isinstance(stage, SupervisedStage)
    config = resolved(SFT, sft_settings(demo, stage, model="model"), {})
    assert config.checkpoint.save_contents == ["hf_model"]
    assert config.trainer.save_freq == config.trainer.total_training_steps == stage.steps


def test_no_path_of_this_machine_is_in_a_configuration(demo: Plan, paper: Plan) -> None:
    for plan in (demo, paper):
        assert str(Path.home()) not in OmegaConf.to_yaml(composed(plan)).replace("~", "")
        assert str(Path.cwd()) not in OmegaConf.to_yaml(composed(plan))
