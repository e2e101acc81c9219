"""What does not fit is refused before anything is written, and says what to change."""

from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from crossthink.errors import UserError
from crossthink.workspace import Workspace
from tests.train_backend.support import Question, two_components, write_blend
from train_backend.backend import find_backend
from train_backend.runs import train

PLAN = """
name: test
model: {{tiny: {{vocabulary: 300, hidden: 16}}}}
stages: [{{kind: grpo, batch_size: {batch}, max_prompt_length: {prompt}, max_response_length: 8{more}}}]
resources: {{platform: cpu}}
"""
Attempt = Callable[..., Path]


@pytest.fixture
def attempt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Attempt:
    """Dry-runs a plan on a small blend, without verl's own validation, which has its own tests."""
    monkeypatch.setattr("train_backend.verl.backend.check_with_verl", lambda plan, config: None)
    workspace = Workspace(tmp_path / "workspace")
    questions = [
        *two_components(14),
        Question("math", "Why? " * 60, "1", "number"),
        Question("math", "1?", "1", "number"),
    ]
    write_blend(workspace.manifests, questions, batch_size=4)

    def run(batch: int = 4, prompt: int = 4000, more: str = "") -> Path:
        plan = tmp_path / "plan.yaml"
        plan.write_text(PLAN.format(batch=batch, prompt=prompt, more=more))
        return train(workspace, "small", plan, dry_run=True, again=False, console=Console(quiet=True))

    return run


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"batch": 8}, "batch_size is 8, and the manifest's batches have 4 rows"),
        ({"more": ", steps: 5"}, "steps is 5, and small has 4 batches"),
        ({"more": ", mini_batch_size: 3"}, "batch_size 4 is not a multiple of mini_batch_size 3"),
    ],
)
def test_a_plan_that_does_not_fit_the_manifest(attempt: Attempt, changes: dict[str, object], said: str) -> None:
    with pytest.raises(UserError) as refused:
        attempt(**changes)
    assert said in str(refused.value)


def test_a_prompt_over_the_limit_names_the_row_its_length_and_the_limit(attempt: Attempt) -> None:
    with pytest.raises(UserError, match=r"row [0-9a-f]+ has a prompt of \d+ tokens.*max_prompt_length is 150"):
        attempt(prompt=150)


def test_a_row_that_is_not_trained_on_may_be_long(attempt: Attempt) -> None:
    assert (attempt(prompt=150, more=", steps: 3") / "grpo" / "command.sh").exists()


def test_rendering_again_gives_the_same_bytes(attempt: Attempt) -> None:
    def contents(run: Path) -> dict[str, bytes]:
        return {str(path.relative_to(run)): path.read_bytes() for path in run.rglob("*") if path.is_file()}

    first = contents(attempt())
    assert first == contents(attempt())
    assert {"grpo/config.yaml", "grpo/rows.parquet", "grpo/command.sh", "model/model.safetensors"} <= set(first)


def test_an_unknown_backend_names_those_there_are() -> None:
    with pytest.raises(UserError, match=r"backend 'verI'.*There are: verl"):
        find_backend("verI")
