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


async def test_what_is_added_at_once_is_one_statement(counters: list[StoredCounters]) -> None:
    first, _ = counters
    before = first._database.round_trips
    assert all(await asyncio.gather(*(first.add("tokens", 5, limit=1_000) for _ in range(50))))
    assert first._database.round_trips - before <= 2
    assert await first.total("tokens") == 250


async def test_where_not_all_fit_those_that_do_are_added_and_room_is_made_first(counters: list[StoredCounters]) -> None:
    first, _ = counters
    await first.add("tokens", 90, limit=100)
    took = await asyncio.gather(*(first.add("tokens", amount, limit=100) for amount in (1, 30, 60, 200, -50)))
    assert took == [True, True, False, False, True]
    assert await first.total("tokens") == 71


async def test_one_who_stops_waiting_harms_no_other(counters: list[StoredCounters]) -> None:
    first, other = counters
    adding = [asyncio.create_task(first.add("tokens", 1, limit=100)) for _ in range(10)]
    await asyncio.sleep(0)
    for each in adding[::2]:
        each.cancel()
    ended = await asyncio.gather(*adding, return_exceptions=True)
    assert ended[1::2] == [True] * 5
    assert 5 <= await other.total("tokens") <= 6
    assert await first.add("tokens", 1, limit=100)


async def test_everybody_hears_of_a_lost_database(counters: list[StoredCounters]) -> None:
    _, other = counters
    await other._database.close()
    ended = await asyncio.gather(*(other.add("tokens", 1, limit=100) for _ in range(3)), return_exceptions=True)
    assert all(isinstance(each, Exception) for each in ended)
    await other._database.connect()
    assert await other.add("tokens", 1, limit=100)
