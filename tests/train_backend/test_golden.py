"""What a shipped plan is rendered to does not change unnoticed: not by us, and not by verl."""

import pytest

from tests.train_backend.goldens import FOLDER, files

NAMES = sorted(path.name for path in FOLDER.glob("*.yaml"))


@pytest.fixture(scope="module")
def rendered() -> dict[str, str]:
    return files()


def test_there_is_a_golden_file_of_every_shipped_plan_and_no_other(rendered: dict[str, str]) -> None:
    assert sorted(rendered) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_plan_is_rendered_as_its_golden_file_says(name: str, rendered: dict[str, str]) -> None:
    """After a change that is meant: python tests/train_backend/goldens.py"""
    assert rendered[name] == (FOLDER / name).read_text()
