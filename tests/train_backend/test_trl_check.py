"""What TRL cannot do as a plan means it is refused, and what it gets is the plan and the manifest."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from crossthink.errors import UserError
from crossthink.workspace import Workspace
from tests.train_backend.support import two_components, write_blend
from train_backend.backend import RenderedStage
from train_backend.plan import GRPOStage, Plan
from train_backend.runs import train
from train_backend.trl import release
from train_backend.trl.backend import TrlBackend
from train_backend.trl.dialect import arguments

GRPO = "kind: grpo, batch_size: 4, max_prompt_length: 400, max_response_length: 8"
SFT = "{kind: sft, steps: 1, batch_size: 4, learning_rate: 1.0e-3, max_length: 400}"
DPO = "kind: dpo, steps: 1, batch_size: 4, max_length: 400"
PLAN = """
name: test
backend: {backend}
model: {{tiny: {{vocabulary: 300, hidden: 16}}}}
stages: [{stages}]
resources: {{{resources}}}
"""
Attempt = Callable[..., Path]


@pytest.fixture
def attempt(tmp_path: Path) -> Attempt:
    """Dry-runs a plan on a small blend."""
    workspace = Workspace(tmp_path / "workspace")
    write_blend(workspace.manifests, two_components(16), batch_size=4)

    def run(stages: str = f"{{{GRPO}}}", resources: str = "platform: cpu", backend: str = "trl") -> Path:
        plan = tmp_path / "plan.yaml"
        plan.write_text(PLAN.format(stages=stages, resources=resources, backend=backend))
        return train(workspace, "small", plan, dry_run=True, again=False, console=Console(quiet=True))

    return run


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("max_total_length: 404", "grpo.max_total_length is 404: TRL bounds the response alone"),
        ("mini_batch_size: 2", "grpo.mini_batch_size is 2: TRL counts updates as steps"),
        ("kl_in: reward", "grpo.kl_in is reward: TRL has the KL in the loss only"),
        ("kl_estimate: k1", "grpo.kl_estimate is k1: TRL estimates by k3 only"),
        ("entropy_coefficient: 0.1", "grpo.entropy_coefficient is 0.1: TRL averages the entropy within each pass"),
    ],
)
def test_what_trl_cannot_do_is_refused_with_its_key_and_the_reason(attempt: Attempt, asked: str, said: str) -> None:
    with pytest.raises(UserError) as refused:
        attempt(f"{{{GRPO}, {asked}}}")
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("resources", "said"),
    [
        ("platform: cuda, nodes: 2", "resources.nodes is 2"),
        ("platform: cuda, gpus_per_node: 2, tensor_parallel: 2", "resources.tensor_parallel is 2"),
    ],
)
def test_several_machines_and_a_shared_model_are_refused(attempt: Attempt, resources: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        attempt(resources=resources)


def test_without_a_kl_its_place_and_estimate_mean_nothing(attempt: Attempt) -> None:
    run = attempt(f"{{{GRPO}, kl_coefficient: 0, kl_in: reward, kl_estimate: k1}}")
    assert json.loads((run / "grpo/config.json").read_text())["arguments"]["beta"] == 0


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        ("{temperatur: 1}", "temperatur is no argument of GRPOConfig in trl 1.16. Did you mean 'temperature'"),
        ("{shuffle_dataset: true}", "shuffle_dataset is already decided by the plan or the manifest"),
        ("{delta: high}", "delta is 'high', expected"),
        ("{steps_per_generation: 2}", "trl 1.16 refuses the arguments of a grpo stage"),
    ],
)
def test_overrides_are_trls_own_arguments(attempt: Attempt, overrides: str, said: str) -> None:
    with pytest.raises(UserError, match="plan test, stage grpo: ") as refused:
        attempt(f"{{{GRPO}, overrides: {overrides}}}")
    assert said in str(refused.value)


def test_an_override_reaches_the_configuration_that_runs(attempt: Attempt) -> None:
    run = attempt(f"{{{GRPO}, overrides: {{mask_truncated_completions: true}}}}")
    assert json.loads((run / "grpo/config.json").read_text())["arguments"]["mask_truncated_completions"] is True


def test_rendering_again_gives_the_same_bytes_and_a_dry_run_says_what_comes_later(attempt: Attempt) -> None:
    stages = f"{SFT}, {{{GRPO}}}, {{{DPO}}}"

    def contents(run: Path) -> dict[str, bytes]:
        return {str(path.relative_to(run)): path.read_bytes() for path in run.rglob("*") if path.is_file()}

    first = contents(attempt(stages))
    assert contents(attempt(stages)) == first
    assert "dpo/prompts.parquet" in first and "dpo/rows.parquet" not in first


def test_a_preference_stage_says_what_it_waits_for(tmp_path: Path) -> None:
    blend = write_blend(tmp_path, two_components(8), batch_size=4)
    plan = plan_of([stage(batch_size=4), {"kind": "dpo", "steps": 1, "batch_size": 4, "max_length": 400}])
    later = [each.later for each in TrlBackend().render(plan, blend, tmp_path / "run")]
    assert later == ["", "its pairs are made from the responses of grpo, when that stage has ended"]


def test_verl_refuses_a_preference_stage_by_its_name(attempt: Attempt) -> None:
    with pytest.raises(UserError, match=r"stage dpo: verl has no preference stage; 'backend: trl' has one"):
        attempt(f"{{{GRPO}}}, {{{DPO}}}", backend="verl")


def test_another_minor_version_of_trl_is_refused_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    release.refuse_another_release()
    monkeypatch.setattr(release, "version", lambda package: "1.17.0")
    with pytest.raises(UserError, match=r"trl 1\.17\.0 is installed, and this backend speaks trl 1\.16"):
        release.refuse_another_release()


def test_neither_verl_nor_ray_is_loaded_and_to_check_a_plan_not_even_trl() -> None:
    code = """
