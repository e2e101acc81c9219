"""A run whose trainer is the stand-in, from its launch to the proof that it went on as if nothing had happened."""

import json
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from rich.console import Console

from crossthink.workspace import Workspace
from tests.train_backend import stand_in
from tests.train_backend.stand_in import StandIn
from tests.train_backend.support import two_components, write_blend
from train_backend.process import processes_of
from train_backend.resume import resume
from train_backend.runs import train

PLAN = """
name: stand-in
model: {tiny: {}}
stages:
  - {kind: grpo, name: first, steps: 4, save_every: 2, batch_size: 4, max_prompt_length: 64, max_response_length: 8}
  - {kind: grpo, name: second, steps: 1, batch_size: 4, max_prompt_length: 64, max_response_length: 8}
resources: {platform: cpu, stall_seconds: 900}
"""
NAME = "small-v1-stand-in"


class Trial:
    """A workspace with a plan whose trainer is the stand-in."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.workspace = Workspace(folder / "workspace")
        self.run = self.workspace.runs / NAME
        self.plan = folder / "plan.yaml"
        self.plan.write_text(PLAN)
        self._monkeypatch = monkeypatch
        write_blend(self.workspace.manifests, two_components(20), batch_size=4)
        for module in ("runs", "resume"):
            monkeypatch.setattr(f"train_backend.{module}.find_backend", lambda name: StandIn())

    def meets(self, fault: str) -> None:
        self._monkeypatch.setenv("FAULT", fault)

    def train(self, *, dry_run: bool = False) -> None:
        train(self.workspace, "small", self.plan, dry_run=dry_run, again=False, console=Console(file=StringIO()))

    def resume(self) -> str:
        """Go on without a fault; return what was said."""
        self._monkeypatch.delenv("FAULT", raising=False)
        said = StringIO()
        resume(self.workspace, NAME, console=Console(file=said, width=200))
        return said.getvalue()

    def process(self, what: str = "train") -> "subprocess.Popen[str]":
        """Train, or go on, in a process of its own."""
        arguments = [str(self.workspace.root), str(self.plan) if what == "train" else NAME]
        return subprocess.Popen([sys.executable, stand_in.__file__, what, *arguments], stdout=-1, stderr=-1, text=True)

    @property
    def record(self) -> dict[str, Any]:
        return dict(json.loads((self.run / "run.json").read_text()))

    def step_is_halfway(self, step: int) -> bool:
        """Whether half of the rows of a step are answered, and so no more are coming."""
        files = self.run.glob("first/outcomes/*.jsonl")
        return sum(file.read_text().count(f'"step": {step},') for file in files) == 4

    def goes_on_to_its_end(self) -> None:
        """The proof from the reward log: every step saw its rows, each twice, as if nothing had happened."""
        rollouts = pl.read_parquet(self.run / "rollouts.parquet").sort("stage", "step", "position", "sample")
        seen = [(row["stage"], row["step"], row["position"], row["sample"]) for row in rollouts.to_dicts()]
        expected = [
            ("first", step, 4 * (step - 1) + row, n) for step in (1, 2, 3, 4) for row in range(4) for n in (0, 1)
        ]
        assert seen == [*expected, *(("second", 1, 16 + row, n) for row in range(4) for n in (0, 1))]
        steps = pl.read_parquet(self.run / "metrics.parquet").filter(pl.col("stage") == "first")["step"].to_list()
        assert steps == [1, 2, 3, 4]
        assert self.record["ended"] == "succeeded"
        written = sum(file.read_text().count("\n") for file in self.run.rglob("outcomes/*.jsonl"))
        assert written == rollouts.height + sum(each["set_aside"] for each in self.record["attempts"])
        assert processes_of(self.run) == []
