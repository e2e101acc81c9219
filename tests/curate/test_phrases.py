"""Rules of phrases: reading a text for a rule's words first finds what reading it for every phrase finds."""

import json
import re
import zipfile
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.phrases import NOT_ONE_SPACE, Rule, first_phrases, on_one_line
from curate.templates import GOLD_RULES, STEM_RULES

RULES = (*STEM_RULES, *GOLD_RULES)


@given(st.data(), st.sampled_from([rule for rule in RULES if rule.words]))
def test_a_text_that_has_a_rules_phrase_has_one_of_its_words(data: st.DataObject, rule: Rule) -> None:
    text = data.draw(st.from_regex(re.compile(rule.phrase, re.IGNORECASE), alphabet=st.characters(codec="ascii")))
    assert any(word in text.lower() for word in rule.words.split("|"))


@pytest.mark.parametrize("rules", [STEM_RULES, GOLD_RULES], ids=["stems", "golds"])
def test_real_texts_have_the_same_phrases_when_every_rule_reads_every_text(
    rules: tuple[Rule, ...], shared_data: Path
) -> None:
    texts = pl.Series(_real_texts(shared_data))
    every = first_phrases(texts, [rule._replace(words="") for rule in rules])
    assert every.count() > 100
    assert first_phrases(texts, rules).equals(every, null_equal=True)


def test_the_first_rule_that_fires_gives_the_phrase() -> None:
    rules = (Rule("b", "b.", unless="x"), Rule("a", "a."))
    assert first_phrases(pl.Series(["ab bc", "AC bx", "c", ""]), rules).to_list() == ["b ", "AC", None, None]


def _real_texts(folder: Path) -> list[str]:
    """Questions and options of ARC, OpenTriviaQA and MMLU."""
    arc = (folder / "corpora/arc/ARC-Challenge-Train.jsonl").read_text(encoding="utf-8").splitlines()
    trivia = (folder / "corpora/opentriviaqa/general.txt").read_text(encoding="latin-1").splitlines()
    with zipfile.ZipFile(folder / "benchmarks/mmlu/mmlu.zip") as archive:
        mmlu = [archive.read(name).decode() for name in archive.namelist() if "test/high_school" in name]
    asked = [json.loads(line)["question"]["stem"] for line in arc]
    return [*asked, *(line[2:].strip() for line in trivia), *(line for file in mmlu for line in file.splitlines())]


_SPACED = st.text(st.sampled_from("ab \t\n\r\x0b\x0c\x1c\x85\xa0\u2003\u3000é"))


@given(st.lists(_SPACED))
def test_white_space_becomes_single_spaces(texts: list[str]) -> None:
    given_texts = pl.Series(texts, dtype=pl.String)
    everywhere = given_texts.str.replace_all(NOT_ONE_SPACE, " ").str.strip_chars()
    assert on_one_line(given_texts).equals(everywhere)
    assert given_texts.to_list() == texts  # it keeps what it was given
