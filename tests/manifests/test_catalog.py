"""The catalog: one SELECT at a time, over the workspace and nothing else."""

import re
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crossthink.errors import UserError
from crossthink.workspace import Workspace
from curate.corpus import views as curation_views
from manifests.catalog import Catalog
from manifests.view import Contents, View
from manifests.views import views as blend_views


@pytest.fixture(scope="module")
def catalog(sample_workspace: Path) -> Iterator[Catalog]:
    workspace = Workspace(sample_workspace)
    with Catalog([*curation_views(workspace), *blend_views(workspace.manifests)]) as opened:
        yield opened


def _rows(catalog: Catalog, sql: str) -> list[tuple[object, ...]]:
    return [tuple(row.values()) for row in catalog.query(sql).to_pylist()]


def test_every_printed_number_can_be_asked_again(catalog: Catalog, sample_workspace: Path) -> None:
    from manifests.store import load

    manifest = load(sample_workspace / "manifests", "gpr_up").manifest
    counted = _rows(
        catalog,
        "SELECT component, count(*), count(DISTINCT row_id) FROM blend_rows WHERE blend = 'gpr_up' GROUP BY 1 ORDER BY 1",
    )
    assert counted == sorted((part.name, part.rows, part.unique_rows) for part in manifest.components)
    assert _rows(catalog, "SELECT sum(rows_in) FROM ledger WHERE stage = 'ingest'") == [(433,)]
    assert _rows(catalog, "SELECT unnest(components).name FROM blends ORDER BY 1") == [(part[0],) for part in counted]


def test_rows_of_a_blend_join_back_to_their_items(catalog: Catalog) -> None:
    sql = (
        "SELECT count(*) FROM blend_rows r JOIN items i USING (item_id) JOIN variants v USING (row_id)"
        " WHERE v.answer = r.ground_truth AND contains(r.prompt[-1].content, i.question)"
    )
    assert _rows(catalog, sql) == _rows(catalog, "SELECT count(*) FROM blend_rows")


@pytest.mark.parametrize(
    "sql",
    [
        "DROP VIEW items",
        "CREATE TABLE t AS SELECT 1",
        "SELECT 1; SELECT 2",
        "COPY items TO 'stolen.csv'",
        "INSTALL fts",
        "SET threads = 1",
        "ATTACH 'x.db'",
        "SELECT * FROM read_text('/etc/hostname')",
        "SELECT * FROM '/etc/passwd'",
        "SELEC 1",
        "",
        "SELECT * FROM nowhere",
    ],
)
def test_only_one_select_over_the_workspace_is_answered(
    catalog: Catalog, sql: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="sql: "):
        catalog.query(sql)
    assert list(tmp_path.iterdir()) == []


