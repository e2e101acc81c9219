"""What this machine lacks for a plan: nodes, and CPUs as Ray counts them. A stage that asks for more waits for ever without a word.

What verl 0.9.1 holds while it trains: three for each device (`ResourcePoolManager`, single_controller/ray/base.py:192), one
for each storage unit of TransferQueue and one for its controller (`num_cpus=1` each). Every other actor needs one that is
free while it starts, and holds none afterwards.
"""

import os

from crossthink.errors import UserError
from train_backend.plan import GRPOStage, Plan, Resources
from train_backend.verl.dialect import storage_units

FOR_A_DEVICE, FOR_THE_CONTROLLER, FOR_STARTING = 3, 1, 1
COUNT_KEY = "ray_kwargs.ray_init.num_cpus"


def cores_needed(resources: Resources) -> int:
    """Return the CPUs that Ray has to count for a grpo stage."""
    devices = resources.nodes * resources.gpus_per_node
    return FOR_A_DEVICE * devices + storage_units(resources) + FOR_THE_CONTROLLER + FOR_STARTING


def check_one_node(plan: Plan) -> None:
    """Refuse to launch a plan of several nodes on one: Ray would start here alone and wait for the others.

    Raises:
        UserError: it needs the address of a cluster.
    """
    nodes = plan.resources.nodes
    if nodes > 1:
        raise UserError(
            f"plan {plan.name}: resources.nodes is {nodes}, and without --ray-address this machine is all there is. Start Ray"
            f" on {nodes} nodes and give its head: --ray-address http://HEAD:8265; or set nodes: 1"
        )


def check_cores(plan: Plan) -> None:
    """Hold a plan's grpo stages to this machine, or to the count that the plan tells Ray; the CPU platform has its own.

    Raises:
        UserError: Ray would wait for CPUs that it never has.
    """
    if plan.resources.platform == "cpu":
        return
    needed = cores_needed(plan.resources)
    for stage in plan.in_order:
        if isinstance(stage.settings, GRPOStage):
            found = stage.settings.overrides.get(COUNT_KEY) or os.cpu_count() or 1
            if isinstance(found, int) and found < needed:
                raise UserError(
                    f"plan {plan.name}, stage {stage.name}: verl asks Ray for {needed} CPUs, and there are {found}: it"
                    f" would wait for ever. Use a machine with {needed}, submit to a cluster with --ray-address, or have"
                    f" Ray count more than there are with the override {COUNT_KEY}: {needed}"
                )
