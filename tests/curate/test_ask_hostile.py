"""What a server may say or do that no client should trip over."""

import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from crossthink.errors import UserError
from curate.ask import Budget, Completion, Failure, FailureReason, ModelSettings, Reply, Request, cache
from curate.ask.cache import Cache
from curate.ask.client import GIVE_UP, ask
from curate.ask.model import Unreachable
from curate.ask.spending import BudgetSpent, Spending
from tests.asking import DROPPED, Call, Raw, ScriptedServer, completion, scripted_server


def model(server: ScriptedServer, **changes: object) -> ModelSettings:
    quick = {"model": "m", "base_url": server.base_url, "tries": 3, "pause_seconds": 0.001}
    return ModelSettings.model_validate(quick | changes)


def requests(count: int) -> Iterator[Request]:
    return (Request(str(n), ({"role": "user", "content": f"question {n}"},)) for n in range(count))


def asked(settings: ModelSettings, folder: Path, count: int = 1, spending: Spending | None = None) -> list[Reply]:
    with Cache(folder) as kept:
        return list(ask(requests(count), settings, kept, spending or Spending(Budget())))


def completed(call: Call, **changes: Any) -> Raw:
    return Raw(completion(call, "yes") | changes)


@pytest.mark.parametrize(
    "body",
    [
        "[" * 200_000,
        '{"a":' * 100_000,
        '{"choices": [{"message": {"content": "a"}}], "usage": {"prompt_tokens": 1180591620717411303424}}',
        '{"choices": [{"message": {"content": "a"}}], "usage": {"completion_tokens": -5000}}',
        '{"choices": [{"message": {"content": "a"}}], "usage": {"completion_tokens": true}}',
        '{"choices": [{"message": {"content": "a"}, "logprobs": {"content": [{"logprob": "x"}]}}]}',
        '{"choices": [{"message": {"content": "a"}, "logprobs": [1, 2]}]}',
        '{"choices": {"0": 1}}',
        '{"error": {"message": "overloaded"}}',
        "",
    ],
)
def test_what_is_no_completion_is_malformed_and_never_a_traceback(tmp_path: Path, body: str) -> None:
    with scripted_server(lambda _: Raw(body)) as server:
        ((sample,),) = [reply.samples for reply in asked(model(server, logprobs=True), tmp_path)]
    assert isinstance(sample, Failure)
    assert sample.reason is FailureReason.MALFORMED


def test_half_a_surrogate_pair_becomes_the_replacement_character(tmp_path: Path) -> None:
    body = '{"choices": [{"message": {"content": "\\ud83d\\ude00 a\\ud83d"}}]}'
    with scripted_server(lambda _: Raw(body)) as server:
        first, again = (asked(model(server), tmp_path)[0].samples for _ in range(2))
        assert len(server.calls) == 1
    assert first == again == (Completion("😀 a�"),)


def test_a_server_that_repeats_the_key_finds_it_in_no_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_KEY", "sk-very-secret\n")  # with the line end of the file that it came from
    said = {"error": {"message": "Incorrect key sk-very-secret"}}
    with scripted_server(lambda call: Raw(said, status=400 if call.number == 0 else 401)) as server:
        settings = model(server, key_from="TEST_KEY")
        ((sample,),) = [reply.samples for reply in asked(settings, tmp_path)]
        with pytest.raises(Unreachable, match=r"Incorrect key \*\*\*.*TEST_KEY") as error:
            asked(settings, tmp_path)
    assert isinstance(sample, Failure)
    assert sample.detail == "HTTP 400: Incorrect key ***"
    assert "very-secret" not in str(error.value)


def test_a_key_that_no_header_can_hold_is_refused_without_being_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_KEY", "sk-gehäuse")
    with (
        scripted_server(lambda _: "yes") as server,
        pytest.raises(UserError, match=r"TEST_KEY: expected a key of printable ASCII characters$"),
    ):
        asked(model(server, key_from="TEST_KEY"), tmp_path)


@pytest.mark.parametrize("after", ["nan", "-inf", "-5", "Wed, 21 Oct 2026 07:28:00 GMT", "soon"])
def test_a_retry_after_that_says_nothing_is_not_waited_for(tmp_path: Path, after: str) -> None:
    busy = Raw({"error": {"message": "busy"}}, status=429, headers={"Retry-After": after})
    with scripted_server(lambda call: busy if call.number < 2 else "yes") as server:
        assert asked(model(server), tmp_path)[0].completions


def test_nobody_there_is_told_from_nobody_in_time(tmp_path: Path) -> None:
    with scripted_server(lambda call: completed(call) if call.number else Raw("", delay=0.5)) as server:
        replies = asked(model(server, tries=1, timeout_seconds=0.2), tmp_path / "slow", 3)
        address = server.base_url
    assert [failure.reason for reply in replies for failure in reply.failures] == [FailureReason.TIMED_OUT]
    with pytest.raises(Unreachable, match=f"nobody answers at {address}, tried 3 times.*Cannot connect"):
        asked(model(server), tmp_path / "gone")


