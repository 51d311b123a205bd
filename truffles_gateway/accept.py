"""Group commit: rows that arrive together are stored together, and each caller is answered after its own row is safe.

One flusher commits whatever waits in one statement while the next batch gathers. A batch that fails is halved until
the row that the database refuses is alone: it harms no other.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from truffles_gateway.errors import StoreUnavailable, TrufflesError
from truffles_gateway.failpoints import reach
from truffles_gateway.observability import logger
from truffles_gateway.store.database import is_about_a_row
from truffles_gateway.store.inbox import InboxRow

Append = Callable[[Sequence[InboxRow]], Awaitable[list[bool]]]
ROWS, BYTES, WAITING = 500, 16 * 1024 * 1024, 20_000
log = logger("accept")


class RefusedRowError(TrufflesError):
    """The database does not take this row, however often it is tried."""


@dataclass(slots=True)
class _Group:
    rows: Sequence[InboxRow]
    stored: asyncio.Future[list[bool]]
    weight: int


class Committer:
    """Stores rows for many callers at once. `append` is `store.inbox.append`, bound to a database."""

    def __init__(self, append: Append) -> None:
        self._append = append
        self._waiting: deque[_Group] = deque()
        self._rows = 0
        self._flusher: asyncio.Task[None] | None = None

    async def add(self, rows: Sequence[InboxRow]) -> list[bool]:
        """Store `rows`; for each, whether it is new. Returns after the commit.

        Raises StoreUnavailable, or RefusedRowError when the database takes all of them but one (the others are safe).
        A caller that stops waiting harms no other.
        """
        if self._rows >= WAITING:
            raise StoreUnavailable("too many messages wait for the database")
        group = _Group(rows, asyncio.get_running_loop().create_future(), sum(map(_weight, rows)))
        self._waiting.append(group)
        self._rows += len(rows)
        if self._flusher is None or self._flusher.done():
            self._flusher = asyncio.create_task(self._flush())
        return await group.stored

    async def close(self) -> None:
        """Wait until everything that was handed in is stored."""
        if self._flusher:
            await asyncio.wait([self._flusher])

    async def _flush(self) -> None:
        while groups := self._take():
            try:
                await self._commit(groups)
            except Exception as problem:  # noqa: BLE001 - the callers get it; the next batch must go on
                for group in groups:
                    _fail(group, problem)
            except BaseException:
                for group in [*groups, *self._waiting]:
                    group.stored.cancel()
                raise

    def _take(self) -> list[_Group]:
        """The next batch: whole groups, up to the limits; those whose callers have left are dropped."""
        groups: list[_Group] = []
        rows = weight = 0
        while self._waiting and (not groups or (rows < ROWS and weight < BYTES)):
            group = self._waiting.popleft()
            self._rows -= len(group.rows)
            if not group.stored.done():
                groups.append(group)
                rows, weight = rows + len(group.rows), weight + group.weight
        return groups

    async def _commit(self, groups: list[_Group]) -> None:
        rows = [row for group in groups for row in group.rows]
        reach("accept.before")
        results = iter(await self._store(rows))
        reach("accept.after")
        for group in groups:
            _settle(group, [next(results) for _ in group.rows])

    async def _store(self, rows: Sequence[InboxRow]) -> list[bool | None]:
        """For each row whether it is new; None for one that the database refuses."""
        try:
            return list(await self._append(rows))
        except StoreUnavailable:
            raise
        except Exception as problem:
            if not is_about_a_row(problem):  # a limit, a deadlock: the sender comes again
                raise StoreUnavailable(f"the database refused to store: {problem}") from problem
            if len(rows) == 1:
                log.warning("row refused", correlation_id=rows[0].correlation_id, problem=str(problem))
                return [None]
        middle = len(rows) // 2
        return [*await self._store(rows[:middle]), *await self._store(rows[middle:])]


def _weight(row: InboxRow) -> int:
    return len(row.raw) + len(row.event)


def _settle(group: _Group, results: list[bool | None]) -> None:
    if None in results:
        _fail(group, RefusedRowError(f"{results.count(None)} of {len(results)} events cannot be stored"))
    elif not group.stored.done():
        group.stored.set_result([result is True for result in results])


def _fail(group: _Group, problem: Exception) -> None:
    if not group.stored.done():
        group.stored.set_exception(problem)
