"""Documents, cut into pieces that a question can be about.

A document is a text or Markdown file. It is cut between paragraphs, never inside one that fits, and a heading stays with what
it is the heading of; nothing is lost, so the chunks of a document put together are the document. Each chunk is named by the
document, its SHA-256 and its place, which is the evidence of every question that is made from it.
"""

import glob
import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from curate.readers import find_files
from curate.readers.opening import SourceFile

_PARAGRAPH_END = re.compile(r"\n[ \t]*\n\s*")
_SENTENCE_END = re.compile(r"[.!?][\"”’)]*\s+")
_HEADING = re.compile(r"#{1,6} .*|[^\n]+\n[=-]{3,}[ \t]*")


@dataclass(frozen=True, slots=True)
class Document:
    """A file that was read.

    Attributes:
        name: its path from the configuration's root, with "/".
        sha256: of its bytes.
        bytes: how many.
        text: what it says; None when it is not UTF-8.
    """

    name: str
    sha256: str
    bytes: int
    text: str | None


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a document; `number` counts from 0."""

    document: Document
    number: int
    text: str

    @property
    def key(self) -> str:
        return f"{self.document.name}#{self.number}"


def read_documents(root: Path, patterns: Sequence[str]) -> list[Document]:
    """Read the files that the patterns name, each once, in the order of their names.

    Args:
        root: folder that patterns and names are relative to.
        patterns: paths or globs.

    Raises:
        UserError: a pattern names no file.
    """
    places = [Path(glob.escape(str(root))) / pattern for pattern in patterns]
    documents = [_read(file.path, _name(file, root)) for file in find_files(places)]
    return sorted(documents, key=lambda document: document.name)


def _name(file: SourceFile, root: Path) -> str:
    return file.path.relative_to(root).as_posix() if file.path.is_relative_to(root) else file.name


def _read(path: Path, name: str) -> Document:
    content = path.read_bytes()
    try:
        text: str | None = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = None
    return Document(name, hashlib.sha256(content).hexdigest(), len(content), text)


def chunks(document: Document, most: int) -> list[Chunk]:
    """Cut a document.

    Args:
        document: with a text.
        most: characters of a chunk.
    """
    parts: list[str] = []
    for block in _blocks(document.text or "", most):
        if parts and len(parts[-1]) + len(block) <= most:
            parts[-1] += block
        else:
            parts.append(block)
    return [Chunk(document, number, part) for number, part in enumerate(part for part in parts if part.strip())]


def _blocks(text: str, most: int) -> Iterator[str]:
    """Paragraphs with the white space after them, a heading with its paragraph, long ones in sentences."""
    heading = ""
    for paragraph in _cut(text, _PARAGRAPH_END):
        whole = heading + paragraph
        if _HEADING.fullmatch(paragraph.strip()) and len(whole) <= most:
            heading = whole
            continue
        heading = ""
        yield from _pieces(whole, most)
    if heading:
        yield heading


def _pieces(paragraph: str, most: int) -> Iterator[str]:
    if len(paragraph) <= most:
        yield paragraph
        return
    for sentence in _cut(paragraph, _SENTENCE_END):
        for start in range(0, len(sentence), most):
            yield sentence[start : start + most]


def _cut(text: str, end: re.Pattern[str]) -> Iterator[str]:
    start = 0
    for found in end.finditer(text):
        yield text[start : found.end()]
        start = found.end()
    if start < len(text):
        yield text[start:]
