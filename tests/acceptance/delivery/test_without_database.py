"""The database goes away and comes back: senders are told in time, nothing is lost, service resumes by itself."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from urllib.parse import parse_qs, urlsplit

import pytest
import pytest_asyncio

MESSAGE = {"client_slug": "salon", "content": "hello there", "channel": "whatsapp"}
HEADERS = {"x-webhook-secret": "secret-of-tests"}


class Line:
    """The wire to PostgreSQL, which a test may cut (connections end, new ones are refused) or freeze (nothing moves)."""

    def __init__(self) -> None:
        self._moving = asyncio.Event()
        self._moving.set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._port = 0

    def lead_to(self, url: str) -> None:
        """The server's address, as the kit gives it."""
        parts = urlsplit(url)
        where = parse_qs(parts.query)
        self._socket = f"{where['host'][0]}/.s.PGSQL.{where['port'][0]}"
        self._user, self._database = parts.username, parts.path

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._join, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()

    def freeze(self) -> None:
        self._moving.clear()

    def thaw(self) -> None:
        self._moving.set()

    @property
    def url(self) -> str:
        return f"postgresql://{self._user}@127.0.0.1:{self._port}{self._database}"

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_unix_connection(self._socket)
        self._writers |= {writer, back}
        await asyncio.gather(self._pass(reader, back), self._pass(there, writer))
        self._writers -= {writer, back}

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                await self._moving.wait()
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()


@pytest.fixture
def line() -> Line:
    """The wire of this test's gateway."""
    return Line()


@pytest_asyncio.fixture
async def database_url(database_url: str, line: Line) -> AsyncIterator[str]:
    """The kit's database, over the wire."""
    line.lead_to(database_url)
    await line.open()
    yield line.url
    line.thaw()
    await line.cut()


@pytest.mark.parametrize("how", ["cut", "frozen"])
async def test_503_within_two_seconds_and_service_resumes(lean_of, line: Line, how: str) -> None:
    lean = await lean_of()
    rig = lean.rig
    assert (await rig.post("/message", headers=HEADERS, remote_jid="77000000091", **MESSAGE)).status_code == 200
    assert await lean.sim.wait("77000000091@s.whatsapp.net", 1)
    await rig.settled()
    if how == "cut":
        await line.cut()
    else:
        line.freeze()

    async def refused(number: int) -> float:
        start = time.perf_counter()
        answer = await rig.post("/message", headers=HEADERS, remote_jid=f"770000001{number:02}", message_id=str(number), **MESSAGE)
        assert answer.status_code == 503, answer.text
        assert int(answer.headers["retry-after"]) > 0
        assert "again" in answer.json()["error"]
        return time.perf_counter() - start

    assert max(await asyncio.gather(*(refused(number) for number in range(20)))) < 2.0
    ready = await rig.http.get("/ready")
    assert ready.status_code == 503
    assert ready.json()["status"] == "unready" and ready.json()["database"] not in ("", "ok")
    assert (await rig.http.get("/health")).status_code == 200
    assert (await rig.http.get("/metrics")).status_code == 200
    assert (await rig.admin("GET", "/admin/health")).status_code == 503
    if how == "cut":
        await line.open()
    else:
        line.thaw()

    async def taken() -> bool:
        answer = await rig.post("/message", headers=HEADERS, remote_jid="77000000100", message_id="0", **MESSAGE)
        return answer.status_code == 200

    await rig.until(taken)
    assert await lean.sim.wait("77000000100@s.whatsapp.net", 1)
    assert (await rig.http.get("/ready")).status_code == 200
    await rig.settled()
    assert len(lean.read("77000000100@s.whatsapp.net")) == 1


async def test_a_turn_and_a_send_under_way_survive_an_outage(lean_of, line: Line) -> None:
    """The turn is thinking and a send is out when the line is cut: both end once, when it is back."""
    lean = await lean_of(rig={"lease_seconds": 2.0, "heartbeat_seconds": 0.5})
    await lean.meet("77000000092@s.whatsapp.net")
    lean.sim.behave(jid="77000000092@s.whatsapp.net", count=1, delay=0.7)
    await lean.rig.post("/message", headers=HEADERS, remote_jid="77000000092", **MESSAGE)
    assert await lean.sim.wait("77000000092@s.whatsapp.net", 1)
    await lean.rig.post("/message", headers=HEADERS, remote_jid="77000000093", **MESSAGE | {"content": "slow thoughts"})

    async def thinking() -> bool:
        return lean.parrot.thinking == 1

    await lean.rig.until(thinking)
    await line.cut()
    lean.parrot.gate.set()
    await asyncio.sleep(1.0)
    await line.open()
    assert await lean.sim.wait("77000000093@s.whatsapp.net", 1)
    await lean.rig.settled()
    assert lean.read("77000000092@s.whatsapp.net") == ["re: hello there"]
    assert lean.read("77000000093@s.whatsapp.net") == ["re: slow thoughts"]
    assert (await lean.rig.ledger())["balanced"]
