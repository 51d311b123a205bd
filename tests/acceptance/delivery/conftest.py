"""A lean salon: a bot that parrots, a desk, a simulated WhatsApp; several gateways may share its database."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import pytest_asyncio
from truffles_chatflow.plugin import plugin as chatflow
from truffles_chatflow.simulator import Simulator
from truffles_desk_log.plugin import plugin as desk_log

from truffles_gateway.catalog import Catalog
from truffles_gateway.messages import Draft, Inbound, Route, Verdict
from truffles_gateway.plugin import Plugin, hookimpl
from truffles_gateway.testing import MovedClock, Rig

SECRET = "secret-of-tests"


class Parrot:
    """Repeats what it hears; "human …" wants a human, "slow …" waits until `gate` is open."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.thinking = 0

    @hookimpl
    def classify(self, message: Inbound) -> Verdict:
        """Everything is a question, but for a wish for a human."""
        return Verdict(route=Route.HUMAN if "human" in message.text else Route.ANSWER, language="en")

    @hookimpl
    async def answer(self, message: Inbound) -> Draft:
        """The same words."""
        if "slow" in message.text:
            self.thinking += 1
            await self.gate.wait()
        return Draft(text=f"re: {message.text}", verbatim=True)


@dataclass
class Lean:
    """The salon with everything that is around it."""

    rig: Rig
    sim: Simulator
    clock: MovedClock
    parrot: Parrot
    start: Callable[..., Awaitable[Rig]]

    async def meet(self, *jids: str) -> None:
        """Let customers write and be answered, so that they have conversations; then forget what was read."""
        for jid in jids:
            await self.sim.write(jid, "hello there")
        for jid in jids:
            assert await self.sim.wait(jid, 1)
        await self.rig.settled()
        self.sim.reset()

    async def say(self, jid: str, text: str, rig: Rig | None = None, **more: object) -> None:
        """A manager's words to a customer; returns when they are in the outbox, and were tried if they are due."""
        rig = rig or self.rig
        body = {"client_slug": "salon", "remote_jid": jid, "text": text, "manager": {"id": "owner"}, **more}
        response = await rig.admin("POST", "/admin/desk/reply", json=body)
        assert response.status_code == 200, response.text

        await rig.tick()

    async def thought(self) -> None:
        """Wait until every event has its outcome."""

        async def done() -> bool:
            return not await self.rig.rows("SELECT 1 FROM inbox_events WHERE outcome IS NULL LIMIT 1")

        await self.rig.until(done)

    async def later(self, **time: float) -> None:
        """Move the clock and let everything that is due by then happen."""
        self.clock.advance(**time)
        await self.rig.tick()

    async def outbox(self, jid: str = "", kind: str = "") -> list[Any]:
        """Outgoing rows in their order."""
        return await self.rig.rows(
            "SELECT * FROM outbox_messages WHERE ($1 = '' OR recipient = $1) AND ($2 = '' OR kind = $2) ORDER BY seq",
            jid,
            kind,
        )

    def read(self, jid: str = "") -> list[str]:
        """What a customer has on the screen."""
        return [message.text for message in self.sim.read(jid)]

    def asked(self, jid: str = "") -> int:
        """How many sends the provider was asked for."""
        return sum(jid in ("", attempt.jid) for attempt in self.sim.attempts)


LeanOf = Callable[..., Awaitable[Lean]]


def config(url: str, *, slug: str = "salon", chatflow: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """The tenant's config; bursts wait for almost nothing."""
    settings = {"base_url": url, "token": "env:TEST_CHATFLOW_TOKEN", "instance_id": slug, **(chatflow or {})}
    return {
        "slug": slug,
        "name": "Salon",
        "mode": "auto",
        "dialogue": {"disclose": False},
        "languages": ["en", "ru", "kk"],
        "webhook_secret": "env:TEST_WEBHOOK_SECRET",
        "timing": {"complete": 0.01, "fragment": 0.01, "longest": 0.5},
        "plugins": [{"name": "parrot"}, {"name": "desk_log"}, {"name": "chatflow", "settings": settings}],
        "agents": [{"name": "Owner", "role": "owner", "identities": [{"channel": "desk_log", "id": "owner"}]}],
        **changes,
    }


@pytest.fixture
def parrot() -> Parrot:
    """The bot."""
    return Parrot()


@pytest_asyncio.fixture
async def lean_of(
    rig_of: Callable[..., Awaitable[Rig]], sim: Simulator, moved_clock: MovedClock, parrot: Parrot
) -> LeanOf:
    """Starts the salon; keyword arguments change its config, `rig` the process's settings."""
    catalog = Catalog.of(chatflow, desk_log, Plugin(name="parrot", version="1", create=lambda *_: parrot))

    async def start(*others: dict[str, Any], rig: dict[str, Any] | None = None, **changes: Any) -> Lean:
        first = await rig_of(config(sim.url, **changes), *others, catalog=catalog, **(rig or {}))
        sim.gateway = first.url

        async def another(**more: Any) -> Rig:
            return await rig_of(catalog=catalog, **{**(rig or {}), **more})

        return Lean(first, sim, moved_clock, parrot, another)

    return start


@pytest.fixture
def post() -> Callable[..., Awaitable[httpx.Response]]:
    """Posts bytes to a tenant's WhatsApp door."""

    async def send(rig: Rig, body: bytes, *, slug: str = "salon", secret: str = SECRET) -> httpx.Response:
        headers = {"x-webhook-secret": secret, "content-type": "application/json"}
        return await rig.http.post(f"/webhook/{slug}", content=body, headers=headers)

    return send


@pytest_asyncio.fixture
async def door(lean_of: LeanOf) -> Rig:
    """A gateway that only takes in: its bot is off."""
    lean: Lean = await lean_of(mode="off")
    return lean.rig
