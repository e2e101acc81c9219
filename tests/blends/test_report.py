"""The page about a blend: what it says, what it lets in, and how the command writes it."""

import base64
import hashlib
import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blends.report import Other, render_report
from blends.report.ask import Asker
from blends.report.contents import packed
from blends.report.page import corpus_stands
from blends.report.schedule import runs
from blends.report.wording import breakable, cut, percent, points, visible
from crossthink.cli.catalog import open_catalog
from crossthink.files import digest
from crossthink.workspace import Workspace
from manifests.catalog import Catalog
from manifests.store import Stored, load
from tests.support import CommandLine


def render(workspace: Workspace, name: str = "gpr_up", other: Other | None = None) -> str:
    with open_catalog(workspace) as catalog:
        return render_report(load(workspace.manifests, name), catalog, workspace, other)


@pytest.fixture(scope="module")
def stored(sample_workspace: Path) -> Stored:
    return load(Workspace(sample_workspace).manifests, "gpr_up")


@pytest.fixture(scope="module")
def page(sample_workspace: Path) -> str:
    return render(Workspace(sample_workspace))


@pytest.fixture(scope="module")
def catalog(sample_workspace: Path) -> Iterator[Catalog]:
    with open_catalog(Workspace(sample_workspace)) as opened:
        yield opened


def test_the_same_workspace_gives_the_same_bytes(page: str, sample_workspace: Path) -> None:
    assert render(Workspace(sample_workspace)) == page


def test_the_first_paragraph_says_what_it_is(page: str, stored: Stored) -> None:
    manifest = stored.manifest
    lead = re.search(r'<div class="lead">(.*?)</div>', page, re.DOTALL)
    assert lead
    for fact in (
        f"a list of {manifest.rows:,} rows",
        f"{manifest.batches} batches of 12",
        "corpus sample",
        "No row comes twice",
    ):
        assert fact in lead[1]
    for value in manifest.digests.model_dump().values():
        assert value in page


def test_only_its_own_style_and_script_are_let_in(page: str) -> None:
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)
    assert policy
    allowed = policy[1].replace("&#39;", "'")
    for tag in ("style", "script"):
        [text] = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in allowed
    assert allowed.startswith("default-src 'none'")
    assert "unsafe" not in allowed
    assert not re.search(r"<(link|img|iframe|object|embed|base|form|video|audio)\b|\sstyle=|\son\w+=", page)
    assert not re.search(r"(src|href)=\"(?!#)", page)


def test_the_counts_for_filters_are_those_of_the_rows(page: str, stored: Stored) -> None:
    data = re.search(r'<script type="application/json" id="cubes">(.*?)</script>', page)
    assert data
    [cube] = json.loads(data[1])
    assert {"component", "source", "domain", "license"} < set(cube["fields"])
    assert sum(cell[-1] for cell in cube["cells"]) == stored.manifest.rows


def test_a_page_without_its_corpus_says_so_and_keeps_the_manifests_numbers(
    tmp_path: Path, sample_workspace: Path
) -> None:
    shutil.copytree(sample_workspace / "manifests", tmp_path / "manifests")
    gone = render(Workspace(tmp_path))
    assert "The corpus sample is gone from this workspace" in gone
    cubes = json.loads(re.findall(r'id="cubes">(.*?)</script>', gone)[0])
    assert [cube["fields"] for cube in cubes] == [
        ["component", "source", "template", "answer_kind", "bin"],
        ["source", "domain", "license"],
    ]
    there = render(Workspace(sample_workspace))
    for id in ("contents", "weights", "funnel", "sources"):
        section = rf'<section id="{id}".*?</section>'
        assert re.findall(section, gone, re.DOTALL) == re.findall(section, there, re.DOTALL)


def test_a_corpus_made_anew_is_not_the_one_that_the_manifest_pins(
    tmp_path: Path, sample_workspace: Path, stored: Stored
) -> None:
    shutil.copytree(sample_workspace, tmp_path / "w")
    assert corpus_stands(Workspace(tmp_path / "w"), stored.manifest)
    path = tmp_path / "w/corpora/sample/corpus.json"
    stated = json.loads(path.read_text())
    for file in stated["files"]:
        file["sha256"] = "0" * 64
    path.write_text(json.dumps(stated))
    assert not corpus_stands(Workspace(tmp_path / "w"), stored.manifest)


