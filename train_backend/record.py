"""The record of a run: how it ended, on which blend, with which versions, and the reward of each step."""

import hashlib
import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pyarrow as pa

from crossthink.errors import UserError
from crossthink.files import digest
from crossthink.tables import table_of
from manifests.manifest import Manifest
from train_backend.attempts import Attempt
from train_backend.backend import RenderedStage, StageResult
from train_backend.plan import Plan
from train_backend.rollouts import StepReward

RUN_FILE = "run.json"

REWARD = Path(__file__).parent / "reward"
"""The package that scores responses."""

RECORDED_PACKAGES = ("crossthink", "verl", "trl", "torch", "transformers", "ray", "tensordict", "math-verify")

RUNS_SCHEMA = pa.schema(
    [
        ("run_id", pa.string()),
        ("blend", pa.string()),
        ("version", pa.int32()),
        ("recipe_digest", pa.string()),
        ("sources_digest", pa.string()),
        ("content_digest", pa.string()),
        ("verifier_digest", pa.string()),
        ("reward_digest", pa.string()),
        ("plan", pa.string()),
        ("plan_digest", pa.string()),
        ("backend", pa.string()),
        ("platform", pa.string()),
        ("succeeded", pa.bool_()),
        ("ended", pa.string()),  # succeeded, failed, stalled, interrupted, refused
        ("cause", pa.string()),  # what the log of a stage that failed or stalled says of it, or ""
        ("started", pa.string()),  # ISO 8601, UTC
        ("seconds", pa.float64()),
        (
            "stages",
            pa.list_(
                pa.struct(
                    [
                        ("name", pa.string()),
                        ("kind", pa.string()),
                        ("steps", pa.int64()),
                        ("exit_code", pa.int64()),
                        ("stalled", pa.bool_()),
                        ("seconds", pa.float64()),
                    ]
                )
            ),
        ),
        (
            "rewards",
            pa.list_(
                pa.struct(
                    [
                        ("stage", pa.string()),
                        ("step", pa.int64()),
                        ("reward", pa.float64()),
                        ("responses", pa.int64()),
                    ]
                )
            ),
        ),
        (
            "attempts",  # earlier ones, that this run went on from
            pa.list_(
                pa.struct(
                    [
                        ("attempt", pa.int64()),
                        ("ended", pa.string()),  # as above, or "killed"
                        ("stage", pa.string()),  # that went on
                        ("after", pa.int64()),  # the step that stands; 0 if the stage began anew
                        ("set_aside", pa.int64()),  # responses of later steps, which were done again
                    ]
                )
            ),
        ),
        ("versions", pa.map_(pa.string(), pa.string())),
    ]
)


def run_record(
    run_id: str,
    plan: Plan,
    manifest: Manifest,
    started: datetime,
    results: Sequence[tuple[RenderedStage, StageResult]],
    rewards: Sequence[StepReward],
    cut_short: str | None = None,
    cause: str = "",
    attempts: Sequence[tuple[Attempt, Mapping[str, int]]] = (),
) -> dict[str, Any]:
    """Return what `run.json` says, one value per column of `RUNS_SCHEMA`.

    Args:
        results: of the stages that ended.
        cut_short: what ended the run between two results: "interrupted" (Ctrl-C, SIGTERM), "refused" (changed files) or
            "failed" (an error of this program or of a machine it spoke to).
        cause: what the log of the last stage says of its end.
        attempts: earlier ones, each with the responses that were set aside, by stage.
    """
    ended = cut_short or _end([result for _, result in results])
    return {
        "run_id": run_id,
        "blend": manifest.name,
        "version": manifest.version,
        "recipe_digest": manifest.digests.recipe,
        "sources_digest": manifest.digests.sources,
        "content_digest": manifest.digests.content,
        "verifier_digest": manifest.verifier_digest,
        "reward_digest": reward_digest(),
        "plan": plan.name,
        "plan_digest": plan_digest(plan),
        "backend": plan.backend,
        "platform": plan.resources.platform,
        "succeeded": ended == "succeeded",
        "ended": ended,
        "cause": cause,
        "started": started.isoformat(timespec="seconds"),
        "seconds": round((datetime.now(UTC) - started).total_seconds(), 1),
        "stages": [_stage_record(stage, result) for stage, result in results],
        "rewards": [asdict(each) for each in rewards],
        "attempts": [line for attempt, aside in attempts for line in _attempt_record(attempt, aside)],
        "versions": {"python": platform.python_version(), **_versions()},
    }


