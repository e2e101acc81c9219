"""What verl 0.9.1 does without a word, or hours later, and the tests that fail if one of these traps is open again.

A few have their test here; of the others it is said where they are, and held to be there.
"""

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from blends.export.verl import TRAINING_SCHEMA
from train_backend.plan import SHIPPED, load_plan
from train_backend.verl.config import resolved
from train_backend.verl.dialect import GRPO_CONFIG, grpo_settings

TRAPS = {
    "the order of rows depends on shuffle, seed and the loader's workers": [
        "test_order.py::test_verl_reads_the_manifests_order_and_reads_on_in_it_after_any_checkpoint",
        "test_verl_config.py::test_nothing_in_verl_may_change_the_order",
        "test_traps.py::test_the_loader_has_no_workers_of_its_own",
    ],
    "rows whose prompt is long, or cannot be read, are dropped or cut on the left": [
        "test_check.py::test_a_prompt_over_the_limit_names_the_row_its_length_and_the_limit",
        "test_verl_config.py::test_nothing_in_verl_may_change_the_order",
    ],
    "ground truths of several types, and columns that change the rollouts of a row": [
        "test_export.py::test_the_types_are_the_same_whatever_the_answers_are",
        "test_traps.py::test_no_column_of_a_row_means_something_else_to_verl",
    ],
    "a data loader's place is restored over other rows": [
        "test_resume.py::test_what_changed_since_the_run_began_is_named_and_nothing_is_touched",
        "test_runs.py::test_rows_that_changed_after_rendering_are_not_trained_on",
        "test_verl_config.py::test_nothing_in_verl_may_change_the_order",
    ],
    "a half-written checkpoint stands in its final place": [
        "test_checkpoints.py::test_one_that_is_not_whole_is_set_aside_and_the_one_before_it_taken",
        "test_checkpoints.py::test_torch_leaves_no_whole_archive_on_a_full_disk",
    ],
    "the metrics file is emptied by every start": [
        "test_checkpoints.py::test_a_command_starts_over_nothing_that_is_left",
        "test_run.py::test_it_went_on_from_the_checkpoint_with_the_rows_of_an_uninterrupted_run",
    ],
    "a sampler, a curriculum or generated data that 0.9 no longer has": [
        "test_verl_config.py::test_an_override_that_would_mislead_is_refused",
    ],
    "the reward's old keys compose and are ignored, and verl's own scorers take over": [
        "test_verl_config.py::test_what_verl_lets_through_is_refused_with_the_key",
        "test_verl_config.py::test_an_override_that_would_mislead_is_refused",
        "test_export.py::test_no_data_source_is_one_that_verl_scores_by_itself",
        "test_reward_safety.py::test_verl_loads_the_reward_by_its_path_and_its_manager_counts_the_tokens",
    ],
    "a reward has to have the same keys for every row": [
        "test_reward.py::test_any_text_is_scored_with_the_same_keys",
    ],
    "names that are in no registry, numbers out of range, batches that do not divide": [
        "test_verl_config.py::test_what_verl_lets_through_is_refused_with_the_key",
        "test_check.py::test_a_plan_that_does_not_fit_the_manifest",
        "test_check.py::test_a_plan_that_does_not_fit_the_manifests_tokenizer_or_the_machine",
    ],
    "defaults that are not the paper's: gae, two devices a model, a clip ratio that is not used": [
        "test_verl_config.py::test_the_papers_recipe_under_verls_names",
        "test_verl_config.py::test_the_clip_ratio_reaches_both_bounds_that_verl_really_uses",
        "test_traps.py::test_a_model_is_on_as_many_devices_as_the_plan_says",
    ],
    "the KL in the loss and in the reward at once": [
        "test_verl_config.py::test_the_kl_is_in_the_reward_or_in_the_loss_and_never_in_both",
    ],
    "another trainer mode lets the policy run behind, with another batch size": [
        "test_verl_config.py::test_an_override_that_would_mislead_is_refused",
    ],
    "a failed group ends the run with an error that does not say why": [
        "test_run.py::test_a_rollout_actor_that_is_killed_ends_the_run_and_the_cause_is_found_in_the_log",
        "test_cause.py::test_the_first_worker_that_died_is_named_and_not_those_that_waited_for_it",
    ],
    "a worker that dies can leave the trainer waiting for ever": [
        "test_launch.py::test_a_stage_without_progress_is_ended_with_its_children",
        "test_faults.py::test_a_stall_keeps_what_it_has_and_goes_on",
    ],
    "more CPUs, or nodes, than there are: it waits for ever": [
        "test_cores.py::test_a_small_machine_is_refused_with_both_numbers",
        "test_cores.py::test_several_nodes_need_the_address_of_a_cluster",
    ],
    "a cluster that the shell knows is joined": [
        "test_launch.py::test_a_cluster_that_the_shell_knows_is_not_joined",
    ],
    "interfaces move in every minor version": [
        "test_release.py::test_another_minor_version_is_refused_with_the_keys_that_it_lacks",
        "test_golden.py::test_a_plan_is_rendered_as_its_golden_file_says",
    ],
    "float32 is autocast to bfloat16, and weights may not reach the rollouts": [
        "test_traps.py::test_the_test_platform_computes_in_float32",
        "test_run.py::test_the_rollouts_came_from_the_policy_that_is_trained",
    ],
    "the test platform's device is a number that Ray counts": [
        "remote_head.py::test_the_test_platform_does_not_go_to_a_cluster",
    ],
    "a length cannot change within a launch": [
        "test_run.py::test_a_stage_has_its_own_lengths_rollouts_reward_and_kl",
    ],
}


