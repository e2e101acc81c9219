"""verl 0.9, as far as this project speaks to it: every key, module and folder name of verl that a plan is turned into.

They move in every minor version of verl, so they live here and nowhere else; `release.py` refuses another version and
says which of these it lacks. A leading `+` adds a key that verl's own YAML does not have. `RUN` stands for the run's
folder, so that a run can be rendered here and launched elsewhere.
"""

import json
from collections.abc import Mapping
from typing import Any

from train_backend.plan import GRPOStage, Plan, Resources, SupervisedStage
from train_backend.reward import Reward
from train_backend.verl.cpu import settings as cpu

Settings = Mapping[str, Any]

SERIES = "0.9"
"""The minor version whose names these are."""

RUN = "${oc.env:CROSSTHINK_RUN}"
"""The run's folder, which OmegaConf reads from the environment of every process."""

GRPO_CONFIG, SFT_CONFIG = "ppo_trainer", "sft_trainer_engine"
"""verl's own YAML of its two trainers."""
GRPO_MODULE, SFT_MODULE = "verl.trainer.main_ppo", "verl.trainer.sft_trainer"
GRPO_HEADLINE, SFT_HEADLINE = "critic/score/mean", "train/loss"
METRICS_PATH_VARIABLE = "VERL_FILE_LOGGER_PATH"

LEGACY_KEYS = {
    "custom_reward_function": "reward.custom_reward_function",
    "reward_model": "reward",
    "data.sampler": "no key: the manifest's order is the order",
    "data.datagen": "no key",
}
"""Keys of earlier versions. The first two still compose in 0.9 and are silently ignored by main_ppo."""

KL_ESTIMATES = {"k1": "kl", "k2": "mse", "k3": "low_var_kl"}


def merged_model(kind: str, stage: str, steps: int) -> str:
    """Return where a stage leaves its last model in Hugging Face's form, ready for the next stage."""
    actor = "actor/" if kind == "grpo" else ""
    return f"{checkpoint(stage, steps)}/{actor}huggingface"


TRACKER_FILE, LOADER_FILE = "latest_checkpointed_iteration.txt", "data.pt"
"""Beside the checkpoints the step of the newest; in each the place of the data loader."""


def checkpoint(stage: str, step: int | str) -> str:
    """Return where a stage keeps the checkpoint of a step."""
    return f"{RUN}/{stage}/checkpoints/global_step_{step}"


def shards(world_size: int) -> list[str]:
    """Return what verl reads of a policy's checkpoint, relative to it: weights, optimizer, and schedule with random state."""
    parts = ("model", "optim", "extra_state")
    return [f"actor/{part}_world_size_{world_size}_rank_{rank}.pt" for part in parts for rank in range(world_size)]


def resumption(stage: str, step: str) -> dict[str, str]:
    """Return what a command adds to a grpo configuration to go on from a checkpoint; `step` may be a variable of the shell."""
    return {"trainer.resume_mode": "resume_path", "trainer.resume_from_path": checkpoint(stage, step)}


def storage_units(resources: Resources) -> int:
    """Return TransferQueue's storage units, a CPU of Ray's each: one a device, up to verl's 8 or two a node (its advice)."""
    return min(resources.nodes * resources.gpus_per_node, max(8, 2 * resources.nodes))


def grpo_settings(plan: Plan, stage: GRPOStage, *, name: str, steps: int, model: str) -> Settings:
    """Return what a grpo stage sets in `GRPO_CONFIG`.

    Args:
        name: folder of the stage in the run.
        steps: that it runs.
        model: that it starts from.
    """
    return {
        **_data_settings(stage, name),
        **_loss_settings(stage),
        **_rollout_settings(plan, stage),
        **_reward_settings(plan.reward_of(stage), name),
        **_trainer_settings(plan, stage, name, steps),
        **(cpu.grpo() if plan.resources.platform == "cpu" else {"actor_rollout_ref.rollout.name": "vllm"}),
        "actor_rollout_ref.model.path": model,
    }


