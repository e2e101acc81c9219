"""Which checkpoint of an interrupted stage is whole, so that verl can go on from it.

verl 0.9.1 writes a checkpoint file by file into its final place, the loader's state (`data.pt`) after the actor's, and names
the step in `latest_checkpointed_iteration.txt` last (trainer/ppo/v1/trainer_base.py:1024). It opens that file by emptying it,
so a kill or a full disk there leaves nothing in it; and a machine that loses its power keeps names of files without their
ends. So a checkpoint is whole if verl named it, or, where nothing is named, began a later one; and if every file that verl would read ends as
it should: they are zip archives, whose list of contents is their end.

A warm start keeps only the model that it ends with, so it begins anew.
"""

import json
import re
import zipfile
from pathlib import Path

from crossthink.files import atomic_path
from train_backend.attempts import move
from train_backend.backend import RenderedStage
from train_backend.verl.dialect import LOADER_FILE, TRACKER_FILE, shards

STEP_FOLDER = re.compile(r"global_step_(\d+)")


def rewind(stage: RenderedStage, aside: Path) -> int:
    """Return the step of the newest whole checkpoint, 0 if none is; the others move to a folder of the same form."""
    found = _by_step(stage.checkpoints)
    whole = [step for step in _vouched_for(stage.checkpoints, sorted(found)) if _is_whole(found[step])]
    newest = max(whole, default=0) if stage.kind == "grpo" else 0
    if not newest:
        move(stage.checkpoints, aside / stage.checkpoints.name)
        return 0
    # before anything moves: what nothing names counts only while there is a later one
    with atomic_path(stage.checkpoints / TRACKER_FILE) as tracker:
        tracker.write_text(str(newest))
    for step, folder in found.items():
        if step > newest:
            move(folder, aside / stage.checkpoints.name / folder.name)
    return newest


def _by_step(checkpoints: Path) -> dict[int, Path]:
    matches = ((STEP_FOLDER.fullmatch(folder.name), folder) for folder in checkpoints.glob("global_step_*"))
    return {int(match[1]): folder for match, folder in matches if match}


def _vouched_for(checkpoints: Path, steps: list[int]) -> list[int]:
    """The steps that verl said it had written: up to the one it names, or all but the last if it was cut off naming it."""
    try:
        named = int((checkpoints / TRACKER_FILE).read_bytes())
    except (OSError, ValueError):
        return steps[:-1]
    return [step for step in steps if step <= named]


def _is_whole(folder: Path) -> bool:
    try:
        world_size = int(json.loads((folder / "actor" / "fsdp_config.json").read_bytes())["world_size"])
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return all(zipfile.is_zipfile(folder / name) for name in (*shards(world_size), LOADER_FILE))
