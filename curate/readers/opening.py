"""From paths and globs to byte streams: which files, in which order, under which names, safely unpacked.

Names carry no folder of the machine: a file is called by its last part, or by as many parts as it takes to tell the
files of one source apart. Archives are streamed, never extracted; a damaged one is a `UserError`, because after a break
the rest of the source is missing and cannot be counted.
"""

import glob
import gzip
import io
import os
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any, NamedTuple, cast

import zstandard

from crossthink.errors import UserError
from crossthink.files import sha256_file
from curate.readers.rows import conversion

MAX_LINE_BYTES = 64 << 20
"""A line beyond this is rejected without being held: a small archive can unpack to one endless line."""
MAX_WHOLE_BYTES = 1 << 30
"""Unpacked bytes of a file that can only be read whole (a JSON array, a text): beyond this it is refused."""

_BUFFER_BYTES = 1 << 18
_ZSTD_BYTES = 1 << 13
"""Packed bytes given to Zstandard at once, so that what comes out of one step stays bounded (at most 32,000 to 1)."""

_COMPRESSIONS = (".gz", ".zst")
_HIDDEN = re.compile(r"(?:^|/)(?:\.|__MACOSX/)")
_UTF8_MARK = b"\xef\xbb\xbf"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_DAMAGE = (EOFError, OSError, zlib.error, zstandard.ZstdError, zipfile.BadZipFile, NotImplementedError, RuntimeError)


class FileFacts(NamedTuple):
    """What identifies a file wherever it lies."""

    name: str
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class SourceFile:
    path: Path
    name: str


@dataclass(frozen=True, slots=True)
class Member:
    """One readable file: a file on disk, packed or not, or a member of a zip archive."""

    path: Path
    name: str
    """What places are built from: the file's name, and the member's behind it."""
    suffix: str
    """Of the unpacked file, in lower case: ".jsonl" for train.jsonl.gz."""
    compression: str = ""
    inner: str | None = None
    """The member's name in the archive at `path`."""

    @property
    def plain_name(self) -> str:
        """The file's name without folders and without the compression's suffix."""
        name = PurePosixPath(self.name).name
        return name[: len(name) - len(self.compression)]

    @property
    def is_packed(self) -> bool:
        return bool(self.compression) or self.inner is not None

    def open(self) -> AbstractContextManager[IO[bytes]]:
        """Open the unpacked bytes."""
        return _opened(self.path, self.inner, self.compression)


def find_files(patterns: Sequence[str | Path]) -> list[SourceFile]:
    """Return the files that paths and globs (`*`, `?`, `[...]`, `**`) name, each once, ordered by name.

    Raises:
        UserError: a path is missing or a folder, or a glob matches no file.
    """
    found: dict[str, Path] = {}
    for pattern in map(str, patterns):
        if Path(pattern).is_dir():
            raise UserError(f"{pattern}: is a folder; name its files, for example {pattern.rstrip('/')}/*.jsonl")
        matches = [pattern] if Path(pattern).exists() else glob.glob(pattern, recursive=True)  # noqa: PTH207  may be absolute
        files = [Path(match) for match in matches if Path(match).is_file()]
        if not files:
            what = "no file matches" if glob.has_magic(pattern) else "there is no such file"
            raise UserError(
                f"{pattern}: {'is no file, expected one' if Path(pattern).exists() else what}{_whose(pattern)}"
            )
        for file in sorted(
            files, key=lambda file: (len(file.parts), file)
        ):  # a link that is a loop makes endless paths
            found.setdefault(os.path.realpath(file), file)
    if not found:
        raise UserError("no files are named; give at least one path or glob")
    paths = {os.path.abspath(path): path for path in found.values()}  # noqa: PTH100  a link keeps its own name
    names = _shortest_names(list(paths))
    return sorted((SourceFile(path, names[key]) for key, path in paths.items()), key=lambda file: file.name)


