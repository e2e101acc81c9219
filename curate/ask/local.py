"""A model on this machine behind the same door as a server: requests that wait together are answered in one batch."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from curate.ask.model import Draw, LocalModel
from curate.ask.request import Completion


class Batching:
    """Gathers draws while a batch is being answered, in a thread of its own; the next batch takes what has come."""

    def __init__(self, model: LocalModel, size: int) -> None:
        self._model, self._size = model, size
        self._waiting: list[tuple[Draw, asyncio.Future[Completion]]] = []
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="local-model")
        self._working: asyncio.Task[None] | None = None

    async def draw(self, draw: Draw) -> Completion:
        answer: asyncio.Future[Completion] = asyncio.get_running_loop().create_future()
        self._waiting.append((draw, answer))
        if self._working is None or self._working.done():
            self._working = asyncio.create_task(self._work())
        return await answer

    async def close(self) -> None:
        self._thread.shutdown(wait=True, cancel_futures=True)

    async def _work(self) -> None:
        await asyncio.sleep(0)  # whoever is about to ask is in the first batch
        while self._waiting:
            batch, self._waiting = self._waiting[: self._size], self._waiting[self._size :]
            draws = [draw for draw, _ in batch]
            try:
                answers = await asyncio.get_running_loop().run_in_executor(self._thread, self._model.answer, draws)
            except Exception as error:
                for _, answer in batch:
                    if not answer.done():
                        answer.set_exception(error)
                continue
            for (_, answer), said in zip(batch, answers, strict=True):
                if not answer.done():
                    answer.set_result(said)