def sft_settings(plan: Plan, stage: SupervisedStage, *, name: str, model: str) -> Settings:
    """Return what an sft stage sets in `SFT_CONFIG`."""
    return {**_sft_settings(plan, stage, name, model), **(cpu.sft() if plan.resources.platform == "cpu" else {})}


def _data_settings(stage: GRPOStage, name: str) -> dict[str, Any]:
    """The manifest has ordered, repeated and filtered the rows; verl reads them once, as they stand."""
    return {
        "data.train_files": [f"{RUN}/{name}/rows.parquet"],
        # verl opens a validation file even when it never validates
        "data.val_files": [f"{RUN}/{name}/rows.parquet"],
        "data.val_max_samples": 1,
        "data.train_max_samples": -1,
        "data.train_batch_size": stage.batch_size,
        "data.gen_batch_size": None,
        "data.prompt_key": "prompt",
        "data.max_prompt_length": stage.max_prompt_length,
        "data.max_response_length": stage.max_response_length,
        "data.shuffle": False,
        "data.seed": stage.seed,
        "data.dataloader_num_workers": 0,
        "data.filter_overlong_prompts": False,
        "data.truncation": "error",
    }


def _loss_settings(stage: GRPOStage) -> dict[str, Any]:
    actor = "actor_rollout_ref.actor"
    return {
        "algorithm.adv_estimator": "grpo",
        # it would drop groups of the manifest's rows, and read on for others
        "algorithm.filter_groups.enable": False,
        "algorithm.norm_adv_by_std_in_grpo": stage.advantage_by_deviation,
        **_kl_settings(stage),
        f"{actor}.strategy": "fsdp2",
        f"{actor}.optim.lr": stage.learning_rate,
        f"{actor}.optim.lr_scheduler_type": "constant",
        f"{actor}.optim.lr_warmup_steps": stage.warmup_steps,
        f"{actor}.optim.weight_decay": stage.weight_decay,
        f"{actor}.grad_clip": stage.gradient_clip,
        f"{actor}.ppo_mini_batch_size": stage.mini_batch_size or stage.batch_size,
        f"{actor}.ppo_epochs": 1,
        f"{actor}.use_dynamic_bsz": True,
        f"{actor}.ppo_max_token_len_per_gpu": stage.tokens_per_gpu,
        f"{actor}.clip_ratio": stage.clip_ratio,
        f"{actor}.clip_ratio_low": stage.clip_ratio,
        f"{actor}.clip_ratio_high": stage.clip_ratio,
        f"{actor}.entropy_coeff": stage.entropy_coefficient,
        f"{actor}.loss_agg_mode": stage.loss_aggregation,
    }


def _kl_settings(stage: GRPOStage) -> dict[str, Any]:
    """verl has the two places apart, each with an estimator and a coefficient of its own."""
    estimate, actor = KL_ESTIMATES[stage.kl_estimate], "actor_rollout_ref.actor"
    in_reward = stage.kl_in == "reward" and stage.kl_coefficient > 0
    return {
        "algorithm.use_kl_in_reward": in_reward,
        "algorithm.kl_penalty": estimate,
        "algorithm.kl_ctrl.type": "fixed",
        "algorithm.kl_ctrl.kl_coef": stage.kl_coefficient if in_reward else 0.0,
        f"{actor}.use_kl_loss": stage.kl_in == "loss" and stage.kl_coefficient > 0,
        f"{actor}.kl_loss_coef": stage.kl_coefficient if stage.kl_in == "loss" else 0.0,
        f"{actor}.kl_loss_type": estimate,
    }


