"""Ask verl itself whether it would take a rendered configuration, without a GPU and without Ray.

Run as `python -m train_backend.verl.validate CONFIG.yaml` in a process of its own, because importing verl fixes the
platform for the life of the process. Exits with 0, or with 1 and the fault as the last line on standard error.

It checks what verl checks when it starts (`validate_config`, the data classes), and that verl's own loader finds the
reward function; which keys may be set at all is decided in `config.py`.
"""

import sys
from pathlib import Path

from omegaconf import DictConfig, OmegaConf


def validate(config: DictConfig) -> None:
    """Raise whatever verl raises, or ValueError, if this configuration cannot run."""
    from verl.trainer.ppo.reward import get_custom_reward_fn, resolve_reward_manager_cls
    from verl.trainer.ppo.utils import need_critic, need_reference_policy
    from verl.utils.config import omega_conf_to_dataclass, validate_config

    validate_config(config, need_reference_policy(config), need_critic(config))
    for part in ("actor_rollout_ref.actor", "actor_rollout_ref.rollout", "algorithm"):
        omega_conf_to_dataclass(OmegaConf.select(config, part))
    resolve_reward_manager_cls(config)
    if get_custom_reward_fn(config) is None:
        raise ValueError("reward.custom_reward_function: verl finds no reward function and would use its own")


def main() -> None:
    config = OmegaConf.load(Path(sys.argv[1]))
    OmegaConf.set_struct(config, True)
    try:
        validate(config)
    except Exception as error:  # verl raises AssertionError, ValueError, KeyError and others for a bad value
        sys.exit(" ".join(f"{type(error).__name__}: {error}".split()))


if __name__ == "__main__":
    main()
