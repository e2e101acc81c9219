"""Blends: the draw is stable, the order is balanced, and each digest changes for its own reason only."""

import re
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.random_blends import check_promises, random_recipe, random_rows
from blends.build import build, lay_out
from blends.library import PAPER, read
from blends.plan import make_plan
from blends.recipe import Recipe
from blends.texts import with_text
from crossthink.errors import UserError
from crossthink.workspace import Workspace
from manifests.diff import compare_rows
from manifests.manifest import Manifest
from manifests.store import Stored, load, read_rows
from tests.support import CommandLine


@pytest.fixture
def workspace(tmp_path: Path, sample_workspace: Path) -> Workspace:
    """A workspace of its own whose corpora are the shared ones."""
    (tmp_path / "corpora").symlink_to(sample_workspace / "corpora")
    return Workspace(tmp_path)


def _recipe(**changes: Any) -> Recipe:
    return read("gpr_up", **{"corpus": "sample", "batch_size": 12, **changes})


def _build(workspace: Workspace, **changes: Any) -> Stored:
    return build(_recipe(**changes), workspace).stored


def _digests(manifest: Manifest) -> dict[str, str]:
    return manifest.digests.model_dump()


def _changed(before: Manifest, after: Manifest) -> set[str]:
    return {name for name, value in _digests(before).items() if _digests(after)[name] != value}


def test_every_row_has_the_texts_of_its_own_item(workspace: Workspace) -> None:
    folder, stored = workspace.corpus("sample"), _build(workspace)
    questions = dict(pl.read_parquet(folder / "items.parquet", columns=["item_id", "question"]).iter_rows())
    golds = dict(pl.read_parquet(folder / "variants.parquet", columns=["row_id", "answer"]).iter_rows())
    for row in pl.DataFrame(stored.rows()).iter_rows(named=True):
        assert questions[row["item_id"]] in row["prompt"][-1]["content"]
        assert row["ground_truth"] == golds[row["row_id"]]


def test_a_row_whose_item_is_gone_is_an_error(workspace: Workspace) -> None:
    recipe, folder = _recipe(), workspace.corpus("sample")
    rows = lay_out(make_plan(recipe, folder, workspace), recipe)
    lost = rows.with_columns(item_id=pl.when(pl.int_range(pl.len()) < 2).then(pl.lit("none")).otherwise("item_id"))
    with pytest.raises(UserError, match="lacks the text of 2 rows"):
        with_text(lost, recipe.prompt, folder)


def test_every_batch_holds_every_share_to_within_one_row(workspace: Workspace) -> None:
    stored = _build(workspace)
    rows = pl.DataFrame(stored.rows())
    assert rows.group_by("batch").len()["len"].unique().to_list() == [12]
    for part in stored.manifest.components:
        counts = Counter(rows.filter(pl.col("component") == part.name)["batch"].to_list())
        share = part.rows / stored.manifest.batches
        assert all(abs(counts[batch] - share) < 1 for batch in range(stored.manifest.batches))


def test_what_was_asked_and_what_was_drawn_agree(workspace: Workspace) -> None:
    manifest = _build(workspace, size=60).manifest
    groups = Counter[str]()
    for part in manifest.components:
        groups[part.name.partition(".")[0]] += part.rows
    assert groups == {"gpr": 40, "math": 20}
    assert sum(part.requested for part in manifest.components) == pytest.approx(1, abs=1e-5)


def test_growing_a_blend_keeps_the_rows_it_had(workspace: Workspace) -> None:
    small = set(_build(workspace, size=48).rows()["row_id"].to_pylist())
    large = set(_build(workspace, size=96).rows()["row_id"].to_pylist())
    assert small < large


def test_another_seed_draws_other_rows(workspace: Workspace) -> None:
    one, other = (set(_build(workspace, size=48, seed=seed).rows()["row_id"].to_pylist()) for seed in (0, 1))
    assert len(one & other) < 40


def test_the_seed_alone_changes_recipe_and_content(workspace: Workspace) -> None:
    assert _changed(_build(workspace).manifest, _build(workspace, seed=1).manifest) == {"recipe", "content"}


def test_one_weight_changes_recipe_and_content(workspace: Workspace) -> None:
    recipe = _recipe().model_dump()
    recipe["components"][0]["proportion"], recipe["components"][1]["proportion"] = "13/20", "7/20"
    other = build(Recipe.model_validate(recipe), workspace).stored.manifest
    assert _changed(_build(workspace).manifest, other) == {"recipe", "content"}


