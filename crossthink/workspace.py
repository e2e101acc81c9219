"""The workspace: one folder where corpora, manifests and runs live.

WORKSPACE/corpora/NAME/     items, variants, dropped rows, ledger, corpus.json
WORKSPACE/benchmarks/NAME/  evaluation sets that corpora are held to
WORKSPACE/synthetic/NAME/   questions that models wrote or rewrote, a source of corpora
WORKSPACE/manifests/        the store of blends: NAME/VERSION/manifest.json, objects/
WORKSPACE/cache/objects/    what was fetched from a store that is elsewhere
WORKSPACE/answers/          what models answered, by what they were asked
WORKSPACE/difficulty/NAME/  how often a model solves the questions of a corpus
WORKSPACE/evaluations/NAME/ how a model does on benchmarks
WORKSPACE/runs/NAME/        one execution of a plan
WORKSPACE/models/NAME/      tokenizers and models made on this machine

The store of blends can be anywhere: another folder, or an address such as `s3://bucket/prefix`.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from crossthink.errors import UserError, listing, nearest

_ONE_SLASH = re.compile(r"([A-Za-z][\w+.-]+:)/(?!/)")
"""Begins an address that lost a slash, and every address that was made a path."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def checked_name(name: str, what: str) -> str:
    """Return `name` when it is safe as a folder's name, else raise UserError."""
    if not _NAME.fullmatch(name):
        raise UserError(
            f"{what} {name!r}: expected at most 100 letters, digits, '.', '_' or '-', starting with a letter or digit"
        )
    return name


def _refuse_what_is_no_folder(path: Path, what: str) -> None:
    if path.exists() and not path.is_dir():
        raise UserError(f"{what} {path}: is no folder")


@dataclass(frozen=True)
class RemoteStore:
    """A store of blends in an object store.

    Attributes:
        url: its address, such as `s3://bucket/prefix`.
        cache: folder for what is fetched from it.
    """

    url: str
    cache: Path


StorePlace = Path | RemoteStore
"""Where a store of blends is; what `manifests.store` does with it is its own affair."""


@dataclass(frozen=True)
class Workspace:
    """A workspace by its root folder; nothing is created until something is written.

    Attributes:
        root: its folder.
        store: folder or address of the blends, if they are not in the workspace.

    Raises:
        UserError: its folder is something else.
    """

    root: Path
    store: str | None = None

    def __post_init__(self) -> None:
        if _ONE_SLASH.match(str(self.root)):
            raise UserError(f"--workspace {self.root}: is an address, expected a folder; blends alone go to a --store")
        _refuse_what_is_no_folder(self.root, "--workspace")

    def check(self) -> None:
        """Refuse to read from a workspace that is not there.

        Raises:
            UserError: there is no folder, and no store elsewhere.
        """
        if not self.root.is_dir() and self.store is None:
            raise UserError(f"{self.root}: no workspace here; build a corpus with `crossthink curate CONFIG.yaml`")

    @property
    def corpora(self) -> Path:
        return self.root / "corpora"

    @property
    def benchmarks(self) -> Path:
        return self.root / "benchmarks"

    @property
    def manifests(self) -> StorePlace:
        """The store of blends.

        Raises:
            UserError: it is neither a folder nor a whole address; or its address holds a password, which would end up in
                messages and logs.
        """
        if not self.store:
            return self.root / "manifests"
        scheme, separator, rest = self.store.partition("://")
        if not separator or scheme == "file":
            if lost := _ONE_SLASH.match(self.store):
                raise UserError(
                    f"store {self.store}: has one slash after {lost[1]!r}, an address has two:"
                    f" {lost[1]}//{self.store[lost.end() :]}"
                )
            if separator and not rest.strip("/"):
                raise UserError(f"store {self.store}: nothing stands behind '://'")
            folder = Path(rest if separator else self.store).absolute()
            _refuse_what_is_no_folder(folder, "store")
            return folder
        if not rest.strip("/"):
            raise UserError(f"store {self.store}: nothing stands behind '://', expected such as s3://bucket/prefix")
        if urlsplit(self.store).password is not None:
            raise UserError("store: the address holds a password; give it by the environment or fsspec's configuration")
        return RemoteStore(self.store.rstrip("/"), self.root / "cache")

    @property
    def synthetic(self) -> Path:
        return self.root / "synthetic"

    @property
    def difficulties(self) -> Path:
        return self.root / "difficulty"

    @property
    def evaluations(self) -> Path:
        return self.root / "evaluations"

    @property
    def runs(self) -> Path:
        return self.root / "runs"

    @property
    def answers(self) -> Path:
        return self.root / "answers"

    @property
    def models(self) -> Path:
        return self.root / "models"

    def corpus(self, name: str) -> Path:
        """Return the folder of a finished corpus.

        Raises:
            UserError: no corpus of this name, or its curation has not finished.
        """
        folder = self.corpora / checked_name(name, "corpus")
        if (folder / "corpus.json").is_file():
            return folder
        if folder.is_dir():
            raise UserError(f"{folder}: curation has not finished; run the same `crossthink curate` again to go on")
        known = [path.parent.name for path in self.corpora.glob("*/corpus.json")]
        raise UserError(
            f"{folder}: no corpus of this name. There are: {listing(known)}.{nearest(name, known)}"
            " Build one with: crossthink curate CONFIG.yaml"
        )
