"""The recipe's language: what it accepts, what it refuses, and what the parameters become."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from blends.library import SHIPPED, read
from blends.parameters import assignments
from blends.recipe import Recipe
from crossthink.errors import UserError
from manifests.manifest import recipe_digest

ALL = {"name": "a", "all": True}
HALF = {"name": "h", "proportion": "1/2"}
REST = {"name": "r", "proportion": "rest"}


def _recipe(*components: dict[str, Any], **more: Any) -> Recipe:
    return Recipe.model_validate({"name": "x", "components": list(components), **more})


@pytest.mark.parametrize(
    ("components", "more", "fault"),
    [
        ([{"name": "a"}], {}, "exactly one of 'all', 'proportion', 'repeat' and 'count', found none"),
        ([{**HALF, "count": 3}], {}, "found 'proportion' and 'count'"),
        ([HALF], {}, "sum to 0.5, expected 1"),
        ([HALF, REST, {**REST, "name": "s"}], {}, "'rest' stands twice"),
        ([HALF, {**HALF, "name": "i"}, REST], {}, "nothing is left for 'rest'"),
        ([ALL, HALF, {**HALF, "name": "i"}], {}, "must sum to less than 1"),
        ([ALL, HALF], {"size": 100}, "remove 'size' or give one component 'proportion: rest'"),
        ([ALL, REST], {}, "beside a 'rest' is what is left of the size"),
        ([{"name": "g", "all": True, "components": [{"name": "i", "proportion": 1}]}], {}, "to the components inside"),
        ([{"name": "g", "proportion": 1, "components": [ALL]}], {}, "a: the components of a group share its rows"),
        ([{"name": "a", "proportion": 1, "temperature": 0.5}], {}, "it needs 'split_by'"),
        ([{"name": "a", "all": True, "split_by": "source", "max_share": 0.5}], {}, "each part gives its own rows"),
        (
            [{"name": "a", "proportion": 1, "split_by": "source", "temperature": 1, "scores": {"x": 1}}],
            {},
            "found both",
        ),
        ([{"name": "a", "repeat": 0}], {}, "above 0"),
        ([ALL], {"stages": [{"name": "s", "share": 1}]}, "a needs a 'proportion'"),
        ([{"name": "a", "proportion": 1}], {"stages": [{"name": "s", "share": 1}]}, "needs a 'size'"),
        ([{"name": "a", "proportion": 1}], {"size": 9, "stages": [{"name": "s", "share": 0.5}]}, "sum to 0.5"),
        (
            [{"name": "a", "proportion": 1, "split_by": "source", "max_share": 0.5}],
            {"when_short": "reweight"},
            "a: 'max_share' cannot hold with 'when_short: reweight'",
        ),
        ([{"name": "a", "proportion": 1}], {"set": {}}, "Extra inputs"),
        ([{"name": "a", "proportion": 1}], {"difficulty": {}}, "exactly one of 'name', 'file', 'runs' and 'ratings'"),
    ],
)
def test_what_makes_no_sense_is_refused(components: list[dict[str, Any]], more: dict[str, Any], fault: str) -> None:
    with pytest.raises(ValidationError) as refused:
        _recipe(*components, **more)
    assert fault in str(refused.value)


def test_rest_takes_what_the_others_leave_exactly() -> None:
    assert _recipe({"name": "a", "proportion": "0.66"}, REST).components[1].proportion == "17/50"


def test_every_shipped_recipe_is_valid() -> None:
    names = {path.stem for path in SHIPPED.glob("*.yaml")}
    assert {read(name).name for name in names} >= {"natural", "score", "filtered", "open_only", "long_answers"}


def test_two_ways_to_ask_for_one_blend_have_one_digest() -> None:
    plain, preset, given = read("gpr_up"), read("gpr_up", preset="exact"), read("gpr_up", set={"split": "4/6"})
    digests = {recipe_digest(each.model_dump(mode="json")) for each in (plain, preset, given)}
    assert len(digests) == 1
    assert read("gpr_up", preset="paper_0.66").components[0].proportion == "33/50"
    assert "parameters" not in plain.model_dump()


def test_lists_whose_order_means_nothing_do_not_move_the_digest() -> None:
    one, other = (
        _recipe(
            {"name": "a", "proportion": 1, "select": {"source": names, "domain": domains}}, licenses={"deny": names}
        )
        for names, domains in ((["x", "y"], ["gpr", "math"]), (["y", "x", "y"], ["math", "gpr"]))
    )
    assert one.model_dump(mode="json") == other.model_dump(mode="json")


def test_a_sibling_has_a_name_that_is_safe_as_well() -> None:
    recipe = _recipe({"name": "a", "proportion": 1}).model_copy(update={"name": "n" * 95})
    with pytest.raises(UserError, match=r"name of a sibling 'n+-seed0': expected at most 100"):
        recipe.siblings(2)


def test_the_channel_of_the_command_line_is_no_key_of_a_file(tmp_path: Path) -> None:
    for key in ("set: {n: 3}", "preset: few"):
        (tmp_path / "r.yaml").write_text(
            f"name: r\n{key}\nparameters: {{n: 9}}\npresets: {{few: {{n: 3}}}}\nsize: $n\n"
            "components: [{name: a, proportion: 1}]\n"
        )
        with pytest.raises(UserError, match=r"r\.yaml:2  (set|preset): unknown key"):
            read(str(tmp_path / "r.yaml"))


def test_a_list_can_be_set(tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text(
        "name: r\nparameters: {s: [gsm8k]}\ncomponents: [{name: a, proportion: 1, select: {source: $s}}]\n"
    )
    path = str(tmp_path / "r.yaml")
    assert read(path, set={"s": "[open, arc]"}).components[0].select.source == ["arc", "open"]
    for wrong in ("arc", "[arc", "[[arc]]"):
        with pytest.raises(UserError, match=r"--set s: the recipe has a list here; expected one such as '\[a, b\]'"):
            read(path, set={"s": wrong})


def test_what_is_set_goes_before_the_preset() -> None:
    assert read("gpr_up", preset="paper_0.66", set={"split": "3/4"}).components[1].proportion == "1/4"


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"set": {"spilt": "0.6"}}, "--set spilt: the recipe has no parameter of this name. Did you mean 'split'?"),
        (
            {"preset": "paper"},
            "--preset paper: no preset of this name. Did you mean 'paper_0.66'? There are: exact, paper_0.66",
        ),
        (
            {"set": {"split": "many"}},
            "gpr_up.yaml:11  components[0].proportion: expected a share such as 0.5 or 2/3, or 'rest'",
        ),
        ({"set": {"split": "1"}}, "gpr_up.yaml:10  components: math: nothing is left for 'rest'"),
    ],
)
def test_a_wrong_parameter_is_named(changes: dict[str, Any], fault: str) -> None:
    with pytest.raises(UserError) as refused:
        read("gpr_up", **changes)
    assert fault in str(refused.value)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("parameters: {split: 1, other: 2}\ncomponents: [{name: a, proportion: $split}]", "'other' stands nowhere"),
        ("components: [{name: a, proportion: $split}]", "$split: the recipe has no parameter of this name"),
        (
            "parameters: {s: 1}\npresets: {p: {t: 1}}\ncomponents: [{name: a, proportion: $s}]",
            "presets.p: 't': the recipe",
        ),
    ],
)
def test_parameters_and_their_uses_go_together(tmp_path: Path, text: str, fault: str) -> None:
    (tmp_path / "r.yaml").write_text(f"name: r\n{text}\n")
    with pytest.raises(UserError) as refused:
        read(str(tmp_path / "r.yaml"))
    assert fault in str(refused.value)


def test_an_assignment_has_a_name_and_a_value() -> None:
    assert assignments(["split=2/3", "where = a = 'b'"]) == {"split": "2/3", "where": "a = 'b'"}
    for wrong in (["split"], ["=2"], ["a b=1"], ["a=1", "a=2"]):
        with pytest.raises(UserError, match="--set"):
            assignments(wrong)
