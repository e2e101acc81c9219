"""Asking: many requests on their way at once, replies in the order of the requests.

An event loop in a thread of its own sends, pauses and repeats; the caller's thread makes requests and reads replies. A
bounded number of requests is taken from the caller ahead of the reply that it reads next, so memory does not grow with the
work, and neither the replies nor their order depend on how many are on their way.
"""

import asyncio
import random
import threading
from collections import deque
from collections.abc import Coroutine, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from crossthink.errors import UserError
from crossthink.progress import Step
from curate.ask.cache import Cache
from curate.ask.model import Again, Draw, Model, Unreachable, open_model
from curate.ask.request import Completion, Failure, FailureReason, Reply, Request
from curate.ask.settings import ModelSettings
from curate.ask.spending import Cost, Spending, cost_of, estimated_tokens, spent_on

AHEAD = 4
"""Requests taken from the caller for each that may be on its way: one slow answer then holds nobody up for long."""
LONGEST_PAUSE = 120.0
"""Seconds; a server that wants to be left alone for longer is asked again after so many."""
GIVE_UP = 20
"""Requests in a row without one answer from a server that is there, such as a gateway before a dead one."""
NOT_ITS_FAULT = frozenset({FailureReason.REFUSED, FailureReason.EMPTY})
"""Failures that are about the request and say nothing about the server."""
ROOM_SECONDS = 0.05
"""Between two looks whether what was on its way has left room in the budget."""

_GO_ON = "Every answer until now is kept; run the same command again to go on"

T = TypeVar("T")


def ask(
    requests: Iterable[Request], model: ModelSettings, cache: Cache, spending: Spending, progress: Step | None = None
) -> Iterator[Reply]:
    """Ask a model, and yield one reply per request, in the order of the requests.

    Answers that are kept are not asked again; each new one is kept as it comes.

    Args:
        requests: taken as the replies are read, a bounded number ahead.
        model: which, and how.
        cache: where answers are kept.
        spending: counts, and ends the work before a limit is passed.
        progress: told how far it is.

    Raises:
        UserError: the model cannot be loaded, its server is gone or refuses everything (`Unreachable`), or the budget ends
            (`BudgetSpent`). What was answered is kept, so the same command goes on.
    """
    waiting: deque[Future[Reply]] = deque()
    with _loop() as run:
        asking = run(_opened(model, cache, spending)).result()
        try:
            for request in requests:
                waiting.append(run(asking.reply(request)))
                if len(waiting) >= AHEAD * model.in_flight:
                    yield _read(waiting, spending, progress)
            while waiting:
                yield _read(waiting, spending, progress)
        finally:
            run(asking.close()).result()


def _read(waiting: "deque[Future[Reply]]", spending: Spending, progress: Step | None) -> Reply:
    reply = waiting.popleft().result()
    if progress is not None:
        progress.at(spending.summary())
    return reply


async def _opened(model: ModelSettings, cache: Cache, spending: Spending) -> "_Asking":
    return _Asking(model, open_model(model), cache, spending)


