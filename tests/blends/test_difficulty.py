"""A blend by what models solve: difficulties of the workspace in a recipe, and the paper's filtered blend on real answers."""

import json
import zipfile
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from blends.build import build
from blends.library import read
from blends.plan import Plan, make_plan
from blends.recipe import Recipe
from crossthink.errors import UserError
from crossthink.progress import Progress
from crossthink.workspace import Workspace
from curate.config import load_curation
from curate.difficulty.imported import Asked, import_responses
from curate.identity import item_id
from curate.pipeline import curate
from manifests import store
from tests.support import CommandLine


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory, sample_workspace: Path) -> Workspace:
    """The forty sums of the sample, as `small` and `large` solve them: small the first ten and the next ten every other time,
    large the first thirty; of the last ten, large was not asked."""
    folder = tmp_path_factory.mktemp("difficulty")
    (folder / "w").mkdir()
    (folder / "w/corpora").symlink_to(sample_workspace / "corpora")
    place = Workspace(folder / "w")
    sums = [f"What is {n} plus {n * 3}?" for n in range(1, 41)]
    small = [
        {
            "question": question,
            "responses": [f"\\boxed{{{4 * n if n <= 10 else 0}}}", f"\\boxed{{{4 * n if n <= 20 else 0}}}"],
        }
        for n, question in enumerate(sums, 1)
    ]
    large = [{"question": question, "response": f"\\boxed{{{4 * n}}}"} for n, question in enumerate(sums[:30], 1)]
    for name, rows in (("small", small), ("large", large)):
        file = folder / f"{name}.jsonl"
        file.write_text("".join(json.dumps(row) + "\n" for row in rows))
        import_responses(name, "sample", Asked((str(file),), model=f"{name}-model"), place, Progress())
    return place


def recipe(**difficulty: Any) -> Recipe:
    part = {"name": "sums", "all": True, "select": {"source": ["sums"]}}
    return Recipe.model_validate(
        {"name": "r", "corpus": "sample", "batch_size": 1, "components": [part], "difficulty": difficulty}
    )


def plan(workspace: Workspace, **difficulty: Any) -> Plan:
    return make_plan(recipe(**difficulty), workspace.corpus("sample"), workspace)


@pytest.mark.parametrize(
    ("names", "keep", "rows", "left_out"),
    [
        ("small", "pass_rate < 1", 30, {"difficulty": 10}),
        ("small", "unsolved_by['small-model']", 30, {"difficulty": 10}),
        ("small", "solved_by['small-model']", 10, {"difficulty": 30}),
        ("small", "pass_rate BETWEEN 0.1 AND 0.9", 10, {"difficulty": 30}),
        ("small", "is_unanimous", 10, {"difficulty": 30}),
        ("small", "vote_share > 0.5 AND NOT is_unanimous", 20, {"difficulty": 20}),
        ("large", "pass_rate = 1", 30, {"unmeasured": 10}),
        (
            ["large", "small"],
            "pass_rates['large-model'] > pass_rates['small-model']",
            20,
            {"difficulty": 10, "unmeasured": 10},
        ),
        (
            ["large", "small"],
            "unsolved_by['small-model'] AND solved_by['large-model']",
            20,
            {"difficulty": 10, "unmeasured": 10},
        ),
        (["large", "small"], "attempts = 3", 30, {"difficulty": 10}),
    ],
)
def test_a_recipe_keeps_what_it_says_and_counts_the_rest(
    workspace: Workspace, names: str | list[str], keep: str, rows: int, left_out: dict[str, int]
) -> None:
    planned = plan(workspace, name=names, keep=keep)
    assert (planned.rows, planned.left_out) == (rows, left_out)


def test_what_nobody_measured_can_stay(workspace: Workspace) -> None:
    planned = plan(workspace, name="large", keep="pass_rate < 1", unmeasured="keep")
    assert (planned.rows, planned.left_out) == (10, {"difficulty": 30})


