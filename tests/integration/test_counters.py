"""Counts and running totals hold over processes: whoever comes at the same time does not get more than there is."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from truffles_gateway.app import Gateway
from truffles_gateway.catalog import Catalog
from truffles_gateway.plugin import Plugin
from truffles_gateway.store.counters import StoredCounters
from truffles_gateway.store.database import Database

CATALOG = Catalog.of(Plugin(name="plain", version="1", create=lambda settings, resources: object()))
SALON: dict[str, Any] = {"slug": "salon", "name": "Salon", "plugins": [{"name": "plain"}]}


@pytest.fixture
async def counters(make_gateway: Any, apply: Any):
    """The counts of one plugin, as two processes see them."""
    gateway: Gateway = await make_gateway(CATALOG)
    await apply(gateway, SALON)
    tenant = gateway.registry.get("salon")
    assert tenant is not None
    other = Database(gateway.database.url)
    await other.connect()
    yield [StoredCounters(each, tenant.id, "plain", gateway.clock) for each in (gateway.database, other)]
    await other.close()


async def test_a_total_over_two_processes_never_passes_its_limit(counters: list[StoredCounters]) -> None:
    took = await asyncio.gather(*(counters[n % 2].add("tokens", 7, limit=100) for n in range(40)))
    assert sum(took) == 14
    assert [await each.total("tokens") for each in counters] == [98, 98]
    assert await counters[0].add("tokens", -90, limit=100)
    assert await counters[1].total("tokens") == 8
    assert not await counters[1].add("other", 101, limit=100)
    assert await counters[1].total("other") == 0


async def test_a_count_over_two_processes_never_passes_its_limit(counters: list[StoredCounters]) -> None:
    took = await asyncio.gather(*(counters[n % 2].spend("files", 1, limit=5, seconds=60) for n in range(20)))
    assert sum(took) == 5
    assert await counters[1].spent("files", 60) == 5
