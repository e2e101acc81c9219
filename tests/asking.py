"""An OpenAI-compatible server on loopback that says what a script says: a real one, which can be slow, wrong or dead."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass(frozen=True)
class Call:
    """One request as it arrived: its number from 0, its path, its body and the key that it brought."""

    number: int
    path: str
    body: dict[str, Any]
    authorization: str = ""

    @property
    def text(self) -> str:
        """Everything that the model is shown."""
        if "prompt" in self.body:
            return str(self.body["prompt"])
        return "\n".join(message["content"] for message in self.body["messages"])


@dataclass(frozen=True)
class Raw:
    """An answer that is no completion, or one that comes late."""

    body: str | dict[str, Any] = ""
    status: int = 200
    kind: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0


DROPPED = Raw(status=0)
"""The connection is closed without an answer."""

Script = Callable[[Call], str | Raw]
"""What the model says to a call; a text becomes a completion."""


@dataclass
class ScriptedServer:
    """A running server.

    Attributes:
        base_url: for `ModelSettings`.
        calls: every request until now, in the order of arrival.
        most_at_once: the largest number of requests that were being answered.
    """

    script: Script
    base_url: str = ""
    calls: list[Call] = field(default_factory=list)
    most_at_once: int = 0
    _now: int = 0

    async def answer(self, request: web.Request) -> web.StreamResponse:
        call = Call(len(self.calls), request.path, await request.json(), request.headers.get("Authorization", ""))
        self.calls.append(call)
        self._now += 1
        self.most_at_once = max(self.most_at_once, self._now)
        try:
            said = self.script(call)
            raw = said if isinstance(said, Raw) else Raw(completion(call, said))
            await asyncio.sleep(raw.delay)
        finally:
            self._now -= 1
        if raw.status == 0:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        body = raw.body if isinstance(raw.body, str) else json.dumps(raw.body)
        return web.Response(text=body, status=raw.status, content_type=raw.kind, headers=raw.headers)


def completion(call: Call, text: str, finish: str = "stop") -> dict[str, Any]:
    """A completion in the protocol's shape; a token is four characters."""
    choice = (
        {"text": text}
        if call.path.endswith("/completions") and "prompt" in call.body
        else {"message": {"role": "assistant", "content": text}}
    )
    usage = {"prompt_tokens": len(call.text) // 4, "completion_tokens": max(1, len(text) // 4)}
    return {"id": f"c{call.number}", "choices": [{"index": 0, "finish_reason": finish, **choice}], "usage": usage}


@contextmanager
def scripted_server(script: Script) -> Iterator[ScriptedServer]:
    """Run a server in a thread while the block lasts."""
    server = ScriptedServer(script)
    loop = asyncio.new_event_loop()
    application = web.Application(client_max_size=64 * 2**20)
    application.router.add_post("/v1/{path:.*}", server.answer)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)

    async def start() -> None:
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        server.base_url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"

    loop.run_until_complete(start())
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
