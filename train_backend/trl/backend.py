"""TRL 1.16 as a backend: fit plan and manifest together, render, launch. This module imports neither TRL nor torch."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from blends.export.trl import write_examples
from crossthink.errors import UserError
from crossthink.files import write_json
from manifests.store import Stored
from train_backend.attempts import move
from train_backend.backend import RenderedStage, StageResult
from train_backend.fit import check_fit, longest, start_model, steps_of, tokenizer_of
from train_backend.pairs import Lengths
from train_backend.plan import GRPOStage, NamedStage, Override, Plan, PreferenceStage, SupervisedStage
from train_backend.preferences import PROMPTS_FILE, ROWS_FILE, write_pairs_of_runs, write_prompts
from train_backend.process import run_command
from train_backend.rows import write_stage_rows
from train_backend.tiny import write_model
from train_backend.trl.arguments import check_arguments
from train_backend.trl.commands import command
from train_backend.trl.dialect import HEADLINES, arguments, checkpoint
from train_backend.trl.limits import refuse_what_trl_cannot
from train_backend.trl.release import refuse_another_release

TINY_MODEL = "./model"
"""Folder, in the run, of a model that is made on the spot."""


class TrlBackend:
    def check(self, plan: Plan, blend: Stored) -> None:
        """Refuse another TRL, what TRL cannot do, a plan that does not fit the manifest, and what TRL refuses."""
        refuse_another_release()
        refuse_what_trl_cannot(plan)
        start_model(plan)
        check_fit(plan, blend)
        for stage in plan.in_order:
            try:
                own = arguments(stage.settings, plan.resources, name=stage.name, steps=_steps(stage, blend))
                check_arguments(stage.settings.kind, own, _overrides(stage))
            except UserError as fault:
                raise UserError(f"plan {plan.name}, stage {stage.name}: {fault}") from None

    def render(self, plan: Plan, blend: Stored, run: Path) -> list[RenderedStage]:
        """Write model, rows, configuration and command of every stage."""
        model = start_model(plan) or TINY_MODEL
        if plan.model.tiny:
            write_model(run / "model", tokenizer_of(plan, blend), plan.model.tiny, longest(plan))
        stages = []
        for stage in plan.in_order:
            rendered = _render(plan, stage, blend, run / stage.name, model)
            model = checkpoint(stage.name, rendered.steps)
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
        """Run one stage under the watchdog, on this machine and from its beginning, since `rewind` knows no other place."""
        if cluster is not None:
            raise UserError(
                f"plan {plan.name}: backend trl trains on this machine; --ray-address is for 'backend: verl'"
            )
        return run_command(stage, os.environ, plan.resources.stall_seconds, each_second)

    def rewind(self, stage: RenderedStage, aside: Path) -> int:
        """Have a stage that was cut short begin anew: its checkpoints hold the model alone, for the stage after it."""
        move(stage.checkpoints, aside / stage.checkpoints.name)
        return 0


def config_of(plan: Plan, stage: NamedStage, steps: int, model: str) -> dict[str, Any]:
    """Return a stage's `config.json`: the trainer, the model it starts from, every argument that is set, and its inputs.

    Args:
        steps: that the stage runs.
        model: that it starts from.
    """
    settings = stage.settings
    own = arguments(settings, plan.resources, name=stage.name, steps=steps)
    config = {
        "kind": settings.kind,
        "platform": plan.resources.platform,
        "model": model,
        "arguments": {**own, **_overrides(stage)},
    }
    if isinstance(settings, GRPOStage):
        config["reward"] = plan.reward_of(settings).model_dump(mode="json")
    if isinstance(settings, PreferenceStage) and not settings.pairs.runs:
        rows = settings.steps * settings.batch_size
        config["pairs"] = {"from": plan.grpo_before(stage).name, "rows": rows, "max_length": settings.max_length}
    return config


def _render(plan: Plan, stage: NamedStage, blend: Stored, folder: Path, model: str) -> RenderedStage:
    folder.mkdir(parents=True)
    settings, steps, later = stage.settings, _steps(stage, blend), ""
    match settings:
        case SupervisedStage():
            rows = steps * settings.batch_size
            write_examples(blend.rows_path, folder / ROWS_FILE, with_solutions=settings.with_solutions, rows=rows)
        case GRPOStage():
            first, rows = stage.first_batch * settings.batch_size, steps * settings.batch_size
            write_stage_rows(blend, first, rows, folder / ROWS_FILE)
        case PreferenceStage():
            later = _render_pairs(plan, stage, settings, blend, folder)
    write_json(folder / "config.json", config_of(plan, stage, steps, model))
    (folder / "command.sh").write_text(command(stage.name, plan.resources))
    return RenderedStage(settings.kind, folder, steps, HEADLINES[settings.kind], later)


def _render_pairs(plan: Plan, stage: NamedStage, settings: PreferenceStage, blend: Stored, folder: Path) -> str:
    """Write the pairs, or what they will be made of; return what is left for later."""
    if settings.pairs.runs:
        lengths, rows = Lengths(tokenizer_of(plan, blend), settings.max_length), settings.steps * settings.batch_size
        write_pairs_of_runs(folder, folder.parent.parent, settings.pairs.runs, blend, lengths, rows)
        return ""
    before = plan.grpo_before(stage)
    batch = before.settings.batch_size
    write_prompts(blend, before.first_batch * batch, _steps(before, blend) * batch, folder / PROMPTS_FILE)
    return f"its pairs are made from the responses of {before.name}, when that stage has ended"


def _overrides(stage: NamedStage) -> dict[str, Override]:
    return {} if isinstance(stage.settings, SupervisedStage) else stage.settings.overrides


def _steps(stage: NamedStage, blend: Stored) -> int:
    settings = stage.settings
    return steps_of(settings, stage.first_batch, blend) if isinstance(settings, GRPOStage) else settings.steps
