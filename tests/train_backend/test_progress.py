"""What a person sees while a stage runs, read off the files that it writes."""

import json
from io import StringIO
from pathlib import Path
from typing import Literal

import pytest
from rich.console import Console

from train_backend import progress
from train_backend.backend import RenderedStage
from train_backend.progress import Progress, span


class Stage:
    """A stage that writes as told, at a time of its own."""

    def __init__(self, folder: Path, kind: Literal["sft", "grpo", "dpo"] = "grpo", steps: int = 10) -> None:
        self.rendered = RenderedStage(kind, folder, steps, headline="reward")
        self.rendered.outcomes.mkdir(parents=True)
        self.now = 0.0

    def answers(self, step: int, count: int, tokens: int = 20, process: int = 1) -> None:
        with (self.rendered.outcomes / f"{process}.jsonl").open("a") as file:
            file.write(count * (json.dumps({"step": step, "tokens": tokens}) + "\n"))

    def ends(self, step: int, value: float) -> None:
        with self.rendered.metrics.open("a") as file:
            file.write(json.dumps({"step": step, "data": {"reward": value}}) + "\n")


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    stage = Stage(tmp_path)
    monkeypatch.setattr(progress.time, "monotonic", lambda: stage.now)
    return stage


def console(terminal: bool = False) -> Console:
    return Console(file=StringIO(), width=120, force_terminal=terminal)


def said(console: Console) -> list[str]:
    assert isinstance(console.file, StringIO)
    return console.file.getvalue().splitlines()


def test_a_step_says_its_reward_length_throughput_and_what_is_left(stage: Stage) -> None:
    place = console()
    with Progress(stage.rendered, place) as shown:
        stage.now = 100.0  # start-up, which is no step's time
        stage.answers(1, 64, tokens=30)
        shown.update()
        stage.now = 110.0
        stage.answers(1, 64, tokens=10, process=2)
        stage.ends(1, 0.25)
        shown.update()
        stage.now = 130.0
        stage.answers(2, 128, tokens=40)
        stage.ends(2, 0.5)
        shown.update()
    _, first, second = said(place)
    assert first == f"  step    1  reward 0.250  20 tokens  12.8 responses/s  256 tokens/s  {'█' * 8}"
    assert second.startswith("  step    2  reward 0.500  40 tokens  6.4 responses/s  256 tokens/s  3 min left  ")


def test_a_stage_that_goes_on_counts_from_where_it_stands(stage: Stage) -> None:
    place = console()
    with Progress(stage.rendered, place, after=8) as shown:
        for step in (9, 10):
            stage.now += 10
            stage.answers(step, 8)
            stage.ends(step, 0.5)
            shown.update()
    assert ": steps 9 to 10, log " in said(place)[0]
    assert "left" not in said(place)[-1]


def test_a_terminal_shows_the_step_that_runs(stage: Stage) -> None:
    place = console(terminal=True)
    with Progress(stage.rendered, place) as shown:
        stage.answers(1, 96)
        shown.update()
        assert shown._status.status == f"{stage.rendered.name}: 0 of 10 steps, 96 responses of the next"
        stage.ends(1, 0.5)
        shown.update()
        stage.answers(2, 32)
        shown.update()
        assert shown._status.status == f"{stage.rendered.name}: 1 of 10 steps, 32 responses of the next"


def test_a_warm_start_says_its_loss_ten_times_however_long_it_is(tmp_path: Path) -> None:
    for steps, lines in ((5, 5), (400, 10)):
        warm = Stage(tmp_path / str(steps), kind="sft", steps=steps)
        place = console()
        with Progress(warm.rendered, place) as shown:
            for step in range(1, steps + 1):
                warm.ends(step, 1 / step)
            shown.update()
        assert len([line for line in said(place) if "step " in line]) == lines
        assert said(place)[-1] == f"  loss 1.000 -> {1 / steps:.3f}"


def test_half_a_line_is_not_read_until_it_is_whole(stage: Stage) -> None:
    place = console()
    with Progress(stage.rendered, place) as shown:
        stage.rendered.metrics.write_text('{"step": 1, "data": {"rew')
        shown.update()
        with stage.rendered.metrics.open("a") as file:
            file.write('ard": 0.5}}\n')
    assert "reward 0.500" in said(place)[-1]


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (89, "89 s"), (90, "2 min"), (5399, "90 min"), (9000, "2.5 h")]
)
def test_a_span_of_time_is_said_in_the_unit_that_suits_it(seconds: float, text: str) -> None:
    assert span(seconds) == text
