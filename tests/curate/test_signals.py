"""Signals: rows of published sets that have a fault, and rows that look like it and do not."""

import gzip
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from pydantic import ValidationError

from curate.schemas import SIGNAL_NAMES
from curate.signals import SIGNAL_COLUMNS, SIGNALS, SignalSettings, drop_by_signals, signal_evidence, with_signals
from curate.signals.base import Signal, fires, found, has, holds, working_columns

TYPES = {
    "options": pl.List(pl.String),
    "images": pl.List(pl.Struct({"path": pl.String, "sha256": pl.String})),
    "context": pl.String,
    "answer": pl.String,
    "extra": pl.String,
}


def rows(*questions: dict[str, Any]) -> pl.DataFrame:
    full = [{**dict.fromkeys(SIGNAL_COLUMNS), "domain": "gpr", **question} for question in questions]
    return pl.DataFrame(full, schema_overrides=TYPES)


def evidence(signal: str, question: str, answer: str | None = "x", **other: Any) -> str | None:
    return signal_evidence(rows({"question": question, "answer": answer, **other}))[signal][0]


FIRES = [
    # an open question that chooses among options which are gone
    ("needs_options", "which of the following does australia export the most?", "Energy", {}),
    ("needs_options", "by 1914 which of the following african countries were still independent", "Liberia", {}),
    ("needs_options", "which of these bridges was the first one built?", "Fairground Street Bridge", {}),
    # passages, tables and figures that are not there
    ("needs_missing_part", "One central theme of the passage is that", "human rights", {"options": ["a", "b"]}),
    ("needs_missing_part", "Which choice best states the relationship between the two passages?", "x", {}),
    ("needs_missing_part", "according to this chart, which building has the most floors?", "Zions Bank Building", {}),
    ("needs_missing_part", "what is the last show listed?", "Just Dance", {}),
    ("needs_missing_part", "Which conclusion should be made from the information in the table?", "x", {}),
    ("needs_missing_part", r"As shown in the figure, triangle $ABC$ is divided into six. Find its area.", "315", {}),
    ("needs_missing_part", "How many triangles of all sizes can be seen?  [insert pic]", "$$10$$", {}),
    ("needs_missing_part", "Maria made a block. How many cubes cannot be seen?\n<image1>", "2", {}),
    # the gold is said
    ("gives_answer_away", "what is the national flag of russia?", "Flag of Russia", {}),
    ("gives_answer_away", r"Find $AP$. We have $QP=2\sqrt{6}$, so $AP=\sqrt{24}+\sqrt{72}$: \boxed{096}", "96", {}),
    ("gives_answer_away", "What is the capital of France? (Paris)", "Paris", {}),
    ("gives_answer_away", "What is 6 times 7? The answer is 42.", "42", {"domain": "math"}),
    # two questions
    ("asks_several", "who created youtube and when?", "Chad Hurley", {}),
    ("asks_several", "Where was Mark Twain born and where did he die?", "Missouri and Connecticut", {}),
    ("asks_several", "How many ways can it be made? How many ways if a different route is taken?", "9,6", {}),
    ("asks_several", "Given $f(x)=x^2$.\n(1) Find the period of $f$;\n(2) Find the maximum of $f$.", "3", {}),
    # true or false
    ("is_true_false", "is elder scrolls online the same as skyrim?", "false", {}),
    ("is_true_false", "Snakes are deaf.", "False", {"options": ["True", "False"]}),
    ("is_true_false", "Are more people today related to Genghis Khan than Julius Caesar?", "Yes.", {}),
    # proofs
    ("is_proof", r"Let $n$ be odd. Prove that $n^2-1$ is divisible by $8$.", None, {"domain": "math"}),
    ("is_proof", "Show that there are infinitely many primes.", "Euclid", {"domain": "math"}),
    # another script
    ("answer_in_other_language", "what was the top rated episode of this show?", "ずっと愛してる", {}),
    ("answer_in_other_language", "中国的首都是哪里？", "Beijing", {}),
    # LaTeX
    ("has_broken_latex", r"Line $l$ intersects $C$. The area is $\frac{8}{5}. Find $m$.", "2", {}),
    ("has_broken_latex", r"What is the expected value of $m$?", r"\frac{2 k n}{n+k-1}-2 \frac{k!n!}{(k+n-1)!", {}),
    ("has_broken_latex", r"Where does $\begin{cases} y \leq 2x+3 \\ y \geq 0.5x-6$ lie?", "I", {}),
    ("has_broken_latex", r"Simplify $\left(\frac{1}{2}$.", "1/2", {}),
]

