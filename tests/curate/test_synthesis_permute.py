"""Options in another order: every reference and every explanation follows its option, or the question stays as it is."""

import random
import re
from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.ask import Budget, ModelSettings, Request
from curate.ask.cache import Cache
from curate.ask.client import ask
from curate.ask.prompts import read_prompt
from curate.ask.spending import Spending
from curate.filters import LETTERS
from curate.readers import Rejected, read_files
from curate.sources import adapter
from curate.synthesis.permute import Choice, Fixed, Movable, Unmoved, balanced, movable, seat, shuffled
from curate.verify import extract_lenient
from tests.asking import Call, scripted_server

WORDS = ["granite", "a slow tide", "12 metres", "Napoleon's army", "vitamin K", "x^2 + 1", "the treaty", "iron"]
COMBINED = [
    "both {0} and {1}",
    "Both ({0}) and ({1})",
    "{0} and {1} only",
    "Neither {0} nor {1}",
    "{0}, {1}.",
    "{0} only",
]
QUESTIONS = [
    "Which holds?",
    "Is option {0} or option {1} right?",
    "Choices {0} and {1} look alike; which one is it?",
    "A man asks: what is it made of?",
]
SOLUTIONS = [
    "The answer is ({0}).",
    "Option {0} is wrong since choice {1} is right.",
    "So it is (**{0}**), and \\boxed{{{0}}}.".replace("**", ""),
    "Answer: {0}",
    "{0} is the correct answer. A slow tide has nothing to do with it.",
    "$A = 3$ and $P(B) = 1/2$, so nothing else fits.",
]


@st.composite
def told(draw: st.DrawFn) -> tuple[Choice, list[tuple[str, tuple[int, int]]], list[tuple[str, tuple[int, int]]]]:
    """A question whose references are known: the choice, its option templates, and all its other templates."""
    plain = draw(st.integers(2, 5))
    words = draw(st.permutations(WORDS))[:plain]
    pair = st.permutations(range(plain)).map(lambda order: (order[0], order[1]))
    options = [(word, (0, 1)) for word in words]
    options += draw(st.lists(st.tuples(st.sampled_from(COMBINED), pair), max_size=2, unique_by=lambda each: each[0]))
    others = [(draw(st.sampled_from(QUESTIONS)), draw(pair))]
    others += draw(st.lists(st.tuples(st.sampled_from(SOLUTIONS), pair), max_size=3))
    why = [
        (f"Reason {place}: option {{0}} is not option {{1}}.", (place, (place + 1) % plain))
        for place in range(len(options))
    ]
    choice = Choice(
        question=_said(others[0], range(len(options))),
        options=tuple(_said(option, range(len(options))) for option in options),
        answer_index=draw(st.integers(0, len(options) - 1)),
        solutions=tuple(_said(each, range(len(options))) for each in others[1:]),
        explanations=tuple(_said(each, range(len(options))) for each in why),
    )
    return choice, options, [*others, *why]


def _said(template: tuple[str, tuple[int, int]], order: Sequence[int]) -> str:
    """A template with the letters that its two options have in an order."""
    letters = {old: LETTERS[new] for new, old in enumerate(order)}
    return template[0].format(letters[template[1][0]], letters[template[1][1]])


@given(told(), st.integers(0, 10**6))
def test_every_reference_and_explanation_follows_its_option(
    made: tuple[Choice, list[tuple[str, tuple[int, int]]], list[tuple[str, tuple[int, int]]]], seed: int
) -> None:
    choice, options, others = made
    found = movable(choice)
    assert isinstance(found, Movable), found
    order = shuffled(found, seed, choice.question)
    moved = found.reordered(order)
    assert moved.options == tuple(_said(options[old], order) for old in order)
    assert moved.answer_index == order.index(choice.answer_index)
    solutions, why = others[1 : 1 + len(choice.solutions)], others[1 + len(choice.solutions) :]
    assert moved.question == _said(others[0], order)
    assert moved.solutions == tuple(_said(each, order) for each in solutions)
    assert moved.explanations == tuple(_said(why[old], order) for old in order)


