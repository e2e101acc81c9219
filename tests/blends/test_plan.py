"""Planning: who may give which rows, what is left out, in which order they come, and the paper's weights."""

import json
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from blends.distance import total_variation, written_mixture
from blends.library import PAPER, read
from blends.plan import Plan, component_records, holdout_record, make_plan, stage_records
from blends.pool import SizesPool
from blends.recipe import Recipe
from blends.sizes import four_decimals, read_sizes, source_shares
from crossthink.cli.show import print_blend
from crossthink.errors import UserError
from crossthink.workspace import Workspace
from manifests.store import load
from tests.support import CommandLine

KINDS = [
    {"source": "exam", "domain": "gpr", "template": "mcq", "subject": "law", "license": "MIT", "rows": 400},
    {"source": "exam", "domain": "gpr", "template": "open", "subject": "a b", "license": "MIT", "rows": 100},
    {"source": "web", "domain": "gpr", "template": "open", "subject": None, "license": "CC-BY-NC-4.0", "rows": 300},
    {"source": "sums", "domain": "math", "template": "open", "subject": "a_b", "license": "MIT", "rows": 200},
]
SIZES = {
    "mmlu": 99_842,
    "syn_qa": 192_930,
    "natural_reasoning": 100_000,
    "numina_math": 87_350,
    "persona_math": 100_000,
    "math": 8_523,
}
"""Table 1 of arXiv 2504.13941."""
CHOICE, GENERAL = {"mmlu", "syn_qa"}, {"mmlu", "syn_qa", "natural_reasoning"}


@pytest.fixture(scope="module")
def sizes() -> SizesPool:
    common = {"origin": "real", "language": None, "answer_kind": "text"}
    return SizesPool(pl.DataFrame([common | kind for kind in KINDS], schema_overrides={"language": pl.String}))


def _recipe(*components: Mapping[str, Any], **more: Any) -> Recipe:
    return Recipe.model_validate({"name": "x", "batch_size": 1, "components": list(components), **more})


def _part(name: str = "all", proportion: str = "1", **more: Any) -> dict[str, Any]:
    return {"name": name, "proportion": proportion, **more}


def _counts(plan: Plan) -> dict[str, int]:
    return {part.name: part.rows for part in component_records(plan)}


def _drawn(plan: Plan) -> pl.DataFrame:
    return pl.concat([stage.drawn for stage in plan.stages])


@pytest.fixture
def corpus(sample_workspace: Path) -> Path:
    return sample_workspace / "corpora/sample"


# The paper's weights


def _two_to_one(favoured: set[str]) -> dict[str, Fraction]:
    """Two thirds to the favoured sources, a third to the others, by size inside each group."""
    groups = (favoured, set(SIZES) - favoured)
    totals = [sum(SIZES[source] for source in group) for group in groups]
    shares = {source: Fraction(2, 3) * Fraction(SIZES[source], totals[0]) for source in groups[0]}
    return shares | {source: Fraction(1, 3) * Fraction(SIZES[source], totals[1]) for source in groups[1]}


def _by_size(sources: set[str]) -> dict[str, Fraction]:
    return {source: Fraction(SIZES[source], sum(SIZES[each] for each in sources)) for source in sources}


