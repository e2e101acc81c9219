"""Configurations of a synthesis that cannot be used: one message with the place and what would be right, exit code 2."""

from pathlib import Path

import pytest

from tests.support import CommandLine

WRITER = 'writer: {model: m, base_url: "http://localhost:1/v1"}\n'
CASES = {
    "two_beginnings": (
        "documents: {files: [p.md]}\ntopics: [{topic: Law}]\n" + WRITER,
        ["c.yaml:1", "exactly one of documents, topics, personas and rewrite, found documents and topics"],
    ),
    "no_writer": ("topics: [{topic: Law}]\n", ["writer: topics need a model that writes the questions"]),
    "a_topic_twice": ("topics: [{topic: Law}, {topic: Law}]\n" + WRITER, ["topics: 'Law' stands twice"]),
    "more_votes_than_solutions": (
        "topics: [{topic: Law}]\nvotes: {solutions: 1, fewest: 2}\n" + WRITER,
        ["c.yaml:3  votes", "fewest: expected at most the 1 solutions, found 2"],
    ),
    "too_few_skills": (
        "personas: {files: [p.md], skills: [area], skills_each: 2}\n" + WRITER,
        ["c.yaml:2  personas", "expected at most the 1 skills, found 2"],
    ),
    "personas_with_options": (
        "personas: {files: [p.md], skills: [area]}\nquestions: {form: options}\n" + WRITER,
        ["questions.form: personas make problems with a short answer"],
    ),
    "unknown_operator": (
        "rewrite: {corpus: sample, by: {operator: permut}}\n",
        ["c.yaml:2  rewrite.by", "operator 'permut' is not known. Did you mean 'permute'?"],
    ),
    "unknown_setting": (
        "rewrite: {corpus: sample, by: {operator: permute, in_doubts: drop}}\n",
        ["c.yaml:2  rewrite.by.in_doubts: unknown key. Did you mean 'in_doubt'?"],
    ),
    "a_rewriting_without_a_model": (
        "rewrite: {corpus: sample, by: {operator: rephrase}}\n",
        ["writer: rephrase needs a model"],
    ),
    "votes_on_a_rewriting": (
        "rewrite: {corpus: sample, by: {operator: rephrase}}\nvotes: {solutions: 3}\n" + WRITER,
        ["votes: rephrase has no use for it"],
    ),
    "no_such_corpus": ("rewrite: {corpus: sampel, by: {operator: permute}}\n", ["sampel: no corpus of this name"]),
    "no_such_source": (
        "rewrite: {corpus: sample, sources: [mcqs], by: {operator: permute}}\n",
        ["rewrite.sources: 'mcqs' is no source of corpus sample. Did you mean 'mcq'?", "mcq, open, sums"],
    ),
    "no_such_file": ("documents: {files: [missing/*.md]}\n" + WRITER, ["missing/*.md: no file matches"]),
}
CURATIONS = {
    "unknown_source": (
        "{name: s, synthetic: pagse}",
        ["pagse: no synthetic source of this name. There are: none", "crossthink synthesize"],
    ),
    "another_adapter": ("{name: s, synthetic: p, adapter: gsm8k}", ["leave out 'gsm8k'"]),
    "files": ("{name: s, adapter: synthetic, files: [x]}", ["a source that `synthetic` names, found files"]),
}


@pytest.mark.parametrize("case", CASES)
def test_a_synthesis_says_what_is_wrong(
    case: str, tmp_path: Path, crossthink: CommandLine, sample_workspace: Path
) -> None:
    text, expected = CASES[case]
    (tmp_path / "c.yaml").write_text("name: never\n" + text)
    code, shown, said = crossthink("synthesize", tmp_path / "c.yaml", "-w", sample_workspace)
    assert (code, shown) == (2, "")
    assert [each for each in expected if each not in said] == [], said
    assert "Traceback" not in said
    assert not (sample_workspace / "synthetic").exists()


@pytest.mark.parametrize("case", CURATIONS)
def test_a_curation_says_what_is_wrong_with_its_synthetic_source(
    case: str, tmp_path: Path, crossthink: CommandLine
) -> None:
    source, expected = CURATIONS[case]
    (tmp_path / "c.yaml").write_text(f"name: c\nsources: [{source}]\n")
    code, _, said = crossthink("curate", tmp_path / "c.yaml", "-w", tmp_path / "w")
    assert code == 2
    assert [each for each in expected if each not in said] == [], said


@pytest.mark.parametrize("name", ["from-documents", "persona-math", "balanced-options"])
def test_a_shipped_synthesis_can_be_copied_and_is_valid(name: str, tmp_path: Path, crossthink: CommandLine) -> None:
    assert crossthink("cp", name, tmp_path / "own.yaml")[0] == 0
    code, shown, said = crossthink("validate", tmp_path / "own.yaml")
    assert code == 0, said
    assert "a valid synthesis" in shown
