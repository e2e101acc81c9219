"""A backend whose stages run `stand_in_trainer.py`; launcher, watchdog, rules of checkpoints and record are the real ones.

Run as a program it trains or goes on in a process of its own, which can be sent signals: `train WORKSPACE PLAN` or
`resume WORKSPACE RUN`.
"""

import json
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

from rich.console import Console

from crossthink.workspace import Workspace
from manifests.store import Stored
from train_backend import resume, runs
from train_backend.backend import RenderedStage, RunFailed, StageResult
from train_backend.plan import GRPOStage, Plan
from train_backend.verl.checkpoints import rewind
from train_backend.verl.launch import launch

TRAINER = Path(__file__).resolve().with_name("stand_in_trainer.py")


class StandIn:
    def check(self, plan: Plan, blend: Stored) -> None: ...

    def render(self, plan: Plan, blend: Stored, run: Path) -> list[RenderedStage]:
        stages = []
        for stage in plan.in_order:
            assert isinstance(stage.settings, GRPOStage) and stage.settings.steps
            folder, steps, batch = run / stage.name, stage.settings.steps, stage.settings.batch_size
            folder.mkdir()
            rows = blend.rows().slice(stage.first_batch * batch, steps * batch).to_pylist()
            (folder / "rows.json").write_text(json.dumps([{**row, "index": row["position"]} for row in rows]))
            asked = f"{stage.name} {steps} {stage.settings.save_every or steps}"
            (folder / "command.sh").write_text(f'cd "$(dirname "$0")/.."\nexec "$PYTHON" "{TRAINER}" {asked} "$@"\n')
            stages.append(RenderedStage("grpo", folder, steps, headline="reward"))
        return stages

    def launch(
        self,
        stage: RenderedStage,
        plan: Plan,
        each_second: Callable[[], None],
        cluster: str | None = None,
        after: int = 0,
    ) -> StageResult:
        return launch(stage, plan.resources.stall_seconds, each_second, after)

    def rewind(self, stage: RenderedStage, aside: Path) -> int:
        return rewind(stage, aside)


def main(what: str, workspace: str, name: str) -> None:
    place, console = Workspace(Path(workspace)), Console(width=200)
    found = {"find_backend": lambda name: StandIn()}
    try:
        with patch.multiple(runs, **found), patch.multiple(resume, **found):
            if what == "resume":
                resume.resume(place, name, console=console)
            else:
                runs.train(place, "small", Path(name), dry_run=False, again=False, console=console)
    except RunFailed as failure:
        sys.exit(str(failure))


if __name__ == "__main__":
    signal.signal(
        signal.SIGINT, signal.default_int_handler
    )  # a shell has what it starts in the background ignore Ctrl-C
    main(*sys.argv[1:])