DOES_NOT_FIRE = [
    ("needs_options", "Which of the following does Australia export?", "Energy", {"options": ["Energy", "Wool"]}),
    ("needs_options", "Which of the following works came first, Dracula or The Wind in the Willows?", "Dracula", {}),
    ("needs_options", "Which of the following is a parabola?\n(A) $y=x$\n(B) $y=x^2$", "B", {}),
    ("needs_options", "which team did not have more than 16 wins?", "Penn State", {}),
    ("needs_missing_part", "One central theme of the passage is that", "x", {"context": "All people are equal."}),
    ("needs_missing_part", "What is in the picture?", "a cat", {"images": [{"path": "1.png", "sha256": "ab"}]}),
    ("needs_missing_part", "In the diagram, find $x$.\n[asy]\ndraw((0,0)--(1,1));\n[/asy]", "3", {"domain": "math"}),
    ("needs_missing_part", r"Use the table below. \begin{tabular}{c} 1 \\ 2 \end{tabular}", "3", {}),
    ("needs_missing_part", "What is formed in the reaction shown below? 4Fe + 3O_{2} -> 2Fe_{2}O_{3}", "rust", {}),
    ("needs_missing_part", "There are 5 apples on the table and 3 in the bowl. How many are there?", "8", {}),
    ("needs_missing_part", "Find the point where $y=x^2$ lies on the graph of $y=x$.", "1", {"domain": "math"}),
    ("needs_missing_part", "She draws a picture of a horse. What color is in the picture?", "red", {}),
    ("needs_missing_part", "Which process initiates the passage of half of a parent's DNA?", "meiosis", {}),
    ("needs_missing_part", "What is the abbreviation of the passage to the Pacific?", "NWP", {}),
    (
        "gives_answer_away",
        "Shale can be metamorphosed into slate by pressure or heat?",
        "pressure",
        {"options": ["pressure", "heat"]},
    ),
    (
        "gives_answer_away",
        "A person buys 42 apples and 7 pears. What is the product of 6 and 7?",
        "42",
        {"domain": "math"},
    ),
    (
        "gives_answer_away",
        "who is taller, rossemely cruz logroño or yisney lina lagrange méndez?",
        "Yisney Lina Lagrange Méndez",
        {},
    ),
    ("gives_answer_away", "Let g be the inverse of f(x) = x + cos(x). What is g'(1)?", "1", {}),
    ("gives_answer_away", "Tom says the answer is 12/5. He is wrong; what is it?", "12", {}),
    ("gives_answer_away", "Reply with the answer: true or false.", "true", {}),
    (
        "asks_several",
        r"What is the weight? The answer can be written in the form $\frac{m}{n}$. What is $m-n$?",
        "4",
        {},
    ),
    ("asks_several", "how long was it between when he won the prize and when she did?", "14 years", {}),
    ("asks_several", "When Anna finishes, Bridgit is behind and when Bridgit finishes, Carol is. How far?", "37", {}),
    ("asks_several", "1. If the string ends with 'ba', replace it.\n2. If it starts with 'c', stop.", "cb", {}),
    ("is_true_false", "Which is it?", "True", {"options": ["True", "False", "Unknown"]}),
    ("is_true_false", "Who sang it?", "Yes", {"options": ["Yes", "Rush", "Kiss"]}),
    ("is_proof", "Show that $\\ell(C)$ is finite, and determine its average value.", "n", {"domain": "math"}),
    ("is_proof", "Gregor Mendel was the first to show that traits are passed on.", "x", {}),
    ("answer_in_other_language", "What does 'gold' translate to in Hebrew?", "זהב", {}),
    ("answer_in_other_language", "已知 $x^2=4$，求 $x$。", r"$\frac{1}{2}$", {}),
    ("answer_in_other_language", "What is the angle α?", "π/2", {}),
    ("has_broken_latex", r"He pays \$5 and then $7. What is $\frac{1}{2}$ of it?", "6", {}),
    ("has_broken_latex", r"He pays $7. What is $\frac{1}{2}$ of it?", "3.5", {}),
    ("has_broken_latex", r"Weng earns $12 an hour. How much did she earn?", "10", {}),
    ("has_broken_latex", r"Let $f(x) = \left\{\begin{array}{cl} 1, & x>2 \\ 0 & x<2 \end{array} \right.$", "0", {}),
    ("has_broken_latex", r"How many are in \(\{1, 2\}\)?", "2", {}),
]


@pytest.mark.parametrize(("signal", "question", "answer", "other"), FIRES)
def test_a_faulty_row_has_the_signal_and_shows_why(
    signal: str, question: str, answer: str | None, other: dict[str, Any]
) -> None:
    assert evidence(signal, question, answer, **other)


@pytest.mark.parametrize(("signal", "question", "answer", "other"), DOES_NOT_FIRE)
def test_a_row_that_only_looks_faulty_has_no_signal(
    signal: str, question: str, answer: str, other: dict[str, Any]
) -> None:
    assert evidence(signal, question, answer, **other) is None