class _Asking:
    """The work of one call, inside its event loop."""

    def __init__(self, settings: ModelSettings, model: Model, cache: Cache, spending: Spending) -> None:
        self._settings, self._model, self._cache, self._spending = settings, model, cache, spending
        self._places = asyncio.Semaphore(settings.in_flight)
        self._same: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()  # by digest
        self._heard = 0  # from the server, whatever it said
        self._answers = 0
        self._in_vain = 0  # requests in a row
        self._next_turn = 0.0
        self._end: UserError | None = None
        """What ended the work; nothing is sent after it."""

    async def reply(self, request: Request) -> Reply:
        """Return the kept samples of a request and ask for the others."""
        try:
            return await self._reply(request)
        except UserError as error:
            self._end = self._end or error
            raise

    async def _reply(self, request: Request) -> Reply:
        """Of requests that ask the same at once, one asks and the others find its answers."""
        asked = self._settings.asked(request)
        digest = self._settings.digest(request)
        async with self._same.setdefault(digest, asyncio.Lock()):
            kept = self._cache.get(digest, request.samples)
            self._spending.count(kept=len(kept))
            numbers = [number for number in range(request.samples) if number not in kept]
            drawn = await asyncio.gather(*(self._sample(request, asked, digest, number) for number in numbers))
        self._give_up(drawn)
        samples: dict[int, Completion | Failure] = {**kept, **dict(zip(numbers, drawn, strict=True))}
        return Reply(request, tuple(samples[number] for number in range(request.samples)), digest)

    def _give_up(self, drawn: Sequence[Completion | Failure]) -> None:
        """End the work when a server only ever fails.

        Raises:
            Unreachable: it failed `GIVE_UP` requests in a row.
        """
        faults = [each for each in drawn if isinstance(each, Failure) and each.reason not in NOT_ITS_FAULT]
        if len(faults) < len(drawn):
            self._in_vain = 0
        elif drawn:
            self._in_vain += 1
        if self._in_vain >= GIVE_UP:
            raise Unreachable(
                f"model {self._settings.model}: no answer to {GIVE_UP} requests in a row from {self._settings.base_url}"
                f" ({faults[-1].reason}: {faults[-1].detail}). {_GO_ON}"
            )

    async def close(self) -> None:
        """End what is on its way."""
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await self._model.close()

    async def _sample(self, request: Request, asked: dict[str, Any], digest: str, number: int) -> Completion | Failure:
        draw = Draw(asked["prompt"], request.max_tokens or self._settings.max_tokens, self._settings.seed + number)
        most = cost_of(self._settings, estimated_tokens(request.prompt), draw.max_tokens)
        async with self._places:
            answer = await self._tries(draw, most)
        if isinstance(answer, Completion) and not answer.text.strip():
            answer = Failure(FailureReason.EMPTY, f"finish_reason: {answer.finish}")
        if isinstance(answer, Failure):
            self._spending.count(failed=1)
            return answer
        self._answers += 1
        self._spending.count(answered=1)
        return self._cache.put(digest, asked, number, answer)

    async def _tries(self, draw: Draw, most: Cost) -> Completion | Failure:
        """Try until there is an answer or no try is left.

        A try that the server's rate limit turned away is lost only if nobody was answered since: while others are, this one's
        turn will come.
        """
        heard, turn, lost = self._heard, 0, 0
        while True:
            answers = self._answers
            await self._turn(most)
            answer = await self._try(draw, most)
            if not isinstance(answer, Again):
                self._heard += 1
                return answer
            self._heard += not answer.is_connection
            lost += answer.is_connection
            turn += not (answer.is_rate and self._answers > answers)
            if turn >= self._settings.tries:
                break
            await self._pause(turn, answer.after)
        if lost == turn and heard == self._heard:
            raise Unreachable(
                f"model {self._settings.model}: nobody answers at {self._settings.base_url}, tried {lost} times"
                f" ({answer.failure.detail}). {_GO_ON}"
            )
        return answer.failure

    async def _pause(self, turn: int, after: float | None) -> None:
        """Wait before the next try: twice as long each time and not all at once, or as the server says, which is for all."""
        if after is None:
            pause = self._settings.pause_seconds * 2 ** max(0, turn - 1)
            await asyncio.sleep(min(pause, LONGEST_PAUSE) * random.uniform(0.75, 1.25))
        else:
            now = asyncio.get_running_loop().time()
            self._next_turn = max(self._next_turn, now + min(after, LONGEST_PAUSE))

    async def _turn(self, most: Cost) -> None:
        """Wait for this request's turn by the rate, and until it fits the budget; hold it against that.

        Raises:
            UserError: the work has ended; or it does not fit, and nothing on its way can make room (`BudgetSpent`).
        """
        clock = asyncio.get_running_loop().time
        while True:
            if self._end is not None:
                raise self._end
            wait = self._next_turn - clock()
            if wait <= 0 and self._spending.hold(most):
                break
            if wait <= 0 and not self._spending.on_their_way and not self._spending.could_hold(most):
                raise self._spending.refusal(most)
            await asyncio.sleep(wait if wait > 0 else ROOM_SECONDS)
        if self._settings.requests_per_minute is not None:
            self._next_turn = clock() + 60 / self._settings.requests_per_minute

    async def _try(self, draw: Draw, most: Cost) -> Completion | Failure | Again:
        """Send a request that is held against the budget, and settle it."""
        spent: Cost | None = None
        try:
            answer = await self._model.draw(draw)
            if isinstance(answer, Completion):
                spent = spent_on(self._settings, most, answer)
        finally:
            self._spending.settle(most, spent)
        return answer


class _Run:
    """Runs coroutines in the loop's thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def __call__(self, work: Coroutine[Any, Any, T]) -> "Future[T]":
        return asyncio.run_coroutine_threadsafe(work, self._loop)


@contextmanager
def _loop() -> Iterator[_Run]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="asking", daemon=True)
    thread.start()
    try:
        yield _Run(loop)
    finally:
        asyncio.run_coroutine_threadsafe(loop.shutdown_default_executor(), loop).result()  # threads that look up names
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
