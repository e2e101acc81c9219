"""Do two questions ask the same? A judge is asked in both orders, because its opinion may depend on which stands first.

A pair is the same when the votes of both orders carry. Yes in one order only is the verdict `one_order`, and settings say what
becomes of the row; so they do where votes that cannot be used could turn the result.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import product
from typing import Any, Generic, TypeVar

from curate.ask import Request
from curate.ask.prompts import Prompt
from curate.judging.asking import Ask, asked
from curate.judging.prompting import pair_mark, pair_request
from curate.judging.settings import PairJudgeSettings, VotingSettings
from curate.judging.votes import Votes, shown_words, votes_of

Item = Mapping[str, Any]
T = TypeVar("T")


class PairVerdict(StrEnum):
    SAME = "same"
    DIFFERENT = "different"
    ONE_ORDER = "one_order"
    UNSETTLED = "unsettled"


@dataclass(frozen=True)
class JudgedPair(Generic[T]):
    """A pair with its votes.

    Attributes:
        about: what the caller knows it by.
        one, two: the votes with the first item first, and with the second first.
        carried: whether each order takes the pair for the same; None where votes that cannot be used could turn it.
    """

    about: T
    one: Votes
    two: Votes
    carried: tuple[bool | None, bool | None]

    @property
    def verdict(self) -> PairVerdict:
        """Of both orders together."""
        one, two = self.carried
        if one is None or two is None:
            return PairVerdict.UNSETTLED
        if one != two:
            return PairVerdict.ONE_ORDER
        return PairVerdict.SAME if one else PairVerdict.DIFFERENT

    def goes(self, settings: PairJudgeSettings) -> bool:
        """Whether a row goes for this pair; an order that is not settled may be either."""
        may_be = [[True, False] if order is None else [order] for order in self.carried]
        alone = settings.one_order == "drop"
        outcomes = {(one and two) or (one != two and alone) for one, two in product(*may_be)}
        return outcomes.pop() if len(outcomes) == 1 else settings.unsettled == "drop"

    def orders(self, first: str, second: str) -> list[dict[str, Any]]:
        """For evidence: what was said in each order, given what the items are called."""
        return [
            {"first": name, "votes": votes.counts(), "words": shown_words(votes.yes or votes.no)}
            for name, votes in ((first, self.one), (second, self.two))
        ]


def judge_pairs(
    pairs: Iterable[tuple[T, Item, Item]], prompt: Prompt, settings: VotingSettings, ask: Ask
) -> Iterator[JudgedPair[T]]:
    """Ask about each pair in both orders, and yield them in their order.

    Args:
        pairs: what the caller knows a pair by, and its items with the columns of `curate.judging.asking.COLUMNS`.
        prompt: takes `mark`, `first` and `second`.
        settings: votes and rule.
        ask: asks the model of the settings.
    """
    replies = asked(ask, pair_requests(pairs, prompt, settings.votes))
    for (about, mark), first in replies:
        one = votes_of(first, mark)
        (_, mark), second = next(replies)
        two = votes_of(second, mark)
        yield JudgedPair(about, one, two, (one.carries("yes", settings.rule), two.carries("yes", settings.rule)))


def pair_requests(
    pairs: Iterable[tuple[T, Item, Item]], prompt: Prompt, votes: int
) -> Iterator[tuple[tuple[T, str], Request]]:
    """Yield the two requests of each pair, each with its mark."""
    for about, one, two in pairs:
        for first, second in ((one, two), (two, one)):
            mark = pair_mark(str(first["item_id"]), str(second["item_id"]))
            yield (about, mark), pair_request(prompt, first, second, votes)
