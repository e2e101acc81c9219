"""Adapters on small records of each published schema: what becomes of every field, and what is a bad record."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossthink.errors import UserError
from curate.items import Domain, Origin
from curate.sources import Adapter, BadRecord, Draft, Role, adapter, adapters
from curate.sources.options import lettered_options

CHAT = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "What is 2 + 2?"}]


def draft(name: str, **record: Any) -> Draft:
    return adapter(name).draft(record)


# --- the registry --------------------------------------------------------------------------------------------------


def test_every_published_schema_has_its_adapter() -> None:
    known = adapters()
    paper = {"mmlu", "natural_reasoning", "numina_math", "hendrycks_math", "crossthink_qa", "crossthink_math"}
    shapes = {"alpaca", "sharegpt", "messages", "verl_parquet", "nemo_gym", "qa_rows"}
    assert paper | shapes <= known.keys()
    assert len(known) == 40
    assert all(each.about and each.published and each.gold and each.license for each in known.values())


def test_a_benchmark_says_so_and_a_corpus_needs_not() -> None:
    assert {name for name, each in adapters().items() if each.role is Role.BENCHMARK} == {
        *("agieval", "bbh", "college_math", "gaokao2023en", "mathvision", "olympiadbench", "svamp", "theoremqa"),
        *("truthfulqa", "truthfulqa_mc"),
    }


def test_an_unknown_adapter_names_the_nearest() -> None:
    with pytest.raises(UserError, match=r"'gsm8' is not known. Did you mean 'gsm8k'\?"):
        adapter("gsm8")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
KEYS = """conversations messages from value responses_create_params expected_answer instruction input output question answer problem solution options answer_index answerKey choices id metadata source_dataset prompt
reward_model ground_truth meta_data role content text label stem reference_answer responses response file encoding 0 1"""


@given(
    st.sampled_from(list(adapters().values())), st.dictionaries(st.sampled_from(KEYS.split()), json_values, max_size=6)
)
def test_any_json_object_is_a_draft_or_a_bad_record(chosen: Adapter, record: dict[str, Any]) -> None:
    try:
        drafted = chosen.draft(record)
    except BadRecord as error:
        assert str(error)
        return
    assert isinstance(drafted.question, str)
    assert drafted.answer is None or isinstance(drafted.answer, str)
    assert drafted.options is None or all(isinstance(option, str) for option in drafted.options)
    assert drafted.answer_index is None or drafted.options is not None
    json.dumps(drafted.extra, allow_nan=False)


# --- mathematics ---------------------------------------------------------------------------------------------------


def test_gsm8k_splits_solution_and_gold_and_takes_calculator_marks_off() -> None:
    got = draft("gsm8k", question="Q?", answer="He has 48/2 = <<48/2=24>>24 clips.\n#### 1,024", split="train")
    assert (got.answer, got.extra) == ("1,024", {"split": "train"})
    assert got.solutions == [{"text": "He has 48/2 = 24 clips.", "answer": "1,024", "by": None}]
    with pytest.raises(BadRecord, match="expected the gold after '####'"):
        draft("gsm8k", question="Q?", answer="24")


@pytest.mark.parametrize(
    ("record", "answer"),
    [
        ({"answer": "7"}, "7"),
        ({"answer": 7}, "7"),
        ({"answer": None}, None),
        ({"solution": r"so \boxed{1} or \boxed{\frac{1}{2}}."}, r"\frac{1}{2}"),
        ({"solution": "no box"}, None),
        ({"solution": r"\boxed{1}", "answer": "2"}, "2"),
    ],
)
def test_hendrycks_math_takes_the_answer_or_the_last_box(record: dict[str, Any], answer: str | None) -> None:
    got = draft("hendrycks_math", problem="Q?", level="Level 5", type="Algebra", **record)
    assert (got.answer, got.subject, got.extra) == (answer, "Algebra", {"level": "Level 5"})


def test_hendrycks_math_without_answer_and_solution_is_a_bad_record() -> None:
    with pytest.raises(BadRecord, match="answer or solution: the key is missing, found problem"):
        draft("hendrycks_math", problem="Q?")


def test_numina_math_reads_both_releases() -> None:
    solution = r"We get $\boxed{\text{(B)}\ 12}$."
    cot = draft("numina_math", source="olympiads", problem="Q?", solution=solution, messages=CHAT)
    assert (cot.answer, cot.origin, cot.extra) == (r"\text{(B)}\ 12", None, {"source": "olympiads"})
    assert draft("numina_math", source="synthetic_math", problem="Q?", solution=solution).origin is Origin.SYNTHETIC

    fields = {"problem": "Q?", "solution": solution, "problem_type": "Geometry", "question_type": "math-word-problem"}
    newer = draft("numina_math", **fields, answer="12", problem_is_valid="Yes", source="cn_contest", synthetic=False)
    assert (newer.answer, newer.subject, newer.origin) == ("12", "Geometry", None)
    proof = draft("numina_math", **fields, answer="proof")
    assert proof.answer is None
    assert proof.extra == {"answer": "proof", "question_type": "math-word-problem"}


# --- multiple choice -----------------------------------------------------------------------------------------------


def mmlu(*cells: str, file: str = "abstract_algebra_test.csv") -> Draft:
    return adapter("mmlu").draft({**{str(n): cell for n, cell in enumerate(cells)}, "file": file})


def test_mmlu_takes_subject_and_split_from_the_file_name() -> None:
    got = mmlu("Q?", "w", "x", "y", "z", "C")
    assert (got.answer, got.answer_index, got.options) == ("y", 2, ["w", "x", "y", "z"])
    assert (got.subject, got.extra) == ("abstract_algebra", {"split": "test"})
    assert mmlu("Q?", "w", "x", "y", "z", "C", file="law.csv").subject == "law"


def test_a_letter_out_of_range_is_left_for_the_filters() -> None:
    got = mmlu("Q?", "w", "x", "y", "z", " E ")
    assert (got.answer, got.answer_index) == ("E", None)
    assert mmlu("", "", "", "", "", "").answer == ""


@pytest.mark.parametrize("cells", [("Q?", "a", "b", "A"), ("Q", " really?", "a", "b", "c", "d", "A")])
def test_an_mmlu_row_of_another_width_is_a_bad_record(cells: tuple[str, ...]) -> None:
    with pytest.raises(BadRecord, match=f"expected 6 cells, found {len(cells)}"):
        mmlu(*cells)


def test_mmlu_pro_holds_letter_and_place_to_each_other() -> None:
    record = {"question_id": 70, "question": "Q?", "options": ["x", "y", "z"], "answer": "B", "category": "law"}
    got = draft("mmlu_pro", **record, answer_index=1, cot_content="", src="ori")
    assert (got.answer, got.answer_index, got.key, got.subject, got.extra) == ("y", 1, "70", "law", {"src": "ori"})
    with pytest.raises(BadRecord, match="answer_index: expected 1 for the answer 'B', found 2"):
        draft("mmlu_pro", **record, answer_index=2)


def test_arc_is_read_in_both_published_forms() -> None:
    listed = [{"text": "x", "label": "1"}, {"text": "y", "label": "2"}]
    old = draft("arc", id="A_1", question={"stem": "Q?", "choices": listed}, answerKey="2")
    new = draft("arc", id="A_1", question="Q?", choices={"text": ["x", "y"], "label": ["1", "2"]}, answerKey="2")
    assert old == new
    assert (old.answer, old.answer_index, old.key) == ("y", 1, "A_1")
    outside = draft("arc", id="A_1", question={"stem": "Q?", "choices": listed}, answerKey="C")
    assert (outside.answer, outside.answer_index) == ("C", None)


CHOICES = ["mmlu_pro", "arc as published", "arc on the hub"]


def choice_draft(schema: str, options: list[Any]) -> Draft:
    """Draft a question whose gold is its first option."""
    labels = list("ABCD")[: len(options)]
    if schema == "mmlu_pro":
        return draft("mmlu_pro", question="Q?", options=options, answer="A")
    if schema == "arc on the hub":
        return draft("arc", question="Q?", choices={"text": options, "label": labels}, answerKey="A")
    listed = [{"text": text, "label": label} for text, label in zip(options, labels, strict=True)]
    return draft("arc", question={"stem": "Q?", "choices": listed}, answerKey="A")


@pytest.mark.parametrize("schema", CHOICES)
def test_a_null_option_is_blank_and_a_number_is_written_out(schema: str) -> None:
    """The filters drop and count blank options; as the text "None" it would be an answer."""
    assert choice_draft(schema, ["a", None, 3, 2.5]).options == ["a", "", "3", "2.5"]


@pytest.mark.parametrize("schema", CHOICES)
@pytest.mark.parametrize("nested", [["b"], {"text": "b"}, True])
def test_an_option_that_is_no_text_is_a_bad_record(schema: str, nested: object) -> None:
    with pytest.raises(
        BadRecord, match=f"text.*: expected text, found {type(nested).__name__}|options.1.: expected text"
    ):
        choice_draft(schema, ["a", nested])


def test_a_label_that_is_missing_names_no_option() -> None:
    blank = draft("arc", question="Q?", choices={"text": ["a", "b"], "label": [None, "B"]}, answerKey="")
    assert blank.answer_index is None
    with pytest.raises(BadRecord, match="label: is missing in element 0"):
        draft("arc", question={"stem": "Q?", "choices": [{"text": "a"}]}, answerKey="A")


def test_an_mmlu_cell_that_is_no_text_is_a_bad_record() -> None:
    with pytest.raises(BadRecord, match="1: expected text, found NoneType"):
        adapter("mmlu").draft({"0": "Q?", "1": None, "2": "b", "3": "c", "4": "d", "5": "A", "file": "x.csv"})


TRIVIA = """
#Q Which line
A line of the question

