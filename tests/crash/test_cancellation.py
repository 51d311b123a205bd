"""Tasks cancelled at random points, hundreds of times: no connection is lost and no transaction stays open."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from uuid import uuid4

import pytest
import pytest_asyncio

from truffles_gateway.accept import Committer
from truffles_gateway.errors import StoreUnavailable
from truffles_gateway.store import inbox
from truffles_gateway.store.batch import Batch
from truffles_gateway.store.database import Database
from truffles_gateway.store.inbox import InboxRow

SIZE = 4
TIMES = 300


@pytest_asyncio.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A small pool."""
    database = Database(database_url, size=SIZE)
    await database.connect()
    await database.execute("CREATE TABLE counted (number int)")
    yield database
    await database.close()


async def in_a_transaction(database: Database) -> None:
    async with database.transaction() as connection:
        await connection.execute("INSERT INTO counted VALUES (1)")
        await connection.execute("INSERT INTO counted VALUES (2)")


async def statements(database: Database) -> None:
    await database.fetch("SELECT pg_sleep(0.001)")
    await database.fetch("SELECT 1", retry=True)


async def batches(database: Database) -> None:
    batch = Batch()
    batch.add("INSERT INTO counted VALUES ($1)", 1)
    batch.add("INSERT INTO counted VALUES ($1)", 2)
    await batch.run(database)


async def whole(database: Database) -> None:
    """Every connection can be had at once, and none is in a transaction."""
    everyone = asyncio.Barrier(SIZE)

    async def hold() -> None:
        async with database.raw() as connection:
            assert await connection.fetchval("SELECT 1") == 1
            await everyone.wait()

    async with asyncio.timeout(3):
        await asyncio.gather(*(hold() for _ in range(SIZE)))
    left = await database.fetch(
        """SELECT state, query FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
           AND (xact_start IS NOT NULL OR state LIKE 'idle in transaction%')"""
    )
    assert left == []
    odd = await database.fetch("SELECT 1 FROM counted HAVING count(*) FILTER (WHERE number = 1) <> count(*) / 2.0")
    assert odd == [], "half a transaction was kept"


@pytest.mark.parametrize("work", [in_a_transaction, statements, batches])
async def test_cancelled_tasks_lose_no_connection(
    database: Database, work: Callable[[Database], Awaitable[None]]
) -> None:
    chance = random.Random(1)
    for _ in range(TIMES // 10):
        tasks = [asyncio.ensure_future(work(database)) for _ in range(10)]
        for task in tasks:
            await asyncio.sleep(chance.random() * 0.002)
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        assert not [each for each in ended if each and not isinstance(each, asyncio.CancelledError)]
    await whole(database)


@pytest.mark.parametrize("work", [in_a_transaction, statements, batches])
async def test_a_task_that_ran_out_of_time_can_go_on(
    database: Database, work: Callable[[Database], Awaitable[None]]
) -> None:
    """A hook is stopped at its limit wherever it is, and the turn goes on in the same task."""
    chance = random.Random(2)

    async def goes_on() -> None:
        for _ in range(TIMES // 6):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(chance.random() * 0.004):
                    await work(database)
            assert (await database.fetch_one("SELECT 7 AS seven"))["seven"] == 7

    await asyncio.gather(*(goes_on() for _ in range(6)))
    await whole(database)


async def test_callers_that_leave_harm_nobody(database: Database, committer_rows) -> None:
    """Whoever still waits is answered after its row is safe; what was answered is there."""
    committer = Committer(lambda rows: inbox.append(database, rows))
    chance = random.Random(3)
    stored: list[str] = []

    async def accept(number: int) -> None:
        row = committer_rows(number)
        assert await committer.add([row]) == [True]
        stored.append(row.id)

    tasks = []
    for number in range(TIMES):
        tasks.append(asyncio.create_task(accept(number)))
        await asyncio.sleep(chance.random() * 0.0005)
        if number % 2:
            chance.choice(tasks).cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await committer.close()
    assert stored
    found = {row["id"] for row in await database.fetch("SELECT id FROM inbox_events")}
    assert set(stored) <= found
    assert not [task for task in tasks if not task.cancelled() and task.exception()]
    await whole(database)


async def test_a_row_of_poison_harms_none_of_a_hundred(database: Database, committer_rows) -> None:
    """Each of them was handed in by another caller; the poison's own is told, the others are safe."""
    committer = Committer(lambda rows: inbox.append(database, rows))
    rows = [committer_rows(number, channel="a\0b" if number == 41 else "test") for number in range(100)]
    told = await asyncio.gather(*(committer.add([row]) for row in rows), return_exceptions=True)
    assert [type(each).__name__ for each in told if isinstance(each, Exception)] == ["RefusedRowError"]
    assert [each for each in told if not isinstance(each, Exception)] == [[True]] * 99
    found = {row["id"] for row in await database.fetch("SELECT id FROM inbox_events")}
    assert found == {row.id for row in rows} - {rows[41].id}


async def test_a_row_that_cannot_be_encoded_harms_none_of_a_hundred(database: Database, committer_rows) -> None:
    """The driver refuses it before the database sees it."""
    committer = Committer(lambda rows: inbox.append(database, rows))
    rows = [committer_rows(number, quiet="soon" if number == 41 else 0.0) for number in range(100)]
    told = await asyncio.gather(*(committer.add([row]) for row in rows), return_exceptions=True)
    assert [type(each).__name__ for each in told if isinstance(each, Exception)] == ["RefusedRowError"]


@pytest_asyncio.fixture
async def committer_rows(database: Database) -> Callable[..., InboxRow]:
    """Makes rows of a tenant that exists."""
    client = str(uuid4())
    await database.execute(
        "INSERT INTO clients (id, slug, name, created_at, updated_at) VALUES ($1, 'a', 'a', $2, $2)",
        client, datetime.now(UTC),
    )  # fmt: skip

    def make(number: int, **changes: object) -> InboxRow:
        values = {
            "client_id": client, "id": str(uuid4()), "channel": "test", "event_id": str(number), "kind": "customer",
            "lane": f"test:{number % 5}", "address": str(number % 5), "event": "{}", "raw": b"", "correlation_id": "c",
            "received_at": datetime.now(UTC), **changes,
        }  # fmt: skip
        return InboxRow(**values)  # type: ignore[arg-type]

    return make


async def test_a_database_without_a_free_connection_says_so(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits for ever."""
    monkeypatch.setattr("truffles_gateway.store.database.ACQUIRE_LIMIT", 0.1)
    held = [database.raw() for _ in range(SIZE)]

    async def hold(release: asyncio.Event, taken: asyncio.Semaphore) -> None:
        async with held.pop():
            taken.release()
            await release.wait()

    release, taken = asyncio.Event(), asyncio.Semaphore(0)
    tasks = [asyncio.create_task(hold(release, taken)) for _ in range(SIZE)]
    for _ in range(SIZE):
        await taken.acquire()
    with pytest.raises(StoreUnavailable):
        await database.fetch("SELECT 1")
    release.set()
    await asyncio.gather(*tasks)
    await whole(database)
