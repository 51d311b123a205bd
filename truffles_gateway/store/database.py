"""The connection to PostgreSQL: pooled statements, safe transactions, notifications.

Built on `databases` with asyncpg. Hot paths run single statements on raw asyncpg connections. A statement is its own
transaction; where several are needed, `transaction()` releases the connection even when its task is cancelled inside
BEGIN or COMMIT, which the library's own transaction does not.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from databases import Database as Pool
from databases.core import Connection as Held

from truffles_gateway.errors import LeaseLost, StateChanged, StoreUnavailable

Record = Any  # asyncpg.Record: a mapping by column name; the library ships no types
Connection = Any  # asyncpg's pooled proxy; its stubs name no public type
LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    ConnectionError,
    OSError,
)
LEASE_LOST, STATE_CHANGED, MORE_ARRIVED = "TG001", "TG002", "TG003"
ACQUIRE_LIMIT = 5.0
# The plan of a prepared statement is made once, often while the tables are still empty, when reading a table whole looks
# cheapest; kept, it reads a full one whole until the next ANALYZE. Every hot statement here has its index: use it.
PLANS = {"enable_seqscan": "off", "enable_hashjoin": "off", "enable_mergejoin": "off"}


class MoreArrived(StateChanged):
    """The customer wrote more while the turn was thinking."""


async def _prepare(connection: Connection) -> None:
    for kind in ("json", "jsonb"):
        await connection.set_type_codec(kind, encoder=_dump, decoder=json.loads, schema="pg_catalog")
    await connection.set_type_codec("uuid", encoder=str, decoder=str, schema="pg_catalog")


async def _keep(connection: Connection) -> None:
    """Nothing to undo when a connection is given back: asyncpg itself ends an open transaction, and sessions hold no
    other state here. Its default would cost a round trip each time."""


def _dump(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


class Database:
    """A pool of connections. `round_trips` counts statements sent, for tests and metrics."""

    def __init__(self, url: str, *, size: int = 10) -> None:
        self.url = url
        self.round_trips = 0
        self._pool = Pool(
            url, min_size=1, max_size=size, init=_prepare, reset=_keep, command_timeout=30, server_settings=PLANS
        )

    async def connect(self) -> None:
        """Open the pool; raises StoreUnavailable with the cause."""
        try:
            await self._pool.connect()
        except (*LOST, asyncpg.PostgresError) as error:
            raise StoreUnavailable(f"cannot connect to the database: {error}. Check DATABASE_URL") from error

    async def close(self) -> None:
        """Close every connection."""
        await self._pool.disconnect()

    @asynccontextmanager
    async def raw(self) -> AsyncIterator[Connection]:
        """A raw asyncpg connection, given back whatever happens; errors of the fence become the gateway's own."""
        # Not `self._pool.connection()`: that one belongs to the task, and where giving it back failed once (the server
        # was lost meanwhile) it says "already acquired" to this task for ever: a worker's loop never worked again.
        held = Held(self._pool, self._pool._backend)  # noqa: SLF001 - the library offers no other way to a fresh one
        try:
            async with asyncio.timeout(ACQUIRE_LIMIT):
                await held.__aenter__()
        except TimeoutError as error:
            raise StoreUnavailable("no free database connection") from error
        except (*LOST, asyncpg.PostgresError) as error:  # the latter: too many connections, a standby, a lost password
            raise StoreUnavailable(f"the database cannot be reached: {error}") from error
        try:
            yield held.raw_connection
        except (asyncpg.PostgresError, *LOST) as error:
            raise _own(error) from error
        finally:
            # Broken off here, asyncpg gives the connection back all the same, in a task of its own; `held` is forgotten.
            with contextlib.suppress(*LOST):  # a lost connection is given back by closing it; the statement is over
                await held.__aexit__()

    async def fetch(self, sql: str, *args: Any, retry: bool = False) -> Sequence[Record]:
        """All rows of one statement. `retry` repeats it once on a fresh connection if the old one was lost:
        only for statements that may run twice."""
        try:
            return await self._fetch(sql, args)
        except StoreUnavailable:
            if not retry:
                raise
            return await self._fetch(sql, args)

    async def _fetch(self, sql: str, args: tuple[Any, ...]) -> Sequence[Record]:
        self.round_trips += 1
        async with self.raw() as connection:
            rows: Sequence[Record] = await connection.fetch(sql, *args)
            return rows

    async def fetch_one(self, sql: str, *args: Any, retry: bool = False) -> Record | None:
        """The first row, or None."""
        rows = await self.fetch(sql, *args, retry=retry)
        return rows[0] if rows else None

    async def execute(self, sql: str, *args: Any) -> None:
        """Run one statement for its effect."""
        await self.fetch(sql, *args)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """A raw connection inside a transaction: committed at the end, rolled back on any error or cancellation.

        Never wait for a network or start tasks inside.
        """
        async with self.raw() as connection:
            transaction = connection.transaction()
            await transaction.start()
            try:
                yield connection
            except BaseException:
                with contextlib.suppress(asyncpg.PostgresError, *LOST):  # the server rolls back what it has lost
                    await transaction.rollback()
                raise
            else:
                await transaction.commit()


def is_about_a_row(problem: Exception) -> bool:
    """Is it what stands in a row that the database objects to, or the statement as such (limits, a deadlock)?"""
    state = str(getattr(problem, "sqlstate", None) or "")
    return isinstance(problem, (ValueError, TypeError)) or state[:2] in ("22", "23", "54")


def _own(error: Exception) -> Exception:
    """The gateway's error for one that the fence raised and for a lost server; others as they are."""
    if isinstance(error, LOST) and not isinstance(error, ValueError):  # asyncpg's DataError: an argument cannot be sent
        return StoreUnavailable(f"the database was lost: {error}")
    owns: dict[str, type[Exception]] = {
        LEASE_LOST: LeaseLost,
        STATE_CHANGED: StateChanged,
        MORE_ARRIVED: MoreArrived,
    }
    own = owns.get(getattr(error, "sqlstate", None) or "")
    return own(str(error)) if own else error


class Listener:
    """Its own connection for LISTEN: calls `heard(channel, payload)`; reconnects by itself and reports each gap
    with an empty payload, because notifications sent meanwhile are lost."""

    def __init__(self, url: str, channels: Sequence[str], heard: Callable[[str, str], None]) -> None:
        self._url, self._channels, self._heard = url, channels, heard
        self._gone = asyncio.Event()

    async def run(self) -> None:
        """Listen until cancelled."""
        while True:
            try:
                await self._listen()
            except (*LOST, asyncpg.PostgresError, TimeoutError):
                await asyncio.sleep(0.5)

    async def _listen(self) -> None:
        connection = await asyncpg.connect(self._url, timeout=5)
        try:
            self._gone.clear()
            connection.add_termination_listener(lambda _: self._gone.set())
            for channel in self._channels:
                await connection.add_listener(channel, self._receive)
                self._heard(channel, "")
            await self._gone.wait()
        finally:
            connection.terminate()

    def _receive(self, _: Any, __: int, channel: str, payload: Any) -> None:
        self._heard(channel, str(payload))
