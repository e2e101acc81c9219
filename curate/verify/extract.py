r"""Find the answer that a response stands by.

The paper's format reward (arXiv 2504.13941, section 2.4) wants reasoning inside `<think></think>` and a final
`\boxed{}`. It leaves open which box counts. Here the answer is the last balanced, unescaped `\boxed{...}` after the
last `</think>`: a box inside the thinking is a thought, not an answer. Chat templates often write the opening
`<think>` into the prompt, so a response may lack it; the closing tag it must have. `docs/verify.md` lists every case.
"""

import re
from dataclasses import dataclass

from curate.verify.kinds import Reason
from curate.verify.latex import is_blank

_OPEN, _CLOSE = "<think>", "</think>"
# A backslash hides the brace after it, so `\{` neither opens nor closes a group; any other hides nothing. The class comes
# first because `re` looks for one character much faster than for one of several beginnings.
_TOKEN = re.compile(r"[\\{}](?:(?<=\\)(?:boxed\s*\{|[\\{}]))?")


@dataclass(frozen=True, slots=True)
class Extraction:
    """An answer and the form it was found in.

    Attributes:
        answer: the content of the box, stripped, "" if nothing of it is printed; None if no box counts.
        well_formed: non-blank reasoning, its closing tag, and a non-blank box after it.
        reason: `CORRECT` if well formed, else the defect.
    """

    answer: str | None
    well_formed: bool
    reason: Reason


def extract(response: str) -> Extraction:
    """Take the answer out of a whole response. Never raises; linear in the length of the response."""
    thinking, closed, final = response.rpartition(_CLOSE)
    final, reopened, _ = final.partition(_OPEN)
    answer = last_box(final)
    if answer is None:
        return Extraction(None, False, Reason.NO_BOX)
    if is_blank(answer):
        return Extraction("", False, Reason.EMPTY)
    if not closed or reopened or not _reasoning(thinking):
        return Extraction(answer, False, Reason.NO_THINKING)
    return Extraction(answer, True, Reason.CORRECT)


def last_box(text: str) -> str | None:
    r"""Return the stripped content of the balanced `\boxed{...}` that opens last, or None if there is none."""
    open_groups: list[tuple[bool, int]] = []
    last = (-1, -1)
    for token in _TOKEN.finditer(text):
        mark = token.group()
        if mark == "}":
            if open_groups:
                is_box, start = open_groups.pop()
                if is_box and start > last[0]:
                    last = (start, token.start())
        elif mark[-1] == "{" and mark != r"\{":
            open_groups.append((mark != "{", token.end()))
    return None if last[0] < 0 else text[last[0] : last[1]].strip()


def _reasoning(thinking: str) -> str:
    """The reasoning before the last closing tag, without the tags."""
    return thinking.replace(_OPEN, "").replace(_CLOSE, "").strip()
