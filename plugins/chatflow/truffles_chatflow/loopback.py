"""A very small HTTP/1.1 server for the simulator: fast, and able to hang up on a client in mid-request.

Requests of one connection are answered in order. No TLS, no chunked bodies: it serves loopback only.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import parse_qsl, urlsplit

_END_OF_HEAD = b"\r\n\r\n"
_PHRASES = {int(status): status.phrase for status in HTTPStatus}
_LARGEST_HEAD = 256 * 1024
_LARGEST_BODY = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asked."""

    method: str
    path: str
    query: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Response:
    """What it is answered. `hang_up` closes the connection instead, without a word."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    hang_up: bool = False

    @classmethod
    def json(cls, value: object, status: int = 200, **headers: str) -> Response:
        """A JSON answer; underscores in header names become hyphens."""
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        return cls(status, json.dumps(value, ensure_ascii=False).encode(), named)

    def encode(self) -> bytes:
        """The bytes on the wire."""
        extra = "".join(f"{name}: {text}\r\n" for name, text in self.headers.items())
        phrase = _PHRASES.get(self.status, "Unknown")
        head = f"HTTP/1.1 {self.status} {phrase}\r\ncontent-type: application/json\r\n{extra}"
        return f"{head}content-length: {len(self.body)}\r\n\r\n".encode("latin-1") + self.body


Handler = Callable[[Request], Response | Awaitable[Response]]


class Connection(asyncio.Protocol):
    """One client's connection. A handler that answers at once is never made to wait for the event loop."""

    def __init__(self, handler: Handler, open_connections: set[Connection]) -> None:
        self._handler, self._open = handler, open_connections
        self._buffer = b""
        self._task: asyncio.Task[None] | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client came."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._open.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """It left. What it asked for is still carried out, as a real service would."""
        self._transport = None
        self._open.discard(self)

    def data_received(self, data: bytes) -> None:
        """Some bytes came."""
        self._buffer += data
        if self._task is None:
            self._serve()

    def abort(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.abort()

    def _serve(self) -> None:
        """Answer what is complete; stop at a handler that needs time."""
        while (request := self._next_request()) is not None:
            answer = self._handler(request)
            if isinstance(answer, Response):
                self._write(answer)
            else:
                self._task = asyncio.ensure_future(self._later(answer))
                return

    async def _later(self, answer: Awaitable[Response]) -> None:
        try:
            self._write(await answer)
        except (ValueError, TypeError) as error:
            self._write(Response.json({"success": False, "message": str(error)}, 400))
        self._task = None
        self._serve()

    def _write(self, response: Response) -> None:
        if response.hang_up:
            self.abort()
        elif self._transport is not None:
            self._transport.write(response.encode())

    def _next_request(self) -> Request | None:
        end = self._buffer.find(_END_OF_HEAD)
        if end < 0 or self._transport is None:
            if len(self._buffer) > _LARGEST_HEAD:
                self.abort()
            return None
        start, *lines = self._buffer[:end].decode("latin-1").split("\r\n")
        length = _content_length(lines)
        method, target, *_ = [*start.split(" "), "", ""]
        if not 0 <= length <= _LARGEST_BODY or not target.startswith("/"):
            self.abort()
            return None
        stop = end + len(_END_OF_HEAD) + length
        if len(self._buffer) < stop:
            return None
        body, self._buffer = self._buffer[end + len(_END_OF_HEAD) : stop], self._buffer[stop:]
        path, query = urlsplit(target)[2:4]
        return Request(method, path, dict(parse_qsl(query, keep_blank_values=True)), body)


def _content_length(lines: list[str]) -> int:
    for text in lines:
        name, _, value = text.partition(":")
        if name.lower() == "content-length":
            return int(value) if value.strip().isdigit() else -1
    return 0


class Server:
    """Listens on a loopback port and hands each request to `handler`."""

    def __init__(self, handler: Handler, host: str, port: int) -> None:
        self._handler, self._host, self._port = handler, host, port
        self._open: set[Connection] = set()
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        assert self._server is not None, "not started"
        return f"http://{self._host}:{self._server.sockets[0].getsockname()[1]}"

    async def start(self) -> None:
        """Begin to listen; port 0 takes any free one."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._connection, self._host, self._port, backlog=1024)

    def _connection(self) -> Connection:
        return Connection(self._handler, self._open)

    async def stop(self) -> None:
        """Stop listening and hang up on everybody."""
        if self._server is not None:
            self._server.close()
            for connection in tuple(self._open):
                connection.abort()
            await self._server.wait_closed()
            self._server = None