def _largest_remainder(shares: list[Fraction]) -> list[Fraction]:
    floors = [share * 10_000 // 1 for share in shares]
    order = sorted(range(len(shares)), key=lambda place: floors[place] - shares[place] * 10_000)
    for place in order[: 10_000 - sum(floors)]:
        floors[place] += 1
    return [Fraction(count, 10_000) for count in floors]


def test_the_weight_table_is_the_papers_to_four_decimals(crossthink: CommandLine) -> None:
    """Computed here from the sizes alone; 0.1696 and 0.3277 of B_nd are the two weights that the paper's text gives."""
    averages = {
        "mmlu": "34.78",
        "syn_qa": "45.65",
        "natural_reasoning": "44.82",
        "numina_math": "53.06",
        "persona_math": "45",
        "math": "45",
    }
    usefulness = {
        source: Fraction(average) / sum(map(Fraction, averages.values())) for source, average in averages.items()
    }
    math = set(SIZES) - GENERAL
    expected = {
        "natural": _by_size(set(SIZES)),
        "mr_up": _two_to_one(math),
        "gpr_up": _two_to_one(GENERAL),
        "mcq_up": _two_to_one(CHOICE),
        "open_up": _two_to_one(set(SIZES) - CHOICE),
        "score": usefulness,
        "only_mr": _by_size(math),
        "only_gpr": _by_size(GENERAL),
    }
    code, said, _ = crossthink("blend", "--plan", "--sizes", "nemotron-crossthink")
    assert code == 0
    lines = {words[0]: words[1:] for words in (line.split() for line in said.splitlines()) if len(words) == 9}
    assert lines["source"] == list(PAPER) == list(expected)
    columns = [
        _largest_remainder([shares.get(source, Fraction(0)) for source in SIZES]) for shares in expected.values()
    ]
    for place, source in enumerate(SIZES):
        assert [Fraction(cell) for cell in lines[source]] == [column[place] for column in columns]
    assert lines["sum"] == ["1.0000"] * 8
    assert (lines["mmlu"][0], lines["syn_qa"][0]) == ("0.1696", "0.3277")
    natural = expected["natural"]
    distances = [
        sum(abs(shares.get(each, Fraction(0)) - natural[each]) for each in SIZES) / 2 for shares in expected.values()
    ]
    found = next(line.split() for line in said.splitlines() if line.startswith(" from natural"))[2:]
    assert found == [f"{float(distance):.4f}" for distance in distances]
    assert found[:5] == ["0.0000", "0.3339", "0.0006", "0.1693", "0.1640"]
    assert "natural and gpr_up are the same mixture in practice" in said
    assert "the score of math is an assumption" in said


def test_the_unconfirmed_split_gives_other_weights() -> None:
    shares = source_shares(make_plan(read("gpr_up", preset="paper_0.66"), read_sizes("nemotron-crossthink")))
    assert four_decimals([shares[source] for source in SIZES]) == [
        "0.1678",
        "0.3242",
        "0.1680",
        "0.1516",
        "0.1736",
        "0.0148",
    ]


# Who gives which rows


def test_a_row_belongs_to_the_first_component_that_selects_it(sizes: SizesPool) -> None:
    plan = make_plan(_recipe(_part("law", "1/4", select={"subject": ["law"]}), _part("rest", "3/4")), sizes)
    subjects = sizes.rows().select("row_id", "subject")
    law, rest = _drawn(plan).join(subjects, on="row_id").partition_by("leaf", maintain_order=True)
    assert set(law["subject"]) == {"law"} and "law" not in set(rest["subject"])
    with pytest.raises(UserError, match=r"component late: the 400 rows that match it belong to earlier components"):
        make_plan(_recipe(_part("first", "1/2"), _part("late", "1/2", select={"subject": ["law"]})), sizes)


def test_a_predicate_and_a_list_hold_together_and_in_a_group(sizes: SizesPool) -> None:
    group = _part(select={"where": "domain = 'gpr'"}, components=[_part(select={"template": ["open"]}, name="open")])
    assert set(_drawn(make_plan(_recipe(group), sizes))["source"]) == {"exam", "web"}
    assert _counts(make_plan(_recipe(group), sizes)) == {"open": 400}


def test_parts_of_a_split_are_told_apart(sizes: SizesPool) -> None:
    plan = make_plan(_recipe(_part("s", split_by="subject")), sizes)
    assert _counts(plan) == {"s.a_b": 100, "s.a_b~2": 200, "s.law": 400, "s.None": 300}
    twice = _part("s.law", "1/2", select={"source": ["web"]}), _part("s", "1/2", split_by="subject")
    with pytest.raises(UserError, match=r"component s\.law: .* rename one"):
        make_plan(_recipe(*twice), sizes)


def test_a_value_that_no_row_has_is_named_with_the_nearest(sizes: SizesPool) -> None:
    with pytest.raises(UserError, match=r"component all: select\.source is 'exams'.* Did you mean 'exam'\?"):
        make_plan(_recipe(_part(select={"source": ["exams"]})), sizes)


def test_temperature_and_bounds_weigh_the_parts(sizes: SizesPool) -> None:
    equal = make_plan(_recipe(_part(split_by="source", temperature=0), size=300), sizes)
    assert _counts(equal) == {"all.exam": 100, "all.sums": 100, "all.web": 100}
    bounded = make_plan(_recipe(_part(split_by="source", max_share="2/5", min_share="1/4"), size=200), sizes)
    assert _counts(bounded) == {"all.exam": 80, "all.sums": 50, "all.web": 70}


def test_scores_weigh_the_parts_from_wherever_they_come(sizes: SizesPool, tmp_path: Path) -> None:
    (tmp_path / "scores.yaml").write_text("scores: {exam: 3, web: 2, sums: 1}\n")
    (tmp_path / "scores.csv").write_text("name,score\nexam,3\nweb,2\nsums,1\n")
    (tmp_path / "recipe.yaml").write_text(
        "name: x\nbatch_size: 1\nsize: 60\nparameters: {scores: scores.yaml}\n"
        "components: [{name: all, proportion: 1, split_by: source, scores: $scores}]\n"
    )
    inline = make_plan(_recipe(_part(split_by="source", scores={"exam": 3, "web": 2, "sums": 1}), size=60), sizes)
    assert _counts(inline) == {"all.exam": 30, "all.sums": 10, "all.web": 20}
    for given in ({}, {"set": {"scores": "scores.csv"}}):
        plan = make_plan(read(str(tmp_path / "recipe.yaml"), **given), sizes)
        assert plan.resolved == inline.resolved
    with pytest.raises(UserError, match=r"component all: scores: no score for 'web'\. There are: exam, sums"):
        make_plan(_recipe(_part(split_by="source", scores={"exam": 3, "sums": 1})), sizes)


def test_a_column_that_sizes_do_not_have_is_said(sizes: SizesPool) -> None:
    with pytest.raises(UserError, match=r"component all, select\.where: .*question: no such column"):
        make_plan(_recipe(_part(select={"where": "length(question) > 1"})), sizes)


# What is left out


def test_licenses_are_gates_and_what_they_stop_is_counted(sizes: SizesPool) -> None:
    parts = [_part("gpr", "1/2", select={"domain": ["gpr"]}), _part("math", "1/2", select={"domain": ["math"]})]
    for gates in ({"allow": ["MIT"]}, {"deny": ["CC-BY-NC-4.0"]}):
        plan = make_plan(_recipe(*parts, licenses=gates), sizes)
        assert plan.left_out == {"license": 300}
        assert "web" not in set(_drawn(plan)["source"])
    with pytest.raises(UserError, match=r"licenses\.allow: no row .* has 'MTI'\. Did you mean 'MIT'\?"):
        make_plan(_recipe(*parts, licenses={"allow": ["MTI"]}), sizes)
    with pytest.raises(
        UserError, match=r"licenses\.deny: no row .* has 'cc-by-nc-4\.0'\. Did you mean 'CC-BY-NC-4\.0'\?"
    ):
        make_plan(_recipe(*parts, licenses={"deny": ["cc-by-nc-4.0"]}), sizes)
    sums = _part(select={"source": ["sums"]})  # what it does not select is of the corpus all the same
    assert make_plan(_recipe(sums, licenses={"deny": ["CC-BY-NC-4.0"]}), sizes).rows == 200
    web = [_part("web", "1/2", select={"source": ["web"]}), _part("rest", "1/2")]
    with pytest.raises(UserError, match=r"component web: every row that it selects has a licence that is left out"):
        make_plan(_recipe(*web, licenses={"allow": ["MIT"]}), sizes)


def test_every_variant_of_an_item_is_on_one_side_of_the_holdout(corpus: Path) -> None:
    plan = make_plan(_recipe(_part(), holdout={"share": "1/5"}), corpus)
    assert plan.held is not None
    drawn, held = _drawn(plan), plan.held.rows
    assert not set(drawn["item_id"]) & set(held["item_id"])
    assert drawn.height + held.height == pl.scan_parquet(corpus / "variants.parquet").select(pl.len()).collect().item()
    assert (held.group_by("item_id").len()["len"] > 1).any()
    assert plan.left_out == {"holdout": held.height}
    record = holdout_record(plan)
    assert record is not None and (record.items, record.rows) == (held["item_id"].n_unique(), held.height)


def test_an_item_is_held_out_of_every_blend_of_a_corpus(corpus: Path) -> None:
    whole = make_plan(_recipe(_part(), holdout={"share": "1/5"}), corpus)
    sums = make_plan(
        _recipe(_part(select={"source": ["sums"]}), seed=7, holdout={"share": "1/5", "max_rows": 3}), corpus
    )
    assert whole.held is not None and sums.held is not None
    of_sums = whole.held.rows.filter(pl.col("source") == "sums")
    assert of_sums["row_id"].head(3).to_list() == sums.held.rows["row_id"].to_list()
    assert set(_drawn(sums)["row_id"]).isdisjoint(of_sums["row_id"])
    larger = make_plan(_recipe(_part(), holdout={"share": "1/4"}), corpus)
    assert larger.held is not None and set(whole.held.rows["row_id"]) < set(larger.held.rows["row_id"])


def test_a_prompt_is_measured_as_it_is_rendered(corpus: Path) -> None:
    longest = make_plan(_recipe(_part(), max_prompt_characters=10**6), corpus)
    assert longest.left_out == {}
    one = make_plan(_recipe(_part(select={"where": "question LIKE 'What is 7 plus 21?'"})), corpus).rows
    prompt = "What is 7 plus 21?\n\nReason inside <think> and </think>, then give the final answer in \\boxed{}."
    recipe = _recipe(_part(select={"where": "question LIKE 'What is 7 plus 21?'"}), max_prompt_characters=len(prompt))
    assert make_plan(recipe, corpus).rows == one == 1
    with pytest.raises(UserError, match=rf"longer than max_prompt_characters .*; the shortest has {len(prompt)}"):
        make_plan(recipe.model_copy(update={"max_prompt_characters": len(prompt) - 1}), corpus)


# Difficulty, curricula and stages


@pytest.fixture
def pass_rates(corpus: Path, tmp_path: Path) -> Path:
    """Every item of the sums, the later the harder; of the others nothing is known."""
    items = pl.read_parquet(corpus / "items.parquet").filter(pl.col("source") == "sums").select("item_id", "source_row")
    items.with_columns(pass_rate=1 - pl.int_range(pl.len()) / (pl.len() - 1), attempts=8).write_csv(
        tmp_path / "rates.csv"
    )
    return tmp_path / "rates.csv"


def test_what_is_solved_is_left_out_by_pass_rate(corpus: Path, pass_rates: Path) -> None:
    unsolved = _part(select={"where": "pass_rate < 1 AND attempts = 8"})
    plan = make_plan(_recipe(unsolved, difficulty={"file": str(pass_rates)}), corpus)
    assert plan.rows == 39 and set(_drawn(plan)["source"]) == {
        "sums"
    }  # 40 sums, one of them solved; null is not selected
    assert plan.resolved["difficulty"].keys() == {"sha256"}
    moved = pass_rates.rename(pass_rates.with_name("elsewhere.csv"))
    again = make_plan(_recipe(unsolved, difficulty={"file": str(moved)}), corpus)
    assert again.resolved == plan.resolved


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("item_id,rate\na,1\n", "no column 'pass_rate'"),
        ("item_id,pass_rate\na,1\nb,1.5\n", "row 2, pass_rate: expected a number from 0 to 1, found 1.5"),
        ("item_id,pass_rate\na,one\n", "row 1, pass_rate: expected a number, found 'one'"),
        ("item_id,pass_rate,model\na,1,x\na,0,y\n", "item 'a' stands twice. Name one with difficulty.model"),
    ],
)
def test_a_wrong_file_of_pass_rates_is_named(corpus: Path, tmp_path: Path, text: str, fault: str) -> None:
    (tmp_path / "rates.csv").write_text(text)
    with pytest.raises(UserError) as refused:
        make_plan(_recipe(_part(), difficulty={"file": str(tmp_path / "rates.csv")}), corpus)
    assert fault in str(refused.value)


