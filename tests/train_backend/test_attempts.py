"""What counts of several attempts at a run: every step once, and nothing is thrown away."""

import json
from collections import Counter
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from train_backend.attempts import attempts, new_attempt_folder, set_aside
from train_backend.backend import RenderedStage
from train_backend.rollouts import collect_metrics, collect_rollouts, count_set_aside

STEPS, BATCH = 6, 4


class Trainer:
    """Writes an outcome for each row of a step and a line of metrics, and keeps a checkpoint every so many steps."""

    def __init__(self, run: Path) -> None:
        self.stage = RenderedStage("grpo", run / "grpo", STEPS, headline="score")
        self.run = run
        self.attempt = 0

    def steps(self, first: int, reached: int, answered: int) -> None:
        """Do whole steps up to one, then answer some rows of the next."""
        self.attempt += 1
        self.stage.outcomes.mkdir(parents=True)
        self.stage.log.write_text(f"attempt {self.attempt}")
        lines = [(step, place) for step in range(first, reached + 1) for place in range(BATCH)]
        lines += [(reached + 1, place) for place in range(answered)]
        (self.stage.outcomes / "same-name.jsonl").write_text("".join(map(self._outcome, lines)))
        self.stage.metrics.write_text(
            "".join(
                f'{{"step": {step}, "data": {{"attempt": {self.attempt}}}}}\n' for step in range(first, reached + 1)
            )
        )

    def _outcome(self, line: tuple[int, int]) -> str:
        step, place = line
        response = f"attempt {self.attempt}"
        return json.dumps({"step": step, "position": (step - 1) * BATCH + place, "response": response}) + "\n"

    def go_on_after(self, step: int) -> None:
        set_aside(self.run, new_attempt_folder(self.run), "killed", {self.stage: step}, "run.json")


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(0, STEPS), st.integers(0, BATCH), st.integers(0, STEPS)), max_size=4))
def test_every_step_counts_once_whatever_was_interrupted_and_wherever_it_went_on(
    tmp_path_factory: pytest.TempPathFactory, interruptions: list[tuple[int, int, int]]
) -> None:
    """An interruption: the step that was reached, the answers to the next, and the step that the next attempt went on after."""
    run = tmp_path_factory.mktemp("run")
    trainer, stands = Trainer(run), 0
    for reached, answered, checkpoint in interruptions:
        reached = max(reached, stands)
        trainer.steps(stands + 1, reached, answered if reached < STEPS else 0)
        stands = min(checkpoint, reached)
        trainer.go_on_after(stands)
    trainer.steps(stands + 1, STEPS, 0)

    order = pl.DataFrame({"position": range(STEPS * BATCH), "source": ["s"] * STEPS * BATCH})
    order.write_parquet(run / "order.parquet")
    rewards = collect_rollouts([trainer.stage], run / "order.parquet", "run", run / "rollouts.parquet")
    collect_metrics([trainer.stage], "run", run / "metrics.parquet")
    rollouts = pl.read_parquet(run / "rollouts.parquet")
    assert [(each.step, each.responses) for each in rewards] == [(step, BATCH) for step in range(1, STEPS + 1)]
    assert rollouts["position"].to_list() == list(range(STEPS * BATCH))
    assert pl.read_parquet(run / "metrics.parquet")["step"].to_list() == list(range(1, STEPS + 1))
    written = sum(path.read_text().count("\n") for path in run.rglob("*.jsonl") if path.parent.name == "outcomes")
    aside = sum(sum(stages.values()) for stages in count_set_aside([trainer.stage]).values())
    assert written == rollouts.height + aside


def test_a_kill_while_things_are_set_aside_changes_nothing_of_what_counts(tmp_path: Path) -> None:
    trainer = Trainer(tmp_path)
    trainer.steps(1, 3, 2)
    half = tmp_path / "elsewhere"
    trainer.stage.outcomes.rename(half)  # the kill: the first attempt's folder has its record and no more
    trainer.go_on_after(2)
    half.rename(trainer.stage.outcomes)
    trainer.go_on_after(2)
    trainer.steps(3, 4, 0)
    order = pl.DataFrame({"position": range(STEPS * BATCH), "source": ["s"] * STEPS * BATCH})
    order.write_parquet(tmp_path / "order.parquet")
    rewards = collect_rollouts([trainer.stage], tmp_path / "order.parquet", "run", tmp_path / "rollouts.parquet")
    assert [(each.step, each.responses) for each in rewards] == [(step, BATCH) for step in range(1, 5)]


def test_each_attempt_keeps_its_log_its_record_and_how_it_ended(tmp_path: Path) -> None:
    trainer = Trainer(tmp_path)
    for after in (2, 1):
        trainer.steps(1, 3, 0)
        (tmp_path / "run.json").write_text(f"record before {after}")
        trainer.go_on_after(after)
    assert [(each.number, each.ended, dict(each.after)) for each in attempts(tmp_path)] == [
        (1, "killed", {"grpo": 2}),
        (2, "killed", {"grpo": 1}),
    ]
    logs = Counter(path.read_text() for path in tmp_path.glob("attempts/*/grpo/log.txt"))
    assert logs == {"attempt 1": 1, "attempt 2": 1}
    assert (tmp_path / "attempts/2/run.json").read_text() == "record before 1"
    assert not trainer.stage.outcomes.exists() and not trainer.stage.metrics.exists()
