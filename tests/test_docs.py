"""The docs are true: every SQL query in them runs, every file that they name exists."""

import re
from pathlib import Path

import pytest

from tests.support import ROOT, CommandLine

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
QUERIES = [
    query.strip()
    for page in PAGES
    for block in re.findall(r"```sql\n(.*?)```", page.read_text(), re.DOTALL)
    for query in block.split(";")
    if query.strip()
]


@pytest.mark.parametrize("query", QUERIES)
def test_every_query_runs(query: str, crossthink: CommandLine, sample_workspace: Path) -> None:
    code, shown, said = crossthink("sql", query, "-w", sample_workspace)
    assert code == 0, said
    assert shown


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)\)", page.read_text())
    local = [link for link in links if not link.startswith("http")]
    assert [link for link in local if not (page.parent / link).exists()] == []