def test_a_blend_compared_with_itself_differs_in_nothing(sample_workspace: Path, stored: Stored) -> None:
    page = render(Workspace(sample_workspace), other=Other(stored, None, None))
    assert "Nothing differs: the same recipe, the same sources, the same rows in the same order." in page


def test_a_setting_of_the_curation_that_changed_is_shown_with_both_values(
    sample_workspace: Path, stored: Stored
) -> None:
    settings = stored.manifest.corpus.curation | {"filters": {"max_answer_words": 77}}
    record = stored.manifest.corpus.model_copy(update={"settings": digest(settings), "curation": settings})
    before = replace(stored, manifest=stored.manifest.model_copy(update={"corpus": record}))
    page = render(Workspace(sample_workspace), other=Other(before, None, None))
    _, _, shown = page.partition("What the curation was asked otherwise")
    assert re.search(r"max_<wbr>answer_<wbr>words.*?>77<.*?>10<", shown.partition("</table>")[0], re.DOTALL), shown[
        :600
    ]


def test_what_is_shown_beside_a_number_is_the_query_that_gave_it(catalog: Catalog) -> None:
    ask = Asker(catalog, {"blend": "it's", "version": 1})
    answer = ask("SELECT $blend AS blend, $version + $more AS number", more=2)
    assert answer.sql == "SELECT 'it''s' AS blend, 1 + 2 AS number"
    assert catalog.query(answer.sql).to_pylist() == answer.rows == [{"blend": "it's", "number": 3}]


@given(st.lists(st.sampled_from([0.0, 0.5, 0.512, 1.0]), max_size=40))
def test_cells_drawn_together_are_the_cells(cells: list[float]) -> None:
    drawn = {cell: depth for start, length, depth in runs(cells) for cell in range(start, start + length)}
    assert drawn == {place: round(depth * 20) / 20 for place, depth in enumerate(cells) if depth}


@given(st.text())
def test_visible_text_holds_no_control_and_turns_no_line(text: str) -> None:
    shown = visible(text)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]", shown)
    assert visible(shown) == shown


def test_numbers_read_as_they_are() -> None:
    assert [percent(share) for share in (0, 0.0001, 0.4066, 0.99999, 1)] == [
        "0.0%",
        "< 0.1%",
        "40.7%",
        "> 99.9%",
        "100.0%",
    ]
    assert [points(each) for each in (0.0123, -0.0123, 0.000001)] == ["+1.23", "\u22121.23", "0"]
    assert cut("abcdef", 3) == "abc … (3 more characters)"
    assert breakable("<a>_b") == "&lt;a&gt;_<wbr>b"


def test_joint_counts_name_values_by_their_places(catalog: Catalog) -> None:
    answer = Asker(catalog, {})("SELECT 'b' AS source, 7 AS rows")
    assert packed([answer], {"source": ["a", "b"]}) == [{"fields": ["source"], "cells": [[1, 7]]}]


def test_the_command_writes_one_page(
    crossthink: CommandLine, tmp_path: Path, sample_workspace: Path, page: str
) -> None:
    code, said, fault = crossthink("report", "gpr_up", "-w", sample_workspace, "-o", tmp_path / "new/page.html")
    assert (code, fault) == (0, "")
    assert "gpr_up@1" in said
    assert (tmp_path / "new/page.html").read_text() == page
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["page.html"]


def test_the_page_goes_where_the_command_was_started(
    crossthink: CommandLine, tmp_path: Path, sample_workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert crossthink("report", "gpr_up", "gpr_up@1", "-w", sample_workspace)[0] == 0
    assert "Nothing differs" in (tmp_path / "gpr_up-1.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["gpr_upp"], "Did you mean 'gpr_up'?"),
        (["gpr_up", "gpr_up@9"], "no version 9"),
        (["gpr_up", "-o", "."], "--output .: is no file"),
        (["gpr_up", "-o", "page.pdf"], "--output page.pdf: expected a name that ends in .html or .htm"),
        (["gpr_up", "-o", "/dev/null/page.html"], "/dev/null is a file, expected a folder"),
        (["nowhere", "-o", "page.txt"], "--output page.txt: expected a name that ends in .html or .htm"),
    ],
)
def test_what_cannot_be_reported_on_is_one_message(
    crossthink: CommandLine, sample_workspace: Path, arguments: list[str], message: str
) -> None:
    code, _, said = crossthink("report", *arguments, "-w", sample_workspace)
    assert (code, said.count("\n")) == (2, 1)
    assert message in said
