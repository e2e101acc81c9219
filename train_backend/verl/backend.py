"""verl 0.9.1 as a backend: fit plan and manifest together, render, launch."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow.parquet as pq
from omegaconf import DictConfig, OmegaConf

from blends.tokenizer import load_tokenizer
from crossthink.errors import UserError
from manifests.store import Stored
from train_backend.backend import RenderedStage, StageResult
from train_backend.export import write_supervised_rows, write_training_rows
from train_backend.plan import GRPOStage, Override, Plan, SupervisedStage
from train_backend.tiny import build_tokenizer, write_model
from train_backend.verl import commands
from train_backend.verl.config import GRPO, SFT, resolved
from train_backend.verl.launch import launch
from train_backend.verl.settings import Settings, grpo_settings, sft_settings

TINY_MODEL = "model"
"""Folder, in the run, of a model that is made on the spot."""


class VerlBackend:
    def check(self, plan: Plan, blend: Stored) -> None:
        """Refuse a plan that does not fit the manifest, prompts that are too long, and what verl itself refuses."""
        stage = plan.grpo
        if stage is None:
            return
        _check_batches(plan, stage, blend)
        if not _is_known_to_fit(plan, stage, blend):
            _check_prompt_lengths(_tokenizer(plan, blend), stage, blend, _steps(stage, blend) * stage.batch_size)
        settings = grpo_settings(plan, stage, steps=_steps(stage, blend), model=plan.model.path or TINY_MODEL)
        check_with_verl(plan, resolved(GRPO, settings, stage.overrides))

    def render(self, plan: Plan, blend: Stored, run: Path) -> list[RenderedStage]:
        """Write model, rows, configuration and command of every stage."""
        model = plan.model.path or TINY_MODEL
        if plan.model.tiny:
            write_model(run / model, _tokenizer(plan, blend), plan.model.tiny, _longest(plan))
        stages = []
        for stage in plan.stages:
            folder = run / stage.kind
            folder.mkdir(parents=True)
            if isinstance(stage, SupervisedStage):
                rendered = _render_sft(plan, stage, blend, folder, model)
                model = f"sft/checkpoints/global_step_{stage.steps}/huggingface"
            else:
                rendered = _render_grpo(plan, stage, blend, folder, model)
            stages.append(rendered)
        return stages

    def launch(self, stage: RenderedStage, plan: Plan, each_second: Callable[[], None]) -> StageResult:
        """Run one stage under the watchdog."""
        return launch(stage, plan.resources.stall_seconds, each_second)


def _check_batches(plan: Plan, stage: GRPOStage, blend: Stored) -> None:
    manifest = blend.manifest
    if stage.batch_size != manifest.batch_size:
        raise UserError(
            f"plan {plan.name}: batch_size is {stage.batch_size}, and the manifest's batches have"
            f" {manifest.batch_size} rows; blend again with batch_size: {stage.batch_size}, or change the plan"
        )
    if stage.steps and stage.steps > manifest.batches:
        raise UserError(f"plan {plan.name}: steps is {stage.steps}, and {manifest.name} has {manifest.batches} batches")
    mini_batch = stage.mini_batch_size or stage.batch_size
    if stage.batch_size % mini_batch:
        raise UserError(
            f"plan {plan.name}: batch_size {stage.batch_size} is not a multiple of mini_batch_size {mini_batch}"
        )
    devices = plan.resources.nodes * plan.resources.gpus_per_node
    if mini_batch * stage.rollouts % devices:
        raise UserError(
            f"plan {plan.name}: one update has {mini_batch} x {stage.rollouts} responses,"
            f" which {devices} devices cannot share equally"
        )
    if devices % plan.resources.tensor_parallel:
        raise UserError(f"plan {plan.name}: {devices} devices are not a multiple of tensor_parallel")


def check_with_verl(plan: Plan, config: DictConfig) -> None:
    """Ask verl itself, in a process of its own, because importing verl fixes the platform of a process for good."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "config.yaml"
        OmegaConf.save(config, path)
        done = subprocess.run(
            [sys.executable, "-m", "train_backend.verl.validate", str(path)],
            env={**os.environ, **commands.environment(plan.resources)},
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        raise UserError(f"plan {plan.name}: verl refuses the configuration: {done.stderr.strip().splitlines()[-1]}")


def _is_known_to_fit(plan: Plan, stage: GRPOStage, blend: Stored) -> bool:
    """Whether the blend was already held to the limit by the model's own tokenizer."""
    measured = blend.manifest.tokenizer
    if measured is None or plan.model.path is None:
        return False
    return measured.name == Path(plan.model.path).name and measured.max_prompt_tokens <= stage.max_prompt_length


def _check_prompt_lengths(tokenizer: Any, stage: GRPOStage, blend: Stored, rows: int) -> None:
    """verl would cut a long prompt on the left with no more than a warning."""
    for row_ids, prompts in _prompts(blend, rows):
        tokens = tokenizer.apply_chat_template(prompts, add_generation_prompt=True, tokenize=True, return_dict=True)
        for row_id, ids in zip(row_ids, tokens["input_ids"], strict=True):
            if len(ids) > stage.max_prompt_length:
                raise UserError(
                    f"{blend.rows_path}: row {row_id} has a prompt of {len(ids)} tokens, and the plan's"
                    f" max_prompt_length is {stage.max_prompt_length}; raise it, or blend with a tokenizer limit"
                )


def _prompts(blend: Stored, rows: int) -> Iterator[tuple[list[str], list[Any]]]:
    """Yield row ids and prompts of the rows that will be trained on, each row's first time only."""
    with pq.ParquetFile(blend.rows_path) as file:
        for batch in file.iter_batches(columns=["position", "epoch", "row_id", "prompt"]):
            kept = [row for row in batch.to_pylist() if row["epoch"] == 0 and row["position"] < rows]
            if kept:
                yield [row["row_id"] for row in kept], [row["prompt"] for row in kept]


def _tokenizer(plan: Plan, blend: Stored) -> Any:
    if plan.model.tiny:
        return build_tokenizer(blend.rows_path, plan.model.tiny)
    return load_tokenizer(str(plan.model.path)).backend


def _longest(plan: Plan) -> int:
    """The longest sequence that any stage may ask the model to read."""
    return max(
        stage.max_length if isinstance(stage, SupervisedStage) else stage.max_prompt_length + stage.max_response_length
        for stage in plan.stages
    )


def _steps(stage: GRPOStage, blend: Stored) -> int:
    return stage.steps or blend.manifest.batches


def _render_sft(plan: Plan, stage: SupervisedStage, blend: Stored, folder: Path, model: str) -> RenderedStage:
    if plan.resources.nodes > 1:
        raise UserError(f"plan {plan.name}: the sft stage runs on one node; resources.nodes is {plan.resources.nodes}")
    rows = stage.steps * stage.batch_size
    write_supervised_rows(blend.rows_path, folder / "rows.parquet", rows, with_solutions=stage.with_solutions)
    _write_config(folder, SFT, sft_settings(plan, stage, model=model), {})
    rendered = RenderedStage("sft", folder, stage.steps, headline="train/loss")
    rendered.command.write_text(commands.sft(plan.resources))
    return rendered


def _render_grpo(plan: Plan, stage: GRPOStage, blend: Stored, folder: Path, model: str) -> RenderedStage:
    steps = _steps(stage, blend)
    write_training_rows(blend.rows_path, folder / "rows.parquet", steps * stage.batch_size)
    _write_config(folder, GRPO, grpo_settings(plan, stage, steps=steps, model=model), stage.overrides)
    rendered = RenderedStage("grpo", folder, steps, headline="critic/score/mean")
    rendered.command.write_text(commands.grpo(plan.resources))
    return rendered


def _write_config(folder: Path, name: str, settings: Settings, overrides: Mapping[str, Override]) -> None:
    """Write what runs (`config.yaml`, all of it) and what we set of it (`settings.json`, by verl's names)."""
    OmegaConf.save(resolved(name, settings, overrides), folder / "config.yaml")
    (folder / "settings.json").write_text(json.dumps({**settings, **overrides}, indent=2) + "\n")
