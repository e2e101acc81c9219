"""Why a stage ended, as its log has it.

The last lines of a log seldom say it: a worker that dies is followed by the errors of everybody who waited for it, and
then by a process group that is taken down. So the whole log is read for what ends training on a machine, and only where
nothing of it is said the last exception counts. A disk or a memory that is full is told from the death of a worker, which
is its consequence; of several deaths the first is the one that the others follow from.
"""

import re
from dataclasses import dataclass, replace
from pathlib import Path

DISK = re.compile(
    r"No space left on device|Disk quota exceeded"
    # torch.save says no more of a full disk
    r"|inline_container\.cc:\d+\] \. (?:unexpected pos|PytorchStreamWriter failed writing)"
)
MEMORY = re.compile(r"\bOutOfMemoryError\b|CUDA out of memory|running low on memory|^MemoryError\b")
DEATH = re.compile(r"\b(?:ActorDiedError|ActorUnavailableError|WorkerCrashedError|NodeDiedError)\b")
EXCEPTION = re.compile(r"[A-Za-z_][\w.]*(?:Error|Exception|Interrupt)(?:\(\w+\))?(?::|$)")
KINDS = {DISK: "the disk is full", MEMORY: "memory is full", DEATH: "a process died"}
"""What ends training on a machine, the more telling first."""

DECORATION = re.compile(r"\x1b\[[0-9;]*[A-Za-z]|^\([\w:. -]+ pid=\d+[^)]*\) ?")
"""Colours, and the name of the process that Ray writes before each line of it."""
DETAIL = re.compile(r"\t\w+: ")
"""A line after a death that says whose it was."""
MOST_CHARS = 300


@dataclass(frozen=True)
class Cause:
    """Why a stage ended, in a few words and as a line of its log has it; `line` counts from 1."""

    what: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.what}: {self.text}"


def find_cause(log: Path) -> Cause | None:
    """Return what a log says of the end, or None: it is not there, or says nothing that is known."""
    if not log.exists():
        return None
    found: dict[re.Pattern[str], Cause] = {}
    described: re.Pattern[str] | None = None
    with log.open(encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(map(_plain, file), 1):
            if described and DETAIL.match(line):
                found[described] = replace(found[described], text=_cut(f"{found[described].text} {line.strip()}"))
                continue
            described = next((kind for kind in KINDS if kind not in found and kind.search(line)), None)
            if described or EXCEPTION.match(line):
                what = KINDS[described] if described else "an error"
                found[described or EXCEPTION] = Cause(what, number, _cut(line.strip()))
    return next((found[kind] for kind in (*KINDS, EXCEPTION) if kind in found), None)


def _plain(line: str) -> str:
    """A line without colours and without the process it came from; a bar that was drawn over ends with what is seen last."""
    return DECORATION.sub("", DECORATION.sub("", line.rstrip("\n").rpartition("\r")[2]))


def _cut(text: str) -> str:
    return text if len(text) <= MOST_CHARS else f"{text[:MOST_CHARS]} ..."
