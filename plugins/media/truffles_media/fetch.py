"""Fetching a file from a link that a stranger wrote, without being led anywhere else.

Every hop must be https on an allowed host; its name is resolved once, every address that it has must be public, and the
connection goes to an address that was checked, so that a second look-up cannot lead elsewhere (DNS rebinding). The
certificate is checked against the name. Redirects are followed by hand. Size and time are limited while bytes arrive:
nothing that a server says about its answer is believed.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from ipaddress import ip_address

import httpx

from truffles_media.addresses import Address, is_public

REDIRECTS = 3
LONGEST_LINK = 8192
HTTPS = 443
HEADERS = {"user-agent": "truffles-media", "accept": "*/*", "accept-encoding": "identity", "connection": "close"}
MOVED = frozenset({301, 302, 303, 307, 308})
WORTH_ANOTHER_TRY = frozenset({408, 425, 429})


class Trouble(StrEnum):
    """Why there are no bytes: the link is not one that may be followed, the file is too large, or the way failed."""

    LINK = "link"
    SIZE = "size"
    WAY = "way"


class FetchError(Exception):
    """No bytes. `detail` is for the log and holds no link; `again` says that another attempt may help."""

    def __init__(self, trouble: Trouble, detail: str, *, again: bool = False) -> None:
        super().__init__(f"{trouble}: {detail}")
        self.trouble, self.detail, self.again = trouble, detail, again


Resolve = Callable[[str, int], Awaitable[Sequence[Address]]]


async def resolve(host: str, port: int) -> Sequence[Address]:
    """All addresses of a name, in the system's order of preference (RFC 6724). Raises `OSError` when there are none."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(ip_address(sockaddr[0]) for *_, sockaddr in found))


