"""Somebody else's HTTP API, as small as it can be: remembers what was sent to it, answers what it was told."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One request that came in, and the status it was answered with."""

    method: str
    path: str
    headers: dict[str, str]
    json: Any
    status: int


class HttpTarget:
    """Listens on loopback. `statuses` are used up in order, then every answer is 200 with `answer` as JSON.

    async with HttpTarget() as target:
        target.statuses.append(503)
        await rig.until(lambda: target.count(1))
    """

    def __init__(self) -> None:
        self.received: list[Sent] = []
        self.statuses: deque[int] = deque()
        self.answer: object = {}

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        await self._server.wait_closed()

    @property
    def taken(self) -> list[Any]:
        """The JSON bodies of the requests that were answered with 200."""
        return [sent.json for sent in self.received if sent.status == 200]

    async def count(self, least: int) -> bool:
        """Were `least` requests answered with 200? A condition for `Rig.until`."""
        return len(self.taken) >= least

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request a connection."""
        try:
            first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().rstrip().split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            method, path, _ = first.split(" ", 2)
            status = self.statuses.popleft() if self.statuses else 200
            self.received.append(
                Sent(method=method, path=path, headers=headers, json=json.loads(body or b"null"), status=status)
            )
            answer = json.dumps(self.answer).encode()
            head = f"HTTP/1.1 {status} .\r\ncontent-length: {len(answer)}\r\nconnection: close\r\n\r\n"
            writer.write(head.encode() + answer)
            await writer.drain()
        finally:
            writer.close()
