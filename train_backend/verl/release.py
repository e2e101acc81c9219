"""Which verl this backend speaks to; another is refused by its name, with what would have to change.

What would have to change is read off the installed verl itself: which of the keys that `dialect.py` sets its YAML does
not have. What moved between the releases so far, and no key shows, is said with it.
"""

from importlib.metadata import PackageNotFoundError, version

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from crossthink.errors import UserError
from train_backend.plan import GRPOStage, Plan, SupervisedStage
from train_backend.verl.config import own_yaml
from train_backend.verl.dialect import (
    GRPO_CONFIG,
    SERIES,
    SFT_CONFIG,
    Settings,
    grpo_settings,
    sft_settings,
)

SILENT_CHANGES = {
    "0.7": "the reward's keys moved to `reward.*` and rollout.mode=async became the default",
    "0.8": "numpy has to be older than 2",
    "0.9": "the trainer is `trainer.use_v1` on TransferQueue, and the old reward keys are ignored without a word",
}
"""What the wheels of 0.4.1 to 0.9.1 changed beside names, by the release that brought it."""


def refuse_another_release(plan: Plan) -> None:
    """Refuse a verl of another minor version than `dialect.py` was written for.

    Raises:
        UserError: naming the installed version and the keys of this plan that it lacks.
    """
    try:
        found = version("verl")
    except PackageNotFoundError:
        raise UserError("verl is not installed. Install it with: pip install 'crossthink[train]'") from None
    if ".".join(found.split(".")[:2]) == SERIES:
        return
    missing = ", ".join(_missing(plan)) or "none, but their meaning may have changed"
    known = "; ".join(f"{release}: {change}" for release, change in SILENT_CHANGES.items())
    raise UserError(
        f"verl {found} is installed, and this backend speaks verl {SERIES}: install verl=={SERIES}.*, or write"
        f" train_backend/verl/dialect.py for {found}. Keys of this plan that {found} does not have: {missing}."
        f" What releases changed besides: {known}"
    )


def _missing(plan: Plan) -> list[str]:
    lacking: list[str] = []
    for stage in plan.in_order:
        if isinstance(stage.settings, SupervisedStage):
            lacking += _lacking(SFT_CONFIG, sft_settings(plan, stage.settings, name=stage.name, model="model"))
        elif isinstance(stage.settings, GRPOStage):
            settings = grpo_settings(plan, stage.settings, name=stage.name, steps=1, model="model")
            lacking += _lacking(GRPO_CONFIG, settings)
    return list(dict.fromkeys(lacking))


def _lacking(name: str, settings: Settings) -> list[str]:
    """Return the keys that one of verl's configurations does not have; all of them when it is not there at all."""
    asked = [key for key in settings if not key.startswith("+")]
    try:
        config = own_yaml(name)
    except Exception:  # Hydra has a class of its own for each way in which a configuration can be missing
        return [f"{name}.yaml"]
    OmegaConf.set_struct(config, True)
    return [key for key in asked if not _has(config, key)]


def _has(config: object, key: str) -> bool:
    try:
        OmegaConf.update(config, key, None, merge=False)
    except OmegaConfBaseException:
        return False
    return True
