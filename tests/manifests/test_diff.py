"""Differences: every row that went, came or moved has the reason for it, and the figures add up."""

import copy
import re
from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from manifests.changes import (
    Change,
    curation_changes,
    ledger_changes,
    pin_changes,
    recipe_changes,
    source_changes,
    weights,
)
from manifests.diff import UNKNOWN_IN, UNKNOWN_OUT, CorpusRows, compare_rows, count_reasons
from manifests.manifest import CorpusRecord, FileRecord, LedgerLine, SourceRecord
from manifests.store import Stored, write
from tests.manifests.support import CORPUS, curated, draft, holdout_rule, sums, write_sums

RECURATED = CorpusRecord(**CORPUS.model_dump() | {"content": "d" * 64})


def _corpus(
    numbers: list[int],
    dropped: list[tuple[int, str | None, str, str]] | None = None,
    left_out: dict[int, str] | None = None,
) -> CorpusRows:
    """Return a corpus of sums; a dropped one is (number, "row" or None when the whole item went, stage, reason)."""
    drops = [
        {"row_id": row and f"row-{number}", "item_id": f"item-{number}", "stage": stage, "reason": reason}
        for number, row, stage, reason in dropped or []
    ]
    out = [{"row_id": f"row-{number}", "reason": reason} for number, reason in (left_out or {}).items()]
    text = [(name, pa.string()) for name in ("row_id", "item_id", "stage", "reason")]
    return CorpusRows(
        rows=pa.table(
            {"row_id": [f"row-{n}" for n in numbers], "item_id": [f"item-{n}" for n in numbers]}, pa.schema(text[:2])
        ),
        dropped=pa.Table.from_pylist(drops, schema=pa.schema(text)),
        left_out=pa.Table.from_pylist(out, schema=pa.schema([text[0], text[3]])),
    )


def _reasons(before: Stored, after: Stored, was: CorpusRows | None = None, now: CorpusRows | None = None) -> set[Any]:
    rows = compare_rows(before, after, was, now).to_pylist()
    return {(row["change"], int(row["row_id"].removeprefix("row-")), row["reason"]) for row in rows}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "store"


def _blend(place: Path, numbers: list[int], held: list[int] | None = None, **changes: Any) -> Stored:
    """Write a blend whose component asks for what it has."""
    return write_sums(place, numbers, held, **changes).stored


def test_a_row_that_curation_dropped_says_at_which_stage_and_why(place: Path) -> None:
    ledger = [_line("sums", stage) for stage in ("duplicates", "leaks", "verifiable")]
    before, after = _blend(place, [1, 2, 3, 4]), _blend(place, [5, 6, 7, 8], corpus=RECURATED, ledger=ledger)
    now = _corpus(
        [5, 6, 7, 8],
        [
            (1, None, "leaks", "contaminated"),
            (1, None, "duplicates", "duplicate"),  # a copy of it went earlier; the leak is why none is left
            (2, "row", "verifiable", "answer_too_long"),
            (5, None, "duplicates", "duplicate"),  # a copy of a row that stays
        ],
    )
    out = {reason for reason in _reasons(before, after, None, now) if reason[0] == "out"}
    assert out == {
        ("out", 1, "dropped by leaks (contaminated)"),
        ("out", 2, "dropped by verifiable (answer_too_long)"),
        ("out", 3, "its source row is gone"),
        ("out", 4, "its source row is gone"),
    }


def test_a_dropped_copy_is_no_reason_while_a_form_of_the_item_is_left(place: Path) -> None:
    before, after = _blend(place, [1, 2]), _blend(place, [2, 3], corpus=RECURATED, ledger=[_line("sums", "duplicates")])
    now = _corpus([2, 3], [(1, None, "duplicates", "duplicate")])
    other_form = pa.table({"row_id": ["row-1-mcq"], "item_id": ["item-1"]}, now.rows.schema)
    now = CorpusRows(pa.concat_tables([now.rows, other_form]), now.dropped, now.left_out)
    assert ("out", 1, "its source row is gone") in _reasons(before, after, None, now)


def test_a_component_that_selects_otherwise_says_by_which_key(place: Path) -> None:
    parts = [
        {"name": "sums", "proportion": "1/2", "select": {"source": ["sums"]}},
        {"name": "others", "proportion": "1/2"},
    ]
    changed = [{**parts[0], "select": {"source": ["more"]}}, {**parts[1], "distinct": 3}]
    before, after = (
        _blend(place, rows, recipe={"components": of}) for rows, of in (([1, 2], parts), ([1, 3], changed))
    )
    selects = "the recipe draws other rows (components[sums].select.source)"
    assert _reasons(before, after) == {("out", 2, selects), ("in", 3, selects)}


