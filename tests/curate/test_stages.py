"""The stages that drop: each rule fires for its own reason, with its evidence."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossthink.files import write_parquet
from curate.dedup import DedupSettings, drop_exact_duplicates
from curate.filters import FilterSettings, count_words, drop_malformed, drop_unverifiable, is_blank
from curate.identity import item_id
from curate.items import ITEM_SCHEMA
from curate.self_check import SelfCheckSettings, drop_uncheckable
from curate.stage import DROPS_SCHEMA, Outcome
from curate.table import ItemTable
from curate.templates import MADE_SCHEMA

Rows = Callable[..., ItemTable]


@pytest.fixture
def items(tmp_path: Path) -> Rows:
    """Make a table of items, each from what it says besides the usual."""

    def make(*rows: dict[str, Any]) -> ItemTable:
        full = []
        for number, row in enumerate(rows):
            base = {"source": "a", "source_row": f"f:{number + 1}", "origin": "real", "domain": "gpr", "license": "MIT"}
            base |= {"question": "What is it?", "answer": "4", "answer_kind": "number"} | row
            full.append(base | {"item_id": item_id(base["question"], None, base.get("options"))})
        write_parquet(tmp_path / "items.parquet", pa.Table.from_pylist(full, schema=ITEM_SCHEMA))
        return ItemTable((tmp_path / "items.parquet",))

    return make


@pytest.fixture
def variant(tmp_path: Path) -> Rows:
    """Make a table of one variant."""

    def make(**changes: Any) -> ItemTable:
        row = {"row_id": "r", "item_id": "i", "source": "a", "source_row": "f:1", "domain": "gpr", "template": "open"}
        row |= {"answer": "4", "answer_kind": "number", "option_count": 0, "item_place": 0} | changes
        write_parquet(tmp_path / "variants.parquet", pa.Table.from_pylist([row], schema=MADE_SCHEMA))
        return ItemTable((tmp_path / "variants.parquet",), schema=MADE_SCHEMA)

    return make


@given(st.text(" \t\r\n\u3000\xa0nNaA/."))
def test_a_blank_text_is_one_of_which_nothing_or_na_is_left(text: str) -> None:
    assert pl.select(is_blank(pl.lit(text))).item() == (text.strip().lower() in ("", "n/a"))


def _dropped(outcome: Outcome) -> pl.DataFrame:
    return pl.concat([pl.DataFrame(DROPS_SCHEMA.empty_table()), *outcome.drops])


def _reasons(outcome: Outcome) -> list[str]:
    return _dropped(outcome)["reason"].to_list()


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"question": "  "}, "missing_question"),
        ({"answer": None}, "missing_answer"),
        ({"answer": " N/A "}, "missing_answer"),
        ({"options": ["4"], "answer_index": 0}, "too_few_options"),
        ({"options": [str(n) for n in range(27)], "answer_index": 4}, "too_many_options"),
        ({"options": ["3", "5"]}, "gold_not_in_options"),
        ({"options": ["4", "5"], "answer_index": 7}, "gold_not_in_options"),
        ({"options": ["4", " "], "answer_index": 0}, "blank_option"),
        ({"options": ["4", "5", "5 "], "answer_index": 0}, "duplicate_options"),
        ({"options": ["4", "5"], "answer_index": 1}, "contradictory_gold"),
        ({}, None),
        ({"options": ["x", "X", "4"], "answer_index": 2}, None),
    ],
)
def test_a_malformed_item_goes_for_its_own_reason(items: Rows, row: dict[str, Any], reason: str | None) -> None:
    assert _reasons(drop_malformed(items(row))) == ([reason] if reason else [])


@pytest.mark.parametrize(
    ("changes", "goes"),
    [
        ({"answer": "one two three four five six seven eight nine ten"}, False),
        ({"answer": "one two three four five six seven eight nine ten eleven"}, True),
        ({"answer": "a b c d e f g h i j k", "domain": "math"}, False),
        ({"answer": "a b c d e f g h i j k", "template": "mcq"}, False),
    ],
)
def test_only_long_open_general_answers_are_too_long(variant: Rows, changes: dict[str, Any], goes: bool) -> None:
    dropped = _dropped(drop_unverifiable(variant(**changes), FilterSettings()))
    assert dropped["reason"].to_list() == (["answer_too_long"] if goes else [])
    if goes:
        assert json.loads(dropped["evidence"][0]) == {"words": 11}


_SPACED = st.text(st.sampled_from("ab1 \t\n\x0b\x0c\r\x1c\x1f\x7f\x85\xa0é\u2003中"), max_size=12)


@given(st.lists(_SPACED, max_size=40))
def test_words_are_what_stands_between_white_space(texts: list[str]) -> None:
    series = pl.Series(texts * 40, dtype=pl.String)  # more than are counted at once
    assert count_words(series).to_list() == series.str.count_matches(r"\S+").to_list()


def test_the_preferred_source_keeps_a_duplicate(items: Rows) -> None:
    rows = items({"source": "a"}, {"source": "b", "question": "what is  it"}, {"source": "c"})
    for prefer, kept in (([], 0), (["c"], 2), (["b", "c"], 1)):
        dropped = _dropped(drop_exact_duplicates(rows, DedupSettings(prefer=prefer)))
        assert {0, 1, 2} - set(dropped["place"]) == {kept}
        assert dropped["reason"].to_list() == ["duplicate"] * 2
        assert json.loads(dropped["evidence"][0])["kept"].startswith(f"{'abc'[kept]} f:")


def test_golds_that_the_verifier_calls_equal_are_no_conflict(items: Rows) -> None:
    outcome = drop_exact_duplicates(items({"answer": "1/2"}, {"answer": "0.5"}), DedupSettings())
    assert _reasons(outcome) == ["duplicate"]


def test_a_conflict_takes_every_row_or_all_but_the_preferred(items: Rows) -> None:
    rows = items({"answer": "4"}, {"answer": "5", "source": "b"}, {"answer": "4", "source": "c"})
    gone = drop_exact_duplicates(rows, DedupSettings())
    dropped = _dropped(gone)
    assert dropped["reason"].to_list() == ["conflicting_gold"] * 3
    assert json.loads(dropped["evidence"][0]) == {"golds": {"a f:1": "4", "b f:2": "5"}, "rows": 3}
    assert gone.facts == {"repeated_questions": 1, "conflicts": 1}
    kept = _dropped(drop_exact_duplicates(rows, DedupSettings(prefer=["b"], conflicts="keep")))
    assert kept["place"].to_list() == [0, 2]


def test_options_in_another_order_with_the_gold_moved_are_a_duplicate_and_with_it_left_a_conflict(items: Rows) -> None:
    one = {"options": ["x", "y"], "answer_index": 0, "answer": "x", "answer_kind": "choice"}
    moved = one | {"options": ["y", "x"], "answer_index": 1}
    left = one | {"options": ["y", "x"], "answer_index": 0, "answer": "y"}
    assert _reasons(drop_exact_duplicates(items(one, moved), DedupSettings())) == ["duplicate"]
    assert _reasons(drop_exact_duplicates(items(one, left), DedupSettings())) == ["conflicting_gold"] * 2


def test_a_row_that_is_out_already_is_no_duplicate(items: Rows) -> None:
    rows = items({"source": "a"}, {"source": "b"}, {"source": "c"}).without(np.array([0]))
    assert _dropped(drop_exact_duplicates(rows, DedupSettings()))["place"].to_list() == [2]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (
            {"answer": "\\frac{k!n!}{(k+n-1)!", "answer_kind": "math"},
            "gold_fails",
        ),  # a brace is missing: a row of dsr_sub
        ({"answer": "\\frac{3}{7}", "answer_kind": "math"}, None),
        ({"answer": "C", "answer_kind": "choice", "option_count": 4}, None),
        ({"answer": "Ada Lovelace", "answer_kind": "text"}, None),
    ],
)
def test_a_gold_must_score_and_a_wrong_answer_must_not(
    variant: Rows, changes: dict[str, Any], reason: str | None
) -> None:
    outcome = drop_uncheckable(variant(**changes), SelfCheckSettings())
    assert _reasons(outcome) == ([reason] if reason else [])


def test_a_verifier_that_accepts_everything_lets_no_row_in(variant: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    from curate import self_check
    from curate.verify import Reason, Verdict

    right = Verdict(1.0, True, True, False, Reason.CORRECT)
    monkeypatch.setattr(self_check, "verify_many", lambda responses, *_, **__: [right] * len(responses))
    assert _reasons(drop_uncheckable(variant(answer="4.5%"), SelfCheckSettings())) == ["wrong_passes"]


@pytest.mark.parametrize("place", [0, 1])
def test_a_verifier_that_died_has_said_nothing(variant: Rows, monkeypatch: pytest.MonkeyPatch, place: int) -> None:
    from curate import self_check
    from curate.verify import Reason, Verdict

    verdicts = [Verdict(1.0, True, True, False, Reason.CORRECT), Verdict(0.0, False, True, False, Reason.WRONG)]
    verdicts[place] = Verdict(0.0, False, True, False, Reason.WORKER_DIED)
    monkeypatch.setattr(self_check, "verify_many", lambda *_, **__: verdicts)
    assert _reasons(drop_uncheckable(variant(answer="4.5%"), SelfCheckSettings())) == ["verifier_failed"]


def test_the_evidence_of_a_conflict_stays_small(items: Rows) -> None:
    rows = items(*({"answer": str(number % 20), "source_row": f"f:{number}"} for number in range(200)))
    dropped = _dropped(drop_exact_duplicates(rows, DedupSettings()))
    evidence = json.loads(dropped["evidence"][0])
    assert dropped.height == evidence["rows"] == 200
    assert len(evidence["golds"]) == 8
