"""Adapters on the files as published: the rows that SOURCE.md states, each drafted with its gold or kept aside."""

from collections import Counter
from functools import cache
from pathlib import Path
from typing import NamedTuple

import polars as pl
import pytest

from curate.forms import infer_kinds
from curate.items import Domain
from curate.readers import Rejected, RejectReason, read_files
from curate.sources import BadRecord, Draft, adapter
from curate.sources.images import image_folders, read_images
from curate.verify import infer_kind


class Published(NamedTuple):
    adapter: str
    files: str
    rows: int
    choices: int
    """Of which have options."""
    blank: int = 0
    """Of which have no gold."""


SETS = [
    Published("aqua", "benchmarks/aqua/*.json", 508, 508),
    Published("arc", "corpora/arc/ARC-*.jsonl", 4239, 4239),
    Published("agieval", "benchmarks/agieval/*.jsonl", 3546, 2546),
    Published("bbh", "benchmarks/bbh/*.json", 6511, 4760),
    Published("college_math", "benchmarks/college_math/test.jsonl", 2818, 0),
    Published("gaokao2023en", "benchmarks/gaokao2023en/test.jsonl", 385, 38, 2),
    Published("gpteacher", "corpora/gpteacher/*.json.gz", 6458, 0),
    Published("gsm8k", "corpora/gsm8k/train.jsonl.gz", 7473, 0),
    Published("gsm8k", "benchmarks/gsm8k_test/test.jsonl", 1319, 0),
    Published("hendrycks_math", "corpora/gsm8k_arrow/*.arrow", 8792, 0),
    Published("hendrycks_math", "corpora/math_train/math.json.gz", 7474, 0, 4),
    Published("hendrycks_math", "corpora/aime_1983_2023/aime.json", 975, 0),
    Published("hendrycks_math", "benchmarks/math500/test.jsonl", 500, 0),
    Published("hendrycks_math", "benchmarks/amc23/test.jsonl", 40, 0),
    Published("hendrycks_math", "benchmarks/aime24/test.jsonl", 30, 0),
    Published("hendrycks_math", "benchmarks/minerva_math/test.jsonl", 272, 0),
    Published("llm_adapters", "corpora/llm_adapters/arc_*_train.json", 3370, 3370),
    Published("llm_adapters", "corpora/llm_adapters/openbookqa_train.json.gz", 4957, 4957),
    Published("llm_adapters_boolq", "corpora/llm_adapters/boolq_train.json.gz", 9427, 0),
    Published("llm_adapters_math", "corpora/llm_adapters/math_data.json.gz", 3260, 203),
    Published("mathvision", "benchmarks/mathvision_sample/*.jsonl", 40, 12),
    Published("mawps", "corpora/mawps/*.csv", 1921, 0),
    Published("mmlu", "corpora/mmlu_aux_science/*.csv", 1218, 1218),
    Published("mmlu", "benchmarks/mmlu/mmlu.zip", 15858, 15858),
    Published("mmlu_pro", "benchmarks/mmlu_pro/test.jsonl.gz", 12032, 12032),
    Published("nq_open", "corpora/nq_open_dev/*.jsonl", 3610, 0),
    Published("olympiadbench", "benchmarks/olympiadbench/test.jsonl", 675, 0),
    Published("r1_searcher", "corpora/r1_searcher/*.jsonl", 8498, 0),
    Published("r1_searcher", "benchmarks/multihop/*.jsonl", 1625, 0),
    Published("reasoning_gym", "corpora/reasoning_gym/train.jsonl.gz", 42942, 0, 1437),
    Published("strategyqa", "corpora/strategyqa/train.json.gz", 2061, 0),
    Published("svamp", "benchmarks/svamp/SVAMP.json", 1000, 0),
    Published("tal_scq5k", "corpora/tal_scq5k_en/*.jsonl.gz", 3000, 3000),
    Published("theoremqa", "benchmarks/theoremqa/theoremqa_test.json", 800, 0),
    Published("truthfulqa", "benchmarks/truthfulqa/TruthfulQA.csv", 790, 0),
    Published("truthfulqa_mc", "benchmarks/truthfulqa/mc_task.json", 790, 790),
    Published("verl_parquet", "corpora/dsr_sub/dsr_sub.parquet", 1209, 0, 1),
    Published("verl_parquet", "benchmarks/math500_parquet/math500.parquet", 500, 0),
    Published("webquestions", "corpora/webquestions/*.json", 5810, 0),
    Published("wikitablequestions", "corpora/wikitablequestions/*.tsv", 18496, 0),
]
TRIVIA = Published("opentriviaqa", "corpora/opentriviaqa/*.txt", 49702, 49702)
SPLIT_BY_COMMAS = {"movie_recommendation.json": 1, "ruin_names.json": 2}
"""Rows of BIG-Bench Hard whose options were published cut at the commas of a title, so that none is the gold."""


