"""The HTTP client that all plugins share."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from truffles_gateway.http_client import PoolPerHost

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


@asynccontextmanager
async def server(answers: asyncio.Event) -> AsyncIterator[str]:
    """A server that answers once `answers` is set; its address. Clients leave before it ends."""
    serving: list[asyncio.Task[None]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.readline():
            while (await reader.readline()).strip():
                pass
            await answers.wait()
            writer.write(ANSWER)
        writer.close()
        await writer.wait_closed()

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.append(asyncio.create_task(serve(reader, writer)))

    async with await asyncio.start_server(begin, "127.0.0.1", 0) as listening:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    await asyncio.gather(*serving)


async def test_a_host_that_hangs_keeps_nobody_elses_connections() -> None:
    quick, slow = asyncio.Event(), asyncio.Event()
    quick.set()
    transport = PoolPerHost(httpx.Limits(max_connections=1))
    async with server(slow) as hanging, server(quick) as well, httpx.AsyncClient(transport=transport) as http:
        waiting = asyncio.create_task(http.get(hanging))
        for _ in range(3):  # over the one connection that this host has
            assert (await http.get(well, timeout=5)).text == "ok"
        assert not waiting.done()
        slow.set()
        assert (await waiting).text == "ok"
