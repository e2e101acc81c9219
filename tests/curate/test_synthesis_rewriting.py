"""Rewritten items: what an operator refuses, what changes, and what stays the parent's."""

import json
from typing import Any

from curate.synthesis.checks import Lost
from curate.synthesis.permute import Unmoved
from curate.synthesis.reorder import permuted
from curate.synthesis.replies import Distractors, Reworded
from curate.synthesis.rewriting import REWRITINGS, Item, row_of
from curate.synthesis.settings import Permute, Rephrase, ToMcq, ToOpen
from curate.synthesis.writer import Fault


def _item(question: str, answer: str, options: list[str] | None = None, **more: Any) -> Item:
    index = options.index(answer) if options else None
    kind = "choice" if options else "text"
    blank = dict.fromkeys(("context", "subject", "images", "solutions", "extra"))
    named = {"item_id": "i1", "source": "s", "source_row": "f:1", "origin": "real", "domain": "gpr"}
    told = {"question": question, "answer": answer, "options": options, "answer_index": index, "answer_kind": kind}
    return blank | named | told | {"license": "MIT", "language": "en"} | more


def test_an_open_question_gets_wrong_options_and_keeps_its_licence_and_its_parent() -> None:
    item = _item("What is the capital of France?", "Paris", extra='{"missing": null, "prompt": "A. x"}')
    settings = ToMcq(operator="to_mcq", options=3)
    changes = REWRITINGS["to_mcq"].changed(item, Distractors(id="i1", distractors=["Lyon", "Nice", "Metz"]), settings)
    assert not isinstance(changes, Fault)
    row = row_of(item, "to_mcq", changes)
    assert sorted(row["options"]) == ["Lyon", "Nice", "Paris"]
    assert row["options"][row["answer_index"]] == row["answer"] == "Paris"
    assert (row["origin"], row["license"], row["parent"]) == ("synthetic", "MIT", "i1")
    extra = json.loads(row["extra"])
    assert extra["rewritten"] == {"by": "to_mcq", "parent": "i1", "source": "s", "source_row": "f:1"}
    assert "prompt" not in extra


def test_gold_positions_of_new_options_are_spread() -> None:
    settings, places = ToMcq(operator="to_mcq"), []
    for number in range(400):
        item = _item("What is the capital of France?", "Paris", item_id=str(number))
        reply = Distractors(id=str(number), distractors=["Lyon", "Nice", "Metz"])
        changes = REWRITINGS["to_mcq"].changed(item, reply, settings)
        assert not isinstance(changes, Fault)
        places.append(changes["answer_index"])
    assert sum((places.count(place) - 100) ** 2 / 100 for place in range(4)) < 16.3  # 3 degrees, p = 0.001


def test_too_few_wrong_options_say_which_were_refused() -> None:
    item = _item("What is the capital of France?", "Paris")
    reply = Distractors(id="i1", distractors=["Paris.", "Lyon"])
    fault = REWRITINGS["to_mcq"].changed(item, reply, ToMcq(operator="to_mcq"))
    assert isinstance(fault, Fault)
    assert (fault.reason, fault.evidence["chosen"]) == (Lost.TOO_FEW_DISTRACTORS, ["Lyon"])
    assert list(fault.evidence["refused"]) == ["Paris."]


def test_each_operator_refuses_what_it_is_not_for() -> None:
    opened = _item("What is the capital of France?", "Paris")
    alone = _item("What is the capital of France?", "Paris", ["Paris", "Lyon"])
    leaning = _item("Which of the following is a mammal?", "bat", ["bat", "hen"])
    pointing = _item("Which of the following is a mammal?", "Both of the above", ["bat", "hen", "Both of the above"])
    items = [opened, alone, leaning, pointing]
    assert REWRITINGS["to_mcq"].refused(items) == [None, *[Lost.HAS_OPTIONS] * 3]
    assert REWRITINGS["contrast"].refused(items) == [Lost.HAS_NO_OPTIONS, None, None, None]
    assert REWRITINGS["rephrase"].refused(items) == [None] * 4
    assert REWRITINGS["to_open"].refused(items) == [
        Lost.HAS_NO_OPTIONS,
        Lost.STANDS_WITHOUT_OPTIONS,
        None,
        Lost.GOLD_NEEDS_OPTIONS,
    ]


def test_a_stem_that_needed_its_options_stands_without_or_goes() -> None:
    item = _item("Which of the following is a flying mammal?", "bat", ["bat", "hen"])
    settings, changed = ToOpen(operator="to_open"), REWRITINGS["to_open"].changed
    good = changed(item, Reworded(id="i1", question="What is the only mammal that can truly fly called?"), settings)
    assert not isinstance(good, Fault)
    row = row_of(item, "to_open", good)
    assert (row["options"], row["answer_index"], row["answer"], row["answer_kind"]) == (None, None, "bat", "text")
    leaning = changed(item, Reworded(id="i1", question="Which of these animals is a mammal that flies?"), settings)
    assert isinstance(leaning, Fault) and leaning.reason is Lost.STILL_NEEDS_OPTIONS
    told = changed(item, Reworded(id="i1", question="Why is the bat the only mammal that flies?"), settings)
    assert isinstance(told, Fault) and told.reason is Lost.GIVES_ANSWER_AWAY


def test_a_rephrased_question_keeps_gold_and_options() -> None:
    item = _item("Which one of these can fly?", "bat", ["bat", "cow"])
    reply = Reworded(id="i1", question="Name the one that is able to fly.")
    changes = REWRITINGS["rephrase"].changed(item, reply, Rephrase(operator="rephrase"))
    assert not isinstance(changes, Fault)
    row = row_of(item, "rephrase", changes)
    assert (row["question"], row["options"], row["answer"]) == (reply.question, ["bat", "cow"], "bat")


def test_explanations_and_solutions_follow_when_options_move() -> None:
    why = [{"option": "iron", "why": "Unlike option B, it rusts."}, {"option": "tin", "why": "It does not."}]
    solutions = [
        {"text": "The answer is (A).", "answer": "A", "by": "m"},
        {"text": None, "answer": "iron", "by": None},
    ]
    item = _item("Which rusts?", "iron", ["iron", "tin"], extra=json.dumps({"explanations": why}), solutions=solutions)
    row = permuted(item, 1, Permute(operator="permute"))
    assert not isinstance(row, Fault)
    assert (row["options"], row["answer_index"], row["answer"]) == (["tin", "iron"], 1, "iron")
    assert json.loads(row["extra"])["explanations"] == [
        {"option": "tin", "why": "It does not."},
        {"option": "iron", "why": "Unlike option A, it rusts."},
    ]
    assert row["solutions"] == [
        {"text": "The answer is (B).", "answer": "B", "by": "m"},
        {"text": None, "answer": "iron", "by": None},
    ]
    assert row["origin"] == "real"


def test_a_question_in_doubt_is_kept_as_it_is_or_dropped_with_the_words() -> None:
    item = _item("Events A and B: which holds?", "both A and B", ["p", "both A and B"])
    kept = permuted(item, 0, Permute(operator="permute"))
    assert not isinstance(kept, Fault)
    assert kept["options"] == item["options"]
    assert json.loads(kept["extra"])["order_kept"]["reason"] == Unmoved.REFERENCE_IN_DOUBT
    gone = permuted(item, 0, Permute(operator="permute", in_doubt="drop"))
    assert isinstance(gone, Fault)
    assert (gone.reason, gone.evidence["found"]) == (Unmoved.REFERENCE_IN_DOUBT, "option: both A and B")
