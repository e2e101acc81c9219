"""Identity: what makes two questions the same, and what must never."""

import itertools
import subprocess
import sys
import time

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.identity import item_id, item_ids, row_ids
from curate.items import ITEM_SCHEMA
from curate.normal import normalise
from curate.normal_forms import normal_forms

texts = st.one_of(
    st.text(),
    st.text(alphabet="aAbZ xX²³½₂①ﬁℝ𝑥−–-+.!?:'“”$\\<>=0123456789 \t\n\u200b\u00a0", max_size=40),
    st.lists(
        st.sampled_from(
            ["The", "the", "cat, ", "is", "Boolean", "5", "?", "'a  b'", '"', " ", "\n", "  ", "\n\n", "1 2"]
        )
    ).map("".join),
    st.lists(st.sampled_from(["What is", "the cat", "sat,", "of 5", "  x", "", "1  2", "end."])).map("\n".join),
)

CODE = "What does this print?\nfor i in range(3):\n    x += i\n{}print(x)"

DIFFERENT = [
    ("3.5", "35"),
    ("-5", "5"),
    ("−5", "5"),
    ("x<y", "x>y"),
    ("x ≤ y", "x < y"),
    ("a+b", "a-b"),
    ("Find X", "Find x"),
    ("Find AB", "Find ab"),
    ("What is Co?", "What is CO?"),
    ("x²", "x2"),
    ("x²3", "x²³"),
    ("x^2", "x2"),
    ("H₂", "H2"),
    ("1½", "11/2"),
    ("5①", "51"),
    ("What is 5!", "What is 5"),
    ("What is 5 Mg?", "What is 5 mg?"),
    ("triangle ABC", "triangle abc"),
    ("Who is in IT?", "Who is in it?"),
    ("$\\Delta$", "$\\delta$"),
    ("\\sin x", "\\Sin x"),
    ("$Abc$", "$abc$"),
    ("ℝ", "R"),
    ("10%", "10"),
    ("1,000", "1.000"),
    ("2, 4, ?", "2, 4,"),
    ("Кто написал?", "Кого написал?"),
    ("日本の首都", "日本の首部"),
    ("می‌روم", "میروم"),
    ("résumé", "resume"),
    ("", "?"),
    # lines, columns and spaces that carry meaning
    ("Matrix:\n1 2 3\n4 5 6", "Matrix:\n1 2\n3 4\n5 6"),
    ("Multiply\n1 2\n\n3 4\n5 6", "Multiply\n1 2\n3 4\n\n5 6"),
    ("Table\n1   3\n4 5 6", "Table\n1 3\n4 5 6"),
    ("1\t\t3", "1\t3"),
    ("a b\tc", "a\tb c"),
    ("  *\n***", "*\n***"),
    (CODE.format("    "), CODE.format("")),
    ("Which row is longest?\nthe cat sat\non the mat", "Which row is longest?\nthe cat\nsat on the mat"),
    ("What is len('a  b')?", "What is len('a b')?"),
    ('What is len("a  b")?', 'What is len("a b")?'),
    ("Run `a  b`", "Run `a b`"),
    # capitals that carry meaning
    ("1 Cal", "1 cal"),
    ("How much is 1 Cal in joules?", "How much is 1 cal in joules?"),
    ("How much is one Calorie?", "How much is one calorie?"),
    ("5 Mbar", "5 mbar"),
    ("Mbar", "mbar"),
    ("Mrad", "mrad"),
    ("Mrad per second", "mrad per second"),
    ("What is Arg(z)?", "What is arg(z)?"),
    ("Arg(z)", "arg(z)"),
    ("Log x", "log x"),
    ("Arctan x", "arctan x"),
    ('Is "Hello" == "hello"?', 'Is "hello" == "hello"?'),
    ("'Hello' in s", "'hello' in s"),
    ("Reverse: ABCDE", "Reverse: abcde"),
    ("Reverse: Hello", "Reverse: hello"),
    ("Decode SGVsbG8gd29ybGQ", "Decode sgvsbg8gd29ybgq"),
    ("Decode Abcdefgh+Abcdefgh", "Decode abcdefgh+abcdefgh"),
    ("What is 5 In in cm?", "What is 5 in in cm?"),
    ("5 In", "5 in"),
    ("The default of a Boolean field", "The default of a boolean field"),
    ("Sort in ASCII order: Apple, banana", "Sort in ASCII order: apple, banana"),
    ("NEVER say", "never say"),
    # final marks that are no punctuation
    ("3.", "3"),
    ("return 3.", "return 3"),
    ("ab?", "ab"),
    ("(ab)?", "(ab)"),
    ("Continue 1 2 3 ?", "Continue 1 2 3"),
]