def test_a_component_selects_by_difficulty_too(workspace: Workspace) -> None:
    asked = recipe(name=["small", "large"]).model_dump()
    asked["components"] = [
        {
            "name": "hard",
            "proportion": "1/2",
            "select": {"where": "solved_by['large-model'] AND pass_rates['small-model'] = 0"},
        },
        {"name": "easy", "proportion": "1/2", "select": {"where": "solved_by['small-model']"}},
    ]
    planned = make_plan(Recipe.model_validate(asked), workspace.corpus("sample"), workspace)
    assert {leaf.name: leaf.available for leaf in planned.leaves} == {"hard": 10, "easy": 10}


def test_the_manifest_names_the_models_and_pins_their_rates(workspace: Workspace) -> None:
    written = build(recipe(name=["small", "large"], keep="unsolved_by['small-model']"), workspace)
    said = written.stored.manifest.recipe["difficulty"]
    assert [(each["model"], each["how"]) for each in said["of"]] == [
        ("large-model", "responses"),
        ("small-model", "responses"),
    ]
    assert said["keep"] == "unsolved_by['small-model']" and "name" not in said
    assert not build(recipe(name=["large", "small"], keep="unsolved_by['small-model']"), workspace).is_new


@pytest.mark.parametrize(
    ("difficulty", "fault"),
    [
        ({"name": "smal"}, "no difficulty of this name. There are: large, small. Did you mean 'small'"),
        (
            {"name": "small", "keep": "unsolved_by['large-model']"},
            'Could not find key "large-model" in struct (Candidate Entries: "small-model")',
        ),
        ({"name": "small", "keep": "pass_rate"}, "difficulty.keep: 'pass_rate': is Float64"),
        ({"name": "small", "keep": "passrate < 1"}, "no such column. Did you mean 'pass_rate'"),
        ({"name": "small", "keep": "attempts > 9"}, "component sums: difficulty.keep holds for no row that it selects"),
    ],
)
def test_a_difficulty_that_cannot_be_used_is_named(
    workspace: Workspace, difficulty: dict[str, Any], fault: str
) -> None:
    with pytest.raises(UserError) as refused:
        plan(workspace, **difficulty)
    assert fault in str(refused.value)


def test_a_file_of_rates_says_nothing_of_votes(workspace: Workspace, tmp_path: Path) -> None:
    items = pl.read_parquet(workspace.corpus("sample") / "items.parquet").select("item_id").with_columns(pass_rate=0.5)
    items.with_columns(model=pl.lit("m")).write_parquet(tmp_path / "rates.parquet")
    file = str(tmp_path / "rates.parquet")
    assert plan(workspace, file=file, model="m", keep="unsolved_by['m'] AND pass_rates['m'] = 0.5").rows == 40
    with pytest.raises(
        UserError, match="vote_share: the recipe's 'difficulty' says nothing of it; of the workspace, 'name'"
    ):
        plan(workspace, file=file, keep="vote_share = 1")


