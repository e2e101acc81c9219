"""Seeds: what a question grows from, each with a key of its own and the evidence that is kept."""

import json
from pathlib import Path
from typing import Any

import pytest

from crossthink.errors import UserError
from curate.synthesis.seeds import find_seeds
from curate.synthesis.settings import SynthesisConfig


def _config(**more: Any) -> SynthesisConfig:
    return SynthesisConfig.model_validate({"name": "x", "writer": {"model": "m"}} | more)


def test_topics_give_a_seed_for_each_subtopic_and_difficulty(tmp_path: Path) -> None:
    topics = [{"topic": "Law", "subtopics": ["Torts", "Contracts"]}, {"topic": "Logic"}]
    found = find_seeds(_config(topics=topics, questions={"difficulties": ["easy", "hard"]}), tmp_path)
    assert [seed.key for seed in found.seeds] == [
        *("Law/Torts@easy", "Law/Torts@hard", "Law/Contracts@easy", "Law/Contracts@hard", "Logic@easy", "Logic@hard")
    ]
    assert found.seeds[1].evidence == {"topic": "Law", "subtopic": "Torts", "difficulty": "hard"}
    assert {seed.subject for seed in found.seeds} == {"Law", "Logic"}


def test_each_persona_meets_some_skills_and_the_same_ones_every_time(tmp_path: Path) -> None:
    personas = [f"a keeper of {number} bees" for number in range(40)]
    (tmp_path / "p.jsonl").write_text("\n".join(json.dumps({"persona": each}) for each in personas) + "\n\n")
    (tmp_path / "p.txt").write_text("\n".join(personas))
    asked = {"skills": ["ratios", "counting", "area", "ratios"], "skills_each": 2}
    lines, texts = (find_seeds(_config(personas={"files": [file], **asked}), tmp_path) for file in ("p.jsonl", "p.txt"))
    assert [seed.values for seed in lines.seeds] == [seed.values for seed in texts.seeds]
    assert len(lines.seeds) == len({seed.key for seed in lines.seeds}) == 80
    assert lines.seeds[3].evidence["persona_file"] == "p.jsonl:2"
    met = [seed.values["skill"] for seed in lines.seeds]
    assert all(met.count(skill) > 15 for skill in ("ratios", "counting", "area"))


@pytest.mark.parametrize("line", ["a bee keeper", '{"name": "x"}', '{"persona": 3}', '{"persona": " "}', "[]"])
def test_a_line_without_a_persona_is_named(tmp_path: Path, line: str) -> None:
    (tmp_path / "p.jsonl").write_text(f'{{"persona": "a cook"}}\n{line}\n')
    with pytest.raises(UserError, match=r"p\.jsonl:2  persona: expected an object"):
        find_seeds(_config(personas={"files": ["p.jsonl"], "skills": ["area"]}), tmp_path)


def test_documents_give_a_seed_for_each_chunk_and_one_that_is_no_text_is_set_aside(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("First part. " * 20 + "\n\n" + "Second part. " * 20)
    (tmp_path / "b.md").write_bytes(b"\xff\xfe\x00")
    found = find_seeds(_config(documents={"files": ["*.md"], "chunk_characters": 300}), tmp_path)
    assert [seed.key for seed in found.seeds] == ["a.md#0", "a.md#1"]
    assert [document.name for document in found.unreadable] == ["b.md"]
    assert [file.name for file in found.files] == ["a.md", "b.md"]
    assert found.seeds[0].evidence["document_sha256"] == found.files[0].sha256
