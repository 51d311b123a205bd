"""A salon on a simulated WhatsApp, ready to be written to."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
from truffles_chatflow.simulator import Simulator

from truffles_gateway.catalog import Catalog
from truffles_gateway.testing import Rig

SECRET = "secret-of-tests"
os.environ.setdefault("TEST_WEBHOOK_SECRET", SECRET)
os.environ.setdefault("TEST_CHATFLOW_TOKEN", "token-of-tests")


def salon(chatflow_url: str, slug: str = "salon", **changes: Any) -> dict[str, Any]:
    """A tenant's config with every plugin that works without a key; bursts wait a tenth of a second."""
    settings = {"base_url": chatflow_url, "token": "env:TEST_CHATFLOW_TOKEN", "instance_id": slug}
    return {
        "slug": slug,
        "name": "Salon",
        "mode": "auto",
        "webhook_secret": "env:TEST_WEBHOOK_SECRET",
        "timing": {"complete": 0.1, "fragment": 0.1, "longest": 1.0},
        "plugins": [
            {"name": "policy"},
            {"name": "rag_qdrant"},
            {"name": "answer_local"},
            {"name": "desk_log"},
            {"name": "chatflow", "settings": settings},
        ],
        "agents": [{"name": "Owner", "role": "owner", "identities": [{"channel": "desk_log", "id": "owner"}]}],
        **changes,
    }


@dataclass
class Salon:
    """The gateway and the phone network around it."""

    rig: Rig
    sim: Simulator

    async def texts(self, jid: str, count: int, seconds: float = 10.0) -> list[str]:
        """What the customer has read, once it is at least `count` messages."""
        return [message.text for message in await self.sim.wait(jid, count, seconds)]


SalonOf = Callable[..., Awaitable[Salon]]


@pytest_asyncio.fixture
async def sim() -> AsyncIterator[Simulator]:
    """The provider's side."""
    async with Simulator(tenant="salon", secret=SECRET) as simulator:
        yield simulator


@pytest_asyncio.fixture
async def salon_of(rig_of: Callable[..., Awaitable[Rig]], sim: Simulator) -> SalonOf:
    """Starts a gateway that serves the tenant `salon`; keyword arguments change its config, `catalog` what is installed."""

    async def start(*, catalog: Catalog | None = None, **changes: Any) -> Salon:
        rig = await rig_of(salon(sim.url, **changes), catalog=catalog)
        sim.gateway = rig.url
        return Salon(rig, sim)

    return start


@pytest.fixture
def jid() -> str:
    """A customer."""
    return "77000000011@s.whatsapp.net"
