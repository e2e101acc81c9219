"""What a person asks of curation: the sources, and the settings of every stage (`crossthink curate CONFIG.yaml`)."""

from pathlib import Path
from typing import Self

from pydantic import Field, field_validator, model_validator

from crossthink.config import Name, Settings, load_config
from crossthink.errors import UserError
from curate.dedup import DedupSettings
from curate.filters import FilterSettings
from curate.items import Domain, Origin
from curate.self_check import SelfCheckSettings
from curate.sources import adapter

SHIPPED = Path(__file__).parent / "configs"


class HubSource(Settings):
    """A data set of the Hugging Face hub, or a local dataset folder, read through `datasets`."""

    id: str = Field(min_length=1)
    revision: str | None = None
    config: str | None = None
    split: str = "train"

    @property
    def name(self) -> str:
        """What identifies the data set on any machine: the hub's id, or a local folder's last part."""
        return Path(self.id).name if Path(self.id).exists() else self.id


class GeneratedSource(Settings):
    """Questions made on the spot by the reasoning-gym package."""

    tasks: list[str] = Field(min_length=1)
    rows_per_task: int = Field(default=100, ge=1)
    seed: int = 0


class SourceSettings(Settings):
    """One source: a name, the adapter of its published schema, and exactly one of `files`, `hub` and `generate`.

    `files` are paths or globs, relative to the configuration's `root`. The fields that are None are the adapter's.
    """

    name: Name
    adapter: str
    files: list[str] | None = None
    hub: HubSource | None = None
    generate: GeneratedSource | None = None
    revision: str = ""
    license: str | None = None
    origin: Origin | None = None
    domain: Domain | None = None
    language: str | None = None

    @field_validator("adapter")
    @classmethod
    def _adapter_exists(cls, name: str) -> str:
        try:
            return adapter(name).name
        except UserError as error:
            raise ValueError(str(error)) from None

    @model_validator(mode="after")
    def _one_input(self) -> Self:
        given = [key for key in ("files", "hub", "generate") if getattr(self, key)]
        if len(given) != 1:
            raise ValueError(f"expected exactly one of files, hub and generate, found {' and '.join(given) or 'none'}")
        if self.generate and self.adapter != "reasoning_gym":
            raise ValueError(f"generate makes reasoning_gym records, but the adapter is {self.adapter!r}")
        return self


class LimitSettings(Settings):
    """Shares of one source's rows: unreadable above `unreadable_share` ends the run, lost in one stage above
    `warn_lost_share` is said loudly."""

    unreadable_share: float = Field(default=0.05, ge=0, le=1)
    warn_lost_share: float = Field(default=0.5, ge=0, le=1)


class CurationConfig(Settings):
    """A curation: corpus name, sources in order, and the settings of each stage."""

    name: Name
    root: str = "."
    """Folder that the sources' files are relative to; itself relative to the configuration file."""
    sources: list[SourceSettings] = Field(min_length=1)
    filters: FilterSettings = FilterSettings()
    dedup: DedupSettings = DedupSettings()
    self_check: SelfCheckSettings = SelfCheckSettings()
    limits: LimitSettings = LimitSettings()

    @model_validator(mode="after")
    def _names_agree(self) -> Self:
        names = [source.name for source in self.sources]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"sources: the name {twice[0]!r} stands twice")
        if strange := [name for name in self.dedup.prefer if name not in names]:
            raise ValueError(f"dedup.prefer: {strange[0]!r} is not one of the sources {', '.join(names)}")
        return self


def load_curation(path: Path, root: Path | None = None) -> tuple[CurationConfig, Path]:
    """Read a curation's configuration; return it with the folder that its files are relative to.

    Args:
        path: the YAML file.
        root: a folder that takes the place of the configuration's own `root`.
    """
    config = load_config(path, CurationConfig)
    return config, root if root is not None else path.parent / config.root
