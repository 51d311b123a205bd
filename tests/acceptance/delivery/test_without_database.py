"""The database goes away and comes back: senders are told in time, nothing is lost, service resumes by itself."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from urllib.parse import parse_qs, urlsplit

import pytest
import pytest_asyncio

MESSAGE = {"client_slug": "salon", "content": "hello there", "channel": "whatsapp"}
HEADERS = {"x-webhook-secret": "secret-of-tests"}
TICK = 0.01


class End(asyncio.Protocol):
    """One end of a connection; hands on what it hears to the other end."""

    def __init__(self, line: Line, other: End | None = None) -> None:
        self.line, self.other = line, other
        self.transport: asyncio.Transport | None = None
        self.unsent: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client came (then the way to the server is opened), or the server answered."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.line.ends.add(self)
        if self.other is None:
            self.other = End(self.line, self)
            self.line.reach(self.other)
        self.flush()

    def data_received(self, data: bytes) -> None:
        """Some bytes came."""
        assert self.other is not None
        self.other.unsent.append(data)
        self.other.flush()

    def flush(self) -> None:
        """Hand on what waits, unless the line is frozen."""
        if self.transport and not self.line.frozen:
            self.transport.writelines(self.unsent)
            self.unsent.clear()

    def connection_lost(self, exc: Exception | None) -> None:
        """This end is gone: so is the other."""
        self.line.ends.discard(self)
        if self.other and self.other.transport:
            self.other.transport.close()


class Line:
    """The wire to PostgreSQL, which a test may cut (connections end, new ones are refused) or freeze (nothing moves)."""

    def __init__(self) -> None:
        self.ends: set[End] = set()
        self.frozen = False
        self._port = 0
        self._reaching: set[asyncio.Task[object]] = set()

    def lead_to(self, url: str) -> None:
        """The server's address, as the kit gives it."""
        parts = urlsplit(url)
        where = parse_qs(parts.query)
        self._socket = f"{where['host'][0]}/.s.PGSQL.{where['port'][0]}"
        self._user, self._database = parts.username, parts.path

    @property
    def url(self) -> str:
        """The database's address at this end."""
        return f"postgresql://{self._user}@127.0.0.1:{self._port}{self._database}"

    async def open(self) -> None:
        """Let connections in; always at the same port."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: End(self), "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    def reach(self, end: End) -> None:
        """Connect one to the server."""
        way = asyncio.get_running_loop().create_unix_connection(lambda: end, self._socket)
        task = asyncio.ensure_future(way)
        self._reaching.add(task)
        task.add_done_callback(self._reaching.discard)

    async def cut(self) -> None:
        """End what is connected and let nobody in."""
        self._server.close()
        await asyncio.gather(*self._reaching, return_exceptions=True)
        for end in list(self.ends):
            if end.transport:
                end.transport.abort()

    def freeze(self) -> None:
        """Nothing moves, and nobody is told."""
        self.frozen = True

    def thaw(self) -> None:
        """Everything moves again."""
        self.frozen = False
        for end in list(self.ends):
            end.flush()


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


@asynccontextmanager
async def lateness() -> AsyncIterator[Callable[[], float]]:
    """How many seconds this process, which is senders and gateway at once, came too late to what was due: a busy machine's doing."""
    late = 0.0

    async def watch() -> None:
        nonlocal late
        while True:
            start = time.perf_counter()
            await asyncio.sleep(TICK)
            late += max(0.0, time.perf_counter() - start - 2 * TICK)

    watching = asyncio.create_task(watch())
    yield lambda: late
    watching.cancel()


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
        answer = await rig.post(
            "/message", headers=HEADERS, remote_jid=f"770000001{number:02}", message_id=str(number), **MESSAGE
        )
        assert answer.status_code == 503, answer.text
        assert int(answer.headers["retry-after"]) > 0
        assert "again" in answer.json()["error"]
        return time.perf_counter() - start

    async with lateness() as late:
        longest = max(await asyncio.gather(*(refused(number) for number in range(20))))
    assert longest - late() < 2.0
    ready, health, metrics, admin = await asyncio.gather(
        rig.http.get("/ready"), rig.http.get("/health"), rig.http.get("/metrics"), rig.admin("GET", "/admin/health")
    )
    assert ready.status_code == 503
    assert ready.json()["status"] == "unready" and ready.json()["database"] not in ("", "ok"), "it says what is wrong"
    assert (health.status_code, metrics.status_code, admin.status_code) == (200, 200, 503)
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
    await lean.rig.post(
        "/message", headers=HEADERS, remote_jid="77000000092", **MESSAGE | {"content": "one more thing"}
    )
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
    assert lean.read("77000000092@s.whatsapp.net") == ["re: one more thing"]
    assert lean.read("77000000093@s.whatsapp.net") == ["re: slow thoughts"]
    assert (await lean.rig.ledger())["balanced"]
