"""What a dry run says: how much is to be asked, how much of it is kept already, and what the rest may cost."""

from collections.abc import Iterable
from dataclasses import dataclass

from curate.ask.cache import Cache
from curate.ask.request import Request
from curate.ask.settings import ModelSettings
from curate.ask.spending import cost_of, estimated_tokens


@dataclass(frozen=True)
class Estimate:
    """The price of work that nobody has done yet.

    Attributes:
        requests, samples: of the whole work.
        kept: samples whose answers are there.
        prompt_tokens: of the samples to be asked, estimated from characters.
        completion_tokens: of them at most: every answer as long as its limit.
        money: at most; None where the model has no prices.
    """

    requests: int = 0
    samples: int = 0
    kept: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    money: float | None = None

    def said(self, model: str) -> str:
        """Say it in one line."""
        money = "" if self.money is None else f", up to {self.money:,.2f} in money"
        return (
            f"{model}: {self.requests:,} requests of {self.samples:,} samples, {self.kept:,} of them kept from before; the"
            f" others have about {self.prompt_tokens:,} tokens of prompts and up to {self.completion_tokens:,} of"
            f" answers{money}"
        )


def estimate(requests: Iterable[Request], model: ModelSettings, cache: Cache) -> Estimate:
    """Price work; nothing is asked."""
    count = samples = kept = prompt_tokens = completion_tokens = 0
    for request in requests:
        there = len(cache.get(model.digest(request), request.samples))
        count, samples, kept = count + 1, samples + request.samples, kept + there
        prompt_tokens += (request.samples - there) * estimated_tokens(request.prompt)
        completion_tokens += (request.samples - there) * (request.max_tokens or model.max_tokens)
    money = cost_of(model, prompt_tokens, completion_tokens).money if model.prices else None
    return Estimate(count, samples, kept, prompt_tokens, completion_tokens, money)