import json, sys
import train_backend.trl.backend
before = [name for name in ("torch", "transformers", "trl", "verl", "ray") if name in sys.modules]
import train_backend.trl.main
print(json.dumps([before, [name for name in ("verl", "ray") if name in sys.modules]]))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [[], []]


def test_a_stage_that_was_cut_short_begins_anew_and_keeps_what_it_left(tmp_path: Path) -> None:
    rendered = RenderedStage("grpo", tmp_path / "grpo", steps=9, headline="reward")
    (rendered.checkpoints / "checkpoint-5").mkdir(parents=True)
    for _ in range(2):
        assert TrlBackend().rewind(rendered, tmp_path / "aside") == 0
        assert (tmp_path / "aside/checkpoints/checkpoint-5").exists() and not rendered.checkpoints.exists()


def stage(**changes: Any) -> dict[str, Any]:
    return {"kind": "grpo", "batch_size": 8, "max_prompt_length": 400, "max_response_length": 8, **changes}


def plan_of(stages: list[dict[str, Any]], **resources: Any) -> Plan:
    return Plan.model_validate(
        {
            "name": "test",
            "model": {"tiny": {"vocabulary": 300, "hidden": 16}},
            "stages": stages,
            "resources": {"platform": "cpu", **resources},
        }
    )


@given(
    batch=st.integers(1, 64),
    rollouts=st.integers(2, 16),
    devices=st.sampled_from([1, 2, 4]),
    tokens=st.integers(408, 9000),
)
def test_the_passes_of_a_step_are_of_one_size_and_hold_all_of_it(
    batch: int, rollouts: int, devices: int, tokens: int
) -> None:
    settings = stage(batch_size=batch * devices, rollouts=rollouts, tokens_per_gpu=tokens)
    plan = plan_of([settings], platform="cuda", gpus_per_node=devices)
    (named,) = plan.in_order
    assert isinstance(named.settings, GRPOStage)
    found = arguments(named.settings, plan.resources, name="grpo", steps=1)
    one_pass = found["per_device_train_batch_size"]
    responses = batch * devices * rollouts
    assert one_pass * found["gradient_accumulation_steps"] * devices == found["generation_batch_size"] == responses
    assert one_pass * 408 <= tokens


def test_each_stage_starts_from_the_last_checkpoint_of_the_one_before(attempt: Attempt) -> None:
    run = attempt(f"{SFT}, {{{GRPO}, steps: 2}}, {{{DPO}}}")
    models = [json.loads((run / name / "config.json").read_text())["model"] for name in ("sft", "grpo", "dpo")]
    assert models == ["./model", "./sft/checkpoints/checkpoint-1", "./grpo/checkpoints/checkpoint-2"]