def test_difficulties_say_for_how_many_items_they_are(corpus: Path, pass_rates: Path, tmp_path: Path) -> None:
    items = pl.read_parquet(corpus / "variants.parquet")["item_id"].n_unique()
    plan = make_plan(_recipe(_part(), difficulty={"file": str(pass_rates)}), corpus)
    assert plan.notes == [f"pass rates for 40 of {items} items"]
    (tmp_path / "other.csv").write_text("item_id,pass_rate\nelsewhere,1\n")
    with pytest.raises(UserError, match=r"difficulty: none of its 1 items, such as 'elsewhere', is in the corpus"):
        make_plan(_recipe(_part(), difficulty={"file": str(tmp_path / "other.csv")}), corpus)


def test_earlier_runs_give_difficulties_scores_and_parents(corpus: Path, tmp_path: Path) -> None:
    """Of each sum the first of two responses is right; of each open question none is."""
    rows = (
        pl.read_parquet(corpus / "variants.parquet")
        .filter(pl.col("source") != "mcq")
        .select("row_id", "item_id", "source")
    )
    run = tmp_path / "runs/probe"
    run.mkdir(parents=True)
    twice = pl.concat(
        [
            rows.with_columns(acc=pl.when(pl.col("source") == "sums").then(1.0).otherwise(0.0)),
            rows.with_columns(acc=0.0),
        ]
    )
    twice.write_parquet(run / "rollouts.parquet")
    counted = twice.group_by("row_id", "item_id", "source").agg(
        template=pl.lit("open"), responses=pl.len().cast(pl.Int64), passed=pl.col("acc").sum().cast(pl.Int64)
    )
    counted.with_columns(unjudged=pl.lit(0, pl.Int64)).write_parquet(run / "item_pass_rates.parquet")
    (run / "run.json").write_text(json.dumps({"content_digest": "c" * 64}))
    known = {"source": ["open", "sums"]}
    solved = _recipe(_part(select={"where": "pass_rate = 0.5 AND attempts = 2"}), difficulty={"runs": ["probe"]})
    plan = make_plan(solved, corpus, Workspace(tmp_path))
    assert set(_drawn(plan)["source"]) == {"sums"} and plan.parents == ["c" * 64]
    for measure, expected in (("mean_accuracy", Fraction(1, 2)), ("mean_variance", Fraction(1, 4))):
        scores = {"runs": ["probe"], "measure": measure}
        weighed = make_plan(_recipe(_part(select=known, split_by="source", scores=scores)), corpus, Workspace(tmp_path))
        assert weighed.resolved["components"][0]["scores"] == {"open": "0", "sums": str(expected)}
        assert weighed.parents == ["c" * 64]
        assert set(_drawn(weighed)["source"]) == {"sums"}
    with pytest.raises(UserError, match=r"no finished run of this name\. There are: probe\. Did you mean 'probe'"):
        make_plan(_recipe(_part(), difficulty={"runs": ["prob"]}), corpus, Workspace(tmp_path))


