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
from itertools import islice

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
COMMIT_SECONDS, STORED_A_SECOND = 1.0, 2_000_000  # bytes a second that even a busy database stores
STEP = 0.1
HANGS = "the database does not answer"
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
        self._stuck: set[asyncio.Task[None]] = set()

    async def add(self, rows: Sequence[InboxRow]) -> list[bool]:
        """Store `rows`; for each, whether it is new. Returns after the commit.

        Raises StoreUnavailable, or RefusedRowError when the database takes all of them but one (the others are safe).
        A caller that stops waiting harms no other.
        """
        if self._rows >= WAITING:
            raise StoreUnavailable("too many messages wait for the database")
        lanes = frozenset((row.client_id, row.lane) for row in rows if row.lane)
        group = _Group(rows, asyncio.get_running_loop().create_future(), sum(map(_weight, rows)), lanes)
        if self._stuck and self._hangs(group):
            raise StoreUnavailable(HANGS)
        self._waiting.append(group)
        self._rows += len(rows)
        self._take_off()
        return await group.stored

    async def close(self) -> None:
        """Wait until everything that was handed in is stored."""
        while self._flights:
            await asyncio.wait(self._flights)

    def _take_off(self) -> None:
        """Start a flight where one is worth it: the first at once, another one beside it for a whole batch. One that is
        stuck counts only against the most that there may be."""
        flying = len(self._flights) - len(self._stuck)
        if len(self._stuck) < FLIGHTS and (not flying or (flying < FLIGHTS and self._rows >= WORTH_A_FLIGHT)):
            flight = asyncio.create_task(self._fly())
            self._flights[flight] = []
            flight.add_done_callback(self._landed)

    def _landed(self, flight: asyncio.Task[None]) -> None:
        self._stuck.discard(flight)
        for group in self._flights.pop(flight):
            group.stored.cancel()  # of a flight that was broken off: the others were settled
        if not flight.cancelled() and any(map(self._is_free, islice(self._waiting, LOOK_AT))):
            self._take_off()  # it came after the flight's last look; what is on its way elsewhere is taken up there

    def _is_free(self, group: _Group) -> bool:
        return not any(
            lane in other.lanes for groups in self._flights.values() for other in groups for lane in group.lanes
        )

    async def _fly(self) -> None:
        """Commit batch after batch while something waits that is on its way nowhere else."""
        flight = asyncio.current_task()
        assert flight is not None
        while groups := self._take():
            self._flights[flight] = groups
            self._watch(flight, groups, patience(sum(group.weight for group in groups)))
            try:
                await self._commit(groups)
            except Exception as problem:  # noqa: BLE001 - the callers get it; the next batch must go on
                for group in groups:
                    _fail(group, problem)
            self._stuck.discard(flight)
            self._flights[flight] = []

    def _watch(self, flight: asyncio.Task[None], groups: list[_Group], left: float) -> None:
        """Give a batch up when its patience is spent, in small steps: while this process is too busy to hear the database,
        no time passes. The statement goes on (breaking it off would wait for the same database), and so its lanes stay
        closed; its callers are told that it hangs."""
        if self._flights.get(flight) is not groups:
            return
        if left > 0:
            asyncio.get_running_loop().call_later(STEP, self._watch, flight, groups, left - STEP)
            return
        self._stuck.add(flight)
        for group in [*groups, *filter(self._hangs, self._waiting)]:
            _fail(group, StoreUnavailable(HANGS))
        self._take_off()

    def _hangs(self, group: _Group) -> bool:
        """Would it have to wait for a batch that is stuck? When all that may fly are, everything would."""
        stuck = {lane for flight in self._stuck for other in self._flights[flight] for lane in other.lanes}
        return len(self._stuck) >= FLIGHTS or not stuck.isdisjoint(group.lanes)

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


def patience(size: int) -> float:
    """Seconds to wait for so many bytes to be stored. Senders are told within 2 s that a message was not stored; a slow
    database that goes on storing is no outage, however many wait for it, and neither is a large picture."""
    return COMMIT_SECONDS + size / STORED_A_SECOND


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
