"""A whole gateway inside the test's process: real PostgreSQL, real HTTP on loopback, workers, a clock to move."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
from pydantic import SecretStr

from truffles_gateway.app import Gateway
from truffles_gateway.catalog import Catalog
from truffles_gateway.http_client import trusted
from truffles_gateway.plugin import KnowledgeWriter, Plugin, SyncReport
from truffles_gateway.settings import Settings
from truffles_gateway.store import tenants as tenant_store
from truffles_gateway.store.database import Record
from truffles_gateway.tenant_config import read
from truffles_gateway.testing.clock import MovedClock
from truffles_gateway.web.server import listen, make_app, serve, url

ADMIN = "admin-of-tests"
TICK = 0.2
HELD_BACK = """
    kind <> 'callback' AND EXISTS (SELECT 1 FROM outbox_messages b WHERE b.client_id = o.client_id
        AND b.channel = o.channel AND b.recipient = o.recipient AND b.seq < o.seq AND b.status = 'queued'
        AND b.attempts > 0 AND b.kind <> 'callback'
        AND (b.held_until > $1 OR (o.kind, b.kind) IN (('update', 'card'), ('update', 'update'),
            ('draft', 'draft'), ('learned', 'learned'))))
"""
"""Of a row `o` of the outbox: does one before it that failed hold it back at `$1`? It then waits for that one's attempt."""


class Rig:
    """One process of a gateway. Several on the same database are several processes as far as the gateway can tell.

    `plugins` (or a `catalog`) are all that is installed there; without either it is what this machine has.
    """

    def __init__(
        self, database_url: str, clock: MovedClock, *, work: bool = True, plugins: Sequence[Plugin] = (),
        catalog: Catalog | None = None, **more: Any,
    ) -> None:  # fmt: skip
        self.clock = clock
        self._work, self._catalog = work, Catalog.of(*plugins) if plugins else catalog
        values: dict[str, Any] = {
            "tick_seconds": TICK,
            "admin_token": ADMIN,
            "drain_seconds": 5.0,
            "log_level": "error",
        }
        self._settings = Settings(
            database_url=SecretStr(database_url),
            truffles_clock_file=str(clock.path),
            **(values | more),
        )
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        self.gateway = await self._stack.enter_async_context(Gateway(self._settings, catalog=self._catalog))
        self.gateway.start(work=self._work)
        listening = listen("127.0.0.1", 0)
        self.url = url(listening)
        stop = asyncio.Event()
        server = asyncio.create_task(serve(make_app(self.gateway), listening, stop.wait, drain=1))

        async def stop_serving() -> None:
            stop.set()
            await asyncio.wait([server], timeout=5)

        self.http = httpx.AsyncClient(base_url=self.url, timeout=30, trust_env=False, verify=trusted())
        self._stack.push_async_callback(stop_serving)
        self._stack.push_async_callback(self.http.aclose)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def apply(self, *configs: Mapping[str, Any]) -> None:
        """Apply tenants' configs as `truffles tenants apply` does, and wait until this process serves them."""
        for raw in configs:
            config, problems = read(raw)
            assert config is not None, problems
            assert not problems, problems
            await tenant_store.apply(self.gateway.database, raw, config, self.clock.now())
        await self.gateway.registry.refresh()

    async def sync(self, tenant: str, folder: Path) -> SyncReport:
        """Load a tenant's knowledge from a folder."""
        served = self.gateway.registry.get(tenant)
        assert served is not None
        writer = next(each for each in served.objects.values() if isinstance(each, KnowledgeWriter))
        return await writer.sync(folder, lambda done, total, what: None)

    async def post(self, path: str, *, headers: Mapping[str, str] | None = None, **body: Any) -> httpx.Response:
        """POST a JSON body."""
        return await self.http.post(path, json=body, headers=dict(headers or {}))

    async def admin(self, method: str, path: str, **more: Any) -> httpx.Response:
        """A request with the admin token."""
        return await self.http.request(method, path, headers={"authorization": f"Bearer {ADMIN}"}, **more)

    async def tick(self) -> None:
        """Process inbox, outbox and jobs once, as `POST /admin/outbox/process` does."""
        response = await self.admin("POST", "/admin/outbox/process")
        assert response.status_code == 200, response.text

    async def rows(self, sql: str, *args: Any) -> list[Record]:
        """Look into the database."""
        return list(await self.gateway.database.fetch(sql, *args))

    async def ledger(self) -> dict[str, Any]:
        """The conservation ledger of all tenants."""
        response = await self.admin("GET", "/admin/ledger")
        assert response.status_code == 200, response.text
        ledger: dict[str, Any] = response.json()
        return ledger

    async def until(self, condition: Callable[[], Awaitable[Any]], *, seconds: float = 15.0) -> Any:
        """Ask `condition` again and again until it is true; its value. Fails the test after `seconds`."""
        async with asyncio.timeout(seconds):
            while not (value := await condition()):  # noqa: ASYNC110 - asks a database and other processes
                await asyncio.sleep(0.02)
        return value

    async def settled(self, *, seconds: float = 15.0) -> None:
        """Wait until every event has its outcome and nothing is due to be sent: what failed waits for its next attempt,
        and what is held back by it waits as well."""
        waiting = f"""
            SELECT 1 FROM inbox_events WHERE outcome IS NULL
            UNION ALL SELECT 1 FROM outbox_messages o
                WHERE status = 'sending' OR (status = 'queued' AND attempts = 0 AND NOT ({HELD_BACK}))
            LIMIT 1
        """  # noqa: S608 - of a constant alone

        async def quiet() -> bool:
            return not await self.rows(waiting, self.clock.now())

        await self.until(quiet, seconds=seconds)
