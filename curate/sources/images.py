"""The images that drafts name: files beside the record's own, of which only the digest belongs to a question's identity.

An image that is not there costs no row: published sets are copied without theirs. Its digest stays null, and
`extra.missing` says "image", which the signal `needs_missing_part` takes at its word.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from crossthink.files import sha256_file
from curate.readers import find_files
from curate.sources.base import BadRecord, Draft, Image


def image_folders(patterns: Sequence[str | Path]) -> dict[str, Path]:
    """Return the folder of each file that a source reads, by the name that places begin with.

    Raises:
        UserError: a path or glob names nothing.
    """
    return {file.name: file.path.parent for file in find_files(patterns)}


def read_images(draft: Draft, place: str, folders: Mapping[str, Path]) -> Draft:
    """Return a draft whose images have their digests, where the files are there.

    Args:
        draft: from the record at `place`.
        place: FILE:LINE.
        folders: from `image_folders`.

    Raises:
        BadRecord: an image would lie outside the file's folder.
    """
    if not draft.images:
        return draft
    folder = folders.get(next((name for name in folders if place.startswith(f"{name}:")), ""))
    images = [image if image["sha256"] else _read(image["path"], folder) for image in draft.images]
    if all(image["sha256"] for image in images):
        return replace(draft, images=images)
    return replace(draft, images=images, extra={**(draft.extra or {}), "missing": "image"})


def _read(path: str, folder: Path | None) -> Image:
    parts = PurePosixPath(path)
    if parts.is_absolute() or ".." in parts.parts or "\\" in path or "\0" in path:
        raise BadRecord(f"image {path!r}: points out of the folder of its file")
    try:
        is_there = folder is not None and (folder / parts).is_file()
    except OSError:
        raise BadRecord(f"image {path[:60]!r}: is no name of a file") from None
    return {"path": path, "sha256": sha256_file(folder / parts) if folder is not None and is_there else None}
