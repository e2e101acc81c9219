"""The files of a finished piece of work, pinned by the record beside them."""

from collections.abc import Iterable
from pathlib import Path

from crossthink.files import sha256_file
from manifests.manifest import FileRecord


def pin_tables(folder: Path) -> list[FileRecord]:
    """Return the pins of a folder's Parquet files, by name."""
    files = sorted(folder.glob("*.parquet"))
    return [FileRecord(name=path.name, sha256=sha256_file(path), bytes=path.stat().st_size) for path in files]


def are_whole(folder: Path, pinned: Iterable[FileRecord]) -> bool:
    """Whether every file is there as it was pinned."""
    return all((folder / file.name).is_file() and sha256_file(folder / file.name) == file.sha256 for file in pinned)
