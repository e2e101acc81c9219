"""The commands over blends, as a person uses them: ls, log, check, diff, cp, validate."""

import csv
import json
import re
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from blends.build import build
from blends.library import read
from crossthink.progress import Progress
from crossthink.workspace import Workspace
from curate.config import load_curation
from curate.pipeline import curate
from manifests.store import load
from tests.manifests.support import curated, write_sums
from tests.support import ROOT, CommandLine, write_sample_config


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """Two blends of sums, one with two versions."""
    place = Workspace(tmp_path / "w").manifests
    write_sums(place, [1, 2, 3, 4], held=[9])
    write_sums(place, [1, 2, 5, 6], held=[9], recipe={"seed": 3})
    write_sums(place, [1, 2], name="small")
    return tmp_path / "w"


def test_ls_lists_every_version_with_its_digests(crossthink: CommandLine, workspace: Path, tmp_path: Path) -> None:
    shown = crossthink("ls", "-w", workspace)[1]
    lines = [line.split() for line in shown.splitlines() if "@" in line]
    manifests = [load(workspace / "manifests", line[0]).manifest for line in lines]
    assert [line[0] for line in lines] == ["small@1", "sums@1", "sums@2"]
    assert [line[1:] for line in lines] == [
        [str(each.rows), str(each.batches), "sums", *(value[:12] for value in each.digests.model_dump().values())]
        for each in manifests
    ]
    (tmp_path / "empty").mkdir()
    assert "no blends here" in crossthink("ls", "-w", tmp_path / "empty")[1]
    assert "no workspace here" in crossthink("ls", "-w", tmp_path / "nothing")[2]


def test_a_damaged_manifest_is_said_and_the_others_are_listed(
    crossthink: CommandLine, workspace: Path, sample_workspace: Path
) -> None:
    shutil.copytree(workspace / "manifests/sums/1", workspace / "manifests/small@x/1")
    damaged = workspace / "manifests/sums/1/manifest.json"
    damaged.write_text(damaged.read_text().replace('"realised": 1.0', '"realised": NaN'))
    code, shown, said = crossthink("ls", "-w", workspace)
    assert (code, [line.split()[0] for line in shown.splitlines() if "@" in line]) == (0, ["small@1", "sums@2"])
    strange, nan = said.splitlines()
    assert strange.startswith("crossthink: left out: blend small@x@1: ")
    assert strange.endswith("name/version: found small@x/1, expected sums/1")
    assert nan.startswith("crossthink: left out: blend sums@1: ")
    (workspace / "corpora").symlink_to(sample_workspace / "corpora")
    code, shown, said = crossthink(
        "blend", "gpr_up", "--corpus", "sample", "--batch-size", "12", "--plan", "-w", workspace
    )
    assert (code, "sums@2" in shown, len(said.splitlines())) == (0, True, 2), said
    code, _, said = crossthink("show", "sums@", "-w", workspace)
    assert (code, "sums@: found no version after the @" in said) == (2, True)


def test_log_says_what_changed_in_each_version_newest_first(crossthink: CommandLine, workspace: Path) -> None:
    write_sums(workspace / "manifests", [1, 2, 5, 6], held=[9], recipe={"seed": 3, "description": "again"}, trimmed=1)
    digests = [load(workspace / "manifests", f"sums@{version}").manifest.digests.content[:12] for version in (1, 2, 3)]
    assert crossthink("log", "sums", "-w", workspace)[1].splitlines() == [
        f"sums@3  {digests[2]}  4 rows from sums",
        "  content: the same",
        f"sums@2  {digests[1]}  4 rows from sums",
        "  recipe: seed 0 -> 3",
        "  content: 2 out, 2 in, 0 moved; 4 -> 4 rows",
        f"sums@1  {digests[0]}  4 rows from sums",
        "  the first",
    ]
    assert crossthink("log", "sumz", "-w", workspace)[0] == 2


def test_check_says_which_of_the_two_checks_was_made(crossthink: CommandLine, workspace: Path) -> None:
    code, shown, _ = crossthink("check", "sums", "-w", workspace)
    assert (code, "sums@2: as written" in shown, "rows.parquet and holdout.parquet" in shown) == (0, True, True)
    assert "Not recomputed: what the manifest says of its rows (--deep does)" in shown
    code, shown, _ = crossthink("check", "sums@1", "--deep", "-w", workspace)
    assert (code, "sums@1: as written" in shown) == (0, True)
    assert (
        "Recomputed from the 4 rows: content digest, places, epochs, components, stages, statistics, holdout" in shown
    )


def test_diff_of_one_name_compares_its_last_two_versions(crossthink: CommandLine, workspace: Path) -> None:
    named, both = (crossthink("diff", *which, "-w", workspace)[1] for which in (["sums"], ["sums@1", "sums@2"]))
    assert named == both
    assert "sums@1 -> sums@2: 4 -> 4 rows" in named
    assert re.search(r"seed +0 +3", named)
    assert "2 out, 2 in, 0 moved; 2 the same in the same batch" in named
    assert "The same recipe, sources and content." in crossthink("diff", "sums@2", "sums", "-w", workspace)[1]


