"""What a person asks of curation: the sources, and the settings of every stage (`crossthink curate CONFIG.yaml`)."""

from pathlib import Path
from typing import Self

from pydantic import Field, field_validator, model_validator

from crossthink.config import Name, Settings, find_config, load_config
from crossthink.errors import UserError
from curate.contamination.settings import ContaminationSettings
from curate.dedup import DedupSettings
from curate.filters import FilterSettings
from curate.fuzzy.settings import FuzzySettings
from curate.items import Domain, Origin
from curate.judging.settings import GreyZoneSettings, JudgeSettings
from curate.self_check import SelfCheckSettings
from curate.signals import SignalSettings
from curate.sources import Mapping, Role, adapter, read_mapping
from curate.sources.registry import is_mapping_path

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
    """One source: a name, the adapter of its published schema, and exactly one of `files`, `hub`, `generate` and `synthetic`.

    `files` are paths or globs, relative to the configuration's `root`. `synthetic` names a source that `crossthink synthesize`
    made in the workspace; it has one adapter, which need not be named. `adapter` is a name, or the path of a mapping that
    ends in .yaml, relative to the configuration file; `load_curation` puts the mapping itself in its place. The fields that
    are None are the adapter's.
    """

    name: Name
    adapter: str | Mapping
    files: list[str] | None = None
    hub: HubSource | None = None
    generate: GeneratedSource | None = None
    synthetic: Name | None = None
    revision: str = ""
    license: str | None = None
    origin: Origin | None = None
    domain: Domain | None = None
    language: str | None = None
    role: Role | None = None

    @model_validator(mode="before")
    @classmethod
    def _synthetic_has_one_adapter(cls, values: object) -> object:
        if isinstance(values, dict) and values.get("synthetic") is not None:
            return {"adapter": "synthetic", **values}
        return values

    @field_validator("adapter", mode="before")
    @classmethod
    def _adapter_exists(cls, reference: object) -> object:
        if isinstance(reference, Mapping):
            return reference
        if not isinstance(reference, str):
            raise ValueError(f"expected a name or the path of a mapping, found a {type(reference).__name__}")
        try:
            return reference if is_mapping_path(reference) else adapter(reference).name
        except UserError as error:
            raise ValueError(str(error)) from None

    @model_validator(mode="after")
    def _one_input(self) -> Self:
        kinds = ("files", "hub", "generate", "synthetic")
        given = [key for key in kinds if getattr(self, key)]
        if len(given) != 1:
            raise ValueError(
                f"expected exactly one of files, hub, generate and synthetic, found {' and '.join(given) or 'none'}"
            )
        if self.synthetic and self.adapter != "synthetic":
            raise ValueError(f"synthetic: its rows have an adapter of their own; leave out {self.adapter!r}")
        if self.adapter == "synthetic" and not self.synthetic:
            raise ValueError(f"adapter 'synthetic': reads a source that `synthetic` names, found {given[0]}")
        if self.generate and self.adapter != "reasoning_gym":
            raise ValueError(f"generate makes reasoning_gym records, but the adapter is {self.adapter!r}")
        return self

    @property
    def is_benchmark(self) -> bool:
        """Whether its rows are only ever compared with; a mapping must have been read."""
        return (self.role or adapter(self.adapter).role) is Role.BENCHMARK

    def with_mapping(self, folder: Path) -> Self:
        """Return the source with its mapping read, if its adapter is the path of one.

        Args:
            folder: what the path is relative to.

        Raises:
            UserError: the mapping is missing or faulty.
        """
        if isinstance(self.adapter, Mapping) or not is_mapping_path(self.adapter):
            return self
        return self.model_copy(update={"adapter": read_mapping(folder / self.adapter)})


class LimitSettings(Settings):
    """Shares of one source's rows: unreadable above `unreadable_share` ends the run, lost in one stage above
    `warn_lost_share` is said loudly."""

    unreadable_share: float = Field(default=0.05, ge=0, le=1)
    warn_lost_share: float = Field(default=0.5, ge=0, le=1)


class BenchmarkSet(Settings):
    """The evaluation sets that a corpus must not hold: a name, and sources whose role is `benchmark`."""

    name: Name
    root: str = "."
    """Folder that the sources' files are relative to; itself relative to the file of the set."""
    sources: list[SourceSettings] = Field(min_length=1)

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        _refuse_repeated_names(self.sources)
        return self


