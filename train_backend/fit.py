"""Does a plan fit a manifest? What any backend asks before anything is written, each answer with its key and its reason."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from blends.tokenizer import load_tokenizer
from crossthink.errors import UserError, several
from manifests.manifest import TokenizerRecord
from manifests.store import Stored
from train_backend.plan import GRPOStage, NamedStage, Plan, SupervisedStage
from train_backend.tiny import build_tokenizer
from train_backend.warm_start import check_conversations, check_shares


def start_model(plan: Plan) -> str | None:
    """Return the model of the first stage: a folder from the root on, or a hub id; None for a tiny one, made in the run.

    A stage runs in the run's folder, where a relative path would name something else.

    Raises:
        UserError: `model.path` can only be a folder, and there is none.
    """
    path = plan.model.path
    if path is None:
        return None
    if Path(path).is_dir():
        return str(Path(path).absolute())
    if path.startswith((".", "/", "~")) or path.count("/") > 1:
        raise UserError(
            f"plan {plan.name}: model.path {path}: no such folder in {Path.cwd()}; expected a folder with a model, or a"
            " hub id such as Qwen/Qwen2.5-7B"
        )
    return path


def longest(plan: Plan) -> int:
    """Return the longest sequence, in tokens, that any stage may ask the model to read."""
    return max(
        stage.max_prompt_length + stage.max_response_length if isinstance(stage, GRPOStage) else stage.max_length
        for stage in (each.settings for each in plan.in_order)
    )


def steps_of(stage: GRPOStage, first_batch: int, blend: Stored) -> int:
    """Return the steps that a stage runs: its own number, or what is left of the manifest."""
    return stage.steps or blend.manifest.batches - first_batch


def check_fit(plan: Plan, blend: Stored) -> None:
    """Hold a plan's batches, devices, tokenizer and lengths to a manifest.

    Raises:
        UserError: the first thing that does not fit.
    """
    if plan.resources.nodes > 1 and any(isinstance(stage.settings, SupervisedStage) for stage in plan.in_order):
        raise UserError(f"plan {plan.name}: an sft stage runs on one node; resources.nodes is {plan.resources.nodes}")
    grpo = [(stage, stage.settings) for stage in plan.in_order if isinstance(stage.settings, GRPOStage)]
    for stage, settings in grpo:
        _check_batches(plan, stage, settings, blend)
    sft = [(stage, stage.settings) for stage in plan.in_order if isinstance(stage.settings, SupervisedStage)]
    for stage in plan.in_order:
        if not isinstance(stage.settings, GRPOStage):
            check_shares(plan, stage, stage.settings)
    _check_tokenizer(plan, blend.manifest.tokenizer, [settings for _, settings in grpo], blend)
    if sft:
        tokenizer = tokenizer_of(plan, blend)
        for stage, supervised in sft:
            check_conversations(plan, stage, supervised, blend, tokenizer)


def _check_batches(plan: Plan, stage: NamedStage, settings: GRPOStage, blend: Stored) -> None:
    manifest, of = blend.manifest, f"plan {plan.name}, stage {stage.name}"
    if settings.batch_size != manifest.batch_size:
        raise UserError(
            f"{of}: batch_size is {settings.batch_size}, and the manifest's batches have"
            f" {manifest.batch_size} rows; blend again with batch_size: {settings.batch_size}, or change the plan"
        )
    steps = steps_of(settings, stage.first_batch, blend)
    if steps < 1 or stage.first_batch + steps > manifest.batches:
        before = f", the stages before it take {stage.first_batch}" if stage.first_batch else ""
        raise UserError(
            f"{of}: steps is {max(steps, 1)}{before}, and {manifest.name} has {several(manifest.batches, 'batch', 'batches')}; blend more rows, or change the plan"
        )
    mini_batch = settings.mini_batch_size or settings.batch_size
    devices = plan.resources.nodes * plan.resources.gpus_per_node
    if mini_batch * settings.rollouts % devices:
        raise UserError(
            f"{of}: one update has {mini_batch} x {settings.rollouts} responses (mini_batch_size x rollouts),"
            f" which {devices} devices cannot share equally"
        )
    if devices % plan.resources.tensor_parallel:
        raise UserError(f"plan {plan.name}: {devices} devices are no multiple of tensor_parallel")
    longest = settings.max_total_length or settings.max_prompt_length + settings.max_response_length
    if longest > settings.tokens_per_gpu:
        raise UserError(f"{of}: tokens_per_gpu is {settings.tokens_per_gpu}, and one answer may have {longest}")


def _check_tokenizer(plan: Plan, measured: TokenizerRecord | None, stages: Sequence[GRPOStage], blend: Stored) -> None:
    """Hold the model to the tokenizer that the blend was measured with, or measure every prompt of grpo now."""
    shortest = min((stage.max_prompt_length for stage in stages), default=None)
    if measured is None:
        if shortest is None:
            return
        rows = max(stage.first_batch + steps_of(stage.settings, stage.first_batch, blend) for stage in _grpo(plan))
        _check_prompt_lengths(tokenizer_of(plan, blend), shortest, blend, rows * blend.manifest.batch_size)
        return
    if plan.model.path is None:
        raise UserError(
            f"plan {plan.name}: model.tiny makes a tokenizer of its own, and {blend.reference} was measured with"
            f" {measured.name}; give the model of that tokenizer as model.path, or blend without a tokenizer"
        )
    found = load_tokenizer(plan.model.path).digest
    if found != measured.digest:
        raise UserError(
            f"plan {plan.name}: model.path {plan.model.path} has another tokenizer than the one {blend.reference} was"
            f" measured with ({measured.name}, digest {measured.digest[:12]}; here {found[:12]}); blend again with this one"
        )
    if shortest is not None and measured.max_prompt_tokens > shortest:
        raise UserError(
            f"plan {plan.name}: max_prompt_length is {shortest}, and {blend.reference} has prompts of up to"
            f" {measured.max_prompt_tokens} tokens; raise it, or blend with that limit"
        )


def _grpo(plan: Plan) -> Iterator[Any]:
    return (stage for stage in plan.in_order if isinstance(stage.settings, GRPOStage))


def _check_prompt_lengths(tokenizer: Any, limit: int, blend: Stored, rows: int) -> None:
    """A trainer would cut a long prompt on the left with no more than a warning, or fail hours later."""
    for row_ids, prompts in _prompts(blend, rows):
        tokens = tokenizer.apply_chat_template(prompts, add_generation_prompt=True, tokenize=True, return_dict=True)
        for row_id, ids in zip(row_ids, tokens["input_ids"], strict=True):
            if len(ids) > limit:
                raise UserError(
                    f"{blend.rows_path}: row {row_id} has a prompt of {len(ids)} tokens, and the plan's"
                    f" max_prompt_length is {limit}; raise it, or blend with a tokenizer limit"
                )


def _prompts(blend: Stored, rows: int) -> Iterator[tuple[list[str], list[Any]]]:
    """Yield row ids and prompts of the rows that will be trained on, each row's first time only."""
    with pq.ParquetFile(blend.rows_path, pre_buffer=False) as file:
        for batch in file.iter_batches(columns=["position", "epoch", "row_id", "prompt"]):
            kept = [row for row in batch.to_pylist() if row["epoch"] == 0 and row["position"] < rows]
            if kept:
                yield [row["row_id"] for row in kept], [row["prompt"] for row in kept]


def tokenizer_of(plan: Plan, blend: Stored) -> Any:
    """Return the model's tokenizer; a tiny model's is trained on the blend."""
    if plan.model.tiny:
        return build_tokenizer(blend.rows_path, plan.model.tiny)
    return load_tokenizer(str(plan.model.path)).backend