SAME = [
    ("What is the  capital of France?", "what is the capital of France"),
    ("“Who?”", '"Who?"'),
    ("It’s 5 – 3", "It's 5 - 3"),
    ("ﬁne", "fine"),
    ("Is it in Rome, or where?", "is it in Rome, or where"),
    ("Illicit major", "illicit major"),
    ("Conduction.", "conduction"),
    ("Janet's ducks lay 16 eggs", "janet’s ducks lay 16 eggs"),
    ("In 1990, who won?", "in 1990, who won?"),
    ("École normale is where?", "école normale is where"),
    ("２ + ２", "2 + 2"),
    ("cafe\u0301", "café"),
    ("Compute x²", "Compute x^2"),
    ("Wait…", "Wait..."),
    ("soft\u00adhyphen", "softhyphen"),
    ("1 2\r\n3 4\r\n", "1 2\n3 4"),
    ("1 2  \n3 4\t", "1 2\n3 4"),
    ("\n\nMatrix:\n\n\n1 2\n3 4", "Matrix:\n1 2\n3 4"),
    ("Name the song:\n\nYou never\nstay out", "Name the song:\nYou never\nstay out"),
    ("What is the\ncapital of France?", "What is the capital of France?"),
    (
        "A man has 12 sheep and sells\n5 of them. How many\nare left?",
        "A man has 12 sheep and sells 5 of them. How many are left?",
    ),
]


