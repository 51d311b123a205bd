"""The outbox's other half: rows go out through the plugin that owns their channel, and receipts settle them.

claimed row ─▶ rate limit ─▶ deliver ─▶ receipt ─▶ sent │ again later │ dead │ flagged
                                                   └▶ circuit of the channel
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import uuid4

from truffles_gateway import calls
from truffles_gateway.calls import FaultSink
from truffles_gateway.clock import Clock
from truffles_gateway.errors import PluginError, StoreUnavailable
from truffles_gateway.failpoints import reach
from truffles_gateway.messages import Delivery, OutgoingKind, Receipt, ReceiptStatus
from truffles_gateway.observability import Metrics, bound, logger
from truffles_gateway.plugin import Capabilities
from truffles_gateway.registry import Registry
from truffles_gateway.store import events, outbox
from truffles_gateway.store.database import Database, is_about_a_row
from truffles_gateway.store.outbox import Row, Settlement
from truffles_gateway.tenants import Tenant

HELD = timedelta(seconds=60)
SHORT = (2, 4, 8, 16)
# Eleven attempts over 80 hours: a person's words, and what people work from, wait out a long week-end.
LONG = (2, 10, 60, 300, 1800, 7200, 21600, 43200, 86400, 129600)
PATIENT = frozenset(
    {OutgoingKind.HUMAN, OutgoingKind.CARD, OutgoingKind.FORWARD, OutgoingKind.ALARM, OutgoingKind.REMINDER}
)
TOLD = frozenset({OutgoingKind.HUMAN, OutgoingKind.NOTICE})
log = logger("outbox")


@dataclass(frozen=True, slots=True)
class Attempt:
    """A claimed row, its receipt, and whether its channel is safe to repeat on."""

    row: Row
    receipt: Receipt
    capabilities: Capabilities


def settle(attempt: Attempt, now: datetime) -> Settlement:
    """What a receipt means for a row: pure, and the one place where retries are decided."""
    row, receipt = attempt.row, attempt.receipt
    kind = row.outgoing.kind
    if receipt.status is ReceiptStatus.SENT:
        return _end(row, "sent", sent_at=now, provider_id=receipt.provider_id)
    if receipt.status is ReceiptStatus.REFUSED:
        return _end(row, "dead", error=receipt.error)
    ambiguous = receipt.status is ReceiptStatus.AMBIGUOUS
    repeatable = attempt.capabilities.idempotent_send or attempt.capabilities.desk
    if ambiguous and not repeatable:
        return _end(row, "flagged", error=receipt.error, failed_at=now)
    free = row.probe or receipt.logged_out
    delay = next_delay(kind, row.attempt, receipt.retry_after, spent=not free, expires=row.expires_at is not None)
    if delay is None:
        return _end(row, "dead", error=receipt.error, failed_at=now)
    return Settlement(
        client_id=row.client_id,
        id=row.id,
        status="queued",
        attempts=row.attempt - free,
        due_at=now + timedelta(seconds=delay),
        held_until=now + HELD,
        failed_at=now,
        repeat=ambiguous,
        error=receipt.error,
    )


def next_delay(
    kind: OutgoingKind, attempt: int, wish: float | None, *, spent: bool = True, expires: bool = True
) -> float | None:
    """Seconds until the next attempt, at least as long as the channel wishes; None if there is none left.

    A bot's reply keeps trying until it is no longer worth sending: its expiry ends it. One that was submitted again
    has none, and ends with its attempts. An attempt that was not spent, because the channel is down, is never the last.
    """
    steps: Sequence[int] = LONG if kind in PATIENT else SHORT
    if spent and attempt > len(steps) and (kind in PATIENT or not expires):
        return None
    return max(steps[min(attempt, len(steps)) - 1], wish or 0)


def _end(
    row: Row,
    status: str,
    *,
    error: str = "",
    provider_id: str = "",
    sent_at: datetime | None = None,
    failed_at: datetime | None = None,
) -> Settlement:
    return Settlement(
        client_id=row.client_id,
        id=row.id,
        status=status,
        attempts=row.attempt,
        error=error,
        provider_id=provider_id,
        sent_at=sent_at,
        failed_at=failed_at,
    )


def _alarm(tenant: Tenant, cause: str, key: str, values: dict[str, str]) -> dict[str, str]:
    return {"cause": cause, "text": tenant.texts.get(key, tenant.config.languages[0], **values)}


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
        concurrency: int = 64,
    ) -> None:
        self._database, self._registry, self._clock = database, registry, clock
        self._faults, self._metrics, self._owner, self._lease = faults, metrics, owner, lease
        self._concurrency = concurrency
        self._receipts: list[Attempt] = []
        self._settling, self._claiming = asyncio.Lock(), asyncio.Lock()
        self._running: dict[asyncio.Task[None], Row] = {}
        self.next_due: datetime | None = None

    async def heartbeat(self) -> None:
        """Keep the leases of the sends that are under way, and of no other row: one that was claimed by a statement
        whose answer got lost must be free again."""
        if self._running:
            await outbox.heartbeat(self._database, self._owner, list(self._running.values()), self._lease)

    @property
    def rows(self) -> list[Row]:
        """What is being sent now."""
        return list(self._running.values())

    async def round(self, done: asyncio.Event | None = None) -> int:
        """Claim what is due and start sending it; returns how many. `done` is set whenever a send ends."""
        async with self._claiming:  # an operator's tick must see what the loop has just claimed
            free = self._concurrency - len(self._running)
            if free <= 0:
                return 0
            rows = await outbox.claim(self._database, self._owner, self._clock.now(), free, self._lease)
            try:
                rows = await self._within_limits(rows)
            except BaseException:
                # Not sent, and known to be so: left to its lease it would count as one that may have arrived.
                await self._put_back(rows, {row.id: self._clock.now() for row in rows})
                raise
            for row in rows:
                self._start(row, done)
            return len(rows)

    async def chores(self, done: asyncio.Event | None = None) -> None:
        """What comes round with every tick: expiry, rows of dead senders, probes of open circuits."""
        now = self._clock.now()
        await outbox.expire(self._database, now)
        for row in await outbox.claim_abandoned(self._database, self._owner, self.rows, self._lease, now):
            receipt = Receipt.ambiguous("the sender died while sending")
            await self._record([Attempt(row, receipt, self._capabilities(row))])
        async with self._claiming:
            for row in await outbox.claim_probes(self._database, self._owner, now, self._lease):
                self._start(row, done)

    async def drain(self) -> None:
        """Wait for the sends that are under way."""
        while self._running:
            await asyncio.wait(self._running)

    async def cancel(self) -> None:
        """Break off the sends that are under way: they may or may not arrive."""
        for task in self._running:
            task.cancel()
        await self.drain()

    def _start(self, row: Row, done: asyncio.Event | None) -> None:
        task = asyncio.create_task(self._send(row))
        self._running[task] = row
        task.add_done_callback(self._ended)
        if done is not None:
            task.add_done_callback(lambda _: done.set())

    def _ended(self, task: asyncio.Task[None]) -> None:
        row = self._running.pop(task)
        if not task.cancelled() and task.exception():
            log.error("send failed", correlation_id=row.correlation_id, problem=repr(task.exception()))

    async def _send(self, row: Row) -> None:
        with bound(correlation_id=row.correlation_id, client_id=row.client_id):
            reach("send.before")
            start = time.perf_counter()
            receipt = await self._deliver(row)
            reach("send.after")
            channel = row.outgoing.channel
            self._metrics.send_seconds.labels(channel).observe(time.perf_counter() - start)
            self._receipts.append(Attempt(row, receipt, self._capabilities(row)))
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
            repeat=row.repeat,
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
        settlements = [self._with_alarm(attempt.row, settle(attempt, now)) for attempt in attempts]
        settled = await self._settle(settlements, now)
        for attempt, settlement in zip(attempts, settlements, strict=True):
            if settlement.id not in settled:
                continue
            try:
                await self._follow_up(attempt, settlement, now)
            except Exception:  # one row's trouble is not that of the others
                log.exception("could not follow up on a receipt", row=settlement.id)

    async def _settle(self, settlements: Sequence[Settlement], now: datetime) -> set[str]:
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
                    return set()
                break
        middle = len(settlements) // 2
        return await self._settle(settlements[:middle], now) | await self._settle(settlements[middle:], now)

    async def _follow_up(self, attempt: Attempt, settlement: Settlement, now: datetime) -> None:
        row, status = attempt.row, settlement.status
        channel = row.outgoing.channel
        tenant = self._registry.by_id(row.client_id)
        self._metrics.outbox.labels(tenant.slug if tenant else "", channel, status).inc()
        if status == "sent":
            if row.probe and await outbox.close_circuit(self._database, row, now) and tenant:
                await self._alarm(tenant, row, "alarm_circuit_recovered", "recovered", now)
            return
        log.warning("not sent", status=status, channel=channel, attempt=row.attempt, error=settlement.error)
        if status == "queued" and settlement.due_at:
            self.next_due = min(self.next_due or settlement.due_at, settlement.due_at)
        if tenant and (attempt.receipt.status is not ReceiptStatus.REFUSED):
            await self._circuit(tenant, attempt, settlement, now)

    def _with_alarm(self, row: Row, settlement: Settlement) -> Settlement:
        """Lost words of a human are told to the desk (a bot's lost reply makes a handover)."""
        tenant = self._registry.by_id(row.client_id)
        if settlement.status not in {"dead", "flagged"} or row.outgoing.kind not in TOLD or tenant is None:
            return settlement
        values = {"text": row.outgoing.text, "problem": settlement.error}
        return replace(settlement, alarm=_alarm(tenant, f"not delivered:{row.id}", "not_delivered", values))

    async def _circuit(self, tenant: Tenant, attempt: Attempt, settlement: Settlement, now: datetime) -> None:
        row, out = attempt.row, attempt.receipt.logged_out
        if await outbox.open_circuit_if_failing(self._database, row, now, settlement.error, at_once=out):
            key = "alarm_circuit_logged_out" if out else "alarm_circuit_open"
            await self._alarm(tenant, row, key, f"open {settlement.error}", now)

    async def _alarm(self, tenant: Tenant, row: Row, key: str, cause: str, now: datetime) -> None:
        where = row.outgoing.instance or row.outgoing.channel
        opened = key != "alarm_circuit_recovered"
        self._metrics.circuit_open.labels(tenant.slug, row.outgoing.channel, row.outgoing.instance).set(opened)
        values = {"instance": where, "problem": cause.removeprefix("open ") if opened else ""}
        payload = _alarm(tenant, f"circuit {row.outgoing.channel} {where} {key}", key, values)
        await events.add_job(self._database, tenant.id, "alarm", f"alarm:{uuid4()}", {**payload}, now)

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
            granted, again = await outbox.take_tokens(
                self._database, client_id, bucket, self._clock.now(), count=count, seconds=seconds, wanted=len(waiting)
            )
            held |= {row.id: again for row in waiting[granted:]}
        if held:
            await self._put_back(rows, held)
        return [row for row in rows if row.id not in held]

    def _buckets(self, row: Row) -> Iterable[str]:
        tenant = self._registry.by_id(row.client_id)
        used = tenant.owner_of(row.outgoing.channel) if tenant else None
        try:
            limits = used.plugin.rate_limits(used.settings) if used else ()
        except Exception:  # a plugin's own code: one tenant's must not hold up the rows of all others
            log.exception("no rate limits from a plugin", channel=row.outgoing.channel)
            limits = ()
        for limit in limits:
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
        soonest = min(held.values())
        self.next_due = min(self.next_due or soonest, soonest)
