"""Files that appear whole or not at all, and the digests that identify them.

Everything is written beside its final place and renamed into it, so that a kill at any moment leaves either the old state
or the new one. A digest is the SHA-256 of bytes, or of JSON in one canonical form (sorted keys, no spaces, UTF-8).
"""

import errno
import fcntl
import hashlib
import json
import os
import re
import shutil
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crossthink.errors import UserError

if TYPE_CHECKING:
    import pyarrow as pa

ROW_GROUP_ROWS = 65_536
"""Rows of one Parquet row group, fixed so that the same table gives the same bytes on any machine."""
ROW_GROUP_BYTES = 64 * 2**20
"""Of texts in one Parquet row group, about: longer texts are in smaller groups, which depend on nothing else."""
BATCH_ROWS = 16_384
"""Rows of one batch of an Arrow file; a row group is a whole number of them."""
BATCH_BYTES = 32 * 2**20
"""Of one batch of an Arrow file, about: a file of longer texts has batches of half the rows, a quarter, ..."""
_GROUP_STEP = 1024
_BLOCK_BYTES = 2**18


def canonical_json(value: Any) -> bytes:
    """Return the one byte string that stands for a JSON value; NaN and infinities are refused."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def digest(value: Any) -> str:
    """Return the SHA-256 (hex) of a JSON value in canonical form."""
    return hashlib.sha256(canonical_json(value)).hexdigest()


def sha256_file(path: Path) -> str:
    """Return the SHA-256 (hex) of a file's bytes, read in blocks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def crc32_file(path: Path) -> int:
    """Return the CRC-32 of a file's bytes: it finds damage as a SHA-256 does, at a third of the cost, but no forgery."""
    checksum, block = 0, memoryview(bytearray(_BLOCK_BYTES))
    with path.open("rb", buffering=0) as file:
        while count := file.readinto(block):
            checksum = zlib.crc32(block[:count], checksum)
    return checksum


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield a path beside `path`; on a clean exit what was written there becomes `path`, durably.

    Raises:
        UserError: what stands above it is no folder.
    """
    _make_folder_above(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with _full_disk_names(path):
            yield temporary
            _sync(temporary)
        temporary.replace(path)
        _sync(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def move_durably(file: Path, path: Path) -> None:
    """Move a finished file to its place on the same disk, whatever stood there; it is on the disk when this returns."""
    _make_folder(path.parent)
    _sync(file)
    file.replace(path)
    _sync(path.parent)


def create_exclusively(path: Path, content: bytes) -> None:
    """Write a file that is not there yet: whole or not at all, and for one of several writers at once.

    Raises:
        FileExistsError: it is there, or another process was first.
    """
    _make_folder(path.parent)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_bytes(content)
        _sync(temporary)
        os.link(temporary, path)  # unlike a rename, a link never replaces
        _sync(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def atomic_directory(path: Path) -> Iterator[Path]:
    """Yield a new empty directory; on a clean exit it becomes `path`, replacing what stood there.

    Raises:
        UserError: what stands above it is no folder.
    """
    _make_folder_above(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    retired = path.with_name(f".{path.name}.{os.getpid()}.old")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    try:
        with _full_disk_names(path):
            yield temporary
            for file in temporary.iterdir():
                _sync(file)
        if path.exists():
            path.replace(retired)
        temporary.replace(path)
        _sync(path.parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        shutil.rmtree(retired, ignore_errors=True)


@contextmanager
def locked(folder: Path, what: str) -> Iterator[None]:
    """Hold a folder for one writer; the lock goes with the process, however it ends.

    Raises:
        UserError: another process holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(f"{folder}: {what} is being written by another process; wait for it to end") from None
        for leftover in (*folder.rglob(".*.tmp"), *folder.rglob(".*.old")):  # of writers that were killed
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
        yield


def write_json(path: Path, value: Any) -> None:
    """Write a JSON value for people to read (indented, keys in the given order), atomically."""
    with atomic_path(path) as temporary:
        text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
        temporary.write_text(text + "\n", encoding="utf-8")


def write_parquet(path: Path, table: "pa.Table") -> None:
    """Write an Arrow table as Parquet (zstd), atomically; the same rows give the same bytes for any thread count."""
    with atomic_path(path) as temporary, parquet_writer(temporary, table.schema) as write:
        write(table)


