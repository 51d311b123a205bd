"""Tenants of a process, refreshed by several at once."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from truffles_gateway.catalog import Catalog
from truffles_gateway.clock import SystemClock
from truffles_gateway.registry import Registry
from truffles_gateway.secret_refs import Secrets

CONFIG = {"slug": "shop", "name": "Shop"}
ROW = {
    "id": "1", "slug": "shop", "config_version": 1, "config": CONFIG, "last_good_config": CONFIG, "config_error": "",
    "created_at": datetime(2026, 1, 1, tzinfo=UTC), "branch_ids": {}, "branch_times": {}, "older_chat": "", "older_owner": "",
    "bound_chats": {}, "shown_in": [], "overrides": [], "overrides_version": 0,
}  # fmt: skip


class SlowToAnswer:
    """A database whose very first answer was true when it was asked for, and comes late."""

    def __init__(self) -> None:
        self.rows = []
        self.asked, self.late = asyncio.Event(), asyncio.Event()

    async def fetch(self, sql, *args, retry=False):
        found = list(self.rows)
        if not self.asked.is_set():
            self.asked.set()
            await self.late.wait()
        return found


async def test_an_old_answer_does_not_drop_a_tenant_that_was_built_since() -> None:
    database = SlowToAnswer()
    registry = Registry(database, Catalog.of(), Secrets({}), lambda plan, plugin: None, SystemClock())
    slow = asyncio.create_task(registry.refresh())
    await database.asked.wait()
    database.rows.append(ROW)
    quick = asyncio.create_task(registry.refresh())
    await asyncio.wait([quick], timeout=0.1)
    database.late.set()
    await asyncio.gather(slow, quick)
    assert registry.get("shop")
    await registry.close()