class CurationConfig(Settings):
    """A curation: corpus name, sources in order, and the settings of each stage."""

    name: Name
    root: str = "."
    """Folder that the sources' files are relative to; itself relative to the configuration file."""
    sources: list[SourceSettings] = Field(min_length=1)
    benchmarks: str | BenchmarkSet | None = None
    """A set of benchmarks to decontaminate against: the name of a shipped one, or the path of a file relative to this one;
    `load_curation` puts the set itself in its place. None: no row is held to any benchmark."""
    filters: FilterSettings = FilterSettings()
    dedup: DedupSettings = DedupSettings()
    signals: SignalSettings = SignalSettings()
    contamination: ContaminationSettings = ContaminationSettings()
    near_duplicates: FuzzySettings | None = FuzzySettings()
    """None: near duplicates stay."""
    grey_zones: GreyZoneSettings = GreyZoneSettings()
    judges: list[JudgeSettings] = Field(default_factory=list)
    """In order, after all other stages that drop items."""
    self_check: SelfCheckSettings = SelfCheckSettings()
    limits: LimitSettings = LimitSettings()

    @model_validator(mode="after")
    def _names_agree(self) -> Self:
        _refuse_repeated_names(self.sources)
        names = [source.name for source in self.sources]
        if strange := [name for name in self.dedup.prefer if name not in names]:
            raise ValueError(f"dedup.prefer: {strange[0]!r} is not one of the sources {', '.join(names)}")
        self._check_judges(names)
        return self

    def _check_judges(self, sources: list[str]) -> None:
        taken = ["contamination", "near_duplicates", *(judge.name for judge in self.judges)]
        if twice := [name for name in taken if taken.count(name) > 1]:
            raise ValueError(f"judges: the name {twice[0]!r} is taken; give the judge another")
        named = [name for judge in self.judges for name in judge.sources or []]
        if strange := [name for name in named if name not in sources]:
            raise ValueError(f"judges: {strange[0]!r} is not one of the sources {', '.join(sources)}")
        if self.grey_zones.contamination and self.benchmarks is None:
            raise ValueError("grey_zones.contamination: there is nothing in doubt without `benchmarks`")
        if self.grey_zones.near_duplicates and self.near_duplicates is None:
            raise ValueError("grey_zones.near_duplicates: there is nothing in doubt while `near_duplicates` is null")


def load_curation(path: Path, root: Path | None = None) -> tuple[CurationConfig, Path]:
    """Read a curation's configuration; return it with the folder that its files are relative to.

    Args:
        path: the YAML file.
        root: a folder that takes the place of the configuration's own `root`, and of its benchmarks'.
    """
    config = load_config(path, CurationConfig)
    sources = [source.with_mapping(path.parent) for source in config.sources]
    if evaluation := [source.name for source in sources if source.is_benchmark]:
        raise UserError(
            f"{path}  sources: {evaluation[0]!r} is a benchmark, which is never trained on; name it under `benchmarks`,"
            " or say `role: corpus` if these rows are meant for training"
        )
    changes: dict[str, object] = {"sources": sources}
    if isinstance(config.benchmarks, str):
        reference = config.benchmarks
        is_path = reference.endswith((".yaml", ".yml"))
        found = path.parent / reference if is_path else find_benchmarks(reference)
        changes["benchmarks"] = load_benchmarks(found, root)
    elif config.benchmarks is not None:
        changes["benchmarks"] = _placed(config.benchmarks, path, root)
    names = {source.name for source in sources}
    held_to = changes.get("benchmarks")
    if isinstance(held_to, BenchmarkSet) and (both := [each.name for each in held_to.sources if each.name in names]):
        raise UserError(f"{path}  sources: {both[0]!r} is also the name of a benchmark; give the source another name")
    return config.model_copy(update=changes), root if root is not None else path.parent / config.root


def find_benchmarks(reference: str) -> Path:
    """Return the file of a set of benchmarks: a path that ends in .yaml, or the name of a shipped set.

    Raises:
        UserError: no shipped set has this name.
    """
    return find_config(reference, SHIPPED, "set of benchmarks", "*-benchmarks.yaml")


def load_benchmarks(path: Path, root: Path | None = None) -> BenchmarkSet:
    """Read a set of benchmarks; its `root` is the folder that its files are relative to.

    Args:
        path: the YAML file.
        root: a folder that takes the place of the set's own `root`.

    Raises:
        UserError: the file is missing or faulty, or a source of it is no benchmark.
    """
    return _placed(load_config(path, BenchmarkSet), path, root)


def _placed(chosen: BenchmarkSet, path: Path, root: Path | None) -> BenchmarkSet:
    folder = root if root is not None else path.parent / chosen.root
    sources = [source.with_mapping(path.parent) for source in chosen.sources]
    if strange := [source.name for source in sources if not source.is_benchmark]:
        raise UserError(f"{path}  sources: {strange[0]!r} is no benchmark; say `role: benchmark` if it is meant as one")
    return chosen.model_copy(update={"root": str(folder), "sources": sources})


def _refuse_repeated_names(sources: list[SourceSettings]) -> None:
    names = [source.name for source in sources]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"sources: the name {twice[0]!r} stands twice")
