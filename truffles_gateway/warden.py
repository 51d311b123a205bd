"""What goes wrong beside the way of a message is written down and told to the owner: plugins' faults, bad configs.

A fault is reported from the middle of a turn, which must not wait for a database: it is queued here and stored soon
after. A plugin that fails all the time fills neither the memory nor the owner's evening.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial
from uuid import uuid4

from truffles_gateway.calls import Fault
from truffles_gateway.clock import Clock
from truffles_gateway.errors import StoreUnavailable
from truffles_gateway.observability import logger
from truffles_gateway.registry import Registry
from truffles_gateway.store import events
from truffles_gateway.store.database import Database
from truffles_gateway.store.tenants import StoredTenant
from truffles_gateway.tenants import BadConfig, Tenant

WAITING, AT_ONCE = 10_000, 200
# The store holds each cause to one alarm in 15 minutes; this only keeps a storm of faults from becoming one of jobs.
TOLD = timedelta(minutes=1)
log = logger("warden")


class Warden:
    """Stores faults and raises the alarms that belong to them. `fault` and `bad_config` never wait."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._faults: asyncio.Queue[Fault] = asyncio.Queue(WAITING)
        self._bad: asyncio.Queue[tuple[StoredTenant, BadConfig]] = asyncio.Queue()
        self._told: dict[tuple[str, str], datetime] = {}

    def fault(self, fault: Fault) -> None:
        """A plugin failed. When the database is away for long, the newest are only counted and logged."""
        if not self._faults.full():
            self._faults.put_nowait(fault)

    def bad_config(self, stored: StoredTenant, problem: BadConfig) -> None:
        """A tenant's new config cannot be used."""
        self._bad.put_nowait((stored, problem))

    async def run(self, registry: Registry) -> None:
        """Write down what comes, until cancelled."""
        await asyncio.gather(self._keep_faults(registry), self._keep_bad_configs(registry))

    async def _keep_faults(self, registry: Registry) -> None:
        while True:
            batch = [await self._faults.get()]
            while len(batch) < AT_ONCE and not self._faults.empty():
                batch.append(self._faults.get_nowait())
            known = [(tenant, fault) for fault in batch if (tenant := registry.get(fault.tenant))]
            if known:
                await _patiently(partial(self._store, known))

    async def _store(self, faults: list[tuple[Tenant, Fault]]) -> None:
        await events.add_faults(self._database, [(tenant.id, fault) for tenant, fault in faults])
        for tenant, fault in faults:
            cause = f"plugin fault {fault.plugin} {fault.hook}"
            if self._is_news(tenant.id, cause):
                values = {"plugin": fault.plugin, "hook": fault.hook, "problem": fault.error}
                text = tenant.texts.get("alarm_plugin_fault", tenant.config.languages[0], **values)
                await self._alarm(tenant.id, cause, text, f"fault:{uuid4()}", fault.correlation_id)

    def _is_news(self, client_id: str, cause: str) -> bool:
        now, last = self._clock.now(), self._told.get((client_id, cause))
        if last is not None and now - last < TOLD:
            return False
        self._told[client_id, cause] = now
        return True

    async def _keep_bad_configs(self, registry: Registry) -> None:
        while True:
            stored, problem = await self._bad.get()
            tenant = registry.get(stored.slug)
            if tenant is None:  # nothing of it ever worked: there is no desk to tell
                continue
            values = {"tenant": tenant.config.name, "problem": str(problem)}
            text = tenant.texts.get("alarm_config_bad", tenant.config.languages[0], **values)
            # one alarm for each version of a config, however many processes load it and however often they start
            await _patiently(partial(self._alarm, stored.id, "bad config", text, f"config:{stored.version}"))

    async def _alarm(self, client_id: str, cause: str, text: str, key: str, correlation_id: str = "") -> None:
        payload: dict[str, object] = {"cause": cause, "text": text}
        now = self._clock.now()
        await events.add_job(self._database, client_id, "alarm", f"alarm:{key}", payload, now, correlation_id)


async def _patiently(store: Callable[[], Awaitable[None]]) -> None:
    """Try until the database takes it."""
    while True:
        try:
            await store()
            return
        except StoreUnavailable as problem:
            log.warning("not recorded yet", problem=str(problem))
            await asyncio.sleep(1)
        except Exception:
            log.exception("not recorded")
            return
