"""Which checkpoint an interrupted stage of verl goes on from: the newest that is whole, whatever ended the writing."""

import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from train_backend.backend import RenderedStage
from train_backend.cause import find_cause
from train_backend.plan import Resources
from train_backend.verl import commands
from train_backend.verl.checkpoints import rewind
from train_backend.verl.dialect import LOADER_FILE, TRACKER_FILE, shards


def write_archive(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", "weights" * 100)


def write_checkpoint(stage: RenderedStage, step: int, devices: int = 2) -> Path:
    """Write what verl writes, in its order, and name it."""
    folder = stage.checkpoints / f"global_step_{step}"
    for name in shards(devices):
        write_archive(folder / name)
    (folder / "actor" / "fsdp_config.json").write_text(f'{{"FSDP_version": 2, "world_size": {devices}}}')
    write_archive(folder / LOADER_FILE)
    (stage.checkpoints / TRACKER_FILE).write_text(str(step))
    return folder


@pytest.fixture
def stage(tmp_path: Path) -> RenderedStage:
    """A stage with whole checkpoints of steps 2 and 4."""
    stage = RenderedStage("grpo", tmp_path / "grpo", 6, headline="reward")
    write_checkpoint(stage, 2)
    write_checkpoint(stage, 4)
    return stage


def name_step(text: str) -> Callable[[Path], object]:
    return lambda checkpoints: (checkpoints / TRACKER_FILE).write_text(text)


def cut(name: str) -> Callable[[Path], object]:
    def damage(checkpoints: Path) -> None:
        path = checkpoints / "global_step_4" / name
        os.truncate(path, path.stat().st_size - 30)

    return damage


def remove(name: str) -> Callable[[Path], object]:
    return lambda checkpoints: (checkpoints / "global_step_4" / name).unlink()


def test_the_newest_is_taken_if_it_is_whole(stage: RenderedStage, tmp_path: Path) -> None:
    assert rewind(stage, tmp_path / "aside") == 4
    assert not (tmp_path / "aside").exists()


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(name_step("2"), id="killed-before-it-was-named"),
        pytest.param(name_step(""), id="killed-while-it-was-named"),
        pytest.param(lambda checkpoints: (checkpoints / TRACKER_FILE).unlink(), id="nothing-is-named"),
        pytest.param(cut(shards(2)[0]), id="half-the-weights"),
        pytest.param(cut(shards(2)[3]), id="half-the-optimizer-of-the-second-device"),
        pytest.param(cut(LOADER_FILE), id="half-the-place-in-the-rows"),
        pytest.param(remove(LOADER_FILE), id="no-place-in-the-rows"),
        pytest.param(remove(shards(2)[5]), id="no-random-state-of-the-second-device"),
        pytest.param(remove("actor/fsdp_config.json"), id="no-number-of-devices"),
    ],
)
def test_one_that_is_not_whole_is_set_aside_and_the_one_before_it_taken(
    stage: RenderedStage, tmp_path: Path, damage: Callable[[Path], object]
) -> None:
    damage(stage.checkpoints)
    left = sorted(path.name for path in (stage.checkpoints / "global_step_4").rglob("*"))
    assert rewind(stage, tmp_path / "aside") == 2
    assert sorted(path.name for path in (tmp_path / "aside/checkpoints/global_step_4").rglob("*")) == left
    assert rewind(stage, tmp_path / "again") == 2


def test_without_a_whole_one_the_stage_begins_anew_and_nothing_is_deleted(stage: RenderedStage, tmp_path: Path) -> None:
    for step in (2, 4):
        (stage.checkpoints / f"global_step_{step}" / LOADER_FILE).unlink()
    assert rewind(stage, tmp_path / "aside") == 0
    assert not stage.checkpoints.exists()
    assert {path.name for path in (tmp_path / "aside/checkpoints").iterdir()} == {
        "global_step_2",
        "global_step_4",
        TRACKER_FILE,
    }


def test_a_warm_start_begins_anew(tmp_path: Path) -> None:
    """It saves the model that it ends with, and no optimizer."""
    stage = RenderedStage("sft", tmp_path / "sft", 6, headline="loss")
    write_checkpoint(stage, 4)
    assert rewind(stage, tmp_path / "aside") == 0


FULL_DISK = """
import sys, torch
from train_backend.verl.dialect import shards
folder = sys.argv[1]
for name in shards(1):
    torch.save({"weights": torch.zeros(1000)}, f"{folder}/{name}")
"""


def test_torch_leaves_no_whole_archive_on_a_full_disk(tmp_path: Path) -> None:
    """`/dev/full` is a disk that is always full: the optimizer does not fit, and what follows is never written."""
    stage = RenderedStage("grpo", tmp_path / "grpo", 6, headline="reward")
    write_checkpoint(stage, 2, devices=1)
    actor = stage.checkpoints / "global_step_4" / "actor"
    actor.mkdir(parents=True)
    (actor / Path(shards(1)[1]).name).symlink_to("/dev/full")
    command = [sys.executable, "-c", FULL_DISK, str(actor.parent)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    (tmp_path / "log.txt").write_text(done.stderr)
    cause = find_cause(tmp_path / "log.txt")
    assert done.returncode != 0
    assert cause is not None and cause.what == "the disk is full"
    assert rewind(stage, tmp_path / "aside") == 2


def started(tmp_path: Path, *arguments: str, left: str = "") -> "subprocess.CompletedProcess[str]":
    """Run a stage's `command.sh` with a trainer that says what it was asked."""
    script = tmp_path / "a run" / "grpo" / "command.sh"
    script.parent.mkdir(parents=True)
    script.write_text(commands.command("grpo", "grpo", Resources(platform="cpu")))
    if left:
        (script.parent / left).mkdir(parents=True)
    environment = {**os.environ, "PYTHON": "echo"}
    return subprocess.run(["sh", str(script), *arguments], env=environment, capture_output=True, text=True, check=False)


def test_a_command_begins_or_goes_on_from_the_step_that_it_is_given(tmp_path: Path) -> None:
    assert "resume" not in started(tmp_path / "one").stdout
    said = started(tmp_path / "two", "12", left="checkpoints/global_step_12").stdout
    assert said.rstrip().endswith(
        "trainer.resume_mode=resume_path"
        " trainer.resume_from_path=${oc.env:CROSSTHINK_RUN}/grpo/checkpoints/global_step_12"
    )


@pytest.mark.parametrize(
    ("left", "arguments"), [("outcomes", []), ("metrics.jsonl", []), ("checkpoints", []), ("metrics.jsonl", ["12"])]
)
def test_a_command_starts_over_nothing_that_is_left(tmp_path: Path, left: str, arguments: list[str]) -> None:
    """verl empties the metrics file that it finds (utils/tracking.py:541)."""
    done = started(tmp_path, *arguments, left=left)
    assert (done.returncode, done.stdout) == (3, "")
    assert "crossthink run resume a run" in done.stderr
