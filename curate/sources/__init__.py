"""Source adapters: one small file per published schema, and a registry of them by name (`docs/sources.md`)."""
# ruff: noqa: F401  importing an adapter's module registers it

from curate.sources import (
    arc,
    gsm8k,
    hendrycks_math,
    mmlu,
    mmlu_pro,
    natural_reasoning,
    nemotron_crossthink,
    numina_math,
    opentriviaqa,
    reasoning_gym,
    verl_parquet,
)
from curate.sources.base import Adapter, BadRecord, Draft, Record, Solution, adapter, adapters, register

__all__ = ["Adapter", "BadRecord", "Draft", "Record", "Solution", "adapter", "adapters", "register"]
