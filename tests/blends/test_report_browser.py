"""The page in a real browser: nothing of a corpus runs, filters count, everybody can read it."""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from blends.report import Other, render_report
from crossthink.cli.catalog import open_catalog
from crossthink.cli.corpora import corpus_rows
from crossthink.workspace import Workspace
from manifests.catalog import Catalog
from manifests.store import load
from tests.blends.report_support import HOSTILE, chromium, make_workspace

SECTIONS = [
    "changes",
    "contents",
    "weights",
    "schedule",
    "rewards",
    "answers",
    "examples",
    "funnel",
    "found",
    "sources",
]
SIZES = {"desktop": (1280, 900), "phone": (390, 844)}
Open = Callable[..., Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def workspace(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return make_workspace(tmp_path_factory.mktemp("report"))


@pytest.fixture(scope="module")
def catalog(workspace: Workspace) -> Iterator[Catalog]:
    with open_catalog(workspace) as opened:
        yield opened


@pytest.fixture(scope="module")
def file(workspace: Workspace, catalog: Catalog) -> Path:
    """The page of the second version, compared with the first."""
    before, after = (load(workspace.manifests, f"gpr_up@{version}") for version in (1, 2))
    was, now = (corpus_rows(workspace, each.manifest) for each in (before, after))
    path = workspace.root / "page.html"
    path.write_text(render_report(after, catalog, workspace, Other(before, was, now)))
    return path


@pytest.fixture
def opened(browser: Browser, file: Path) -> Iterator[Open]:
    """Opens the page, and holds it to silence: no request, no dialog, nothing on the console."""
    contexts, said = [], []

    def open(size: str = "desktop", **options: object) -> Page:
        width, height = SIZES[size]
        context = browser.new_context(viewport={"width": width, "height": height}, **options)  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(5000)
        page.on("console", lambda message: said.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: said.append(f"error: {error}"))
        page.on("dialog", lambda dialog: (said.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.on(
            "request", lambda request: said.append(f"request: {request.url}") if request.url != file.as_uri() else None
        )
        page.goto(file.as_uri())
        return page

    yield open
    for context in contexts:
        context.close()
    assert said == []


def shown_rows(page: Page, table: str) -> dict[str, int]:
    """Return the counts that a table shows, by its row headings."""
    rows = page.locator(f"{table} tbody tr").filter(visible=True)
    return {
        row.locator("th").inner_text().split("\n")[0]: int(row.locator("[data-col=rows]").inner_text().replace(",", ""))
        for row in rows.all()
    }


def test_every_section_stands_on_the_page(opened: Open) -> None:
    page = opened()
    assert page.locator("section").evaluate_all("all => all.map(each => each.id)") == SECTIONS
    assert page.locator("nav a").count() == len(SECTIONS)


@pytest.mark.parametrize("text", HOSTILE, ids=["script", "template", "direction"])
def test_a_hostile_question_is_only_text(opened: Open, text: str) -> None:
    page = opened()
    written_out = re.sub("[\u202a-\u202e\u2066-\u2069]", lambda found: f"\\u{ord(found[0]):04x}", text)
    question = page.locator("#example-rows .text").filter(has_text=written_out)
    expect(question).to_be_visible()
    assert question.locator("*").count() == 0
    assert page.locator("img, iframe, [onload], [onerror], script").count() == 2  # its own data and its own script
    assert page.get_by_role("rowheader", name="<b>&'free'").count() == 0  # hidden until it is grouped by licence
    page.locator(".switch").get_by_text("Licence", exact=True).click()
    expect(page.get_by_role("rowheader", name="<b>&'free'")).to_be_visible()


def test_every_query_beside_a_table_gives_the_numbers_in_it(opened: Open, catalog: Catalog) -> None:
    page = opened()
    tables = page.evaluate(
        """() => [...document.querySelectorAll("table[data-sql]")].map(table => {
          let next = table.closest(".wide") || table;
          do { next = next.nextElementSibling } while (!next.matches(".sql"));
          const rows = [...table.tBodies[0].rows].map(row => Object.fromEntries(
            [...row.querySelectorAll("[data-col]")].map(cell => [cell.dataset.col, cell.dataset.value])));
          return { sql: next.querySelector("code").textContent, rows };
        })"""
    )
    assert len(tables) >= 12
    for table in tables:
        answer = catalog.query(table["sql"]).to_pylist()
        if "bin" in answer[0]:  # bins without a row are drawn too
            answer = [row for row in answer if row["rows"]]
            table["rows"] = [row for row in table["rows"] if row["rows"] != "0"]
        found = [{name: str(row[name]) for name in shown} for row, shown in zip(answer, table["rows"], strict=True)]
        assert found == table["rows"], table["sql"]


def test_every_query_on_the_page_runs(opened: Open, catalog: Catalog) -> None:
    queries = set(opened().locator(".sql code").all_text_contents())
    assert len(queries) >= 20
    for sql in queries:
        assert catalog.query(sql).num_columns


@pytest.mark.parametrize("size", SIZES)
def test_filters_count_again(opened: Open, catalog: Catalog, size: str) -> None:
    page = opened(size)
    everything = shown_rows(page, "[data-counted=answer_kind]")
    page.locator("#filters > summary").click()
    page.locator("label.chip", has_text="math.sums").click()
    sql = "SELECT answer_kind, count(*) AS rows FROM blend_rows WHERE blend = 'gpr_up' AND version = 2 AND component = 'math.sums' GROUP BY ALL"
    sums = {row["answer_kind"]: row["rows"] for row in catalog.query(sql).to_pylist()}
    counted = {kind: rows for kind, rows in shown_rows(page, "[data-counted=answer_kind]").items() if rows}
    assert counted == sums != everything
    expect(page.locator("#filter-state")).to_contain_text(f"{sum(sums.values())} rows of math.sums")
    assert shown_rows(page, "#weights") == {"math.sums": sum(sums.values())}
    assert shown_rows(page, "[data-counted=domain]") == {"general reasoning": 0, "mathematics": sum(sums.values())}
    components = page.locator("#example-rows .card").filter(visible=True).locator("b").all_inner_texts()
    assert set(components) == {"math.sums"}
    assert page.locator("#schedule .strips tbody tr").filter(visible=True).count() == 1
    assert page.locator("#rewards .panels figure").filter(visible=True).count() == 1
    assert page.locator("#funnel tbody tr[data-source]").filter(visible=True).count() == 1
    page.get_by_role("button", name="Show everything").click()
    assert shown_rows(page, "[data-counted=answer_kind]") == everything
    expect(page.locator("#clear")).to_be_hidden()


def test_without_its_corpus_a_page_says_what_a_component_cannot_tell(
    browser: Browser, workspace: Workspace, tmp_path: Path
) -> None:
    shutil.copytree(workspace.root / "manifests", tmp_path / "manifests")
    gone = Workspace(tmp_path)
    with open_catalog(gone) as catalog:
        (tmp_path / "page.html").write_text(render_report(load(gone.manifests, "gpr_up@1"), catalog, gone))
    page = browser.new_page()
    page.goto((tmp_path / "page.html").as_uri())
    domains = shown_rows(page, "[data-counted=domain]")
    page.locator("#filters > summary").click()
    page.locator("label.chip", has_text="math.sums").click()
    expect(page.locator("[data-partial=domain]")).to_be_visible()
    assert shown_rows(page, "[data-counted=domain]") == domains
    page.get_by_role("button", name="Show everything").click()
    page.locator("label.chip", has_text="mcq").first.click()
    expect(page.locator("[data-partial=domain]")).to_be_hidden()
    assert shown_rows(page, "[data-counted=domain]")["mathematics"] == 0
    page.close()


def test_a_source_is_chosen_in_its_table(opened: Open) -> None:
    page = opened()
    page.locator(".switch").get_by_text("Source", exact=True).click()
    page.locator("[data-counted=source]").get_by_role("button", name="mcq").click()
    assert page.locator(".pick[data-kind=source][aria-pressed=true]").first.inner_text() == "mcq"
    assert set(shown_rows(page, "#weights")) == {"gpr.mcq"}
    expect(page.locator("#filters input:checked")).to_have_count(1)


def test_everything_works_from_the_keyboard(opened: Open) -> None:
    page = opened()
    page.locator("#filters > summary").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(page.locator("#filter-state")).to_contain_text("rows of")
    page.locator("#clear").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#filter-state")).to_contain_text("All")
    page.locator("input[name=grouping]").first.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".by-source table")).to_be_visible()
    expect(page.locator(".by-domain table")).to_be_hidden()
    page.locator("#weights .sort", has_text="Rows").focus()
    page.keyboard.press("Enter")
    rows = list(shown_rows(page, "#weights").values())
    assert rows == sorted(rows, reverse=True)
    assert len(set(rows)) > 1


def test_tables_sort_both_ways(opened: Open) -> None:
    page = opened()
    heading = page.locator("#weights th", has_text="Available")
    values = page.locator("#weights [data-col=available]")
    for order in ("descending", "ascending"):
        heading.get_by_role("button").click()
        assert heading.get_attribute("aria-sort") == order
        shown = [int(text.replace(",", "")) for text in values.all_inner_texts()]
        assert shown == sorted(shown, reverse=order == "descending")
    page.locator("#weights th", has_text="Component").get_by_role("button").click()
    names = list(shown_rows(page, "#weights"))
    assert names == sorted(names)
    assert page.locator("#weights [aria-sort]").count() == 1


def test_examples_are_found_by_their_text(opened: Open) -> None:
    page = opened()
    page.get_by_label("Find in these examples").fill("BOXED')</SCRIPT>")
    cards = page.locator("#example-rows .card").filter(visible=True)
    expect(cards).to_have_count(1)
    expect(page.locator("#search-state")).to_have_text("1 row")
    page.locator("#filters > summary").click()
    page.locator("label.chip", has_text="gpr.mcq").click()
    expect(cards).to_have_count(0)
    page.get_by_role("button", name="Show everything").click()
    expect(cards).to_have_count(1)


@pytest.mark.parametrize(("size", "scheme"), [("desktop", "dark"), ("phone", "light")])
def test_an_accessibility_check_finds_no_fault(opened: Open, size: str, scheme: str) -> None:
    page = opened(size, color_scheme=scheme)
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")
    results = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]})
    assert results.violations_count == 0, results.generate_report()