@pytest.mark.parametrize("descending", [False, True])
def test_a_curriculum_climbs_within_every_component(corpus: Path, pass_rates: Path, descending: bool) -> None:
    recipe = _recipe(
        _part(split_by="source"),
        order={"by": "pass_rate", "descending": descending},
        difficulty={"file": str(pass_rates)},
    )
    drawn = _drawn(make_plan(recipe, corpus))
    assert set(drawn["row_id"]) == set(_drawn(make_plan(_recipe(_part(split_by="source")), corpus))["row_id"])
    rates = drawn.join(pl.read_csv(pass_rates), on="item_id", how="left", maintain_order="left")
    sums = rates.filter(pl.col("source") == "sums")["pass_rate"].to_list()
    assert sums == sorted(sums, reverse=descending)
    others = rates.filter(pl.col("source") == "open")
    assert others["sort_key"].is_null().all() and others["rank"].is_sorted()


def test_an_order_that_cannot_be_is_refused(sizes: SizesPool) -> None:
    with pytest.raises(UserError, match=r"order\.by: 'pass_rate': pass_rate: the recipe has no 'difficulty'"):
        make_plan(_recipe(_part(), order={"by": "pass_rate"}), sizes)
    with pytest.raises(UserError, match=r"order\.by: 'interval 1 day': is INTERVAL; expected a number, a text, a time"):
        make_plan(_recipe(_part(), order={"by": "interval 1 day"}), sizes)