def _end(results: Sequence[StageResult]) -> str:
    if all(result.succeeded for result in results):
        return "succeeded"
    return "stalled" if results[-1].stalled else "failed"


def plan_digest(plan: Plan) -> str:
    """Return the digest of what was asked, every default filled in."""
    return digest(plan.model_dump(mode="json"))


def reward_files() -> dict[str, Path]:
    """Return the reward's source files by their names in its package, sorted."""
    return {path.relative_to(REWARD).as_posix(): path for path in sorted(REWARD.rglob("*.py"))}


def reward_digest() -> str:
    """Return the SHA-256 (hex) over the names and bytes of the reward's source files."""
    found = hashlib.sha256()
    for name, path in reward_files().items():
        source = path.read_bytes()
        found.update(f"{name}\0{len(source)}\0".encode())
        found.update(source)
    return found.hexdigest()


def was_started(run: Path) -> bool:
    """Return whether anything of a run was ever started, here or by its own command, so that its folder is no draft."""
    signs = ("*/log.txt", "*/outcomes", "*/checkpoints", "*/metrics.jsonl", "attempts")
    return (run / RUN_FILE).exists() or any(any(run.glob(sign)) for sign in signs)


def run_files(root: Path) -> list[Path]:
    """Return the records of all finished runs under a folder, as files, by name."""
    return sorted(root.glob(f"*/{RUN_FILE}"))


def read_record(path: Path) -> dict[str, Any]:
    """Read one record.

    Raises:
        UserError: it is damaged.
    """
    try:
        record = json.loads(path.read_bytes())
        if record["run_id"] == path.parent.name and _is_whole(record):
            return dict(record)
    except (OSError, ValueError, KeyError, TypeError, RecursionError, pa.ArrowException):
        pass
    raise UserError(f"{path}: damaged, expected the record of run {path.parent.name}; move the run's folder away")


def _is_whole(record: dict[str, Any]) -> bool:
    """Whether a record has every column of `RUNS_SCHEMA`, in its type; raises where a value has another."""
    table_of([record], RUNS_SCHEMA)
    all(StepReward(**each) for each in record["rewards"])
    return all(record[name] is not None for name in RUNS_SCHEMA.names)


def standing_run(root: Path, plan: Plan, manifest: Manifest) -> Path | None:
    """Return a run that did this very thing, with the same reward, and succeeded; None if no whole record says so."""
    asked = (plan_digest(plan), manifest.digests.content, reward_digest(), True)
    for path in run_files(root):
        try:
            record = read_record(path)
        except UserError:
            continue
        if tuple(record[key] for key in ("plan_digest", "content_digest", "reward_digest", "succeeded")) == asked:
            return path.parent
    return None


def mean_of_ends(rewards: Sequence[StepReward]) -> tuple[float, float, int]:
    """Return the mean reward over the first and the last quarter of the last stage's steps, and the steps of a quarter.

    Stages may have other rewards, so that their means cannot be compared.
    """
    steps = [each.reward for each in rewards if each.stage == rewards[-1].stage]
    size = max(1, len(steps) // 4)
    first, last = (sum(part) / size for part in (steps[:size], steps[-size:]))
    return first, last, size


def _stage_record(stage: RenderedStage, result: StageResult) -> dict[str, Any]:
    return {
        "name": stage.name,
        "kind": stage.kind,
        "steps": stage.steps,
        "exit_code": result.exit_code,
        "stalled": result.stalled,
        "seconds": round(result.seconds, 1),
    }


def _attempt_record(attempt: Attempt, aside: Mapping[str, int]) -> list[dict[str, Any]]:
    said = {"attempt": attempt.number, "ended": attempt.ended}
    return [
        said | {"stage": stage, "after": after, "set_aside": aside[stage]} for stage, after in attempt.after.items()
    ]


def _versions() -> Mapping[str, str]:
    found = {}
    for package in RECORDED_PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
