"""Group commit: rows that arrive together are stored together, and each caller is answered after its own row is safe.

Two batches at most are on their way at once, so that the database works while the next requests are read. No lane is in
both: what one customer wrote is stored in the order in which it came. A batch that fails is halved until the row that
the database refuses is alone: it harms no other.
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
Lanes = frozenset[tuple[str, str]]
ROWS, BYTES, WAITING = 500, 16 * 1024 * 1024, 20_000
FLIGHTS = 2
WORTH_A_FLIGHT = 16  # rows: smaller batches spend more on the statement than on what it stores
LOOK_AT = 2_000  # groups: how far a batch is looked for behind lanes that are on their way
log = logger("accept")


class RefusedRowError(TrufflesError):
    """The database does not take this row, however often it is tried."""


@dataclass(slots=True)
class _Group:
    rows: Sequence[InboxRow]
    stored: asyncio.Future[list[bool]]
    weight: int
    lanes: Lanes


class Committer:
    """Stores rows for many callers at once. `append` is `store.inbox.append`, bound to a database."""

    def __init__(self, append: Append) -> None:
        self._append = append
        self._waiting: deque[_Group] = deque()
        self._rows = 0
        self._flights: dict[asyncio.Task[None], list[_Group]] = {}

    async def add(self, rows: Sequence[InboxRow]) -> list[bool]:
        """Store `rows`; for each, whether it is new. Returns after the commit.

        Raises StoreUnavailable, or RefusedRowError when the database takes all of them but one (the others are safe).
        A caller that stops waiting harms no other.
        """
        if self._rows >= WAITING:
            raise StoreUnavailable("too many messages wait for the database")
        lanes = frozenset((row.client_id, row.lane) for row in rows if row.lane)
        group = _Group(rows, asyncio.get_running_loop().create_future(), sum(map(_weight, rows)), lanes)
        self._waiting.append(group)
        self._rows += len(rows)
        self._take_off()
        return await group.stored

    async def close(self) -> None:
        """Wait until everything that was handed in is stored."""
        while self._flights:
            await asyncio.wait(self._flights)

    def _take_off(self) -> None:
        """Start a flight where one is worth it: the first at once, another one beside it for a whole batch."""
        if not self._flights or (len(self._flights) < FLIGHTS and self._rows >= WORTH_A_FLIGHT):
            flight = asyncio.create_task(self._fly())
            self._flights[flight] = []
            flight.add_done_callback(self._landed)

    def _landed(self, flight: asyncio.Task[None]) -> None:
        for group in self._flights.pop(flight):
            group.stored.cancel()  # of a flight that was broken off: the others were settled
        if self._waiting and not flight.cancelled():
            self._take_off()

    async def _fly(self) -> None:
        """Commit batch after batch while something waits that is on its way nowhere else."""
        flight = asyncio.current_task()
        assert flight is not None
        while groups := self._take():
            self._flights[flight] = groups
            try:
                await self._commit(groups)
            except Exception as problem:  # noqa: BLE001 - the callers get it; the next batch must go on
                for group in groups:
                    _fail(group, problem)
            self._flights[flight] = []

    def _take(self) -> list[_Group]:
        """The next batch: whole groups in their order, the share of one flight, within the limits. Passed over are lanes
        that are on their way, and what came after in them; those whose callers have left are dropped."""
        share = min(ROWS, max(WORTH_A_FLIGHT, self._rows // FLIGHTS))
        taken: list[_Group] = []
        passed: list[_Group] = []
        closed = {lane for groups in self._flights.values() for group in groups for lane in group.lanes}
        rows = weight = 0
        while self._waiting and len(passed) < LOOK_AT and (not taken or (rows < share and weight < BYTES)):
            group = self._waiting.popleft()
            if group.stored.done():
                self._rows -= len(group.rows)
            elif closed.isdisjoint(group.lanes):
                taken.append(group)
                rows, weight = rows + len(group.rows), weight + group.weight
            else:
                closed |= group.lanes
                passed.append(group)
        self._waiting.extendleft(reversed(passed))
        self._rows -= rows
        return taken

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
