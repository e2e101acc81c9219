"""An OpenAI-compatible server, through the openai package: one try of one sample, and what its failures mean.

The package's own repetitions are off, so that every request is counted where budgets and pauses are kept. Its generic `post`
over aiohttp gives the reply as JSON: building its typed replies costs more than everything else here together.
"""

import json
import math
import os
from collections.abc import Iterator, Mapping
from typing import Any

import aiohttp
import openai

from crossthink.errors import UserError
from curate.ask.model import Again, Draw, Unreachable
from curate.ask.request import Completion, Failure, FailureReason
from curate.ask.settings import ModelSettings

PATHS = {"chat": "/chat/completions", "completions": "/completions"}
SHOWN = 300
"""Characters of a server's words that a message repeats."""
MOST_TOKENS = 2**31
"""A count beyond it is no count of one answer."""


class Server:
    """One endpoint."""

    def __init__(self, settings: ModelSettings) -> None:
        self._settings = settings
        self._path = PATHS[settings.api]
        self._key = _key(settings.key_from)
        self._client = openai.AsyncOpenAI(
            base_url=settings.base_url,
            api_key=self._key or "none",  # a server on this machine asks for none
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
        except (openai.APIError, ValueError, RecursionError) as error:  # not the JSON that the header promised
            return Again(Failure(FailureReason.MALFORMED, self._shown(str(error))))
        try:
            return _completion(reply, self._settings.api)
        except (KeyError, IndexError, TypeError, AttributeError, ValueError):
            found = self._shown(reply if isinstance(reply, str) else json.dumps(reply, ensure_ascii=False, default=str))
            return Again(Failure(FailureReason.MALFORMED, f"expected a completion, found {found}"))

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
        return Again(Failure(FailureReason.SERVER_ERROR, self._shown(said)), is_connection=True)

    def _shown(self, words: str) -> str:
        """Return a server's words for a message, without the key, which some repeat."""
        return (words.replace(self._key, "***") if self._key else words)[:SHOWN]

    def _refused(self, error: openai.APIStatusError) -> Failure | Again:
        status, said = error.status_code, self._shown(_words(error))
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
    return str(message or error.message)


def _key(variable: str) -> str:
    """Return the key that a variable of the environment holds, "" where there is none.

    Raises:
        UserError: it holds what no header can; the message does not repeat it.
    """
    key = os.environ.get(variable, "").strip()
    if not (key.isascii() and key.isprintable()):
        raise UserError(f"environment variable {variable}: expected a key of printable ASCII characters")
    return key


def _seconds(headers: Mapping[str, str]) -> float | None:
    """What a server asks to be left alone for, in seconds; a date is not read, for clocks differ."""
    try:
        seconds = float(headers["retry-after"])
    except (KeyError, ValueError):
        return None
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _completion(reply: Any, api: str) -> Completion:
    """Read a reply.

    Raises:
        KeyError, IndexError, TypeError, AttributeError, ValueError: it has another shape than the protocol's.
    """
    choice = reply["choices"][0]
    text = choice["message"]["content"] if api == "chat" else choice["text"]
    if not isinstance(text, str | None):
        raise TypeError(text)
    usage = reply.get("usage") or {}
    finish = choice.get("finish_reason")
    return Completion(
        _whole_characters(text or ""),
        None if finish is None else _whole_characters(str(finish)),
        _tokens(usage.get("prompt_tokens")),
        _tokens(usage.get("completion_tokens")),
        _logprobs(choice.get("logprobs"), api),
    )


def _tokens(stated: object) -> int | None:
    if stated is None:
        return None
    if type(stated) is not int or not 0 <= stated < MOST_TOKENS:
        raise ValueError(stated)
    return stated


def _whole_characters(text: str) -> str:
    """Put the replacement character in the place of half a surrogate pair, which is no text in any encoding."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _logprobs(stated: Any, api: str) -> tuple[float, ...] | None:
    if not stated:
        return None
    each = [token["logprob"] for token in stated["content"]] if api == "chat" else stated["token_logprobs"]
    return tuple(float(value) for value in each if value is not None)
