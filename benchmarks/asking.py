"""What the client itself costs, beside sending the same bodies with nothing around them.

    python -m benchmarks.asking [--requests 10000] [--in-flight 100]

The server is a process of its own on loopback and answers at once. CPU is of the asking process: user and system, without
imports. The floor is aiohttp posting the same bodies with as many on their way, reading each reply as JSON and keeping
nothing. Memory is what the process grew by, at the largest, over asking a tenth as many.
"""

import argparse
import asyncio
import json
import multiprocessing
import sys
import tempfile
from collections.abc import Iterator
from hashlib import sha256
from multiprocessing.connection import Connection
from pathlib import Path

from benchmarks.harness import measure, print_table
from curate.ask import Budget, ModelSettings, Request
from curate.ask.cache import Cache
from curate.ask.client import ask
from curate.ask.spending import Spending

IMPORTS = ("aiohttp", "openai", "curate.ask.server")
TEXT = "Let me think about it. " * 40 + "\\boxed{42}"
REPLY = json.dumps(
    {
        "choices": [{"index": 0, "message": {"role": "assistant", "content": TEXT}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 60, "completion_tokens": 250},
    }
).encode()


def serve(ready: Connection) -> None:
    """Answer every request with the same completion."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(REPLY)
        try:
            while True:
                asked = await reader.readuntil(b"\r\n\r\n")
                (length,) = (line for line in asked.lower().split(b"\r\n") if line.startswith(b"content-length:"))
                await reader.readexactly(int(length.partition(b":")[2]))
                writer.write(head + REPLY)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def run() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        ready.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


def requests(count: int) -> Iterator[Request]:
    for number in range(count):
        yield Request(str(number), ({"role": "user", "content": f"{number}: what is six times seven? " * 8},))


def ours(port: int, count: int, in_flight: int) -> str:
    """Ask, and return a digest of all replies in their order."""
    settings = ModelSettings(model="m", base_url=f"http://127.0.0.1:{port}/v1", in_flight=in_flight)
    seen = sha256()
    with tempfile.TemporaryDirectory() as folder, Cache(Path(folder)) as cache:
        for reply in ask(requests(count), settings, cache, Spending(Budget())):
            seen.update(f"{reply.request.key} {reply.completions[0].text}".encode())
    return seen.hexdigest()


def floor(port: int, count: int, in_flight: int) -> None:
    """Post the same bodies and read the replies."""
    import aiohttp

    async def run() -> None:
        waiting = iter(requests(count))

        async def post(session: aiohttp.ClientSession) -> None:
            for request in waiting:
                body = {"model": "m", "messages": request.prompt, "max_tokens": 2048, "seed": 0}
                async with session.post(f"http://127.0.0.1:{port}/v1/chat/completions", json=body) as reply:
                    await reply.json()

        async with aiohttp.ClientSession() as session:
            await asyncio.gather(*(post(session) for _ in range(in_flight)))

    asyncio.run(run())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--in-flight", type=int, default=100)
    options = parser.parse_args()
    here, there = multiprocessing.Pipe()
    server = multiprocessing.Process(target=serve, args=(there,), daemon=True)
    server.start()
    port, count = here.recv(), options.requests
    few = measure(ours, port, count // 10, options.in_flight)
    lines, said = [], set()
    for in_flight in (1, options.in_flight):
        least = measure(floor, port, count, in_flight)
        mine = measure(ours, port, count, in_flight)
        said.add(mine.result)
        each = [1000 * measured.cpu / count for measured in (least, mine)]
        lines.append([count, in_flight, *each, each[1] / each[0], mine.peak_mib - few.peak_mib])
    server.terminate()
    head = ["requests", "in flight", "aiohttp alone, ms of CPU each", "client", "ratio", "MiB more than for a tenth"]
    print_table("Asking", head, lines)
    print("the replies and their order are the same" if len(said) == 1 else "THE REPLIES DIFFER")


if __name__ == "__main__":
    sys.exit(main())
