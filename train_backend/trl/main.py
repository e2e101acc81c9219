"""Run one rendered stage: `python -m train_backend.trl.main STAGE`, in the run's folder, which is what `command.sh` does.

A dpo stage whose pairs are those of the run itself makes them first: the responses are there once the stage before has
ended, whoever started it. The first process does it, the others wait.
"""

import sys
from pathlib import Path

import torch
from accelerate import PartialState
from transformers import AutoTokenizer
from transformers.utils import logging

from crossthink.errors import UserError
from train_backend.pairs import Lengths
from train_backend.preferences import write_pairs_of_stage
from train_backend.trl.trainers import Config, read_config, trainer_of


def main(stage: str) -> int:
    """Train; the exit code is 2 where the stage cannot start, with the reason on standard error."""
    config = read_config(stage)
    try:
        _check_devices(config)
        if "pairs" in config:
            _make_pairs(stage, config)
    except UserError as error:
        print(f"crossthink: {error}", file=sys.stderr)
        return 2
    logging.disable_progress_bar()
    trainer_of(stage, config).train()
    return 0


def _check_devices(config: Config) -> None:
    if config["platform"] == "cuda" and not torch.cuda.is_available():
        raise UserError("resources.platform is cuda, and torch finds no CUDA device here; TRL would train on the CPU")


def _make_pairs(stage: str, config: Config) -> None:
    state = PartialState(cpu=config["platform"] == "cpu")
    if state.is_main_process:
        asked = config["pairs"]
        lengths = Lengths(AutoTokenizer.from_pretrained(config["model"]), asked["max_length"])
        print(write_pairs_of_stage(Path(stage), Path(asked["from"]), lengths, asked["rows"]))
    state.wait_for_everyone()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
