"""Blends by name and version: written once, found again, and held to what their manifests say.

A version is never changed. The same recipe over the same corpus is the version that stands already, and blending again is
how a damaged one is mended. Where the bytes lie is `manifests.objects`' affair; here a place is only handed on.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from crossthink.errors import UserError, listing, nearest
from crossthink.files import sha256_file, write_parquet
from crossthink.workspace import StorePlace
from manifests.manifest import (
    HOLDOUT_FILE,
    ORDER_SCHEMA,
    ROWS_FILE,
    FileRecord,
    Manifest,
    recipe_digest,
    sources_digest,
)
from manifests.objects import OBJECTS, Objects, manifest_key, open_objects, same
from manifests.seal import from_text, to_text


@dataclass(frozen=True)
class Stored:
    """A blend in a store."""

    manifest: Manifest
    objects: Objects

    @property
    def reference(self) -> str:
        return f"{self.manifest.name}@{self.manifest.version}"

    @property
    def address(self) -> str:
        """Where its manifest is, for messages: a path, or an address in an object store."""
        return self.objects.address(manifest_key(self.manifest.name, self.manifest.version))

    @property
    def rows_path(self) -> Path:
        """The rows in training order, as a Parquet file of this machine."""
        return self.objects.local(self.pinned(ROWS_FILE))

    @property
    def holdout_path(self) -> Path | None:
        """The rows that were held out, likewise; None when the recipe holds none out."""
        return self.objects.local(self.pinned(HOLDOUT_FILE)) if self.manifest.holdout else None

    def rows(self) -> pa.Table:
        """Read the ordered rows, a table of `ORDER_SCHEMA`."""
        return read_rows(self.rows_path)

    def pinned(self, name: str) -> FileRecord:
        """Return the pin of one of its files.

        Raises:
            UserError: the manifest pins no such file.
        """
        for each in self.manifest.files:
            if each.name == name:
                return each
        raise UserError(f"{self.address}  files: {name} is not pinned")


@dataclass(frozen=True)
class Written:
    """What writing a blend came to; `is_new` is False when the same blend stood already, whole."""

    stored: Stored
    is_new: bool


def write(place: StorePlace, draft: Manifest, rows: pa.Table, holdout: pa.Table | None = None) -> Written:
    """Write a blend as the next version of its name, or return the version that says the same.

    Args:
        place: the store, `Workspace.manifests`.
        draft: the manifest; its version and the pins of its files are filled in here.
        rows: table of `ORDER_SCHEMA`.
        holdout: table of `ORDER_SCHEMA`, when the recipe holds items out.

    Raises:
        UserError: another process is writing this blend, or wrote its next version first.
    """
    if draft.name == OBJECTS:
        raise UserError(f"blend {OBJECTS!r}: the store keeps its rows under this name; take another")
    objects = open_objects(place)
    with objects.writing(draft.name) as folder:
        versions = objects.versions(draft.name)
        readable = _readable(objects, draft.name, versions, lambda _: None)
        standing = [each for each in readable if _says_the_same(each.manifest, draft)]
        for each in reversed(standing):
            if _is_whole(each):
                return Written(each, is_new=False)
        tables = {ROWS_FILE: rows} | ({} if holdout is None else {HOLDOUT_FILE: holdout})
        made = {name: folder / f".{name}.new.tmp" for name in tables}
        for name, table in tables.items():
            write_parquet(made[name], table)
        pins = [_pin(name, path) for name, path in made.items()]
        for pin in pins:
            objects.put(made[pin.name], pin)
        mended = next((each for each in standing if each.manifest.files == pins), None)
        if mended is not None:
            return Written(mended, is_new=True)
        manifest = draft.model_copy(update={"version": max(versions, default=0) + 1, "files": pins})
        return _create(objects, manifest)


def _create(objects: Objects, manifest: Manifest) -> Written:
    """Write the manifest, which makes the blend; who is second is told."""
    key = manifest_key(manifest.name, manifest.version)
    try:
        objects.create(key, to_text(manifest))
    except FileExistsError:
        first = from_text(objects.read(key), objects.address(key))
        if not _says_the_same(first, manifest):
            raise UserError(
                f"{objects.address(key)}: another process wrote version {manifest.version} of {manifest.name!r} while this"
                " one was being made; it stands, and nothing of this one was added. Run the same command again"
            ) from None
        return Written(Stored(first, objects), is_new=False)
    return Written(Stored(manifest, objects), is_new=True)


def load(place: StorePlace, reference: str) -> Stored:
    """Read a manifest by NAME, which is its newest version, or by NAME@VERSION.

    Raises:
        UserError: there is none, or it is damaged.
    """
    name, at, asked = reference.partition("@")
    if at and not asked:
        raise UserError(
            f"{reference}: found no version after the @; expected NAME, which is the newest, or NAME@VERSION"
        )
    objects = open_objects(place)
    versions = _versions(objects, name)
    if not versions:
        known = [each for each in objects.names() if objects.versions(each)]
        raise UserError(
            f"{objects.address(name)}: no blend of this name. There are: {listing(known)}.{nearest(name, known)}"
        )
    if asked and asked not in map(str, versions):
        raise UserError(f"{objects.address(name)}: no version {asked}. There are: {', '.join(map(str, versions))}")
    return _read(objects, name, int(asked or versions[-1]))


def has(place: StorePlace, name: str) -> bool:
    """Whether there is a blend of this name."""
    return bool(_versions(open_objects(place), name))


def list_all(place: StorePlace, say: Callable[[str], None] | None = None) -> list[Stored]:
    """Return every version of every blend, by name and version.

    Args:
        place: the store, `Workspace.manifests`.
        say: told, in one line each, which versions cannot be read; they are passed over. Without it, one is an error.

    Raises:
        UserError: a manifest is damaged, and there is nobody to say it to.
    """
    objects = open_objects(place)
    return [each for name in objects.names() for each in _readable(objects, name, objects.versions(name), say)]


def history(place: StorePlace, name: str) -> list[Stored]:
    """Return the versions of one blend, oldest first.

    Raises:
        UserError: there is none, or one is damaged.
    """
    newest = load(place, name.partition("@")[0])
    return [_read(newest.objects, newest.manifest.name, each) for each in newest.objects.versions(newest.manifest.name)]


def check(stored: Stored, *, deep: bool = False) -> None:
    """Hold a blend to everything that its manifest pins.

    Its text was held to its seal when it was read. Here its own digests are recomputed, and every file's size, SHA-256 and
    number of rows; any changed byte shows there. `deep` also recomputes from the rows what the manifest says of them: the
    content digest, batches, components and the holdout, which shows a manifest that was never true.

    Raises:
        UserError: something differs; the first difference is named, with what was found and what was expected.
    """
    manifest, address = stored.manifest, stored.address
    same(address, "digests.recipe", recipe_digest(manifest.recipe), manifest.digests.recipe)
    same(address, "digests.sources", sources_digest(manifest.corpus, manifest.sources), manifest.digests.sources)
    same(address, "files", [each.name for each in manifest.files], _expected_files(manifest))
    for pinned in manifest.files:
        path = stored.objects.verify(pinned)
        with pq.ParquetFile(path) as file:
            found = file.metadata.num_rows
        expected = manifest.holdout.rows if manifest.holdout and pinned.name == HOLDOUT_FILE else manifest.rows
        same(f"{path} ({pinned.name})", "rows", found, expected)
    if deep:
        from manifests.deep import check_meaning

        check_meaning(manifest, stored.rows_path, stored.holdout_path)


def read_rows(path: Path) -> pa.Table:
    """Read a file of rows, a table of `ORDER_SCHEMA`."""
    # By its path alone: a pattern or an address means nothing here, and no thread of Arrow's holds a Python object,
    # which it could only let go of before the interpreter ends.
    with pq.ParquetFile(path) as file:
        return file.read().cast(ORDER_SCHEMA)


def _versions(objects: Objects, name: str) -> list[int]:
    """Return the versions of a name that a person typed; one that leaves the store's folder has none."""
    return objects.versions(name) if name and "/" not in name and not name.startswith(".") else []