def _whose(pattern: str) -> str:
    """Return what to do about a file that a shipped configuration names: it lies in this package, and data does not."""
    is_ours = Path(pattern).absolute().is_relative_to(Path(__file__).parents[1])
    return ". A shipped configuration comes without data; say with --data FOLDER where they are" if is_ours else ""


def file_records(patterns: Sequence[str | Path]) -> list[FileFacts]:
    """Return name, SHA-256 and size of the files that `find_files` finds, in its order."""
    return [FileFacts(file.name, sha256_file(file.path), file.path.stat().st_size) for file in find_files(patterns)]


def members(file: SourceFile, wanted: Sequence[str]) -> list[Member]:
    """Return what is to be read from a file: itself, or the members of a zip archive in name order.

    Args:
        file: from `find_files`.
        wanted: suffixes that the layout can read. Members of an archive with other suffixes (a licence, a read-me) are
            passed over, and so are hidden files; a file that is named outright must have one of them.

    Raises:
        UserError: an unknown suffix, an archive without a suitable member, or with an unsafe member name.
    """
    suffix, compression = _suffixes(file.name)
    if suffix == ".zip" and not compression:
        return _zip_members(file, wanted)
    if suffix not in wanted:
        raise UserError(f"{file.path}: expected a file of {_spelled(wanted)}, or one packed as .gz, .zst or .zip")
    return [Member(file.path, file.name, suffix, compression)]


def lines(member: Member) -> Iterator[tuple[int, bytes]]:
    r"""Yield (1-based number, line with its line end), split at "\n" only; a byte order mark is taken off.

    A line longer than `MAX_LINE_BYTES` is cut to one byte more than that.

    Raises:
        UserError: the file is damaged or in UTF-16.
    """
    limit = MAX_LINE_BYTES + 1
    number = 0
    try:
        with member.open() as stream:
            line = _without_mark(stream.readline(limit), member.name)
            while line:
                number += 1
                if len(line) == limit and not line.endswith(b"\n"):
                    _skip_line(stream)
                yield number, line
                line = stream.readline(limit)
    except _DAMAGE as error:
        raise _damaged(member.name, number, error) from error


def whole_text(member: Member) -> str:
    """Return a file's text; bytes that are not UTF-8 are there as surrogates (PEP 383).

    Raises:
        UserError: the file is damaged, in UTF-16, or unpacks to more than `MAX_WHOLE_BYTES`.
    """
    parts: list[bytes] = []
    size = 0
    try:
        with member.open() as stream:
            while size <= MAX_WHOLE_BYTES and (part := stream.read(_BUFFER_BYTES)):
                parts.append(part)
                size += len(part)
    except _DAMAGE as error:
        raise _damaged(member.name, sum(part.count(b"\n") for part in parts), error) from error
    if size > MAX_WHOLE_BYTES:
        raise UserError(f"{member.name}: unpacks to more than {MAX_WHOLE_BYTES >> 20} MiB; write it as JSON lines")
    return _without_mark(b"".join(parts), member.name).decode("utf-8", "surrogateescape")


class _ZstdReader(io.RawIOBase):
    """Unpack Zstandard frames and notice a missing end, which `zstandard.stream_reader` takes for the file's."""

    def __init__(self, packed: IO[bytes]) -> None:
        self._packed = packed
        self._frame = zstandard.ZstdDecompressor().decompressobj()
        self._begun = False
        self._ready = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._ready:
            left_over = self._frame.unused_data if self._frame.eof else b""
            chunk = left_over or self._packed.read(_ZSTD_BYTES)
            if not chunk:
                if self._begun and not self._frame.eof:
                    raise EOFError("the last frame has no end")
                return 0
            if self._frame.eof:
                self._frame = zstandard.ZstdDecompressor().decompressobj()
            self._begun = True
            self._ready = memoryview(self._frame.decompress(chunk))
        count = min(len(buffer), len(self._ready))
        buffer[:count] = self._ready[:count]
        self._ready = self._ready[count:]
        return count


