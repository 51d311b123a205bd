"""The far end for tests: an audio API on loopback, which says what it is told, knows what it is told to know, and fails on
demand."""

from __future__ import annotations

import asyncio
import json
import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from types import TracebackType
from typing import Any, Self

PATH = "/v1/audio/transcriptions"
CRLF = b"\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request: its form, the file in it, and the key that came with it."""

    path: str
    key: str
    form: Mapping[str, list[str]]
    file_name: str
    mime: str
    sound: bytes


@dataclass(frozen=True, slots=True)
class Failure:
    """An answer that is none."""

    status: int
    message: str = "simulated failure"
    retry_after: str = ""


class AudioApi:
    """Answers each request with the words told for its sound, else with the next of `answers`, else with an empty text;
    nothing at all while `answering` is not set. `models` are those it knows (all, if none is named), `unknown` the parameters that
    it refuses.

    async with AudioApi() as api:
        api.says("Сколько стоит маникюр?", sure=0.9)
    """

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.answers: deque[Mapping[str, Any] | Failure] = deque()
        self.by_sound: dict[bytes, Mapping[str, Any]] = {}
        self.models: frozenset[str] = frozenset()
        self.unknown: frozenset[str] = frozenset()
        self.answering = asyncio.Event()
        self.answering.set()
        self._came = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=2**24)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.answering.set()
        self._server.close()
        await self._server.wait_closed()

    def says(self, text: str, *, sure: float = 0.9, silence: float = 0.01, sound: bytes = b"") -> None:
        """What it hears next, or in `sound`: as whisper tells it, with log probabilities behind each word besides."""
        log = math.log(sure)
        segment = {"start": 0.0, "end": 2.0, "text": text, "avg_logprob": log, "no_speech_prob": silence}
        words = [{"token": word, "logprob": log} for word in text.split()]
        answer = {"text": text, "segments": [segment], "logprobs": words}
        if sound:
            self.by_sound[sound] = answer
        else:
            self.answers.append(answer)

    def fails(self, status: int, message: str = "simulated failure", *, times: int = 1, retry_after: str = "") -> None:
        """What it answers next instead of words."""
        self.answers.extend([Failure(status, message, retry_after)] * times)

    async def until_asked(self, times: int) -> None:
        """Wait for so many requests in all."""
        while len(self.asked) < times:
            self._came.clear()
            await self._came.wait()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request a connection."""
        try:
            head = await reader.readuntil(CRLF * 2)
            headers = message_from_bytes(head.partition(CRLF)[2])
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            asked = _asked(head.split(b" ")[1].decode(), headers, body)
            self.asked.append(asked)
            self._came.set()
            await self.answering.wait()
            writer.write(_encoded(self._answer(asked)))
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    def _answer(self, asked: Asked) -> Mapping[str, Any] | Failure:
        [model] = asked.form["model"]
        if self.models and model not in self.models:
            return Failure(404, f"The model `{model}` does not exist")
        if refused := sorted(self.unknown & {name.removesuffix("[]") for name in asked.form}):
            return Failure(400, f"unknown parameter: {refused[0]}")
        if asked.path != PATH:
            return Failure(404, "no such path")
        if told := self.by_sound.get(asked.sound):
            return told
        return self.answers.popleft() if self.answers else {"text": ""}


def _asked(path: str, headers: Message, body: bytes) -> Asked:
    whole = b"content-type: " + headers.get("content-type", "").encode() + CRLF * 2 + body
    parts = message_from_bytes(whole).get_payload()
    form: dict[str, list[str]] = {}
    name, mime, sound = "", "", b""
    for part in parts if isinstance(parts, list) else ():
        assert isinstance(part, Message)
        field = str(part.get_param("name", header="content-disposition"))
        data = part.get_payload(decode=True)
        assert isinstance(data, bytes)
        if field == "file":
            name, mime, sound = part.get_filename() or "", part.get_content_type(), data
        else:
            form.setdefault(field, []).append(data.decode())
    key = headers.get("authorization", "").removeprefix("Bearer ")
    return Asked(path=path, key=key, form=form, file_name=name, mime=mime, sound=sound)


def _encoded(answer: Mapping[str, Any] | Failure) -> bytes:
    status, more = 200, ""
    if isinstance(answer, Failure):
        status = answer.status
        more = f"retry-after: {answer.retry_after}\r\n" if answer.retry_after else ""
        answer = {"error": {"message": answer.message, "type": "simulated"}}
    body = json.dumps(answer, ensure_ascii=False).encode()
    head = f"HTTP/1.1 {status} .\r\ncontent-type: application/json\r\n{more}content-length: {len(body)}\r\nconnection: close\r\n\r\n"
    return head.encode() + body
