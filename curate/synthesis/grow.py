"""New questions: a writer asks, independent solvers answer, and the majority is the gold.

Who writes a question is not asked for its answer. The solver sees the question alone, so a question that leans on the page
it was made from finds no majority. What a reply owes and does not give is a dropped row too: a reply of two questions where
three were asked for has a row `not_given`.
"""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from curate.ask import Reply, Request
from curate.ask.prompts import Prompt
from curate.filters import LETTERS
from curate.items import Domain, Origin
from curate.synthesis.checks import Lost, question_fault
from curate.synthesis.reading import read_reply
from curate.synthesis.replies import Written, WrittenQuestion
from curate.synthesis.seeds import Seed
from curate.synthesis.settings import Questions, SynthesisConfig, Votes
from curate.synthesis.votes import Vote, stated_answers, vote
from curate.synthesis.writer import Fault, Row
from curate.verify import AnswerKind


@dataclass(frozen=True)
class Drafted:
    """A question that still has no answer."""

    key: str
    seed: Seed
    question: str
    options: list[str] | None
    subject: str | None

    @property
    def shown(self) -> Row:
        """What a dropped row shows of it."""
        return {"question": self.question, "options": self.options}


@dataclass(frozen=True)
class NotDrafted:
    """A question that was asked for, or given, and is none."""

    key: str
    fault: Fault
    shown: Row


def write_request(seed: Seed, prompt: Prompt, asked: Questions) -> Request:
    """Return the request for a seed's questions."""
    told = {
        "id": seed.key,
        "questions": asked.each,
        "options": asked.option_count,
        "difficulty": None,
        "subtopic": None,
    }
    return Request(seed.key, prompt.render(**(told | seed.values)), samples=asked.replies)


def drafts(seed: Seed, reply: Reply, asked: Questions, counts: Counter[str]) -> Iterator[Drafted | NotDrafted]:
    """Yield what a reply makes of the questions that a seed was asked for, and of those beyond.

    Args:
        counts: gets how the samples were parsed.
    """
    for number, sample in enumerate(reply.samples):
        prefix = seed.key if asked.replies == 1 else f"{seed.key}~{number}"
        written = read_reply(sample, Written, seed.key, counts)
        yield from _of_sample(seed, prefix, written, asked)


def _of_sample(seed: Seed, prefix: str, written: Written | Fault, asked: Questions) -> Iterator[Drafted | NotDrafted]:
    given: Sequence[WrittenQuestion] = [] if isinstance(written, Fault) else written.questions
    for place in range(max(asked.each, len(given))):
        key = f"{prefix}/{place + 1}"
        if isinstance(written, Fault):
            yield NotDrafted(key, _with_seed(written, seed), {})
        elif place >= len(given):
            yield NotDrafted(key, Fault(Lost.NOT_GIVEN, seed.evidence | {"given": len(given)}), {})
        else:
            yield _drafted(seed, key, given[place], asked, place)


def _drafted(seed: Seed, key: str, written: WrittenQuestion, asked: Questions, place: int) -> Drafted | NotDrafted:
    options = [option.strip() for option in written.options] if written.options else None
    fault = question_fault(written, asked.option_count)
    if place >= asked.each:
        fault = Lost.MORE_THAN_ASKED
    if fault is not None:
        shown: Row = {"question": written.question, "options": options}
        return NotDrafted(key, Fault(fault, seed.evidence), shown)
    return Drafted(key, seed, written.question.strip(), options, seed.subject or written.subject)


def _with_seed(fault: Fault, seed: Seed) -> Fault:
    return Fault(fault.reason, {**seed.evidence, **fault.evidence}, fault.raw)


def solve_request(draft: Drafted, prompt: Prompt, votes: Votes) -> Request:
    """Return the request for independent solutions of a question; it sees no document, topic or persona."""
    options = None if draft.options is None else list(zip(LETTERS, draft.options, strict=False))
    return Request(draft.key, prompt.render(question=draft.question, options=options), samples=votes.solutions)


def voted(draft: Drafted, reply: Reply, config: SynthesisConfig, solver: str) -> Row | Fault:
    """Return the question with the majority's answer, or why it has none.

    Args:
        reply: its solutions.
        solver: name of the model that they are by.
    """
    votes = config.voting
    kind = str(AnswerKind.CHOICE) if draft.options else None
    # a box in a solution that was cut off is a thought, and no answer
    texts = ["" if sample.is_cut_off else sample.text for sample in reply.completions]
    stated = stated_answers(texts, kind or AnswerKind.TEXT)
    if draft.options is not None:
        letters = LETTERS[: len(draft.options)]
        stated = [letter if (letter := (each or "").strip().upper()) and letter in letters else None for each in stated]
    found = vote(stated, kind, votes.fewest, votes.least_share)
    if found.answer is None:
        assert found.refused is not None
        return Fault(found.refused, draft.seed.evidence | _votes(found, reply), None)
    return _row(draft, found, reply, config, solver)


def _votes(found: Vote, reply: Reply) -> dict[str, Any]:
    """The votes as a row keeps them; solutions that failed and that state no answer are counted apart."""
    stated = sum(found.counts.values())
    return {
        "votes": found.counts,
        "share": round(found.share, 4),
        "no_answer": len(reply.completions) - stated,
        "failed": len(reply.failures),
    }


def _row(draft: Drafted, found: Vote, reply: Reply, config: SynthesisConfig, solver: str) -> Row:
    assert found.answer is not None
    texts = [sample.text for sample in reply.completions]
    index = None if draft.options is None else LETTERS.index(found.answer)
    answer = found.answer if draft.options is None or index is None else draft.options[index]
    extra = {"made_from": draft.seed.evidence, "vote": _votes(found, reply)}
    return {
        "key": draft.key,
        "question": draft.question,
        "context": None,
        "options": draft.options,
        "answer": answer,
        "answer_index": index,
        "answer_kind": found.kind,
        "subject": draft.subject,
        "domain": str(config.domain or (Domain.MATH if config.personas else Domain.GPR)),
        "origin": str(Origin.SYNTHETIC),
        "solutions": [{"text": texts[place], "answer": answer, "by": solver} for place in found.winners],
        "images": None,
        "license": config.license,
        "language": config.language,
        "extra": json.dumps(extra, ensure_ascii=False),
        "parent": None,
        "vote_share": found.share,
    }