@pytest.mark.parametrize("size", SIZES)
def test_the_page_never_scrolls_sideways(opened: Open, size: str) -> None:
    page = opened(size)
    for are_open in (False, True):
        page.evaluate("open => document.querySelectorAll('details').forEach(each => { each.open = open })", are_open)
        width, window = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert width <= window


def test_print_shows_everything_and_no_control(opened: Open) -> None:
    page = opened()
    page.emulate_media(media="print")
    for section in SECTIONS:
        expect(page.locator(f"#{section}")).to_be_visible()
    for hidden in ("nav", ".filters", ".switch", ".search", ".sql"):
        expect(page.locator(hidden).first).to_be_hidden()
    for grouping in ("domain", "source", "template", "license"):
        expect(page.locator(f".by-{grouping} table")).to_be_visible()
    inside = page.locator(":is(header, main) details:not([open], .sql) > :not(summary, .sql)").evaluate_all(
        "all => all.map(each => each.checkVisibility())"
    )
    assert inside
    assert all(inside)
    assert page.pdf().startswith(b"%PDF")


def test_without_scripts_everything_is_there(opened: Open, catalog: Catalog) -> None:
    page = opened(java_script_enabled=False)
    rows = catalog.query("SELECT rows FROM blends WHERE version = 2").to_pylist()[0]["rows"]
    assert sum(shown_rows(page, "[data-counted=answer_kind]").values()) == rows
    page.locator(".switch").get_by_text("Source", exact=True).click()
    assert sum(shown_rows(page, "[data-counted=source]").values()) == rows
    expect(page.locator("#example-rows .card").first).to_be_visible()