@cache
def _certificates() -> ssl.SSLContext:
    """The authorities that are trusted. Loading them takes 40 ms: once a process, for all tenants."""
    return httpx.create_ssl_context(trust_env=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """How the outside is reached. Nothing of it can be configured: only a test makes another one than this."""

    resolve: Resolve = resolve
    is_allowed: Callable[[Address], bool] = is_public
    context: ssl.SSLContext | None = None
    ports: frozenset[int] = frozenset({HTTPS})


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Seconds: to connect to one address, between two pieces of an answer, and before each further attempt."""

    connect: float = 2.5
    silence: float = 3.0
    pauses: tuple[float, ...] = (0.3, 1.0)


class Fetcher:
    """Fetches from `hosts` and from nowhere else. Holds nothing open between two calls."""

    def __init__(self, hosts: Sequence[str], *, wire: Wire | None = None, patience: Patience | None = None) -> None:
        self._hosts, self._wire, self._patience = frozenset(hosts), wire or Wire(), patience or Patience()

    def check(self, link: str) -> httpx.URL:
        """The link, taken apart. Raises `FetchError` for one that may not be followed; touches no network."""
        if len(link) > LONGEST_LINK:
            raise FetchError(Trouble.LINK, "is too long")
        try:
            url = httpx.URL(link)
        except (httpx.InvalidURL, ValueError) as problem:
            raise FetchError(Trouble.LINK, "cannot be read") from problem
        if objection := self._objection(url):
            raise FetchError(Trouble.LINK, objection)
        return url

    async def fetch(self, link: str, *, limit: int, seconds: float) -> bytes:
        """The bytes behind `link`, `limit` at most, within `seconds` and with all attempts. Raises `FetchError`."""
        try:
            async with asyncio.timeout(seconds):
                return await self._persist(link, limit)
        except TimeoutError as problem:
            raise FetchError(Trouble.WAY, f"took longer than {seconds:g} s") from problem

    def _objection(self, url: httpx.URL) -> str:
        if url.scheme != "https":
            return "is not https"
        if url.userinfo:
            return "names a user"
        if _port(url) not in self._wire.ports:
            return "names a port"
        return "" if _name(url) in self._hosts else "leads to a host that is not allowed"

    async def _persist(self, link: str, limit: int) -> bytes:
        """Another attempt after each pause, as long as that may help."""
        for pause in self._patience.pauses:
            try:
                return await self._follow(link, limit)
            except FetchError as problem:
                if not problem.again:
                    raise
            await asyncio.sleep(pause)
        return await self._follow(link, limit)

    async def _follow(self, link: str, limit: int) -> bytes:
        """One attempt: the link, and where it is redirected to."""
        url = self.check(link)
        for _ in range(REDIRECTS + 1):
            answer = await self._get(url, limit)
            if isinstance(answer, bytes):
                return answer
            url = self.check(_join(url, answer))
        raise FetchError(Trouble.LINK, f"is redirected more than {REDIRECTS} times")

    async def _get(self, url: httpx.URL, limit: int) -> bytes | str:
        """The bytes, or where to look instead. An address that does not answer gives way to the next."""
        failure: Exception | None = None
        for address in await self._addresses(url):
            try:
                return await self._ask(url, address, limit)
            except (httpx.ConnectError, httpx.ConnectTimeout) as problem:
                failure = problem
            except httpx.HTTPError as problem:
                raise FetchError(Trouble.WAY, type(problem).__name__, again=True) from problem
            except (httpx.InvalidURL, ValueError) as problem:  # httpx reads a redirect before it gives the answer away
                raise FetchError(Trouble.LINK, "is redirected to what cannot be read") from problem
        raise FetchError(Trouble.WAY, "nobody answers", again=True) from failure

    async def _addresses(self, url: httpx.URL) -> Sequence[Address]:
        """Where the host lives. One bad address among good ones condemns all: an honest host has none."""
        try:
            found = await self._wire.resolve(_name(url), _port(url))
        except OSError as problem:
            raise FetchError(Trouble.WAY, "the host has no address", again=True) from problem
        if not all(self._wire.is_allowed(each) for each in found):
            raise FetchError(Trouble.LINK, "leads to an address that is not public")
        return found

    async def _ask(self, url: httpx.URL, address: Address, limit: int) -> bytes | str:
        """One request to one checked address. The name stays in `Host`, in SNI and in the check of the certificate.

        The client is of this request alone: no cookie and no connection outlives it, and no proxy resolves names anew.
        """
        headers = {**HEADERS, "host": url.netloc.decode("ascii")}
        pinned = url.copy_with(host=str(address), fragment=None)
        times = httpx.Timeout(self._patience.silence, connect=self._patience.connect)
        context = self._wire.context or _certificates()
        async with (
            httpx.AsyncClient(verify=context, trust_env=False, follow_redirects=False, timeout=times) as client,
            client.stream("GET", pinned, headers=headers, extensions={"sni_hostname": _name(url)}) as response,
        ):
            if response.status_code in MOVED:
                return str(response.headers.get("location", ""))
            _check_head(response, limit)
            return await _read(response, limit)


def _name(url: httpx.URL) -> str:
    """The host as the wire knows it: lower-case ASCII."""
    return url.raw_host.decode("ascii").lower()


def _port(url: httpx.URL) -> int:
    return HTTPS if url.port is None else url.port


def _join(url: httpx.URL, location: str) -> str:
    try:
        return str(url.join(location))
    except (httpx.InvalidURL, ValueError) as problem:
        raise FetchError(Trouble.LINK, "is redirected to what cannot be read") from problem


def _check_head(response: httpx.Response, limit: int) -> None:
    status = response.status_code
    if status != httpx.codes.OK:
        again = status >= 500 or status in WORTH_ANOTHER_TRY
        raise FetchError(Trouble.WAY, f"the host answers {status}", again=again)
    if response.headers.get("content-encoding", "identity").lower() not in {"", "identity"}:
        raise FetchError(Trouble.WAY, "the answer is packed, although that was refused")  # it may be a bomb
    declared = response.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit:
        raise FetchError(Trouble.SIZE, "is announced as too large")


async def _read(response: httpx.Response, limit: int) -> bytes:
    """The bytes as they came over the wire: nothing is unpacked."""
    body = bytearray()
    async for piece in response.aiter_raw():
        body += piece
        if len(body) > limit:
            raise FetchError(Trouble.SIZE, "is too large")
    if not body:
        raise FetchError(Trouble.WAY, "the answer is empty", again=True)
    return bytes(body)
