"""The requests of judges: one prompt a question, versioned; the mark that its answer must repeat."""

from collections.abc import Mapping
from typing import Any

from crossthink.files import digest
from curate.ask import Request
from curate.ask.prompts import Prompt, read_prompt
from curate.judging.asking import mark_of, shown
from curate.judging.settings import Question

SAME, DIFFICULTY = "judge_same", "rate_difficulty"


def question_prompt(question: Question) -> Prompt:
    """Return the prompt of a question about one item."""
    return read_prompt(f"judge_{question}")


def item_request(prompt: Prompt, item: Mapping[str, Any], samples: int) -> Request:
    """Return a question about one item.

    Args:
        prompt: takes `mark` and `item`.
        item: columns of `curate.judging.asking.COLUMNS`.
        samples: votes wanted.
    """
    item_id = str(item["item_id"])
    return Request(item_id, prompt.render(mark=mark_of(item_id), item=shown(item)), samples)


def pair_request(prompt: Prompt, first: Mapping[str, Any], second: Mapping[str, Any], samples: int) -> Request:
    """Return the question whether two items ask the same, in this order; its mark tells the orders apart."""
    ids = [str(first["item_id"]), str(second["item_id"])]
    mark = pair_mark(*ids)
    return Request(" ".join(ids), prompt.render(mark=mark, first=shown(first), second=shown(second)), samples)


def pair_mark(first_id: str, second_id: str) -> str:
    """Return what stands for a pair in this order."""
    return digest([first_id, second_id])[:8]
