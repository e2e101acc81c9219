"""A workspace whose page has everything on it: hostile questions, two versions, a run."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import pytest
from playwright.sync_api import Browser, sync_playwright

from crossthink.workspace import Workspace
from manifests.store import Stored, load
from tests.support import write_sample_config
from train_backend.rollouts import METRICS_SCHEMA, ROLLOUTS_SCHEMA

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

HOSTILE = [
    "A <script>alert('boxed')</script> walks by </script><script>alert(2)</script>. How many legs has it?",
    "Is {{ 7 * 7 }} or {% raw %} more than <img src=x onerror=alert(3)> \"><svg onload='alert(4)'>? Give the number.",
    "What is \u202e2 + 2\u202c with \u2066its turns\u2069, and & &lt; &#60; besides?",
]
SOURCE = "  - {{name: hostile, adapter: gsm8k, files: [{path}], license: \"<b>&'free'\"}}\n"
STAGED = """
name: staged
size: 96
batch_size: 12
holdout: {share: 1/8}
stages: [{name: start, share: 1/4}, {name: rest, share: 3/4}]
components:
  - {name: gpr, proportion: 1/2, select: {domain: [gpr]}}
  - {name: math, proportion: 1/2, select: {domain: [math]}}
when_short: repeat
"""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start a headless Chromium of this machine; without one, skip, or fail where CI=true."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        reason = f"needs a Chromium, and none of {', '.join(BROWSERS)} is there"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=QUIET)
        yield browser
        browser.close()


def make_workspace(folder: Path) -> Workspace:
    """Curate the samples with a source of hostile questions, blend them twice, and put a run beside them."""
    workspace = Workspace(folder / "workspace")
    config = write_sample_config(folder)
    lines = [json.dumps({"question": text, "answer": f"Count. #### {place}"}) for place, text in enumerate(HOSTILE, 3)]
    (folder / "hostile.jsonl").write_text("\n".join(lines) + "\n")
    config.write_text(config.read_text().rstrip() + "\n" + SOURCE.format(path=folder / "hostile.jsonl"))
    (folder / "staged.yaml").write_text(STAGED)
    crossthink = [sys.executable, "-m", "crossthink"]
    for command in (
        ["curate", str(config)],
        ["blend", "gpr_up", "--corpus", "sample", "--batch-size", "12", "--size", "96"],
        ["blend", "gpr_up", "--corpus", "sample", "--batch-size", "12"],
        ["blend", str(folder / "staged.yaml"), "--corpus", "sample"],
    ):
        subprocess.run([*crossthink, *command, "-w", workspace.root], check=True, capture_output=True)
    write_run(workspace, load(workspace.manifests, "gpr_up"), steps=120)
    return workspace


def write_run(workspace: Workspace, stored: Stored, steps: int) -> str:
    """Write a finished run of a blend as training leaves it: two responses to each row of a batch, better step by step."""
    run_id = f"{stored.manifest.name}-v{stored.manifest.version}-probe"
    folder = workspace.runs / run_id
    folder.mkdir(parents=True)
    rows = pl.DataFrame(stored.rows()).select(
        "position", "batch", "row_id", "item_id", "component", "source", "template"
    )
    answered = (
        pl.DataFrame({"step": range(1, steps + 1)}, schema={"step": pl.Int64})
        .with_columns(batch=((pl.col("step") - 1) % stored.manifest.batches).cast(pl.Int32))
        .join(rows, on="batch")
        .join(pl.DataFrame({"sample": [0, 1]}), how="cross")
        .with_columns(luck=(pl.col("position") * 7919 + pl.col("step") * 104729 + pl.col("sample") * 1299709) % 1000)
        .with_columns(score=(pl.col("luck") < 150 + 600 * pl.col("step") / steps).cast(pl.Float64))
        .with_columns(
            run_id=pl.lit(run_id),
            stage=pl.lit("grpo"),
            response=pl.lit("<think>1</think> \\boxed{1}"),
            acc="score",
            format=pl.lit(1.0),
            timed_out=pl.lit(False),
            reason=pl.when(pl.col("score") == 1).then(pl.lit("correct")).otherwise(pl.lit("wrong")),
        )
        .sort("step", "position", "sample")
    )
    unsaid = [pl.lit(None).alias(name) for name in ROLLOUTS_SCHEMA.names if name not in answered.columns]
    table = answered.with_columns(unsaid).select(ROLLOUTS_SCHEMA.names).to_arrow().cast(ROLLOUTS_SCHEMA)
    pl.DataFrame(table).write_parquet(folder / "rollouts.parquet")
    pl.DataFrame(METRICS_SCHEMA.empty_table()).write_parquet(folder / "metrics.parquet")
    record = {
        "run_id": run_id,
        "blend": stored.manifest.name,
        "version": stored.manifest.version,
        "content_digest": stored.manifest.digests.content,
        "verifier_digest": stored.manifest.verifier_digest,
        "plan": "probe",
        "plan_digest": "0" * 64,
        "reward_digest": "0" * 64,
        "backend": "verl",
        "platform": "cpu",
        "recipe_digest": stored.manifest.digests.recipe,
        "sources_digest": stored.manifest.digests.sources,
        "succeeded": True,
        "ended": "succeeded",
        "cause": "",
        "started": "2026-01-02T03:04:05+00:00",
        "seconds": 1.0,
        "stages": [],
        "rewards": [],
        "attempts": [],
        "versions": {},
    }
    (folder / "run.json").write_text(json.dumps(record))
    return run_id