def test_nulls_come_last_in_a_curriculum(corpus: Path, pass_rates: Path) -> None:
    recipe = _recipe(_part(), order={"by": "pass_rate"}, difficulty={"file": str(pass_rates)})
    known = _drawn(make_plan(recipe, corpus))["sort_key"].is_not_null().to_list()
    assert known == sorted(known, reverse=True) and any(known) and not all(known)


def test_stages_share_the_batches_and_never_draw_a_row_twice(sizes: SizesPool) -> None:
    parts = [_part("gpr", "2/3", select={"domain": ["gpr"]}, split_by="source"), _part("math", "rest")]
    stages = [
        {"name": "choice", "share": "1/4", "where": "template = 'mcq' OR domain = 'math'"},
        {"name": "all", "share": "3/4"},
    ]
    plan = make_plan(_recipe(*parts, size=480, batch_size=12, stages=stages), sizes)
    first, second = (stage.drawn for stage in plan.stages)
    assert (first.height, second.height) == (120, 360)
    assert set(first.filter(pl.col("domain") == "gpr")["template"]) == {"mcq"}
    assert not set(first["row_id"]) & set(second["row_id"])
    for drawn in (first, second):
        assert drawn.filter(pl.col("domain") == "gpr").height * 3 == drawn.height * 2
    assert [(each.name, each.first_batch, each.batches) for each in stage_records(plan, 12)] == [
        ("choice", 0, 10),
        ("all", 10, 30),
    ]
    assert {part.name: part.available for part in component_records(plan)} == {
        "gpr.exam": 500,
        "gpr.web": 300,
        "math": 200,
    }


