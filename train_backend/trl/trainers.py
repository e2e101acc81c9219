"""TRL's own trainers, made from a stage's `config.json`; nothing of how they train is ours.

The process works in the run's folder, where every path of a configuration starts.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import trl
from datasets import Dataset
from transformers import AutoTokenizer, TrainerCallback

from train_backend.trl.dialect import CONFIGS, TRAINERS
from train_backend.trl.reward import reward_function

Config = Mapping[str, Any]


def read_config(stage: str) -> dict[str, Any]:
    """Return what a stage was rendered to."""
    config: dict[str, Any] = json.loads((Path(stage) / "config.json").read_bytes())
    return config


def trainer_of(stage: str, config: Config) -> Any:
    """Return the trainer of a stage, with its model, its rows and, for grpo, its reward."""
    kind = config["kind"]
    # the sides that GRPOTrainer gives a tokenizer that it loads itself; the other two pad on their own
    sides = {"padding_side": "left", "truncation_side": "left"} if kind == "grpo" else {}
    tokenizer = AutoTokenizer.from_pretrained(config["model"], **sides)
    special = {}
    if kind == "grpo":
        special["reward_funcs"] = reward_function(tokenizer, Path(stage) / "outcomes", config["reward"])
    trainer: Callable[..., Any] = getattr(trl, TRAINERS[kind])
    return trainer(
        model=config["model"],
        args=getattr(trl, CONFIGS[kind])(**config["arguments"]),
        # in memory: nothing is left in a cache of the machine
        train_dataset=Dataset(pq.read_table(Path(stage) / "rows.parquet")),
        processing_class=tokenizer,
        callbacks=[MetricsFile(Path(stage) / "metrics.jsonl")],
        **special,
    )


class MetricsFile(TrainerCallback):  # type: ignore[misc]
    """Writes what a trainer logs, one line a step."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def on_log(self, args: Any, state: Any, control: Any, logs: Mapping[str, Any] | None = None, **_: Any) -> None:
        """Append a line, in the first process only."""
        if state.is_world_process_zero:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"step": state.global_step, "data": logs}) + "\n")
