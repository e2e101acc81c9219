"""What does not fit is refused before anything is written, and says what to change."""

from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from omegaconf import OmegaConf
from rich.console import Console

from blends.tokenizer import load_tokenizer
from crossthink.errors import UserError
from crossthink.workspace import Workspace
from manifests.manifest import TokenizerRecord
from manifests.store import write
from tests.train_backend.support import Question, two_components, write_blend
from train_backend.backend import find_backend
from train_backend.fit import start_model
from train_backend.plan import SHIPPED, TinyModel, load_plan
from train_backend.runs import train
from train_backend.tiny import build_tokenizer

PLAN = """
name: test
model: {{tiny: {{vocabulary: 300, hidden: 16}}}}
stages: [{{kind: grpo, batch_size: {batch}, max_prompt_length: {prompt}, max_response_length: 8{more}}}]
resources: {{platform: cpu}}
"""
GONE = "stage grpo-2: steps is 1, the stages before it take 4, and small has 4 batches"
Attempt = Callable[..., Path]


@pytest.fixture
def attempt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Attempt:
    """Dry-runs a plan on a small blend, without verl's own validation, which has its own tests."""
    monkeypatch.setattr("train_backend.verl.backend.check_with_verl", lambda plan, configs: None)
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
        ({"more": ", steps: 5"}, "steps is 5, and small has 4 batches; blend more rows, or change the plan"),
        ({"more": ", tokens_per_gpu: 4000"}, "tokens_per_gpu is 4000, and one answer may have 4008"),
        ({"more": ", steps: 4}, {kind: grpo, batch_size: 4, max_prompt_length: 9, max_response_length: 9"}, GONE),
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


def test_later_stages_have_the_rows_that_come_after_in_the_manifest(attempt: Attempt) -> None:
    second = "kind: grpo, batch_size: 4, max_prompt_length: 4000, max_response_length: 16"
    run = attempt(more=f", steps: 3}}, {{{second}")
    first, rest = (pq.read_table(run / name / "rows.parquet") for name in ("grpo-1", "grpo-2"))
    places = [row["index"] for table in (first, rest) for row in table["extra_info"].to_pylist()]
    assert (first.num_rows, places) == (12, list(range(16)))
    assert first.schema == rest.schema


CUDA = """
name: test
model: {{path: {model}}}
stages: [{{{stage}}}]
resources: {{platform: cuda, gpus_per_node: 8, tensor_parallel: {parallel}}}
"""
ON_CUDA = "kind: grpo, batch_size: 4, rollouts: {rollouts}, max_prompt_length: {limit}, max_response_length: 8"
SFT = "kind: sft, steps: 1, batch_size: {batch}, learning_rate: 1.0e-5, max_length: {limit}"


@pytest.fixture
def on_cuda(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Attempt:
    """Dry-runs a plan for 8 devices with a model in the working folder, on a blend that a tokenizer was named for."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("train_backend.verl.backend.check_with_verl", lambda plan, configs: None)
    workspace = Workspace(tmp_path / "workspace")
    rows = write_blend(workspace.manifests, two_components(8), batch_size=4)
    for name, vocabulary in (("measured", 300), ("another", 310)):
        build_tokenizer(rows.rows_path, TinyModel(vocabulary=vocabulary)).save_pretrained(tmp_path / name)
    digest = load_tokenizer(str(tmp_path / "measured")).digest
    record = TokenizerRecord(name="measured", digest=digest, max_prompt_tokens=200)
    draft = rows.manifest.model_copy(update={"tokenizer": record, "name": "limited"})
    write(workspace.manifests, draft, rows.rows())

    def run(
        model: str = "measured",
        limit: int = 200,
        rollouts: int = 8,
        parallel: int = 2,
        stage: str = ON_CUDA,
        batch: int = 8,
    ) -> Path:
        plan = tmp_path / "plan.yaml"
        values = {"model": model, "limit": limit, "rollouts": rollouts, "parallel": parallel, "batch": batch}
        plan.write_text(CUDA.format(stage=stage.format(**values), **values))
        return train(workspace, "limited", plan, dry_run=True, again=False, console=Console(quiet=True))

    return run


def test_a_folder_of_a_model_is_rendered_from_the_root_on_and_a_hub_id_as_it_is(
    on_cuda: Attempt, tmp_path: Path
) -> None:
    config = OmegaConf.load(on_cuda("measured") / "grpo" / "config.yaml")
    assert config.actor_rollout_ref.model.path == str(tmp_path / "measured")
    plan = load_plan(SHIPPED / "small-1-gpu.yaml")
    assert start_model(plan) == plan.model.path == "Qwen/Qwen2.5-0.5B-Instruct"


@pytest.mark.parametrize("path", ["./measured-not", "../measured-not", "/no/such/folder", "~/models", "models/of/mine"])
def test_a_path_that_is_no_hub_id_has_to_exist(on_cuda: Attempt, path: str) -> None:
    with pytest.raises(UserError, match=rf"model\.path {path}: no such folder"):
        on_cuda(path)


def test_the_tokenizer_that_the_manifest_names_is_accepted(on_cuda: Attempt) -> None:
    assert "measured" in (on_cuda() / "grpo" / "config.yaml").read_text()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"model": "another"}, "another has another tokenizer than the one limited@1 was measured with"),
        ({"limit": 199}, "max_prompt_length is 199, and limited@1 has prompts of up to 200 tokens"),
        ({"rollouts": 3}, "4 x 3 responses (mini_batch_size x rollouts), which 8 devices cannot share equally"),
        ({"parallel": 3}, "8 devices are no multiple of tensor_parallel"),
        ({"stage": SFT, "batch": 4}, "stage sft: batch_size is 4, which 8 devices cannot share equally"),
        ({"stage": SFT, "limit": 60}, "tokens, and max_length of plan test, stage sft is 60; raise it"),
        ({"stage": SFT, "model": "another"}, "another has another tokenizer than the one limited@1 was measured with"),
    ],
)
def test_a_plan_that_does_not_fit_the_manifests_tokenizer_or_the_machine(
    on_cuda: Attempt, changes: dict[str, object], said: str
) -> None:
    with pytest.raises(UserError) as refused:
        on_cuda(**changes)
    assert said in str(refused.value)


def test_a_warm_start_alone_is_rendered_when_its_rows_fit(on_cuda: Attempt) -> None:
    assert (on_cuda(stage=SFT) / "sft" / "command.sh").exists()


def test_a_tiny_model_is_refused_on_a_blend_that_names_a_tokenizer(on_cuda: Attempt, tmp_path: Path) -> None:
    plan = tmp_path / "plan.yaml"
    plan.write_text(PLAN.format(batch=4, prompt=400, more=""))
    workspace = Workspace(tmp_path / "workspace")
    with pytest.raises(UserError, match=r"model\.tiny makes a tokenizer of its own"):
        train(workspace, "limited", plan, dry_run=True, again=False, console=Console(quiet=True))


def test_a_changed_row_of_the_manifest_is_found_before_anything_is_written(attempt: Attempt, tmp_path: Path) -> None:
    rows = next((tmp_path / "workspace" / "manifests").rglob("*.parquet"))
    rows.chmod(0o644)
    rows.write_bytes(rows.read_bytes()[:-1] + b"x")
    with pytest.raises(UserError, match="sha256"):
        attempt()
    assert not list((tmp_path / "workspace").glob("runs/*/*"))


def test_an_unknown_backend_names_those_there_are() -> None:
    with pytest.raises(UserError, match=r"backend 'verI'.*There are: trl, verl"):
        find_backend("verI")
