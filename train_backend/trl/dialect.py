"""TRL 1.16, as far as this project speaks to it: every argument that a plan is turned into, and the traps behind them.

They are fields of `SFTConfig`, `GRPOConfig` and `DPOConfig`, which stand on transformers' `TrainingArguments`, and move with
TRL's minor versions. What cannot be said to TRL as the plan means it is in `limits.py`. All paths start at the run's folder,
where a stage runs.

What TRL does differently though the number is the same: it divides a group's advantages by its deviation + 1e-4 (verl:
1e-6), spares biases and norms the weight decay, and does not bound the estimate of the KL (verl: at 10 a token).
"""

from collections.abc import Mapping
from typing import Any, Literal

from train_backend.plan import GRPOStage, PreferenceStage, Resources, Stage, SupervisedStage

Arguments = Mapping[str, Any]
Kind = Literal["sft", "grpo", "dpo"]

SERIES = "1.16"
"""The minor version whose names these are."""

CONFIGS: Mapping[Kind, str] = {"sft": "SFTConfig", "grpo": "GRPOConfig", "dpo": "DPOConfig"}
TRAINERS: Mapping[Kind, str] = {"sft": "SFTTrainer", "grpo": "GRPOTrainer", "dpo": "DPOTrainer"}
HEADLINES: Mapping[Kind, str] = {"sft": "loss", "grpo": "reward", "dpo": "loss"}

LOSS_TYPES = {
    "token-mean": "dapo",
    "seq-mean-token-mean": "grpo",
    # meant for sequence-level ratios, which is why TRL warns; with the token-level ones it is the sum, then the mean
    "seq-mean-token-sum": "luspo",
    "seq-mean-token-sum-norm": "dr_grpo",
}
"""`GRPOTrainer._compute_loss`: how each of its losses becomes one number (all but their aggregation is the same)."""

SFT_TOKENS = 8192
"""Tokens of one pass of a warm start, whose plan has no number for it; as in the first backend."""


def checkpoint(name: str, step: int) -> str:
    """Return where a stage leaves its model after a step, in Hugging Face's form."""
    return f"./{name}/checkpoints/checkpoint-{step}"


def arguments(stage: Stage, resources: Resources, *, name: str, steps: int) -> Arguments:
    """Return every argument that a stage sets.

    Args:
        name: folder of the stage in the run.
        steps: that it runs.
    """
    match stage:
        case SupervisedStage():
            own = _sft(stage, resources)
        case GRPOStage():
            own = _grpo(stage, resources)
        case PreferenceStage():
            own = _dpo(stage, resources)
    saved = stage.save_every if isinstance(stage, GRPOStage) else None
    return {**_common(name, steps, saved or steps), **own, **(_ON_CPU if resources.platform == "cpu" else {})}


_ON_CPU: Arguments = {
    "use_cpu": True,
    # TRL's default is true, and would autocast
    "bf16": False,
    # TRL's default is true; it saves memory that a tiny model does not need
    "gradient_checkpointing": False,
    "dataloader_pin_memory": False,
}


def _common(name: str, steps: int, save_steps: int) -> dict[str, Any]:
    return {
        "output_dir": f"./{name}/checkpoints",
        "max_steps": steps,
        # the default falls to 0 over the run
        "lr_scheduler_type": "constant_with_warmup",
        # it would train on with another batch where memory runs out
        "auto_find_batch_size": False,
        "save_strategy": "steps",
        "save_steps": save_steps,
        # the next stage needs no optimizer, and no stage is resumed in the middle
        "save_only_model": True,
        "logging_strategy": "steps",
        "logging_steps": 1,
        # the default puts an earlier loss where one is not a number
        "logging_nan_inf_filter": False,
        "disable_tqdm": True,
    }


def _grpo(stage: GRPOStage, resources: Resources) -> dict[str, Any]:
    responses = stage.batch_size * stage.rollouts
    return {
        # The manifest's order is the order: one batch of prompts a step, each once, in its rollouts.
        "shuffle_dataset": False,
        "generation_batch_size": responses,
        "num_generations": stage.rollouts,
        "num_iterations": 1,
        # the reward reads them
        "remove_unused_columns": False,
        **_passes(
            responses,
            stage.max_prompt_length + stage.max_response_length,
            stage.tokens_per_gpu,
            resources.gpus_per_node,
        ),
        "max_completion_length": stage.max_response_length,
        "temperature": stage.temperature,
        "top_p": stage.top_p,
        "top_k": 0,
        "learning_rate": stage.learning_rate,
        "warmup_steps": stage.warmup_steps,
        "weight_decay": stage.weight_decay,
        "max_grad_norm": stage.gradient_clip,
        "beta": stage.kl_coefficient,
        # the default multiplies the k3 estimate with the ratio of the probabilities, which is another gradient
        "use_bias_correction_kl": False,
        "epsilon": stage.clip_ratio,
        "epsilon_high": stage.clip_ratio,
        "loss_type": LOSS_TYPES[stage.loss_aggregation],
        "scale_rewards": "group" if stage.advantage_by_deviation else "none",
        "multi_objective_aggregation": "sum_then_normalize",
        "seed": stage.seed,
    }


def _sft(stage: SupervisedStage, resources: Resources) -> dict[str, Any]:
    return {
        # rows in the manifest's order; the default is random
        "train_sampling_strategy": "sequential",
        "shuffle_dataset": False,
        "packing": False,
        "completion_only_loss": True,
        # TRL cuts what is longer without a word; every row was measured
        "max_length": stage.max_length,
        **_passes(stage.batch_size, stage.max_length, max(SFT_TOKENS, stage.max_length), resources.gpus_per_node),
        "learning_rate": stage.learning_rate,
        "warmup_steps": 0,
        # the first backend's defaults, since a plan does not name them
        "weight_decay": 0.01,
        "max_grad_norm": 1.0,
    }


def _dpo(stage: PreferenceStage, resources: Resources) -> dict[str, Any]:
    return {
        # pairs in the order of their file; the default is random
        "train_sampling_strategy": "sequential",
        # TRL cuts what is longer, and drops rows, without a word; every pair is measured
        "max_length": stage.max_length,
        **_passes(stage.batch_size, 2 * stage.max_length, stage.tokens_per_gpu, resources.gpus_per_node),
        "learning_rate": stage.learning_rate,
        "warmup_steps": stage.warmup_steps,
        "beta": stage.beta,
        "loss_type": [stage.loss],
        "seed": stage.seed,
    }


def _passes(rows: int, tokens: int, limit: int, devices: int) -> dict[str, int]:
    """Share a step's rows over devices and passes: as few passes of one size as a device's tokens allow.

    The losses of passes are averaged, which is the loss of the step only where all are of one size.
    """
    share = rows // devices
    fitting = max(size for size in range(1, share + 1) if share % size == 0 and size * tokens <= max(limit, tokens))
    return {"per_device_train_batch_size": fitting, "gradient_accumulation_steps": share // fitting}
