"""What a plan may ask and TRL cannot do as it is meant: each refused with its key, what was found, and the reason.

Where TRL has something alike under a name of its own, `overrides` reaches it, and the reason says so.
"""

from collections.abc import Iterator

from crossthink.errors import UserError
from train_backend.plan import GRPOStage, Plan


def refuse_what_trl_cannot(plan: Plan) -> None:
    """Hold a plan to what TRL can do.

    Raises:
        UserError: with every key that asks for more, one a line.
    """
    found = [
        *_of_the_machine(plan),
        *(fault for each in plan.in_order for fault in _of_stage(each.name, each.settings)),
    ]
    if found:
        lines = "".join(f"\n  {fault}" for fault in found)
        raise UserError(f"plan {plan.name}: TRL cannot do this as it is meant:{lines}")


def _of_the_machine(plan: Plan) -> Iterator[str]:
    machine = plan.resources
    if machine.nodes > 1:
        yield f"resources.nodes is {machine.nodes}: this backend trains on one machine; 'backend: verl' goes to a cluster"
    if machine.tensor_parallel > 1:
        yield (
            f"resources.tensor_parallel is {machine.tensor_parallel}: TRL shares rows over devices, not a model; with vLLM,"
            " overrides reach vllm_tensor_parallel_size"
        )


def _of_stage(name: str, stage: object) -> Iterator[str]:
    if not isinstance(stage, GRPOStage):
        return
    if stage.max_total_length:
        yield (
            f"{name}.max_total_length is {stage.max_total_length}: TRL bounds the response alone; leave it out, or lower"
            " max_response_length (with vLLM, overrides reach vllm_max_model_length)"
        )
    if stage.mini_batch_size not in (None, stage.batch_size):
        yield (
            f"{name}.mini_batch_size is {stage.mini_batch_size}: TRL counts updates as steps, so a step of {stage.batch_size}"
            " prompts is one update"
        )
    if stage.kl_coefficient and stage.kl_in == "reward":
        yield f"{name}.kl_in is reward: TRL has the KL in the loss only"
    if stage.kl_coefficient and stage.kl_estimate != "k3":
        yield f"{name}.kl_estimate is {stage.kl_estimate}: TRL estimates by k3 only"
    if stage.entropy_coefficient:
        yield (
            f"{name}.entropy_coefficient is {stage.entropy_coefficient:g}: TRL averages the entropy within each pass and not"
            " over the step; overrides reach its entropy_coef"
        )
