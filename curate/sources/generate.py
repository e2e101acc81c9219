"""Rows from the reasoning-gym package: the same for the same seed, in any process.

Some of its tasks draw from Python's hash order or from the order in which sympy finds terms, and give other rows in the
next process; they are left out, by name, and asking for one is an error.
"""

import json
import warnings
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout
from io import StringIO
from types import ModuleType
from typing import Any

from crossthink.errors import UserError, listing, nearest
from curate.readers import Row

UNREPEATABLE_TASKS = frozenset(
    {
        *("codeio", "intermediate_integration", "isomorphic_strings", "knight_swap", "list_functions"),
        *("polynomial_multiplication", "ransom_note", "word_ladder"),
    }
)
"""Tasks of reasoning-gym 0.1.25 that gave other rows in another process, with another hash seed."""


def generate_reasoning_gym(tasks: Sequence[str], rows_per_task: int, seed: int) -> Iterator[Row]:
    """Yield records of the schema that the adapter "reasoning_gym" reads, under TASK:NUMBER, task by task.

    Args:
        tasks: names of the package's data sets, in order, each once.
        rows_per_task: at least 1.
        seed: of the generator; every task starts from it anew.

    Raises:
        UserError: the package is not installed, or a task is unknown, unrepeatable, or named twice.
    """
    package = _package()
    _check(tasks, rows_per_task, repeatable_tasks())
    for task in tasks:
        with redirect_stdout(StringIO()):  # some tasks print dots
            made = package.create_dataset(task, seed=seed, size=rows_per_task)
        for number in range(rows_per_task):
            with redirect_stdout(StringIO()):
                record = made[number]
            yield Row(f"{task}:{number + 1}", _as_json(record))


def repeatable_tasks() -> list[str]:
    """Return the tasks that can be generated, by name.

    Raises:
        UserError: the package is not installed.
    """
    _package()
    from reasoning_gym.factory import DATASETS

    return sorted(set(DATASETS) - UNREPEATABLE_TASKS - {"composite"})


def _check(tasks: Sequence[str], rows_per_task: int, known: Sequence[str]) -> None:
    if not tasks or rows_per_task < 1:
        raise UserError(f"expected at least one task and one row, found {len(tasks)} tasks of {rows_per_task} rows")
    for place, task in enumerate(tasks):
        if task in UNREPEATABLE_TASKS:
            raise UserError(f"reasoning_gym task {task!r} gives other rows in every process; choose another")
        if task not in known:
            near = nearest(task, known)
            raise UserError(f"reasoning_gym task {task!r} is not known.{near} There are: {listing(known)}")
        if task in tasks[:place]:
            raise UserError(f"reasoning_gym task {task!r} is named twice")


def _package() -> ModuleType:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)  # of a package that it imports
            import reasoning_gym
    except ModuleNotFoundError as error:
        raise UserError("generating rows needs reasoning-gym: pip install 'crossthink[demo]'") from error
    module: ModuleType = reasoning_gym
    return module


def _as_json(record: dict[str, Any]) -> dict[str, Any]:
    """Return the record as it reads back from a JSON file: tuples are lists, other objects their text."""
    read: dict[str, Any] = json.loads(json.dumps(record, default=_plain))
    return read


def _plain(value: Any) -> Any:
    return sorted(value, key=repr) if isinstance(value, set | frozenset) else str(value)
