"""The model that a run ended with, as an evaluation asks it: its last checkpoint, and the wording that it was trained with."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import polars as pl

from blends.prompts import render
from blends.recipe import Prompt as RecipePrompt
from crossthink.errors import UserError
from curate.ask import Message
from curate.ask.prompts import Prompt
from curate.solving.asking import Wording
from manifests.manifest import Manifest
from train_backend.overview import read_run


@dataclass(frozen=True)
class Checkpoint:
    """A model of a run.

    Attributes:
        folder: in Hugging Face's form.
        words: how its blend put questions.
    """

    folder: Path
    words: Wording


def checkpoint_of(root: Path, name: str) -> Checkpoint:
    """Return the last checkpoint of a run under a workspace's runs folder.

    Raises:
        UserError: there is no such run, or it kept no checkpoint.
    """
    run = read_run(root, name)
    folders = [
        path.parent
        for stage in reversed(run.plan.in_order)
        for path in sorted((run.folder / stage.name / "checkpoints").rglob("config.json"), key=_step, reverse=True)
        if any(path.parent.glob("*.safetensors"))
    ]
    if not folders:
        raise UserError(f"{run.folder}: the run has no checkpoint to evaluate; it is {run.ended}")
    return Checkpoint(folders[0].absolute(), _words_of(run.manifest))


def _step(path: Path) -> tuple[int, str]:
    """The number of the step that a checkpoint's path names."""
    numbers = re.findall(r"step_?-?(\d+)|checkpoint-(\d+)", str(path))
    return max((int(one or other) for one, other in numbers), default=0), str(path)


def _words_of(manifest: Manifest) -> Wording:
    stated = manifest.recipe["prompt"]
    asked = RecipePrompt.model_validate(stated)

    def messages(questions: pl.DataFrame) -> list[tuple[Message, ...]]:
        return [tuple(cast("list[Message]", each)) for each in render(asked, questions).to_list()]

    return Wording(Prompt("blend", 1, manifest.prompt_digest, json.dumps(stated)), messages)
