"""Source adapters: one published schema each, in Python or as a mapping, and a registry by name (`docs/sources.md`)."""
# ruff: noqa: F401  importing an adapter's module registers it

from curate.sources import (
    nemo_gym,
    nemotron_crossthink,
    numina_math,
    opentriviaqa,
    reasoning_gym,
    synthetic,
)
from curate.sources.base import Adapter, BadRecord, Draft, Image, Record, Role, Solution
from curate.sources.mapping import Mapping
from curate.sources.registry import adapter, adapter_names, adapters, read_mapping, register

__all__ = [
    "Adapter",
    "BadRecord",
    "Draft",
    "Image",
    "Mapping",
    "Record",
    "Role",
    "Solution",
    "adapter",
    "adapter_names",
    "adapters",
    "read_mapping",
    "register",
]