@given(texts)
def test_normalising_twice_changes_nothing(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once


@pytest.mark.parametrize(("left", "right"), DIFFERENT)
def test_different_questions_stay_different(left: str, right: str) -> None:
    assert normalise(left) != normalise(right)


@pytest.mark.parametrize(("left", "right"), SAME)
def test_typesetting_does_not_make_a_question_different(left: str, right: str) -> None:
    assert normalise(left) == normalise(right)


@pytest.mark.parametrize(
    "part", ["\\( x ", "\\[ x ", "$ x ", "$$ x ", "'a ", "\" '` ", "the a,\n", " \n", "x ", "²", "\u0301\u0316"]
)
def test_the_time_grows_with_the_length(part: str) -> None:
    """A megabyte takes well under a second; what grew with the square took minutes at a tenth of it."""
    start = time.monotonic()
    normalise(part * (1_000_000 // len(part)) + "x")
    assert time.monotonic() - start < 20


@given(st.integers(-999, 999), st.integers(-999, 999), st.sampled_from("+-*/<>=^"), st.sampled_from("+-*/<>=^"))
def test_numbers_and_operators_survive(left: int, right: int, one: str, other: str) -> None:
    same = normalise(f"What is {left} {one} {right}?") == normalise(f"What is {right} {other} {left}?")
    assert same == (left == right and one == other)


@given(texts, st.lists(texts, min_size=2, max_size=5), st.randoms())
def test_the_order_of_options_does_not_matter(question: str, options: list[str], random: object) -> None:
    shuffled = list(options)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert item_id(question, None, options) == item_id(question, None, shuffled)


def test_context_question_and_options_do_not_run_into_each_other() -> None:
    parts = [("ab", None, None), ("a", "b", None), ("a", None, ["b"]), ("a", None, []), ("a", None, ["b", ""])]
    assert len({item_id(*part) for part in parts}) == len(parts)


def test_an_open_question_is_not_its_multiple_choice_form() -> None:
    assert item_id("Q", None, None) != item_id("Q", None, ["a", "b"])
    variants = pl.DataFrame({"item_id": ["0" * 32] * 3, "template": ["mcq", "open", "mcq"]})
    first, other, again = row_ids(variants)
    assert first == again != other


def test_ids_do_not_depend_on_the_machine() -> None:
    """Golden values: if these move, every manifest ever written loses its rows."""
    assert item_id("What is 2 + 2?") == "50d62dc9adad831c81664832f5ec869b"
    assert item_id("Pick one.", "A passage", ["x²", "Paris"]) == "dfeb08f6b102a9bab4976046482d4713"
    code = "from curate.identity import item_id; print(item_id('What is 2 + 2?'))"
    for seed in ("0", "1"):
        shown = subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True
        )
        assert shown.stdout.strip() == item_id("What is 2 + 2?"), shown.stderr


encodable = texts.filter(lambda text: not any("\ud800" <= character <= "\udfff" for character in text))


FIRST = ["The", "the", "Is", "Its", "It's", "Water's", "Cal", "Water", "IN", "x", "5", "", "$x$", "'a", "é"]
NEXT = ["", " ", " a", " cat", " Cat", " 5", "  cat", " cat's  x", " is a", "\tb"]
END = ["", "?", ".", ":", " ?", "'.", " 3.", " 3?", " ab?", " abc .", ")?", "\n"]
LINE = [
    "",
    " ",
    "the cat",
    "the cat ",
    "  a b",
    "1 2",
    "1  2",
    "of a dog,",
    "The end  .",
    "'a  b'",
    "x\t",
    "été – où",
    "x²",
]
LETTERS = [
    "a",
    "É",
    "é",
    "Ж",
    "ж",
    "ª",
    "İ",
    "ı",
    "ǆ",
    "ͺ",
    "Ω",
    "ς",
    "ʼ",
    "e\u0301",
    "½",
    "×",
    "…",
    "’",
    "«",
    "₂",
    "\xa0",
    "\xad",
]


def test_a_column_of_any_beginning_and_end_is_normalised_as_each_of_its_texts_is() -> None:
    column = ["".join(parts) for parts in itertools.product(FIRST, NEXT, END)]
    assert normal_forms(pl.Series(column)).to_list() == [normalise(text) for text in column]


def test_a_column_of_any_lines_is_normalised_as_each_of_its_texts_is() -> None:
    column = ["\n".join(lines) for count in (2, 3, 4) for lines in itertools.product(LINE, repeat=count)]
    assert normal_forms(pl.Series(column)).to_list() == [normalise(text) for text in column]


def test_a_column_of_any_letters_is_normalised_as_each_of_its_texts_is() -> None:
    """Every character of the first plane, and some that fold or compose beside each other at every place that counts."""
    column = ["".join(parts) for parts in itertools.product(LETTERS, repeat=3)]
    column += [f"{one}{two}tudes d{one}s{two}  ici ab{one}{two}?" for one, two in itertools.product(LETTERS, repeat=2)]
    column += [f"a{chr(code)} '{chr(code)}'  {chr(code)}?" for code in range(0xD800)]
    assert normal_forms(pl.Series(column)).to_list() == [normalise(text) for text in column]


@given(st.lists(encodable, max_size=20))
def test_a_column_is_normalised_as_each_of_its_texts_is(column: list[str]) -> None:
    assert normal_forms(pl.Series(column, dtype=pl.String)).to_list() == [normalise(text) for text in column]


@given(
    st.lists(
        st.tuples(
            encodable,
            st.none() | encodable,
            st.none() | st.lists(encodable, max_size=4),
            st.none() | st.lists(st.tuples(st.just("a.png"), st.none() | st.just("f0")), max_size=2),
        ),
        max_size=6,
    )
)
def test_a_column_of_questions_has_the_identities_of_each_question(
    rows: list[tuple[str, str | None, list[str] | None, list[tuple[str, str | None]] | None]],
) -> None:
    named = [
        (
            question,
            context,
            options,
            None if images is None else [{"path": path, "sha256": own} for path, own in images],
        )
        for question, context, options, images in rows
    ]
    columns = ["question", "context", "options", "images"]
    frame = pl.DataFrame(named, schema={name: pl.Schema(ITEM_SCHEMA)[name] for name in columns}, orient="row")
    looks = [[own or f"path:{path}" for path, own in images or ()] for *_, images in rows]
    each = [item_id(*row[:3], images=look) for row, look in zip(rows, looks, strict=True)]
    assert item_ids(frame).to_list() == each
