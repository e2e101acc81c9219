"""What a rule can check of a model's words: each fault by its reason."""

import pytest

from curate.ask.parse import Unparsed, parse_json
from curate.synthesis.checks import Lost, explanations_of, question_fault, wording_fault, wrong_options
from curate.synthesis.replies import Contrast, Explained, Reworded, WrittenQuestion


def test_wrong_options_are_wrong_and_different() -> None:
    proposed = ["1/2", "0.25", "", "25%", "3/4", "0.75", "2", "7"]
    chosen, refused = wrong_options(proposed, ["0.5"], "number", 3)
    assert chosen == ["0.25", "3/4", "2"]
    assert refused == {
        "1/2": "same as gold 0.5",
        "": "blank",
        "25%": "same as option 0.25",
        "0.75": "same as option 3/4",
    }


def test_a_wrong_option_is_no_other_way_to_say_the_gold_or_what_the_source_accepts() -> None:
    chosen, refused = wrong_options(
        ["Paris, France", "the city of Paris", "Lutetia", "Lyon", "lyon."], ["Paris", "Lutetia"], "text", 3
    )
    assert chosen == ["Lyon"]
    assert set(refused) == {"Paris, France", "the city of Paris", "Lutetia", "lyon."}


@pytest.mark.parametrize(
    ("question", "options", "asked", "fault"),
    [
        ("Who?", ["a", "b"], 2, None),
        ("Who?", None, None, None),
        (" ", ["a", "b"], 2, Lost.BLANK_QUESTION),
        ("Who?", ["a", "b", "c"], 2, Lost.WRONG_NUMBER_OF_OPTIONS),
        ("Who?", ["a", "b"], None, Lost.WRONG_NUMBER_OF_OPTIONS),
        ("Who?", None, 4, Lost.WRONG_NUMBER_OF_OPTIONS),
        ("Who?", ["a", " "], 2, Lost.BLANK_OPTION),
        ("How many?", ["0.5", "1/2"], 2, Lost.DUPLICATE_OPTIONS),
    ],
)
def test_a_new_question_has_what_was_asked_for(
    question: str, options: list[str] | None, asked: int | None, fault: Lost | None
) -> None:
    assert question_fault(WrittenQuestion(question=question, options=options), asked) == fault


@pytest.mark.parametrize(
    ("new", "fault"),
    [
        ("In 1,200 days, how far do 3 ships that are not laden go, given 4 knots?", None),
        ("how far do 3 ships go that are not laden in 1200 days at 4 knots", Lost.SAME_WORDS),
        ("In 1,200 days, how far do 5 ships that are not laden go, given 4 knots?", Lost.NUMBERS_CHANGED),
        ("In 1,200 days, how far do ships that are not laden go, given 4 knots?", Lost.NUMBERS_CHANGED),
        ("In 1,200 days, how far do 3 ships that are laden go, given 4 knots?", Lost.NEGATION_CHANGED),
        ("In 1,200 days, how far (a long way?) do 3 ships not laden go, given 4 knots?", Lost.GIVES_ANSWER_AWAY),
        ("", Lost.BLANK_QUESTION),
    ],
)
def test_other_words_keep_numbers_and_nots_and_say_no_answer(new: str, fault: Lost | None) -> None:
    old = "How far do 3 ships go that are not laden, in 1200 days at 4 knots?"
    assert wording_fault(old, new, "a long way") == fault


def test_a_gold_that_the_question_always_said_is_not_given_away() -> None:
    assert wording_fault("Is iron or tin heavier?", "Of tin and iron, which one is heavier?", "iron") is None


@pytest.mark.parametrize(
    ("letters", "texts", "whys", "found"),
    [
        ("BA", ["tin", "Iron "], ["so", "thus"], ["thus", "so"]),
        ("(a) b.", ["iron", "tin"], ["1", "2"], ["1", "2"]),
        ("AA", ["iron", "tin"], ["1", "2"], Lost.OPTIONS_NOT_EXPLAINED),
        ("A", ["iron"], ["1"], Lost.OPTIONS_NOT_EXPLAINED),
        ("ABC", ["iron", "tin", "lead"], ["1", "2", "3"], Lost.OPTIONS_NOT_EXPLAINED),
        ("AB", ["iron", "tin"], ["1", " "], Lost.OPTIONS_NOT_EXPLAINED),
        ("AB", ["tin", "iron"], ["1", "2"], Lost.EXPLAINS_OTHER_TEXT),
    ],
)
def test_every_option_is_explained_under_its_own_letter_and_text(
    letters: str, texts: list[str], whys: list[str], found: list[str] | Lost
) -> None:
    names = letters.split() if " " in letters else list(letters)
    explained = [
        Explained(option=letter, text=text, why=why) for letter, text, why in zip(names, texts, whys, strict=True)
    ]
    assert explanations_of(Contrast(id="x", explanations=explained), ["iron", "tin"]) == found


@pytest.mark.parametrize("text", ["half a pair \\ud800", "\\u0000"])
def test_a_text_that_no_file_can_hold_is_no_reply(text: str) -> None:
    parsed = parse_json(f'{{"id": "x", "question": "{text}"}}', Reworded)
    assert isinstance(parsed, Unparsed)
    assert "half a surrogate pair" in parsed.detail
