"""The reward: the verifier that curated the data, called once per response.

R = R_acc AND R_format, binary (arXiv 2504.13941, section 2.4). verl calls `compute_score` by keyword from its reward
loop; every response also leaves one JSON line in the run's folder, so that rollouts join back to rows whatever the
trainer keeps of them.
"""

import json
import os
import threading
from functools import cache
from pathlib import Path
from typing import Any, TextIO

from curate.verify import Verdict, verify

OUTCOME_KEYS = ("row_id", "item_id", "component", "template")


def compute_score(
    data_source: str,
    solution_str: str,
    ground_truth: str,
    extra_info: dict[str, Any],
    *,
    outcomes: str,
    timeout: float = 5.0,
    **_: Any,
) -> dict[str, float]:
    """Score one response; never raises for what a model wrote, and always returns the same keys.

    Args:
        extra_info: of a training row; verl adds `global_steps`, the updates that the answering policy has had.
        outcomes: folder for the outcome files, one per process.
        timeout: seconds of wall clock for the comparison.
    """
    verdict = verify(solution_str, ground_truth, str(extra_info.get("answer_kind")), timeout=timeout)
    _write_outcome(Path(outcomes), solution_str, extra_info, verdict)
    return {
        "score": verdict.score,
        "acc": float(verdict.correct),
        "format": float(verdict.well_formed),
        "timed_out": float(verdict.timed_out),
    }


def _write_outcome(folder: Path, response: str, extra_info: dict[str, Any], verdict: Verdict) -> None:
    line = {
        "step": extra_info["global_steps"] + 1 if "global_steps" in extra_info else None,
        "position": extra_info.get("index"),
        **{key: extra_info.get(key) for key in OUTCOME_KEYS},
        "response": response,
        "score": verdict.score,
        "acc": float(verdict.correct),
        "format": float(verdict.well_formed),
        "timed_out": verdict.timed_out,
        "reason": str(verdict.reason),
    }
    file, lock = _outcome_file(folder, os.getpid())
    with lock:
        file.write(json.dumps(line, ensure_ascii=True, default=int) + "\n")


@cache
def _outcome_file(folder: Path, process: int) -> tuple[TextIO, threading.Lock]:
    """Open this process's file once; verl scores from several threads. Each line reaches the disk as it is written."""
    folder.mkdir(parents=True, exist_ok=True)
    return (folder / f"{process}.jsonl").open("a", encoding="utf-8", buffering=1), threading.Lock()
