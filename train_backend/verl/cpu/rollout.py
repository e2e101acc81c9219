"""A rollout server for tiny models: plain transformers, batched, with log-probabilities.

It plays the part that vLLM plays on an accelerator: a Ray actor that owns a copy of the policy, answers verl's agent
loop with token ids and their log-probabilities, and takes new weights after every update
(verl/workers/rollout/replica.py and base.py name the two halves). Requests are batched as they arrive, so two runs
with one seed sample different tokens: the order of arrival is not ours.
"""

import asyncio
import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import ray
import torch
from verl.utils.config import omega_conf_to_dataclass
from verl.workers.config import HFModelConfig
from verl.workers.rollout.base import BaseRollout
from verl.workers.rollout.replica import RolloutReplica, TokenOutput

from train_backend.verl.cpu.sampling import Sampling, sample

GATHER_SECONDS = 0.05
MAX_BATCH = 256


def server_name(replica_rank: int) -> str:
    """The Ray name under which the actor worker finds its server."""
    return f"crossthink_cpu_rollout_{replica_rank}"


@dataclass(frozen=True)
class Request:
    prompt: list[int]
    sampling: Sampling
    answer: "asyncio.Future[TokenOutput]"


class GenerationServer:
    """One Ray actor that owns the generating copy of the policy."""

    def __init__(self, model_path: str, response_length: int, seed: int) -> None:
        from transformers import AutoModelForCausalLM, AutoTokenizer

        torch.manual_seed(seed)
        self._model = AutoModelForCausalLM.from_pretrained(model_path, dtype=torch.float32).eval()
        self._tokenizer = AutoTokenizer.from_pretrained(model_path)
        self._response_length = response_length
        self._global_steps: int | None = None
        self._waiting: list[Request] = []
        self._model_lock = asyncio.Lock()

    async def generate(self, prompt_ids: list[int], sampling_params: dict[str, Any], **_: Any) -> TokenOutput:
        """Answer one request; whoever takes the lock first answers for all that wait."""
        request = Request(
            list(prompt_ids),
            Sampling.from_verl(sampling_params, self._response_length),
            asyncio.get_running_loop().create_future(),
        )
        self._waiting.append(request)
        await asyncio.sleep(GATHER_SECONDS)
        async with self._model_lock:
            if not request.answer.done():
                await self._answer_waiting(request.sampling)
        return await request.answer

    async def _answer_waiting(self, sampling: Sampling) -> None:
        alike = [request for request in self._waiting if request.sampling == sampling][:MAX_BATCH]
        self._waiting = [request for request in self._waiting if request not in alike]
        responses = await asyncio.to_thread(
            sample,
            self._model,
            [request.prompt for request in alike],
            sampling,
            end_token=self._tokenizer.eos_token_id,
            pad_token=self._tokenizer.pad_token_id,
        )
        for request, (tokens, log_probs) in zip(alike, responses, strict=True):
            request.answer.set_result(
                TokenOutput(
                    token_ids=tokens,
                    log_probs=log_probs,
                    stop_reason="completed",
                    extra_fields={"global_steps": self._global_steps},
                )
            )

    async def load_weights(self, weights: dict[str, torch.Tensor], global_steps: int | None) -> None:
        """Replace the weights between two batches.

        Raises:
            RuntimeError: a name the model does not know; tied weights may be absent.
        """
        async with self._model_lock:
            unexpected = self._model.load_state_dict(weights, strict=False).unexpected_keys
            if unexpected:
                raise RuntimeError(f"The trainer sent weights the rollout model does not have: {unexpected}")
            self._global_steps = global_steps

    async def ready(self, *_: Any, **__: Any) -> None:
        """Everything that concerns device memory and a key-value cache kept between requests: there is none."""

    wake_up = sleep = abort_all_requests = resume_generation = clear_kv_cache = ready
    release_kv_cache = resume_kv_cache = start_profile = stop_profile = ready


class Replica(RolloutReplica):  # type: ignore[misc]
    """Starts the server; verl creates one replica for each tensor-parallel group of actor workers."""

    async def launch_servers(self) -> None:
        model = omega_conf_to_dataclass(self.model_config, dataclass_type=HFModelConfig)
        name = server_name(self.replica_rank)
        actor_class = ray.remote(GenerationServer)
        server = actor_class.options(name=name, num_cpus=1, max_concurrency=self.max_concurrency).remote(
            model.local_path, self.config.response_length, self.config.seed
        )
        await server.ready.remote()
        self.servers = [server]
        self._server_handle = server
        self._server_address = name


class ServerAdapter(BaseRollout):  # type: ignore[misc]
    """The half inside the actor worker: it hands new weights to the server."""

    def __init__(self, config: Any, model_config: Any, device_mesh: Any, replica_rank: int = -1) -> None:
        super().__init__(config, model_config, device_mesh)
        self._replica_rank = int(os.environ["RANK"]) if replica_rank == -1 else replica_rank

    async def resume(self, tags: list[str]) -> None: ...

    async def release(self) -> None: ...

    async def update_weights(
        self,
        weights: Iterable[tuple[str, torch.Tensor]],
        wire_format: str = "named_tensors",
        global_steps: int | None = None,
        **_: Any,
    ) -> None:
        """Send every tensor once, as float32 on the host.

        Raises:
            ValueError: verl's delta wire format, which this server does not read.
        """
        if wire_format != "named_tensors":
            raise ValueError(f"wire_format={wire_format!r}: the CPU rollout reads named_tensors only.")
        tensors = {name: tensor.detach().to("cpu", torch.float32, copy=True) for name, tensor in weights}
        await ray.get_actor(server_name(self._replica_rank)).load_weights.remote(tensors, global_steps)
