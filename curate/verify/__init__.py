r"""The verifier: does this response give the gold answer, in the form that was asked for?

The same code curates (a row enters a blend only if its gold scores 1 and a wrong answer scores 0) and rewards
(R = R_acc AND R_format, arXiv 2504.13941, section 2.4), at the digest that the manifest names. `extract` finds the
answer: the last `\boxed{}` after the thinking. A fast path settles letters, text and plain numbers in microseconds;
the rest goes to math-verify in worker processes that are killed at the time limit. Nothing here raises on any text,
hangs, or imports sympy into the caller's process. `docs/verify.md` has every decision.
"""

from curate.verify.digest import verifier_digest
from curate.verify.extract import Extraction, extract
from curate.verify.fast import settle
from curate.verify.golds import render_gold, wrong_answer
from curate.verify.infer import infer_kind
from curate.verify.kinds import AnswerKind, Reason, Verdict
from curate.verify.lenient import extract_lenient
from curate.verify.verifier import compare, verify, verify_many

__all__ = [
    "AnswerKind",
    "Extraction",
    "Reason",
    "Verdict",
    "compare",
    "extract",
    "extract_lenient",
    "infer_kind",
    "render_gold",
    "settle",
    "verifier_digest",
    "verify",
    "verify_many",
    "wrong_answer",
]
