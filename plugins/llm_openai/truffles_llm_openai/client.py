"""The wire: one AsyncOpenAI for each tenant, on the host's shared HTTP client, within a time limit.

The library loads slowly (a second or more), so it is imported in a thread, when it is first needed or at warm-up. It
is told to retry nothing: a pause as long as its own, or as long as a server may wish for, would use up a customer's
time, so retries are made here, and only when they fit.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
from pydantic import BaseModel

from truffles_llm_openai.budget import Usage
from truffles_llm_openai.dialect import Dialect
from truffles_llm_openai.errors import LlmError
from truffles_llm_openai.settings import LlmSettings

if TYPE_CHECKING:
    from openai import APIError, APIStatusError, AsyncOpenAI

_PAUSE = 0.5
_SHOWN = 200
_OUR_FAULT = frozenset({400, 413, 422})


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a model is asked: instructions, data, the shape of the reply, and its limits in seconds and tokens."""

    hook: str
    system: str
    data: str
    reply: type[BaseModel]
    seconds: float
    tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """What came back. `usage` is None where the server does not tell; `cut` and `refused` say why a text is unusable."""

    text: str
    usage: Usage | None
    cut: bool = False
    refused: bool = False


class Client:
    """One tenant's way to its model. It holds nothing open: the HTTP client is the host's, and is never closed here."""

    def __init__(self, settings: LlmSettings, http: httpx.AsyncClient) -> None:
        self._settings, self._http = settings, http
        self._dialect = Dialect(effort=settings.effort, temperature=settings.temperature)
        self._openai: AsyncOpenAI | None = None

    async def warm_up(self) -> None:
        """Load the library."""
        await asyncio.to_thread(_load)
        self._openai = self._openai or self._made()

    async def complete(self, request: Request) -> Completion:
        """Ask, within the time limit, retries included. Raises `LlmError`."""
        try:
            async with asyncio.timeout(request.seconds) as scope:
                return await self._attempts(request, scope)
        except TimeoutError:
            raise LlmError(f"the model did not answer within {request.seconds:g} s", outage=True, billed=True) from None

    async def _attempts(self, request: Request, scope: asyncio.Timeout) -> Completion:
        if self._openai is None:
            await self.warm_up()
        from openai import APIError

        dialect, retries = self._dialect, self._settings.retries
        while True:
            try:
                completion = await self._once(request, dialect)
            except APIError as error:
                simpler = _simpler(dialect, error)
                pause = 0.0 if simpler else _pause(error)
                dialect = simpler or dialect
                retries -= simpler is None
                if retries < 0 or pause is None or not _fits(pause, scope):
                    raise self._named(error) from None  # the library's own error may hold the key or the prompt
                await asyncio.sleep(pause)
            else:
                self._dialect = dialect
                return completion

    async def _once(self, request: Request, dialect: Dialect) -> Completion:
        assert self._openai is not None
        asked = dialect.request(request.system, request.data, request.reply, request.tokens)
        body = {"model": self._settings.model, **asked}
        try:  # not `chat.completions.create`, and no typed answer: the library walks both by their types, unchecked
            answer = await self._openai.post("/chat/completions", cast_to=httpx.Response, body=body)
            return _completion(json.loads(answer.content))
        except (ValueError, TypeError, AttributeError, LookupError, RecursionError):
            cause = f"{self._settings.base_url} does not answer as the API does; is the address right, up to /v1?"
            raise LlmError(cause, outage=True, billed=True) from None

    def _made(self) -> AsyncOpenAI:
        """Everything is given, so that nothing is taken from the process's environment."""
        from openai import AsyncOpenAI

        made = AsyncOpenAI(
            api_key=self._settings.key or "none", admin_api_key="", webhook_secret="", base_url=self._settings.base_url,
            max_retries=0, timeout=30, http_client=self._http,  # type: ignore[arg-type] # httpx is taken as well
        )  # fmt: skip
        made.organization = made.project = None
        return made

    def _named(self, error: APIError) -> LlmError:
        """The cause in a line of ours, without the key and without anything that a server repeats of the prompt."""
        from openai import APIConnectionError, APIStatusError, APITimeoutError

        if isinstance(error, APIStatusError):
            said = _said(error)
            said = said.replace(self._settings.key, "***") if self._settings.key else said
            cause = f"HTTP {error.status_code} from {self._settings.base_url}{f': {said[:_SHOWN]}' if said else ''}"
            return LlmError(cause, outage=error.status_code not in _OUR_FAULT)
        if isinstance(error, APITimeoutError):
            return LlmError(f"{self._settings.base_url} did not answer in time", outage=True, billed=True)
        if isinstance(error, APIConnectionError):
            why = type(error.__cause__).__name__ if error.__cause__ else "no connection"
            return LlmError(f"{self._settings.base_url} cannot be reached: {why}", outage=True)
        return LlmError(f"{type(error).__name__} from {self._settings.base_url}", outage=True)


def _load() -> None:
    """Import what a request needs, and keep the library's logs to warnings: below, it may tell of whole requests."""
    importlib.import_module("openai")
    logging.getLogger("openai").setLevel(logging.WARNING)


def _simpler(dialect: Dialect, error: APIError) -> Dialect | None:
    from openai import BadRequestError, UnprocessableEntityError

    if isinstance(error, (BadRequestError, UnprocessableEntityError)):
        return dialect.simpler(f"{error.param or ''} {error.message}")
    return None


def _pause(error: APIError) -> float | None:
    """Seconds after which another attempt makes sense, None if it makes none."""
    from openai import APIConnectionError, APIStatusError, APITimeoutError

    if isinstance(error, APIStatusError):
        passing = error.status_code in (408, 409, 429) or error.status_code >= 500
        return _wished(error) if passing and error.code != "insufficient_quota" else None
    return _PAUSE if isinstance(error, APIConnectionError) and not isinstance(error, APITimeoutError) else None


def _wished(error: APIStatusError) -> float:
    try:
        return max(_PAUSE, float(error.response.headers.get("retry-after", _PAUSE)))
    except ValueError:  # a date
        return 60.0


def _fits(pause: float, scope: asyncio.Timeout) -> bool:
    """Is there time for the pause and as much again for the answer?"""
    deadline = scope.when()
    return deadline is None or asyncio.get_running_loop().time() + 2 * pause < deadline


def _said(error: APIStatusError) -> str:
    """The server's own line, where it is one: a validator's list of errors would repeat the prompt."""
    body = error.body
    said = body.get("message") or body.get("detail") if isinstance(body, dict) else ""
    return " ".join(said.split()) if isinstance(said, str) else ""


def _completion(answer: Any) -> Completion:
    """What is in an answer. Whatever is missing, or of another type, raises."""
    choice = answer["choices"][0]
    said, ended = choice["message"], choice.get("finish_reason")
    text = said.get("content") or ""
    if not isinstance(text, str):
        raise TypeError("content is no text")
    refused = bool(said.get("refusal")) or ended == "content_filter"
    return Completion(text=text, usage=_usage(answer.get("usage")), cut=ended == "length", refused=refused)


def _usage(told: Any) -> Usage | None:
    if not isinstance(told, dict):
        return None
    sent, produced = told.get("prompt_tokens"), told.get("completion_tokens")
    return Usage(sent, produced) if isinstance(sent, int) and isinstance(produced, int) else None
