"""Pairs follow their rule, lose no row, and do not depend on the order in which responses were scored."""

from pathlib import Path
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from train_backend.pairs import Lengths, Outcome, pair_up
from train_backend.rollouts import ROLLOUTS_SCHEMA


class Words:
    """A tokenizer whose tokens are words."""

    def apply_chat_template(self, conversations: list[list[dict[str, str]]], **_: Any) -> dict[str, list[list[str]]]:
        return {"input_ids": [[word for said in each for word in said["content"].split()] for each in conversations]}


ROWS = ["a", "b", "c"]
PROMPTS = pl.LazyFrame(
    {
        "position": [0, 1, 2, 3],
        "row_id": ["a", "b", "c", "a"],
        "prompt": [[{"role": "user", "content": f"say {row}"}] for row in ["a", "b", "c", "a"]],
    }
)
SHORT = Lengths(Words(), 5)

response = st.fixed_dictionaries(
    {
        "run_id": st.sampled_from(["one", "two"]),
        "row_id": st.sampled_from([*ROWS, "elsewhere"]),
        "response": st.sampled_from(["x", "y y", "z z z", "w w w w"]),
        "score": st.sampled_from([0.0, 0.5, 1.0]),
        "timed_out": st.booleans(),
    }
)


def rollouts(responses: list[dict[str, Any]]) -> pl.LazyFrame:
    rest = {"stage": "grpo", "item_id": "item", "component": "c", "source": "s", "template": "open", "reason": "right"}
    schema = pl.Schema(pl.DataFrame(ROLLOUTS_SCHEMA.empty_table()).schema)
    return pl.DataFrame([rest | each for each in responses], schema=schema).lazy()


def paired(responses: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return pair_up(rollouts(responses), PROMPTS, SHORT).to_dicts()


@settings(max_examples=60, deadline=None)
@given(st.lists(response, min_size=1, max_size=24), st.randoms())
def test_every_row_that_was_answered_is_a_line_in_whatever_order_it_was_scored(
    responses: list[dict[str, Any]], random: Any
) -> None:
    found = paired(responses)
    assert sorted((row["from_run"], row["row_id"]) for row in found) == sorted(
        {(each["run_id"], each["row_id"]) for each in responses}
    )
    assert paired(random.sample(responses, len(responses))) == found


@settings(max_examples=60, deadline=None)
@given(st.lists(response, min_size=1, max_size=24))
def test_an_outcome_says_what_is_so(responses: list[dict[str, Any]]) -> None:
    for row in paired(responses):
        of_row = [each for each in responses if (each["run_id"], each["row_id"]) == (row["from_run"], row["row_id"])]
        judged = {(each["response"], each["score"]) for each in of_row if not each["timed_out"]}
        count = sum(not each["timed_out"] for each in of_row)
        assert row["responses"] == count
        match row["outcome"]:
            case Outcome.NOT_IN_BLEND:
                assert row["row_id"] not in ROWS
            case Outcome.TOO_FEW:
                assert count < 2
            case Outcome.ALIKE:
                assert len({score for _, score in judged}) == 1
            case Outcome.TOO_LONG:
                ends = (row["chosen_score"], row["rejected_score"])
                assert any(len(text.split()) > 3 for text, score in judged if score in ends)
            case Outcome.PAIR:
                scores = [score for _, score in judged]
                assert (row["chosen"], max(scores)) in judged and (row["rejected"], min(scores)) in judged
                assert row["chosen_score"] == max(scores) > min(scores) == row["rejected_score"]
                assert max(len(row[side].split()) for side in ("chosen", "rejected")) <= 3
        assert (row["chosen"] is None) == (row["rejected"] is None) == (row["outcome"] != Outcome.PAIR)


@settings(max_examples=40, deadline=None)
@given(st.lists(response, min_size=1, max_size=24))
def test_pairs_are_numbered_in_the_order_of_the_blend(responses: list[dict[str, Any]]) -> None:
    found = paired(responses)
    assert [row["pair"] is not None for row in found] == [row["outcome"] == Outcome.PAIR for row in found]
    pairs = [row for row in found if row["pair"] is not None]
    assert [row["pair"] for row in pairs] == list(range(len(pairs)))
    assert [ROWS.index(row["row_id"]) for row in pairs] == sorted(ROWS.index(row["row_id"]) for row in pairs)


def test_responses_of_two_runs_are_not_compared() -> None:
    """They may have been scored by another reward."""
    same = {"row_id": "a", "timed_out": False}
    found = paired(
        [
            {"run_id": "one", "response": "x", "score": 0.0, **same},
            {"run_id": "two", "response": "y y", "score": 1.0, **same},
        ]
    )
    assert [row["outcome"] for row in found] == [Outcome.TOO_FEW, Outcome.TOO_FEW]


def test_the_whole_is_one_file_of_the_declared_columns(tmp_path: Path) -> None:
    from train_backend.pairs import PAIRS_SCHEMA

    found = pair_up(rollouts([]), PROMPTS, SHORT)
    assert [*PAIRS_SCHEMA.names[2:], "prompt"] == found.columns
