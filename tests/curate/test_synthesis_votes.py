"""Votes: counted by the verifier's equality, with a winner, or a reason why there is none."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.synthesis.votes import NoMajority, stated_answers, vote


def test_answers_that_the_verifier_calls_equal_are_one() -> None:
    found = vote(["1/2", "0.5", r"\frac{1}{2}", "2", "1/2"], None, 3, 0)
    assert (found.answer, found.share, found.counts) == ("1/2", 0.8, {"1/2": 4, "2": 1})
    assert found.winners == (0, 1, 2, 4)
    assert found.kind == "number"


@pytest.mark.parametrize(
    ("answers", "fewest", "share", "reason"),
    [
        (["A", "B"], 1, 0, NoMajority.TIE),
        (["A", "A", "B", "B", "C"], 1, 0, NoMajority.TIE),
        (["A", None, None], 2, 0, NoMajority.TOO_FEW_SOLUTIONS),
        ([None, None, None], 1, 0, NoMajority.TOO_FEW_SOLUTIONS),
        (["A", "A", "B"], 2, 1, NoMajority.SHARE_TOO_SMALL),
    ],
)
def test_without_a_majority_there_is_no_answer(
    answers: list[str | None], fewest: int, share: float, reason: NoMajority
) -> None:
    found = vote(answers, "choice", fewest, share)
    assert (found.answer, found.refused, found.winners) == (None, reason, ())


def test_more_votes_than_any_other_are_enough_unless_a_share_is_asked() -> None:
    assert vote(["A", "A", "B", "C"], "choice", 2, 0).answer == "A"
    assert vote(["A", "A", "B", "C"], "choice", 2, 0.6).refused is NoMajority.SHARE_TOO_SMALL


@given(st.lists(st.sampled_from(["A", "B", "C", None]), max_size=9), st.randoms())
def test_the_order_of_the_solutions_decides_nothing(answers: list[str | None], chance: Random) -> None:
    mixed = list(answers)
    chance.shuffle(mixed)
    one, other = vote(answers, "choice", 1, 0), vote(mixed, "choice", 1, 0)
    assert (one.answer, one.refused, one.counts, one.share) == (other.answer, other.refused, other.counts, other.share)
    assert sum(one.counts.values()) == sum(answer is not None for answer in answers)


def test_what_a_solution_states_is_found_or_it_has_no_vote() -> None:
    solutions = [r"So \boxed{B}.", "The answer is (C).", "I cannot say.", r"<think>\boxed{A}</think> It is \boxed{D}"]
    assert stated_answers(solutions, "choice") == ["B", "C", None, "D"]
