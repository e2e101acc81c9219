"""The row that verl's trainers read: a chat prompt, a rule's ground truth, and whatever else its author kept.

The question is the last user message without a known trailing instruction (see `curate.sources.prompts`). An ability that
says "math" makes the row mathematics. A format rather than a data set: DeepScaleR, DAPO and many others use it.
"""

from curate.items import Domain
from curate.sources.base import Adapter, Draft, Record, optional_text, register, rest_of
from curate.sources.prompts import gold_of, read_prompt

_USED = frozenset({"prompt", "reward_model", "__index_level_0__"})


def draft(record: Record) -> Draft:
    prompt = read_prompt(record)
    ability = optional_text(record, "ability")
    extra = rest_of(record, _USED) or {}
    extra |= {"instruction": prompt.instruction} if prompt.instruction else {}
    extra |= {"prompt": prompt.chat} if prompt.chat else {}
    return Draft(
        question=prompt.question,
        answer=gold_of(record),
        domain=Domain.MATH if "math" in (ability or "").lower() else Domain.GPR,
        extra=extra or None,
    )


VERL_PARQUET = register(
    Adapter(
        name="verl_parquet",
        about="verl's training rows: data_source, prompt, ability, reward_model.ground_truth, extra_info",
        layout="records",
        draft=draft,
        domain=Domain.GPR,
    )
)