@contextmanager
def _opened(path: Path, inner: str | None, compression: str) -> Iterator[IO[bytes]]:
    with ExitStack() as stack:
        packed: IO[bytes]
        if inner is None:
            packed = stack.enter_context(path.open("rb", buffering=_BUFFER_BYTES))
        else:
            archive = stack.enter_context(zipfile.ZipFile(path))
            packed = io.BufferedReader(cast(io.RawIOBase, stack.enter_context(archive.open(inner))), _BUFFER_BYTES)
        if compression == ".gz":
            unpacked = stack.enter_context(gzip.GzipFile(fileobj=packed))
            yield io.BufferedReader(cast(io.RawIOBase, unpacked), _BUFFER_BYTES)
        elif compression == ".zst":
            yield io.BufferedReader(_ZstdReader(packed), _BUFFER_BYTES)
        else:
            yield packed


def _zip_members(file: SourceFile, wanted: Sequence[str]) -> list[Member]:
    try:
        with zipfile.ZipFile(file.path) as archive:
            infos = sorted(archive.infolist(), key=lambda info: info.filename)
    except _DAMAGE as error:
        raise _damaged(file.name, 0, error) from error
    for info in infos:
        _refuse_unsafe(file.path, info)
    names = [info.filename for info in infos if not info.is_dir() and not _HIDDEN.search(info.filename)]
    if len(set(names)) < len(names):
        raise UserError(f"{file.path}: two members have the same name")
    found = [Member(file.path, f"{file.name}/{name}", *_suffixes(name), name) for name in names]
    suitable = [member for member in found if member.suffix in wanted]
    if not suitable:
        raise UserError(f"{file.path}: no member can be read, expected files of {_spelled(wanted)}")
    return suitable


def _refuse_unsafe(path: Path, info: zipfile.ZipInfo) -> None:
    """Refuse an archive with a member that points out of it, is a link or a device, or is encrypted."""
    name = info.orig_filename
    parts = re.split(r"[/\\]", name)
    kind = (info.external_attr >> 16) & 0o170000
    if ".." in parts or parts[0] == "" or re.match("[A-Za-z]:", name) or "\0" in name:
        raise UserError(f"{path}: the member name {name!r} points out of the archive; nothing was read")
    if kind not in (0, 0o100000, 0o040000):
        raise UserError(f"{path}: the member {name!r} is not a regular file; nothing was read")
    if info.flag_bits & 1:
        raise UserError(f"{path}: the member {name!r} is encrypted; unpack it first")


def _suffixes(name: str) -> tuple[str, str]:
    """Return the suffix of the unpacked file and that of its compression ("" for none), in lower case."""
    path = PurePosixPath(name.lower())
    return (PurePosixPath(path.stem).suffix, path.suffix) if path.suffix in _COMPRESSIONS else (path.suffix, "")


def _shortest_names(paths: list[str]) -> dict[str, str]:
    """Return the last part of each path, or as many last parts for all as it takes to tell them apart."""
    parts = {path: Path(path).parts for path in paths}
    for count in range(1, max(map(len, parts.values())) + 1):
        names = {path: "/".join(parts[path][-count:]) for path in paths}
        if len(set(names.values())) == len(paths):
            break
    return names


def _spelled(suffixes: Sequence[str]) -> str:
    return ", ".join(suffix or "no suffix" for suffix in suffixes)


def _skip_line(stream: IO[bytes]) -> None:
    while (rest := stream.readline(_BUFFER_BYTES)) and not rest.endswith(b"\n"):
        pass


def _without_mark(start: bytes, name: str) -> bytes:
    if start.startswith(_UTF16_MARKS):
        raise UserError(f"{name}: is written in UTF-16; {conversion('UTF-16')}")
    return start.removeprefix(_UTF8_MARK)


def _damaged(name: str, number: int, error: BaseException) -> UserError:
    where = f"after line {number:,}" if number else "from its start"
    return UserError(f"{name}: cannot be read {where} ({error}); the file is cut short or damaged, fetch it again")
