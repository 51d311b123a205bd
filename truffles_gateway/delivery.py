"""The outbox's other half: rows go out through the plugin that owns their channel, and receipts settle them.

claimed row ─▶ rate limit ─▶ deliver ─▶ receipt ─▶ sent │ again later │ dead │ flagged
                                                   └▶ circuit of the channel
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from functools import partial
from typing import Any

from truffles_gateway import calls
from truffles_gateway.calls import FaultSink
from truffles_gateway.clock import Clock
from truffles_gateway.errors import PluginError, StoreUnavailable
from truffles_gateway.failpoints import reach
from truffles_gateway.messages import Delivery, Receipt
from truffles_gateway.observability import Metrics, bound, logger
from truffles_gateway.plugin import Capabilities
from truffles_gateway.registry import Registry
from truffles_gateway.retries import Attempt, settle
from truffles_gateway.store import circuits, limits, outbox
from truffles_gateway.store.database import Database, is_about_a_row
from truffles_gateway.store.outbox import Row, Settlement
from truffles_gateway.tenant_config import Circuit, Outbox

# One line is one number or bot of a tenant. Sends that hang hold what they have until they time out: so that others'
# go out meanwhile, no line and no tenant ever has all hands.
HANDS, OF_LINE, OF_TENANT = 128, 32, 64
RULES, CIRCUIT = Outbox(), Circuit()
log = logger("outbox")


class Sender:
    """Claims due rows and sends them, many at once, in order for each recipient."""

    def __init__(
        self,
        database: Database,
        registry: Registry,
        clock: Clock,
        faults: FaultSink,
        metrics: Metrics,
        *,
        owner: str,
        lease: float,
        concurrency: int = HANDS,
    ) -> None:
        self._database, self._registry, self._clock = database, registry, clock
        self._faults, self._metrics, self._owner, self._lease = faults, metrics, owner, lease
        self._concurrency = concurrency
        self._receipts: list[Attempt] = []
        self._settling, self._claiming = asyncio.Lock(), asyncio.Lock()
        self._running: dict[asyncio.Task[None], Row] = {}
        self.next_due: datetime | None = None
        self.bell = asyncio.Event()
        self._more, self._rounds = False, 0

    async def heartbeat(self) -> None:
        """Keep the leases of the sends that are under way, and of no other row: one that was claimed by a statement
        whose answer got lost must be free again."""
        if self._running:
            await outbox.heartbeat(self._database, self._owner, self.rows, self._lease)

    @property
    def rows(self) -> list[Row]:
        """What is being sent now."""
        return [each for row in self._running.values() for each in (row, *row.behind)]

    async def round(self) -> int:
        """Claim what is due and start sending it. Returns how many, or 0 if nothing more can be due now; `bell` rings
        when that may have changed."""
        async with self._claiming:  # an operator's tick must see what the loop has just claimed
            free = self._concurrency - len(self._running)
            self._more, self._rounds = free <= 0, self._rounds + 1
            if free <= 0:
                return 0
            rows = await outbox.claim(
                self._database, self._owner, self._clock.now(), free, self._lease,
                busy=list(self._running.values()), of_line=OF_LINE, of_tenant=OF_TENANT,
            )  # fmt: skip
            self._more = len(rows) == free
            try:
                rows = await self._with_what_waits_behind(await self._within_limits(rows))
            except BaseException:
                # Not sent, and known to be so: left to its lease it would count as one that may have arrived.
                await self._put_back(rows, {row.id: self._clock.now() for row in rows})
                raise
            for row in rows:
                self._start(row)
            return len(rows) if self._more else 0

    async def chores(self) -> None:
        """What comes round with every tick: expiry, rows of dead senders, probes of open circuits."""
        now = self._clock.now()
        await outbox.expire(self._database, now)
        for row in await outbox.claim_abandoned(self._database, self._owner, self.rows, self._lease, now):
            receipt = Receipt.ambiguous("the sender died while sending")
            await self._record([self._attempt(row, receipt)])
        async with self._claiming:
            for row in await outbox.claim_probes(self._database, self._owner, now, self._lease):
                self._start(row)

    async def drain(self) -> None:
        """Wait for the sends that are under way."""
        while self._running:
            await asyncio.wait(self._running)

    async def cancel(self) -> None:
        """Break off the sends that are under way: they may or may not arrive."""
        for task in self._running:
            task.cancel()
        await self.drain()

    def _start(self, row: Row) -> None:
        task = asyncio.create_task(self._send(row))
        self._running[task] = row
        task.add_done_callback(partial(self._ended, self._rounds))

    def _ended(self, began: int, task: asyncio.Task[None]) -> None:
        """Look for more if a claim since then has passed over what waits behind this row, or for want of hands, and if
        something is to be looked at again later. Otherwise the look would find nothing."""
        row = self._running.pop(task)
        if self._more or self._running or self._rounds != began or self.next_due:
            self.bell.set()
        if not task.cancelled() and task.exception():
            with self._about(row):
                log.error("send failed", problem=repr(task.exception()))

    def _about(self, row: Row) -> AbstractContextManager[None]:
        """Log lines about this row, whoever writes them."""
        tenant = self._registry.by_id(row.client_id)
        return bound(correlation_id=row.correlation_id, tenant=tenant.slug if tenant else row.client_id)

    async def _send(self, row: Row) -> None:
        with self._about(row):
            reach("send.before")
            start = time.perf_counter()
            receipt = await self._deliver(row)
            reach("send.after")
            channel = row.outgoing.channel
            self._metrics.send_seconds.labels(channel).observe(time.perf_counter() - start)
            self._receipts += [self._attempt(each, receipt) for each in (row, *row.behind)]
            await self._flush()

    async def _deliver(self, row: Row) -> Receipt:
        tenant = self._registry.by_id(row.client_id)
        used = tenant.owner_of(row.outgoing.channel) if tenant else None
        if tenant is None or used is None:
            return Receipt.retry(f"no plugin of this tenant delivers on {row.outgoing.channel}")
        delivery = Delivery(
            id=row.id,
            key=row.key,
            tenant=tenant.slug,
            outgoing=row.outgoing,
            attempt=row.attempt,
            correlation_id=row.correlation_id,
            repeat=any(each.repeat for each in (row, *row.behind)),
            more=tuple(each.outgoing.text for each in row.behind),
        )
        limit = tenant.config.limits.deliver_media if row.outgoing.attachments else None
        try:
            result = await calls.owner(
                tenant.hooks, "deliver", used.plugin.name, self._faults, limit=limit, delivery=delivery
            )
        except PluginError as problem:
            return Receipt.retry(str(problem))
        if result.faults:
            fault = result.faults[0]
            return Receipt.ambiguous(fault.error) if fault.timed_out else Receipt.retry(fault.error)
        receipt: Receipt | None = result.value
        return receipt or Receipt.retry(f"plugin {used.plugin.name} gave no receipt")

    def _attempt(self, row: Row, receipt: Receipt) -> Attempt:
        tenant = self._registry.by_id(row.client_id)
        return Attempt(row, receipt, self._capabilities(row), tenant.config.outbox if tenant else RULES)

    def _capabilities(self, row: Row) -> Capabilities:
        """Those of the tenant's own instance of the channel, else of its manifest."""
        tenant = self._registry.by_id(row.client_id)
        used = tenant.owner_of(row.outgoing.channel) if tenant else None
        if tenant is None or used is None:
            return Capabilities()
        own = getattr(tenant.objects[used.plugin.name], "capabilities", None)
        return own if isinstance(own, Capabilities) else used.plugin.capabilities

    async def _flush(self) -> None:
        """Record receipts, all that came in while the last ones were recorded in one statement."""
        async with self._settling:
            attempts, self._receipts = self._receipts, []
            if attempts:
                reach("receipt.before")
                try:
                    await self._record(attempts)
                except asyncio.CancelledError:
                    self._receipts = [*attempts, *self._receipts]  # others' as well: whoever comes next records them
                    raise
                reach("receipt.after")

    async def _record(self, attempts: Sequence[Attempt]) -> None:
        now = self._clock.now()
        settlements = [settle(attempt, now) for attempt in attempts]
        settled = await self._settle(settlements, now)
        if any(settled.values()):
            self.bell.set()
        for attempt, settlement in zip(attempts, settlements, strict=True):
            if settlement.id not in settled:
                continue
            with self._about(attempt.row):
                try:
                    await self._follow_up(attempt, settlement, now)
                except Exception:  # one row's trouble is not that of the others
                    log.exception("could not follow up on a receipt", row=settlement.id)

    async def _settle(self, settlements: Sequence[Settlement], now: datetime) -> dict[str, bool]:
        """Until the database is back: forgetting a receipt would mean sending twice. One that it refuses harms no other."""
        while True:
            try:
                return await outbox.settle(self._database, self._owner, settlements, now)
            except StoreUnavailable:
                await asyncio.sleep(0.2)
            except Exception as problem:
                if not is_about_a_row(problem):
                    await asyncio.sleep(0.2)
                    continue
                if len(settlements) == 1:
                    log.exception("receipt refused", row=settlements[0].id)
                    return {}
                break
        middle = len(settlements) // 2
        return await self._settle(settlements[:middle], now) | await self._settle(settlements[middle:], now)

    async def _follow_up(self, attempt: Attempt, settlement: Settlement, now: datetime) -> None:
        row, status = attempt.row, settlement.status
        channel = row.outgoing.channel
        tenant = self._registry.by_id(row.client_id)
        self._metrics.outbox.labels(tenant.slug if tenant else "", channel, status).inc()
        if row.probe and (status == "sent" or attempt.receipt.only_here):
            await self._close_circuit(row, now)
        if status == "sent":
            return
        tell = log.debug if attempt.receipt.waiting else log.warning  # a limit that holds a row is no trouble
        tell("not sent", status=status, channel=channel, attempt=row.attempt, error=settlement.error)
        self._look_again_at(settlement.due_at if status == "queued" else None, settlement.paused_until)
        if settlement.failed_at:
            await self._open_circuit(attempt, settlement, now)

    def _look_again_at(self, *times: datetime | None) -> None:
        self.next_due = min((time for time in (self.next_due, *times) if time), default=None)

    async def _open_circuit(self, attempt: Attempt, settlement: Settlement, now: datetime) -> None:
        """Stop sending on this line if too much has failed there."""
        row, out = attempt.row, attempt.receipt.logged_out
        tenant = self._registry.by_id(row.client_id)
        rules = tenant.config.circuit if tenant else CIRCUIT
        alarm = _alarm(row, "alarm_circuit_logged_out" if out else "alarm_circuit_open", settlement.error)
        reach("circuit.before")
        opened = await circuits.open_if_failing(
            self._database, row, now, settlement.error, alarm,
            at_once=out, failures=rules.failures, window=rules.window_seconds, probe=rules.probe_seconds,
        )  # fmt: skip
        reach("circuit.after")
        if opened:
            self._show_circuit(row, is_open=True)

    async def _close_circuit(self, row: Row, now: datetime) -> None:
        """A probe arrived, or was refused for its own sake by a channel that is well: the line is sent to again."""
        reach("circuit.before")
        closed = await circuits.close(self._database, row, now, _alarm(row, "alarm_circuit_recovered"))
        reach("circuit.after")
        if closed:
            self._show_circuit(row, is_open=False)
            self.bell.set()

    def _show_circuit(self, row: Row, *, is_open: bool) -> None:
        tenant = self._registry.by_id(row.client_id)
        labels = tenant.slug if tenant else "", row.outgoing.channel, row.outgoing.instance
        self._metrics.circuit_open.labels(*labels).set(is_open)

    async def _within_limits(self, rows: list[Row]) -> list[Row]:
        """Hold back what the channels' rate limits do not allow now; all processes share the buckets."""
        limited: dict[tuple[str, str], list[Row]] = defaultdict(list)
        for row in rows:
            for bucket in self._buckets(row):
                limited[row.client_id, bucket].append(row)
        if not limited:
            return rows
        held: dict[str, datetime] = {}
        for (client_id, bucket), members in limited.items():
            waiting = [row for row in members if row.id not in held]
            count, seconds = self._limit_of(bucket)
            granted, again = await limits.take(
                self._database, client_id, bucket, self._clock.now(), count=count, seconds=seconds, wanted=len(waiting)
            )
            held |= {row.id: again for row in waiting[granted:]}
        if held:
            await self._put_back(rows, held)
        return [row for row in rows if row.id not in held]

    async def _with_what_waits_behind(self, rows: list[Row]) -> list[Row]:
        """Where a channel lets little through, what queues for one recipient goes out as one message."""
        heads = [row for row in rows if row.outgoing.kind in self._capabilities(row).merges and not row.probe]
        if not heads:
            return rows
        full = {
            row.id: row
            for row in await outbox.claim_behind(self._database, self._owner, self._clock.now(), heads, self._lease)
        }
        return [full.get(row.id, row) for row in rows]

    def _buckets(self, row: Row) -> Iterable[str]:
        tenant = self._registry.by_id(row.client_id)
        used = tenant.owner_of(row.outgoing.channel) if tenant else None
        try:
            wanted = used.plugin.rate_limits(used.settings) if used else ()
        except Exception:  # a plugin's own code: one tenant's must not hold up the rows of all others
            log.exception("no rate limits from a plugin", channel=row.outgoing.channel)
            wanted = ()
        for limit in wanted:
            scope = row.outgoing.instance if limit.scope == "channel" else row.outgoing.recipient
            yield f"{row.outgoing.channel}|{limit.scope}|{scope}|{limit.count}|{limit.seconds}"

    @staticmethod
    def _limit_of(bucket: str) -> tuple[int, float]:
        count, seconds = bucket.rsplit("|", 2)[1:]
        return int(count), float(seconds)

    async def _put_back(self, rows: Sequence[Row], held: dict[str, datetime]) -> None:
        back = [
            Settlement(
                client_id=row.client_id, id=row.id, status="queued", attempts=row.attempt - 1, due_at=held[row.id]
            )
            for row in rows
            if row.id in held
        ]
        await self._settle(back, self._clock.now())
        self._look_again_at(*held.values())


def _alarm(row: Row, key: str, problem: str = "") -> dict[str, Any]:
    """What the owner is told of a line; the job that tells it finds the words in the tenant's language."""
    where = row.outgoing.instance or row.outgoing.channel
    cause = f"circuit {row.outgoing.channel} {where} {key}"
    values = {"instance": where, "problem": problem}
    return {"cause": cause, "key": key, "values": values, "instance": row.outgoing.instance}
