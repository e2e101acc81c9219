"""The three digests change exactly when what they are of changes, and a check finds every changed byte."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossthink.errors import UserError
from crossthink.files import digest
from manifests.catalog import Catalog
from manifests.manifest import (
    LABELS,
    Asked,
    FileRecord,
    SourceRecord,
    StageRecord,
    asked_for,
    content_digest,
    recipe_digest,
    sources_digest,
)
from manifests.seal import from_text, to_text
from manifests.store import Stored, check, load, write
from manifests.views import views
from tests.manifests.support import CORPUS, curated, draft, holdout_rule, sums, write_sums

words = st.text(alphabet="ab[]., ", max_size=3)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)
recipes = st.dictionaries(st.sampled_from(["seed", "size", "components", "licenses", *LABELS]), values)
sources = st.lists(
    st.builds(
        SourceRecord,
        name=st.sampled_from(["gsm8k", "mmlu", "arc"]),
        adapter=words,
        revision=words,
        license=words,
        files=st.lists(st.builds(FileRecord, name=words, sha256=words, bytes=st.integers(0, 9)), max_size=2),
        rows=st.integers(0, 9),
    ),
    max_size=3,
    unique_by=lambda source: source.name,
)


def asked(**changes: Any) -> Asked:
    values: dict[str, Any] = {
        "model": "m",
        "api": "chat",
        "sampling": {"temperature": 1.0},
        "prompts": {"solve.v1": "d"},
        "requests": 4,
        "samples": 8,
        "failures": {},
        "prompt_tokens": 40,
        "completion_tokens": 80,
        "answers": "a",
    }
    return Asked(**values | changes)


def _canonical(value: Any) -> Any:
    """Tell True from 1, which Python takes for equal."""
    if isinstance(value, dict):
        return {key: _canonical(part) for key, part in value.items()}
    return [_canonical(part) for part in value] if isinstance(value, list) else (type(value).__name__, value)


@given(recipes, recipes)
def test_recipes_have_one_digest_only_if_they_ask_the_same(one: dict[str, Any], other: dict[str, Any]) -> None:
    asked = [_canonical({key: value for key, value in each.items() if key not in LABELS}) for each in (one, other)]
    assert (recipe_digest(one) == recipe_digest(other)) == (asked[0] == asked[1])


@given(recipes, st.sampled_from(LABELS), values)
def test_what_a_recipe_is_called_is_not_in_its_digest(recipe: dict[str, Any], label: str, value: Any) -> None:
    assert recipe_digest({**recipe, label: value}) == recipe_digest(recipe)


@given(sources, sources, st.sampled_from(["s", "t"]))
def test_sources_have_one_digest_only_if_they_are_the_same(
    one: list[SourceRecord], other: list[SourceRecord], settings_digest: str
) -> None:
    corpora = (CORPUS, CORPUS.model_copy(update={"settings": settings_digest * 64}))
    same = sorted(map(str, one)) == sorted(map(str, other)) and settings_digest == "s"
    assert (sources_digest(corpora[0], one) == sources_digest(corpora[1], other)) == same


@given(sources, st.integers(1, 99))
def test_where_a_corpus_lies_and_what_it_is_called_is_in_no_digest(one: list[SourceRecord], items: int) -> None:
    named = CORPUS.model_copy(update={"name": "another", "items": items})
    assert sources_digest(named, list(reversed(one))) == sources_digest(CORPUS, one)


def test_a_source_that_no_model_has_made_has_the_digest_that_it_always_had() -> None:
    source = SourceRecord(name="gsm8k", adapter="gsm8k", revision="r", license="MIT", files=[], rows=3)
    assert sources_digest(CORPUS, [source]) == "7eec44c98811690ffce932b037d931011450397528ea8e769c901fb3e6903a47"
    made = source.model_copy(update={"asked": [asked(answers="a")]})
    other = source.model_copy(update={"asked": [asked(answers="b")]})
    assert len({sources_digest(CORPUS, [each]) for each in (source, made, other)}) == 3


def test_a_manifest_says_what_models_its_rows_came_through_and_nothing_where_there_are_none(tmp_path: Path) -> None:
    rows = sums([1, 2, 3, 4])
    assert b'"asked"' not in to_text(draft(rows))
    source = SourceRecord(
        name="made", adapter="synthetic", revision="r", license="MIT", files=[], rows=4, asked=[asked()]
    )
    judged = CORPUS.model_copy(update={"asked": [asked(model="judge", failures={"empty": 2})]})
    stored = write(tmp_path, draft(rows, sources=[source], corpus=judged), rows, None).stored
    assert from_text(to_text(stored.manifest), "here") == stored.manifest
    assert [(made, each.model) for made, each in asked_for(stored.manifest)] == [("made", "m"), (None, "judge")]
    with Catalog(views(tmp_path)) as catalog:
        found = catalog.query("SELECT source, model, failures, prompts FROM blend_asked ORDER BY model").to_pylist()
    assert found == [
        {"source": None, "model": "judge", "failures": [("empty", 2)], "prompts": [("solve.v1", "d")]},
        {"source": "made", "model": "m", "failures": [], "prompts": [("solve.v1", "d")]},
    ]


def test_a_manifest_from_before_settings_were_kept_has_the_text_that_it_always_had(tmp_path: Path) -> None:
    text = to_text(draft(sums([1, 2, 3, 4]), sums([9])))
    assert sha256(text).hexdigest() == "5756d06f556e6c9682fc3dd692b135232e1a1804cd6a1a35fdcfbbdea7e77163"
    assert to_text(from_text(text, "here")) == text
    check(write_sums(tmp_path, [1, 2, 3, 4], held=[9]).stored, deep=True)


def test_keeping_the_settings_makes_no_other_version_of_a_blend(tmp_path: Path) -> None:
    settings_kept = curated(dedup={"prefer": ["sums"]})
    before = settings_kept.model_copy(update={"curation": {}})
    assert write_sums(tmp_path, [1, 2], corpus=before).is_new
    again = write_sums(tmp_path, [1, 2], corpus=settings_kept)
    assert (again.is_new, again.stored.manifest.version, again.stored.manifest.corpus.curation) == (False, 1, {})
    assert write_sums(tmp_path, [1, 2], corpus=curated(dedup={"prefer": []})).stored.manifest.version == 2


curations = st.dictionaries(words, values | st.floats(-1e9, 1e9), min_size=1, max_size=3)


@given(curations, curations)
def test_a_manifest_holds_the_settings_to_their_digest(one: dict[str, Any], other: dict[str, Any]) -> None:
    manifest = draft(sums([1, 2]), corpus=curated(**one))
    assert from_text(to_text(manifest), "here") == manifest
    stated = json.loads(to_text(manifest)) | {"corpus": manifest.corpus.model_dump(mode="json") | {"curation": other}}
    del stated["seal"]
    forged = json.dumps(stated | {"seal": digest(stated)}, indent=2, ensure_ascii=False).encode() + b"\n"
    if digest(other) == digest(one):
        return
    with pytest.raises(UserError) as found:
        from_text(forged, "here")
    assert str(found.value) == (
        f"here: corpus.curation: found settings of digest {digest(other)}, expected {digest(one)}."
        " A manifest is never edited: restore it, or blend again"
    )


@given(st.lists(st.integers(1, 9), min_size=1, max_size=8), st.lists(st.integers(1, 9), min_size=1, max_size=8))
def test_content_is_the_rows_and_their_order(one: list[int], other: list[int]) -> None:
    assert (content_digest(sums(one)) == content_digest(sums(other))) == (one == other)


@pytest.fixture(scope="module")
def blend(tmp_path_factory: pytest.TempPathFactory) -> Stored:
    """A blend of real files: a manifest with text beyond ASCII, rows and a holdout."""
    place = tmp_path_factory.mktemp("flipped")
    return write_sums(place, list(range(1, 41)), held=[50, 51], recipe={"description": "Über ½ der Fälle"}).stored


def _files(stored: Stored) -> dict[str, Path]:
    assert stored.holdout_path is not None
    return {
        "manifest.json": Path(stored.address),
        "rows.parquet": stored.rows_path,
        "holdout.parquet": stored.holdout_path,
    }


@pytest.mark.parametrize("name", ["manifest.json", "rows.parquet", "holdout.parquet"])
@given(data=st.data())
@settings(max_examples=150)
def test_any_flipped_bit_of_any_file_is_found_and_the_file_named(blend: Stored, name: str, data: st.DataObject) -> None:
    path = _files(blend)[name]
    whole = path.read_bytes()
    place = data.draw(st.integers(0, len(whole) - 1))
    bit = 1 << data.draw(st.integers(0, 7))
    try:
        path.write_bytes(whole[:place] + bytes([whole[place] ^ bit]) + whole[place + 1 :])
        with pytest.raises(UserError) as found:
            check(load(blend.objects.root, "sums"))  # type: ignore[attr-defined]
        assert str(found.value).startswith(str(path))
        assert name in str(found.value)
    finally:
        path.write_bytes(whole)
    check(load(blend.objects.root, "sums"))  # type: ignore[attr-defined]


def _untrue(rows: pa.Table, **changes: Any) -> pa.Table:
    for name, column in changes.items():
        place = rows.schema.get_field_index(name)
        rows = rows.set_column(place, rows.schema.field(place), pa.array(column, rows.schema.field(place).type))
    return rows


def _stage(name: str, first: int, batches: int) -> StageRecord:
    return StageRecord(name=name, first_batch=first, batches=batches, rows=2 * batches)


@pytest.mark.parametrize(
    ("rows", "changes", "message"),
    [
        (sums([1, 2, 3, 5]), {}, r"digests\.content: found \w+, expected \w+"),
        (_untrue(sums([1, 2, 3, 4]), position=[0, 1, 3, 2]), {}, "rows out of their place: found 2, expected 0"),
        (_untrue(sums([1, 2, 3, 4]), batch=[0, 0, 0, 1]), {}, "rows out of their place: found 1, expected 0"),
        (sums([1, 2, 3, 4]), {"batches": 3}, r"batches: found 2\.0, expected 3"),
        (sums([1, 2, 3, 4]), {"part": {"rows": 3}}, "rows of sums: found 4, expected 3"),
        (sums([1, 2, 3, 4]), {"part": {"unique_rows": 3}}, "unique rows of sums: found 4, expected 3"),
        (sums([1, 2, 3, 4]), {"part": {"name": "others"}}, "rows of others: found 0, expected 4"),
        (sums([1, 2, 3, 4]), {"held": [4]}, "held-out items among the rows: found 1, expected 0"),
        (
            sums([1, 2, 3, 4]),
            {"recipe": {"holdout": holdout_rule(frozenset(["item-8"]))}},
            "items that the recipe does not hold out: found 1, expected 0",
        ),
        (
            sums([1, 2, 3, 4]),
            {"recipe": {"holdout": None}},
            "whether the recipe holds items out: found False, expected True",
        ),
        (_untrue(sums([1, 2, 3, 4]), epoch=[0, 0, 1, 0]), {}, "rows with an epoch that is not their own: found 1"),
        (
            _untrue(sums([1, 2, 3, 4]), item_id=["a", "a", "b", "c"]),
            {},
            r"statistics\.unique_items: found 3, expected 4",
        ),
        (sums([1, 2, 3, 4]), {"part": {"realised": 0.5}}, r"realised share of sums: found 1\.0, expected 0\.5"),
        (sums([1, 2, 3, 4]), {"trimmed": -2}, "trimmed is less than 0: found True"),
        (
            sums([1, 2, 3, 4]),
            {"said": {"source": {"evil": 5}}},
            r"statistics\.source: found \{'sums': 4\}, expected \{'evil'",
        ),
        (sums([1, 2, 3, 4]), {"said": {"template": {"mcq": 4}}}, r"statistics\.template: found"),
        (sums([1, 2, 3, 4]), {"said": {"answer_kind": {}}}, r"statistics\.answer_kind: found"),
        (sums([1, 2, 3, 4]), {"said": {"unique_rows": 3}}, r"statistics\.unique_rows: found 4, expected 3"),
        (
            sums([1, 2, 3, 4]),
            {"said": {"mixture": []}},
            r"statistics\.mixture: found \{'sums, open': 4\}, expected \{\}",
        ),
        (
            sums([1, 2, 3, 4]),
            {"stages": [_stage("one", 0, 1), _stage("two", 2, 1)]},
            "first batch of stage two: found 1, expected 2",
        ),
        (sums([1, 2, 3, 4]), {"stages": [_stage("one", 0, 1)]}, "batches of all stages: found 2, expected 1"),
        (
            sums([1, 2, 3, 4]),
            {"stages": [_stage("one", 0, 2)]},
            r"stages of the recipe: found \['one'\], expected \[\]",
        ),
    ],
)
def test_a_manifest_that_was_never_true_is_found_by_a_deep_check_alone(
    tmp_path: Path, rows: pa.Table, changes: dict[str, Any], message: str
) -> None:
    holdout = sums(changes.pop("held", [9]))
    [part] = draft(sums([1, 2, 3, 4])).components
    part = part.model_copy(update=changes.pop("part", {}))
    said = draft(sums([1, 2, 3, 4])).statistics | changes.pop("said", {})
    stated = draft(sums([1, 2, 3, 4]), holdout, components=[part], statistics=said, **changes)
    stored = write(tmp_path, stated, rows, holdout).stored
    check(stored)
    with pytest.raises(UserError, match=message):
        check(stored, deep=True)


@pytest.mark.parametrize(
    ("written", "instead"), [('"realised": 1.0', '"realised": NaN'), ('"name": "sums"', '"name": "\\ud800"')]
)
def test_what_no_manifest_is_written_with_is_one_message(written: str, instead: str) -> None:
    text = to_text(draft(sums([1, 2]))).decode()
    assert written in text
    with pytest.raises(UserError, match=r"^x: .*A manifest is never edited: restore it, or blend again"):
        from_text(text.replace(written, instead, 1).encode(), "x")


def test_the_text_of_a_manifest_is_read_back_as_it_was() -> None:
    manifest = draft(sums([1, 2]), recipe={"description": 'Ü "½" \\ \n'})
    assert from_text(to_text(manifest), "x") == manifest
