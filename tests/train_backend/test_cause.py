"""Why a stage ended: the line of its log that says so, among all that follows from it. The logs are verl's and torch's own."""

from dataclasses import replace
from pathlib import Path

import pytest

from train_backend.cause import Cause, find_cause

DEAD_WORKER = """\
\x1b[36m(TaskRunnerV1 pid=18033)\x1b[0m step:1 - critic/score/mean:0.5
\x1b[36m(AgentLoopWorkerTQ pid=18501)\x1b[0m ERROR:2026-11-28 06:15:23,752:Error in _run_prompt for uid=fd879047
\x1b[36m(AgentLoopWorkerTQ pid=18501)\x1b[0m Traceback (most recent call last):
\x1b[36m(AgentLoopWorkerTQ pid=18501)\x1b[0m     output: TokenOutput = await server.generate.remote(
\x1b[36m(AgentLoopWorkerTQ pid=18501)\x1b[0m ray.exceptions.ActorDiedError: The actor died unexpectedly before finishing this task.
\x1b[36m(AgentLoopWorkerTQ pid=18501)\x1b[0m \tclass_name: GenerationServer
\x1b[36m(AgentLoopWorkerTQ pid=18501)\x1b[0m \tactor_id: 50a4529a5804ba45523c77d501000000
\x1b[36m(AgentLoopWorkerTQ pid=18501)\x1b[0m \tpid: 18407
\x1b[36m(AgentLoopWorkerTQ pid=18501)\x1b[0m The actor is dead because its worker process has died. Worker exit type: SYSTEM_ERROR Worker exit detail: Worker unexpectedly exits with a connection error code 2. End of file. Some common causes include: (1) the process was killed by the OOM killer due to high memory usage.
\x1b[36m(TaskRunnerV1 pid=18033)\x1b[0m ray.exceptions.ActorDiedError: The actor died unexpectedly before finishing this task.
\x1b[36m(TaskRunnerV1 pid=18033)\x1b[0m \tclass_name: AgentLoopWorkerTQ
"""
SEQUEL = """\
Error executing job with overrides: []
Traceback (most recent call last):
  File "verl/trainer/ppo/v1/replay_buffer.py", line 510, in sample
    raise RuntimeError(message)
RuntimeError: Sync replay buffer selected terminal groups with no materializable trajectories.
Training Progress:  33%|███▎      | 1/3 [00:20<00:41, 20.72s/it]
*** SIGTERM received at time=1795846332 on cpu 0 ***
"""
FULL_DISK = """\
  File "torch/serialization.py", line 869, in __exit__
    self.file_like.write_end_of_file()
RuntimeError: [enforce fail at inline_container.cc:672] . unexpected pos 576 vs 534
"""
FULL_MEMORY = "ray.exceptions.OutOfMemoryError: Task was killed due to the node running low on memory.\n"
FULL_DEVICE = "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.\n"


def said(tmp_path: Path, log: str) -> Cause | None:
    (tmp_path / "log.txt").write_text(log)
    return find_cause(tmp_path / "log.txt")


def test_the_first_worker_that_died_is_named_and_not_those_that_waited_for_it(tmp_path: Path) -> None:
    assert said(tmp_path, DEAD_WORKER + SEQUEL) == Cause(
        "a process died",
        5,
        "ray.exceptions.ActorDiedError: The actor died unexpectedly before finishing this task. class_name:"
        " GenerationServer actor_id: 50a4529a5804ba45523c77d501000000 pid: 18407",
    )


@pytest.mark.parametrize(
    ("log", "what", "text"),
    [
        (FULL_DISK, "the disk is full", "unexpected pos 576 vs 534"),
        ("x\nOSError: [Errno 28] No space left on device: 'data.pt'\n", "the disk is full", "device: 'data.pt'"),
        (FULL_MEMORY, "memory is full", "Task was killed due to the node running low on memory."),
        (FULL_DEVICE, "memory is full", "CUDA out of memory. Tried to allocate 2.00 GiB."),
    ],
)
def test_what_is_full_is_said_rather_than_the_worker_that_died_of_it(
    tmp_path: Path, log: str, what: str, text: str
) -> None:
    found = said(tmp_path, log + DEAD_WORKER + SEQUEL)
    assert found is not None and found.what == what and found.text.endswith(text)
    after = said(tmp_path, DEAD_WORKER + log + SEQUEL)
    assert after == replace(found, line=found.line + DEAD_WORKER.count("\n"))


def test_otherwise_the_last_exception_counts(tmp_path: Path) -> None:
    earlier = "Traceback (most recent call last):\nImportError: no flash-attn, going on without\n"
    found = said(tmp_path, earlier + SEQUEL)
    assert found is not None
    assert found.text.startswith("RuntimeError: Sync replay buffer selected terminal groups")


@pytest.mark.parametrize("log", ["", "step:1 - reward:0.5\n", "Error executing job with overrides: []\n"])
def test_a_log_that_says_nothing_has_no_cause(tmp_path: Path, log: str) -> None:
    assert said(tmp_path, log) is None


def test_a_stage_that_never_had_a_log_has_no_cause(tmp_path: Path) -> None:
    assert find_cause(tmp_path / "log.txt") is None
