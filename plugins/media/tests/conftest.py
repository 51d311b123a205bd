"""A web server of strangers on loopback, over TLS, that does what a test tells it."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from ipaddress import ip_address
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from truffles_media.addresses import Address
from truffles_media.fetch import Fetcher, Patience, Wire

from truffles_gateway.testing import jpeg

HERE = Path(__file__).parent
HOST, OTHER = "media.test", "cdn.test"
Handler = Callable[[str, asyncio.StreamWriter], Awaitable[None]]


def head(status: int = 200, **headers: str) -> bytes:
    """The head of an answer; underscores of names become hyphens."""
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status} .\r\nconnection: close\r\n{lines}\r\n".encode()


def answer(body: bytes, **headers: str) -> bytes:
    """A plain answer with its true length."""
    return head(**{"content_length": str(len(body)), **headers}) + body


class Stranger:
    """Serves `pages` by path: bytes to be written as they are, or a handler. `asked` holds every (path, Host)."""

    def __init__(self) -> None:
        self.pages: dict[str, bytes | Handler | list[bytes]] = {}
        self.asked: list[tuple[str, str]] = []
        self.names: list[str | None] = []
        self.cookies: list[str] = []
        self.port = 0

    head, answer = staticmethod(head), staticmethod(answer)

    def link(self, path: str, host: str = HOST) -> str:
        """The https link of a page."""
        return f"https://{host}:{self.port}{path}"

    def fetcher(self, *hosts: str, addresses: Sequence[str] = ("127.0.0.1",), **wire: object) -> Fetcher:
        """A fetcher for which every name is at `addresses`, and loopback is allowed."""

        async def resolve(host: str, port: int) -> Sequence[Address]:
            return [ip_address(each) for each in addresses]

        usual: dict[str, object] = {"resolve": resolve, "is_allowed": lambda address: True, "context": trusting()}
        made = Wire(**{"ports": frozenset({self.port}), **usual, **wire})  # type: ignore[arg-type]
        return Fetcher(hosts or (HOST,), wire=made, patience=Patience(connect=0.5, silence=0.5, pauses=(0.0, 0.0)))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request a connection."""
        try:
            first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            path = first.split(" ")[1]
            host = next(line.partition(": ")[2] for line in lines if line.lower().startswith("host:"))
            self.asked.append((path, host))
            self.cookies += [line for line in lines if line.lower().startswith("cookie:")]
            page = self.pages.get(path, head(404, content_length="0"))
            if isinstance(page, list):
                page = page.pop(0) if len(page) > 1 else page[0]
            if isinstance(page, bytes):
                writer.write(page)
                await writer.drain()
            else:
                await page(path, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


def trusting() -> ssl.SSLContext:
    """Trusts the certificate of the tests, and no other."""
    return ssl.create_default_context(cafile=str(HERE / "cert.pem"))


@pytest_asyncio.fixture
async def stranger() -> AsyncIterator[Stranger]:
    """A running server of strangers, with a certificate for `media.test` and `cdn.test`."""
    server = Stranger()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(HERE / "cert.pem", HERE / "key.pem")
    context.sni_callback = lambda _socket, name, _context: server.names.append(name)
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=context)
    server.port = listening.sockets[0].getsockname()[1]
    yield server
    listening.close()
    await listening.wait_closed()


@pytest_asyncio.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    """A client for resources that never use it: this plugin has one of its own for each request."""
    async with httpx.AsyncClient(trust_env=False) as client:
        yield client


@pytest.fixture
def photo() -> bytes:
    """A whole one, which tells nothing of itself: it is kept as it came."""
    return jpeg()
