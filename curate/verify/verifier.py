"""Judge answers: one at a time, as training does, or many, as curation does. The same code for both."""

from collections.abc import Sequence

from curate.verify.extract import extract
from curate.verify.fast import settle
from curate.verify.kinds import Reason, Verdict
from curate.verify.latex import clean


def verify(response: str, gold: str, kind: str, *, timeout: float = 5.0) -> Verdict:
    """Judge a whole response: extract its answer, compare it, and ask for the form.

    Args:
        response: what a model wrote, reasoning and all.
        gold: the answer as stored in the item.
        kind: an `AnswerKind`; any other scores 0 with the reason `unknown_kind`.
        timeout: seconds of wall clock for a comparison that needs math-verify.

    Never raises and never hangs, whatever the text; safe in threads and after a fork.
    """
    return verify_many([response], [gold], [kind], timeout=timeout)[0]


def compare(answer: str, gold: str, kind: str, *, timeout: float = 5.0) -> Verdict:
    """Judge a bare answer. `gold` and `answer` do not commute: math-verify is not symmetric."""
    reason = settle(answer, gold, kind)
    return Verdict.of(_in_worker(answer, gold, timeout) if reason is None else reason)


def verify_many(
    responses: Sequence[str],
    golds: Sequence[str],
    kinds: Sequence[str],
    *,
    timeout: float = 5.0,
    workers: int = 1,
) -> list[Verdict]:
    """Judge responses in order. A timeout or a dead worker costs its own row only.

    Args:
        responses: one per row; `golds` and `kinds` alike.
        timeout: seconds of wall clock for each row that needs math-verify.
        workers: how many rows math-verify works on at once.

    Raises:
        ValueError: the three differ in length.
    """
    forms: list[Reason] = []
    answers: list[Reason] = []
    open_pairs: dict[tuple[str, str], list[int]] = {}  # equal pairs are asked once
    for row, (response, gold, kind) in enumerate(zip(responses, golds, kinds, strict=True)):
        extraction = extract(response)
        forms.append(extraction.reason)
        reason = settle(extraction.answer, gold, kind) if extraction.answer else Reason.EMPTY
        answers.append(reason or Reason.WORKER_DIED)  # until a worker has said otherwise
        if reason is None and extraction.answer:
            open_pairs.setdefault((extraction.answer, gold), []).append(row)
    for rows, reason in zip(open_pairs.values(), _in_workers(list(open_pairs), timeout, workers), strict=True):
        for row in rows:
            answers[row] = reason
    return [Verdict.of(answer, form) for answer, form in zip(answers, forms, strict=True)]


def _in_workers(pairs: list[tuple[str, str]], timeout: float, workers: int) -> list[Reason]:
    if len(pairs) < 2 or workers < 2:
        return [_in_worker(answer, gold, timeout) for answer, gold in pairs]
    from concurrent.futures import ThreadPoolExecutor

    from curate.verify.pool import shared_pool

    shared_pool(workers)
    with ThreadPoolExecutor(workers) as threads:
        return list(threads.map(lambda pair: _in_worker(pair[0], pair[1], timeout), pairs))


def _in_worker(answer: str, gold: str, timeout: float) -> Reason:
    from curate.verify.pool import shared_pool  # loaded where used: most answers never need it

    return shared_pool().compare(clean(gold), clean(answer), timeout)
