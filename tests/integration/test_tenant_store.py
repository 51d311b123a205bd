"""Applied configs are rows: a bad one keeps the last good one, over a restart, too, and harms no other tenant."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from truffles_gateway.app import Gateway
from truffles_gateway.catalog import Catalog
from truffles_gateway.plugin import Plugin, PluginSettings, SecretStr
from truffles_gateway.store import tenants


class Settings(PluginSettings):
    token: SecretStr


class Closable:
    closed = 0

    async def close(self) -> None:
        Closable.closed += 1


CATALOG = Catalog.of(
    Plugin(name="keyed", version="1", create=lambda settings, resources: Closable(), settings=Settings),
    Plugin(name="plain", version="1", create=lambda settings, resources: object()),
)
KEYED = [{"name": "keyed", "settings": {"token": "env:T_TOKEN"}}]
SALON: dict[str, Any] = {"slug": "salon", "name": "Salon", "plugins": KEYED}
OTHER: dict[str, Any] = {"slug": "other", "name": "Other", "plugins": [{"name": "plain"}]}


async def test_ids_are_stable_and_what_is_gone_becomes_inactive(make_gateway: Any, apply: Any) -> None:
    gateway: Gateway = await make_gateway(CATALOG)
    people = [{"name": "Aya", "role": "owner", "identities": [{"channel": "telegram", "username": "@aya"}]}]
    branches = [{"slug": "north", "name": "North", "instance_id": "i1"}, {"slug": "south", "name": "South"}]
    assert await apply(gateway, OTHER | {"branches": branches, "agents": people}) == 1
    before = gateway.registry.get("other")
    assert before
    assert set(before.branch_ids) == {"north", "south"}
    assert await apply(gateway, OTHER | {"branches": branches[:1], "agents": people}) == 2
    after = gateway.registry.get("other")
    assert after
    assert after is not before
    assert after.branch_ids["north"] == before.branch_ids["north"]
    rows = await gateway.database.fetch("SELECT slug, active FROM branches ORDER BY slug")
    assert [tuple(row) for row in rows] == [("north", True), ("south", False)]
    identities = await gateway.database.fetch(
        "SELECT username, role FROM agent_identities JOIN agents a ON a.id = agent_id"
    )
    assert [tuple(row) for row in identities] == [("aya", "owner")]


async def test_a_bad_config_keeps_the_last_good_one(
    make_gateway: Any, apply: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("T_TOKEN", "x")
    gateway: Gateway = await make_gateway(CATALOG)
    await apply(gateway, SALON)
    await apply(gateway, OTHER)
    monkeypatch.delenv("T_TOKEN")
    await apply(gateway, SALON | {"name": "Renamed"})
    kept = gateway.registry.get("salon")
    assert kept
    assert kept.config.name == "Salon"
    assert "env:T_TOKEN" in gateway.registry.broken["salon"]
    assert gateway.registry.get("other")
    (stored,) = await tenants.load(gateway.database, ["salon"])
    assert "env:T_TOKEN" in stored.error
    monkeypatch.setenv("T_TOKEN", "x")
    await gateway.registry.refresh()
    assert gateway.registry.broken == {}
    assert gateway.registry.get("salon").config.name == "Renamed"  # type: ignore[union-attr]


async def test_the_last_good_config_survives_a_restart(make_gateway: Any, apply: Any) -> None:
    gateway: Gateway = await make_gateway(CATALOG)
    await apply(gateway, OTHER)
    await apply(gateway, OTHER | {"name": "New", "plugins": [{"name": "gone"}]})
    again: Gateway = await make_gateway(CATALOG)
    kept = again.registry.get("other")
    assert kept
    assert kept.config.name == "Other"
    assert "pip install truffles-gone" in again.registry.broken["other"]


async def test_other_processes_notice_at_once(make_gateway: Any, apply: Any) -> None:
    first: Gateway = await make_gateway(CATALOG)
    second: Gateway = await make_gateway(CATALOG)
    second.start(work=False)
    await asyncio.sleep(0.2)
    await apply(first, OTHER)
    for _ in range(40):
        if second.registry.get("other"):
            return
        await asyncio.sleep(0.05)
    pytest.fail("the other process did not load the tenant within 2 s")
