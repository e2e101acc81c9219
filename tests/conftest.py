"""Fixtures that every room's tests share."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import settings

from tests.support import CommandLine, write_sample_config

settings.register_profile("crossthink", deadline=None)  # nothing is timed in a test
settings.load_profile("crossthink")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The launches of verl come first: their file takes longest, and another process works on the others meanwhile."""
    items.sort(key=lambda item: item.path.name != "test_run.py")


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
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all processes of this test run have in common."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session")
def sample_workspace(shared_folder: Path) -> Path:
    """A workspace with the corpus `sample` and a blend of it, made once; tests must not change it."""
    folder = shared_folder / "sample"
    workspace = folder / "workspace"
    with FileLock(shared_folder / "sample.lock"):
        if not (workspace / "manifests/gpr_up/1/manifest.json").is_file():
            folder.mkdir(exist_ok=True)
            config = write_sample_config(folder)
            crossthink = [sys.executable, "-m", "crossthink"]
            subprocess.run([*crossthink, "curate", config, "-w", workspace], check=True, capture_output=True)
            blend = ["blend", "gpr_up", "--corpus", "sample", "--batch-size", "12"]
            subprocess.run([*crossthink, *blend, "-w", workspace], check=True, capture_output=True)
    return workspace
