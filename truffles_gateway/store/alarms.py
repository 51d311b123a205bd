"""Alarms that plugins raise: jobs, as the host's own are."""

from __future__ import annotations

from truffles_gateway.clock import Clock
from truffles_gateway.store import events
from truffles_gateway.store.database import Database


class StoredAlarms:
    """One tenant's alarms of one plugin."""

    def __init__(self, database: Database, client_id: str, plugin: str, clock: Clock) -> None:
        self._database, self._client, self._plugin, self._clock = database, client_id, plugin, clock

    async def raise_(self, key: str, text: str) -> None:
        """Have the owner told, once for each key."""
        cause = f"{self._plugin}: {key}"
        payload: dict[str, object] = {"cause": cause, "text": text}
        await events.add_job(self._database, self._client, "alarm", f"alarm:{cause}", payload, self._clock.now())
