"""The reward as verl calls it: awaited, from threads, while answers hang, workers die and disks fill up."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from curate.verify import Reason
from curate.verify.pool import shared_pool
from tests.train_backend.support import two_components, write_blend
from train_backend.backend import RenderedStage
from train_backend.reward import Reward, compute_score
from train_backend.reward.outcomes import OutcomeFile
from train_backend.rollouts import ROLLOUTS_SCHEMA, collect_rollouts

ROOT = Path(__file__).parents[2]
HANGS = [rf"\prod_{{k=1}}^{{10^8+{n}}} k" for n in range(16)]  # no worker ends one of these in time
NEEDS_A_WORKER = (r"\sqrt{4+2\sqrt{3}}", r"1+\sqrt{3}")
EXTRA = {"row_id": "r1", "item_id": "i1", "component": "math", "template": "open", "answer_kind": "math", "index": 7}


async def call(answer: str, folder: Path, gold: str = "7", timeout: float = 5.0, **extra: Any) -> dict[str, float]:
    return await compute_score(
        "crossthink/math",
        f"<think>a</think>\\boxed{{{answer}}}",
        gold,
        {**EXTRA, "global_steps": 3, **extra},
        outcomes=str(folder),
        reward=Reward(timeout_seconds=timeout).model_dump_json(),
    )


def lines_in(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for path in folder.glob("*.jsonl") for line in path.read_text().splitlines()]


def test_every_response_leaves_a_line_that_names_its_row(tmp_path: Path) -> None:
    def one(number: int) -> float:
        return asyncio.run(call(str(number), tmp_path))["score"]

    with ThreadPoolExecutor(8) as threads:
        scores = list(threads.map(one, range(40)))
    lines = lines_in(tmp_path)
    assert sorted(line["response"] for line in lines) == sorted(f"<think>a</think>\\boxed{{{n}}}" for n in range(40))
    assert sum(scores) == sum(line["score"] for line in lines) == 1
    assert {(line["row_id"], line["component"], line["position"], line["step"]) for line in lines} == {
        ("r1", "math", 7, 4)  # after three updates comes the fourth step
    }


def test_answers_that_hang_block_neither_the_loop_nor_other_answers(tmp_path: Path) -> None:
    ended: list[str] = []

    async def noted(name: str, answer: str) -> dict[str, float]:
        found = await call(answer, tmp_path, timeout=1.0)
        ended.append(name)
        return found

    async def all_at_once() -> tuple[list[dict[str, float]], int]:
        hanging = [asyncio.ensure_future(noted("hang", answer)) for answer in HANGS[:4]]
        await asyncio.sleep(0.2)  # they are with the workers now
        plain = await asyncio.gather(*(noted("plain", str(n)) for n in range(200)))
        ticks = 0
        while not all(task.done() for task in hanging):
            await asyncio.sleep(0.02)
            ticks += 1
        return [*plain, *(task.result() for task in hanging)], ticks

    found, ticks = asyncio.run(all_at_once())
    assert ended == ["plain"] * 200 + ["hang"] * 4
    assert ticks > 5
    assert [each["timed_out"] for each in found] == [0.0] * 200 + [1.0] * 4
    assert sum(each["score"] for each in found) == 1


def test_a_killed_worker_costs_its_own_answer_and_the_reward_goes_on(tmp_path: Path) -> None:
    async def with_a_kill() -> list[dict[str, float]]:
        first = await call(NEEDS_A_WORKER[1], tmp_path, NEEDS_A_WORKER[0])
        for pid in shared_pool().pids():
            threading.Timer(0.5, os.killpg, (pid, signal.SIGKILL)).start()
        second = await call(HANGS[0], tmp_path, timeout=30.0)
        return [first, second, await call(NEEDS_A_WORKER[1], tmp_path, NEEDS_A_WORKER[0])]

    found = asyncio.run(with_a_kill())
    assert [each["score"] for each in found] == [1.0, 0.0, 1.0]
    assert [line["reason"] for line in lines_in(tmp_path)] == [Reason.CORRECT, Reason.WORKER_DIED, Reason.CORRECT]
    assert not any(each["timed_out"] for each in found)


PATHOLOGICAL = {
    "a power of ten digits": "2^{10^9}",
    "nested braces": "{" * 10**5 + "x" + "}" * 10**5,
    "open braces": "{" * 10**5,
    "a megabyte of digits": "7" * 2**20,
    "a megabyte of words": "again " * 170_000,
    "a megabyte of different words": " ".join(f"w{n}" for n in range(150_000)),
    "deep fractions": r"\frac{1}{1+" * 30_000 + "x" + "}" * 30_000,
    "short deep fractions": r"\frac{1}{1+" * 100 + "x" + "}" * 100,
    "boxes in boxes": r"\boxed{" * 10**5 + "7" + "}" * 10**5,
    "open tags": "<think>" * 10**5,
    "closing tags": "</think>" * 10**5,
    "open tool calls": "<tool_call>" * 10**5,
    "open tool responses": "<tool_response>" * 10**5,
    "dollars": "$" * 10**6,
    "backslashes": "\\" * 10**6,
    "backticks": "`" * 10**6,
    "angle brackets": "<a" * 10**6,
    "spaces": " " * 10**6 + "x",
    "commas": "1," * 10**5,
    "brackets": "(" * 10**5,
    "many letters": "a" * 10**6 + "!",
    "Han": "首" * 10**6,
    "relations under the bound": "x<" * 4900,
    "commas under the bound": "1," * 4900,
    "groups under the bound": "{(" * 2400 + "1" + ")}" * 2400,
    "NUL and half a surrogate pair": "\x00\ud800",
    "an infinite number": "1e999999999",
}


@pytest.mark.parametrize("kind", ["math", "number", "quantity", "choice", "text"])
@pytest.mark.parametrize("case", PATHOLOGICAL)
def test_a_pathological_answer_is_scored_within_the_bound(case: str, kind: str, tmp_path: Path) -> None:
    start = time.monotonic()
    asked = {"answer_kind": kind, "prompt_text": "法国的首都?"}
    found = asyncio.run(call(PATHOLOGICAL[case], tmp_path, "B" if kind == "choice" else "8 cm", 0.5, **asked))
    assert found["score"] == 0.0
    assert lines_in(tmp_path)[0]["reason"] != "failed"
    assert time.monotonic() - start < 60  # a guard against hanging, not a measurement


def test_a_full_disk_costs_the_outcomes_and_not_the_reward_and_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "outcomes.jsonl"
    file.symlink_to("/dev/full")
    outcomes = OutcomeFile(file)
    for number in range(5):
        outcomes.write({"n": number})
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "No space left on device" in caplog.text
    file.unlink()
    outcomes.write({"n": 5})
    assert "can be written again; 5 outcomes were not recorded" in caplog.text
    assert [json.loads(line) for line in file.read_text().splitlines()] == [{"n": 5}]


def test_a_reward_whose_outcome_cannot_be_written_is_given_all_the_same(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    blocked = tmp_path / "outcomes"
    blocked.write_text("a file where the folder should be")
    assert [asyncio.run(call("7", blocked))["score"] for _ in range(3)] == [1.0] * 3
    assert caplog.text.count("responses are scored and not recorded") == 1


def test_a_line_that_a_full_disk_cut_is_taken_back(tmp_path: Path) -> None:
    script = (
        "import resource\nfrom pathlib import Path\nfrom train_backend.reward.outcomes import OutcomeFile\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))\n"  # the disk is full after 1000 bytes
        f"outcomes = OutcomeFile(Path({str(tmp_path / 'o.jsonl')!r}))\n"
        "for n in range(20): outcomes.write({'n': n, 'text': 'x' * 90})\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))\n"
        "outcomes.write({'n': 20})\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    numbers = [json.loads(line)["n"] for line in (tmp_path / "o.jsonl").read_text().splitlines()]
    assert numbers == [*range(9), 20]
    assert (done.stderr.count("not recorded until"), done.stderr.count("11 outcomes were not recorded")) == (1, 1)


def test_every_part_of_every_response_reaches_the_rollouts(tmp_path: Path) -> None:
    blend = write_blend(tmp_path / "manifests", two_components(4), batch_size=2)
    stage = RenderedStage("grpo", tmp_path, steps=1, headline="reward")
    asyncio.run(call("7", stage.outcomes, index=0, global_steps=0, response_tokens=9))
    asyncio.run(call("\x00\ud800 首", stage.outcomes, index=1, global_steps=0))
    collect_rollouts([stage], blend.rows_path, "run", tmp_path / "rollouts.parquet")
    table = pq.read_table(tmp_path / "rollouts.parquet")
    assert table.schema.equals(ROLLOUTS_SCHEMA)
    parts = ["tokens", "score", "acc", "format", "overlong", "length", "language", "repetition", "tool_calls", "reason"]
    assert [tuple(row.values()) for row in table.select(parts).to_pylist()] == [
        (9, 1.0, 1.0, 1.0, None, None, 1.0, 0.0, 0, "correct"),
        (None, 0.0, 0.0, 1.0, None, None, 1.0, 0.0, 0, "unparseable"),
    ]
    assert table["response"][1].as_py() == "<think>a</think>\\boxed{\0? 首}"  # half a surrogate pair is no text


VERL = """
import asyncio, json, sys
import numpy as np, torch
from omegaconf import OmegaConf
from tensordict import TensorDict
from verl import DataProto
from verl.trainer.ppo.reward import load_reward_manager
from train_backend.reward import Reward

