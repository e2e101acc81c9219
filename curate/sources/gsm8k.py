"""GSM8K: grade-school word problems whose worked solution ends in "#### GOLD".

The solution is kept without its calculator annotations (`<<48/2=24>>`), which are markup for a tool and no prose.
Published as openai/gsm8k on the hub and in github.com/openai/grade-school-math (MIT).
"""

import re

from curate.items import Domain
from curate.sources.base import Adapter, BadRecord, Draft, Record, register, rest_of, text_of

_ANNOTATION = re.compile(r"<<[^<>\n]*>>")
_USED = frozenset({"question", "answer"})


def draft(record: Record) -> Draft:
    worked = text_of(record, "answer")
    solution, mark, gold = worked.rpartition("####")
    if not mark:
        raise BadRecord(f"answer: expected the gold after '####', found {worked[-60:]!r}")
    text = _ANNOTATION.sub("", solution).strip()
    return Draft(
        question=text_of(record, "question"),
        answer=gold.strip(),
        solutions=[{"text": text, "answer": gold.strip(), "by": None}] if text else [],
        extra=rest_of(record, _USED),
    )


GSM8K = register(
    Adapter(
        name="gsm8k",
        about='OpenAI\'s GSM8K: question, answer (worked solution, then "#### gold"); hub openai/gsm8k',
        layout="records",
        draft=draft,
        domain=Domain.MATH,
        license="MIT",
    )
)
