"""What every shipped plan is rendered to, as files to compare with: `python tests/train_backend/goldens.py` writes them anew.

`verl-*.yaml` is verl's own YAML, composed by verl's own Hydra configuration; `PLAN.yaml` says of each stage what differs
from it, its commands, and its submission to a cluster. Together they are the whole resolved configuration. Of a plan for
TRL it says each stage's `config.json`, which has every argument that is set, and its command.
"""

from functools import cache
from pathlib import Path
from typing import Any

import yaml
from omegaconf import OmegaConf

from train_backend.plan import SHIPPED, GRPOStage, Plan, SupervisedStage, load_plan
from train_backend.trl.backend import TINY_MODEL, config_of
from train_backend.trl.commands import command
from train_backend.trl.dialect import checkpoint
from train_backend.verl import commands
from train_backend.verl.config import own_yaml, resolved
from train_backend.verl.dialect import GRPO_CONFIG, RUN, SFT_CONFIG, grpo_settings, merged_model, sft_settings

FOLDER = Path(__file__).parent / "golden"
PLANS = sorted(path.stem for path in SHIPPED.glob("*.yaml"))
WHOLE_MANIFEST = 24
"""Steps of a stage that takes all of its manifest."""


@cache
def defaults(name: str) -> dict[str, Any]:
    """Return one of verl's own configurations with every interpolation resolved."""
    config = own_yaml(name)
    OmegaConf.resolve(config)
    return dict(OmegaConf.to_container(config))


def rendered(plan: Plan) -> dict[str, Any]:
    """Return what a plan comes to, stage by stage."""
    return {"verl": by_verl, "trl": by_trl}[plan.backend](plan)


def by_trl(plan: Plan) -> dict[str, Any]:
    """Return what a plan for TRL comes to."""
    stages, model = {}, plan.model.path or TINY_MODEL
    for stage in plan.in_order:
        steps = stage.settings.steps or WHOLE_MANIFEST
        config = config_of(plan, stage, steps, model)
        stages[stage.name] = {"config.json": config, "command.sh": command(stage.name, plan.resources)}
        model = checkpoint(stage.name, steps)
    return stages


def by_verl(plan: Plan) -> dict[str, Any]:
    """Return what a plan for verl comes to."""
    stages, model = {}, plan.model.path or f"{RUN}/model"
    for stage in plan.in_order:
        settings = stage.settings
        if isinstance(settings, GRPOStage):
            steps = settings.steps or WHOLE_MANIFEST
            name, overrides = GRPO_CONFIG, settings.overrides
            own = grpo_settings(plan, settings, name=stage.name, steps=steps, model=model)
        else:
            assert isinstance(settings, SupervisedStage)
            steps, name, overrides = settings.steps, SFT_CONFIG, {}
            own = sft_settings(plan, settings, name=stage.name, model=model)
        config = OmegaConf.to_container(resolved(name, own, overrides))
        model = merged_model(settings.kind, stage.name, steps)
        stages[stage.name] = {
            "starts_from": name,
            "changes": changes(defaults(name), config),
            "command.sh": commands.command(settings.kind, stage.name, plan.resources),
            "submit.sh": commands.submission(settings.kind, stage.name, plan.resources),
        }
    return stages


def changes(before: Any, after: Any, prefix: str = "") -> dict[str, Any]:
    """Return the dotted keys whose values differ, or are new, with their new values."""
    if not isinstance(before, dict) or not isinstance(after, dict):
        return {} if before == after else {prefix: after}
    assert set(before) <= set(after)
    return {
        found: value
        for key in after
        for found, value in changes(before.get(key, "absent"), after[key], f"{prefix}.{key}".lstrip(".")).items()
    }


def files() -> dict[str, str]:
    """Return every golden file by name."""
    found = {f"verl-{name}.yaml": _text(defaults(name)) for name in (GRPO_CONFIG, SFT_CONFIG)}
    return found | {f"{name}.yaml": _text(rendered(load_plan(SHIPPED / f"{name}.yaml"))) for name in PLANS}


class _Readable(yaml.SafeDumper):
    """Scripts as blocks of lines."""


_Readable.add_representer(
    str,
    lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None),
)


def _text(value: Any) -> str:
    return yaml.dump(value, Dumper=_Readable, width=1000, allow_unicode=True)


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("*.yaml"):
        old.unlink()
    for file, text in files().items():
        (FOLDER / file).write_text(text)
