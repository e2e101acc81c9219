"""Source adapters: one small file per published schema, and a registry of them by name (`docs/sources.md`)."""

from curate.sources import (  # importing an adapter registers it
    arc,
    crossthink,
    gsm8k,
    hendrycks_math,
    mmlu,
    mmlu_pro,
    natural_reasoning,
    numina_math,
    opentriviaqa,
    reasoning_gym,
    verl_parquet,
)
from curate.sources.base import Adapter, BadRecord, Draft, Record, Solution, adapter, adapters, register

__all__ = ["Adapter", "BadRecord", "Draft", "Record", "Solution", "adapter", "adapters", "register"]

del arc, crossthink, gsm8k, hendrycks_math, mmlu, mmlu_pro, natural_reasoning, numina_math, opentriviaqa
del reasoning_gym, verl_parquet
