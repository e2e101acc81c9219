"""A question's answer from its solutions: what has a vote, and what a row keeps of the votes."""

import json

from curate.ask import Completion, Failure, FailureReason, Reply, Request
from curate.synthesis.grow import Drafted, voted
from curate.synthesis.seeds import Seed
from curate.synthesis.settings import SynthesisConfig
from curate.synthesis.votes import NoMajority
from curate.synthesis.writer import Fault, Row

CONFIG = SynthesisConfig.model_validate(
    {"name": "x", "topics": [{"topic": "Law"}], "writer": {"model": "m"}, "votes": {"solutions": 4, "fewest": 2}}
)
SEED = Seed("Law", {"topic": "Law"}, {"topic": "Law"}, "Law")


def _voted(options: list[str] | None, *samples: Completion | Failure) -> Row | Fault:
    reply = Reply(Request("Law/1", "How many?"), samples, "digest")
    return voted(Drafted("Law/1", SEED, "How many?", options, "Law"), reply, CONFIG, "m")


def test_failures_and_solutions_that_were_cut_off_have_no_vote() -> None:
    cut = Completion(r"<think>It may be \boxed{C}, or", "length")
    failed = Failure(FailureReason.TIMED_OUT, "no answer")
    row = _voted(["1", "2", "3"], Completion(r"\boxed{B}"), cut, failed, Completion("The answer is (B)."))
    assert not isinstance(row, Fault)
    assert (row["answer"], row["answer_index"], row["vote_share"]) == ("2", 1, 1.0)
    assert json.loads(row["extra"])["vote"] == {"votes": {"B": 2}, "share": 1.0, "no_answer": 1, "failed": 1}
    assert [solution["by"] for solution in row["solutions"]] == ["m", "m"]


def test_a_letter_that_no_option_has_is_no_answer() -> None:
    fault = _voted(["1", "2"], Completion(r"\boxed{C}"), Completion(r"\boxed{C}"), Completion(r"\boxed{A}"))
    assert isinstance(fault, Fault)
    assert (fault.reason, fault.evidence["votes"]) == (NoMajority.TOO_FEW_SOLUTIONS, {"A": 1})


def test_a_short_answer_is_compared_as_its_form_says() -> None:
    row = _voted(None, *(Completion(rf"\boxed{{{each}}}") for each in ("0.5", r"\frac{1}{2}", "0.5", "2")))
    assert not isinstance(row, Fault)
    assert (row["answer"], row["answer_kind"], row["options"], row["vote_share"]) == ("0.5", "number", None, 0.75)