^ Right, this one
A Wrong
B Right, this one
C
D D

#Q True?
^ True
A True
B False
"""


def test_opentriviaqa_records_reach_from_one_question_to_the_next() -> None:
    trivia = adapter("opentriviaqa")
    assert trivia.split is not None
    pieces = trivia.split(TRIVIA)
    assert [line for line, _ in pieces] == [2, 11]
    first, second = (draft("opentriviaqa", text=text, file="animals.txt", encoding="utf-8") for _, text in pieces)
    assert first.question == "Which line\nA line of the question"
    assert (first.options, first.answer_index, first.subject) == (["Wrong", "Right, this one", "", "D"], 1, "animals")
    assert (second.answer, second.options, second.extra) == ("True", ["True", "False"], None)
    assert trivia.split(TRIVIA.replace("\n", "\r\n"))[1][0] == 11


def test_opentriviaqa_loses_no_text_that_is_no_record() -> None:
    split = adapter("opentriviaqa").split
    assert split is not None
    assert split("stray\n#Q a\n^ b\nA b\n") == [(1, "stray\n"), (2, "#Q a\n^ b\nA b\n")]
    assert split("") == split("\n\n") == []
    for text in ("stray", "#Q no answer", "#Q a\n^ b\nB b\n", "#Q a\n^ b\nA b\nstray line\n"):
        with pytest.raises(BadRecord):
            draft("opentriviaqa", text=text, file="x.txt", encoding="utf-8")


# --- open questions and generated ones -----------------------------------------------------------------------------


def test_natural_reasoning_keeps_responses_as_solutions() -> None:
    responses = [{"response_model": "Llama3.3-70B-Instruct", "response": "Because."}]
    got = draft("natural_reasoning", question="Q?", reference_answer="42", responses=responses)
    assert got.solutions == [{"text": "Because.", "answer": None, "by": "Llama3.3-70B-Instruct"}]
    assert draft("natural_reasoning", question="Q?", reference_answer="", responses=None).answer == ""
    with pytest.raises(BadRecord, match="reference_answer: the key is missing"):
        draft("natural_reasoning", question="Q?")


def test_reasoning_gym_tasks_belong_to_a_domain() -> None:
    got = draft("reasoning_gym", question="Q?", answer="3", metadata={"source_dataset": "lcm", "n": 2})
    assert (got.subject, got.domain, got.extra) == ("lcm", Domain.MATH, {"metadata": {"source_dataset": "lcm", "n": 2}})
    none = draft("reasoning_gym", question="Q?", answer=None, metadata={"source_dataset": "graph_color"})
    assert (none.answer, none.domain) == (None, Domain.GPR)
    assert adapter("reasoning_gym").origin is Origin.SYNTHETIC


# --- trainers' rows ------------------------------------------------------------------------------------------------


def trainer_row(question: str, gold: Any = "4", **more: Any) -> dict[str, Any]:
    chat = [{"role": "user", "content": question}]
    return {"prompt": chat, "reward_model": {"ground_truth": gold, "style": "rule"}, **more}


def test_verl_rows_give_the_last_user_message_without_its_instruction() -> None:
    suffix = "Let's think step by step and output the final answer within \\boxed{}."
    got = draft("verl_parquet", **trainer_row(f"What is 2 + 2? {suffix}", 4, ability="MATH", data_source="deepscaler"))
    assert (got.question, got.answer, got.domain) == ("What is 2 + 2?", "4", Domain.MATH)
    assert got.extra == {"ability": "MATH", "data_source": "deepscaler", "instruction": suffix}
    plain = draft("verl_parquet", prompt=CHAT, reward_model={"ground_truth": "4"}, ability="logic")
    assert (plain.question, plain.domain, plain.extra) == (
        "What is 2 + 2?",
        Domain.GPR,
        {"ability": "logic", "prompt": CHAT},
    )


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"prompt": CHAT}, "reward_model.ground_truth: the key is missing"),
        ({"prompt": CHAT, "reward_model": {"ground_truth": {"a": 4}}}, "ground_truth: expected text, found dict"),
        ({"prompt": CHAT[:1], "reward_model": {"ground_truth": "4"}}, "expected a message with the role 'user'"),
        ({"reward_model": {"ground_truth": "4"}}, "prompt: the key is missing"),
    ],
)
def test_a_trainer_row_without_question_or_gold_is_a_bad_record(record: dict[str, Any], message: str) -> None:
    with pytest.raises(BadRecord, match=message):
        draft("verl_parquet", **record)


OPTIONS = "Which gas do plants take in?\n\nA) oxygen\nB) carbon dioxide\nC) helium"


@pytest.mark.parametrize("gold", ["B", "(B)", "B) carbon dioxide", "carbon dioxide"])
def test_crossthink_options_are_taken_out_of_the_question(gold: str) -> None:
    row = trainer_row("Answer in a box.", gold, meta_data={"index": 0, "question": OPTIONS})
    got = draft("crossthink_qa", **row)
    assert got.question == "Which gas do plants take in?"
    assert (got.answer, got.answer_index) == ("carbon dioxide", 1)
    assert got.options == ["oxygen", "carbon dioxide", "helium"]
    assert got.extra == {"index": 0, "prompt": row["prompt"]}


def test_crossthink_options_may_stand_in_the_prompt_alone() -> None:
    meta = {"index": 3, "question": "Which gas do plants take in?"}
    got = draft("crossthink_qa", **trainer_row(f"Answer this.\n{OPTIONS}\nUse a box.", "C", meta_data=meta))
    assert (got.question, got.answer, got.answer_index) == ("Which gas do plants take in?", "helium", 2)


def test_crossthink_without_options_is_open() -> None:
    got = draft("crossthink_qa", **trainer_row("Who wrote Emma?", "Jane Austen"))
    assert (got.question, got.options, got.answer) == ("Who wrote Emma?", None, "Jane Austen")
    outside = draft("crossthink_qa", **trainer_row(OPTIONS, "F"))
    assert (outside.answer, outside.answer_index) == ("F", None)
    sums = draft("crossthink_math", **trainer_row("x", "12", meta_data={"question": "What is 3 * 4?", "index": 9}))
    assert (sums.question, sums.answer, (sums.extra or {})["index"]) == ("What is 3 * 4?", "12", 9)


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("Q?\nA. x\nB. y", ["x", "y"]),
        ("Q?\n(A) x\n\n(B) y\n", ["x", "y"]),
        ("Q?\nA: x\nB: y\nC: z", ["x", "y", "z"]),
        ("Q?\nA. only one", []),
        ("Q?\nB. x\nC. y", []),
        ("A. first list\nB. of an example\nQ?\nA. x\nB. y", ["x", "y"]),
        ("A man walks in.\nB is late.", []),
    ],
)
def test_lettered_options_are_the_last_run_of_lines_from_a(text: str, options: list[str]) -> None:
    assert lettered_options(text)[1] == options


# --- shapes that many publish --------------------------------------------------------------------------------------


def test_alpaca_joins_instruction_and_input() -> None:
    got = draft("alpaca", instruction="Add the numbers.", input="2 and 3", output="5")
    assert (got.question, got.answer) == ("Add the numbers.\n2 and 3", "5")
    assert draft("alpaca", instruction="Name a prime.", input="", output="5").question == "Name a prime."
    with pytest.raises(BadRecord, match="output or response: the key is missing"):
        draft("alpaca", instruction="Name a prime.", input="")


def test_chats_give_the_last_question_and_its_reply() -> None:
    chat = [*CHAT, {"role": "assistant", "content": "4"}]
    got = draft("messages", messages=chat)
    assert (got.question, got.answer, got.extra) == ("What is 2 + 2?", "4", {"prompt": CHAT})
    assert draft("messages", messages=CHAT).answer is None
    longer = [*chat, {"role": "user", "content": "And 3 + 3?"}, {"role": "assistant", "content": "6"}]
    got = draft("messages", messages=longer)
    assert (got.question, got.answer, got.extra) == ("And 3 + 3?", "6", {"prompt": longer[:4]})
    shared = [{"from": "human", "value": "What is 2 + 2?"}, {"from": "gpt", "value": "4"}]
    got = draft("sharegpt", id="c1", conversations=shared)
    assert (got.question, got.answer, got.key, got.extra) == ("What is 2 + 2?", "4", "c1", None)
    parts = [{"role": "user", "content": [{"type": "text", "text": "What is"}, {"type": "text", "text": "2 + 2?"}]}]
    assert draft("messages", messages=parts).question == "What is\n2 + 2?"
    with pytest.raises(BadRecord, match="role 'user'"):
        draft("messages", messages=[{"role": "assistant", "content": "4"}])


GYM_OPTIONS = [{"A": "Karyotyping"}, {"B": "Polymerase Chain Reaction (PCR)"}]
GYM_QUESTION = "Which test finds one mutation?\nA: Karyotyping\nB: Polymerase Chain Reaction (PCR)"


def gym_row(content: str, **more: Any) -> dict[str, Any]:
    return {"responses_create_params": {"input": [{"role": "user", "content": content}]}, **more}


def test_nemo_gym_mathematics_has_its_question_beside_the_request() -> None:
    row = gym_row("Box the answer.\n\nHow many?", question="How many?", expected_answer="32")
    got = draft("nemo_gym", **row)
    assert (got.question, got.answer, got.options) == ("How many?", "32", None)
    assert got.extra == {"prompt": row["responses_create_params"]["input"]}


def test_nemo_gym_choices_are_freed_of_template_and_options() -> None:
    template = {"template_id": "t", "template_prompt": "End with 'Answer: A'.\n\n{problem}"}
    row = gym_row(
        f"End with 'Answer: A'.\n\n{GYM_QUESTION}",
        options=GYM_OPTIONS,
        expected_answer="B",
        uuid="u",
        template_metadata=template,
    )
    got = draft("nemo_gym", **row)
    assert (got.question, got.answer_index, got.key) == ("Which test finds one mutation?", 1, "u")
    assert (got.answer, got.options) == (
        "Polymerase Chain Reaction (PCR)",
        ["Karyotyping", "Polymerase Chain Reaction (PCR)"],
    )
    older = gym_row(GYM_QUESTION)
    older["responses_create_params"]["metadata"] = {"options": GYM_OPTIONS, "expected_answer": "B"}
    assert draft("nemo_gym", **older).answer_index == 1
    with pytest.raises(BadRecord, match="expected_answer: the key is missing"):
        draft("nemo_gym", **gym_row("Q?"))
