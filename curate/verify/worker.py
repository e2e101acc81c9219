"""The process that runs math-verify, one comparison at a time, until it is killed or its input ends.

It speaks lines of JSON: first `{"ready": true}` or `{"error": ...}`, then for each `{"gold", "answer", "timeout"}` a
`{"reason"}`. It is started by path with nothing else of this project imported, so it never runs the caller's `__main__`
as `multiprocessing` would. math-verify's own timeouts are off: they do not bound one long C call, and the parent
kills this process on time. An alarm kills it too, should the parent be gone by then.
"""

import contextlib
import json
import os
import resource
import signal
import sys
from functools import lru_cache
from typing import Any, TextIO

ORPHAN_GRACE = 2.0  # seconds past the limit, within which the parent should have killed this process


def serve(memory_bytes: int) -> None:
    """Answer requests from standard input on standard output."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever a library prints must not look like a reply
    try:
        _limit_memory(memory_bytes)
        import math_verify  # noqa: F401
    except Exception as error:
        _reply(replies, {"error": f"{type(error).__name__}: {error}"})
        return
    _reply(replies, {"ready": True})
    for line in sys.stdin.buffer:
        request = json.loads(line)
        signal.setitimer(signal.ITIMER_REAL, request["timeout"] + ORPHAN_GRACE)
        reason = compare(request["gold"], request["answer"])
        signal.setitimer(signal.ITIMER_REAL, 0)
        _reply(replies, {"reason": reason})


def compare(gold: str, answer: str) -> str:
    """Return "correct", "wrong" or, if the answer is no mathematics, "unparseable"."""
    from math_verify import verify

    try:
        parsed_gold, parsed_answer = _parse(gold), _parse(answer)
        if verify(list(parsed_gold), list(parsed_answer), timeout_seconds=None):
            return "correct"
        return "wrong" if any(not isinstance(form, str) for form in parsed_answer) else "unparseable"
    except Exception:  # math-verify catches nearly all of its own; what is left is about this answer alone
        return "unparseable"


@lru_cache(maxsize=512)  # a group of rollouts shares its gold and often its answers
def _parse(text: str) -> tuple[Any, ...]:
    from math_verify import LatexExtractionConfig, parse

    boxed = f"\\boxed{{{text}}}"
    return tuple(parse(boxed, [LatexExtractionConfig(boxed_match_priority=0)], parsing_timeout=None))


def _limit_memory(memory_bytes: int) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = memory_bytes if hard == resource.RLIM_INFINITY else min(memory_bytes, hard)
    with contextlib.suppress(ValueError, OSError):  # macOS knows the limit and refuses to set it
        resource.setrlimit(resource.RLIMIT_AS, (limit, hard))


def _reply(replies: TextIO, message: dict[str, Any]) -> None:
    replies.write(json.dumps(message) + "\n")
    replies.flush()


if __name__ == "__main__":
    serve(int(sys.argv[1]))
