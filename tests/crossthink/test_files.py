"""Files appear whole or not at all, and one writer holds a folder."""

import errno
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossthink.errors import UserError, os_fault
from crossthink.files import atomic_directory, atomic_path, digest, locked, write_parquet
from tests.support import ROOT

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=6,
)


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(RuntimeError), atomic_path(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_failed_folder_leaves_the_old_folder(tmp_path: Path) -> None:
    path = tmp_path / "stage"
    with atomic_directory(path) as folder:
        (folder / "one").write_text("1")
    with pytest.raises(RuntimeError), atomic_directory(path) as folder:
        (folder / "two").write_text("2")
        raise RuntimeError
    assert [file.name for file in path.iterdir()] == ["one"]
    assert list(tmp_path.iterdir()) == [path]


def test_the_same_rows_give_the_same_parquet_bytes_in_any_chunks(tmp_path: Path) -> None:
    whole = pa.table({"text": [f"question {n} " * (n % 60) for n in range(20_000)]})
    parts = pa.concat_tables([whole.slice(0, 1000), whole.slice(1000, 7777), whole.slice(8777)])
    for name, table in (("whole", whole), ("parts", parts)):
        write_parquet(tmp_path / name, table)
    assert (tmp_path / "whole").read_bytes() == (tmp_path / "parts").read_bytes()


def test_a_second_writer_is_told(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from crossthink.files import locked\n"
        f"with locked(Path({str(tmp_path)!r}), 'x'): print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(UserError, match="x is being written by another process"), locked(tmp_path, "x"):
            pass
        holder.kill()
        holder.wait()
        with locked(tmp_path, "x"):
            pass


@given(st.dictionaries(st.text(), json_values, min_size=2))
def test_the_order_of_keys_does_not_change_a_digest(value: dict[str, object]) -> None:
    assert digest(value) == digest(dict(reversed(value.items())))
    assert digest(value) != digest({**value, "another": 1} if value.get("another") != 1 else {**value, "another": 2})


def test_a_file_above_is_said_to_be_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for write in (atomic_path, atomic_directory):
        for place in ("file/new", "file/new/er"):
            with (
                pytest.raises(UserError, match=r"new.*: .*/file is a file, expected a folder"),
                write(tmp_path / place),
            ):
                pass


@pytest.mark.parametrize(
    "full",
    [
        OSError(errno.ENOSPC, "Error writing bytes to file. Detail: [errno 28] No space left on device"),
        OSError("11815 requested and 8346 written"),
    ],
    ids=["Arrow", "NumPy"],
)
@pytest.mark.parametrize("whole", [atomic_path, atomic_directory])
def test_a_full_disk_is_named_by_what_was_being_written(
    tmp_path: Path, whole: Callable[[Path], AbstractContextManager[Path]], full: OSError
) -> None:
    with pytest.raises(OSError) as found, whole(tmp_path / "x"):
        raise full
    assert os_fault(found.value) == f"{tmp_path / 'x'}: No space left on device"
    assert not list(tmp_path.iterdir())
