"""Exports: the manifest's rows in its order, whole or not at all, never over something else."""

import json
import shutil
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from blends.export import Target, export
from blends.export.blocks import blocks
from blends.export.card import card, size_category
from blends.export.nemo_gym import shown_options
from blends.prompts import SHOWN, render
from blends.recipe import Difficulty, Prompt, Recipe
from crossthink.errors import UserError
from curate.filters import LETTERS
from curate.verify import verify
from manifests.manifest import ORDER_SCHEMA, TokenizerRecord
from manifests.store import Stored, load
from tests.blends.exporting import HOLDOUT_ROWS, blend_with_holdout
from tests.support import CommandLine

OF_FILES = [Target.VERL, Target.TRL, Target.TRL_SFT, Target.NEMO_GYM, Target.JSONL]


@pytest.fixture(scope="module")
def blend(sample_workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Stored:
    return blend_with_holdout(sample_workspace, tmp_path_factory.mktemp("store"))


def _rows(path: Path) -> list[dict[str, object]]:
    if path.suffix == ".parquet":
        return list(pq.read_table(path).to_pylist())
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.parametrize("target", Target)
def test_every_export_has_every_row_and_the_same_bytes_again(blend: Stored, tmp_path: Path, target: Target) -> None:
    done = export(blend, target, tmp_path / "first")
    assert sorted(done.rows.values()) == [HOLDOUT_ROWS, blend.manifest.rows]
    for name, rows in done.rows.items():
        assert len(_rows(tmp_path / "first" / name)) == rows
    export(blend, target, tmp_path / "second")
    files = {path.name: path.read_bytes() for path in (tmp_path / "first").iterdir()}
    assert files == {path.name: path.read_bytes() for path in (tmp_path / "second").iterdir()}
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("target", Target)
def test_what_stands_is_the_same_or_stays_as_it_was(blend: Stored, tmp_path: Path, target: Target) -> None:
    (tmp_path / "out").mkdir()
    assert export(blend, target, tmp_path / "out").is_new
    assert not export(blend, target, tmp_path / "out").is_new
    changed = next(path for path in (tmp_path / "out").iterdir() if path.name.startswith("train"))
    changed.write_bytes(b"mine")
    with pytest.raises(UserError, match=rf"--output .*out: another folder stands there \({changed.name} differs\)"):
        export(blend, target, tmp_path / "out")
    assert changed.read_bytes() == b"mine"
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(UserError, match="stands already and is no folder"):
        export(blend, target, tmp_path / "mine")


@pytest.mark.parametrize("target", OF_FILES)
def test_one_file_holds_the_blend_and_says_what_it_leaves_out(blend: Stored, tmp_path: Path, target: Target) -> None:
    name = "rows.parquet" if target in (Target.VERL, Target.TRL, Target.TRL_SFT) else "rows.jsonl"
    done = export(blend, target, tmp_path / name)
    assert (done.rows, done.left_out) == ({name: blend.manifest.rows}, HOLDOUT_ROWS)
    export(blend, target, tmp_path / "folder")
    assert (tmp_path / name).read_bytes() == (tmp_path / "folder" / f"train{Path(name).suffix}").read_bytes()
    (tmp_path / name).write_text("mine")
    with pytest.raises(UserError, match="another file stands there"):
        export(blend, target, tmp_path / name)
    assert (tmp_path / name).read_text() == "mine"


def test_a_name_that_does_not_fit_is_refused(blend: Stored, tmp_path: Path) -> None:
    for target, name in [(Target.JSONL, "a.parquet"), (Target.DATASETS, "a.parquet"), (Target.VERL, "a.jsonl")]:
        with pytest.raises(UserError, match=f"--to {target} writes a folder"):
            export(blend, target, tmp_path / name)
    with pytest.raises(UserError, match="--with-solutions: --to verl has no responses"):
        export(blend, Target.VERL, tmp_path / "a", with_solutions=True)
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_blend_is_not_exported(blend: Stored, tmp_path: Path) -> None:
    root = tmp_path / "store"
    shutil.copytree(blend.rows_path.parents[2], root)
    damaged = root / blend.rows_path.relative_to(blend.rows_path.parents[2])
    content = bytearray(damaged.read_bytes())
    content[len(content) // 2] ^= 1
    damaged.write_bytes(content)
    with pytest.raises(UserError, match=r"rows\.parquet.*sha256: found"):
        export(load(root, "exported"), Target.JSONL, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_write_that_fails_leaves_nothing(blend: Stored, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("blends.export.hugging_face.card", fail)
    with pytest.raises(OSError, match="disk full"):
        export(blend, Target.DATASETS, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_lines_hold_every_column_of_every_row(blend: Stored, tmp_path: Path) -> None:
    export(blend, Target.JSONL, tmp_path / "rows.jsonl")
    lines = _rows(tmp_path / "rows.jsonl")
    assert lines == blend.rows().to_pylist()
    assert list(lines[0]) == ORDER_SCHEMA.names


@pytest.mark.parametrize("with_solutions", [False, True])
def test_every_response_that_is_learned_from_scores_1(blend: Stored, tmp_path: Path, with_solutions: bool) -> None:
    export(blend, Target.TRL_SFT, tmp_path / "rows.parquet", with_solutions=with_solutions)
    shown = 0
    for learned, row in zip(_rows(tmp_path / "rows.parquet"), blend.rows().to_pylist(), strict=True):
        assert learned["prompt"] == row["prompt"]
        [answer] = learned["completion"]
        assert verify(answer["content"], row["ground_truth"], row["answer_kind"]).score == 1
        shown += bool(row["solution"]) and row["solution"] in answer["content"]
    assert (shown > 0) is with_solutions


def test_tasks_have_what_the_environments_verifiers_need(blend: Stored, tmp_path: Path) -> None:
    export(blend, Target.NEMO_GYM, tmp_path / "tasks.jsonl")
    tasks = _rows(tmp_path / "tasks.jsonl")
    assert len({task["uuid"] for task in tasks}) == len(tasks)
    for task, row in zip(tasks, blend.rows().to_pylist(), strict=True):
        assert task["responses_create_params"] == {"input": row["prompt"]}
        assert task["expected_answer"] == row["ground_truth"]
        if row["template"] == "mcq":
            assert task["metadata"]["environment"] == "mcqa"
            assert row["ground_truth"] in [letter for option in task["options"] for letter in option]
            for option in task["options"]:
                [(letter, text)] = option.items()
                assert f"\n{letter}. {text}\n" in row["prompt"][-1]["content"]
        else:
            assert task["metadata"]["environment"] == "math_with_judge"
            assert "options" not in task


def test_this_project_reads_its_own_tasks_back(blend: Stored, tmp_path: Path) -> None:
    """`curate` has an adapter for published NeMo Gym rows; what we write is such rows."""
    from curate.sources.nemo_gym import draft

    export(blend, Target.NEMO_GYM, tmp_path / "tasks.jsonl")
    for task, row in zip(_rows(tmp_path / "tasks.jsonl"), blend.rows().to_pylist(), strict=True):
        read = draft(task)
        if row["template"] == "mcq":
            assert "ABCDEFGHIJ"[read.answer_index] == row["ground_truth"]
        else:
            assert read.answer == row["ground_truth"]


words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30).filter(lambda text: "\n" not in text)


@given(words, st.lists(words, min_size=2, max_size=26), st.sampled_from(["", "\n\nAnswer.", "\n\nAnswer: {question}"]))
def test_shown_options_are_those_that_were_rendered(question: str, options: list[str], after: str) -> None:
    prompt = Prompt(mcq="{question}\n\n{options}" + after)
    row = {"template": "mcq", "question": question, "context": None, "options": options}
    schema = {**dict.fromkeys(SHOWN, pl.String), "options": pl.List(pl.String)}
    [[message]] = render(prompt, pl.DataFrame([row], schema=schema)).to_list()
    found = shown_options(message["content"], prompt.mcq)
    assert found == [{letter: text} for letter, text in zip(LETTERS, options, strict=False)]


def test_a_question_keeps_lettered_lines_of_its_own() -> None:
    asked = "Of these\nA. iron\nB. tin\nwhich rusts?\n\nA. only A\nB. only B\nC. both"
    assert shown_options(asked, "{question}\n\n{options}") == [{"A": "only A"}, {"B": "only B"}, {"C": "both"}]
    assert shown_options("Which rusts?", "{question}\n\n{options}") == []


def test_a_card_says_what_to_put_where_the_manifest_has_a_digest(blend: Stored) -> None:
    digests = [letter * 64 for letter in "abcd"]
    manifest = blend.manifest.model_copy(
        update={
            "tokenizer": TokenizerRecord(name="tiny", digest=digests[0], max_prompt_tokens=9),
            "recipe": {
                **blend.manifest.recipe,
                "tokenizer": {"max_prompt_tokens": 9, "digest": digests[0]},
                "difficulty": {"sha256": digests[1], "model": "small"},
            },
        }
    )
    text = card(manifest, ["train.parquet", "test.parquet"])
    recipe = yaml.safe_load(text.partition("````yaml\n")[2].partition("````")[0])
    assert Recipe.model_validate(recipe).difficulty == Difficulty(file="PASS_RATES", model="small")
    assert (recipe["tokenizer"], digests[0] in text) == ({"max_prompt_tokens": 9, "path": "TOKENIZER"}, True)
    assert f"for `PASS_RATES`, the path of the file of pass rates whose SHA-256 is {digests[1]}" in text
    of_runs = manifest.model_copy(update={"recipe": {**manifest.recipe, "difficulty": {"runs": digests[2:]}}})
    text = card(of_runs, ["train.parquet", "test.parquet"])
    assert "- RUN_1\n  - RUN_2\n" in text
    assert (
        f"`RUN_2`, the name of the run in the workspace whose `item_pass_rates.parquet` has SHA-256 {digests[3]}"
        in text
    )
    assert "Write into it" not in card(blend.manifest, ["train.parquet", "test.parquet"])


def test_a_size_is_in_the_hubs_words() -> None:
    assert [size_category(rows) for rows in (1, 999, 1000, 588_645, 10**8)] == [
        "n<1K",
        "n<1K",
        "1K<n<10K",
        "100K<n<1M",
        "10M<n<100M",
    ]


def test_the_command_exports_and_says_what_it_wrote(
    crossthink: CommandLine, sample_workspace: Path, tmp_path: Path
) -> None:
    code, shown, said = crossthink("export", "gpr_up", "--to", "verl", "-o", tmp_path / "v", "-w", sample_workspace)
    assert (code, said) == (0, "")
    rows = pq.read_metadata(tmp_path / "v/train.parquet").num_rows
    assert shown == f"{tmp_path / 'v/train.parquet'}: {rows:,} rows\n"
    _, shown, _ = crossthink("export", "gpr_up", "--to", "verl", "-o", tmp_path / "v", "-w", sample_workspace)
    assert shown.endswith("The same export stood already; nothing was written.\n")
    code, _, said = crossthink("export", "gpr_up", "--to", "verll", "-o", tmp_path / "v", "-w", sample_workspace)
    assert (code, "Did you mean 'verl'?" in said) == (2, True)


def test_rows_come_in_blocks_that_hold_all_of_them_once(blend: Stored) -> None:
    rows = blend.manifest.rows
    sizes = [block.num_rows for block in blocks(blend.rows_path, block_rows=7)]
    assert max(sizes) <= 7
    assert sum(sizes) == rows
    assert [block["position"].to_pylist() for block in blocks(blend.rows_path, ["position"], rows=9, block_rows=7)] == [
        list(range(7)),
        [7, 8],
    ]


def test_the_folder_that_one_stands_in_can_be_filled(
    blend: Stored, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert export(blend, Target.VERL, Path()).is_new
    assert sorted(path.name for path in Path().iterdir()) == ["test.parquet", "train.parquet"]
    assert not export(blend, Target.VERL, Path()).is_new
    (tmp_path / "mine").touch()
    with pytest.raises(UserError, match=r"another folder stands there \(it also has mine\)"):
        export(blend, Target.VERL, Path())
