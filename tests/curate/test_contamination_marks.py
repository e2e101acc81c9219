"""The marks of a column are those of each text."""

import unicodedata
from pathlib import Path

import polars as pl
from hypothesis import example, given
from hypothesis import strategies as st

from curate.contamination.marks import marks_of_each
from curate.sameness import marks_of

PARTS = [
    "-", "--", " ", "\n", "\x1c", "\x01", "3", "1,000", "1,000,000.5", ".5", ",", "x", "The", "well", "_", "__", "_{}", "^{}", "{}", "~",
    "\\", "\\frac", "\\dfrac", "\\tfrack", "\\left", "\\leftarrow", "\\quad", "\\ ", "\\(", "\\,", "$", "(", ")", "}", "]",
    "’", "–", "−", "é", "İ", "ſ", "K", "π", "²", "五", "'s", "!", "=", "£", "°", "×", "…", "‿", "Ⓐ", "\xa0", "\x85",
]  # fmt: skip
"""What the rules of marks turn on."""


@given(st.lists(st.lists(st.sampled_from(PARTS), max_size=8).map("".join), max_size=4))
@example(["x - 5 and y -5", "a-b-c--d", "1,000-2,000", "\\left\\leftarrow", "~ 3", "\\dfrac~12"])
@example([])
def test_a_column_is_read_as_each_of_its_texts(texts: list[str]) -> None:
    assert marks_of_each(pl.Series(texts, dtype=pl.String)).to_list() == [marks_of(text) for text in texts]


def test_no_symbol_that_is_not_ascii_is_taken_for_a_letter_or_a_digit() -> None:
    symbols = [letter for letter in map(chr, range(128, 0xD800)) if unicodedata.category(letter)[0] in "SPZ"]
    texts = [f"A{symbol}b 1{symbol}2 -{symbol}3 {symbol}-4 x{symbol} -5 {symbol}{symbol}-y" for symbol in symbols]
    assert marks_of_each(pl.Series(texts)).to_list() == [marks_of(text) for text in texts]


def test_real_questions_are_read_as_each_of_them(shared_data: Path) -> None:
    folder = shared_data / "benchmarks"
    texts = [path.read_text(errors="replace") for path in sorted(folder.rglob("*.json*")) if path.suffix != ".gz"]
    lines = [line[:2000] for text in texts for line in text.splitlines()[:100]]
    assert len(lines) > 1000
    assert marks_of_each(pl.Series(lines)).to_list() == [marks_of(line) for line in lines]