def test_an_empty_workspace_has_every_view_with_its_columns(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    with Catalog([*curation_views(workspace), *blend_views(workspace.manifests)]) as empty:
        for view in empty.views:
            assert empty.query(f"SELECT * FROM {view.name}").num_rows == 0
        assert empty.query("SELECT corpus, question FROM items").column_names == ["corpus", "question"]


def test_a_quote_in_the_workspaces_path_is_only_a_quote(tmp_path: Path, sample_workspace: Path) -> None:
    odd = tmp_path / "it's; DROP"
    odd.symlink_to(sample_workspace)
    with Catalog(curation_views(Workspace(odd))) as opened:
        assert _rows(opened, "SELECT count(*) > 0 FROM items") == [(True,)]


@pytest.mark.parametrize("names", [("w?x", "w*x"), ("w[a]", "wa"), ("**", "[!b]")])
def test_a_workspaces_path_is_no_pattern(tmp_path: Path, sample_workspace: Path, names: tuple[str, str]) -> None:
    for rows, name in enumerate(names, start=1):
        items = tmp_path / name / "corpora/sample/items.parquet"
        shutil.copytree(sample_workspace, tmp_path / name)
        pq.write_table(pq.read_table(items).slice(0, rows), items)
    for rows, name in enumerate(names, start=1):
        with Catalog(curation_views(Workspace(tmp_path / name))) as opened:
            assert _rows(opened, "SELECT count(*) FROM items") == [(rows,)]
            with pytest.raises(UserError, match="sql: Permission Error"):
                opened.query(f"SELECT * FROM read_parquet('{tmp_path}/*/corpora/*/items.parquet')")


def test_the_folder_that_duckdb_spills_to_is_its_own(
    tmp_path: Path, sample_workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".tmp").mkdir()
    (tmp_path / ".tmp/x.csv").write_text("secret\n")
    monkeypatch.chdir(tmp_path)
    with Catalog(curation_views(Workspace(sample_workspace))) as opened:
        for path in (".tmp/x.csv", tmp_path / ".tmp/x.csv"):
            with pytest.raises(UserError, match="sql: Permission Error"):
                opened.query(f"SELECT * FROM read_csv('{path}')")
        [(spill,)] = _rows(opened, "SELECT current_setting('temp_directory')")
        assert list(Path(str(spill)).iterdir()) == []
    assert not Path(str(spill)).exists()


@pytest.mark.parametrize("file", ["corpora/sample/items.parquet", "manifests/objects"])
@pytest.mark.parametrize("content", [None, b"", b"PAR1 nonsense", "ledger"])
def test_a_damaged_file_is_named_with_what_to_do(
    tmp_path: Path, sample_workspace: Path, file: str, content: bytes | str | None
) -> None:
    workspace = Workspace(tmp_path / "w")
    shutil.copytree(sample_workspace, workspace.root)
    path = workspace.root / file
    if path.is_dir():
        path = next(path.glob("*/*.parquet"))
    path.unlink()
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        shutil.copy(workspace.root / "corpora/sample/ledger.parquet", path)
    said: list[str] = []
    views = [*curation_views(workspace), *blend_views(workspace.manifests)]
    name = "items" if file.startswith("corpora") else "blend_rows"
    with Catalog(views, said.append) as opened:
        assert _rows(opened, "SELECT count(*) > 0 FROM ledger") == [(True,)]
        assert said == []
        assert _rows(opened, f"SELECT count(*) FROM {name}") == _rows(opened, f"SELECT count(*) FROM {name}") == [(0,)]
    [line] = said
    assert re.fullmatch(rf"left out of {name}: .*{file}.*: .*; restore it, or .*\(curate, blend or train\)", line)
    with Catalog(views) as strict, pytest.raises(UserError, match=f"sql: left out of {name}: "):
        strict.query(f"SELECT count(*) FROM {name}")


def test_a_damaged_manifest_leaves_out_its_own_version_only(tmp_path: Path, sample_workspace: Path) -> None:
    workspace = Workspace(tmp_path / "w")
    shutil.copytree(sample_workspace, workspace.root)
    shutil.copytree(workspace.root / "manifests/gpr_up", workspace.root / "manifests/broken")
    said: list[str] = []
    with Catalog(blend_views(workspace.manifests), said.append) as opened:
        assert _rows(opened, "SELECT blend FROM blends") == [("gpr_up",)]
        assert _rows(opened, "SELECT DISTINCT blend FROM blend_rows") == [("gpr_up",)]
    assert [line.partition(": blend broken@1: ")[0] for line in said] == [
        "left out of blends",
        "left out of blend_rows",
    ]


def test_nothing_is_found_out_for_a_view_that_no_query_names() -> None:
    asked: list[str] = []

    def found(name: str) -> Contents:
        asked.append(name)
        return Contents(table=pa.table({"n": [1, 2]}))

    schema = pa.schema([("n", pa.int64())])
    views = [View(name, "", schema, find=partial(found, name)) for name in ("near", "far")]
    with Catalog(views) as opened:
        assert _rows(opened, "SELECT 1 AS far_away") == [(1,)]
        assert asked == []
        assert _rows(opened, "SELECT count(*) FROM near") == [(2,)]
        assert _rows(opened, "WITH f AS (FROM Near) SELECT count(*) FROM f") == [(2,)]
        assert asked == ["near"]
        assert _rows(opened, "SELECT count(*) FROM near JOIN far USING (n)") == [(2,)]
        assert asked == ["near", "far"]


def test_the_tables_themselves_can_be_asked_for(catalog: Catalog) -> None:
    names = sorted(view.name for view in catalog.views)
    for sql in ("SHOW TABLES", "SELECT table_name FROM information_schema.tables ORDER BY 1"):
        assert [row[0] for row in _rows(catalog, sql)] == names


def test_a_view_that_there_is_not_gets_the_nearest(catalog: Catalog) -> None:
    with pytest.raises(
        UserError, match=r"sql: no view 'blend_row'. Did you mean 'blend_rows'\? There are: blend_asked, blend_ledger, "
    ):
        catalog.query("SELECT * FROM blend_row")


def test_a_semicolon_and_a_comment_may_end_a_query(catalog: Catalog) -> None:
    assert catalog.query("SELECT ';' AS a; -- done; or not\n", rows=1).to_pylist() == [{"a": ";"}]


def test_no_more_rows_are_asked_for_than_are_shown(catalog: Catalog) -> None:
    assert catalog.query("SELECT range FROM range(10) ORDER BY range DESC", rows=3)["range"].to_pylist() == [9, 8, 7]


def test_the_order_of_an_answer_outlasts_its_conversion(catalog: Catalog) -> None:
    sql = "SELECT DATE '2000-01-01' + (hash(range) % 9999)::INT AS day FROM range(300000) ORDER BY day DESC"
    days = catalog.query(sql, for_text=True)["day"].to_pylist()
    assert days == sorted(days, reverse=True)
