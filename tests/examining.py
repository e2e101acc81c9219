"""A scripted examiner: writes questions about the pages of `tests/documents`, and solves them, with faults on demand.

It stands for a model behind `tests.asking`. A question takes a sentence of a page and asks for a word of it; every answer is
known beforehand, so what a vote should say is known too.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.asking import Call, Raw

PAGES = Path(__file__).parent / "documents"
_ID = re.compile(r'\{"id": ("(?:[^"\\]|\\.)*")')


@dataclass(frozen=True)
class Exam:
    """A question with its options and the place of the right one."""

    question: str
    options: list[str]
    gold: int


def exams(page: Path) -> list[Exam]:
    """Three questions about a page: each a sentence whose longest word is missing."""
    sentences = [line for line in re.split(r"(?<=[.])\s+", " ".join(page.read_text().split())) if 60 < len(line) < 200]
    made = []
    for number, sentence in enumerate(sentences[:3]):
        words = sorted(set(re.findall(r"[a-z]{5,}", sentence)), key=lambda word: (-len(word), word))
        others = sorted(set(re.findall(r"[a-z]{5,}", page.read_text())) - set(words))[number : number + 3]
        options = sorted([words[0], *others])
        question = f"What word is missing here: {sentence.replace(words[0], '____')}"
        made.append(Exam(question, options, options.index(words[0])))
    return made


@dataclass
class Examiner:
    """The script of a server.

    Attributes:
        written: by page, what is said instead of its questions.
        solved: by question, what is said instead of the right answer, for each sample.
    """

    written: Mapping[str, str | Raw] = field(default_factory=dict)
    solved: Mapping[str, list[str]] = field(default_factory=dict)
    told: Callable[[dict[str, Any]], dict[str, Any]] = lambda reply: reply

    def __post_init__(self) -> None:
        self.pages = {page.name: exams(page) for page in sorted(PAGES.glob("*.md"))}
        self.known = {exam.question: exam for made in self.pages.values() for exam in made}

    def __call__(self, call: Call) -> str | Raw:
        named = _ID.search(call.text)
        return self._write(json.loads(named[1])) if named else self._solve(call)

    def _write(self, key: str) -> str | Raw:
        page = key.partition("#")[0].rpartition("/")[2]
        if page in self.written:
            return self.written[page]
        subject = page.partition("-")[0]
        questions = [
            {"question": exam.question, "options": exam.options, "subject": subject} for exam in self.pages[page]
        ]
        return json.dumps(self.told({"id": key, "questions": questions}))

    def _solve(self, call: Call) -> str:
        [exam] = [exam for question, exam in self.known.items() if question in call.text]
        said = self.solved.get(exam.question, ["ABCD"[exam.gold]] * 9)
        return f"It must be this one. \\boxed{{{said[call.body['seed']]}}}"
