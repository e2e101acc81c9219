"""The client against a real server on loopback that is slow, wrong or dead on demand."""

import asyncio
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from curate.ask import Budget, Completion, Failure, FailureReason, ModelSettings, Reply, Request
from curate.ask.cache import Cache
from curate.ask.client import AHEAD, ask
from curate.ask.local import Batching
from curate.ask.model import Draw, Unreachable
from curate.ask.price import estimate
from curate.ask.record import Tally
from curate.ask.spending import BudgetSpent, Spending
from tests.asking import DROPPED, Call, Raw, Script, ScriptedServer, completion, scripted_server


def echo(call: Call) -> str:
    return f"{call.text} by seed {call.body['seed']}"


def model(server: ScriptedServer, **changes: object) -> ModelSettings:
    return ModelSettings.model_validate(
        {"model": "tiny", "base_url": server.base_url, "pause_seconds": 0.001, "tries": 3, **changes}
    )


def questions(count: int, samples: int = 1) -> list[Request]:
    return [Request(f"q{n}", ({"role": "user", "content": f"question {n}"},), samples) for n in range(count)]


def asked(requests: list[Request], settings: ModelSettings, folder: Path, budget: Budget | None = None) -> list[Reply]:
    with Cache(folder) as cache:
        return list(ask(requests, settings, cache, Spending(budget or Budget())))


def only(replies: list[Reply]) -> Completion | Failure:
    ((sample,),) = [reply.samples for reply in replies]
    return sample


def test_replies_come_in_the_order_of_the_requests_whatever_is_on_its_way(tmp_path: Path) -> None:
    def late_first(call: Call) -> Raw:
        return Raw(completion(call, call.text), delay=0.05 if call.number % 7 == 0 else 0)

    with scripted_server(late_first) as server:
        said = {}
        for in_flight in (1, 8, 100):
            settings = model(server, in_flight=in_flight)
            replies = asked(questions(120), settings, tmp_path / str(in_flight))
            assert [reply.request.key for reply in replies] == [f"q{n}" for n in range(120)]
            said[in_flight] = [only([reply]) for reply in replies]
    assert said[1] == said[8] == said[100]
    assert said[1][5] == Completion("question 5", "stop", 2, 2)


def test_a_second_run_asks_nothing_and_more_samples_ask_only_for_the_new_ones(tmp_path: Path) -> None:
    with scripted_server(echo) as server:
        settings = model(server)
        first = asked(questions(10, samples=2), settings, tmp_path)
        again = asked(questions(10, samples=2), settings, tmp_path)
        more = asked(questions(10, samples=5), settings, tmp_path)
        seeds = Counter(call.body["seed"] for call in server.calls)
    assert first == again
    assert [reply.samples[:2] for reply in more] == [reply.samples for reply in first]
    assert seeds == {0: 10, 1: 10, 2: 10, 3: 10, 4: 10}
    assert len({sample.text for sample in more[0].completions}) == 5


def test_what_an_answer_depends_on_is_in_its_digest_and_nothing_else(tmp_path: Path) -> None:
    request = Request("a", "text", samples=1)
    settings = ModelSettings(model="m", base_url="http://one/v1")
    same = settings.model_copy(update={"base_url": "http://two/v1", "in_flight": 3, "tries": 1, "timeout_seconds": 1.0})
    assert settings.digest(request) == same.digest(Request("b", "text", samples=9))
    changes: list[dict[str, object]] = [
        {"model": "n"},
        {"api": "completions"},
        {"temperature": 0.5},
        {"top_p": 0.5},
        {"max_tokens": 7},
        {"stop": ["."]},
        {"seed": 4},
        {"logprobs": True},
    ]
    digests = {settings.model_copy(update=change).digest(request) for change in changes}
    digests |= {settings.digest(Request("a", "other")), settings.digest(Request("a", "text", max_tokens=9))}
    assert len(digests) == len(changes) + 2
    assert settings.digest(request) not in digests