reward = Reward(overlong={"expected": 4, "buffer": 4}, score="(accuracy AND format) + overlong")
function = {"path": "pkg://train_backend.reward", "name": "compute_score"}
kwargs = {"outcomes": sys.argv[1], "reward": reward.model_dump_json()}
manager = {"source": "importlib", "name": "ResponseRewardManager"}
manager["module"] = {"path": "pkg://train_backend.verl.reward_manager", "name": "reward"}
config = {"reward_manager": manager, "custom_reward_function": {**function, "reward_kwargs": kwargs}}

class Tokenizer:
    def decode(self, ids, skip_special_tokens):
        return "".join(map(chr, ids.tolist()))

async def main():
    loaded = load_reward_manager(OmegaConf.create({"reward": config}), Tokenizer())
    found = []
    for text in ("a</think>\\\\boxed{7}", "a</think>\\\\boxed{8}"):
        ids = torch.tensor([[*map(ord, text), 0, 0]])
        mask = torch.tensor([[1, 1, *[1] * len(text), 0, 0]])  # a prompt of two tokens, two of padding
        batch = TensorDict({"responses": ids, "attention_mask": mask}, batch_size=1)
        row = {"data_source": "crossthink/math", "reward_model": {"style": "rule", "ground_truth": "7"}}
        row |= {"extra_info": {"answer_kind": "number", "index": np.int64(3)}}
        row |= {"raw_prompt": [{"role": "user", "content": "1 + 6?"}], "__num_turns__": 2}
        columns = {key: np.array([value, None], dtype=object)[:1] for key, value in row.items()}
        found.append(await loaded.run_single(DataProto(batch, columns)))
    print(json.dumps(found))

asyncio.run(main())
"""


def test_verl_loads_the_reward_by_its_path_and_its_manager_counts_the_tokens(tmp_path: Path) -> None:
    pytest.importorskip("verl")
    done = subprocess.run(
        [sys.executable, "-c", VERL, tmp_path], cwd=ROOT, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr[-2000:]
    right, wrong = json.loads(done.stdout.splitlines()[-1])
    parts = {"language": 1.0, "repetition": 0.0, "tool_calls": 0.0, "tool_failures": 0.0, "tokens": 18.0}
    assert right == {
        "reward_score": 0.0,  # right, and 18 tokens where 4 were expected and a buffer of 4 allowed
        "reward_extra_info": {"score": 0.0, "acc": 1.0, "format": 1.0, "timed_out": 0.0, "overlong": -1.0, **parts},
    }
    assert (wrong["reward_score"], wrong["reward_extra_info"].keys()) == (-1.0, right["reward_extra_info"].keys())
    assert [(line["position"], line["tokens"]) for line in lines_in(tmp_path)] == [(3, 18), (3, 18)]
