"""A test platform: real verl on a machine without an accelerator.

verl 0.9.1 knows cuda, rocm and npu. This plugin adds `cpu` through verl's own hooks, so that the whole GRPO loop
(agent loop, reward loop, advantage, FSDP2 update, weight sync, checkpoints) runs as verl's own code on a laptop or in
CI. It says nothing about CUDA kernels, NCCL, flash-attention, sequence packing, vLLM, memory or speed, and must never
be used on a cluster: its "GPU" is a number that Ray counts, with no device behind it.

verl loads it in every process that imports verl, at the end of `verl/__init__.py`:

    VERL_USE_EXTERNAL_MODULES=train_backend.verl.cpu VERL_PLATFORM=cpu

Importing it without `VERL_PLATFORM=cpu` changes nothing. Every shim names the verl line that makes it necessary.
"""

import os

ROLLOUT_NAME = "transformers_cpu"


def install() -> None:
    """Register the platform and the rollout server, and repair what verl assumes of an accelerator."""
    from verl.workers.rollout import base
    from verl.workers.rollout.replica import RolloutReplicaRegistry

    from train_backend.verl.cpu import distributed, platform

    platform.register()
    distributed.deduplicate_gloo()
    RolloutReplicaRegistry.register(ROLLOUT_NAME, _replica_class)
    # workers/rollout/base.py:89 keeps the adapters in a private table and offers no register function.
    base._ROLLOUT_REGISTRY[(ROLLOUT_NAME, "async")] = "train_backend.verl.cpu.rollout.ServerAdapter"


def _replica_class() -> type:
    from train_backend.verl.cpu.rollout import Replica

    return Replica


if os.environ.get("VERL_PLATFORM") == "cpu":
    install()
