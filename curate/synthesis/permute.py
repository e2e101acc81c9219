"""Options in another order, with the gold, every explanation and every reference following.

ChoiceBoost (Rephrase and Contrast, arXiv 2409.19007) reorders options so that no place is worth more than another. An order
is `order[new place] = old place`. Options that speak of the others together ("all of the above") stay where they are when
they are last, and the question stays as it is when one stands before another kind of option: "above" would then change what
it means. Where a reference cannot be told for certain (`curate.synthesis.references`), the question stays as it is.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from curate.filters import LETTERS
from curate.synthesis.references import Doubt, Marked, Names, Part, mark, names_in
from curate.templates import GROUP_RULES

_GROUP = re.compile("|".join(f"(?:{rule.phrase})" for rule in GROUP_RULES), re.IGNORECASE)


class Unmoved(StrEnum):
    """Why options stay in their order."""

    REFERENCE_IN_DOUBT = "reference_in_doubt"
    GROUP_OPTION_NOT_LAST = "group_option_not_last"
    TOO_FEW_TO_MOVE = "too_few_to_move"


@dataclass(frozen=True)
class Choice:
    """A multiple-choice question, with all that speaks of its options.

    Attributes:
        question: its text.
        options: in order.
        answer_index: place of the gold.
        context: what stands before the question; its letters are names.
        solutions: worked solutions, and whatever else speaks of the options as a whole.
        explanations: one per option, or none at all; a part may be None.
    """

    question: str
    options: tuple[str, ...]
    answer_index: int
    context: str | None = None
    solutions: tuple[str, ...] = ()
    explanations: tuple[str | None, ...] = ()


@dataclass(frozen=True)
class Fixed:
    """A question whose options stay in their order, and why."""

    reason: Unmoved
    found: str


@dataclass(frozen=True)
class Movable:
    """A question whose options can be put into another order.

    Attributes:
        choice: as it stands.
        count: how many options, from the first, may change places.
    """

    choice: Choice
    count: int
    _question: Marked
    _options: tuple[Marked, ...]
    _solutions: tuple[Marked, ...]
    _explanations: tuple[Marked | None, ...]

    @property
    def gold_places(self) -> range:
        """Where the gold can be put."""
        gold = self.choice.answer_index
        return range(self.count) if gold < self.count else range(gold, gold + 1)

    def reordered(self, order: Sequence[int]) -> Choice:
        """Return the question with its options in another order.

        Args:
            order: the old place of the option at each new place; from `count` on, each its own.
        """
        new = {LETTERS[old]: LETTERS[place] for place, old in enumerate(order)}
        options = [option.relabelled(new) for option in self._options]
        explanations = [None if each is None else each.relabelled(new) for each in self._explanations]
        return replace(
            self.choice,
            question=self._question.relabelled(new),
            options=tuple(options[old] for old in order),
            answer_index=list(order).index(self.choice.answer_index),
            solutions=tuple(each.relabelled(new) for each in self._solutions),
            explanations=tuple(explanations[old] for old in order) if explanations else (),
        )


def movable(choice: Choice) -> Movable | Fixed:
    """Say whether the options of a question can change places, and which of them."""
    groups = [bool(_GROUP.search(" ".join(option.split()))) for option in choice.options]
    count = len(groups)
    while count and groups[count - 1]:
        count -= 1
    if any(groups[:count]):
        return Fixed(Unmoved.GROUP_OPTION_NOT_LAST, choice.options[groups.index(True)])
    if count < 2:
        return Fixed(Unmoved.TOO_FEW_TO_MOVE, " | ".join(choice.options)[:200])
    names = names_in(choice.question, choice.context, choice.options, choice.answer_index)
    try:
        return Movable(
            choice,
            count,
            _sure(choice.question, Part.QUESTION, names),
            tuple(_sure(option, Part.OPTION, names) for option in choice.options),
            tuple(_sure(solution, Part.PROSE, names) for solution in choice.solutions),
            tuple(None if each is None else _sure(each, Part.PROSE, names) for each in choice.explanations),
        )
    except _InDoubt as doubt:
        return Fixed(Unmoved.REFERENCE_IN_DOUBT, f"{doubt.doubt.part}: {doubt.doubt.found}")


class _InDoubt(Exception):
    def __init__(self, doubt: Doubt) -> None:
        self.doubt = doubt


def _sure(text: str, part: Part, names: Names) -> Marked:
    marked = mark(text, part, names)
    if isinstance(marked, Doubt):
        raise _InDoubt(marked)
    return marked


def shuffled(question: Movable, seed: int, key: str, gold_place: int | None = None) -> list[int]:
    """Return the order that a seed gives a question: every order is as likely, and the same on any machine.

    Args:
        question: whose options may change places.
        key: what tells the question from others.
        gold_place: where the gold must come to stand, one of `gold_places`; None: where it falls.
    """
    order = sorted(range(question.count), key=lambda place: _rank(seed, key, place))
    gold = question.choice.answer_index
    if gold_place is not None and gold < question.count:
        order.remove(gold)
        order.insert(gold_place, gold)
    return [*order, *range(question.count, len(question.choice.options))]


@dataclass(frozen=True, slots=True)
class Seat:
    """What the balance of gold positions needs to know of a question.

    Attributes:
        rank: hash of seed and key, which decides among equals.
        options: how many there are.
        places: where the gold can be put.
    """

    rank: bytes
    options: int
    places: range


def seat(choice: Choice, question: Movable | None, seed: int, key: str) -> Seat:
    """Return a question's seat; a question that stays as it is has one place."""
    gold = choice.answer_index
    places = question.gold_places if question else range(gold, gold + 1)
    return Seat(_rank(seed, key, -1), len(choice.options), places)


def balanced(seats: Iterable[Seat]) -> list[int]:
    """Deal gold positions: among questions of equally many options every place is used equally often, to within one.

    Who can go to few places is dealt first; each goes to the place that has the fewest golds. So the balance is exact
    unless too many questions stay as they are or end in "all of the above", and then as near as these allow.

    Returns:
        The place of the gold, for each seat in the given order.
    """
    listed = list(seats)
    dealt = [0] * len(listed)
    filled: dict[int, Counter[int]] = {}
    for number in sorted(range(len(listed)), key=lambda each: (len(listed[each].places), listed[each].rank)):
        each = listed[number]
        counts = filled.setdefault(each.options, Counter())
        dealt[number] = min(each.places, key=lambda place: (counts[place], place))
        counts[dealt[number]] += 1
    return dealt


def _rank(seed: int, key: str, place: int) -> bytes:
    return hashlib.sha256(f"{seed}/{key}/{place}".encode()).digest()
