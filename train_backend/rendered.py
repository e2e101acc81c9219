"""The files of a rendered run, held to what they were when they were rendered, and with them the code of the reward.

Between rendering and the start of a stage lie other stages, hours, and perhaps a copy to another machine, or a kill and a
resumption. A trainer would read whatever stands there then; so every rendered file is pinned, and a stage starts only on
the files that were checked. The reward is imported by each launch anew, so its files are pinned too.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from crossthink.errors import UserError
from crossthink.files import sha256_file, write_json
from train_backend.backend import RenderedStage
from train_backend.record import REWARD, reward_files

RENDERED_FILE = "rendered.json"


def pin(run: Path, stages: Sequence[RenderedStage]) -> None:
    """Write down the stages of a run that was just rendered, and the SHA-256 of its files and of the reward's code."""
    files = sorted(path for path in run.rglob("*") if path.is_file())
    write_json(
        run / RENDERED_FILE,
        {
            "stages": [_as_json(stage) for stage in stages],
            "files": {path.relative_to(run).as_posix(): sha256_file(path) for path in files},
            "reward": _digests(reward_files()),
        },
    )


def pinned_stages(run: Path) -> list[RenderedStage]:
    """Return the stages of a rendered run, in the order in which they run."""
    return [
        RenderedStage(each["kind"], run / each["name"], each["steps"], headline=each["headline"])
        for each in _pins(run)["stages"]
    ]


def hold_to_pins(run: Path) -> None:
    """Refuse a run whose rendered files are not what they were, or whose answers would be rewarded by other code.

    Raises:
        UserError: naming the first file that changed or went.
    """
    pins = _pins(run)
    for name, expected in pins["files"].items():
        path = run / name
        found = sha256_file(path) if path.is_file() else "no file"
        if found != expected:
            raise UserError(
                f"{path}: changed since it was rendered ({_both(expected, found)}); nothing was started on it. Train"
                " again, which renders the plan anew"
            )
    _hold_reward_to(pins["reward"])


def _hold_reward_to(pins: Mapping[str, str]) -> None:
    now = _digests(reward_files())
    for name in sorted(pins.keys() | now.keys()):
        expected, found = pins.get(name, "no file"), now.get(name, "no file")
        if found != expected:
            raise UserError(
                f"{REWARD / name}: the code of the reward changed since the run was rendered"
                f" ({_both(expected, found)}), and its responses would not compare. Put it back, or train again"
            )


def _both(expected: str, found: str) -> str:
    return f"sha256 {expected[:12]}, found {found[:12]}"


def _digests(files: Mapping[str, Path]) -> dict[str, str]:
    return {name: sha256_file(path) for name, path in files.items()}


def _as_json(stage: RenderedStage) -> dict[str, object]:
    return {"name": stage.name, "kind": stage.kind, "steps": stage.steps, "headline": stage.headline}


def _pins(run: Path) -> Any:
    path = run / RENDERED_FILE
    try:
        pins = json.loads(path.read_bytes())
        return {key: pins[key] for key in ("stages", "files", "reward")}
    except (OSError, ValueError, KeyError, TypeError):
        raise UserError(f"{path}: missing or damaged, so nothing says what was rendered; train again") from None
