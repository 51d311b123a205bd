"""Tenants of a process while others apply configs."""

from __future__ import annotations

import asyncio

from truffles_gateway.store import tenants as tenant_store
from truffles_gateway.tenant_config import read


async def test_refreshes_side_by_side_never_lose_a_tenant(rig_of) -> None:
    """One that asked before the tenant was there must not drop what another one has built since."""
    rig = await rig_of(work=False)
    stop = asyncio.Event()

    async def keep_refreshing():
        while not stop.is_set():
            await rig.gateway.registry.refresh()

    refreshing = [asyncio.create_task(keep_refreshing()) for _ in range(4)]
    for number in range(25):
        raw = {"slug": f"shop{number}", "name": "Shop"}
        config, _ = read(raw)
        await tenant_store.apply(rig.gateway.database, raw, config, rig.clock.now())
        await rig.gateway.registry.refresh()
        assert rig.gateway.registry.get(f"shop{number}")
    stop.set()
    await asyncio.gather(*refreshing)
    assert len(list(rig.gateway.registry)) == 25
