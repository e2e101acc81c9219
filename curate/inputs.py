"""The inputs of a curation: which files each source has, what identifies them, and how their records are read."""

import glob
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from crossthink.errors import UserError
from crossthink.files import atomic_path, canonical_json, digest, sha256_file
from crossthink.workspace import Workspace
from curate.config import GeneratedSource, SourceSettings
from curate.readers import Rejected, Row, file_records, hub_rows, read_files
from curate.readers.batches import ColumnBatch, column_batches, is_columnar
from curate.sources import Adapter, Draft, Role, adapter
from curate.sources.generate import generate_reasoning_gym
from curate.sources.images import image_folders, read_images
from curate.synthesis.source import QUESTIONS_FILE, Synthetic, read_synthetic
from manifests.manifest import Asked, FileRecord, SourceRecord

_DATA_SUFFIXES = (
    ".json",
    ".jsonl",
    ".ndjson",
    ".csv",
    ".tsv",
    ".txt",
    ".md",
    ".parquet",
    ".arrow",
    ".gz",
    ".zst",
    ".zip",
)
"""Files beside a source's own that are no images."""


@dataclass(frozen=True)
class SourceInput:
    """A source whose input is there and whose content is known by digest."""

    settings: SourceSettings
    adapter: Adapter
    files: list[FileRecord]
    rows: Callable[[], Iterator[ColumnBatch | Row | Rejected]]
    folders: Mapping[str, Path] = field(default_factory=dict)
    """Of the files on disk, by the name that places begin with; images lie in them."""
    asked: Sequence[Asked] = ()
    """What models were asked for the rows, of a synthetic source."""

    @property
    def license(self) -> str:
        return self.settings.license or self.adapter.license

    @property
    def language(self) -> str:
        return self.settings.language or self.adapter.language

    @property
    def role(self) -> Role:
        return self.settings.role or self.adapter.role

    def draft(self, row: Row) -> Draft:
        """Draft one row.

        Raises:
            BadRecord: it does not fit the adapter's schema, or an image of it is not there.
        """
        return read_images(self.adapter.draft(row.record), row.place, self.folders)

    def record(self, rows: int) -> SourceRecord:
        """Return what a manifest says of this source."""
        return SourceRecord(
            name=self.settings.name,
            adapter=self.adapter.name,
            revision=self.settings.revision,
            license=self.license,
            role=self.role.value,
            files=self.files,
            rows=rows,
            asked=list(self.asked),
        )

    def identity(self) -> dict[str, Any]:
        """What this source's items depend on: its content and what the configuration says of it, without places."""
        return {
            "record": self.record(0).model_dump(),
            "settings": without_places(self.settings),
            "mapping": self.adapter.digest_parts,
            "images": self._images(),
        }

    def _images(self) -> list[list[str]]:
        """Name and digest of every image beside the files, for an adapter whose records name images."""
        if self.adapter.mapping is None or self.adapter.mapping.images is None:
            return []
        found = {
            (file, path.relative_to(folder).as_posix()): path
            for file, folder in self.folders.items()
            for path in folder.rglob("*")
            if path.is_file() and path.suffix.lower() not in _DATA_SUFFIXES
        }
        return [[*names, sha256_file(path)] for names, path in sorted(found.items())]


def open_inputs(
    sources: Sequence[SourceSettings], root: Path, folder: Path, workspace: Workspace | None = None
) -> list[SourceInput]:
    """Find every source's input and take its digest.

    Args:
        sources: as configured.
        root: folder that files are relative to.
        folder: where generated records are written.
        workspace: where synthetic sources are; None where there can be none.

    Raises:
        UserError: a file is missing, a data set cannot be loaded, a generator is not installed.
    """
    return [_open(source, root, folder, workspace) for source in sources]


def without_places(source: SourceSettings) -> dict[str, Any]:
    """A source's settings; a local data set folder goes by its last part, as files do, and a synthetic source by its content."""
    stated = source.model_dump(mode="json", exclude={"files", "synthetic"})
    if source.hub is not None:
        stated["hub"]["id"] = source.hub.name
    return stated


def _open(source: SourceSettings, root: Path, folder: Path, workspace: Workspace | None) -> SourceInput:
    chosen = adapter(source.adapter)
    if source.synthetic is not None:
        assert workspace is not None, "only a curation has synthetic sources"
        return _synthetic(source, chosen, *read_synthetic(workspace, source.synthetic))
    if source.hub is not None:
        hub = source.hub
        records = partial(hub_rows, hub.id, split=hub.split, config=hub.config, revision=hub.revision)
        return SourceInput(source, chosen, [_hub_record(hub.name, records)], records)
    if source.generate is not None:
        made = _generated(source.generate, folder / f"{source.name}.jsonl")
        patterns = [Path(glob.escape(str(made)))]
    else:  # only the configuration's own text is a pattern, never the folder it is relative to
        patterns = [Path(glob.escape(str(root))) / pattern for pattern in source.files or ()]
    files = [FileRecord(name=facts.name, sha256=facts.sha256, bytes=facts.bytes) for facts in file_records(patterns)]
    rows: Callable[[], Iterator[ColumnBatch | Row | Rejected]]
    if chosen.columns is not None and is_columnar(patterns):
        rows = partial(column_batches, patterns)
    else:
        rows = partial(read_files, patterns, chosen.layout, chosen.split)
    return SourceInput(source, chosen, files, rows, image_folders(patterns))


def _synthetic(source: SourceSettings, chosen: Adapter, folder: Path, stated: Synthetic) -> SourceInput:
    """A synthetic source: its rows are one file, and its models, licences and counts are stated beside them."""
    path = Path(glob.escape(str(folder))) / QUESTIONS_FILE
    files = [file for file in stated.files if file.name == QUESTIONS_FILE]
    chosen = replace(chosen, license=stated.license)
    return SourceInput(source, chosen, files, partial(read_files, [path], chosen.layout), asked=stated.asked)


def _hub_record(name: str, rows: Callable[[], Iterator[Row | Rejected]]) -> FileRecord:
    """Pin a hub data set by its records, since its files lie in a cache of their own."""
    hashed, size = hashlib.sha256(), 0
    for row in rows():
        text = canonical_json(row.record if isinstance(row, Row) else row.raw) + b"\n"
        hashed.update(text)
        size += len(text)
    return FileRecord(name=name, sha256=hashed.hexdigest(), bytes=size)


def _generated(settings: GeneratedSource, path: Path) -> Path:
    """Write what a generator makes, once: the file is named by the settings and the generator's version."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        made_by = version("reasoning-gym")
    except PackageNotFoundError:
        raise UserError(
            "generate: reasoning-gym is not installed. Install it with: pip install 'crossthink[demo]'"
        ) from None
    pinned = path.with_suffix(f".{digest([settings.model_dump(), made_by])[:12]}.jsonl")
    if not pinned.is_file():
        with atomic_path(pinned) as temporary, temporary.open("w", encoding="utf-8") as file:
            for row in generate_reasoning_gym(settings.tasks, settings.rows_per_task, settings.seed):
                file.write(json.dumps(row.record, ensure_ascii=False, sort_keys=True) + "\n")
    return pinned
