"""The verifier under attack: nothing hangs, nothing raises, and a lost worker costs one row."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from curate.verify import AnswerKind, Reason, compare, render_gold, settle, verify, verify_many
from curate.verify.pool import Pool, shared_pool

ROOT = Path(__file__).parents[2]
NEEDS_SYMPY = (r"\sqrt{4+2\sqrt{3}}", r"1+\sqrt{3}")  # a nested root: no normal form here
TOWER = r"9^{9^{9^9}}"  # in a worker, neither math-verify's own timeout nor a signal handler ends this
SLOW_MACHINE = 5.0
"""Seconds that a comparison of some milliseconds never takes, whatever runs beside it."""
PRODUCT = r"\prod_{k=1}^{10^8} k"  # nothing settles it without a worker

PATHOLOGICAL = {
    "a power of ten digits": "2^{10^9}",
    "a tower": TOWER,
    "a factorial": "(10^9)!",
    "deep nesting": r"\frac{1}{" * 150 + "1" + "}" * 150,
    "deep brackets": "(" * 900 + "1" + ")" * 900,
    "a megabyte of digits": "7" * 2**20,
    "a megabyte of text": "lorem ipsum " * 90_000,
    "ten thousand braces": "{" * 10_000,
    "ten thousand boxes": r"\boxed{" * 10_000 + "}" * 10_000,
    "null bytes": "5\x00" * 100,
    "lone surrogates": "\ud800\udfff\udc00",
    "right to left": "\u202e5\u202c \u0665 \u05d0",
    "not a finite number": "1e999999999",
    "a power in a denominator": r"\frac{x}{2^{((e+3)-(2)^{30})(1.5-a)}}",
    "a sum to a power of a power": "((((a+b+c)^{30})^{30})^{30})^{30}",
    "a list of many": ", ".join(map(str, range(3000))),
    "a long product": PRODUCT,
    "an integral": r"\int_0^{\infty} \frac{x^{99} \sin(x^{17})}{e^{x^3}-\cos x} dx",
    "line breaks": "1\n2\r\n3",
}


HARD_GOLDS = {
    "choice": "B",
    "multi_choice": "AC",
    "boolean": "yes",
    "date": "2020-12-25",
    "interval": r"[\sqrt{17},\infty)",
}
HARD_GOLDS |= {"list": r"\sqrt{17}, 2", "set": r"\sqrt{17}, 2", "quantity": r"\sqrt{17}\text{ cm}"}


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    """A pool of one worker, so that a killed worker is the only worker."""
    pool = Pool(workers=1, memory_bytes=2**31)
    yield pool
    pool.close()


@pytest.mark.parametrize("case", PATHOLOGICAL)
@pytest.mark.parametrize("kind", AnswerKind)
def test_a_pathological_answer_is_judged_within_the_bound(case: str, kind: AnswerKind) -> None:
    start = time.monotonic()
    verdict = compare(PATHOLOGICAL[case], HARD_GOLDS.get(kind, r"\sqrt{17}"), kind, timeout=0.5)
    assert not verdict.correct
    assert time.monotonic() - start < 60  # a guard against hanging, not a measurement


def test_a_timeout_is_counted_apart_from_wrong_and_costs_its_own_row_only() -> None:
    right, wrong, hang = render_gold(NEEDS_SYMPY[1]), render_gold("3"), render_gold(PRODUCT)
    rows = [right, hang, wrong, right, hang.replace("8", "9"), right]
    verdicts = verify_many(rows, [NEEDS_SYMPY[0]] * 6, ["math"] * 6, timeout=SLOW_MACHINE, workers=2)
    assert [verdict.reason for verdict in verdicts] == [
        Reason.CORRECT,
        Reason.TIMED_OUT,
        Reason.WRONG,
        Reason.CORRECT,
        Reason.TIMED_OUT,
        Reason.CORRECT,
    ]
    assert [verdict.timed_out for verdict in verdicts] == [False, True, False, False, True, False]
    assert all(verdict.well_formed for verdict in verdicts)


def test_many_keep_their_order_and_agree_with_one_at_a_time() -> None:
    golds = ["5", r"\sqrt{8}", "yes", "B", "x+1", "1/2"] * 3
    kinds = ["number", "math", "text", "choice", "math", "number"] * 3
    answers = ["5.0", r"2\sqrt{2}", "no", "(B)", "1+x", "0.4"] * 3
    responses = [render_gold(answer) for answer in answers]
    many = verify_many(responses, golds, kinds, workers=2)
    assert many == [verify(*row) for row in zip(responses, golds, kinds, strict=True)]
    assert [verdict.correct for verdict in many[:6]] == [True, True, False, True, True, False]
    with pytest.raises(ValueError):
        verify_many(responses, golds[:-1], kinds)


def test_rows_beyond_a_chunk_keep_their_order_and_share_their_verdicts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("curate.verify.verifier.CHUNK_ROWS", 7)
    golds = [str(number) for number in range(50)] + [NEEDS_SYMPY[0]] * 3
    answers = [str(number - number % 2) for number in range(50)] + [NEEDS_SYMPY[1], "3", NEEDS_SYMPY[1]]
    verdicts = verify_many([render_gold(answer) for answer in answers], golds, ["math"] * 53)
    assert [verdict.correct for verdict in verdicts] == [number % 2 == 0 for number in range(50)] + [True, False, True]
    assert len({id(verdict) for verdict in verdicts}) == 2


def test_one_gold_and_its_answers_go_to_one_worker_and_a_hang_costs_its_own_row(pool: Pool) -> None:
    gold, right = NEEDS_SYMPY
    pairs = [(gold, right), (gold, TOWER), (gold, "3"), (gold, right)]
    assert pool.compare_each(pairs, SLOW_MACHINE) == [Reason.CORRECT, Reason.TIMED_OUT, Reason.WRONG, Reason.CORRECT]


def test_it_works_from_many_threads_at_once() -> None:
    with ThreadPoolExecutor(8) as threads:
        answers = [rf"{n}+\sqrt{{3}}" for n in range(24)]
        verdicts = list(threads.map(lambda answer: compare(answer, NEEDS_SYMPY[0], "math"), answers))
    assert [verdict.correct for verdict in verdicts] == [n == 1 for n in range(24)]


def child_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text())


@pytest.mark.parametrize("whole_worker", [True, False], ids=["the worker", "its child, as the OOM killer would"])
def test_a_worker_killed_in_the_middle_fails_its_row_and_the_pool_goes_on(pool: Pool, whole_worker: bool) -> None:
    assert pool.compare(*NEEDS_SYMPY, 30.0) is Reason.CORRECT
    (pid,) = pool.pids()
    kill = (os.killpg, (pid, signal.SIGKILL)) if whole_worker else (os.kill, (child_of(pid), signal.SIGKILL))
    threading.Timer(0.5, *kill).start()
    assert pool.compare("1", TOWER, 30.0) is Reason.WORKER_DIED
    assert pool.compare(*NEEDS_SYMPY, 30.0) is Reason.CORRECT
    assert (pool.pids() != [pid]) is whole_worker


@pytest.mark.parametrize("whole_worker", [True, False])
def test_an_idle_worker_that_was_killed_is_replaced_without_a_loss(pool: Pool, whole_worker: bool) -> None:
    assert pool.compare(*NEEDS_SYMPY, 30.0) is Reason.CORRECT
    (pid,) = pool.pids()
    os.kill(pid if whole_worker else child_of(pid), signal.SIGKILL)
    time.sleep(0.2)
    # Importing sympy alone takes longer than this limit: starting is not charged to the row.
    assert pool.compare("1", "2", 0.3) is Reason.WRONG


def test_a_stuck_worker_is_killed_from_outside(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("curate.verify.pool.GRACE_SECONDS", 0.5)
    assert pool.compare(*NEEDS_SYMPY, 30.0) is Reason.CORRECT
    os.killpg(pool.pids()[0], signal.SIGSTOP)
    assert pool.compare(*NEEDS_SYMPY, 0.5) is Reason.TIMED_OUT
    assert pool.compare(*NEEDS_SYMPY, 30.0) is Reason.CORRECT


def test_a_worker_that_cannot_start_is_a_verdict(caplog: pytest.LogCaptureFixture) -> None:
    starved = Pool(workers=1, memory_bytes=2**25)
    assert starved.compare(*NEEDS_SYMPY, 5.0) is Reason.WORKER_DIED
    assert "math-verify worker died" in caplog.text
    starved.close()


def test_workers_at_rest_are_no_processes_and_come_back_when_asked(pool: Pool) -> None:
    assert pool.compare(*NEEDS_SYMPY, 60.0) is Reason.CORRECT
    (before,) = pool.pids()
    pool.rest()
    assert pool.pids() == []
    with pytest.raises(ProcessLookupError):
        os.kill(before, 0)
    assert pool.compare(*NEEDS_SYMPY, 60.0) is Reason.CORRECT


def test_no_comparison_is_lost_to_a_rest(pool: Pool) -> None:
    assert pool.compare(*NEEDS_SYMPY, 60.0) is Reason.CORRECT
    threading.Timer(0.5, pool.rest).start()
    assert pool.compare("1", TOWER, 2.0) is Reason.TIMED_OUT


def test_a_forked_child_has_its_own_workers_and_leaves_the_parents_alone() -> None:
    assert compare(NEEDS_SYMPY[1], NEEDS_SYMPY[0], "math").correct
    parents = shared_pool().pids()
    child = os.fork()
    if child == 0:
        mine = compare(NEEDS_SYMPY[1], NEEDS_SYMPY[0], "math", timeout=60).correct
        theirs = set(parents) & set(shared_pool().pids())
        shared_pool().close()
        os._exit(0 if mine and not theirs else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert shared_pool().pids() == parents
    assert compare(NEEDS_SYMPY[1], NEEDS_SYMPY[0], "math").correct


def run(script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )


def test_a_script_needs_no_main_guard_and_its_workers_go_when_it_ends(tmp_path: Path) -> None:
    # `multiprocessing` would run this file again in each worker.
    script = tmp_path / "script.py"
    script.write_text(
        f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
        "from curate.verify import compare\nfrom curate.verify.pool import shared_pool\n"
        f"print(compare({NEEDS_SYMPY[1]!r}, {NEEDS_SYMPY[0]!r}, 'math').correct, *shared_pool().pids())\n"
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=120, check=False)
    correct, pid = done.stdout.split()
    assert (correct, done.returncode, done.stderr) == ("True", 0, "")
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid), 0)


def test_ending_in_the_middle_of_a_comparison_does_not_hang() -> None:
    done = run(
        "import threading, time\n"
        "from curate.verify.pool import shared_pool\n"
        f"threading.Thread(target=shared_pool().compare, args=('1+x', {TOWER!r}, 500.0), daemon=True).start()\n"
        "while not shared_pool().pids(): time.sleep(0.01)\n"
        "time.sleep(1)\n"
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_workers_go_when_their_parent_is_killed() -> None:
    script = (
        "from curate.verify.pool import shared_pool\n"
        f"shared_pool().compare({NEEDS_SYMPY[0]!r}, {NEEDS_SYMPY[1]!r}, 5.0)\n"
        "print(*shared_pool().pids(), flush=True)\ninput()"
    )
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        pids = [worker := int(parent.stdout.readline()), child_of(worker)]
        parent.kill()
    deadline = time.monotonic() + 60
    while any(Path(f"/proc/{pid}/fd/0").is_symlink() for pid in pids):  # a zombie has no files
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_importing_the_verifier_loads_nothing_heavy() -> None:
    heavy = "sympy math_verify latex2sympy2_extended pebble torch ray verl polars multiprocessing concurrent subprocess"
    done = run(f"import sys, curate.verify\nprint(*sorted(set({heavy.split()!r}) & set(sys.modules)))")
    assert (done.stdout.strip(), done.stderr) == ("", "")


def test_a_quantity_that_is_far_too_long_is_not_read() -> None:
    assert settle("<tool_call>" * 10**5, "8 cm", "quantity") is Reason.TOO_LONG
