"""The names under which verl 0.9.1 knows what a plan says, and what the CPU platform needs besides.

They move in every minor version of verl, so they live here and nowhere else. Paths are relative to the run's folder, so
that a run can be rendered here and launched elsewhere. A leading `+` adds a key that verl's own YAML does not have.
"""

from collections.abc import Mapping
from typing import Any

from train_backend.plan import GRPOStage, Plan, SupervisedStage

Settings = Mapping[str, Any]

CPU_ENGINE = "train_backend.verl.cpu.engine"


def grpo_settings(plan: Plan, stage: GRPOStage, *, steps: int, model: str) -> Settings:
    """Return what a grpo stage sets in `verl.trainer.main_ppo`'s configuration."""
    return {
        **_data_settings(stage),
        **_loss_settings(stage),
        **_rollout_settings(plan, stage),
        **_reward_settings(plan),
        **_trainer_settings(plan, stage, steps),
        **(_grpo_on_cpu() if plan.resources.platform == "cpu" else _grpo_on_cuda()),
        "actor_rollout_ref.model.path": model,
    }


def sft_settings(plan: Plan, stage: SupervisedStage, *, model: str) -> Settings:
    """Return what an sft stage sets in `verl.trainer.sft_trainer`'s configuration."""
    on_cpu = {**_model_on_cpu("model"), **_engine_on_cpu("engine")}
    return {**_sft_settings(plan, stage, model), **(on_cpu if plan.resources.platform == "cpu" else {})}


def _data_settings(stage: GRPOStage) -> dict[str, Any]:
    """The manifest has ordered, repeated and filtered the rows; verl reads them once, as they stand."""
    return {
        "data.train_files": ["grpo/rows.parquet"],
        # verl opens a validation file even when it never validates
        "data.val_files": ["grpo/rows.parquet"],
        "data.val_max_samples": 1,
        "data.train_max_samples": -1,
        "data.train_batch_size": stage.batch_size,
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
        "algorithm.norm_adv_by_std_in_grpo": True,
        "algorithm.use_kl_in_reward": False,
        f"{actor}.strategy": "fsdp2",
        f"{actor}.optim.lr": stage.learning_rate,
        f"{actor}.optim.lr_scheduler_type": "constant",
        f"{actor}.ppo_mini_batch_size": stage.mini_batch_size or stage.batch_size,
        f"{actor}.ppo_epochs": 1,
        f"{actor}.use_dynamic_bsz": True,
        f"{actor}.ppo_max_token_len_per_gpu": stage.tokens_per_gpu,
        f"{actor}.use_kl_loss": stage.kl_coefficient > 0,
        f"{actor}.kl_loss_coef": stage.kl_coefficient,
        f"{actor}.kl_loss_type": "low_var_kl",
        f"{actor}.clip_ratio": stage.clip_ratio,
        f"{actor}.entropy_coeff": 0,
        f"{actor}.loss_agg_mode": "token-mean",
    }


def _rollout_settings(plan: Plan, stage: GRPOStage) -> dict[str, Any]:
    rollout = "actor_rollout_ref.rollout"
    return {
        f"{rollout}.n": stage.rollouts,
        f"{rollout}.mode": "async",
        f"{rollout}.temperature": stage.temperature,
        f"{rollout}.top_p": stage.top_p,
        f"{rollout}.seed": stage.seed,
        f"{rollout}.tensor_model_parallel_size": plan.resources.tensor_parallel,
        f"{rollout}.log_prob_use_dynamic_bsz": True,
        f"{rollout}.log_prob_max_token_len_per_gpu": stage.tokens_per_gpu,
        "actor_rollout_ref.ref.log_prob_use_dynamic_bsz": True,
        "actor_rollout_ref.ref.log_prob_max_token_len_per_gpu": stage.tokens_per_gpu,
    }


def _reward_settings(plan: Plan) -> dict[str, Any]:
    return {
        "reward.reward_manager.source": "register",
        "reward.reward_manager.name": "naive",
        "reward.custom_reward_function.path": "pkg://train_backend.reward",
        "reward.custom_reward_function.name": "compute_score",
        "+reward.custom_reward_function.reward_kwargs": {
            "outcomes": "grpo/outcomes",
            "timeout": plan.reward.timeout_seconds,
        },
    }


def _trainer_settings(plan: Plan, stage: GRPOStage, steps: int) -> dict[str, Any]:
    return {
        "trainer.use_v1": True,
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
        "trainer.default_local_dir": "grpo/checkpoints",
        "trainer.logger": ["console", "file"],
        "trainer.project_name": "crossthink",
        "trainer.experiment_name": plan.name,
        "actor_rollout_ref.actor.checkpoint.save_contents": ["model", "optimizer", "extra", "hf_model"],
    }


def _grpo_on_cuda() -> dict[str, Any]:
    return {"actor_rollout_ref.rollout.name": "vllm"}


def _grpo_on_cpu() -> dict[str, Any]:
    """The test platform: its engine and rollout server, float32, nothing compiled, one worker of each kind."""
    actor, ref, rollout = (f"actor_rollout_ref.{role}" for role in ("actor", "ref", "rollout"))
    return {
        **_model_on_cpu("actor_rollout_ref.model"),
        **_engine_on_cpu(f"{actor}.fsdp_config"),
        **_engine_on_cpu(f"{ref}.fsdp_config"),
        f"{actor}.use_torch_compile": False,
        f"{rollout}.name": "transformers_cpu",
        f"{rollout}.dtype": "float32",
        f"{rollout}.load_format": "auto",
        f"{rollout}.free_cache_engine": False,
        f"{rollout}.agent.num_workers": 1,
        "reward.num_workers": 1,
        "trainer.v1.sampler.custom_sampler.path": "pkg://train_backend.verl.cpu.replay_buffer",
        "trainer.v1.sampler.custom_sampler.name": "EagerReplayBuffer",
        "transfer_queue.backend.SimpleStorage.num_data_storage_units": 1,
        # Logical resources: verl asks for many small actors, and waits for ever without a word when Ray has too few.
        "ray_kwargs.ray_init.num_cpus": 32,
        "+ray_kwargs.ray_init.num_gpus": 1,
        "+ray_kwargs.ray_init.include_dashboard": False,
    }


def _sft_settings(plan: Plan, stage: SupervisedStage, model: str) -> dict[str, Any]:
    return {
        "model.path": model,
        "engine.strategy": "fsdp2",
        "optim.lr": stage.learning_rate,
        "optim.lr_scheduler_type": "constant",
        "data.train_files": ["sft/rows.parquet"],
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
        "trainer.default_local_dir": "sft/checkpoints",
        "trainer.logger": ["console", "file"],
        "trainer.project_name": "crossthink",
        "trainer.experiment_name": plan.name,
        "trainer.device": plan.resources.platform,
        "trainer.n_gpus_per_node": plan.resources.gpus_per_node,
    }


def _model_on_cpu(prefix: str) -> dict[str, Any]:
    return {
        f"{prefix}.external_lib": CPU_ENGINE,
        f"{prefix}.use_remove_padding": False,
        f"{prefix}.enable_gradient_checkpointing": False,
        # workers/config/model.py:185 takes flash attention otherwise
        f"+{prefix}.override_config.attn_implementation": "sdpa",
    }


def _engine_on_cpu(prefix: str) -> dict[str, Any]:
    return {
        f"{prefix}.dtype": "float32",
        f"{prefix}.use_torch_compile": False,
        # or every forward pass runs under bfloat16 autocast (workers/engine/fsdp/transformer_impl.py:1559)
        f"+{prefix}.mixed_precision.param_dtype": "fp32",
    }