@cache
def load(folder: Path, name: str, pattern: str) -> tuple[dict[str, Draft], list[Rejected]]:
    """Return the drafts by place and the rejected rows, having checked that no place stands for two of them."""
    chosen = adapter(name)
    drafts: dict[str, Draft] = {}
    rejected: list[Rejected] = []
    count = 0
    for row in read_files([folder / pattern], chosen.layout, chosen.split):
        count += 1
        if isinstance(row, Rejected):
            rejected.append(row)
            continue
        try:
            drafts[row.place] = chosen.draft(row.record)
        except BadRecord as error:
            rejected.append(Rejected(row.place, RejectReason.BAD_RECORD, str(error), ""))
    assert len(drafts) + len(rejected) == count
    return drafts, rejected


@pytest.mark.parametrize("published", SETS, ids=lambda each: each.files.split("/", 1)[1])
def test_every_published_row_is_drafted(shared_data: Path, published: Published) -> None:
    drafts, rejected = load(shared_data, published.adapter, published.files)
    assert (len(drafts), rejected) == (published.rows, [])
    assert all(draft.question.strip() for draft in drafts.values())
    assert sum(not (draft.answer or "").strip() for draft in drafts.values()) == published.blank
    choices = {place: draft for place, draft in drafts.items() if draft.options is not None}
    assert len(choices) == published.choices
    placed = [(draft, draft.options or [], draft.answer_index) for draft in choices.values()]
    assert all(options[place] == draft.answer for draft, options, place in placed if place is not None)
    unplaced = Counter(place.split(":")[0] for place, draft in choices.items() if draft.answer_index is None)
    broken = {"bbh": SPLIT_BY_COMMAS, "gaokao2023en": {"test.jsonl": 1}}  # the latter: options without an answer
    assert dict(unplaced) == broken.get(published.adapter, {})


@pytest.mark.parametrize("published", [*SETS, TRIVIA], ids=lambda each: each.files.split("/", 1)[1])
def test_the_kinds_of_published_answers_are_inferred_by_columns_as_one_by_one(
    shared_data: Path, published: Published
) -> None:
    drafts, _ = load(shared_data, published.adapter, published.files)
    answers = pl.Series(list(dict.fromkeys(draft.answer or "" for draft in drafts.values())))
    assert infer_kinds(answers).to_list() == [str(infer_kind(answer)) for answer in answers]


def test_opentriviaqa_is_drafted_but_for_its_damaged_characters(shared_data: Path) -> None:
    drafts, rejected = load(shared_data, TRIVIA.adapter, TRIVIA.files)
    assert (len(drafts), len(rejected)) == (TRIVIA.rows, 14)
    assert {row.reason for row in rejected} == {RejectReason.BAD_BYTES}
    assert all(draft.answer_index is not None for draft in drafts.values())
    by_encoding = Counter((draft.extra or {}).get("encoding", "utf-8") for draft in drafts.values())
    assert by_encoding["windows-1252"] == 23
    assert "Penélope Cruz" in (drafts["celebrities.txt:11277"].options or [])
    assert "“Treble”" in drafts["sports.txt:16580"].question
    damaged = next(row for row in rejected if row.place == "history.txt:1698")
    assert r"Badger State\xe2\x80?" in damaged.raw


def test_what_the_published_rows_say_is_kept(shared_data: Path) -> None:
    mmlu, _ = load(shared_data, "mmlu", "benchmarks/mmlu/mmlu.zip")
    assert Counter((draft.extra or {})["split"] for draft in mmlu.values()) == {"test": 14042, "val": 1531, "dev": 285}
    assert len({draft.subject for draft in mmlu.values()}) == 57
    aime, _ = load(shared_data, "hendrycks_math", "corpora/aime_1983_2023/aime.json")
    assert aime["aime.json:2"].answer == "60"
    assert aime["aime.json:2"].solutions[0]["text"].startswith("Converting all")  # type: ignore[union-attr]
    dsr, _ = load(shared_data, "verl_parquet", "corpora/dsr_sub/dsr_sub.parquet")
    assert {draft.domain for draft in dsr.values()} == {Domain.MATH}
    assert not any("step by step" in draft.question for draft in dsr.values())
    pro, _ = load(shared_data, "mmlu_pro", "benchmarks/mmlu_pro/test.jsonl.gz")
    assert len({draft.key for draft in pro.values()}) == 12032
    assert sum("\x85" in draft.question for draft in pro.values()) == 1  # a line end to str.splitlines


def test_numbers_that_were_taken_out_are_put_back(shared_data: Path) -> None:
    mawps, _ = load(shared_data, "mawps", "corpora/mawps/*.csv")
    assert not any("number0" in draft.question for draft in mawps.values())
    first = mawps["fold0_train.csv:2"]
    assert "wants 8 cups of flour . She already put in 2 cups" in first.question
    assert (first.answer, (first.extra or {})["Equation"]) == ("6", "- number0 number1")


