"""Parquet, Arrow and Hugging Face data sets: columns in batches, turned into records of JSON values.

Most columns are JSON values already. Where a type is not, it is written as text (times in ISO 8601, decimals as digits,
an infinity as "inf"); NaN is null, as in JSON text. Bytes are text where they are UTF-8, for Spark and others write texts as
plain BYTE_ARRAY, else base64.
"""

import base64
import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa

from crossthink.errors import UserError, listing
from curate.readers.opening import Member
from curate.readers.rows import Base64, Rejected, RejectReason, Row, printable

BATCH_BYTES = 16 * 2**20
"""Read at once, about."""
_BATCH_ROWS = 4096


def parquet_rows(member: Member) -> Iterator[Row | Rejected]:
    """Yield the rows of a Parquet file, numbered from 1."""
    import pyarrow.parquet as pq

    with _explained(member), pq.ParquetFile(_unpacked_path(member), pre_buffer=False) as file:
        names = file.schema_arrow.names
        if twice := [name for name in names if names.count(name) > 1]:
            raise UserError(f"{member.name}: two columns are named {twice[0]!r}")
        yield from batch_rows(
            member.name, file.iter_batches(parquet_rows_at_once(file.metadata, _BATCH_ROWS, BATCH_BYTES))
        )


def arrow_rows(member: Member) -> Iterator[Row | Rejected]:
    """Yield the rows of an Arrow file, in the stream or the file format, numbered from 1."""
    with _explained(member), pa.memory_map(str(_unpacked_path(member))) as source:
        is_file = source.read(6) == b"ARROW1"
        source.seek(0)
        if is_file:
            file = pa.ipc.open_file(source)
            batches = (file.get_batch(number) for number in range(file.num_record_batches))
            yield from batch_rows(member.name, batches)
        else:
            yield from batch_rows(member.name, pa.ipc.open_stream(source))


def hub_rows(
    name: str, split: str = "train", config: str | None = None, revision: str | None = None
) -> Iterator[Row | Rejected]:
    """Yield the rows of one split of a data set on the Hugging Face hub, or of a local data set folder.

    Args:
        name: OWNER/NAME on the hub, or a folder of files that `datasets` knows or that its `save_to_disk` wrote.
        split: one split, for example "train".
        config: the hub's name for a subset.
        revision: commit, tag or branch; a commit pins the rows.

    Raises:
        UserError: the data set, the configuration or the split is not there, or cannot be fetched.
    """
    dataset = _load_split(name, split, config, revision)
    label = "/".join(part for part in (Path(name).name if Path(name).is_dir() else name, config, split) if part)
    if not len(dataset):
        raise UserError(f"{label}: holds no rows, there is nothing to read")
    tables = dataset.with_format("arrow").iter(_BATCH_ROWS)
    yield from batch_rows(label, (batch for table in tables for batch in table.to_batches()))


def batch_rows(name: str, batches: Iterable[Any]) -> Iterator[Row | Rejected]:
    """Yield the rows of Arrow record batches under `name`:ROW."""
    number = 0
    clean: Callable[[Any], Any] | None = None
    for index, batch in enumerate(batches):
        if index == 0:
            clean = None if all(map(_is_json_type, batch.schema.types)) else json_value
        for record in chain.from_iterable(map(_records, _slices(batch))):
            number += 1
            place = f"{name}:{number}"
            if isinstance(record, UnicodeDecodeError):
                yield Rejected(place, RejectReason.BAD_BYTES, "a text is not UTF-8", printable(record.object))
            elif isinstance(record, Exception):
                yield Rejected(place, RejectReason.BAD_RECORD, f"a value cannot be read: {record}", "")
            else:
                yield Row(place, clean(record) if clean else record)


def parquet_rows_at_once(file: Any, most: int, most_bytes: int) -> int:
    """Return how many rows of a Parquet file to read at once.

    Args:
        file: its metadata.
        most: rows, where they are short.
        most_bytes: of so many rows, about, where they are long.
    """
    unpacked = sum(file.row_group(number).total_byte_size for number in range(file.num_row_groups))
    return max(1, min(most, int(file.num_rows * most_bytes / max(unpacked, 1))))


def _load_split(name: str, split: str, config: str | None, revision: str | None) -> Any:
    import datasets

    folder = Path(name)
    try:
        if (folder / "dataset_dict.json").is_file() or (folder / "state.json").is_file():
            loaded = datasets.load_from_disk(name)
            if not isinstance(loaded, datasets.DatasetDict):
                return loaded
            if split not in loaded:
                raise UserError(f"{name}: has no split {split!r}. There are: {listing(map(str, loaded))}")
            return loaded[split]
        return datasets.load_dataset(name, config, split=split, revision=revision)
    except (OSError, ValueError, RuntimeError, pa.ArrowException, datasets.exceptions.DatasetsError) as error:
        where = f"{name} (config {config or 'default'}, split {split}, revision {revision or 'newest'})"
        raise UserError(f"{where}: cannot be loaded by datasets: {error}") from error


def _slices(batch: Any) -> Iterator[Any]:
    """Cut a batch so that a slice has about `BATCH_BYTES`, for its records take several times as much."""
    step = max(1, batch.num_rows * BATCH_BYTES // max(batch.nbytes, BATCH_BYTES))
    return (batch.slice(start, step) for start in range(0, batch.num_rows, step))


def _records(batch: Any) -> list[Any]:
    """Return the records of a batch; where a text is not UTF-8, or a time is none, the error stands for the record."""
    try:
        return list(batch.to_pylist())
    except (ValueError, OverflowError, LookupError) as error:
        if batch.num_rows == 1:
            return [error]
    return [record for row in range(batch.num_rows) for record in _records(batch.slice(row, 1))]


def _is_json_type(type_: Any) -> bool:
    """Tell whether every value of an Arrow type is a JSON value; floats are not, because of NaN."""
    kinds = pa.types
    if kinds.is_list(type_) or kinds.is_large_list(type_) or kinds.is_fixed_size_list(type_):
        return _is_json_type(type_.value_type)
    if kinds.is_struct(type_):
        return all(_is_json_type(type_.field(place).type) for place in range(type_.num_fields))
    checks = (kinds.is_string, kinds.is_large_string, kinds.is_integer, kinds.is_boolean, kinds.is_null)
    return any(check(type_) for check in checks)


def json_value(value: Any) -> Any:
    """Return the JSON form of a value that Arrow gave."""
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None if math.isnan(value) else str(value)
    if isinstance(value, dict):
        return {str(key): json_value(element) for key, element in value.items()}
    if isinstance(value, list | tuple):
        return [json_value(element) for element in value]
    if isinstance(value, bytes):
        return _text_of_bytes(value)
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _text_of_bytes(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return Base64(base64.b64encode(value).decode("ascii"))


def _unpacked_path(member: Member) -> Path:
    if member.is_packed:
        raise UserError(f"{member.name}: {member.suffix} files are read in place; unpack it first")
    return member.path


@contextmanager
def _explained(member: Member) -> Iterator[None]:
    try:
        yield
    except (OSError, pa.ArrowException) as error:
        raise UserError(f"{member.name}: is not a readable {member.suffix} file ({error}); fetch it again") from error
