"""Arrow tables from rows of Python values, without pandas.

`pyarrow.Table.from_pylist`, like everything that makes an array of Python values, first loads pandas where it is installed, to
see whether the values are pandas'. That takes a third of a second, most of what a small query takes. Arrow's reader of JSON
does not ask.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa


def table_of(rows: Sequence[Mapping[str, Any]], schema: pa.Schema) -> pa.Table:
    """Return rows as a table.

    Args:
        rows: what JSON can hold: texts, whole and finite numbers, truth values, lists and mappings of such. A key that is missing
            is null, one that the schema lacks is passed over. A map is a mapping or a list of pairs; one that is missing is empty.
        schema: of these types; maps are columns themselves.

    Raises:
        pyarrow.ArrowInvalid: a value is of another type.
    """
    if not rows:
        return schema.empty_table()
    import pyarrow.json

    maps = {field.name: field.type for field in schema if pa.types.is_map(field.type)}
    lines = [json.dumps({**row, **{name: _pairs(row.get(name, {})) for name in maps}}, allow_nan=False) for row in rows]
    text = "\n".join(lines).encode()
    pairs = [field.with_type(_pairs_type(field.type)) if field.name in maps else field for field in schema]
    table = pyarrow.json.read_json(
        pa.BufferReader(text),  # as one block: a row that reaches over the end of a block is an error
        pyarrow.json.ReadOptions(use_threads=False, block_size=len(text) + 1),
        pyarrow.json.ParseOptions(explicit_schema=pa.schema(pairs), unexpected_field_behavior="ignore"),
    )
    columns = (_map(table[name].combine_chunks(), maps[name]) if name in maps else table[name] for name in schema.names)
    return pa.Table.from_arrays(list(columns), schema=schema)


def _pairs(entries: Mapping[str, Any] | Sequence[tuple[str, Any]]) -> list[dict[str, Any]]:
    pairs = entries.items() if isinstance(entries, Mapping) else entries
    return [{"key": key, "value": value} for key, value in pairs]


def _pairs_type(kind: pa.MapType) -> pa.ListType:
    return pa.list_(pa.struct([("key", kind.key_type), ("value", kind.item_type)]))


def _map(pairs: pa.ListArray, kind: pa.MapType) -> pa.MapArray:
    key, value = pairs.values.flatten()
    return pa.MapArray.from_arrays(pairs.offsets, key, value, type=kind)
