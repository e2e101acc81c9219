"""A trainer that writes what verl writes and meets the fault that a test asks for; it starts in an instant.

Run as a program in a run's folder, with a stage, its steps, the steps between checkpoints, and perhaps the step to go on
after. `FAULT` in the environment is NAME:STEP:

    wait     the step is half answered and never ends
    full     the disk is full while the step's checkpoint is written
    worker   the reward worker, an actor of a real Ray, is killed
    edit     the next stage's rows are changed
"""

import json
import os
import signal
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

EDIT = b"other rows"
KEYS = ("row_id", "item_id", "component", "template")


def main(stage: str, steps: int, save_every: int, after: int = 0) -> None:
    fault, _, at = os.environ.get("FAULT", ":0").partition(":")
    rows = json.loads(Path(stage, "rows.json").read_text())
    batch = len(rows) // steps
    Path(stage, "outcomes").mkdir()
    for step in range(after + 1, steps + 1):
        meets = fault if step == int(at) else ""
        of_step = rows[(step - 1) * batch : step * batch]
        if meets == "wait":
            answer(Path(stage), step, of_step[: batch // 2])
            time.sleep(600)
        answer(Path(stage), step, of_step)
        if meets == "worker":
            kill_a_worker()
        if meets == "edit":
            with Path("second/rows.json").open("ab") as file:
                file.write(EDIT)
        if step % save_every == 0 or step == steps:
            save(Path(stage, "checkpoints"), step, full=meets == "full")
        with Path(stage, "metrics.jsonl").open("a") as file:
            file.write(json.dumps({"step": step, "data": {"reward": 0.5}}) + "\n")


def answer(stage: Path, step: int, rows: list[dict[str, Any]]) -> None:
    """Write two responses to each row."""
    with (stage / "outcomes" / f"{os.getpid()}.jsonl").open("a") as file:
        for row in rows:
            line = {
                "step": step,
                "position": row["index"],
                **{key: row[key] for key in KEYS},
                "score": 0.5,
                "tokens": 3,
            }
            file.write(2 * (json.dumps(line) + "\n"))


def save(checkpoints: Path, step: int, full: bool) -> None:
    """Write a checkpoint in verl's order; `/dev/full` is a disk that is always full."""
    folder = checkpoints / f"global_step_{step}"
    (folder / "actor").mkdir(parents=True)
    if full:
        (folder / "actor" / "optim_world_size_1_rank_0.pt").symlink_to("/dev/full")
    for part in ("actor/model", "actor/optim", "actor/extra_state", "data"):
        name = f"{part}_world_size_1_rank_0.pt" if part != "data" else "data.pt"
        with zipfile.ZipFile(folder / name, "w") as archive:
            archive.writestr("data.pkl", "state")
    (folder / "actor" / "fsdp_config.json").write_text('{"world_size": 1}')
    (checkpoints / "latest_checkpointed_iteration.txt").write_text(str(step))


def kill_a_worker() -> None:
    """Ask an actor of Ray for something that ends it, and wait for its answer."""
    import ray

    class RewardLoopWorker:
        def score(self) -> None:
            os.kill(os.getpid(), signal.SIGKILL)

    ray.init(num_cpus=1, include_dashboard=False)
    ray.get(ray.remote(RewardLoopWorker).remote().score.remote())


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
