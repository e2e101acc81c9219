"""The CPU as a verl platform: gloo, no streams, no device memory.

Each method answers a question of `verl/plugin/platform/platform_base.py` for a machine without an accelerator.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import torch
from verl.plugin.platform.platform_base import PlatformBase
from verl.plugin.platform.platform_manager import PlatformRegistry

_ZERO = (
    "memory_allocated",
    "memory_reserved",
    "max_memory_allocated",
    "max_memory_reserved",
    "current_device",
)
_NOTHING = (
    "empty_cache",
    "ipc_collect",
    "reset_accumulated_memory_stats",
    "reset_peak_memory_stats",
    "set_device",
    "set_per_process_memory_fraction",
    "synchronize",
)


def device_module() -> ModuleType:
    """`torch.cpu` with the memory statistics and random state that verl asks of `torch.<device>`.

    workers/engine_workers.py:219 reads `max_memory_allocated`; utils/memory_utils.py:41 and on read `memory_reserved`,
    `mem_get_info` and others; checkpoints save `get_rng_state`.
    """
    import psutil  # type: ignore[import-untyped]

    def mem_get_info(*_: Any) -> tuple[int, int]:
        memory = psutil.virtual_memory()
        return memory.available, memory.total

    module = ModuleType("train_backend.verl.cpu.device")
    vars(module).update({name: value for name, value in vars(torch.cpu).items() if not name.startswith("__")})
    vars(module).update({name: lambda *_, **__: 0 for name in _ZERO})
    vars(module).update({name: lambda *_, **__: None for name in _NOTHING})
    vars(module).update(
        mem_get_info=mem_get_info,
        get_device_name=lambda *_: "CPU",
        manual_seed=torch.manual_seed,
        manual_seed_all=torch.manual_seed,
        get_rng_state=torch.get_rng_state,
        set_rng_state=torch.set_rng_state,
    )
    return module


class CPUPlatform(PlatformBase):  # type: ignore[misc]
    """One logical device, named `cpu`, chosen only by `VERL_PLATFORM=cpu`."""

    device_name = "cpu"
    vendor_name = "cpu"

    def __init__(self) -> None:
        self._module = device_module()

    @property
    def device_module(self) -> ModuleType:
        return self._module

    def is_available(self) -> bool:
        return True

    def is_platform_available(self, use_smi_check: bool = False) -> bool:
        """Never picked by verl's own detection: a cluster must not fall back to a test platform."""
        return False

    def current_device(self) -> Any:
        """A device, not an index: verl calls `tensor.to(get_device_id())`, and `.to(0)` means an accelerator."""
        return torch.device("cpu")

    def device_count(self) -> int:
        return 1

    def set_device(self, device_index: int) -> None: ...

    def synchronize(self, device_index: int | None = None) -> None: ...

    def manual_seed(self, seed: int) -> None:
        torch.manual_seed(seed)

    def manual_seed_all(self, seed: int) -> None:
        torch.manual_seed(seed)

    def set_allocator_settings(self, settings: str) -> None: ...

    def empty_cache(self) -> None: ...

    def get_device_capability(self, device_index: int = 0) -> tuple[None, None]:
        return None, None

    def communication_backend_name(self) -> str:
        return "gloo"

    def visible_devices_envvar(self) -> str:
        return "CUDA_VISIBLE_DEVICES"

    @contextmanager
    def nvtx_range(self, msg: str) -> Iterator[None]:
        yield

    def profiler_start(self) -> None: ...

    def profiler_stop(self) -> None: ...

    def ray_resource_name(self) -> str:
        """A logical GPU: single_controller/ray/base.py:230 counts only GPU and NPU when it checks the cluster."""
        return "GPU"

    def ray_noset_envvars(self) -> list[str]:
        return ["RAY_EXPERIMENTAL_NOSET_CUDA_VISIBLE_DEVICES"]

    def is_ipc_supported(self) -> bool:
        return False

    def cudart(self) -> None: ...


def register() -> None:
    """Make `VERL_PLATFORM=cpu` resolve; verl asks for its platform only after its plugins are loaded."""
    PlatformRegistry.register(platform="cpu")(CPUPlatform)