def test_a_setting_of_the_curation_that_changed_is_named_with_both_values(
    crossthink: CommandLine, tmp_path: Path
) -> None:
    place = Workspace(tmp_path / "w").manifests
    for most in (10, 8):
        words = {f"rule{number}": most for number in range(45)}
        write_sums(place, [1, 2], corpus=curated(filters=words | {"max_answer_words": most}))
    shown = crossthink("diff", "sums", "-w", tmp_path / "w")[1]
    curation, _, pinned = shown.partition("\npinned")
    assert re.search(r"\ncuration\b.*filters\.rule0 +10 +8", curation, re.DOTALL)
    assert (len(re.findall(r"filters\.\w+ +10 +8", curation)), "... and 6 more" in curation) == (40, True)
    assert re.search(r"corpus\.settings +\w{12} +\w{12}", pinned)
    shown = crossthink("log", "sums", "-w", tmp_path / "w")[1]
    assert "  curation: filters.rule0 10 -> 8, filters.rule1 10 -> 8," in shown


@pytest.mark.parametrize(
    ("which", "message"),
    [
        (["small"], "there is one version, small@1; name another blend to compare with"),
        (["sums@1"], "diff sums@1: names one version; name another, or the blend alone"),
        (["sums", "smal"], r"no blend of this name.*Did you mean 'small'"),
        (["sums", "--rows", "x.txt"], r"x\.txt: found the ending '\.txt', expected one of \.csv, \.json, \.parquet"),
    ],
)
def test_a_diff_that_cannot_be_made_says_what_is_needed(
    crossthink: CommandLine, workspace: Path, which: list[str], message: str
) -> None:
    code, _, said = crossthink("diff", *which, "-w", workspace)
    assert (code, bool(re.search(message, said))) == (2, True), said


def test_the_rows_of_a_diff_are_the_same_in_every_format(
    crossthink: CommandLine, workspace: Path, tmp_path: Path
) -> None:
    for name in ("rows.csv", "rows.json", "rows.parquet"):
        assert crossthink("diff", "sums", "--rows", tmp_path / name, "-w", workspace)[0] == 0
    rows = json.loads((tmp_path / "rows.json").read_text())
    assert rows == pq.read_table(tmp_path / "rows.parquet").to_pylist()
    flat = list(csv.DictReader((tmp_path / "rows.csv").open()))
    assert [row["reason"] for row in flat] == [row["reason"] for row in rows]
    assert [(row["change"], row["row_id"]) for row in rows] == [
        *(("out", f"row-{number}") for number in (3, 4)),
        *(("in", f"row-{number}") for number in (5, 6)),
    ]


@pytest.fixture(scope="module")
def curated_again(tmp_path_factory: pytest.TempPathFactory, sample_workspace: Path) -> Path:
    """The sample corpus and its blend, and both again after ten of its sums went and ten others came."""
    folder = tmp_path_factory.mktemp("again")
    shutil.copytree(sample_workspace, folder / "w")
    config = write_sample_config(folder)
    lines = (folder / "sums.jsonl").read_text().splitlines()
    (folder / "sums.jsonl").write_text(
        "\n".join([*lines[10:], *(line.replace("plus", "and") for line in lines[:10])]) + "\n"
    )
    workspace = Workspace(folder / "w")
    curate(*load_curation(config), workspace, Progress())
    build(read("gpr_up", corpus="sample", batch_size=12), workspace)
    return folder / "w"


def test_a_changed_source_tells_of_each_row_why_it_went_or_came(
    crossthink: CommandLine, curated_again: Path, tmp_path: Path
) -> None:
    code, shown, said = crossthink("diff", "gpr_up", "-w", curated_again, "--rows", tmp_path / "rows.json")
    assert code == 0, said
    assert re.search(r"sums\.files\[sums\.jsonl\] +\w{12} +\w{12}", shown)
    rows = json.loads((tmp_path / "rows.json").read_text())
    old, new = (load(curated_again / "manifests", f"gpr_up@{version}") for version in (1, 2))
    before, after = (set(each.rows()["row_id"].to_pylist()) for each in (old, new))
    assert {row["row_id"] for row in rows if row["change"] == "out"} == before - after
    assert {row["row_id"] for row in rows if row["change"] == "in"} == after - before
    gone = [row for row in rows if row["change"] == "out" and row["source"] == "sums"]
    assert gone
    assert {row["reason"] for row in gone} <= {
        "its source row is gone",
        "displaced by rows that are new in the corpus",
    }
    assert sum(row["reason"] == "its source row is gone" for row in gone) > 0


