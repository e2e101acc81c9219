"""Fixtures that every room's tests share."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import settings

from tests.support import CommandLine, write_sample_config

settings.register_profile("crossthink", deadline=None)  # nothing is timed in a test
settings.load_profile("crossthink")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real published data sets beside the repository; skips when it is missing, but fails with CI=true."""
    folder = Path(__file__).resolve().parents[1] / ".." / "shared" / "data"
    if not (folder / "DATA.md").is_file():
        reason = "needs the real data sets in ../shared/data, which are not there"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return folder


@pytest.fixture
def crossthink(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    return CommandLine(capfd, monkeypatch)


@pytest.fixture(scope="session")
def sample_workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with the corpus `sample` and a blend of it, made once; tests must not change it."""
    folder = tmp_path_factory.mktemp("sample")
    workspace = folder / "workspace"
    config = write_sample_config(folder)
    crossthink = [sys.executable, "-m", "crossthink"]
    subprocess.run([*crossthink, "curate", config, "-w", workspace], check=True, capture_output=True)
    blend = ["blend", "gpr_up", "--corpus", "sample", "--batch-size", "12", "-w", workspace]
    subprocess.run([*crossthink, *blend], check=True, capture_output=True)
    return workspace
