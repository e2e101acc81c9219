"""A rendered verl configuration: verl's own YAML, our settings, then the plan's overrides, resolved.

What is written is what runs. An override may reach any key of verl that the plan and the manifest have not decided.
"""

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_dir
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from crossthink.errors import UserError, nearest
from train_backend.plan import Override
from train_backend.verl.settings import Settings

GRPO, SFT = "ppo_trainer", "sft_trainer_engine"
"""verl's own configurations of `main_ppo` and `sft_trainer`."""

LEGACY_KEYS = {
    "custom_reward_function": "reward.custom_reward_function",
    "reward_model": "reward",
    "data.sampler": "no key: the manifest's order is the order",
    "data.datagen": "no key",
}
"""Keys of earlier versions. The first two still compose in 0.9.1 and are silently ignored by main_ppo."""


def resolved(name: str, settings: Settings, overrides: Mapping[str, Override]) -> DictConfig:
    """Compose one of verl's configurations.

    Raises:
        UserError: an override names an unknown, a legacy or an already decided key.
    """
    with initialize_config_dir(str(_verl_config_folder()), version_base=None):
        config = compose(name)
    for key, value in settings.items():
        OmegaConf.update(config, key.lstrip("+"), value, merge=False, force_add=key.startswith("+"))
    for key, value in overrides.items():
        _override(config, settings, key, value)
    OmegaConf.resolve(config)
    return config


def _override(config: DictConfig, settings: Settings, key: str, value: Override) -> None:
    decided = [own.lstrip("+") for own in settings]
    if any(key == own or own.startswith(f"{key}.") or key.startswith(f"{own}.") for own in decided):
        raise UserError(f"overrides: {key} is already decided by the plan or the manifest, and cannot be set here")
    for old, new in LEGACY_KEYS.items():
        if key == old or key.startswith(f"{old}."):
            raise UserError(f"overrides: {key} is a key of an earlier verl; verl 0.9.1 would ignore it. It has {new}")
    try:
        OmegaConf.update(config, key, value, merge=False)
    except OmegaConfBaseException:
        raise UserError(f"overrides: {key} is not a key of verl 0.9.1.{nearest(key, _keys(config))}") from None


def _keys(config: Any, prefix: str = "") -> list[str]:
    if not isinstance(config, DictConfig):
        return [prefix.rstrip(".")]
    children = ((f"{prefix}{name}.", config._get_node(name)) for name in config)
    return [key for name, child in children for key in _keys(child, name)]


def _verl_config_folder() -> Path:
    """Find verl's YAML without importing verl, which takes seconds and brings torch."""
    spec = find_spec("verl")
    if spec is None or spec.origin is None:
        raise UserError("verl is not installed. Install it with: pip install 'crossthink[train]'")
    return Path(spec.origin).parent / "trainer" / "config"
