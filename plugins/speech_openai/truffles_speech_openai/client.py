"""The wire: one form for each note, on the host's shared HTTP client. Time is the caller's business: it cancels."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import httpx

from truffles_gateway.messages import Attachment
from truffles_gateway.plugin import Logger
from truffles_gateway.speech import Heard, NotHeard
from truffles_speech_openai import replies, request
from truffles_speech_openai.settings import OpenaiSpeechSettings

PAUSE, LONGEST_PAUSE = 0.3, 2.0
_SHOWN = 200
_AGAIN = frozenset({408, 409, 429, 500, 502, 503, 504})
_FOR_GOOD = frozenset({401, 403, 404})
_REFUSED = frozenset({400, 422})


class Outage(NotHeard):
    """The server is to blame, and not this note."""


class Client:
    """One tenant's way to its model. What a server does not know (a parameter, the model itself) is left out from then on."""

    def __init__(
        self, settings: OpenaiSpeechSettings, http: httpx.AsyncClient, log: Logger,
        names: Sequence[str], languages: Sequence[str],
    ) -> None:  # fmt: skip
        self._settings, self._http, self._log = settings, http, log
        self._names, self._languages = names, languages
        self._model, self._plain = settings.model, False

    async def hear(self, sound: bytes, note: Attachment) -> Heard:
        """Ask, again where that may help. Raises `NotHeard`, `Outage` where the server is to blame."""
        retries = self._settings.retries
        while True:
            response = await self._answered(sound, note)
            if isinstance(response, httpx.Response) and response.is_success:
                return self._read(response)
            if isinstance(response, httpx.Response) and self._adapts(response):
                continue
            pause, retries = _pause(response), retries - 1
            if retries < 0 or not 0 <= pause <= LONGEST_PAUSE:
                raise self._named(response)
            await asyncio.sleep(pause)

    async def _answered(self, sound: bytes, note: Attachment) -> httpx.Response | httpx.TransportError:
        """An answer, or why there is none."""
        try:
            return await self._post(sound, note)
        except httpx.TransportError as problem:
            return problem

    async def _post(self, sound: bytes, note: Attachment) -> httpx.Response:
        form = request.fields(self._model, self._settings, self._names, self._languages, plain=self._plain)
        headers = {"authorization": f"Bearer {self._settings.key}"} if self._settings.key else {}
        return await self._http.post(
            f"{self._settings.base_url}/audio/transcriptions",
            data=form,
            files=request.file(sound, note),
            headers=headers,
        )

    def _read(self, response: httpx.Response) -> Heard:
        try:
            heard = replies.read(response.json())
        except (ValueError, RecursionError):
            heard = None
        if heard is None:
            cause = f"{self._settings.base_url} does not answer as the API does; is the address right, up to /v1?"
            raise Outage(cause)
        return heard

    def _adapts(self, response: httpx.Response) -> bool:
        """Is there something that the server does not know, and that can be done without?"""
        said = _said(response).lower()
        gone = response.status_code in {400, 404} and "model" in said and self._model.lower() in said
        if gone and self._settings.successor and self._model != self._settings.successor:
            self._log.warning(
                "model is gone, its successor is asked", model=self._model, successor=self._settings.successor
            )
            self._model = self._settings.successor
            return True
        refused = response.status_code in _REFUSED and any(option in said for option in request.OPTIONS)
        if refused and not self._plain:
            self._plain = True
            return True
        return False

    def _named(self, response: httpx.Response | httpx.TransportError) -> NotHeard:
        """The cause in a line of ours, without the key."""
        if isinstance(response, httpx.TransportError):
            return Outage(f"{self._settings.base_url} cannot be reached: {type(response).__name__}")
        status, said = response.status_code, _said(response)[:_SHOWN]
        said = said.replace(self._settings.key, "***") if self._settings.key else said
        cause = f"HTTP {status} from {self._settings.base_url}{f': {said}' if said else ''}"
        if status in _FOR_GOOD:
            return Outage(f"{cause}. Check api_key, base_url and model of speech_openai", alarm=True)
        return NotHeard(cause) if status in _REFUSED | {413} else Outage(cause)


def _pause(response: httpx.Response | httpx.TransportError) -> float:
    """Seconds to wait before another attempt; -1 where none helps."""
    if isinstance(response, httpx.TransportError):
        return PAUSE
    if response.status_code not in _AGAIN:
        return -1.0
    try:
        return float(response.headers.get("retry-after", PAUSE))
    except ValueError:
        return PAUSE


def _said(response: httpx.Response) -> str:
    """What the server says of the error."""
    try:
        error = response.json().get("error", {})
        parts = [error.get("message"), error.get("param"), error.get("code")] if isinstance(error, dict) else [error]
    except (ValueError, AttributeError, RecursionError):
        parts = [response.text]
    return " ".join(str(part) for part in parts if part)