@pytest.mark.parametrize(
    ("raw", "reason", "tries"),
    [
        (Raw({"error": {"message": "too long"}}, status=400), FailureReason.REFUSED, 1),
        (Raw({"error": {"message": "no"}}, status=422), FailureReason.REFUSED, 1),
        (Raw({"error": {"message": "busy"}}, status=503), FailureReason.SERVER_ERROR, 3),
        (Raw("<html>a page</html>", kind="text/html"), FailureReason.MALFORMED, 3),
        (Raw("<html>bad gateway</html>", status=502, kind="text/html"), FailureReason.SERVER_ERROR, 3),
        (Raw('{"choices": [{"message": {"content": "ha'), FailureReason.MALFORMED, 3),
        (Raw({"choices": []}), FailureReason.MALFORMED, 3),
        (Raw({"choices": [{"message": {"content": 7}}]}), FailureReason.MALFORMED, 3),
        (
            Raw({"choices": [{"message": {"content": "a"}}], "usage": {"prompt_tokens": "x"}}),
            FailureReason.MALFORMED,
            3,
        ),
        (Raw("[1, 2]"), FailureReason.MALFORMED, 3),
        (Raw({"choices": [{"message": {"content": "  "}, "finish_reason": "stop"}]}), FailureReason.EMPTY, 1),
        (Raw({"choices": [{"message": {"content": None}}]}), FailureReason.EMPTY, 1),
        (
            Raw({"error": {"message": "slow down"}}, status=429, headers={"Retry-After": "0"}),
            FailureReason.RATE_LIMITED,
            3,
        ),
        (Raw("late", delay=0.4), FailureReason.TIMED_OUT, 3),
    ],
)
def test_each_kind_of_no_answer_has_its_reason_and_is_not_kept(
    tmp_path: Path, raw: Raw, reason: FailureReason, tries: int
) -> None:
    with scripted_server(lambda _: raw) as server:
        settings = model(server, timeout_seconds=0.1 if raw.delay else 30)
        sample = only(asked(questions(1), settings, tmp_path))
        assert isinstance(sample, Failure)
        assert (sample.reason, len(server.calls)) == (reason, tries)
        server.script = echo
        assert isinstance(only(asked(questions(1), settings, tmp_path)), Completion)


def test_a_server_that_is_back_at_the_second_try_costs_nothing_but_the_try(tmp_path: Path) -> None:
    def shaky(call: Call) -> str | Raw:
        return echo(call) if call.number % 2 else Raw({"error": {"message": "busy"}}, status=500)

    with scripted_server(shaky) as server:
        spending = Spending(Budget())
        with Cache(tmp_path) as cache:
            replies = list(ask(questions(20), model(server, in_flight=1), cache, spending))
        assert all(isinstance(only([reply]), Completion) for reply in replies)
    assert (spending.requests, spending.answered, spending.failed) == (40, 20, 0)


def test_a_server_that_dies_ends_the_work_and_the_same_command_repeats_no_request(tmp_path: Path) -> None:
    """1,000 requests; the server dies at the 500th and comes back."""
    with scripted_server(lambda call: DROPPED if call.number >= 500 else echo(call)) as server:
        settings = model(server, in_flight=10)
        with pytest.raises(Unreachable, match=r"nobody answers at .*kept; run the same command again"):
            asked(questions(1000), settings, tmp_path)
        answered = {call.text for call in server.calls[:500]}
        server.calls.clear()
        server.script = echo
        replies = asked(questions(1000), settings, tmp_path)
        second = [call.text for call in server.calls]
    assert len(second) == 500 == len(set(second))
    assert not answered & set(second)
    assert [only([reply]) for reply in replies] == [
        Completion(f"question {n} by seed 0", "stop", len(f"question {n}") // 4, len(f"question {n} by seed 0") // 4)
        for n in range(1000)
    ]


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (Raw({"error": {"message": "bad key"}}, status=401), "refuses the key.*TEST_KEY"),
        (Raw({"error": {"message": "no model"}}, status=404), "no such model"),
        (Raw({"error": {"message": "broke", "code": "insufficient_quota"}}, status=429), "nothing left"),
    ],
)
def test_what_no_request_can_get_past_ends_the_work_at_once(tmp_path: Path, raw: Raw, said: str) -> None:
    with scripted_server(lambda _: raw) as server, pytest.raises(Unreachable, match=said):
        asked(questions(50), model(server, in_flight=2, key_from="TEST_KEY"), tmp_path)
    assert len(server.calls) <= 4


