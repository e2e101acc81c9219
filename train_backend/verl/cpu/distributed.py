"""Let verl open a process group whose only device is the CPU."""

import functools
from typing import Any

import torch.distributed


def deduplicate_gloo() -> None:
    """Accept the backend `cpu:gloo,cpu:gloo`, which torch refuses because it names one device twice.

    verl builds it as `cpu:gloo,{device}:{backend}` (utils/distributed.py:63 and :89) and offers no setting.
    """
    initialise = torch.distributed.init_process_group

    @functools.wraps(initialise)
    def init_process_group(backend: str | None = None, *args: Any, **kwargs: Any) -> None:
        initialise("cpu:gloo" if backend == "cpu:gloo,cpu:gloo" else backend, *args, **kwargs)

    torch.distributed.init_process_group = init_process_group