def test_a_corpus_that_is_gone_is_said_to_be(crossthink: CommandLine, curated_again: Path, tmp_path: Path) -> None:
    shutil.copytree(curated_again / "manifests", tmp_path / "w" / "manifests")
    shown = " ".join(crossthink("diff", "gpr_up", "-w", tmp_path / "w")[1].split())
    assert "unknown: the corpus was curated again" in shown
    assert "The corpus that gpr_up@2 was drawn from is not in this workspace any more" in shown


SHIPPED = [
    *((path, "recipe") for path in sorted((ROOT / "blends/recipes").glob("*.yaml"))),
    *((path, "curation") for path in sorted((ROOT / "curate/configs").glob("*.yaml")) if "benchmarks" not in path.name),
    *((path, "set of benchmarks") for path in sorted((ROOT / "curate/configs").glob("*benchmarks.yaml"))),
    *((path, "plan") for path in sorted((ROOT / "train_backend/plans").glob("*.yaml"))),
    *((path, "synthesis") for path in sorted((ROOT / "curate/synthesis/configs").glob("*.yaml"))),
    *((path, "evaluation") for path in sorted((ROOT / "curate/evaluation/configs").glob("*.yaml"))),
    *((path, "source mapping") for path in sorted((ROOT / "curate/sources/mappings").glob("*.yaml"))[::8]),
]


@pytest.mark.parametrize(("path", "title"), SHIPPED, ids=[f"{title}-{path.stem}" for path, title in SHIPPED])
def test_everything_that_ships_is_known_by_its_keys_and_valid(crossthink: CommandLine, path: Path, title: str) -> None:
    assert crossthink("validate", path)[:2] == (0, f"{path}: a valid {title}\n")


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("corpus: c", "difficulty to be measured"),
        ("corpus: c\nratings: 3", "rating"),
        ("labels: l.jsonl\nasks: same", "agreement to be measured"),
        ("benchmarks: open-benchmarks", "evaluation"),
    ],
)
def test_what_asks_a_model_is_known_by_its_keys_and_no_plan(
    crossthink: CommandLine, tmp_path: Path, text: str, title: str
) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(f"name: x\nmodel: {{model: m}}\n{text}\n")
    assert crossthink("validate", path)[:2] == (0, f"{path}: a valid {title}\n")


@pytest.mark.parametrize(
    ("text", "more", "message"),
    [
        (
            "name: r\ncomponents:\n  - {name: a, propotion: 1}\n",
            [],
            r"f\.yaml:3  components\[0\]\.propotion: unknown key\. Did you",
        ),
        (
            "name: c\nsources:\n  - {name: s, adapter: gsm8k, file: [x]}\n",
            [],
            r"f\.yaml:3  sources\[0\]\.file: unknown key",
        ),
        ("question: q\nansewr: a\n", [], r"f\.yaml:2  ansewr: unknown key\. Did you mean 'answer'"),
        ("model: {}\nstages: []\n", [], r"f\.yaml:1"),
        ("nothing: here\n", [], r"f\.yaml: found the keys nothing, expected components \(a recipe\), model"),
        ("nothing: here\n", ["--kind", "plan"], r"f\.yaml:1  nothing: unknown key"),
        ("name: [", [], r"f\.yaml:\d  not valid YAML"),
        ("", [], r"f\.yaml: expected keys and values, found an empty file"),
    ],
)
def test_a_faulty_file_is_told_with_its_line(
    crossthink: CommandLine, tmp_path: Path, text: str, more: list[str], message: str
) -> None:
    (tmp_path / "f.yaml").write_text(text)
    code, _, said = crossthink("validate", tmp_path / "f.yaml", *more)
    assert (code, bool(re.search(message, said))) == (2, True), said


def test_a_shipped_file_is_copied_once_and_never_over_another(
    crossthink: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert crossthink("cp", "natural")[0] == 0
    assert (tmp_path / "natural.yaml").read_bytes() == (ROOT / "blends/recipes/natural.yaml").read_bytes()
    (tmp_path / "natural.yaml").write_text("mine")
    code, _, said = crossthink("cp", "natural")
    assert (code, "natural.yaml: is there already; nothing is overwritten" in said) == (2, True)
    assert (tmp_path / "natural.yaml").read_text() == "mine"
    assert crossthink("cp", "gsm8k", "own/mapping.yaml")[0] == 0
    assert "a valid source mapping" in crossthink("validate", "own/mapping.yaml")[1]
    assert [path.name for path in tmp_path.rglob(".*")] == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["naturl"], r"naturl: no shipped configuration of this name\. Did you mean 'natural'"),
        (["natural", "--kind", "plan"], "natural: no shipped plan of this name"),
        (["demo"], r"demo: several kinds have this name \(curation, recipe\); say which with --kind"),
        (["natural", "recipe.txt"], r"recipe\.txt: expected a name that ends in \.yaml"),
    ],
)
def test_a_copy_that_cannot_be_made_says_why(
    crossthink: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    code, _, said = crossthink("cp", *arguments)
    assert (code, bool(re.search(message, said))) == (2, True), said
    assert list(tmp_path.iterdir()) == []