def _rollout_settings(plan: Plan, stage: GRPOStage) -> dict[str, Any]:
    rollout = "actor_rollout_ref.rollout"
    return {
        f"{rollout}.n": stage.rollouts,
        f"{rollout}.mode": "async",
        f"{rollout}.temperature": stage.temperature,
        f"{rollout}.top_p": stage.top_p,
        f"{rollout}.seed": stage.seed,
        f"{rollout}.max_model_len": stage.max_total_length,
        f"{rollout}.tensor_model_parallel_size": plan.resources.tensor_parallel,
        f"{rollout}.log_prob_use_dynamic_bsz": True,
        f"{rollout}.log_prob_max_token_len_per_gpu": stage.tokens_per_gpu,
        "actor_rollout_ref.ref.log_prob_use_dynamic_bsz": True,
        "actor_rollout_ref.ref.log_prob_max_token_len_per_gpu": stage.tokens_per_gpu,
    }


def _reward_settings(reward: Reward, name: str) -> dict[str, Any]:
    return {
        "reward.reward_manager.source": "importlib",
        "reward.reward_manager.name": "ResponseRewardManager",
        "reward.reward_manager.module.path": "pkg://train_backend.verl.reward_manager",
        "reward.custom_reward_function.path": "pkg://train_backend.reward",
        "reward.custom_reward_function.name": "compute_score",
        "+reward.custom_reward_function.reward_kwargs": {
            "outcomes": f"{RUN}/{name}/outcomes",
            "reward": json.dumps(reward.model_dump(mode="json"), sort_keys=True),
        },
    }


def _trainer_settings(plan: Plan, stage: GRPOStage, name: str, steps: int) -> dict[str, Any]:
    return {
        "trainer.use_v1": True,
        # the others let the policy run behind the updates that a step is counted by
        "trainer.v1.trainer_mode": "sync",
        # steps in which the policy would not learn
        "trainer.critic_warmup": 0,
        "transfer_queue.backend.SimpleStorage.num_data_storage_units": storage_units(plan.resources),
        "trainer.device": plan.resources.platform,
        "trainer.nnodes": plan.resources.nodes,
        "trainer.n_gpus_per_node": plan.resources.gpus_per_node,
        "trainer.total_epochs": 1,
        "trainer.total_training_steps": steps,
        "trainer.save_freq": stage.save_every or steps,
        "trainer.test_freq": -1,
        "trainer.val_before_train": False,
        # verl would resume over changed files without a word
        "trainer.resume_mode": "disable",
        "trainer.default_local_dir": f"{RUN}/{name}/checkpoints",
        "trainer.logger": ["console", "file"],
        "trainer.project_name": "crossthink",
        "trainer.experiment_name": plan.name,
        "actor_rollout_ref.actor.checkpoint.save_contents": ["model", "optimizer", "extra", "hf_model"],
    }


def _sft_settings(plan: Plan, stage: SupervisedStage, name: str, model: str) -> dict[str, Any]:
    return {
        "model.path": model,
        "engine.strategy": "fsdp2",
        "optim.lr": stage.learning_rate,
        "optim.lr_scheduler_type": "constant",
        "data.train_files": [f"{RUN}/{name}/rows.parquet"],
        "data.train_batch_size": stage.batch_size,
        "data.use_dynamic_bsz": True,
        "data.max_token_len_per_gpu": max(8192, stage.max_length),
        "data.max_length": stage.max_length,
        "data.truncation": "error",
        "data.pad_mode": "no_padding",
        "data.num_workers": 0,
        # The next stage reads the Hugging Face model; writing it here saves verl.model_merger and its start-up.
        "checkpoint.save_contents": ["hf_model"],
        "checkpoint.load_contents": [],
        "trainer.total_epochs": 1,
        "trainer.total_training_steps": stage.steps,
        "trainer.save_freq": stage.steps,
        "trainer.resume_mode": "disable",
        "trainer.default_local_dir": f"{RUN}/{name}/checkpoints",
        "trainer.logger": ["console", "file"],
        "trainer.project_name": "crossthink",
        "trainer.experiment_name": plan.name,
        "trainer.device": plan.resources.platform,
        "trainer.n_gpus_per_node": plan.resources.gpus_per_node,
    }
