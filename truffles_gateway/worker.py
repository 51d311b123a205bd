"""The worker: claims turns, sends outgoing rows, runs jobs. As many processes as wanted share one database.

Each loop runs when it is woken (a notification, a finished task, a due time) and, as a safety net, with every tick.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine
from uuid import uuid4

from truffles_gateway.calls import FaultSink
from truffles_gateway.clock import Clock
from truffles_gateway.delivery import Sender
from truffles_gateway.errors import LeaseLost, StoreUnavailable
from truffles_gateway.failpoints import reach
from truffles_gateway.fetching import Fetches
from truffles_gateway.observability import Metrics, bound, logger
from truffles_gateway.records import Commit, Job, Work
from truffles_gateway.registry import Registry
from truffles_gateway.settings import Settings
from truffles_gateway.store import cleanup, counters, fetching, inbox, jobs, lanes, outbox
from truffles_gateway.store.database import Database
from truffles_gateway.tenants import Tenant
from truffles_gateway.timers import Jobs
from truffles_gateway.turns import Turns

# Managers' events take milliseconds; they have hands of their own when all others hold slow customers' turns.
DESK_HANDS = 4
# A file whose host is slow or dead keeps a hand for seconds: no other job waits for that, and memory holds so many files.
FILE_HANDS, A_TENANTS_HANDS = 8, 5
NO_TENANT_PAUSE = 10.0
log = logger("worker")


class Worker:
    """One process's share of the work."""

    def __init__(
        self,
        database: Database,
        registry: Registry,
        clock: Clock,
        faults: FaultSink,
        metrics: Metrics,
        settings: Settings,
    ) -> None:
        self.id = str(uuid4())
        self._database, self._registry, self._clock, self._metrics = database, registry, clock, metrics
        self._settings = settings
        self._turns = Turns(database, clock, faults)
        self._jobs = Jobs(database, clock, faults)
        self._fetches = Fetches(database, clock, faults, judged=self._ring_files)
        self._sender = Sender(database, registry, clock, faults, metrics, owner=self.id, lease=settings.lease_seconds)
        self._bell = {
            "turns": asyncio.Event(),
            "sends": self._sender.bell,
            "jobs": asyncio.Event(),
            "files": asyncio.Event(),
        }
        self._news = 0
        self._more_turns = False
        self._running: dict[str, dict[asyncio.Task[None], Work | Job]] = {"turns": {}, "jobs": {}, "files": {}}
        self._claiming: set[asyncio.Task[None]] = set()
        self._claim_lock = asyncio.Lock()
        self._stop, self._drained = asyncio.Event(), asyncio.Event()

    async def run(self) -> None:
        """Work until `close` is called or the task is cancelled.

        No claim is broken off: what it leased would wait for the end of the lease. Leases are kept alive until the last
        task has ended.
        """
        async with asyncio.TaskGroup() as group:
            self._claiming = {
                group.create_task(self._loop("turns", self._claim_turns)),
                group.create_task(self._loop("sends", self._sender_round)),
                group.create_task(self._loop("jobs", self._claim_jobs)),
                group.create_task(self._loop("files", self._claim_files)),
                group.create_task(self._every(self._settings.tick_seconds, self._chores, self._stop)),
                group.create_task(self._every(self._settings.housekeeping_seconds, self._housekeeping, self._stop)),
            }
            group.create_task(self._every(self._settings.heartbeat_seconds, self._heartbeat, self._drained))

    async def tick(self) -> None:
        """Look at everything once: turns, jobs, outgoing rows; returns when what was found is done."""
        for _ in range(3):
            while await self._claim_files():
                await self._settled({*self._running["files"]})
            await self._claim_turns()
            await self._claim_jobs()
            await self._settled(self._tasks())
            await self._sender.chores()
            await self._sender.round()
            await self._sender.drain()

    async def close(self) -> None:
        """Stop claiming, let what runs end within the drain time, give the rest back for others to take at once."""
        self._stop.set()
        self.wake()
        # No asyncio.timeout here: it works by cancelling this task, which the server's own shutdown may have done before,
        # and then Python 3.11.2 takes the time-out for that cancellation.
        draining = asyncio.create_task(self._drain())
        await asyncio.wait([draining], timeout=self._settings.drain_seconds)
        draining.cancel()
        await asyncio.gather(draining, return_exceptions=True)
        await self._give_back()
        self._drained.set()

    async def _drain(self) -> None:
        await self._settled(self._claiming)
        await self._settled(self._tasks())
        await self._sender.drain()

    async def _give_back(self) -> None:
        await self._sender.cancel()
        left = self._tasks()
        for task in left:
            task.cancel()
        await self._settled(left)
        try:
            await outbox.release(self._database, self.id)
            await jobs.release(self._database, self.id)
            await lanes.release(self._database, self.id)
        except Exception as problem:  # noqa: BLE001 - the leases end by themselves
            log.warning("leases not given back", problem=repr(problem))

    def _tasks(self) -> set[asyncio.Task[None]]:
        return {task for running in self._running.values() for task in running}

    def wake(self, payload: str = "") -> None:
        """Something came in. `payload` holds the times (seconds since 1970) at which lanes become ready."""
        now = self._clock.now().timestamp()
        for word in payload.split():
            if word == "files":
                self._bell["files"].set()
            with contextlib.suppress(ValueError):
                self._ring_at("turns", float(word), now)
        if not payload:
            for bell in self._bell.values():
                bell.set()

    def _ring_at(self, name: str, at: float, now: float) -> None:
        self._news += name == "turns"
        if at <= now:
            self._bell[name].set()
        else:
            asyncio.get_running_loop().call_later(at - now, self._bell[name].set)

    async def _loop(self, name: str, work: Callable[[], Awaitable[int]]) -> None:
        """Work while it leaves something; then wait for the bell or the tick."""
        bell = self._bell[name]
        while not self._stop.is_set():
            bell.clear()
            try:
                found = await work()
            except StoreUnavailable as problem:
                log.warning("the database is away", loop=name, problem=str(problem))
                found = 0
            except Exception:
                log.exception("loop failed", loop=name)
                found = 0
            if not found and not self._stop.is_set():
                await _set_within(bell, self._settings.tick_seconds)

    @staticmethod
    async def _every(seconds: float, work: Callable[[], Awaitable[None]], until: asyncio.Event) -> None:
        while not await _set_within(until, seconds):
            try:
                await work()
            except Exception as problem:  # noqa: BLE001 - the next round tries again
                log.warning("chore failed", chore=getattr(work, "__name__", ""), problem=str(problem))

    async def _claim_turns(self) -> int:
        async with self._claim_lock:  # an operator's tick must not claim beside the loop
            hands = self._settings.workers_concurrency - len(self._running["turns"])
            desk_only = hands <= 0
            free = hands + DESK_HANDS if desk_only else hands
            if free <= 0 or self._stop.is_set():
                self._more_turns = True
                return 0
            now, lease = self._clock.now(), self._settings.lease_seconds
            news, shared = self._news, self._registry.serves_several
            working = [each for each in self._running["turns"].values() if isinstance(each, Work)]
            found = await lanes.claim(
                self._database, self.id, now, free, lease, desk_only=desk_only,
                busy=[work.client_id for work in working if work.kind == "customer"],
                shared=shared,
            )  # fmt: skip
            if found:
                reach("claim.after")
            for work in found:
                self._spawn("turns", work, self._turn(work), news)
            left = free - len(found)  # a tenant's share may have kept it from one of these
            short = shared and len(self._running["turns"]) + 1 > 3 * (left - 1)
            self._more_turns = desk_only or left == 0 or short
            return len(found) if len(found) == free else 0

    async def _turn(self, work: Work) -> None:
        tenant = self._registry.by_id(work.client_id)
        with bound(correlation_id=work.correlation_id, tenant=tenant.slug if tenant else work.client_id):
            if tenant is None:
                with contextlib.suppress(LeaseLost):
                    await lanes.put_off(self._database, work, self._clock.now(), NO_TENANT_PAUSE)
                return
            made = await self._turns.handle(work, tenant)
            if made is None:
                self._ring_at("turns", self._clock.now().timestamp() + 1.0, self._clock.now().timestamp())
                return
            self._metrics.turns.labels(tenant.slug, made.turn_outcome or made.turn_status).inc()
            self._observe(made)
            if made.outgoing:
                self._bell["sends"].set()
            if made.jobs or made.skipped_by:
                self._bell["jobs"].set()

    def _observe(self, made: Commit) -> None:
        for stage in made.stages:
            if "ms" in stage:
                self._metrics.stage_seconds.labels(stage["stage"]).observe(stage["ms"] / 1000)

    async def _sender_round(self) -> int:
        more = await self._sender.round()
        due, self._sender.next_due = self._sender.next_due, None
        if due:
            self._ring_at("sends", due.timestamp(), self._clock.now().timestamp())
        return more

    async def _chores(self) -> None:
        await self._sender.chores()
        self._bell["sends"].set()

    async def _claim_jobs(self) -> int:
        free = self._settings.workers_concurrency - len(self._running["jobs"])
        if free <= 0 or self._stop.is_set():
            return 0
        found = await jobs.claim(self._database, self.id, self._clock.now(), free, self._settings.lease_seconds)
        for job in found:
            self._spawn("jobs", job, self._job(job))
        return len(found)

    def _ring_files(self) -> None:
        self._bell["files"].set()

    async def _claim_files(self) -> int:
        free = FILE_HANDS - len(self._running["files"])
        if free <= 0 or self._stop.is_set():
            return 0
        found = await fetching.claim(
            self._database, self.id, self._clock.now(), free, self._settings.lease_seconds,
            busy=[each.client_id for each in self._running["files"].values()],
            most=A_TENANTS_HANDS if self._registry.serves_several else FILE_HANDS,
        )  # fmt: skip
        for job in found:
            self._spawn("files", job, self._with_tenant(job, self._fetches.handle))
        return len(found)

    async def _job(self, job: Job) -> None:
        await self._with_tenant(job, self._jobs.handle)
        self._bell["sends"].set()

    async def _with_tenant(self, job: Job, handle: Callable[[Job, Tenant], Awaitable[None]]) -> None:
        tenant = self._registry.by_id(job.client_id)
        with bound(correlation_id=job.correlation_id, tenant=tenant.slug if tenant else job.client_id):
            if tenant is None:
                await jobs.put_off(self._database, job, NO_TENANT_PAUSE)
            else:
                await handle(job, tenant)

    def _spawn(self, kind: str, lease: Work | Job, work: Coroutine[None, None, None], news: int = 0) -> None:
        task = asyncio.create_task(work)
        self._running[kind][task] = lease

        def ended(_: asyncio.Task[None]) -> None:
            self._running[kind].pop(task)
            if kind != "turns" or self._may_find_turns(news):
                self._bell[kind].set()
            if not task.cancelled() and task.exception():
                log.error("task failed", kind=kind, problem=repr(task.exception()))

        task.add_done_callback(ended)

    def _may_find_turns(self, news: int) -> bool:
        """Is it worth a look at the lanes after a turn? Not if nothing has come since it was claimed, `news` ago, every
        lane that was ready had a hand, and nobody else's end will have to be looked at: most of the time, and then the
        look would cost as much as the turn's own claim."""
        return self._more_turns or self._news != news or bool(self._running["turns"])

    @staticmethod
    async def _settled(tasks: set[asyncio.Task[None]]) -> None:
        if tasks:
            await asyncio.wait(tasks)

    async def _heartbeat(self) -> None:
        """Keep alive the leases of what runs here, and of nothing else: what a failed task leaves behind shall expire.

        A turn whose lane somebody else has now is stopped (its commit would be refused anyway).
        """
        lease = self._settings.lease_seconds
        turns = {id(work): task for task, work in self._running["turns"].items()}
        working = [work for work in self._running["turns"].values() if isinstance(work, Work)]
        if working:
            for lost in await lanes.heartbeat(self._database, working, lease):
                log.warning("turn lost to another worker", turn_id=lost.turn_id)
                turns[id(lost)].cancel()
        await self._sender.heartbeat()
        running = [job for kind in ("jobs", "files") for job in self._running[kind].values() if isinstance(job, Job)]
        if running:
            await jobs.heartbeat(self._database, running, lease)

    async def _housekeeping(self) -> None:
        while await inbox.forget_old_keys(self._database, self._clock.now()) == 1000:
            continue
        while await counters.forget_old(self._database, self._clock.now()):
            continue
        cleaning = cleanup.Cleanup(self._database, self._clock, self._settings.truffles_data_dir)
        for store in await cleanup.stores(self._database):
            await cleaning.run(store)


async def _set_within(event: asyncio.Event, seconds: float) -> bool:
    """Wait for `event`, no longer than `seconds`; whether it is set."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    return event.is_set()
