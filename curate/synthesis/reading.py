"""Reading a reply: parsed strictly, then leniently, and held to the item that it was asked about."""

from collections import Counter
from typing import TypeVar

from curate.ask import Completion, Failure
from curate.ask.parse import Unparsed, parse_json
from curate.synthesis.checks import Lost
from curate.synthesis.replies import Answering
from curate.synthesis.writer import Fault

A = TypeVar("A", bound=Answering)


def read_reply(sample: Completion | Failure, kind: type[A], wanted: str, counts: Counter[str]) -> A | Fault:
    """Return what a sample says, or why it says nothing that can be used.

    Args:
        sample: one answer of a model, or its failure.
        kind: what the answer must fit.
        wanted: the id that it must repeat.
        counts: gets how the sample was parsed, as `parsed_strictly` or `parsed_leniently`.
    """
    if isinstance(sample, Failure):
        return Fault(Lost.NOT_ANSWERED, {"failure": str(sample.reason), "detail": sample.detail})
    parsed = parse_json(sample.text, kind)
    if isinstance(parsed, Unparsed):
        cut = {"cut_off": True} if sample.is_cut_off else {}
        return Fault(Lost.UNPARSED, {"why": str(parsed.reason), "detail": parsed.detail, **cut}, sample.text)
    counts[f"parsed_{'strictly' if parsed.how == 'strict' else 'leniently'}"] += 1
    if parsed.value.id.strip() != wanted:
        return Fault(Lost.ANSWERS_ANOTHER_ITEM, {"asked": wanted, "answered": parsed.value.id}, sample.text)
    return parsed.value
