"""What several commands take: the workspace, the store of blends, the engines' threads and memory, the format of an answer."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from crossthink.engines import MOST_THREADS
from crossthink.errors import UserError, listing


class Format(StrEnum):
    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"


FILE_FORMATS = (Format.CSV, Format.JSON, Format.PARQUET)
"""What a list can be written as; its file name says which."""


def file_format(path: Path) -> Format:
    """Return the format that a file's name asks for.

    Raises:
        UserError: it is none of `FILE_FORMATS`, or the file's folder is no folder.
    """
    name = path.suffix.lower().removeprefix(".")
    if name not in FILE_FORMATS:
        expected = listing(f".{each}" for each in FILE_FORMATS)
        raise UserError(f"{path}: found the ending {path.suffix or '(none)'!r}, expected one of {expected}")
    if path.parent.exists() and not path.parent.is_dir():
        raise UserError(f"{path}: {path.parent} is a file, expected a folder")
    return Format(name)


WorkspaceOption = Annotated[
    Path,
    typer.Option("--workspace", "-w", envvar="CROSSTHINK_WORKSPACE", help="Folder of corpora, manifests and runs."),
]
StoreOption = Annotated[
    str | None,
    typer.Option(
        "--store",
        envvar="CROSSTHINK_STORE",
        help="Where blends are: a folder or an address such as s3://bucket/prefix; by default WORKSPACE/manifests.",
    ),
]
ThreadsOption = Annotated[
    int | None,
    typer.Option("--threads", min=1, max=MOST_THREADS, help="Threads of every engine; no output depends on it."),
]
MemoryOption = Annotated[
    str | None,
    typer.Option(
        "--memory", help="Memory to hold to, such as 2GiB (the default) or 512MiB (the least); no output depends on it."
    ),
]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Say what would be asked and what it may cost; ask nothing.")
]
DEFAULT_WORKSPACE = Path("workspace")