GROUPED = [
    {"name": "first", "proportion": "1/4", "select": {"source": ["a"]}},
    {
        "name": "group",
        "proportion": "1/2",
        "select": {"source": ["b"]},
        "components": [
            {"name": "inner", "proportion": "1/2", "select": {"template": ["mcq"]}},
            {"name": "sums", "proportion": "1/2", "distinct": 3},
        ],
    },
    {"name": "last", "proportion": "1/4", "select": {}},
]


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("components[first].select.source", True),
        ("components[group].select.source", True),
        ("components[group].components[inner].select.template", True),
        ("components[group].components[sums].distinct", True),
        ("components[group].components[inner].split_by", False),
        ("components[last].select.source", False),
        ("seed", True),
        ("holdout.share", True),
        ("holdout.max_rows", False),
        ("order.by", False),
    ],
)
def test_what_a_component_selects_concerns_it_and_those_after_it(place: Path, key: str, expected: bool) -> None:
    """The part `sums.x` of the component `sums` draws other rows; is this the reason?"""
    [part] = draft(sums([1])).components
    rows = [sums(numbers, component="sums.x") for numbers in ([1, 2], [1, 3])]
    rule = holdout_rule(frozenset(["item-50"]))
    recipes = [copy.deepcopy({"components": GROUPED, "holdout": rule}) for _ in rows]
    _put(recipes[1], key)
    before, after = (
        write(place, draft(table, recipe=recipe, components=[part.model_copy(update={"name": "sums.x"})]), table).stored
        for table, recipe in zip(rows, recipes, strict=True)
    )
    [reason] = {reason for change, _, reason in _reasons(before, after) if change == "out"}
    assert (f"({key})" in reason) is expected, reason


def _put(recipe: dict[str, Any], key: str) -> None:
    """Write another value at a key such as `components[a].select.source`."""
    *path, last = re.split(r"[.\[]", key.replace("]", ""))
    at: Any = recipe
    for step in path:
        at = next(each for each in at if each["name"] == step) if isinstance(at, list) else at.setdefault(step, {})
    at[last] = "1/19"


def test_an_item_is_held_out_by_the_rule_and_not_by_the_file(place: Path) -> None:
    """`max_rows` cuts the file of a holdout; the items that it leaves away are held out all the same."""
    rule = {"holdout": holdout_rule(frozenset(["item-1", "item-2"]))}
    before, after = _blend(place, [1, 2, 3, 4]), _blend(place, [3, 4, 5, 6], held=[1], recipe=rule)
    both = {("out", 1, "held out"), ("out", 2, "held out")}
    assert both == {each for each in _reasons(before, after) if each[0] == "out"}
    came = {each for each in _reasons(after, before) if each[0] == "in"}
    assert came == {("in", 1, "no longer held out"), ("in", 2, "no longer held out")}


def test_an_item_that_is_gone_is_not_held_out(place: Path) -> None:
    before, after = _blend(place, [1, 2]), _blend(place, [2, 3], held=[1], corpus=RECURATED)
    assert ("out", 1, "its source row is gone") in _reasons(before, after, None, _corpus([2, 3]))


def test_a_row_that_the_recipe_leaves_out_now_says_so(place: Path) -> None:
    before = _blend(place, [1, 2, 3, 4, 10000, 5])
    after = _blend(place, [3, 4, 5, 3], held=[1], recipe={"max_prompt_characters": 20})
    now = _corpus([1, 2, 3, 4, 5, 10000], left_out={2: "license"})
    assert {reason for reason in _reasons(before, after, now, now) if reason[0] == "out"} == {
        ("out", 1, "held out"),
        ("out", 2, "left out: license"),
        ("out", 10000, "left out: over_limit"),
    }
    assert ("in", 1, "no longer held out") in _reasons(after, before, now, now)


def test_a_smaller_blend_draws_fewer_rows_and_a_larger_one_more(place: Path) -> None:
    large, small = _blend(place, [1, 2, 3, 4]), _blend(place, [1, 2])
    now = _corpus([1, 2, 3, 4])
    fewer, more = (f"its component draws {what} rows (the blend's size changed)" for what in ("fewer", "more"))
    assert _reasons(large, small, now, now) == {("out", 3, fewer), ("out", 4, fewer)}
    assert _reasons(small, large, now, now) == {("in", 3, more), ("in", 4, more)}


