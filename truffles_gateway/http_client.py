"""The one HTTP client of a process, which all plugins share: httpx's interface on aiohttp's connections (ADR 0020).

Plugins see httpx alone: its requests, its responses, its errors. What they must be able to rely on is what an error says
of the request: `ConnectError`, `ConnectTimeout` and `PoolTimeout` mean that nothing was written; every other one that it
may have arrived. Nothing is ever sent twice unasked.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy

import aiohttp
import httpx
from yarl import URL

SECONDS = 30.0
CONNECTIONS_PER_HOST = 200
IDLE_SECONDS = 5.0
_PIECE = 64 * 1024
_ADDED_BY_AIOHTTP = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")

# The first that fits counts.
_ERRORS: tuple[tuple[type[BaseException], type[httpx.TransportError]], ...] = (
    (aiohttp.ConnectionTimeoutError, httpx.ConnectTimeout),
    (aiohttp.ServerTimeoutError, httpx.ReadTimeout),
    (aiohttp.ClientConnectorError, httpx.ConnectError),
    (aiohttp.ServerFingerprintMismatch, httpx.ConnectError),
    (aiohttp.InvalidURL, httpx.UnsupportedProtocol),
    (aiohttp.NonHttpUrlClientError, httpx.UnsupportedProtocol),
    (aiohttp.ServerDisconnectedError, httpx.RemoteProtocolError),
    (aiohttp.ClientConnectionError, httpx.ReadError),
    (aiohttp.ClientError, httpx.RemoteProtocolError),
    (TimeoutError, httpx.ReadTimeout),
)


class BrokenConnectionError(aiohttp.ClientError):
    """A connection broke under a request. aiohttp repeats a GET whose connection broke, however much of it was read;
    here a GET may be somebody's message, so the error goes out under a name that is not repeated."""


async def _once(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Client middleware: one attempt, whatever becomes of it."""
    try:
        return await send(request)
    except (aiohttp.ClientConnectorError, aiohttp.ServerTimeoutError):
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise BrokenConnectionError(*error.args) from error


@contextmanager
def _named(request: httpx.Request) -> Iterator[None]:
    """aiohttp's errors as httpx's."""
    try:
        yield
    except (aiohttp.ClientError, TimeoutError) as error:
        cause = error.__cause__ if isinstance(error, BrokenConnectionError) and error.__cause__ else error
        named = next(ours for theirs, ours in _ERRORS if isinstance(cause, theirs))
        raise named(str(cause) or type(cause).__name__, request=request) from cause


class _Body(httpx.AsyncByteStream):
    """The bytes of an answer while they come."""

    def __init__(self, answer: aiohttp.ClientResponse, request: httpx.Request) -> None:
        self._answer, self._request = answer, request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _named(self._request):
            async for piece in self._answer.content.iter_chunked(_PIECE):
                yield piece

    async def aclose(self) -> None:
        """Give the connection back; aiohttp closes it where the answer was not read to its end."""
        self._answer.release()


class Transport(httpx.AsyncBaseTransport):
    """Sends through one aiohttp session: no redirects, cookies, proxies or decoding of its own, all of which are httpx's.

    A provider that hangs uses up the connections to its own host and nobody else's.
    """

    def __init__(self, per_host: int = CONNECTIONS_PER_HOST) -> None:
        self._per_host = per_host
        self._session: aiohttp.ClientSession | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send it, once, and give back the answer when its headers have come."""
        session = self._session = self._session or _session(self._per_host)
        with _named(request):
            answer = await session.request(
                request.method, URL(str(request.url), encoded=True), headers=request.headers.multi_items(),
                data=_content(request), timeout=_limits(request), allow_redirects=False,
            )  # fmt: skip
        return httpx.Response(
            answer.status, headers=answer.raw_headers, stream=_Body(answer, request), request=request,
            extensions={"http_version": b"HTTP/1.1", "reason_phrase": (answer.reason or "").encode("ascii", "ignore")},
        )  # fmt: skip

    async def aclose(self) -> None:
        """Close every connection."""
        if self._session is not None:
            await self._session.close()


@cache
def trusted() -> ssl.SSLContext:
    """The certificates that all clients of a process trust, read once: that takes 50 ms of CPU."""
    context: ssl.SSLContext = httpx.create_ssl_context(trust_env=False)
    return context


def _session(per_host: int) -> aiohttp.ClientSession:
    """Made inside the running loop, as aiohttp wants it."""
    connector = aiohttp.TCPConnector(ssl=trusted(), limit=0, limit_per_host=per_host, keepalive_timeout=IDLE_SECONDS)
    return aiohttp.ClientSession(
        connector=connector, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False, trust_env=False,
        skip_auto_headers=_ADDED_BY_AIOHTTP, middlewares=(_once,),
    )  # fmt: skip


def _content(request: httpx.Request) -> bytes | AsyncIterator[bytes] | None:
    """The body: bytes where httpx has them, else (a file) piece by piece, under the length that httpx has set."""
    try:
        return request.content or None
    except httpx.RequestNotRead:
        request.headers.pop("transfer-encoding", None)  # aiohttp says this itself
        assert isinstance(request.stream, httpx.AsyncByteStream)
        return aiter(request.stream)


def _limits(request: httpx.Request) -> aiohttp.ClientTimeout:
    """httpx's limits. Waiting for a free connection and connecting are one step here, as long as the longer of both."""
    asked = request.extensions.get("timeout", {})
    connect, pool = asked.get("connect"), asked.get("pool")
    both = None if connect is None or pool is None else max(connect, pool)
    return aiohttp.ClientTimeout(total=None, connect=both, sock_connect=connect, sock_read=asked.get("read"))


def http_client() -> httpx.AsyncClient:
    """A client that takes nothing from the environment and keeps no cookies: all tenants share it. Close it."""
    no_cookies = CookieJar(DefaultCookiePolicy(allowed_domains=()))
    return httpx.AsyncClient(timeout=SECONDS, transport=Transport(), trust_env=False, cookies=no_cookies)