def test_what_the_source_says_is_missing_is_missing() -> None:
    question = "which country had the most cyclists finish within the top 10?"
    assert evidence("needs_missing_part", question, "Italy") is None
    assert evidence("needs_missing_part", question, "Italy", extra='{"id": "nu-0", "missing": "table"}') == "table"
    assert evidence("needs_missing_part", question, "Italy", extra='{"missing": null}') is None


def test_signals_are_columns_that_are_never_null() -> None:
    items = rows({"question": "Snakes are deaf.", "answer": "False"}, {"question": "", "answer": None})
    marked = with_signals(items)
    assert marked.columns == [*items.columns, *SIGNALS]
    assert marked.select(list(SIGNALS)).null_count().row(0) == (0,) * len(SIGNALS)
    assert marked["is_true_false"].to_list() == [True, False]


def test_a_row_has_a_signal_where_it_has_evidence(shared_data: Path) -> None:
    with gzip.open(shared_data / "corpora/math_train/math.json.gz") as file:
        math = [{"question": each["problem"], "answer": each["answer"], "domain": "math"} for each in json.load(file)]
    told = [{"question": question, "answer": answer, **other} for _, question, answer, other in FIRES + DOES_NOT_FIRE]
    cut = [{**each, "question": each["question"][:300]} for each in math]  # where LaTeX does not pair
    items = rows(*told, *math[:2000], *cut[:2000])
    fired = with_signals(items).select(list(SIGNALS))
    assert fired.equals(signal_evidence(items).select(pl.all().is_not_null()))
    assert all(fired.sum().row(0))


def test_rows_have_the_same_signals_in_any_batches() -> None:
    items = rows(*({"question": question, "answer": answer, **other} for _, question, answer, other in FIRES))
    parts = [signal_evidence(items.slice(start, 3)) for start in range(0, items.height, 3)]
    assert pl.concat(parts).equals(signal_evidence(items))


def test_each_clue_is_looked_for_where_none_before_it_counts() -> None:
    clues = (holds("(a.)", after=[~has("ax")]), holds("(b)", has("c")))
    signal = Signal("letters", "", (has("[ab]"),), clues)
    texts = ["ab c", "ax bc", "ax b", "bc", "c"]
    read = working_columns(rows(*({"question": text} for text in texts)))
    assert found(signal, read).to_list() == ["ab", "b", None, "b", None]
    assert fires(signal, read).to_list() == [True, True, False, True, False]


def test_only_the_signals_that_are_named_drop_rows() -> None:
    items = rows(
        {"question": "is it the same as skyrim?", "answer": "false"},
        {"question": "who created youtube and when?", "answer": "Chad Hurley"},
        {"question": "what is the last show listed?", "answer": "yes"},
    )
    nothing = drop_by_signals(items, SignalSettings())
    assert nothing.columns == [*items.columns, "reason", "evidence"]
    assert nothing["reason"].to_list() == [None, None, None]
    judged = drop_by_signals(items, SignalSettings(drop=["is_true_false", "needs_missing_part"]))
    assert judged["reason"].to_list() == [
        "is_true_false",
        None,
        "needs_missing_part",
    ]  # the first of SIGNALS that fires
    assert [text and json.loads(text) for text in judged["evidence"]] == [
        {"found": "false"},
        None,
        {"found": "last show listed"},
    ]


def test_an_unknown_signal_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(ValidationError, match=r"'is_truefalse' is not known\. Did you mean 'is_true_false'"):
        SignalSettings(drop=["is_truefalse"])
    with pytest.raises(ValidationError, match="stands twice"):
        SignalSettings(drop=["is_proof", "is_proof"])


def test_questions_that_lost_their_passage_are_found_and_those_that_have_it_are_not(shared_data: Path) -> None:
    folder = shared_data / "benchmarks" / "agieval"

    def signals(file: str) -> pl.Series:
        records = [json.loads(line) for line in (folder / file).read_text(encoding="utf-8").splitlines()]
        items = [
            {"question": each["question"], "answer": "x", "options": each["options"], "context": each["passage"]}
            for each in records
        ]
        return with_signals(rows(*items))["needs_missing_part"]

    lost, there = signals("sat-en-without-passage.jsonl"), signals("sat-en.jsonl")
    assert (lost.len(), there.len()) == (206, 206)
    assert lost.sum() >= 160
    assert there.sum() == 0


def test_a_clean_math_set_has_hardly_a_signal(shared_data: Path) -> None:
    records = json.loads(gzip.decompress((shared_data / "corpora" / "math_train" / "math.json.gz").read_bytes()))
    items = [{"question": each["problem"], "answer": each["answer"], "domain": "math"} for each in records]
    counts = with_signals(rows(*items)).select(pl.col(name).sum() for name in SIGNALS).row(0, named=True)
    assert counts.pop("needs_missing_part") <= 5  # figures that the source has lost; its drawings are Asymptote
    assert max(counts.values()) <= 1


def test_a_corpus_has_a_column_for_every_signal() -> None:
    assert tuple(SIGNALS) == SIGNAL_NAMES