def test_another_seed_is_the_reason_where_nothing_else_is(place: Path) -> None:
    before, after = _blend(place, [1, 2]), _blend(place, [1, 3], recipe={"seed": 7})
    now = _corpus([1, 2, 3])
    other = "the recipe draws other rows (seed)"
    assert _reasons(before, after, now, now) == {("out", 2, other), ("in", 3, other)}


def test_a_row_is_displaced_by_one_that_is_new_in_the_corpus(place: Path) -> None:
    before, after = _blend(place, [1, 2]), _blend(place, [1, 9], corpus=RECURATED)
    assert _reasons(before, after, _corpus([1, 2]), _corpus([1, 2, 9])) == {
        ("out", 2, "displaced by rows that are new in the corpus"),
        ("in", 9, "new in the corpus"),
    }


def test_a_row_that_was_there_before_takes_the_place_of_one_that_went(place: Path) -> None:
    before, after = _blend(place, [1, 2]), _blend(place, [1, 3], corpus=RECURATED)
    assert _reasons(before, after, _corpus([1, 2, 3]), _corpus([1, 3])) == {
        ("out", 2, "its source row is gone"),
        ("in", 3, "takes the place of a row that went"),
    }


def test_what_a_corpus_that_is_gone_would_tell_is_unknown(place: Path) -> None:
    sources = [_source("sums", 4)]
    before = _blend(place, [1, 2], sources=sources)
    after = _blend(place, [1, 3], corpus=RECURATED, sources=[_source("sums", 5)])
    assert _reasons(before, after) == {("out", 2, UNKNOWN_OUT), ("in", 3, UNKNOWN_IN)}
    assert _reasons(before, after, None, _corpus([1, 3])) == {
        ("out", 2, "its source row is gone"),
        ("in", 3, UNKNOWN_IN),
    }


def test_a_component_that_had_every_row_can_only_gain_new_ones(place: Path) -> None:
    rows = sums([1, 2])
    [part] = draft(rows).components
    before = _blend(place, [1, 2], components=[part.model_copy(update={"available": 2})])
    after = _blend(place, [1, 3], corpus=RECURATED)
    assert ("in", 3, "new in the corpus") in _reasons(before, after, None, _corpus([1, 2, 3]))


def test_a_source_that_came_or_went_is_named(place: Path) -> None:
    before = _blend(place, [1, 2], sources=[_source("sums", 2)])
    after = _blend(place, [3, 4], sources=[_source("others", 2)], corpus=RECURATED)
    assert _reasons(before, after) == {
        ("out", 1, "its source sums is not in the corpus"),
        ("out", 2, "its source sums is not in the corpus"),
        ("in", 3, UNKNOWN_IN),
        ("in", 4, UNKNOWN_IN),
    }
    assert source_changes(before.manifest, after.manifest) == [
        Change("sums", "2 rows, MIT", None),
        Change("others", None, "2 rows, MIT"),
    ]


def test_a_repeated_row_goes_by_how_often_it_is_drawn(place: Path) -> None:
    twice, once = _blend(place, [1, 2, 1, 2]), _blend(place, [1, 2])
    assert _reasons(twice, once) == {("out", 1, "drawn fewer times"), ("out", 2, "drawn fewer times")}
    assert _reasons(once, twice) == {("in", 1, "drawn more times"), ("in", 2, "drawn more times")}


def test_a_row_in_both_says_what_is_different_of_it(place: Path) -> None:
    before = _blend(place, [1, 2, 3, 4, 5, 6])
    rows = sums([1, 2, 6, 4, 5, 3]).to_pylist()
    rows[0]["prompt"] = [{"role": "user", "content": "1 + 1?"}]
    rows[1]["ground_truth"], rows[1]["solution"] = "five", "2 + 2 = 5"
    rows[3]["component"] = "others"
    changed = pa.Table.from_pylist(rows, schema=sums([1]).schema)
    after = write(place, draft(changed), changed).stored
    assert _reasons(before, after) == {
        ("moved", 1, "another prompt"),
        ("moved", 2, "another gold, another solution"),
        ("moved", 3, "another batch"),
        ("moved", 4, "component others draws it"),
        ("moved", 6, "another batch"),
    }


numbers = st.lists(st.integers(1, 12), min_size=2, max_size=12)


@given(numbers, numbers)
@settings(max_examples=30)
def test_the_rows_of_a_difference_add_up(
    tmp_path_factory: pytest.TempPathFactory, old: list[int], new: list[int]
) -> None:
    place = tmp_path_factory.mktemp("difference")
    rows = compare_rows(_blend(place, old), _blend(place, new), None, None)
    kinds = Counter(rows["change"].to_pylist())
    assert kinds["out"] == sum((Counter(old) - Counter(new)).values())
    assert kinds["in"] == sum((Counter(new) - Counter(old)).values())
    assert len(old) - kinds["out"] + kinds["in"] == len(new)
    assert rows["reason"].null_count == 0
    assert sum(count_reasons(rows)["rows"].to_pylist()) == rows.num_rows


