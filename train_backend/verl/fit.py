"""What only verl can say of a plan, before anything is written; what any backend asks is in `train_backend/fit.py`."""

import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from omegaconf import DictConfig, OmegaConf

from crossthink.errors import UserError
from train_backend.plan import Plan, PreferenceStage
from train_backend.process import RUN_VARIABLE
from train_backend.verl.commands import environment


def refuse_preferences(plan: Plan) -> None:
    """Refuse a plan with a stage that verl does not have.

    Raises:
        UserError: it has a dpo stage.
    """
    for stage in plan.in_order:
        if isinstance(stage.settings, PreferenceStage):
            raise UserError(
                f"plan {plan.name}, stage {stage.name}: verl has no preference stage; 'backend: trl' has one"
            )


def check_with_verl(plan: Plan, configs: dict[str, DictConfig]) -> None:
    """Ask verl itself, in a process of its own, because importing verl fixes the platform of a process for good.

    Args:
        configs: the resolved configuration of each grpo stage, by name.

    Raises:
        UserError: with every fault of the first stage that has one.
    """
    with TemporaryDirectory() as folder:
        paths = {name: str(Path(folder) / f"{name}.yaml") for name in configs}
        for name, config in configs.items():
            OmegaConf.save(config, paths[name])
        done = subprocess.run(
            [sys.executable, "-m", "train_backend.verl.validate", *paths.values()],
            env={**os.environ, **environment(plan.resources), RUN_VARIABLE: folder},
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        raise UserError(f"plan {plan.name}: verl cannot be asked: {done.stderr.strip().splitlines()[-1]}")
    answers = json.loads(done.stdout.splitlines()[-1])
    for name, path in paths.items():
        if answers[path]:
            found = "".join(f"\n  {fault}" for fault in answers[path])
            raise UserError(f"plan {plan.name}, stage {name}: verl would not run this as it is meant:{found}")