def test_runs_become_a_difficulty_like_any_other(workspace: Workspace, crossthink: CommandLine) -> None:
    """Two runs over the sums: in the first all are right of four, in the second none of four and one was not judged."""
    sums = pl.read_parquet(workspace.corpus("sample") / "variants.parquet").filter(pl.col("source") == "sums")
    for run, passed in (("one", 4), ("two", 0)):
        folder = workspace.runs / run
        folder.mkdir(parents=True)
        rates = sums.select("item_id", "row_id", "source", "template").with_columns(
            responses=pl.lit(4, pl.Int64), passed=pl.lit(passed, pl.Int64), unjudged=pl.lit(1 - passed // 4, pl.Int64)
        )
        rates.write_parquet(folder / "item_pass_rates.parquet")
        (folder / "run.json").write_text(json.dumps({"content_digest": run[0] * 64}))
    arguments = ["--from-runs", "one", "--from-runs", "two", "--model", "policy", "-w", workspace.root]
    code, shown, said = crossthink("difficulty", "probe", *arguments)
    assert code == 0, said
    assert "policy, 40 questions, 320 responses" in shown and "right 160 (50.00%), not judged 40" in shown
    planned = plan(workspace, name="probe", keep="pass_rates['policy'] = 0.5 AND attempts = 8")
    assert (planned.rows, planned.parents) == (40, ["o" * 64, "t" * 64])


# The paper's filtered blend, on real model answers

MMLU_PRO = """
name: mmlu_pro
sources:
  - {name: mmlu_pro, adapter: mmlu_pro, role: corpus, files: [benchmarks/mmlu_pro/test.jsonl.gz], license: MIT}
near_duplicates: null
"""


@pytest.fixture(scope="module")
def mistral(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """MMLU-Pro as a corpus, and what Mistral 7B answered to it."""
    folder = tmp_path_factory.mktemp("mmlu_pro")
    (folder / "mmlu_pro.yaml").write_text(MMLU_PRO)
    curation, root = load_curation(folder / "mmlu_pro.yaml", shared_data)
    workspace = Workspace(folder / "w")
    curate(curation, root, workspace, Progress())
    (file,) = (shared_data / "responses/mmlu_pro_mistral-7b-v0_1").glob("*.zip")
    import_responses("mistral", "mmlu_pro", Asked((str(file),), model="Mistral-7B-v0.1"), workspace, Progress())
    return workspace


@pytest.fixture(scope="module")
def solved(shared_data: Path) -> set[str]:
    """The questions that the publisher says Mistral answered rightly, each time that they stand in its file."""
    (file,) = (shared_data / "responses/mmlu_pro_mistral-7b-v0_1").glob("*.zip")
    with zipfile.ZipFile(file) as archive:
        rows = json.loads(archive.read(archive.namelist()[0]))
    each = [(item_id(row["question"], None, row["options"]), row["pred"] == row["answer"]) for row in rows]
    assert sum(right for _, right in each) == 3582
    return {item for item, right in each if right} - {item for item, right in each if not right}


def test_exactly_what_mistral_solved_goes(mistral: Workspace, solved: set[str]) -> None:
    variants = pl.read_parquet(mistral.corpus("mmlu_pro") / "variants.parquet")
    easy = variants.filter(pl.col("item_id").is_in(list(solved)))
    asked = {"name": "all", "corpus": "mmlu_pro", "batch_size": 1, "components": [{"name": "all", "all": True}]}
    keep = {"difficulty": {"name": "mistral", "keep": "unsolved_by['Mistral-7B-v0.1']"}}
    stored = build(Recipe.model_validate(asked | keep), mistral).stored
    drawn = set(stored.rows()["row_id"].to_pylist())
    assert drawn == set(variants["row_id"]) - set(easy["row_id"])
    assert stored.manifest.left_out == {"difficulty": easy.height}
    assert 3_500 < easy["item_id"].n_unique() < 3_582


def test_the_shipped_recipe_is_gpr_up_without_what_mistral_solved(
    mistral: Workspace, solved: set[str], crossthink: CommandLine
) -> None:
    filtered = read("filtered", corpus="mmlu_pro", set={"difficulty": "mistral"})
    rows = build(filtered, mistral).stored.rows()
    assert rows.num_rows > 5_000 and not solved & set(rows["item_id"].to_pylist())
    build(read("gpr_up", corpus="mmlu_pro"), mistral)
    store.check(store.load(mistral.manifests, "filtered"), deep=True)
    code, shown, _ = crossthink("diff", "gpr_up", "filtered", "-w", mistral.root)
    assert code == 0 and "left out: difficulty" in shown


def test_sql_says_which_rows_went_and_who_solved_them(
    mistral: Workspace, solved: set[str], crossthink: CommandLine
) -> None:
    query = """
        SELECT count(DISTINCT item_id) FROM pass_rates JOIN variants USING (item_id) WHERE model = 'Mistral-7B-v0.1' AND pass_rate = 1
    """
    code, shown, said = crossthink("sql", query, "--format", "csv", "-w", mistral.root)
    assert code == 0, said
    known = set(pl.read_parquet(mistral.corpus("mmlu_pro") / "items.parquet")["item_id"])
    assert int(shown.splitlines()[1]) == len(solved & known)
