"""The catalog: one SELECT at a time, over the workspace and nothing else."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from crossthink.errors import UserError
from crossthink.workspace import Workspace
from curate.corpus import views as curation_views
from manifests.catalog import Catalog
from manifests.store import views as blend_views


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


@pytest.mark.parametrize("file", ["corpora/sample/items.parquet", "manifests/gpr_up/1/rows.parquet"])
@pytest.mark.parametrize("content", [None, b"", b"PAR1 nonsense", "ledger"])
def test_a_damaged_file_is_named_with_what_to_do(
    tmp_path: Path, sample_workspace: Path, file: str, content: bytes | str | None
) -> None:
    workspace = Workspace(tmp_path / "w")
    shutil.copytree(sample_workspace, workspace.root)
    path = workspace.root / file
    path.unlink()
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        shutil.copy(workspace.root / "corpora/sample/ledger.parquet", path)
    with pytest.raises(UserError, match=rf"{file}: .*; restore it, or .*(curate, blend or train)"):
        Catalog([*curation_views(workspace), *blend_views(workspace.manifests)])


def test_the_order_of_an_answer_outlasts_its_conversion(catalog: Catalog) -> None:
    sql = "SELECT DATE '2000-01-01' + (hash(range) % 9999)::INT AS day FROM range(300000) ORDER BY day DESC"
    days = catalog.query(sql, for_text=True)["day"].to_pylist()
    assert days == sorted(days, reverse=True)
