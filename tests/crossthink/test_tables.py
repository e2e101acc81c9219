"""Tables of rows are what pyarrow makes of them."""

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossthink.tables import table_of

SCHEMA = pa.schema(
    [
        pa.field("name", pa.string(), nullable=False),
        ("number", pa.int64()),
        ("small", pa.int32()),
        ("share", pa.float64()),
        ("holds", pa.bool_()),
        ("counts", pa.map_(pa.string(), pa.int64())),
        ("parts", pa.list_(pa.struct([("name", pa.string()), ("share", pa.float64())]))),
        ("whole", pa.struct([("name", pa.string()), ("rows", pa.int64())])),
    ]
)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
whole_numbers = st.integers(-(2**63), 2**63 - 1)
shares = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-9, 9)
rows = st.fixed_dictionaries(
    {"name": texts, "counts": st.dictionaries(texts, whole_numbers, max_size=3).map(lambda each: sorted(each.items()))},
    optional={
        "number": st.none() | whole_numbers,
        "small": st.none() | st.integers(-(2**31), 2**31 - 1),
        "share": st.none() | shares,
        "holds": st.none() | st.booleans(),
        "parts": st.none() | st.lists(st.fixed_dictionaries({"name": texts}, optional={"share": shares}), max_size=3),
        "whole": st.none() | st.fixed_dictionaries({"name": texts, "rows": whole_numbers}),
        "no column": whole_numbers,
    },
)


@given(st.lists(rows, max_size=5))
def test_a_table_is_the_one_that_pyarrow_makes_of_the_rows(rows: list[dict[str, Any]]) -> None:
    assert table_of(rows, SCHEMA).equals(pa.Table.from_pylist(rows, schema=SCHEMA))
    assert table_of(rows, SCHEMA).schema.equals(SCHEMA)


def test_rows_may_be_longer_than_a_block_of_arrows_reader() -> None:
    rows = [{"name": "x" * 3_000_000}, {"name": "y"}]
    assert table_of(rows, SCHEMA)["name"].to_pylist() == [row["name"] for row in rows]


def test_a_value_of_another_type_is_refused() -> None:
    with pytest.raises(pa.ArrowInvalid):
        table_of([{"name": "a", "number": "seven"}], SCHEMA)