def test_options_and_instructions_are_taken_out_of_the_question(shared_data: Path) -> None:
    adapted, _ = load(shared_data, "llm_adapters", "corpora/llm_adapters/arc_*_train.json")
    assert not any("Answer" in draft.question and "Answer1" in draft.question for draft in adapted.values())
    assert not any(
        "Answer format" in text for draft in adapted.values() for text in [draft.question, *(draft.options or [])]
    )
    assert Counter(len(draft.options or []) for draft in adapted.values()) == {4: 3358, 3: 7, 5: 5}
    boolq, _ = load(shared_data, "llm_adapters_boolq", "corpora/llm_adapters/boolq_train.json.gz")
    assert all(draft.extra == {"missing": "passage"} and draft.answer_kind == "boolean" for draft in boolq.values())
    assert not any("Please answer" in draft.question for draft in boolq.values())
    bbh, _ = load(shared_data, "bbh", "benchmarks/bbh/*.json")
    assert sum("Options:" in draft.question for draft in bbh.values()) == 1  # a row published with one option
    assert bbh["causal_judgement.json:examples[1]"].options == ["Yes", "No"]


def test_several_answers_are_one_of_many_or_all_together(shared_data: Path) -> None:
    open_, _ = load(shared_data, "nq_open", "corpora/nq_open_dev/*.jsonl")
    moon = open_["NQ-open.dev.jsonl:1"]
    assert (moon.answer, (moon.extra or {})["accepted_answers"]) == (
        "14 December 1972 UTC",
        ["14 December 1972 UTC", "December 1972"],
    )
    tables, _ = load(shared_data, "wikitablequestions", "corpora/wikitablequestions/*.tsv")
    assert Counter(draft.answer_kind for draft in tables.values())["set"] == 560
    assert tables["training.tsv:11"].answer == "Siim Ennemuist, Andri Aganits"
    assert all((draft.extra or {})["missing"] == "table" for draft in tables.values())
    theorems, _ = load(shared_data, "theoremqa", "benchmarks/theoremqa/theoremqa_test.json")
    assert Counter(draft.answer_kind for draft in theorems.values()) == {
        "number": 594,
        "boolean": 115,
        "list": 72,
        None: 19,
    }
    truthful, _ = load(shared_data, "truthfulqa", "benchmarks/truthfulqa/TruthfulQA.csv")
    assert all(
        draft.answer in (draft.extra or {}).get("accepted_answers", [draft.answer]) for draft in truthful.values()
    )


def test_nested_and_lettered_options_lose_their_labels(shared_data: Path) -> None:
    tal, _ = load(shared_data, "tal_scq5k", "corpora/tal_scq5k_en/*.jsonl.gz")
    assert tal["en_single_choice_train_3K.jsonl.gz:1"].options == ["$$0$$ ", "$$1$$ ", "$$2$$ ", "$$5$$ ", "$$8$$ "]
    aqua, _ = load(shared_data, "aqua", "benchmarks/aqua/*.json")
    assert aqua["test.json:1"].options == ["5(√3 + 1)", "6(√3 + √2)", "7(√3 – 1)", "8(√3 – 2)", "None of these"]
    exams, _ = load(shared_data, "agieval", "benchmarks/agieval/*.jsonl")
    assert sum(draft.context is not None and bool(draft.context) for draft in exams.values()) == 1880
    assert exams["math.jsonl:1"].answer == "(3,4]"


def test_an_image_is_pinned_by_its_bytes(shared_data: Path) -> None:
    pattern = "benchmarks/mathvision_sample/*.jsonl"
    drafts, _ = load(shared_data, "mathvision", pattern)
    folders = image_folders([shared_data / pattern])
    pinned = [read_images(draft, place, folders) for place, draft in drafts.items()]
    assert len({image["sha256"] for draft in pinned for image in draft.images}) == 40
    assert pinned[0].images[0]["path"] == "images/4.jpg"


@pytest.mark.parametrize("path", ["../secret.png", "/etc/passwd", "a\\..\\b.png"])
def test_an_image_outside_its_folder_is_a_bad_record(tmp_path: Path, path: str) -> None:
    rows = tmp_path / "rows.jsonl"
    rows.write_text("{}")
    (tmp_path.parent / "secret.png").write_bytes(b"no")
    draft = Draft(question="Q?", images=[{"path": path, "sha256": None}])
    with pytest.raises(BadRecord, match="points out of the folder"):
        read_images(draft, "rows.jsonl:1", image_folders([rows]))


@pytest.mark.parametrize("place", ["rows.jsonl:1", "rows.zip/rows.jsonl:1"])
def test_an_image_that_is_not_there_costs_no_row_and_is_said_to_be_missing(tmp_path: Path, place: str) -> None:
    (tmp_path / "rows.jsonl").write_text("{}")
    draft = Draft(question="Q?", images=[{"path": "missing.png", "sha256": None}], extra={"id": 7})
    read = read_images(draft, place, image_folders([tmp_path / "rows.jsonl"]))
    assert (read.images, read.extra) == (draft.images, {"id": 7, "missing": "image"})


def test_the_shipped_benchmarks_are_all_there_and_all_benchmarks(shared_data: Path) -> None:
    from curate.config import SHIPPED, load_benchmarks

    benchmarks = load_benchmarks(SHIPPED / "open-benchmarks.yaml", shared_data)
    named = {str(file) for source in benchmarks.sources for file in source.files or ()}
    published = {each.files for each in SETS if each.files.startswith("benchmarks/")}
    assert published - named == {"benchmarks/math500_parquet/math500.parquet"}  # MATH-500 again
    assert named <= published