def test_lines_end_where_the_table_ends(opened: Open) -> None:
    page = opened()
    panel = page.locator("#rewards .panels figure").first
    name, first, last = re.fullmatch(r"(\S+)\s([\d.]+) → ([\d.]+)", panel.locator("figcaption").inner_text()).groups()  # type: ignore[union-attr]
    page.get_by_text("The same as a table").click()
    table = page.locator("#rewards table")
    column = table.locator("thead th").all_inner_texts().index(name)
    values = [
        row.locator("th, td").nth(column).inner_text()
        for row in (table.locator("tbody tr").first, table.locator("tbody tr").last)
    ]
    assert [f"{float(value):.2f}" for value in values] == [first, last]
    y = [
        float(point.split(",")[1])
        for point in panel.locator("polyline.line:not(.whole)").get_attribute("points").split()
    ]  # type: ignore[union-attr]
    assert y[-1] == pytest.approx(1000 * (1 - float(values[1])), abs=1)


def test_the_changes_say_why_rows_came(opened: Open, catalog: Catalog) -> None:
    page = opened()
    facts = dict(
        zip(
            page.locator("#changes .facts dt").all_inner_texts(),
            page.locator("#changes .facts dd").all_inner_texts(),
            strict=True,
        )
    )
    assert (facts["Rows in both"], facts["Went out"]) == ("96", "0")
    rows = catalog.query("SELECT rows FROM blends WHERE version = 2").to_pylist()[0]["rows"]
    assert facts["Came in"] == str(rows - 96)
    expect(page.locator("#changes")).to_contain_text("the blend's size changed")


def test_stages_and_what_is_held_out_are_said(
    browser: Browser, workspace: Workspace, catalog: Catalog, tmp_path: Path
) -> None:
    stored = load(workspace.manifests, "staged")
    (tmp_path / "page.html").write_text(render_report(stored, catalog, workspace))
    page = browser.new_page()
    page.goto((tmp_path / "page.html").as_uri())
    rows = page.locator(".stages tbody tr").all_inner_texts()
    assert [row.split() for row in rows] == [["start", "0", "2", "24"], ["rest", "2", "6", "72"]]
    assert stored.manifest.holdout is not None
    expect(page.locator(".terms")).to_contain_text(f"{stored.manifest.holdout.items} questions for evaluation")
    expect(page.locator(".lead")).to_contain_text("Rows repeat")
    page.close()


def test_the_cubes_are_data(opened: Open) -> None:
    cubes = json.loads(opened().locator("#cubes").text_content() or "")
    assert all(isinstance(number, int) for cube in cubes for cell in cube["cells"] for number in cell)
