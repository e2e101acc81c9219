"""Fixtures that every room's tests share."""

import os
from pathlib import Path

import pytest


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