@pytest.mark.parametrize(
    "raw",
    [
        Raw("<html>bad gateway</html>", status=502, kind="text/html"),
        Raw("<html>welcome</html>", kind="text/html"),
        Raw({"error": {"message": "slow down"}}, status=429),
    ],
)
def test_a_server_that_only_ever_fails_is_given_up_and_asked_no_more(tmp_path: Path, raw: Raw) -> None:
    with scripted_server(lambda call: "yes" if call.number < 30 else raw) as server:
        spending = Spending(Budget())
        with pytest.raises(Unreachable, match=f"no answer to {GIVE_UP} requests in a row.*run the same command again"):
            asked(model(server, in_flight=4, tries=1), tmp_path, 500, spending)
        assert len(server.calls) <= 30 + GIVE_UP + 12  # besides those that were already on their way or next
        server.script = lambda _: "yes"
        server.calls.clear()
        asked(model(server), tmp_path, 500)
        assert len(server.calls) == 470
    assert spending.answered == 30


def test_requests_that_it_refuses_say_nothing_about_the_server(tmp_path: Path) -> None:
    too_long = Raw({"error": {"message": "maximum context length"}}, status=400)
    with scripted_server(lambda call: too_long) as server:
        replies = asked(model(server), tmp_path, 3 * GIVE_UP)
    assert {failure.reason for reply in replies for failure in reply.failures} == {FailureReason.REFUSED}


def test_a_rate_limit_costs_patience_and_no_answer(tmp_path: Path) -> None:
    """Of 60 requests at once, the server takes five in each thirtieth of a second."""
    windows: Counter[int] = Counter()

    def limited(call: Call) -> str | Raw:
        window = int(time.monotonic() * 30)
        windows[window] += 1
        if windows[window] > 5:
            return Raw({"error": {"message": "slow down"}}, status=429, headers={"Retry-After": "0.03"})
        return "yes"

    with scripted_server(limited) as server:
        replies = asked(model(server, in_flight=60, tries=2), tmp_path, 60)
        assert len(server.calls) > 60
    assert all(reply.completions for reply in replies)


def test_a_server_that_turns_everyone_away_does_so_for_a_bounded_time(tmp_path: Path) -> None:
    busy = Raw({"error": {"message": "slow down"}}, status=429, headers={"Retry-After": "0"})
    with scripted_server(lambda _: busy) as server:
        replies = asked(model(server), tmp_path, 5)
        assert len(server.calls) == 15
    assert {failure.reason for reply in replies for failure in reply.failures} == {FailureReason.RATE_LIMITED}


def test_an_answer_without_text_is_paid_for(tmp_path: Path) -> None:
    """As of a model that thinks until its limit of tokens."""

    def thought(call: Call) -> Raw:
        return Raw(completion(call, "", "length") | {"usage": {"prompt_tokens": 5, "completion_tokens": 2000}})

    with scripted_server(thought) as server:
        spending = Spending(Budget(tokens=5000))
        with pytest.raises(BudgetSpent):
            asked(model(server), tmp_path, 20, spending)
        assert len(server.calls) == 2
    assert (spending.tokens, spending.failed) == (4010, 2)


def test_what_is_asked_twice_in_one_run_is_sent_once(tmp_path: Path) -> None:
    same = [Request(key, "the same", samples=2) for key in "abcdef"]
    with scripted_server(lambda call: f"answer {call.number}") as server, Cache(tmp_path) as kept:
        spending = Spending(Budget())
        replies = list(ask(same, model(server, api="completions"), kept, spending))
        assert len(server.calls) == 2
    assert [reply.request.key for reply in replies] == list("abcdef")
    assert len({reply.samples for reply in replies}) == 1
    assert (spending.requests, spending.kept) == (2, 10)


def test_the_answers_of_one_call_may_be_the_questions_of_another_within_one_budget(tmp_path: Path) -> None:
    with scripted_server(lambda call: f"{call.text} and so on") as server, Cache(tmp_path) as kept:
        settings, spending = model(server, in_flight=3, max_tokens=20), Spending(Budget(tokens=600))
        drafts = ask(requests(40), settings, kept, spending)
        follow_ups = (
            Request(reply.request.key, ({"role": "user", "content": reply.completions[0].text},)) for reply in drafts
        )
        with pytest.raises(BudgetSpent):
            list(ask(follow_ups, settings, kept, spending))
    assert 0 < spending.tokens <= 600
    assert spending.on_their_way == 0


def test_answers_that_cannot_be_kept_end_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "WAIT_SECONDS", 0.01)
    with scripted_server(lambda _: "yes") as server:
        asked(model(server), tmp_path)
        other = sqlite3.connect(tmp_path / cache.ANSWERS_FILE, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(UserError, match=r"answers.sqlite: the answers cannot be kept or read: database is locked"):
            asked(model(server), tmp_path, 5)
        other.close()


def test_a_connection_that_breaks_for_one_request_is_that_request_alone(tmp_path: Path) -> None:
    with scripted_server(lambda call: DROPPED if call.text == "question 3" else "yes") as server:
        replies = asked(model(server), tmp_path, 30)
    failed = [reply for reply in replies if reply.failures]
    assert [reply.request.key for reply in failed] == ["3"]
    assert failed[0].failures[0].reason is FailureReason.SERVER_ERROR