def test_one_character_of_the_prompt_changes_recipe_and_content(workspace: Workspace) -> None:
    before = _build(workspace).manifest
    prompt = _recipe().prompt.model_dump()
    after = _build(workspace, prompt=prompt | {"open": prompt["open"] + " "}).manifest
    assert _changed(before, after) == {"recipe", "content"}
    assert before.prompt_digest != after.prompt_digest


def test_names_change_no_digest(workspace: Workspace) -> None:
    assert _changed(_build(workspace).manifest, _build(workspace, name="renamed").manifest) == set()


def test_one_changed_source_row_changes_sources_and_content(workspace: Workspace, tmp_path: Path) -> None:
    """The sum 40 + 120 becomes 40 + 121 in the source; the recipe stays."""
    from crossthink.progress import Progress
    from curate.config import load_curation
    from curate.pipeline import curate
    from tests.support import write_sample_config

    before = _build(workspace).manifest
    (tmp_path / "changed").mkdir()
    config = write_sample_config(tmp_path / "changed")
    sums = tmp_path / "changed" / "sums.jsonl"
    sums.write_text(sums.read_text().replace("40 plus 120?", "40 plus 121?").replace("#### 160", "#### 161"))
    settings, root = load_curation(config)
    other = Workspace(tmp_path / "other")
    curate(settings, root, other, Progress())
    assert _changed(before, _build(other).manifest) == {"sources", "content"}


def test_rows_repeat_in_epochs_with_orders_of_their_own(workspace: Workspace) -> None:
    stored = _build(workspace, size=360, when_short="repeat", max_repeats=4)
    sums = pl.DataFrame(stored.rows()).filter(pl.col("component") == "math.sums").sort("position")
    part = next(part for part in stored.manifest.components if part.name == "math.sums")
    assert (part.rows, part.unique_rows, part.epochs, part.binds) == (120, 40, 3.0, True)
    epochs = [each["row_id"].to_list() for each in sums.partition_by("epoch", maintain_order=True)]
    assert [sorted(epoch) for epoch in epochs] == [sorted(epochs[0])] * 3
    assert epochs[0] != epochs[1] != epochs[2]
    assert sums["epoch"].is_sorted()


def test_few_distinct_rows_fill_a_share_by_repeating(workspace: Workspace) -> None:
    part = {"name": "law", "proportion": 1, "select": {"subject": ["law"]}, "distinct": 6}
    recipe = _recipe(size=24, when_short="repeat").model_dump() | {"components": [part]}
    stored = build(Recipe.model_validate(recipe), workspace).stored
    counts = Counter(stored.rows()["row_id"].to_pylist())
    assert sorted(counts.values()) == [4] * 6
    assert stored.manifest.components[0].available == 6


def test_an_open_variant_of_a_choice_shows_no_option(workspace: Workspace) -> None:
    stored = _build(workspace)
    rows = pl.DataFrame(stored.rows())
    content = rows.with_columns(text=pl.col("prompt").list.last().struct.field("content"))
    mcq, free = (content.filter(pl.col("template") == name) for name in ("mcq", "open"))
    assert mcq["text"].str.contains(r"\nA\. .*\nB\. ").all()
    assert mcq["ground_truth"].str.contains(r"^[A-D]$").all()
    assert not free["text"].str.contains(r"\nA\. ").any()
    assert not free["text"].str.contains("(?i)which of the following").any()


def test_prompts_over_the_limit_are_left_out_and_counted(workspace: Workspace) -> None:
    whole, short = _build(workspace), _build(workspace, max_prompt_characters=200)
    texts = [sum(len(m["content"]) for m in prompt) for prompt in short.rows()["prompt"].to_pylist()]
    assert max(texts) <= 200
    assert (whole.manifest.left_out, short.manifest.left_out["over_limit"] > 0) == ({}, True)


def test_a_limit_that_empties_a_component_is_said(workspace: Workspace) -> None:
    with pytest.raises(UserError, match=r"gpr: every prompt is longer than max_prompt_characters \(9\)"):
        _build(workspace, max_prompt_characters=9)


def test_a_changed_corpus_is_not_blended(tmp_path: Path, sample_workspace: Path) -> None:
    shutil.copytree(sample_workspace / "corpora", tmp_path / "corpora")
    path = tmp_path / "corpora/sample/variants.parquet"
    pl.read_parquet(path).with_columns(answer=pl.lit("666")).write_parquet(path)
    with pytest.raises(UserError, match=r"variants\.parquet  sha256: found \w+, expected \w+"):
        _build(Workspace(tmp_path))


