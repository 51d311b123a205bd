"""Counts that all processes share: what was used within a time, and tokens that fill up again."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from truffles_gateway.clock import Clock
from truffles_gateway.store.database import Database

SHORTEST = timedelta(days=1)
"""How long a count is kept at least: the window that a tenant's config names may grow."""
UNUSED = timedelta(days=40)
"""A running total that nobody added to for so long is dropped."""
BATCH = 1000


@dataclass(frozen=True, slots=True)
class _Addend:
    """Somebody waits to hear whether `amount` was added."""

    amount: int
    limit: int
    added: asyncio.Future[bool] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class StoredCounters:
    """One tenant's counts of one plugin.

    All turns of a tenant add to one row, which only one of them can write at a time: what comes to a total while
    something is being added to it is therefore added together, in one statement.
    """

    def __init__(self, database: Database, client_id: str, plugin: str, clock: Clock) -> None:
        self._database, self._client, self._plugin, self._clock = database, client_id, plugin, clock
        self._waiting: defaultdict[str, list[_Addend]] = defaultdict(list)
        self._adding: dict[str, asyncio.Task[None]] = {}

    async def spend(self, name: str, amount: int, *, limit: int, seconds: float) -> bool:
        """Count `amount`, unless more than `limit` would then have been counted within the last `seconds`."""
        name, now = f"{self._plugin}:{name}", self._clock.now()
        async with self._database.transaction() as connection:
            # whoever counts under the same name waits here: two that both still fit must not both be counted
            await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended($1 || $2, 1))", self._client, name)
            counted = await connection.fetchval(
                """
                INSERT INTO counters (client_id, id, name, amount, at, keep_until)
                SELECT $1, gen_random_uuid(), $2, $3::bigint, $4, $7 WHERE $3::bigint + COALESCE((SELECT sum(amount)
                    FROM counters WHERE client_id = $1 AND name = $2 AND at > $5), 0) <= $6::bigint
                RETURNING 1
                """,
                self._client,
                name,
                amount,
                now,
                now - timedelta(seconds=seconds),
                limit,
                now + max(timedelta(seconds=seconds), SHORTEST),
            )
        return counted is not None

    async def spent(self, name: str, seconds: float) -> int:
        """What was counted within the last `seconds`."""
        row = await self._database.fetch_one(
            "SELECT COALESCE(sum(amount), 0) AS spent FROM counters WHERE client_id = $1 AND name = $2 AND at > $3",
            self._client,
            f"{self._plugin}:{name}",
            self._clock.now() - timedelta(seconds=seconds),
            retry=True,
        )
        return int(row["spent"]) if row else 0

    async def add(self, name: str, amount: int, *, limit: int) -> bool:
        """Add to a running total, or leave it as it is. A caller that stops waiting may have added."""
        addend = _Addend(amount, limit)
        self._waiting[name].append(addend)
        if name not in self._adding:
            self._adding[name] = asyncio.create_task(self._add_what_waits(name))
        return await addend.added

    async def _add_what_waits(self, name: str) -> None:
        addends: list[_Addend] = []
        try:
            while addends := [each for each in self._waiting.pop(name, ()) if not each.added.done()]:
                await self._add_together(name, addends)
        finally:
            del self._adding[name]
            for each in (*addends, *self._waiting.pop(name, ())):
                each.added.cancel()  # only where this task was broken off

    async def _add_together(self, name: str, addends: Sequence[_Addend]) -> None:
        """At once where all of them fit; else one after the other, first what is given back."""
        total, limit = sum(each.amount for each in addends), min(each.limit for each in addends)
        try:
            if len(addends) > 1 and await self._add(name, total, limit):
                _tell(addends, added=True)
                return
            for each in sorted(addends, key=lambda one: one.amount):
                _tell([each], added=await self._add(name, each.amount, each.limit))
        except Exception as problem:  # noqa: BLE001 - it is the callers' to handle, each on its own
            for each in addends:
                if not each.added.done():
                    each.added.set_exception(problem)

    async def _add(self, name: str, amount: int, limit: int) -> bool:
        name = f"{self._plugin}:{name}"
        return bool(await self._database.fetch_one(ADD, self._client, name, amount, self._clock.now(), limit))

    async def total(self, name: str) -> int:
        """What was added so far."""
        sql = "SELECT amount FROM totals WHERE client_id = $1 AND name = $2"
        row = await self._database.fetch_one(sql, self._client, f"{self._plugin}:{name}", retry=True)
        return int(row["amount"]) if row else 0

    async def wait(self, name: str, *, count: int, seconds: float, wanted: int = 1) -> float:
        """0 when `wanted` tokens were there and are taken; else how many seconds to wait before asking again."""
        now, bucket = self._clock.now(), f"{self._plugin}:{name}"
        cost = timedelta(seconds=seconds * wanted / count)
        full = now + timedelta(seconds=seconds)
        if await self._database.fetch_one(TAKE, self._client, bucket, now, cost, full):
            return 0.0
        sql = "SELECT free_at FROM rate_limits WHERE client_id = $1 AND bucket = $2"
        row = await self._database.fetch_one(sql, self._client, bucket, retry=True)
        return max((row["free_at"] + cost - full).total_seconds(), 0.001) if row else 0.001


def _tell(addends: Sequence[_Addend], *, added: bool) -> None:
    for each in addends:
        if not each.added.done():
            each.added.set_result(added)


ADD = """
INSERT INTO totals AS t (client_id, name, amount, at) SELECT $1, $2, $3::bigint, $4 WHERE $3::bigint <= $5::bigint
ON CONFLICT (client_id, name) DO UPDATE SET amount = t.amount + $3::bigint, at = $4
WHERE t.amount + $3::bigint <= $5::bigint
RETURNING 1
"""

# `free_at` runs ahead of the clock by what was used up (the generic cell rate algorithm): all that is wanted, or nothing.
TAKE = """
INSERT INTO rate_limits AS r (client_id, bucket, free_at) VALUES ($1, $2, $3::timestamptz + $4::interval)
ON CONFLICT (client_id, bucket) DO UPDATE SET free_at = GREATEST(r.free_at, $3::timestamptz) + $4::interval
WHERE GREATEST(r.free_at, $3::timestamptz) + $4::interval <= $5::timestamptz
RETURNING r.free_at
"""


async def forget_old(database: Database, now: datetime) -> bool:
    """Drop counts that no window reaches back to any more; True while there may be others. A thousand at most, so that it
    never holds anybody up."""
    rows = await database.fetch(
        """
        DELETE FROM counters WHERE (client_id, id) IN (
            SELECT client_id, id FROM counters WHERE keep_until < $1 LIMIT $2 FOR UPDATE SKIP LOCKED)
        RETURNING id
        """,
        now,
        BATCH,
    )
    await database.execute("DELETE FROM totals WHERE at < $1", now - UNUSED)  # one a day and tenant
    return len(rows) == BATCH