@given(told(), st.integers(0, 10**6))
def test_the_opposite_order_brings_the_question_back(
    made: tuple[Choice, list[tuple[str, tuple[int, int]]], list[tuple[str, tuple[int, int]]]], seed: int
) -> None:
    found = movable(made[0])
    assert isinstance(found, Movable)
    order = shuffled(found, seed, "key")
    again = movable(found.reordered(order))
    assert isinstance(again, Movable), again
    assert again.reordered([order.index(place) for place in range(len(order))]) == made[0]


@pytest.mark.parametrize(
    ("question", "options", "solution"),
    [
        ("Events A and B are independent. Which holds?", ["p", "q", "both A and B", "r"], ""),
        ("Which holds?", ["A", "iron", "both A and B", "r"], ""),
        ("Which is it?", ["iron", "tin", "A but not B", "lead"], ""),
        ("Which is it?", ["iron", "tin", "lead", "All of the above except B"], ""),
        ("Which is it?", ["Use the method in (C) twice", "tin", "zinc", "lead"], "B is better."),
        ("Which is it?", ["iron", "tin", "zinc", "lead"], "The second option is wrong."),
        ("Take (B) as given. Which is it?", ["iron", "tin", "zinc", "lead"], ""),
        ("Which is it?", ["A) iron", "B) tin", "C) zinc", "D) lead"], ""),
        ("How old is A?", ["5", "6", "7", "8"], "A is 5, so the answer is A."),
    ],
)
def test_a_question_in_doubt_stays_as_it_is(question: str, options: list[str], solution: str) -> None:
    found = movable(Choice(question, tuple(options), 0, solutions=(solution,)))
    assert isinstance(found, Fixed)
    assert found.reason is Unmoved.REFERENCE_IN_DOUBT
    assert found.found


@pytest.mark.parametrize(
    "options",
    [
        ["Hepatitis C", "Vitamin D", "At 25°C, they melt.", "4,000 B.P."],
        ["A man", "A Roman road", "Samuel F. B. Morse", "$A = 4\\pi$"],
        ["P(A)", "B lymphocytes", "the C ring", "a type A personality"],
    ],
)
def test_letters_that_are_names_are_left_alone(options: list[str]) -> None:
    found = movable(Choice("Which is it?", tuple(options), 0))
    assert isinstance(found, Movable)
    assert sorted(found.reordered([3, 2, 1, 0]).options) == sorted(options)


