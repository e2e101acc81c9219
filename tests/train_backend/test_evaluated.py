"""A run's last checkpoint is evaluated as it was trained: by its blend's wording, on this machine, without a server."""

import json
from io import StringIO
from pathlib import Path

import polars as pl
import pytest
from rich.console import Console

from blends.prompts import prompt_digest
from blends.recipe import Prompt
from crossthink.errors import UserError
from crossthink.workspace import Workspace
from curate.solving.questions import COLUMNS
from manifests.store import load
from tests.support import CommandLine
from tests.train_backend.support import two_components, write_blend
from tests.train_backend.test_overview import PLAN, ScoringBackend
from train_backend.evaluated import checkpoint_of
from train_backend.plan import TinyModel
from train_backend.runs import train
from train_backend.tiny import build_tokenizer, write_model

RUN = "small-v1-pretend"


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A workspace with a finished run that kept no checkpoint."""
    root = tmp_path / "workspace"
    write_blend(Workspace(root).manifests, two_components(16), batch_size=4)
    (tmp_path / "plan.yaml").write_text(PLAN)
    monkeypatch.setattr("train_backend.runs.find_backend", lambda name: ScoringBackend())
    train(Workspace(root), "small", tmp_path / "plan.yaml", dry_run=False, again=True, console=Console(file=StringIO()))
    path = root / "runs" / RUN / "manifest.json"
    manifest = json.loads(path.read_text())
    prompt = Prompt(open="{question} Box it.")
    manifest["recipe"]["prompt"], manifest["prompt_digest"] = prompt.model_dump(), prompt_digest(prompt)
    path.write_text(json.dumps(manifest))
    return Workspace(root)


def keep(workspace: Workspace, place: str) -> Path:
    folder = workspace.runs / RUN / place
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_text("")
    return folder


def test_the_last_step_of_the_last_stage_that_kept_one_is_taken(workspace: Workspace) -> None:
    with pytest.raises(UserError, match="the run has no checkpoint to evaluate; it is succeeded"):
        checkpoint_of(workspace.runs, RUN)
    first = keep(workspace, "first/checkpoints/global_step_900/actor/huggingface")
    assert checkpoint_of(workspace.runs, RUN).folder == first.absolute()
    keep(workspace, "second/checkpoints/global_step_9/actor/huggingface")
    last = keep(workspace, "second/checkpoints/global_step_10/actor/huggingface")
    (last.parents[1] / "config.json").write_text("{}")  # shards of the trainer's own, without weights of this form
    assert checkpoint_of(workspace.runs, RUN).folder == last.absolute()
    later = keep(workspace, "second/checkpoints/checkpoint-12")
    assert checkpoint_of(workspace.runs, RUN).folder == later.absolute()


def test_questions_are_put_as_the_blend_puts_them(workspace: Workspace) -> None:
    keep(workspace, "second/checkpoints/global_step_2/huggingface")
    words = checkpoint_of(workspace.runs, RUN).words
    row = dict.fromkeys(COLUMNS, "") | {"template": "mcq", "question": "Which?", "context": None, "options": ["x", "y"]}
    (messages,) = words.messages(pl.DataFrame([row], schema_overrides={"context": pl.String}))
    asked = Prompt().mcq.replace("{question}", "Which?").replace("{options}", "A. x\nB. y")
    assert messages == ({"role": "user", "content": asked},)
    assert words.prompt.digest == prompt_digest(Prompt(open="{question} Box it."))


def test_a_checkpoint_answers_on_this_machine(workspace: Workspace, tmp_path: Path, crossthink: CommandLine) -> None:
    folder = workspace.runs / RUN / "second/checkpoints/global_step_2/huggingface"
    tiny = TinyModel(hidden=16, layers=1, heads=2, vocabulary=300)
    write_model(folder, build_tokenizer(load(workspace.manifests, "small").rows_path, tiny), tiny, 256)
    (tmp_path / "sums.jsonl").write_text('{"question": "What is 2 plus 3?", "answer": "#### 5"}\n' * 2)
    source = "{name: sums, adapter: gsm8k, role: benchmark, files: [sums.jsonl]}"
    (tmp_path / "set.yaml").write_text(f"name: little\nsources:\n  - {source}\n")
    model = "{model: none, max_tokens: 4}"
    (tmp_path / "eval.yaml").write_text(f"name: e\nbenchmarks: set.yaml\nruns: 1\nmodel: {model}\n")
    code, shown, said = crossthink("eval", tmp_path / "eval.yaml", "--run", RUN, "-w", workspace.root)
    assert code == 0, said
    record = json.loads((workspace.evaluations / f"e-{RUN}/evaluation.json").read_text())
    assert (record["model"], record["run"], record["asked"]["prompts"].keys()) == (RUN, RUN, {"blend.v1"})
    assert f"evaluation e-{RUN}" in shown and record["asked"]["requests"] == 2
