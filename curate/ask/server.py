"""An OpenAI-compatible server, through the openai package: one try of one sample, and what its failures mean.

The package's own repetitions are off, so that every request is counted where budgets and pauses are kept. Its generic `post`
over aiohttp gives the reply as JSON: building its typed replies costs more than everything else here together.
"""

import json
import os
from collections.abc import Iterator, Mapping
from typing import Any

import aiohttp
import openai

from curate.ask.model import Again, Draw, Unreachable
from curate.ask.request import Completion, Failure, FailureReason
from curate.ask.settings import ModelSettings

PATHS = {"chat": "/chat/completions", "completions": "/completions"}
SHOWN = 300
"""Characters of a server's words that a message repeats."""


class Server:
    """One endpoint."""

    def __init__(self, settings: ModelSettings) -> None:
        self._settings = settings
        self._path = PATHS[settings.api]
        key = os.environ.get(settings.key_from) or "none"  # a server on this machine asks for none
        self._client = openai.AsyncOpenAI(
            base_url=settings.base_url,
            api_key=key,
            organization="",
            project="",
            max_retries=0,
            timeout=settings.timeout_seconds,
            http_client=openai.DefaultAioHttpClient(timeout=settings.timeout_seconds),
        )

    async def draw(self, draw: Draw) -> Completion | Failure | Again:
        """Send one request."""
        try:
            reply = await self._client.post(self._path, cast_to=object, body=self._body(draw))
        except openai.APIConnectionError as error:  # a timeout is one of these
            return self._not_connected(error)
        except openai.APIStatusError as error:
            return self._refused(error)
        except (openai.APIError, ValueError) as error:  # not the JSON that the header promised
            return Again(Failure(FailureReason.MALFORMED, str(error)[:SHOWN]))
        return _completion(reply, self._settings.api)

    async def close(self) -> None:
        await self._client.close()

    def _body(self, draw: Draw) -> dict[str, Any]:
        asked = self._settings
        prompt = {"messages" if asked.api == "chat" else "prompt": draw.prompt}
        body: dict[str, Any] = {
            "model": asked.model,
            **prompt,
            "max_tokens": draw.max_tokens,
            "temperature": asked.temperature,
            "top_p": asked.top_p,
            "seed": draw.seed,
        }
        if asked.stop:
            body["stop"] = asked.stop
        if asked.logprobs:
            body["logprobs"] = True if asked.api == "chat" else 1
        return body

    def _not_connected(self, error: openai.APIConnectionError) -> Again:
        """Tell a timeout from a broken connection, which the package's transport calls a timeout too."""
        causes = list(_causes(error))
        broken = [each for each in causes if isinstance(each, aiohttp.ClientConnectionError | ConnectionError)]
        if isinstance(error, openai.APITimeoutError) and all(isinstance(each, TimeoutError) for each in broken):
            seconds = self._settings.timeout_seconds
            return Again(Failure(FailureReason.TIMED_OUT, f"no answer within {seconds:g} seconds"))
        said = str(broken[0]) if broken else str(causes[-1])
        return Again(Failure(FailureReason.SERVER_ERROR, said[:SHOWN]), is_connection=True)

    def _refused(self, error: openai.APIStatusError) -> Failure | Again:
        status, said = error.status_code, _words(error)
        place = f"model {self._settings.model} at {self._settings.base_url}"
        if status in (401, 403):
            raise Unreachable(
                f"{place}: the server refuses the key (HTTP {status}: {said}). The key is taken from the environment"
                f" variable {self._settings.key_from}"
            )
        if status == 404:
            raise Unreachable(f"{place}: the server has no such model or no such path (HTTP 404: {said})")
        if status == 402 or (status == 429 and error.code == "insufficient_quota"):
            raise Unreachable(f"{place}: the account has nothing left (HTTP {status}: {said})")
        if status == 429:
            return Again(Failure(FailureReason.RATE_LIMITED, said), after=_seconds(error.response.headers))
        if status >= 500 or status in (408, 409):
            return Again(
                Failure(FailureReason.SERVER_ERROR, f"HTTP {status}: {said}"), after=_seconds(error.response.headers)
            )
        return Failure(FailureReason.REFUSED, f"HTTP {status}: {said}")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and what it was raised from."""
    found: BaseException | None = error
    while found is not None:
        yield found
        found = found.__cause__ or found.__context__


def _words(error: openai.APIStatusError) -> str:
    body = error.body
    message = body.get("message") if isinstance(body, dict) else body
    return str(message or error.message)[:SHOWN]


def _seconds(headers: Mapping[str, str]) -> float | None:
    """What a server asks to be left alone for, in seconds; a date is not read, for clocks differ."""
    try:
        return max(0.0, float(headers["retry-after"]))
    except (KeyError, ValueError):
        return None


def _completion(reply: object, api: str) -> Completion | Failure | Again:
    """Read a reply; whatever else than the protocol's shape is no answer."""
    try:
        assert isinstance(reply, dict)
        choice = reply["choices"][0]
        text = choice["message"]["content"] if api == "chat" else choice["text"]
        usage = reply.get("usage") or {}
        prompt_tokens, completion_tokens = (usage.get(name) for name in ("prompt_tokens", "completion_tokens"))
        assert isinstance(text, str | None)
        assert isinstance(prompt_tokens, int | None)
        assert isinstance(completion_tokens, int | None)
        finish = choice.get("finish_reason")
        logprobs = _logprobs(choice.get("logprobs"), api)
    except (AssertionError, KeyError, IndexError, TypeError, AttributeError):
        shown = reply if isinstance(reply, str) else json.dumps(reply, ensure_ascii=False, default=str)
        return Again(Failure(FailureReason.MALFORMED, f"expected a completion, found {shown[:SHOWN]}"))
    if not text or not text.strip():
        return Failure(FailureReason.EMPTY, f"finish_reason: {finish}")
    return Completion(text, None if finish is None else str(finish), prompt_tokens, completion_tokens, logprobs)


def _logprobs(stated: Any, api: str) -> tuple[float, ...] | None:
    if not stated:
        return None
    each = [token["logprob"] for token in stated["content"]] if api == "chat" else stated["token_logprobs"]
    return tuple(float(value) for value in each if value is not None)