@pytest.mark.parametrize(
    "text", ["answer - ", "A, ", "A and ", "\\(", "$$", "A ", "\n ", "(A) ", "A" + 60 * " ", "answer is "]
)
def test_no_text_takes_long(text: str) -> None:
    """Each is what a careless pattern would try in more ways than there is time for."""
    long = text * (40_000 // len(text))
    movable(Choice(long, (long, "iron", "tin"), 0, solutions=(long, f"{long}answer")))


def test_what_speaks_of_the_others_stays_last() -> None:
    found = movable(Choice("Which?", ("iron", "tin", "Both of the above", "None of the above"), 2))
    assert isinstance(found, Movable)
    assert {tuple(shuffled(found, seed, "k")) for seed in range(20)} == {(0, 1, 2, 3), (1, 0, 2, 3)}
    assert found.gold_places == range(2, 3)
    stuck = movable(Choice("Which?", ("iron", "All of the above", "tin", "lead"), 0))
    assert isinstance(stuck, Fixed) and stuck.reason is Unmoved.GROUP_OPTION_NOT_LAST


def test_every_order_is_as_likely() -> None:
    found = movable(Choice("Which?", ("iron", "tin", "lead"), 0))
    assert isinstance(found, Movable)
    counts = Counter(tuple(shuffled(found, 7, str(key))) for key in range(6000))
    assert len(counts) == 6
    assert sum((count - 1000) ** 2 / 1000 for count in counts.values()) < 20.5  # chi-square, 5 degrees, p = 0.001


@given(st.lists(st.tuples(st.integers(2, 5), st.booleans(), st.integers(0, 4)), min_size=1, max_size=200))
def test_golds_are_dealt_evenly(drawn: list[tuple[int, bool, int]]) -> None:
    """Where every gold can go anywhere, exactly; fixed golds are made up for as far as they can be."""
    seats, fixed = [], Counter[tuple[int, int]]()
    for key, (count, is_fixed, gold) in enumerate(drawn):
        choice = Choice("Which?", tuple(WORDS[:count]), gold % count)
        found = movable(choice)
        assert isinstance(found, Movable)
        seats.append(seat(choice, None if is_fixed else found, 0, str(key)))
        fixed[count, gold % count] += is_fixed
    dealt = Counter((each.options, place) for each, place in zip(seats, balanced(seats), strict=True))
    for count in {each.options for each in seats}:
        golds = [dealt[count, place] for place in range(count)]
        most_fixed = max(fixed[count, place] for place in range(count))
        assert max(golds) <= max(most_fixed, -(-sum(golds) // count))
        if not most_fixed:
            assert max(golds) - min(golds) <= 1


@cache
def _published(folder: Path) -> list[Choice]:
    """Every fourth question of ARC and MMLU."""
    sets = [("arc", "corpora/arc/ARC-*.jsonl"), ("mmlu", "benchmarks/mmlu/mmlu.zip")]
    rows = [(name, row) for name, files in sets for row in read_files([folder / files], adapter(name).layout)]
    drafts = [adapter(name).draft(row.record) for name, row in rows[::4] if not isinstance(row, Rejected)]
    return [
        Choice(draft.question, tuple(draft.options), draft.answer_index)
        for draft in drafts
        if draft.options and draft.answer_index is not None
    ]


def test_gold_letters_of_published_sets_become_uniform(shared_data: Path) -> None:
    """Dealt exactly, and by chance within chance; fewer than one in a hundred stay as they are."""
    choices = _published(shared_data)
    found = [movable(choice) for choice in choices]
    stays = sum(isinstance(each, Fixed) for each in found)
    assert 0 < stays < len(choices) / 100
    movables = [each if isinstance(each, Movable) else None for each in found]
    seats = [seat(each, moved, 0, str(n)) for n, (each, moved) in enumerate(zip(choices, movables, strict=True))]
    dealt = Counter(place for each, place in zip(seats, balanced(seats), strict=True) if each.options == 4)
    assert max(dealt.values()) - min(dealt.values()) <= 1
    free = [(n, each) for n, each in enumerate(movables) if each and each.count == 4 and len(each.choice.options) == 4]
    by_chance = Counter(shuffled(each, 0, str(n)).index(each.choice.answer_index) for n, each in free)
    expected = by_chance.total() / 4
    assert sum((count - expected) ** 2 / expected for count in by_chance.values()) < 16.3  # 3 degrees, p = 0.001


def test_an_order_blind_model_scores_the_same_before_and_after(shared_data: Path, tmp_path: Path) -> None:
    """It goes by the words of the options alone; one that always says A gets a quarter once the golds are dealt."""
    sample = random.Random(0).sample(_published(shared_data), 200)
    found = [movable(choice) for choice in sample]
    movables = [each if isinstance(each, Movable) else None for each in found]
    seats = [seat(each, moved, 0, str(n)) for n, (each, moved) in enumerate(zip(sample, movables, strict=True))]
    after = [
        moved.reordered(shuffled(moved, 0, str(number), place)) if moved else choice
        for number, (choice, moved, place) in enumerate(zip(sample, movables, balanced(seats), strict=True))
    ]
    with scripted_server(_order_blind) as server, Cache(tmp_path) as cache:
        model = ModelSettings(model="order-blind", base_url=server.base_url)
        right = [_right(choices, model, cache) for choices in (sample, after)]
    assert right[0] == right[1]
    assert 20 < sum(right[0]) < 180
    assert sum(choice.answer_index == 0 for choice in sample) != 50
    assert sum(choice.answer_index == 0 for choice in after) == 50


def _order_blind(call: Call) -> str:
    options = re.findall(r"^([A-E])[.] (.*)$", call.text, re.MULTILINE)
    return f"\\boxed{{{max(options, key=lambda option: (len(set(option[1])), option[1]))[0]}}}"


def _right(choices: Sequence[Choice], model: ModelSettings, cache: Cache) -> list[bool]:
    prompt = read_prompt("solve_drafted")
    requests = [
        Request(
            str(number),
            prompt.render(question=choice.question, options=list(zip(LETTERS, choice.options, strict=False))),
        )
        for number, choice in enumerate(choices)
    ]
    replies = ask(requests, model, cache, Spending(Budget()))
    return [
        extract_lenient(reply.completions[0].text, "choice") == LETTERS[choice.answer_index]
        for choice, reply in zip(choices, replies, strict=True)
    ]
