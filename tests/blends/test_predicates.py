"""SQL in a recipe: over the columns of one row, and nothing else."""

import os
import subprocess
import sys

import polars as pl
import pytest

from blends.predicates import Expression, columns_of, holds
from crossthink.errors import UserError

ROWS = pl.DataFrame(
    {
        "question": ["one", "and twenty", None],
        "options": [["a"], ["b", "c"], None],
        "n": [1, 2, 3],
        "is_proof": [True, False, True],
    }
)


def _holds(text: str) -> list[bool]:
    expression = Expression(text, "component x, select.where")
    columns_of(expression, ROWS.columns, {"pass_rate": "the recipe has no 'difficulty'"})
    answer: list[bool] = holds(ROWS, [expression])[0].to_list()
    return answer


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("length(question) > 3", [False, True, False]),  # null is not selected
        ("NOT is_proof OR n = 1 -- the first", [True, True, False]),
        ("len(list_filter(options, lambda word: word = 'a')) > 0", [True, False, False]),
        ("split_part(question, ' ', 1) = 'and'", [False, True, False]),  # a macro of plain functions
        ("CASE WHEN n > 1 THEN true END", [False, True, True]),
        ("NULL", [False, False, False]),
        ("age(DATE '2024-01-03', DATE '2024-01-01') = INTERVAL 2 DAY", [True, True, True]),
    ],
)
def test_a_predicate_is_any_condition_over_a_row(text: str, expected: list[bool]) -> None:
    assert _holds(text) == expected


def test_a_time_is_in_utc_wherever_the_program_runs() -> None:
    text = "extract(hour FROM to_timestamp(n * 3600)) = 1"
    code = (
        "import polars as pl; from blends.predicates import Expression, holds;"
        f"print(holds(pl.DataFrame({{'n': [1, 2]}}), [Expression({text!r}, 'x')])[0].to_list())"
    )
    command = [sys.executable, "-c", code]
    said = subprocess.run(command, env=os.environ | {"TZ": "Asia/Tokyo"}, capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[True, False]"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("random() < 0.5", "random: its result depends on more than the row"),
        ("list_transform([1], lambda y: random())[1] > 0", "random: its result"),
        ("today() > DATE '2020-01-01'", "today: its result"),
        ("ago(INTERVAL 1 DAY) > DATE '2020-01-01'", "ago: its result"),
        ("current_setting('threads') = '1'", "current_setting: its result"),
        ("age(TIMESTAMP '2020-01-01') > INTERVAL 1 DAY", "age of one time: its result"),
        ("INTERVAL 1 DAY", "is INTERVAL; expected a number"),
        ("[INTERVAL 1 DAY]", "is INTERVAL[]; expected a number"),
        ("version() = 'v1'", "version: its result"),
        ("length(lpad(question, 1000000000, 'x')) > 1", "lpad: its result is as long as a number says"),
        ("len(range(1000000000)) > 1", "range: its result is as long as a number says"),
        ("n IN (SELECT 1)", "a subquery"),
        ("EXISTS (FROM read_text('/etc/passwd'))", "a subquery"),
        ("read_text('/etc/passwd') IS NOT NULL", "read_text: its result"),
        ("sum(n) > 1", "sum: it looks at many rows"),
        ("row_number() OVER () > 1", "a window function"),
        ("COLUMNS(*) > 1", "a star"),
        ("n > $1", "a parameter"),
        ("n > 1, n < 2", "one expression and nothing else"),
        ("true FROM range(5)", "one expression and nothing else"),
        ("n > 1 ORDER BY n", "one expression and nothing else"),
        ("1); DROP TABLE rows; --", "syntax error"),
        ("n > 1; SELECT 1", "one expression and nothing else"),
        ("qestion = 'a'", "qestion: no such column. Did you mean 'question'"),
        ("pass_rate < 1", "pass_rate: the recipe has no 'difficulty'"),
        ("lenght(question) > 1", "lenght: no such function. Did you mean 'length'"),
        ("n", "is Int64; expected a condition"),
        ("CAST(question AS INT) > 1", "Could not convert string 'one' to INT32"),
    ],
)
def test_anything_else_is_refused_with_its_place(text: str, fault: str) -> None:
    with pytest.raises(UserError, match=r"component x, select\.where: ") as refused:
        _holds(text)
    assert fault in str(refused.value)


@pytest.mark.parametrize(
    ("bound", "depth", "fault"),
    [
        ("LEAST_SECONDS, bounds.ROWS_A_SECOND = 0.05, 10**9", 3, "was ended after 0 seconds"),
        (
            "SHARE_OF_MEMORY = 2**28 / (os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES'))",
            9,
            "takes more memory",
        ),
    ],
    ids=["seconds", "memory"],
)
def test_what_grows_without_end_is_ended(bound: str, depth: int, fault: str) -> None:
    """In a process of its own, whose memory is bounded; afterwards it can still ask."""
    code = f"""
import os
import polars as pl
from blends import bounds
from blends.predicates import Expression, values
from crossthink.errors import UserError
bounds.{bound}
text = "question"
for _ in range({depth}):
    text = f"replace({{text}}, 'a', 'aaaaaaaaaa')"
rows = pl.DataFrame({{"question": ["a"] * 100_000}})
try:
    values(rows, [Expression(f"length({{text}})", "order.by")])
except UserError as error:
    bounds.LEAST_SECONDS = 60
    print(error, values(rows[:1], [Expression("length(question)", "order.by")])[0].to_list())
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert fault in said
    assert said.endswith("[1]\n")
