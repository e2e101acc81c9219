"""What real training sets leak of real benchmarks: counts that were looked at row by row."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from curate.config import SHIPPED, SourceSettings, load_benchmarks, load_curation
from curate.contamination import GREY_ZONE, LEAKS, BenchmarkIndex, ContaminationSettings, find_contamination
from curate.ingest import INGESTED_FILE, ingest_source
from curate.inputs import open_inputs
from curate.stage import Outcome
from curate.table import ItemTable

SUFFIX = "Let's think step by step and output the final answer within \\boxed{}."

Opened = Callable[..., ItemTable]


@pytest.fixture(scope="module")
def source(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Opened:
    """Return a function that gives the items of shipped sources by name; each is read once."""
    folder = tmp_path_factory.mktemp("sources")
    shipped = [
        *load_curation(SHIPPED / "open-corpora.yaml", shared_data)[0].sources,
        *load_benchmarks(SHIPPED / "open-benchmarks.yaml", shared_data).sources,
    ]
    settings = {each.name: each for each in shipped}
    math_data = ["corpora/llm_adapters/math_data.json.gz"]
    settings["math_data"] = SourceSettings(name="math_data", adapter="llm_adapters_math", files=math_data)

    @cache
    def read(name: str) -> Path:
        [opened] = open_inputs([settings[name]], shared_data, folder)
        (folder / name).mkdir()
        ingest_source(opened, folder / name, lambda _: None)
        return folder / name / INGESTED_FILE

    return lambda *names: ItemTable(tuple(read(name) for name in names))


def leaks_of(items: ItemTable, benchmarks: ItemTable) -> tuple[pl.DataFrame, Outcome]:
    found = find_contamination(items, BenchmarkIndex.of(benchmarks), ContaminationSettings())
    return pl.DataFrame(found.tables[LEAKS]), found


def leaked(found: Outcome) -> dict[str, int]:
    return {name: facts["leaked"] for name, facts in found.facts["benchmarks"].items()}


def test_math_data_leaks_1055_questions_of_gsm8k_test_and_800_of_svamp(source: Opened) -> None:
    items = source("math_data")
    _, found = leaks_of(items, source("gsm8k_test", "svamp"))
    assert leaked(found) == {"gsm8k_test": 1055, "svamp": 800}
    assert pl.concat(found.drops).height == 1855


def test_gsm8k_published_as_one_split_leaks_the_whole_test_set(source: Opened) -> None:
    leaks, found = leaks_of(source("gsm8k_arrow"), source("gsm8k_test"))
    assert leaked(found) == {"gsm8k_test": 1319}
    assert leaks.height == 1319 and set(leaks["gold"]) == {"same"}


def test_no_training_question_of_gsm8k_is_taken_for_the_test_question_that_it_resembles(source: Opened) -> None:
    _, found = leaks_of(source("gsm8k"), source("gsm8k_test"))
    assert leaked(found) == {"gsm8k_test": 0}
    assert found.facts["candidates"] > 0  # some do share most of their phrases


def test_aime_leaks_what_math500_took_from_it_and_nothing_of_2024(source: Opened) -> None:
    leaks, found = leaks_of(source("aime_1983_2023"), source("math500", "aime24"))
    assert leaked(found) == {"math500": 8, "aime24": 0}
    assert set(leaks["gold"]) == {"same"}


def test_prompts_with_a_suffix_are_found_against_the_set_they_were_taken_from(source: Opened) -> None:
    items = source("dsr_sub")
    leaks, _ = leaks_of(items, source("math_train", "aime_1983_2023"))
    prompts = pl.concat(items.batches(["question"]))
    originals = pl.concat(source("math_train", "aime_1983_2023").batches(["question"]))["question"]
    known = set(_bare(originals))
    is_copy = pl.Series([text in known for text in _bare(prompts["question"].str.replace(SUFFIX, "", literal=True))])
    copies = set(prompts.filter(is_copy)["place"])
    assert len(copies) >= 244 and copies <= set(leaks["place"])
    assert len(set(leaks["place"]) - copies) <= 1  # sin, cos, cot for sin, cos, tan, with the same gold


def test_a_gold_apart_puts_near_questions_into_the_grey_zone_and_not_among_the_leaks(source: Opened) -> None:
    leaks, found = leaks_of(source("aime_1983_2023"), source("math500"))
    grey = pl.DataFrame(found.tables[GREY_ZONE])
    assert grey["place"].is_in(leaks["place"].implode()).sum() == 0
    asked = grey.filter(pl.col("question").str.contains("z_{2002}=a+bi", literal=True))  # a + b there, z_2002 here
    assert asked["gold"].to_list() == ["other"]


def _bare(texts: pl.Series) -> list[Any]:
    return texts.str.to_lowercase().str.replace_all(r"\W+", " ").str.strip_chars().to_list()