def test_a_difference_is_the_same_for_any_number_of_threads(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, after = _blend(place, list(range(3000))), _blend(place, list(range(1500, 4500))[::-1])
    tables = []
    for threads in ("1", "2"):
        monkeypatch.setenv("CROSSTHINK_THREADS", threads)
        tables.append(compare_rows(before, after, None, None))
    assert tables[0].equals(tables[1])
    assert pl.DataFrame(tables[0])["change"].rle().struct.field("value").to_list() == ["out", "in", "moved"]


def test_what_two_manifests_say_differently_is_listed_by_key(place: Path) -> None:
    parts = [{"name": "gpr", "proportion": "2/3", "select": {"domain": ["gpr"]}}, {"name": "math", "proportion": "1/3"}]
    old = draft(sums([1, 2]), recipe={"components": parts, "description": "one"}, ledger=[_line("sums", "ingest")])
    parts = [{"name": "math", "proportion": "1/2"}, {"name": "gpr", "proportion": "1/2", "select": {"domain": ["gpr"]}}]
    new = draft(
        sums([1, 2]),
        recipe={"components": parts, "description": "two", "size": 9},
        ledger=[_line("sums", "ingest", kept=4)],
        corpus=RECURATED,
        verifier_digest="w" * 64,
    )
    assert [each.key for each in recipe_changes(old, new)] == [
        "components[gpr].proportion",
        "components[math].proportion",
        "components (order)",
        "size",
    ]
    assert pin_changes(old, new) == [
        Change("corpus.content", "c" * 12, "d" * 12),
        Change("verifier_digest", "v", "w" * 12),
    ]
    assert ledger_changes(old, new) == [Change("sums.ingest.kept", 5, 4), Change("sums.ingest.dropped", 0, 1)]
    assert [each.rows for each in weights(old, new)] == [(2, 2)]


def test_settings_of_a_curation_that_changed_are_listed_by_key_with_both_values() -> None:
    sums_source, algebra = {"name": "sums", "license": "MIT"}, {"name": "algebra", "license": None}
    parts = {"filters": {"max_answer_words": 10}, "near_duplicates": {"bands": 32}, "sources": [sums_source]}
    old = draft(sums([1, 2]), corpus=curated(**parts))
    changed = {"filters": {"max_answer_words": 8}, "sources": [algebra, sums_source | {"license": "CC0-1.0"}]}
    new = draft(sums([1, 2]), corpus=curated(**parts | changed))
    assert curation_changes(old, new) == [
        Change("filters.max_answer_words", 10, 8),
        Change("sources[sums].license", "MIT", "CC0-1.0"),
        Change("sources (order)", ["sums"], ["algebra", "sums"]),
    ]
    assert [each.key for each in pin_changes(old, new)] == ["corpus.settings"]
    assert curation_changes(old, old) == []


def test_what_is_known_by_its_digest_alone_differs_in_its_digest_alone() -> None:
    old, new = draft(sums([1, 2])), draft(sums([1, 2]), corpus=curated(filters={"max_answer_words": 8}))
    assert curation_changes(old, new) == curation_changes(new, old) == []
    assert [each.key for each in pin_changes(old, new)] == ["corpus.settings"]


def test_a_changed_source_says_what_of_it_changed() -> None:
    old = draft(sums([1, 2]), sources=[_source("sums", 4)])
    new = draft(sums([1, 2]), sources=[_source("sums", 5, sha256="b" * 64, license="Apache-2.0")])
    assert source_changes(old, new) == [
        Change("sums.license", "MIT", "Apache-2.0"),
        Change("sums.rows", 4, 5),
        Change("sums.files[sums.jsonl]", "a" * 12, "b" * 12),
    ]


def _line(source: str, stage: str, kept: int = 5) -> LedgerLine:
    return LedgerLine(
        stage=stage, source=source, unit="items", rows_in=5, added=0, kept=kept, dropped=5 - kept, reasons={}
    )


def _source(name: str, rows: int, sha256: str = "a" * 64, license: str = "MIT") -> SourceRecord:
    file = FileRecord(name=f"{name}.jsonl", sha256=sha256, bytes=1)
    return SourceRecord(name=name, adapter="gsm8k", revision="", license=license, files=[file], rows=rows)
