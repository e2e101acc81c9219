"""How the columns of a Parquet file are encoded: texts as they are, whatever repeats as a dictionary.

By default a writer gathers a dictionary for every column and gives it up once it is too large, which for ids, questions and
answers is always. Here the first rows say which columns repeat. Texts that do not are written as lengths and bytes
(DELTA_LENGTH_BYTE_ARRAY) and without the smallest and the largest, which say nothing about a hash or a question: an eighth
of the CPU less, files that are a little smaller, and reading costs the same.
"""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

SAMPLE = 4_096
"""Rows that are looked at; the same rows always give the same encodings, and so the same bytes."""
LEAST_DISTINCT = 0.5
"""Share of different texts among them from which on a column does not repeat."""


def encodings(table: pa.Table) -> dict[str, Any]:
    """Return what a `pyarrow.parquet.ParquetWriter` is told about the columns of a table, given its first rows."""
    first = table.slice(0, SAMPLE).combine_chunks()
    leaves = [
        leaf for column, field in zip(first.columns, table.schema, strict=True) for leaf in _leaves(field, column)
    ]
    texts = {path for path, values in leaves if values is not None and not _repeats(values)}
    others = [path for path, _ in leaves if path not in texts]
    return {
        "use_dictionary": others or False,
        "write_statistics": others or False,
        "column_encoding": dict.fromkeys(sorted(texts), "DELTA_LENGTH_BYTE_ARRAY") or None,
    }


def _leaves(field: pa.Field, values: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the path of each column of the file that a field makes; with it the values of a column or list of texts."""
    path, kind = path or field.name, field.type
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        inside = None if values is None or pa.types.is_nested(kind.value_type) else _flat(values)
        yield from _leaves(kind.value_field, inside, f"{path}.list.element")
    elif pa.types.is_struct(kind):
        for each in kind:
            yield from _leaves(each, None, f"{path}.{each.name}")
    else:
        is_text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
        yield path, values if is_text else None


def _flat(lists: pa.ChunkedArray) -> pa.ChunkedArray:
    return pa.chunked_array([chunk.flatten() for chunk in lists.chunks], lists.type.value_type)


def _repeats(values: pa.ChunkedArray) -> bool:
    return len(values.unique()) <= LEAST_DISTINCT * len(values)
