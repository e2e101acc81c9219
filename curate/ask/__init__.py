"""Asking a model, as repeatable and countable as everything else.

What is asked of a model is a `Request`: a prompt, and how many independent samples of an answer are wanted. What comes back is
a `Reply` of as many samples, each a `Completion` or a `Failure` that says why there is none and is never taken for an answer.
Every sample is kept under the digest of what was asked, so a second run asks nothing twice and a kill loses nothing.

`client.ask` asks, `cache.Cache` keeps, `spending.Spending` counts and ends the work at its budget, `parse.parse_json` reads
JSON out of an answer, `prompts.read_prompt` reads versioned prompts, `record.Tally` sums up what a manifest says of it all.
"""

from curate.ask.request import Completion, Failure, FailureReason, Message, Reply, Request
from curate.ask.settings import Budget, ModelSettings

__all__ = [
    "Budget",
    "Completion",
    "Failure",
    "FailureReason",
    "Message",
    "ModelSettings",
    "Reply",
    "Request",
]