@pytest.mark.parametrize("rule", ["shrink", "reweight"])
@pytest.mark.parametrize(
    ("first", "batches"),
    [
        ("subject = 'law' OR domain = 'math'", [10, 10]),  # the stages share the 200 rows of mathematics
        ("domain = 'gpr' OR CAST(split_part(row_id, '/', 2) AS INT) < 20", [2, 2]),  # the first has 20 of them
    ],
)
def test_stages_keep_their_shares_when_one_is_short(
    sizes: SizesPool, rule: str, first: str, batches: list[int]
) -> None:
    parts = [_part("gpr", "1/2", select={"domain": ["gpr"]}), _part("math", "1/2")]
    stages = [{"name": "one", "share": "1/2", "where": first}, {"name": "two", "share": "1/2", "where": "true"}]
    plan = make_plan(_recipe(*parts, size=800, batch_size=20, stages=stages, when_short=rule), sizes)
    if rule == "shrink":
        assert [each.batches for each in stage_records(plan, 20)] == batches
    one, two = (stage.drawn for stage in plan.stages)
    assert one.height == two.height and not set(one["row_id"]) & set(two["row_id"])
    assert {part.name: part.binds for part in component_records(plan)} == {"gpr": False, "math": True}


def test_a_stage_without_rows_of_a_component_is_named(sizes: SizesPool) -> None:
    parts = [_part("gpr", "2/3", select={"domain": ["gpr"]}), _part("math", "rest")]
    with pytest.raises(UserError, match=r"stage easy: component math has no row that its 'where' holds for"):
        make_plan(_recipe(*parts, size=90, stages=[{"name": "easy", "share": 1, "where": "template = 'mcq'"}]), sizes)


# The command line


def test_a_plan_says_what_binds_and_writes_nothing(crossthink: CommandLine, sample_workspace: Path) -> None:
    before = sorted(sample_workspace.rglob("*"))
    options = ["--corpus", "sample", "--batch-size", 12, "-w", sample_workspace]
    code, said, _ = crossthink("blend", "--plan", "gpr_up", "natural", "--size", 240, *options)
    assert code == 0
    assert "binds: the blend shrinks to it" in said and "because math.sums has no more rows" in said
    assert "gpr_up@1" in said and "warning: gpr_up and gpr_up@1 are the same mixture in practice" in said
    assert sorted(sample_workspace.rglob("*")) == before


