"""verl's FSDP2 engine for the device `cpu`.

Loaded through verl's own hook `model.external_lib`, because workers/engine/fsdp/transformer_impl.py:1143 registers
the engine for cuda and npu only.
"""

from typing import Any
from unittest import mock

from verl.workers.engine.base import EngineRegistry
from verl.workers.engine.fsdp import transformer_impl


@EngineRegistry.register(model_type="language_model", backend=["fsdp2"], device=["cpu"])
class CPULanguageModelEngine(transformer_impl.FSDPEngineWithLMHead):  # type: ignore[misc]
    """The unchanged engine, but for one flag while the reference policy is wrapped."""

    def _build_fsdp_module(self, module: Any) -> Any:
        """transformer_impl.py:462 pins host memory for the reference policy, which needs an accelerator."""
        policy = transformer_impl.CPUOffloadPolicy
        with mock.patch.object(transformer_impl, "CPUOffloadPolicy", lambda pin_memory: policy(pin_memory=False)):
            return super()._build_fsdp_module(module)
