"""A plan is held to the CPUs that Ray will count, before anything waits for them."""

from pathlib import Path

import pytest

from crossthink.errors import UserError
from train_backend.backend import RenderedStage
from train_backend.plan import SHIPPED, Plan, load_plan
from train_backend.verl.backend import VerlBackend
from train_backend.verl.cores import check_cores, cores_needed


def one_device(**overrides: int) -> Plan:
    grpo = {"kind": "grpo", "batch_size": 4, "max_prompt_length": 8, "max_response_length": 8, "overrides": overrides}
    plan = {"name": "one", "model": {"path": "a/b"}, "stages": [grpo], "resources": {"platform": "cuda"}}
    return Plan.model_validate(plan)


@pytest.mark.parametrize(("cores", "fits"), [(2, False), (5, False), (6, True), (None, False)])
def test_a_small_machine_is_refused_with_both_numbers(
    monkeypatch: pytest.MonkeyPatch, cores: int | None, fits: bool
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: cores)
    if fits:
        check_cores(one_device())
        return
    with pytest.raises(UserError, match=rf"stage grpo: verl asks Ray for 6 CPUs, and there are {cores or 1}"):
        check_cores(one_device())


def test_the_count_that_a_plan_tells_ray_is_the_one_that_matters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    check_cores(one_device(**{"ray_kwargs.ray_init.num_cpus": 6}))
    with pytest.raises(UserError, match="there are 5"):
        check_cores(one_device(**{"ray_kwargs.ray_init.num_cpus": 5}))


def test_the_cpu_platform_runs_on_two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    check_cores(load_plan(SHIPPED / "cpu-demo.yaml"))


def test_eight_devices_need_more_than_a_small_server_has() -> None:
    assert cores_needed(load_plan(SHIPPED / "paper-7b.yaml").resources) == 3 * 8 + 8 + 2


def test_several_nodes_need_the_address_of_a_cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many CPUs this machine has: Ray would start here alone and wait for the other nodes."""
    monkeypatch.setattr("os.cpu_count", lambda: 1000)
    plan = load_plan(SHIPPED / "paper-7b-4-nodes.yaml")
    stage = RenderedStage("grpo", tmp_path / "grpo", 1, headline="reward")
    with pytest.raises(UserError, match=r"resources\.nodes is 4, and without --ray-address.* or set nodes: 1"):
        VerlBackend().launch(stage, plan, lambda: None)
