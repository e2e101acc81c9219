"""What a command has spent of its budget, and whether the next request still fits.

A request is held against the budget before it is sent, by what it may cost at most: the prompt's tokens as estimated and the
whole limit of its answer. When the answer is there, what the server counted takes that place. So no limit is ever passed by
more than an estimate of a prompt is wrong.
"""

import threading
from dataclasses import dataclass

from crossthink.errors import UserError
from curate.ask.request import Completion, Prompt
from curate.ask.settings import Budget, ModelSettings

CHARACTERS_PER_TOKEN = 4
"""Of English prose, by OpenAI's rule of thumb; what a server counts takes its place."""


class BudgetSpent(UserError):
    """The next request could pass a limit of the budget; what was answered is kept."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one request costs, or may cost."""

    prompt_tokens: int
    completion_tokens: int
    money: float

    @property
    def tokens(self) -> int:
        return self.prompt_tokens + self.completion_tokens


def estimated_tokens(prompt: Prompt) -> int:
    """Estimate the tokens of a prompt from its characters."""
    texts = [prompt] if isinstance(prompt, str) else [message["content"] for message in prompt]
    return -(-sum(map(len, texts)) // CHARACTERS_PER_TOKEN)


def cost_of(model: ModelSettings, prompt_tokens: int, completion_tokens: int) -> Cost:
    """Return what so many tokens cost; nothing where the model has no prices."""
    money = model.prices.of(prompt_tokens, completion_tokens) if model.prices else 0.0
    return Cost(prompt_tokens, completion_tokens, money)


class Spending:
    """Requests, tokens and money of one command, over all models that it asks; safe in threads.

    Attributes:
        budget: the limits.
        requests: sent until now, repeated tries included.
        kept: samples that cost nothing, for their answers were kept.
        answered, failed: samples that were asked for.
        tokens, money: of the answers that came.
    """

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self.requests = self.kept = self.answered = self.failed = self.tokens = 0
        self.money = 0.0
        self._held_tokens, self._held_money, self._held = 0, 0.0, 0
        self._lock = threading.Lock()

    @property
    def on_their_way(self) -> int:
        """Requests that were sent and not settled."""
        return self._held

    def count(self, kept: int = 0, answered: int = 0, failed: int = 0) -> None:
        """Count samples."""
        with self._lock:
            self.kept += kept
            self.answered += answered
            self.failed += failed

    def hold(self, most: Cost) -> bool:
        """Count a request that is sent now, unless with the most that it may cost it would pass a limit."""
        with self._lock:
            if not self._fits(most):
                return False
            self.requests += 1
            self._held += 1
            self._held_tokens += most.tokens
            self._held_money += most.money
        return True

    def could_hold(self, most: Cost) -> bool:
        """Whether a request that costs at most so much passes no limit."""
        with self._lock:
            return self._fits(most)

    def _fits(self, most: Cost) -> bool:
        budget = self.budget
        return (
            (budget.requests is None or self.requests < budget.requests)
            and (budget.tokens is None or self.tokens + self._held_tokens + most.tokens <= budget.tokens)
            and (budget.money is None or self.money + self._held_money + most.money <= budget.money)
        )

    def settle(self, most: Cost, spent: Cost | None) -> None:
        """Count what a request that was held came to; None: there was no answer, and no bill."""
        with self._lock:
            self._held -= 1
            self._held_tokens -= most.tokens
            self._held_money -= most.money
            if spent is not None:
                self.tokens += spent.tokens
                self.money += spent.money

    def refusal(self, most: Cost) -> BudgetSpent:
        """Return the error that ends a command whose next request does not fit."""
        limits = {name: value for name, value in self.budget.model_dump().items() if value is not None}
        said = ", ".join(f"{name}: {value:g}" for name, value in limits.items())
        return BudgetSpent(
            f"budget: the next request, of up to {most.tokens:,} tokens, could pass it ({said}). Spent: {self.summary()}."
            " Every answer is kept; raise the budget and run the same command again to go on"
        )

    def summary(self) -> str:
        """Say in one line what was asked, kept, failed and spent."""
        money = f", {self.money:,.2f} in money" if self.money else ""
        failed = f", {self.failed:,} without an answer" if self.failed else ""
        return (
            f"{self.requests:,} requests sent for {self.answered + self.failed:,} samples{failed},"
            f" {self.kept:,} samples kept from before, {self.tokens:,} tokens{money}"
        )


def spent_on(model: ModelSettings, most: Cost, answer: Completion) -> Cost:
    """Return what an answer cost: the server's count, or where it does not say the estimate of the prompt and the text."""
    prompt = most.prompt_tokens if answer.prompt_tokens is None else answer.prompt_tokens
    said = answer.completion_tokens
    completion = min(estimated_tokens(answer.text), most.completion_tokens) if said is None else said
    return cost_of(model, prompt, completion)
