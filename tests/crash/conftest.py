"""Businesses on a simulated WhatsApp whose gateways are processes that may be killed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from truffles_chatflow.plugin import plugin as chatflow
from truffles_chatflow.simulator import Simulator, webhook_payload
from truffles_desk_log.plugin import plugin as desk_log

from truffles_gateway.catalog import Catalog
from truffles_gateway.store import tenants as tenant_store
from truffles_gateway.store.database import Database
from truffles_gateway.tenant_config import read
from truffles_gateway.testing import GatewayProcess, MovedClock, Rig
from truffles_gateway.testing.puppet import install
from truffles_gateway.testing.puppet import plugin as puppet

SECRET, ADMIN = "secret-of-tests", "admin-of-tests"
# The leases of production would only make the tests slow: one test takes those.
FAST = {"lease_seconds": 1.0, "heartbeat_seconds": 0.3}


@dataclass
class Town:
    """The phone network, the database, and what every gateway here needs to know."""

    sim: Simulator
    clock: MovedClock
    database_url: str
    environment: dict[str, str]
    hold: Path
    stack: AsyncExitStack
    http: httpx.AsyncClient
    unsaid: list[tuple[str, dict[str, Any], dict[str, str]]] = field(default_factory=list)

    def business(self, slug: str, *, honours: bool = True) -> dict[str, Any]:
        """A tenant's config; `honours` is what its chatflow plugin believes of the provider."""
        chatflow_settings = {
            "base_url": self.sim.url, "token": "env:TEST_CHATFLOW_TOKEN", "instance_id": slug, "honours_msg_id": honours,
        }  # fmt: skip
        return {
            "slug": slug,
            "name": slug,
            "mode": "auto",
            "dialogue": {"disclose": False},
            "webhook_secret": "env:TEST_WEBHOOK_SECRET",
            "timing": {"complete": 0.02, "fragment": 0.02, "longest": 0.5},
            "plugins": [
                {"name": "puppet", "settings": {"hold": str(self.hold)}},
                {"name": "desk_log"},
                {"name": "chatflow", "settings": chatflow_settings},
            ],
        }

    @asynccontextmanager
    async def database(self, *, size: int = 2) -> AsyncIterator[Database]:
        """The database, with no gateway around it."""
        database = Database(self.database_url, size=size)
        await database.connect()
        try:
            yield database
        finally:
            await database.close()

    async def rows(self, sql: str, *args: Any) -> list[Any]:
        """Look into the database while no gateway runs."""
        async with self.database() as database:
            return list(await database.fetch(sql, *args))

    async def forgotten(self, *, seconds: float = 10.0) -> None:
        """Until the database knows nobody but us any more: what a process had asked of it when it was killed is carried out first, and
        seen only then."""
        others = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        async with self.database(size=1) as database, asyncio.timeout(seconds):
            while await database.fetch(others):  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    async def apply(self, *configs: Mapping[str, Any]) -> None:
        """Put tenants into the database; running gateways hear of it."""
        async with self.database() as database:
            for raw in configs:
                config, problems = read(raw)
                assert config, problems
                await tenant_store.apply(database, raw, config, self.clock.now())

    async def process(self, **environment: str) -> GatewayProcess:
        """A gateway in a process of its own."""
        return await self.stack.enter_async_context(GatewayProcess("serve", self.environment | environment))

    def gateway(self, **more: Any) -> Rig:
        """A gateway in this process, to be entered."""
        return Rig(self.database_url, self.clock, catalog=Catalog.of(puppet, desk_log, chatflow), **more)

    async def rig(self, **more: Any) -> Rig:
        """A gateway in this process, until the end of the test."""
        return await self.stack.enter_async_context(self.gateway(**more))

    async def writes(self, gateway: str, slug: str, jid: str, text: str) -> bool:
        """A customer writes. What is not acknowledged is kept and sent again later, as the provider would."""
        payload = webhook_payload(jid, text, message_id=f"IN-{slug}-{text.replace(' ', '-')}-{jid}")
        return await self.posts(gateway, f"/webhook/{slug}", payload, {"x-webhook-secret": SECRET})

    async def manager(self, gateway: str, slug: str, jid: str, text: str) -> bool:
        """A manager writes to a customer."""
        body = {
            "client_slug": slug, "remote_jid": jid, "text": text, "event_id": f"{slug} {text}",
            "manager": {"id": "owner", "name": "Owner"},
        }  # fmt: skip
        return await self.posts(gateway, "/admin/desk/reply", body, {"authorization": f"Bearer {ADMIN}"})

    async def posts(self, gateway: str, path: str, body: dict[str, Any], headers: dict[str, str]) -> bool:
        """True when it was acknowledged; 4xx is a mistake of the test."""
        try:
            response = await self.http.post(gateway + path, json=body, headers=headers)
        except httpx.HTTPError:
            status = 503
        else:
            status = response.status_code
            assert status == 200 or status >= 500, response.text
        if status != 200:
            self.unsaid.append((path, body, headers))
        return status == 200

    def read(self, jid: str) -> list[str]:
        """What a customer has read."""
        return [message.text for message in self.sim.read(jid)]

    async def repeats(self, gateway: str) -> None:
        """Everything that was not acknowledged is sent again."""
        unsaid, self.unsaid = self.unsaid, []
        for path, body, headers in unsaid:
            await self.posts(gateway, path, body, headers)

    async def quiet(self, rig: Rig, *, seconds: float = 20.0) -> None:
        """Until nothing waits any more; the clock is helped along, so that back-offs end."""

        async def nothing_waits() -> bool:
            self.clock.advance(seconds=0.5)
            return not await rig.rows(
                """SELECT 1 FROM inbox_events WHERE outcome IS NULL
                   UNION ALL SELECT 1 FROM outbox_messages WHERE status IN ('queued', 'sending')
                   UNION ALL SELECT 1 FROM jobs WHERE status = 'waiting' AND kind IN ('manager_reply', 'turn.undelivered')
                   LIMIT 1"""
            )

        await rig.until(nothing_waits, seconds=seconds)


@pytest_asyncio.fixture
async def town(
    database_url: str, moved_clock: MovedClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Town]:
    """An empty town."""
    monkeypatch.setenv("TEST_WEBHOOK_SECRET", SECRET)
    monkeypatch.setenv("TEST_CHATFLOW_TOKEN", "token-of-tests")
    hold = tmp_path / "hold"
    environment = {
        "DATABASE_URL": database_url,
        "TRUFFLES_CLOCK_FILE": str(moved_clock.path),
        "TRUFFLES_CRASH": "",
        "ADMIN_TOKEN": ADMIN,
        "HOST": "127.0.0.1",
        "PORT": "0",
        "TICK_SECONDS": "0.2",
        "LOG_LEVEL": "warning",
        "PYTHONPATH": str(install(_folder(tmp_path))),
        **{name.upper(): str(value) for name, value in FAST.items()},
    }
    async with AsyncExitStack() as stack:
        sim = await stack.enter_async_context(Simulator())
        http = await stack.enter_async_context(httpx.AsyncClient(timeout=10, trust_env=False))
        yield Town(sim, moved_clock, database_url, environment, hold, stack, http)


def _folder(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    folder.mkdir()
    return folder
