"""Plugins look at what became of their tenant's knowledge as soon as anybody changed it, not when the next customer asks.

Without this the first message after `truffles knowledge sync` pays for the load, within the three seconds of a search.
"""

from __future__ import annotations

import asyncio
import time

from truffles_gateway.registry import Registry

PAUSE, SHARE = 0.5, 3.0
"""Seconds in which changes gather, for a sync or a learner often makes many; and how many times as long as the last look took
the next one waits, so that a stream of changes to a large knowledge takes a quarter of the time at most."""


class Warmer:
    """Warms up the tenants whose knowledge changed, one after the other. `changed` never waits."""

    def __init__(self, registry: Registry, *, pause: float = PAUSE) -> None:
        self._registry, self._pause = registry, pause
        self._changed: dict[str, None] = {}
        self._woken = asyncio.Event()

    def changed(self, client: str) -> None:
        """The knowledge of the tenant with this id changed. "" says that news may have been missed: whoever is asked next looks."""
        if client:
            self._changed[client] = None
            self._woken.set()

    async def run(self) -> None:
        """Follow the changes until cancelled."""
        took = 0.0
        while True:
            await self._woken.wait()
            await asyncio.sleep(self._pause + SHARE * took)
            self._woken.clear()
            began = time.perf_counter()
            for client in list(self._changed):
                del self._changed[client]
                await self._registry.warm_up_one(client)
            took = time.perf_counter() - began