def _read(objects: Objects, name: str, version: int) -> Stored:
    key = manifest_key(name, version)
    where = objects.address(key)
    try:
        manifest = from_text(objects.read(key), where)
    except FileNotFoundError:
        raise UserError(f"{where}: missing; it was there a moment ago") from None
    same(where, "name/version", f"{name}/{version}", f"{manifest.name}/{manifest.version}")
    return Stored(manifest, objects)


def _readable(objects: Objects, name: str, versions: list[int], say: Callable[[str], None] | None) -> Iterator[Stored]:
    """Yield the versions that can be read; a damaged one is said and passed over, or is an error without `say`."""
    for version in versions:
        try:
            stored = _read(objects, name, version)
        except UserError as error:
            if say is None:
                raise
            say(f"blend {name}@{version}: {error}")
        else:
            yield stored


def _is_whole(stored: Stored) -> bool:
    try:
        for pinned in stored.manifest.files:
            stored.objects.verify(pinned)
    except UserError:
        return False
    return True


def _pin(name: str, path: Path) -> FileRecord:
    return FileRecord(name=name, sha256=sha256_file(path), bytes=path.stat().st_size)


def _expected_files(manifest: Manifest) -> list[str]:
    return [ROWS_FILE, HOLDOUT_FILE] if manifest.holdout else [ROWS_FILE]


def _says_the_same(stored: Manifest, draft: Manifest) -> bool:
    """Whether two manifests describe one blend: the version, the pins and the toolkit's own version aside.

    The settings of the curation go by their digest, which a manifest may have alone.
    """
    own: dict[str, Any] = {"version": True, "files": True, "crossthink": True, "corpus": {"curation"}}
    return stored.model_dump(exclude=own) == draft.model_dump(exclude=own)