@contextmanager
def parquet_writer(path: Path, schema: "pa.Schema") -> "Iterator[Callable[[pa.Table], None]]":
    """Yield a function that appends rows to a new Parquet file (zstd), and hold no more than a row group of them.

    Args:
        path: the new file.
        schema: of every table that is appended.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    from crossthink.encodings import encodings

    with ExitStack() as opened:
        writers: list[pq.ParquetWriter] = []

        def put(rows: pa.Table) -> None:
            if not writers:
                made = pq.ParquetWriter(path, schema, compression="zstd", **encodings(rows))
                writers.append(opened.enter_context(made))
            if rows.num_rows:
                writers[0].write_table(rows)

        with _grouped(schema, put, _row_group_rows) as write:
            yield write
        if not writers:
            put(pa.Table.from_batches([], schema))


@contextmanager
def arrow_writer(path: Path, schema: "pa.Schema") -> "Iterator[Callable[[pa.Table], None]]":
    """Yield a function that appends rows to a new Arrow file, for what later steps read back many times.

    Nothing is encoded or compressed, so reading some columns costs copying their bytes: a third of what Parquet takes.

    Args:
        path: the new file; every batch but the last has as many rows, `BATCH_ROWS` or, of long texts, a part of it.
        schema: of every table that is appended.
    """
    import pyarrow as pa

    size = 0

    def batch_rows(rows: pa.Table) -> int:
        nonlocal size
        size = size or _batch_rows(rows)  # the first rows decide for all
        return size

    with (
        pa.OSFile(str(path), "wb") as file,
        pa.ipc.new_file(file, schema) as writer,
        _grouped(schema, writer.write_table, batch_rows) as write,
    ):
        yield write


@contextmanager
def _grouped(
    schema: "pa.Schema", put: "Callable[[pa.Table], None]", rows_of_group: "Callable[[pa.Table], int]"
) -> "Iterator[Callable[[pa.Table], None]]":
    """Yield a function that hands rows on in groups, and the rest at the end.

    How many pieces the rows come in depends on the threads that made them, and pages end where pieces do; here they are
    put together, so the same rows give the same bytes.

    Args:
        schema: of the rows.
        put: gets each group.
        rows_of_group: of the rows that wait, how many the next group has; more than there are if it is not whole.
    """
    import pyarrow as pa

    waiting = pa.Table.from_batches([], schema)

    def write(rows: pa.Table) -> None:
        nonlocal waiting
        waiting = pa.concat_tables([waiting, rows])
        while waiting.num_rows and waiting.num_rows >= (count := rows_of_group(waiting)):
            put(waiting.slice(0, count).combine_chunks())
            waiting = waiting.slice(count)

    yield write
    if waiting.num_rows:
        put(waiting.combine_chunks())


def _row_group_rows(rows: "pa.Table") -> int:
    """`ROW_GROUP_ROWS`, or so many of the first rows that their texts have `ROW_GROUP_BYTES`."""
    if rows.nbytes < ROW_GROUP_BYTES:
        return ROW_GROUP_ROWS
    held = 0
    for start in range(0, min(rows.num_rows, ROW_GROUP_ROWS), _GROUP_STEP):
        held += sum(_text_bytes(chunk) for column in rows.slice(start, _GROUP_STEP).columns for chunk in column.chunks)
        if held >= ROW_GROUP_BYTES:
            return start + _GROUP_STEP
    return ROW_GROUP_ROWS


def _text_bytes(values: "pa.Array") -> int:
    """The bytes of all texts, in lists and structs too: unlike those of buffers they do not depend on how rows were cut."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_list(values.type):
        return _text_bytes(values.flatten())
    if pa.types.is_struct(values.type):
        return sum(map(_text_bytes, values.flatten()))
    is_text = any(
        is_kind(values.type) for is_kind in (pa.types.is_string, pa.types.is_large_string, pa.types.is_binary)
    )
    return pc.sum(pc.binary_length(values)).as_py() or 0 if is_text else 0


def _batch_rows(rows: "pa.Table") -> int:
    """`BATCH_ROWS`, or the half of it, a quarter, ... where that many rows as these have more than `BATCH_BYTES`."""
    found = BATCH_ROWS
    while found > 1 and found * rows.nbytes > BATCH_BYTES * rows.num_rows:
        found //= 2
    return found


@contextmanager
def _full_disk_names(path: Path) -> Iterator[None]:
    """Say of a full disk what was being written: Arrow and Python's own files say no name, NumPy how many numbers."""
    try:
        yield
    except OSError as error:
        number = errno.ENOSPC if _NUMPY_SHORT.fullmatch(str(error)) else error.errno
        if number not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise
        raise OSError(number, os.strerror(number), str(path)) from error


_NUMPY_SHORT = re.compile(r"\d+ requested and \d+ written")


def _make_folder_above(path: Path) -> None:
    above = next(folder for folder in path.absolute().parents if folder.exists())
    if not above.is_dir():
        raise UserError(f"{path}: {above} is a file, expected a folder")
    path.parent.mkdir(parents=True, exist_ok=True)


def _make_folder(folder: Path) -> None:
    """Make a folder and those above it, and have their entries on the disk."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for each in missing:
        _sync(each.parent)


def _sync(path: Path) -> None:
    """Flush a file or a directory entry to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
