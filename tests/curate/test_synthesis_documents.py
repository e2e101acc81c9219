"""Documents in chunks: nothing is lost, nothing is cut that fits."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from curate.synthesis.documents import Document, chunks, read_documents

LINES = st.sampled_from(
    ["", "   ", "# Torts", "## A rule", "A rule stands. It holds! Does it?", "word " * 60, "Title\n====="]
)


@given(st.lists(LINES, max_size=20).map("\n".join), st.integers(20, 400))
def test_chunks_put_together_are_the_document(text: str, most: int) -> None:
    parts = chunks(Document("d", "0", 0, text), most)
    assert "".join("".join(part.text.split()) for part in parts) == "".join(text.split())
    assert all(part.text in text and len(part.text) <= most for part in parts)
    assert [part.key for part in parts] == [f"d#{number}" for number in range(len(parts))]


def test_paragraphs_stay_whole_and_headings_with_their_text() -> None:
    text = "# Law\n\nFirst rule.\n\n# Money\n\nSecond rule, a longer one."
    assert [part.text.split("\n")[0] for part in chunks(Document("d", "0", 0, text), 40)] == ["# Law", "# Money"]


def test_documents_are_read_in_the_order_of_their_names(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "z.md").write_text("\ufeffOne.", encoding="utf-8")
    (tmp_path / "a[1].txt").write_bytes(b"caf\xe9")
    found = read_documents(tmp_path, ["b/*.md", "a*.txt", "b/z.md"])
    assert [(document.name, document.text, document.bytes) for document in found] == [
        ("a[1].txt", None, 4),
        ("b/z.md", "One.", 7),
    ]
