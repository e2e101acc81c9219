"""Adapters on the files as published: the rows that SOURCE.md states, each drafted with its gold or kept aside."""

from collections import Counter
from pathlib import Path

import pytest

from curate.items import Domain
from curate.readers import Rejected, RejectReason, read_files
from curate.sources import Draft, adapter
from curate.sources.ingest import ingest


def load(folder: Path, name: str, pattern: str) -> tuple[dict[str, Draft], list[Rejected]]:
    """Return the drafts by place and the rejected rows, having checked that no place stands for two of them."""
    chosen = adapter(name)
    drafts: dict[str, Draft] = {}
    rejected: list[Rejected] = []
    count = 0
    for each in ingest(chosen, read_files([folder / pattern], chosen.layout, chosen.split)):
        count += 1
        if isinstance(each, Rejected):
            rejected.append(each)
        else:
            drafts[each[0]] = each[1]
    assert len(drafts) + len(rejected) == count
    return drafts, rejected


@pytest.mark.parametrize(
    ("name", "pattern", "rows", "without_answer"),
    [
        ("gsm8k", "corpora/gsm8k/train.jsonl.gz", 7473, 0),
        ("gsm8k", "benchmarks/gsm8k_test/test.jsonl", 1319, 0),
        ("hendrycks_math", "corpora/gsm8k_arrow/*.arrow", 8792, 0),
        ("hendrycks_math", "corpora/math_train/math.json.gz", 7474, 4),
        ("hendrycks_math", "corpora/aime_1983_2023/aime.json", 975, 0),
        ("hendrycks_math", "benchmarks/math500/test.jsonl", 500, 0),
        ("verl_parquet", "corpora/dsr_sub/dsr_sub.parquet", 1209, 1),
        ("verl_parquet", "benchmarks/math500_parquet/math500.parquet", 500, 0),
        ("arc", "corpora/arc/ARC-*.jsonl", 4239, 0),
        ("mmlu", "corpora/mmlu_aux_science/*.csv", 1218, 0),
        ("mmlu", "benchmarks/mmlu/mmlu.zip", 15858, 0),
        ("mmlu_pro", "benchmarks/mmlu_pro/test.jsonl.gz", 12032, 0),
        ("reasoning_gym", "corpora/reasoning_gym/train.jsonl.gz", 42942, 1437),
    ],
)
def test_every_published_row_is_drafted(
    shared_data: Path, name: str, pattern: str, rows: int, without_answer: int
) -> None:
    drafts, rejected = load(shared_data, name, pattern)
    assert (len(drafts), rejected) == (rows, [])
    assert sum(not (draft.answer or "").strip() for draft in drafts.values()) == without_answer
    assert all(draft.question.strip() for draft in drafts.values())
    choices = [draft for draft in drafts.values() if draft.options is not None]
    assert all(draft.options[draft.answer_index] == draft.answer for draft in choices if draft.options)  # type: ignore[index]


def test_opentriviaqa_is_drafted_but_for_its_damaged_characters(shared_data: Path) -> None:
    drafts, rejected = load(shared_data, "opentriviaqa", "corpora/opentriviaqa/*.txt")
    assert len(drafts) + len(rejected) == 49716
    assert len(rejected) == 14
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