def test_parts_of_a_split_share_by_the_rows_that_the_limit_leaves(workspace: Workspace) -> None:
    part = {"name": "all", "proportion": 1, "split_by": "source"}
    recipe = _recipe(max_prompt_characters=180, batch_size=1).model_dump() | {"components": [part]}
    manifest = build(Recipe.model_validate(recipe), workspace).stored.manifest
    assert manifest.left_out["over_limit"] > 0
    assert all(each.rows == each.available for each in manifest.components)


def test_two_components_of_one_name_are_refused(workspace: Workspace) -> None:
    parts = [
        {"name": "a.law", "proportion": "1/2", "select": {"subject": ["economics"]}},
        {"name": "a", "proportion": "1/2", "select": {"subject": ["law", "physics"]}, "split_by": "subject"},
    ]
    with pytest.raises(UserError, match=r"component a\.law: .*rename one"):
        build(Recipe.model_validate(_recipe().model_dump() | {"components": parts}), workspace)


@settings(max_examples=60)
@given(st.integers(0, 2**32 - 1))
def test_any_blend_of_any_corpus_keeps_its_promises(seed: int) -> None:
    """Counts sum, caps hold, every batch is within a row of every share, no item crowds, and once more is the same."""
    random = np.random.default_rng(seed)
    pool = random_rows(random, items=int(random.integers(5, 400)), sources=int(random.integers(1, 6)))
    recipe = random_recipe(random, pool.rows(), most_rows=2 * pool.rows().height)
    try:
        plan = make_plan(recipe, pool)
    except UserError:
        return  # the sizes cannot be met
    rows = lay_out(plan, recipe)
    check_promises(recipe, plan, rows)
    assert rows.equals(lay_out(make_plan(recipe, pool), recipe))


def test_no_batch_holds_two_forms_of_a_question(workspace: Workspace) -> None:
    """Both forms of every question are drawn, in batches that would mix them."""
    part = {"name": "both", "proportion": 1, "select": {"source": ["mcq"]}, "split_by": "template"}
    recipe = Recipe.model_validate(_recipe(batch_size=4).model_dump() | {"components": [part]})
    stored = build(recipe, workspace).stored
    rows = pl.DataFrame(stored.rows())
    assert rows["item_id"].n_unique() < rows.height
    assert rows.group_by("batch").agg(pl.col("item_id").is_unique().all())["item_id"].all()
    assert stored.manifest.statistics["batches_with_an_item_twice"] == 0


def test_repeats_that_no_order_can_keep_apart_are_counted(workspace: Workspace) -> None:
    part = {"name": "law", "proportion": 1, "select": {"subject": ["law"]}, "distinct": 6}
    recipe = _recipe(size=24, when_short="repeat").model_dump() | {"components": [part]}
    manifest = build(Recipe.model_validate(recipe), workspace).stored.manifest
    assert manifest.statistics["batches_with_an_item_twice"] == manifest.batches == 2


def test_the_mixture_counts_every_row_once(workspace: Workspace) -> None:
    manifest = _build(workspace).manifest
    mixture = manifest.statistics["mixture"]
    keys = [tuple(line[key] for key in ("domain", "source", "origin", "template", "license")) for line in mixture]
    assert sum(line["rows"] for line in mixture) == manifest.rows
    assert keys == sorted(set(keys))
    assert {key[4] for key in keys} == {"Apache-2.0"}
    by_source = Counter[str]()
    for line in mixture:
        by_source[line["source"]] += line["rows"]
    assert by_source == manifest.statistics["source"]
    assert manifest.statistics["language"] == {"en": manifest.rows}


def test_what_is_held_out_is_written_beside_the_rows(workspace: Workspace) -> None:
    stored = _build(workspace, holdout={"share": "1/4"})
    assert stored.holdout_path is not None
    held, rows = pl.DataFrame(read_rows(stored.holdout_path)), pl.DataFrame(stored.rows())
    assert stored.manifest.holdout is not None
    assert held.height == stored.manifest.holdout.rows > 0
    assert not set(held["item_id"]) & set(rows["item_id"])
    assert held["prompt"].list.len().min() == 1
    assert held["position"].to_list() == list(range(held.height))