@pytest.mark.parametrize("trap", TRAPS)
def test_a_trap_has_the_tests_that_are_said_to_guard_it(trap: str) -> None:
    for place in TRAPS[trap]:
        file, name = place.split("::")
        source = (Path(__file__).parent / file).read_text(encoding="utf-8")
        assert re.search(rf"^def {name}\(", source, re.MULTILINE), place


@cache
def composed(name: str) -> Any:
    plan = load_plan(SHIPPED / f"{name}.yaml")
    stage: Any = plan.in_order[-1].settings
    return resolved(GRPO_CONFIG, grpo_settings(plan, stage, name="grpo", steps=3, model="model"), stage.overrides)


PLANS = sorted(path.stem for path in SHIPPED.glob("*.yaml") if "backend" not in path.read_text())


@pytest.mark.parametrize("name", PLANS)
def test_the_loader_has_no_workers_of_its_own(name: str) -> None:
    """With any, the same seed gives another shuffle."""
    assert composed(name).data.dataloader_num_workers == 0


@pytest.mark.parametrize("name", PLANS)
def test_a_model_is_on_as_many_devices_as_the_plan_says(name: str) -> None:
    plan = load_plan(SHIPPED / f"{name}.yaml")
    assert composed(name).actor_rollout_ref.rollout.tensor_model_parallel_size == plan.resources.tensor_parallel


def test_no_column_of_a_row_means_something_else_to_verl() -> None:
    """agent_loop_tq.py reads `__rollout_n__` and `__do_sample__` off a row, and `agent_name` chooses another loop."""
    assert TRAINING_SCHEMA.names == ["data_source", "prompt", "ability", "reward_model", "extra_info"]
    extra = TRAINING_SCHEMA.field("extra_info").type
    lifted = {"tools_kwargs", "interaction_kwargs", "need_tools_kwargs"}
    assert lifted.isdisjoint(extra.field(place).name for place in range(extra.num_fields))


def test_the_test_platform_computes_in_float32() -> None:
    """`dtype: float32` alone still runs every pass under bfloat16."""
    for role in ("actor", "ref"):
        engine = composed("cpu-demo").actor_rollout_ref[role].fsdp_config
        assert (engine.dtype, engine.mixed_precision.param_dtype) == ("float32", "fp32")
