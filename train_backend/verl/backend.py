"""verl 0.9 as a backend: fit plan and manifest together, render, launch."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from blends.export.verl import write_supervised_rows
from crossthink.errors import UserError
from manifests.store import Stored
from train_backend.backend import RenderedStage, StageResult
from train_backend.fit import check_fit, longest, start_model, steps_of, tokenizer_of
from train_backend.plan import GRPOStage, NamedStage, Override, Plan, SupervisedStage
from train_backend.rows import write_stage_rows
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
from train_backend.verl.fit import check_with_verl, refuse_preferences
from train_backend.verl.launch import launch
from train_backend.verl.release import refuse_another_release
from train_backend.verl.remote import launch_on_ray, refuse_living_job

TINY_MODEL = f"{RUN}/model"
"""Folder, in the run, of a model that is made on the spot."""


class VerlBackend:
    def check(self, plan: Plan, blend: Stored) -> None:
        """Refuse another verl, a plan that does not fit the manifest, prompts that are too long, and what verl refuses."""
        refuse_preferences(plan)
        refuse_another_release(plan)
        start_model(plan)
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
        model = start_model(plan) or TINY_MODEL
        if plan.model.tiny:
            write_model(run / "model", tokenizer_of(plan, blend), plan.model.tiny, longest(plan))
        stages = []
        for stage in plan.in_order:
            folder = run / stage.name
            folder.mkdir(parents=True)
            if isinstance(stage.settings, SupervisedStage):
                rendered = _render_sft(plan, stage, stage.settings, blend, folder, model)
            elif isinstance(stage.settings, GRPOStage):
                rendered = _render_grpo(plan, stage, stage.settings, blend, folder, model)
            else:
                raise AssertionError("unreachable: refused by check")
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
    write_stage_rows(
        blend, stage.first_batch * settings.batch_size, steps * settings.batch_size, folder / "rows.parquet"
    )
    _write_config(folder, config, own, settings.overrides)
    return RenderedStage("grpo", folder, steps, headline=GRPO_HEADLINE)


def _grpo_config(
    plan: Plan, stage: NamedStage, settings: GRPOStage, blend: Stored, model: str
) -> tuple[Settings, DictConfig]:
    steps = steps_of(settings, stage.first_batch, blend)
    own = grpo_settings(plan, settings, name=stage.name, steps=steps, model=model)
    return own, resolved(GRPO_CONFIG, own, settings.overrides)


def _write_config(folder: Path, config: DictConfig, settings: Settings, overrides: Mapping[str, Override]) -> None:
    """Write what runs (`config.yaml`, all of it) and what we set of it (`settings.json`, by verl's names)."""
    OmegaConf.save(config, folder / "config.yaml")
    (folder / "settings.json").write_text(json.dumps({**settings, **overrides}, indent=2) + "\n")
