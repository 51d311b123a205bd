"""The HTTP client that all plugins share: what its errors say of a request, and whom a slow host holds up."""

from __future__ import annotations

import asyncio
import gzip
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
import pytest

from truffles_gateway.http_client import Transport, http_client

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
QUICK = httpx.Timeout(5, read=0.2)


@dataclass
class Server:
    """What one loopback server was sent, head and body of each request."""

    url: str = ""
    heads: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)


Reply = Callable[[Server, asyncio.StreamWriter], Awaitable[None]]


def says(answer: bytes) -> Reply:
    """A server that always says the same."""

    async def reply(server: Server, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)

    return reply


@asynccontextmanager
async def serving(reply: Reply) -> AsyncIterator[Server]:
    """A server that lets `reply` answer each request. Clients leave before it ends."""
    server, running = Server(), list[asyncio.Task[None]]()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while not writer.is_closing():
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                server.heads.append(head)
                lengths = [
                    line.split(":")[1] for line in head.lower().split("\r\n") if line.startswith("content-length")
                ]
                server.bodies.append(await reader.readexactly(int(lengths[0])) if lengths else b"")
                await reply(server, writer)
        except (asyncio.IncompleteReadError, ConnectionResetError):
            pass  # the client has left
        writer.close()

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        running.append(asyncio.create_task(serve(reader, writer)))

    async with await asyncio.start_server(begin, "127.0.0.1", 0) as listening:
        server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        yield server
    await asyncio.gather(*running)


async def test_a_host_that_hangs_keeps_nobody_elses_connections() -> None:
    go_on = asyncio.Event()

    async def hang(server: Server, writer: asyncio.StreamWriter) -> None:
        await go_on.wait()
        writer.write(ANSWER)

    async with (
        serving(hang) as hanging, serving(says(ANSWER)) as well,
        httpx.AsyncClient(transport=Transport(per_host=1)) as http,
    ):  # fmt: skip
        waiting = asyncio.create_task(http.get(hanging.url))
        for _ in range(3):  # over the one connection that this host has
            assert (await http.get(well.url, timeout=5)).text == "ok"
        with pytest.raises(httpx.ConnectTimeout):  # its one connection is taken: nothing was written
            await http.get(hanging.url, timeout=0.1)
        assert not waiting.done()
        go_on.set()
        assert (await waiting).text == "ok"
        assert len(hanging.heads) == 1


async def test_a_request_whose_connection_breaks_is_not_sent_again() -> None:
    """A GET may be somebody's message (it is at ChatFlow): only the plugin knows whether it may be repeated."""

    async def answer_once(server: Server, writer: asyncio.StreamWriter) -> None:
        if len(server.heads) == 1:
            writer.write(ANSWER)
        else:
            writer.close()

    async with serving(answer_once) as server, http_client() as http:
        assert (await http.get(server.url)).text == "ok"
        with pytest.raises(httpx.RemoteProtocolError):
            await http.get(server.url)  # over the connection that is open already
        assert len(server.heads) == 2


async def test_nothing_was_written_where_nobody_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening
        async with http_client() as http:
            with pytest.raises(httpx.ConnectError):
                await http.get(f"http://127.0.0.1:{taken.getsockname()[1]}/")


async def test_a_name_that_does_not_exist_was_not_written_to_either() -> None:
    async with http_client() as http:
        with pytest.raises(httpx.ConnectError):
            await http.get("http://nowhere.invalid/")


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"", httpx.ReadTimeout),
        (b"HTTP/1.1 200 OK\r\n", httpx.ReadTimeout),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nok", httpx.ReadTimeout),
        (b"SSH-2.0-OpenSSH\r\n\r\n", httpx.RemoteProtocolError),
        (b"HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n", httpx.RemoteProtocolError),
    ],
)
async def test_what_came_back_unreadable_or_not_at_all_was_sent(answer: bytes, error: type[Exception]) -> None:
    async with serving(says(answer)) as server, http_client() as http:
        with pytest.raises(error):
            await http.get(server.url, timeout=QUICK)


async def test_an_answer_that_breaks_off_is_no_answer() -> None:
    async def break_off(server: Server, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nok")
        writer.close()

    async with serving(break_off) as server, http_client() as http:
        with pytest.raises(httpx.RemoteProtocolError):
            await http.get(server.url)


@pytest.mark.parametrize("url", ["http://", "ftp://127.0.0.1/", "http://127.0.0.1:1\n/"])
async def test_what_is_no_address_is_said_so(url: str) -> None:
    async with http_client() as http:
        with pytest.raises((httpx.UnsupportedProtocol, httpx.InvalidURL)):
            await http.get(url)


async def test_a_request_goes_out_as_it_was_made() -> None:
    async with serving(says(ANSWER)) as server, http_client() as http:
        await http.get(f"{server.url}/send?sign=a%2Fb%2Bc", headers={"x-key": "1"})
        await http.post(f"{server.url}/плюс", json={"msg": "Сәлем"})
        await http.post(server.url, data={"chat": "1"}, files={"photo": ("a.jpg", b"\xff\xd8" * 50_000, "image/jpeg")})
        await http.post(server.url)
    assert server.heads[0].startswith("GET /send?sign=a%2Fb%2Bc HTTP/1.1\r\n")
    assert server.heads[0].lower().count("user-agent:") == 1
    assert "x-key: 1\r\n" in server.heads[0].lower() and "content-type" not in server.heads[0].lower()
    assert server.bodies[1] == '{"msg":"Сәлем"}'.encode()
    assert "/%D0%BF%D0%BB%D1%8E%D1%81 " in server.heads[1]
    assert b"\xff\xd8" * 50_000 in server.bodies[2] and "transfer-encoding" not in server.heads[2].lower()
    assert "content-length: 0\r\n" in server.heads[3].lower()


async def test_an_answer_is_read_as_httpx_reads_it() -> None:
    """Compressed, with one cookie that is not kept, a redirect that is not followed, and a status without a phrase."""
    packed = gzip.compress("да".encode())
    head = b"HTTP/1.1 299\r\nset-cookie: a=1; path=/\r\nlocation: /x\r\ncontent-encoding: gzip\r\ncontent-length: %d\r\n\r\n"
    async with serving(says(head % len(packed) + packed)) as server, http_client() as http:
        answer = await http.get(server.url)
        assert (answer.status_code, answer.text, answer.headers["location"]) == (299, "да", "/x")
        await http.get(server.url)
        assert not any("cookie" in sent.lower() for sent in server.heads), "tenants share the client"
    async with serving(says(b"HTTP/1.1 302 Found\r\nlocation: /x\r\ncontent-length: 0\r\n\r\n")) as server:
        async with http_client() as http:
            assert (await http.get(server.url, follow_redirects=False)).status_code == 302
        assert len(server.heads) == 1


async def test_a_body_may_be_left_unread() -> None:
    """The rest of a file that is too large: its connection is not used again, and the next request has one of its own."""
    head = b"HTTP/1.1 200 OK\r\ncontent-length: 9000000\r\n\r\n"

    async def much(server: Server, writer: asyncio.StreamWriter) -> None:
        writer.write(head + b"x" * 200_000 if len(server.heads) == 1 else ANSWER)

    async with serving(much) as server, http_client() as http:
        async with http.stream("GET", server.url) as answer:
            assert len(await anext(answer.aiter_bytes())) > 0
        assert (await http.get(server.url)).text == "ok"


async def test_nothing_is_taken_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    async with serving(says(ANSWER)) as server, http_client() as http:
        assert (await http.get(server.url)).text == "ok"
