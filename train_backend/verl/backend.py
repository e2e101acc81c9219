"""verl 0.9 as a backend: fit plan and manifest together, render, launch."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pyarrow as pa
from omegaconf import DictConfig, OmegaConf

from blends.export.blocks import blocks
from blends.export.verl import write_supervised_rows, write_training_rows
from crossthink.errors import UserError
from crossthink.files import atomic_path, parquet_writer
from manifests.manifest import ORDER_SCHEMA
from manifests.store import Stored
from train_backend.backend import RenderedStage, StageResult
from train_backend.plan import GRPOStage, NamedStage, Override, Plan, SupervisedStage
from train_backend.tiny import write_model
from train_backend.verl import commands
from train_backend.verl.checkpoints import rewind
from train_backend.verl.config import resolved
from train_backend.verl.cores import check_cores, check_one_node
from train_backend.verl.dialect import (
    GRPO_CONFIG,
    GRPO_HEADLINE,
    RUN,
    SFT_CONFIG,
    SFT_HEADLINE,
    Settings,
    grpo_settings,
    merged_model,
    sft_settings,
)
from train_backend.verl.fit import check_fit, check_with_verl, steps_of, tokenizer_of
from train_backend.verl.launch import launch
from train_backend.verl.release import refuse_another_release
from train_backend.verl.remote import launch_on_ray, refuse_living_job

TINY_MODEL = f"{RUN}/model"
"""Folder, in the run, of a model that is made on the spot."""


class VerlBackend:
    def check(self, plan: Plan, blend: Stored) -> None:
        """Refuse another verl, a plan that does not fit the manifest, prompts that are too long, and what verl refuses."""
        refuse_another_release(plan)
        _start_model(plan)
        check_fit(plan, blend)
        configs = {
            stage.name: _grpo_config(plan, stage, stage.settings, blend, "model")[1]
            for stage in plan.in_order
            if isinstance(stage.settings, GRPOStage)
        }
        if configs:
            check_with_verl(plan, configs)

    def render(self, plan: Plan, blend: Stored, run: Path) -> list[RenderedStage]:
        """Write model, rows, configuration and commands of every stage."""
        model = _start_model(plan)
        if plan.model.tiny:
            write_model(run / "model", tokenizer_of(plan, blend), plan.model.tiny, _longest(plan))
        stages = []
        for stage in plan.in_order:
            folder = run / stage.name
            folder.mkdir(parents=True)
            if isinstance(stage.settings, SupervisedStage):
                rendered = _render_sft(plan, stage, stage.settings, blend, folder, model)
            else:
                rendered = _render_grpo(plan, stage, stage.settings, blend, folder, model)
            rendered.command.write_text(commands.command(rendered.kind, rendered.name, plan.resources))
            if plan.resources.platform != "cpu":
                submission = commands.submission(rendered.kind, rendered.name, plan.resources)
                (folder / "submit.sh").write_text(submission)
            model = merged_model(rendered.kind, rendered.name, rendered.steps)
            stages.append(rendered)
        return stages

    def launch(
        self,
        stage: RenderedStage,
        plan: Plan,
        each_second: Callable[[], None],
        cluster: str | None = None,
        after: int = 0,
    ) -> StageResult:
        """Run one stage under the watchdog, here or on a Ray cluster."""
        if cluster is None:
            check_one_node(plan)
            check_cores(plan)
            return launch(stage, plan.resources.stall_seconds, each_second, after)
        if plan.resources.platform == "cpu":
            raise UserError(
                f"plan {plan.name}: resources.platform is cpu, a test platform that runs on this machine only"
            )
        return launch_on_ray(stage, plan.resources, cluster, each_second, after)

    def rewind(self, stage: RenderedStage, aside: Path) -> int:
        """Find the newest whole checkpoint of a grpo stage; a warm start begins anew. A job that runs is left alone."""
        refuse_living_job(stage)
        return rewind(stage, aside)


def _start_model(plan: Plan) -> str:
    """Return the model of the first stage: the tiny one's place in the run, a folder from the root on, or a hub id.

    A stage runs in the run's folder, where a relative path would name something else.

    Raises:
        UserError: `model.path` can only be a folder, and there is none.
    """
    path = plan.model.path
    if path is None:
        return TINY_MODEL
    if Path(path).is_dir():
        return str(Path(path).absolute())
    if path.startswith((".", "/", "~")) or path.count("/") > 1:
        raise UserError(
            f"plan {plan.name}: model.path {path}: no such folder in {Path.cwd()}; expected a folder with a model, or a"
            " hub id such as Qwen/Qwen2.5-7B"
        )
    return path


def _longest(plan: Plan) -> int:
    """The longest sequence that any stage may ask the model to read."""
    return max(
        stage.max_length if isinstance(stage, SupervisedStage) else stage.max_prompt_length + stage.max_response_length
        for stage in (each.settings for each in plan.in_order)
    )


def _render_sft(
    plan: Plan, stage: NamedStage, settings: SupervisedStage, blend: Stored, folder: Path, model: str
) -> RenderedStage:
    rows = settings.steps * settings.batch_size
    write_supervised_rows(blend.rows_path, folder / "rows.parquet", rows, with_solutions=settings.with_solutions)
    own = sft_settings(plan, settings, name=stage.name, model=model)
    _write_config(folder, resolved(SFT_CONFIG, own, {}), own, {})
    return RenderedStage("sft", folder, settings.steps, headline=SFT_HEADLINE)


def _render_grpo(
    plan: Plan, stage: NamedStage, settings: GRPOStage, blend: Stored, folder: Path, model: str
) -> RenderedStage:
    own, config = _grpo_config(plan, stage, settings, blend, model)
    steps = steps_of(settings, stage.first_batch, blend)
    first, rows = stage.first_batch * settings.batch_size, steps * settings.batch_size
    if first:
        part = folder / ".part.parquet"
        _write_part(blend.rows_path, part, first, rows)
        write_training_rows(part, folder / "rows.parquet", rows)
        part.unlink()
    else:
        write_training_rows(blend.rows_path, folder / "rows.parquet", rows)
    _write_config(folder, config, own, settings.overrides)
    return RenderedStage("grpo", folder, steps, headline=GRPO_HEADLINE)


def _grpo_config(
    plan: Plan, stage: NamedStage, settings: GRPOStage, blend: Stored, model: str
) -> tuple[Settings, DictConfig]:
    steps = steps_of(settings, stage.first_batch, blend)
    own = grpo_settings(plan, settings, name=stage.name, steps=steps, model=model)
    return own, resolved(GRPO_CONFIG, own, settings.overrides)


def _write_part(order: Path, destination: Path, first: int, rows: int) -> None:
    """Write rows `first` to `first + rows` of an order file; they keep their positions in the blend."""
    with atomic_path(destination) as temporary, parquet_writer(temporary, ORDER_SCHEMA) as write:
        place = 0
        for block in blocks(order, rows=first + rows):
            write(pa.Table.from_batches([block.slice(min(max(0, first - place), block.num_rows))], schema=ORDER_SCHEMA))
            place += block.num_rows


def _write_config(folder: Path, config: DictConfig, settings: Settings, overrides: Mapping[str, Override]) -> None:
    """Write what runs (`config.yaml`, all of it) and what we set of it (`settings.json`, by verl's names)."""
    OmegaConf.save(config, folder / "config.yaml")
    (folder / "settings.json").write_text(json.dumps({**settings, **overrides}, indent=2) + "\n")