def test_a_plan_says_in_which_stage_and_how_much_is_cut(crossthink: CommandLine, tmp_path: Path) -> None:
    sizes = "sizes: [{source: a, domain: gpr, template: mcq, rows: 300}, {source: b, domain: math, template: open, rows: 30}]"
    (tmp_path / "sizes.yaml").write_text(sizes)
    half = "{name: a, proportion: 1/2, select: {source: [a]}}, {name: b, proportion: 1/2, select: {source: [b]}}"
    stages = "size: 80\nstages: [{name: early, share: 1/2}, {name: late, share: 1/2}]"
    (tmp_path / "staged.yaml").write_text(f"name: staged\nbatch_size: 10\n{stages}\ncomponents: [{half}]\n")
    fixed = "{name: every, all: true}"
    (tmp_path / "fixed.yaml").write_text(f"name: fixed\nbatch_size: 128\ncomponents: [{fixed}]\n")
    recipes = [tmp_path / "staged.yaml", tmp_path / "fixed.yaml"]
    code, said, _ = crossthink("blend", "--plan", *recipes, "--sizes", tmp_path / "sizes.yaml")
    assert code == 0 and "plan of staged: 60 rows" in said
    assert "in stage late: binds: the blend shrinks to it" in said and "in stage early" not in said
    assert "74 rows cut to whole batches" in said


def test_a_blend_whose_recipe_says_nothing_of_shortage_is_shown(sample_workspace: Path, capsys: Any) -> None:
    stored = load(Workspace(sample_workspace).manifests, "gpr_up")
    bound = [part.model_copy(update={"binds": True}) for part in stored.manifest.components]
    by_hand = stored.manifest.model_copy(update={"recipe": {}, "components": bound})
    print_blend(replace(stored, manifest=by_hand))
    assert "what binds has fewer rows than were asked of it\n" in capsys.readouterr().out


def test_the_distance_to_a_blend_that_stands_is_that_of_its_rows(sample_workspace: Path) -> None:
    stored = load(Workspace(sample_workspace).manifests, "gpr_up")
    mixture = written_mixture(stored.manifest)
    rows = pl.DataFrame(stored.rows())
    assert mixture == {(s, t): n for s, t, n in rows.group_by("source", "template").len().iter_rows()}
    assert total_variation(mixture, mixture) == 0
    assert total_variation(mixture, {("elsewhere", "open"): 5}) == 1


def test_sibling_seeds_are_blends_of_their_own(crossthink: CommandLine, sample_workspace: Path, tmp_path: Path) -> None:
    (tmp_path / "corpora").symlink_to(sample_workspace / "corpora")
    options = ["--corpus", "sample", "--batch-size", 12, "-w", tmp_path, "--size", 48]
    code, said, _ = crossthink("blend", "gpr_up", "--seeds", 2, "--seed", 5, *options)
    assert code == 0
    seeds = [load(tmp_path / "manifests", f"gpr_up-seed{seed}").manifest.recipe["seed"] for seed in (5, 6)]
    assert seeds == [5, 6]
    one, other = (
        set(load(tmp_path / "manifests", f"gpr_up-seed{seed}").rows()["row_id"].to_pylist()) for seed in (5, 6)
    )
    line = next(line for line in said.splitlines() if "gpr_up-seed5@1" in line and "gpr_up-seed6@1" in line)
    assert line.split()[2] == str(len(one & other))


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["gpr_up", "--sizes", "nemotron-crossthink"], "add --plan"),
        (["gpr_up", "natural", "--name", "x", "--corpus", "sample"], "--name: names one blend"),
        (["--plan"], "expected a recipe"),
        (["gpr_up", "--plan"], "names no corpus"),
        (["gpr_up", "--plan", "--sizes", "nemotron-crosthink"], "Did you mean 'nemotron-crossthink'?"),
        (["gpr_up", "--set", "split", "--corpus", "sample"], "--set split: expected NAME=VALUE"),
    ],
)
def test_a_wrong_command_says_what_is_right(crossthink: CommandLine, arguments: list[str], fault: str) -> None:
    code, _, said = crossthink("blend", *arguments)
    assert code == 2 and fault in said