def test_a_staged_blend_has_each_stage_in_its_batches(workspace: Workspace) -> None:
    stages = [
        {"name": "choices", "share": "1/2", "where": "template = 'mcq' OR domain = 'math'"},
        {"name": "open", "share": "1/2", "where": "template = 'open'"},
    ]
    whole = {"components": [{"name": "all", "proportion": 1, "split_by": "domain"}]}
    recipe = Recipe.model_validate(_recipe(size=48).model_dump() | whole | {"stages": stages})
    stored = build(recipe, workspace).stored
    rows, manifest = pl.DataFrame(stored.rows()), stored.manifest
    assert [(stage.name, stage.first_batch, stage.batches) for stage in manifest.stages] == [
        ("choices", 0, 2),
        ("open", 2, 2),
    ]
    assert rows.filter(pl.col("batch") >= 2)["template"].unique().to_list() == ["open"]
    assert rows.filter((pl.col("batch") < 2) & (pl.col("source") == "mcq"))["template"].unique().to_list() == ["mcq"]
    assert rows.group_by("batch").len()["len"].unique().to_list() == [12]


def test_a_curriculum_goes_to_batches_in_its_order(workspace: Workspace) -> None:
    """Both forms of a question are as long, so they would meet; one of them waits a batch."""
    part = {"name": "both", "proportion": 1, "select": {"source": ["mcq"]}, "split_by": "template"}
    changes = {"components": [part], "order": {"by": "length(question)"}}
    stored = build(Recipe.model_validate(_recipe(batch_size=4).model_dump() | changes), workspace).stored
    items = pl.read_parquet(workspace.corpus("sample") / "items.parquet").select(
        "item_id", pl.col("question").str.len_chars()
    )
    rows = pl.DataFrame(stored.rows()).join(items, on="item_id", how="left", maintain_order="left")
    assert stored.manifest.statistics["batches_with_an_item_twice"] == 0
    for part_rows in rows.partition_by("component"):
        lengths = part_rows.group_by("batch", maintain_order=True).agg(pl.col("question").mean())["question"]
        sorted_lengths = part_rows["question"].sort().to_numpy()
        assert np.corrcoef(lengths.to_numpy(), np.arange(len(lengths)))[0, 1] > 0.8
        assert sorted_lengths[0] < sorted_lengths[-1]


def test_components_in_another_order_are_the_reason_where_they_select_rows_of_each_other(workspace: Workspace) -> None:
    """A row of law in both forms goes to the first component that selects it; one of mathematics has one alone."""
    law = {"name": "law", "proportion": "1/4", "select": {"subject": ["law"]}}
    mcq = {"name": "mcq", "proportion": "1/4", "select": {"template": ["mcq"]}}
    math = {"name": "math", "proportion": "1/2", "select": {"domain": ["math"]}}
    whole = _recipe().model_dump()
    one, other, apart = (
        build(Recipe.model_validate(whole | {"name": "a", "components": parts}), workspace).stored
        for parts in ([law, mcq, math], [mcq, law, math], [math, mcq, law])
    )
    changes = compare_rows(one, other, None, None).to_pylist()
    went_and_came = {row["reason"] for row in changes if row["change"] != "moved"}
    assert went_and_came == {"the recipe draws other rows (components (order))"}
    assert {row["reason"] for row in compare_rows(other, apart, None, None).to_pylist()} <= {"another batch"}


def test_the_papers_eight_blends_of_one_corpus_are_as_far_apart_as_their_rows_say(
    workspace: Workspace, crossthink: CommandLine, tmp_path: Path
) -> None:
    """Made by the commands, and their distances counted again from the rows alone."""
    (tmp_path / "scores.yaml").write_text("scores: {mcq: 3, sums: 2, open: 1}\n")
    blends = {name: ["--set", f"scores={tmp_path / 'scores.yaml'}"] if name == "score" else [] for name in PAPER}
    drawn = ["--corpus", "sample", "--size", "60", "--batch-size", "12", "-w", workspace.root]
    for name, more in blends.items():
        assert crossthink("blend", name, *more, *drawn)[0] == 0
    stored = {name: pl.DataFrame(load(workspace.manifests, name).rows()) for name in blends}
    kinds = {name: Counter(rows.select("source", "template").iter_rows()) for name, rows in stored.items()}

    def distance(one: str, other: str) -> float:
        shares = [{kind: n / stored[name].height for kind, n in kinds[name].items()} for name in (one, other)]
        return sum(abs(shares[0].get(kind, 0) - shares[1].get(kind, 0)) for kind in {*shares[0], *shares[1]}) / 2

    for name, more in blends.items():
        said = crossthink("blend", name, *more, *drawn, "--plan")[1].partition("distance to the blends")[2]
        found = dict(re.findall(r"^ (\w+)@1 +([0-9.]+)", said, re.MULTILINE))
        assert found == {other: f"{distance(name, other):.4f}" for other in blends}
    assert distance("only_mr", "only_gpr") == 1
