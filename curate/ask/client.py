"""Asking: many requests on their way at once, replies in the order of the requests.

An event loop in a thread of its own sends, pauses and repeats; the caller's thread makes requests and reads replies. A
bounded number of requests is taken from the caller ahead of the reply that it reads next, so memory does not grow with the
work, and neither the replies nor their order depend on how many are on their way.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Coroutine, Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any, TypeVar

from crossthink.progress import Step
from curate.ask.cache import Cache
from curate.ask.model import Again, Draw, Model, Unreachable, open_model
from curate.ask.request import Completion, Failure, Reply, Request
from curate.ask.settings import ModelSettings
from curate.ask.spending import Cost, Spending, cost_of, estimated_tokens, spent_on

AHEAD = 4
"""Requests taken from the caller for each that may be on its way: one slow answer then holds nobody up for long."""
LONGEST_PAUSE = 120.0
"""Seconds; a server that wants to be left alone for longer is asked again after so many."""

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
                    yield waiting.popleft().result()
                    if progress is not None:
                        progress.at(spending.summary())
            while waiting:
                yield waiting.popleft().result()
        finally:
            run(asking.close()).result()


async def _opened(model: ModelSettings, cache: Cache, spending: Spending) -> "_Asking":
    return _Asking(model, open_model(model), cache, spending)


class _Asking:
    """The work of one call, inside its event loop."""

    def __init__(self, settings: ModelSettings, model: Model, cache: Cache, spending: Spending) -> None:
        self._settings, self._model, self._cache, self._spending = settings, model, cache, spending
        self._places = asyncio.Semaphore(settings.in_flight)
        self._settled = asyncio.Event()
        self._answers = 0  # of the server, whatever they said
        self._next_turn = 0.0

    async def reply(self, request: Request) -> Reply:
        """Return the kept samples of a request and ask for the others."""
        asked = self._settings.asked(request)
        digest = self._settings.digest(request)
        kept = self._cache.get(digest, request.samples)
        self._spending.kept += len(kept)
        numbers = [number for number in range(request.samples) if number not in kept]
        drawn = await asyncio.gather(*(self._sample(request, asked, digest, number) for number in numbers))
        samples: dict[int, Completion | Failure] = {**kept, **dict(zip(numbers, drawn, strict=True))}
        return Reply(request, tuple(samples[number] for number in range(request.samples)), digest)

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
        if isinstance(answer, Failure):
            self._spending.failed += 1
            return answer
        self._spending.answered += 1
        return self._cache.put(digest, asked, number, answer)

    async def _tries(self, draw: Draw, most: Cost) -> Completion | Failure:
        answers, lost = self._answers, 0
        for turn in range(self._settings.tries):
            await self._turn(most)
            answer = await self._try(draw, most)
            is_answer = not (isinstance(answer, Again) and answer.is_connection)
            self._answers += is_answer
            lost += not is_answer
            if not isinstance(answer, Again):
                return answer
            failure = answer.failure
            if turn + 1 < self._settings.tries:
                pause = self._settings.pause_seconds * 2**turn if answer.after is None else answer.after
                await asyncio.sleep(min(pause, LONGEST_PAUSE))
        if lost == self._settings.tries and answers == self._answers:
            raise Unreachable(
                f"model {self._settings.model}: nobody answers at {self._settings.base_url}, tried {lost} times"
                f" ({failure.detail}). Every answer until now is kept; run the same command again to go on"
            )
        return failure

    async def _turn(self, most: Cost) -> None:
        """Wait until a request fits the budget, hold it against that, and wait for its turn by the rate.

        Raises:
            BudgetSpent: it does not fit, and nothing on its way can make room.
        """
        while not self._spending.fits(most):
            if not self._spending.on_their_way:
                raise self._spending.refusal(most)
            self._settled.clear()
            await self._settled.wait()
        self._spending.hold(most)
        if self._settings.requests_per_minute is not None:
            now = asyncio.get_running_loop().time()
            turn = max(now, self._next_turn)
            self._next_turn = turn + 60 / self._settings.requests_per_minute
            await asyncio.sleep(turn - now)

    async def _try(self, draw: Draw, most: Cost) -> Completion | Failure | Again:
        """Send a request that is held against the budget, and settle it."""
        spent: Cost | None = None
        try:
            answer = await self._model.draw(draw)
            if isinstance(answer, Completion):
                spent = spent_on(self._settings, most, answer)
        finally:
            self._spending.settle(most, spent)
            self._settled.set()
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
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
