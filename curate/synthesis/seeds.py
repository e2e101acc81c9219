"""What a question grows from: a chunk of a document, a topic, or a persona with a skill.

A seed is one request of the writer. Its key names it in the source, its values fill the prompt, its evidence is kept with
every question that comes of it.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crossthink.errors import UserError
from curate.synthesis.documents import Document, chunks, read_documents
from curate.synthesis.settings import Personas, SynthesisConfig
from manifests.manifest import FileRecord


@dataclass(frozen=True)
class Seed:
    """One request of the writer.

    Attributes:
        key: unique in the source; the id that the reply must repeat.
        values: for the prompt.
        evidence: what the questions were made from; it says all that the values depend on.
        subject: of the questions, when it is known beforehand.
    """

    key: str
    values: dict[str, Any]
    evidence: dict[str, Any]
    subject: str | None = None


@dataclass(frozen=True)
class Seeds:
    """All seeds of a configuration.

    Attributes:
        prompt: name of the prompt that they fill.
        seeds: in order.
        files: what they were read from.
        unreadable: documents that are no UTF-8.
    """

    prompt: str
    seeds: list[Seed]
    files: list[FileRecord] = field(default_factory=list)
    unreadable: list[Document] = field(default_factory=list)


def find_seeds(config: SynthesisConfig, root: Path) -> Seeds:
    """Return the seeds that a configuration asks for, each under every difficulty.

    Args:
        config: with documents, topics or personas.
        root: folder that files are relative to.

    Raises:
        UserError: a file is missing or cannot be used.
    """
    if config.documents is not None:
        found = _of_documents(config, root)
    elif config.topics is not None:
        found = Seeds("write_from_topic", list(_of_topics(config)))
    else:
        assert config.personas is not None, "a rewriting has no seeds"
        found = _of_personas(config.personas, root)
    difficulties = config.asked_questions.difficulties
    if not difficulties:
        return found
    graded = [_graded(seed, difficulty) for seed in found.seeds for difficulty in difficulties]
    return Seeds(found.prompt, graded, found.files, found.unreadable)


def _graded(seed: Seed, difficulty: str) -> Seed:
    told = {"difficulty": difficulty}
    return Seed(f"{seed.key}@{difficulty}", seed.values | told, seed.evidence | told, seed.subject)


def _of_documents(config: SynthesisConfig, root: Path) -> Seeds:
    assert config.documents is not None
    documents = read_documents(root, config.documents.files)
    seeds = [
        Seed(
            key=chunk.key,
            values={"text": chunk.text.strip()},
            evidence={
                "document": chunk.document.name,
                "document_sha256": chunk.document.sha256,
                "chunk": chunk.number,
                "chunk_sha256": hashlib.sha256(chunk.text.encode()).hexdigest(),
            },
        )
        for document in documents
        if document.text is not None
        for chunk in chunks(document, config.documents.chunk_characters)
    ]
    files = [FileRecord(name=each.name, sha256=each.sha256, bytes=each.bytes) for each in documents]
    return Seeds("write_from_document", seeds, files, [each for each in documents if each.text is None])


def _of_topics(config: SynthesisConfig) -> Iterator[Seed]:
    for each in config.topics or ():
        for subtopic in each.subtopics or ("",):
            named = {"topic": each.topic} | ({"subtopic": subtopic} if subtopic else {})
            yield Seed("/".join(named.values()), dict(named), dict(named), each.topic)


def _of_personas(settings: Personas, root: Path) -> Seeds:
    documents = read_documents(root, settings.files)
    seeds = []
    for document in documents:
        for line, persona in _personas(document, root):
            ranked = sorted(set(settings.skills), key=lambda skill: _rank(persona, skill))
            seeds += [
                Seed(
                    key=f"{document.name}:{line}/{skill}",
                    values={"persona": persona, "skill": skill},
                    evidence={"persona": persona, "skill": skill, "persona_file": f"{document.name}:{line}"},
                    subject=skill,
                )
                for skill in ranked[: settings.skills_each]
            ]
    files = [FileRecord(name=each.name, sha256=each.sha256, bytes=each.bytes) for each in documents]
    return Seeds("write_for_persona", seeds, files)


def _personas(document: Document, root: Path) -> Iterator[tuple[int, str]]:
    """Personas with their line, from 1; blank lines are none."""
    if document.text is None:
        raise UserError(f"{root / document.name}: is not UTF-8, expected personas, one on each line")
    for number, line in enumerate(document.text.split("\n"), 1):
        if line.strip():
            yield (
                number,
                _persona(line, f"{root / document.name}:{number}", document.name.endswith((".jsonl", ".ndjson"))),
            )


def _persona(line: str, place: str, is_json: bool) -> str:
    if not is_json:
        return line.strip()
    try:
        persona = json.loads(line)["persona"]
    except (ValueError, KeyError, TypeError):
        persona = None
    if not isinstance(persona, str) or not persona.strip():
        raise UserError(
            f'{place}  persona: expected an object such as {{"persona": "a beekeeper"}}, found {line[:60]!r}'
        )
    return persona.strip()


def _rank(persona: str, skill: str) -> bytes:
    return hashlib.sha256(f"{persona}/{skill}".encode()).digest()
