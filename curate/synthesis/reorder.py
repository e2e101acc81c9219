"""A corpus's multiple-choice items with their options in another order; asks no model.

Golds are dealt over the positions in a first pass, which looks at every item, and written in a second.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from curate.filters import LETTERS
from curate.synthesis.permute import Choice, Fixed, Movable, Seat, balanced, movable, seat, shuffled
from curate.synthesis.rewriting import Item, extra_of, row_of
from curate.synthesis.settings import Permute
from curate.synthesis.writer import Fault, Row

_LETTER = re.compile(r"\W*([A-Z])\W*")


def choice_of(item: Item) -> Choice:
    """Return what of an item speaks of its options."""
    return Choice(
        question=item["question"],
        options=tuple(item["options"]),
        answer_index=item["answer_index"],
        context=item["context"],
        solutions=tuple(solution["text"] or "" for solution in item["solutions"] or ()),
        explanations=tuple(each["why"] for each in extra_of(item).get("explanations") or ()),
    )


def gold_positions(items: Iterator[Item], settings: Permute) -> list[int]:
    """Deal a gold position to each multiple-choice item, in the given order."""
    seats: list[Seat] = []
    for item in items:
        found = movable(choice_of(item))
        seats.append(
            seat(choice_of(item), found if isinstance(found, Movable) else None, settings.seed, item["item_id"])
        )
    return balanced(seats)


def permuted(item: Item, gold_position: int | None, settings: Permute) -> Row | Fault:
    """Return an item with its options in another order; one that must stay as it is says why, or is a fault.

    Args:
        item: multiple choice.
        gold_position: where its gold comes to stand; None: where the order puts it.
    """
    found = movable(choice_of(item))
    if isinstance(found, Fixed):
        evidence = {"found": found.found}
        if settings.in_doubt == "drop":
            return Fault(found.reason, evidence)
        return row_of(item, "permute", {"order_kept": {"reason": str(found.reason), **evidence}})
    order = shuffled(found, settings.seed, item["item_id"], gold_position)
    return row_of(item, "permute", _changes(item, found.reordered(order), order))


def _changes(item: Item, choice: Choice, order: Sequence[int]) -> dict[str, Any]:
    changes: dict[str, Any] = {
        "question": choice.question,
        "options": list(choice.options),
        "answer": choice.options[choice.answer_index],
        "answer_index": choice.answer_index,
        "solutions": _solutions(item, choice, order),
        "order": list(order),
    }
    if choice.explanations:
        shown = zip(choice.options, choice.explanations, strict=True)
        changes["explanations"] = [{"option": option, "why": why} for option, why in shown]
    return changes


def _solutions(item: Item, choice: Choice, order: Sequence[int]) -> list[dict[str, Any]] | None:
    """The solutions with their texts relabelled; one whose answer is a letter gets that option's new letter."""
    if not item["solutions"]:
        return None
    named = {option.strip() for option in item["options"]}
    solutions = []
    for solution, text in zip(item["solutions"], choice.solutions, strict=True):
        letter = _LETTER.fullmatch(solution["answer"] or "")
        old = LETTERS.index(letter[1]) if letter and letter[1] not in named else len(order)
        answer = LETTERS[list(order).index(old)] if old < len(order) else solution["answer"]
        solutions.append({"text": None if solution["text"] is None else text, "answer": answer, "by": solution["by"]})
    return solutions