def test_the_key_is_sent_and_written_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("TEST_KEY", "sk-very-secret")
    caplog.set_level("DEBUG")
    refused = Raw({"error": {"message": "bad"}}, status=401)
    with scripted_server(lambda call: echo(call) if call.number < 5 else refused) as server:
        settings = model(server, key_from="TEST_KEY", in_flight=1)
        with pytest.raises(Unreachable) as error:
            asked(questions(9), settings, tmp_path)
        assert {call.authorization for call in server.calls} == {"Bearer sk-very-secret"}
    assert "sk-very-secret" not in str(error.value) + settings.model_dump_json() + caplog.text
    assert all(b"sk-very-secret" not in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


def test_a_budget_of_requests_ends_cleanly_and_keeps_what_was_answered(tmp_path: Path) -> None:
    with scripted_server(echo) as server:
        settings = model(server, in_flight=10)
        with pytest.raises(BudgetSpent, match=r"budget: .*requests: 30"):
            asked(questions(100), settings, tmp_path, Budget(requests=30))
        assert len(server.calls) == 30
        asked(questions(100), settings, tmp_path, Budget(requests=70))
        assert len(server.calls) == 100


@pytest.mark.parametrize("budget", [Budget(tokens=1000), Budget(money=0.01)])
def test_a_budget_is_never_passed_however_many_are_on_their_way(tmp_path: Path, budget: Budget) -> None:
    with scripted_server(lambda call: "word " * 40) as server:
        settings = model(server, in_flight=50, max_tokens=50, prices={"input": 10, "output": 10})
        spending = Spending(budget)
        with Cache(tmp_path) as cache, pytest.raises(BudgetSpent):
            list(ask(questions(200), settings, cache, spending))
    assert 0 < spending.tokens <= 1000
    assert spending.tokens + 52 > 1000, "one more request would have fitted"
    assert spending.money == pytest.approx(spending.tokens * 1e-5)


def test_no_more_are_on_their_way_than_allowed_and_few_are_taken_ahead(tmp_path: Path) -> None:
    taken: list[int] = []

    def counted() -> Iterator[Request]:
        for number, request in enumerate(questions(200)):
            taken.append(number)
            yield request

    with scripted_server(lambda call: Raw(completion(call, "x"), delay=0.002)) as server, Cache(tmp_path) as cache:
        for read, _ in enumerate(ask(counted(), model(server, in_flight=5), cache, Spending(Budget())), 1):
            assert len(taken) - read <= AHEAD * 5
    assert 1 < server.most_at_once <= 5


def test_a_reader_that_stops_leaves_nothing_running(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    with scripted_server(echo) as server, Cache(tmp_path) as cache:
        replies = ask(questions(100), model(server), cache, Spending(Budget()))
        next(replies)
        replies.close()
    assert set(threading.enumerate()) <= before


def test_two_that_ask_the_same_at_once_get_one_answer(tmp_path: Path) -> None:
    """The first answer that is kept stays, also for who asked before it was there."""
    said: list[list[Reply]] = []
    with scripted_server(lambda call: Raw(completion(call, f"answer {call.number}"), delay=0.02)) as server:
        settings = model(server)
        threads = [
            threading.Thread(target=lambda: said.append(asked(questions(40), settings, tmp_path))) for _ in range(2)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert said[0] == said[1]


def test_log_probabilities_come_where_the_server_has_them(tmp_path: Path) -> None:
    def with_logprobs(call: Call) -> Raw:
        body = completion(call, "yes")
        if call.body.get("logprobs"):
            body["choices"][0]["logprobs"] = {"content": [{"token": "yes", "logprob": -0.25}]}
        return Raw(body)

    with scripted_server(with_logprobs) as server:
        plain, spoken = (only(asked(questions(1), model(server, logprobs=each), tmp_path)) for each in (False, True))
        kept = only(asked(questions(1), model(server, logprobs=True), tmp_path))
    assert isinstance(plain, Completion)
    assert plain.logprobs is None
    assert spoken == kept
    assert isinstance(kept, Completion)
    assert kept.logprobs == (-0.25,)


def test_texts_go_to_the_completions_endpoint(tmp_path: Path) -> None:
    with scripted_server(lambda call: f"{call.path}: {call.text}") as server:
        settings = model(server, api="completions", stop=["\n"], max_tokens=7)
        assert only(asked([Request("a", "Once", max_tokens=3)], settings, tmp_path)) == Completion(
            "/v1/completions: Once", "stop", 1, 5
        )
        assert server.calls[0].body | {"stop": ["\n"], "max_tokens": 3} == server.calls[0].body


def test_a_dry_run_prices_what_is_not_kept(tmp_path: Path) -> None:
    with scripted_server(echo) as server:
        settings = model(server, max_tokens=100, prices={"input": 1, "output": 2})
        asked(questions(4), settings, tmp_path)
        sent = len(server.calls)
        with Cache(tmp_path) as cache:
            priced = estimate(questions(10, samples=2), settings, cache)
        assert len(server.calls) == sent
    assert (priced.requests, priced.samples, priced.kept) == (10, 20, 4)
    assert (priced.prompt_tokens, priced.completion_tokens) == (16 * 3, 16 * 100)
    assert priced.money == pytest.approx((48 + 2 * 1600) / 1e6)


def test_the_record_of_the_same_work_is_the_same_kept_or_asked(tmp_path: Path) -> None:
    def record(in_flight: int, script: Script, folder: str) -> dict[str, object]:
        with scripted_server(script) as server, Cache(tmp_path / folder) as cache:
            settings = model(server, in_flight=in_flight)
            tally = Tally(settings, [])
            list(tally.counted(ask(questions(30, samples=2), settings, cache, Spending(Budget()))))
            return tally.record().model_dump()

    first = record(30, echo, "a")
    assert first == record(1, echo, "a") == record(7, echo, "b")
    assert first["answers"] != record(7, lambda call: echo(call) + ".", "c")["answers"]
    assert (first["requests"], first["samples"], first["failures"]) == (30, 60, {})


def test_a_folder_of_this_machine_is_known_by_its_content_and_not_by_its_place(tmp_path: Path) -> None:
    """Other weights in the same folder are another model, whose answers nobody has asked for yet."""
    for name in ("here/tiny", "there/tiny"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "model.safetensors").write_bytes(b"weights")
    here, there = (ModelSettings(model=str(tmp_path / place / "tiny")) for place in ("here", "there"))
    before = here.digest(Request("a", "text"))
    assert before == there.digest(Request("a", "text"))
    assert here.identity.startswith("tiny@")
    assert str(tmp_path) not in str(here.asked(Request("a", "text")))
    (tmp_path / "here/tiny/model.safetensors").write_bytes(b"others!")
    assert here.digest(Request("a", "text")) != before


def test_a_reader_that_stops_has_no_further_batch_answered_on_this_machine() -> None:
    async def scenario() -> int:
        model = Slow()
        batching = Batching(model, 2)
        draws = [asyncio.create_task(batching.draw(Draw("x", 1, seed))) for seed in range(10)]
        await asyncio.to_thread(model.has_begun.wait)
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        model.may_end.set()
        await asyncio.gather(*tasks, return_exceptions=True)
        await batching.close()
        assert all(draw.cancelled() for draw in draws)
        return model.batches

    assert asyncio.run(scenario()) == 1


class Slow:
    """A model on this machine whose first batch waits to be let go."""

    def __init__(self) -> None:
        self.has_begun, self.may_end, self.batches = threading.Event(), threading.Event(), 0

    def answer(self, draws: Sequence[Draw]) -> list[Completion]:
        self.batches += 1
        self.has_begun.set()
        self.may_end.wait()
        return [Completion("x") for _ in draws]
