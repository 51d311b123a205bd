"""A whole gateway in a throwaway database: the real pipeline from the inbox on, with a clock to set and no way out."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

from pydantic import SecretStr

from truffles_gateway import own_facts
from truffles_gateway.app import Gateway
from truffles_gateway.catalog import Catalog
from truffles_gateway.errors import ConfigError
from truffles_gateway.evaluation.cast import Cast, stage_catalog
from truffles_gateway.evaluation.clock import StageClock
from truffles_gateway.messages import EventKind, InboundEvent, Person
from truffles_gateway.plugin import Chunk
from truffles_gateway.postgres import PrivatePostgres, temporary_postgres
from truffles_gateway.settings import Settings
from truffles_gateway.store import tenants as tenant_store
from truffles_gateway.store import trials
from truffles_gateway.store.codec import event_to_json
from truffles_gateway.store.inbox import InboxRow
from truffles_gateway.store.knowledge import StoredKnowledge
from truffles_gateway.tenant_config import read
from truffles_gateway.tenants import Tenant
from truffles_gateway.web.intake import lane

LOOK = 0.02
PATIENCE = 90.0
BEFORE = timedelta(days=2)
READY_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Business:
    """A tenant for the stage: its cast, and what it knows: chunks as they are stored, or a folder to read. `beside`: the
    folder was not asked for, it only stands where facts do."""

    cast: Cast
    chunks: Sequence[Chunk] = field(default=(), repr=False)
    folder: Path | None = None
    beside: bool = False

    @property
    def slug(self) -> str:
        """Its slug."""
        return str(self.cast.config["slug"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A customer of a business on stage. `instance` is the number that they write to."""

    tenant: Tenant
    channel: str
    address: str
    phone: str
    name: str = ""
    instance: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a turn came to: its outcome, what the customer read, the rows that the desk got, and how it was decided."""

    outcome: str
    reason: str = ""
    replies: tuple[str, ...] = ()
    language: str = ""
    desk: tuple[Mapping[str, Any], ...] = ()
    stages: tuple[Mapping[str, Any], ...] = ()
    faults: tuple[str, ...] = ()
    conversation: str = ""
    state: str = ""
    handover: str = ""
    muted: bool = False

    def stage(self, name: str) -> Mapping[str, Any]:
        """The last stage of this name, {} if there is none."""
        return next((each for each in reversed(self.stages) if each.get("stage") == name), {})


NEVER = Told(outcome="", reason=f"no outcome within {PATIENCE:g} s")


class Stage:
    """The gateway, its businesses, and customers who write to them."""

    def __init__(self, installed: Catalog, *, concurrency: int = 16, database_url: str = "") -> None:
        """`database_url`: an empty database to use and leave behind; without one a server is started and removed."""
        self.clock = StageClock()
        self._catalog, self._concurrency, self._url = stage_catalog(installed), concurrency, database_url
        self._stack = AsyncExitStack()
        self._open: dict[tuple[str, str], asyncio.Future[Told]] = {}
        self._news = asyncio.Event()
        self._callers = 0

    async def __aenter__(self) -> Self:
        try:
            await self._set_up()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def _set_up(self) -> None:
        url = self._url or (await _throwaway(self._stack)).url()
        place = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="truffles-eval-"))
        settings = Settings(
            database_url=SecretStr(url), truffles_data_dir=Path(place), truffles_clock_file="", truffles_crash="",
            tick_seconds=0.2, log_level="error", drain_seconds=1.0, workers_concurrency=max(4, self._concurrency),
        )  # fmt: skip
        gateway = Gateway(settings, catalog=self._catalog, clock=self.clock)
        self.gateway = await self._stack.enter_async_context(gateway)
        self.gateway.start()
        watching = asyncio.create_task(self._watch())
        self._stack.push_async_callback(_stop, watching)

    async def invite(self, businesses: Sequence[Business], first: datetime) -> None:
        """Let the businesses in some days before `first`, with what they know. Raises `ConfigError`."""
        self.clock.set(first - BEFORE)
        for each in businesses:
            config, problems = read(each.cast.config)
            if config is None or problems:
                raise problems[0]
            await tenant_store.apply(self.gateway.database, each.cast.config, config, self.clock.now())
        await self.gateway.registry.refresh()
        for each in businesses:
            await self._teach(each)
        await self.ready()
        await self.gateway.registry.warm_up()

    async def _teach(self, business: Business) -> None:
        tenant = self.tenant(business.slug)
        if business.chunks:
            await self._knowledge(tenant).apply(put=business.chunks)
        writers = tenant.knowledge_writers()
        if business.folder and not writers and not business.beside:
            raise ConfigError("no plugin keeps knowledge", tenant=tenant.slug, cure="Leave --knowledge off")
        if business.folder and writers:
            await next(iter(writers.values())).sync(business.folder, lambda *_: None)
        await own_facts.follow(tenant)

    def _knowledge(self, tenant: Tenant) -> StoredKnowledge:
        return StoredKnowledge(self.gateway.database, self.gateway.knowledge_versions, tenant.id, self.clock)

    async def ready(self) -> None:
        """What was due by now is done: the jobs of the beginning, and timers that the clock has passed."""
        with suppress(TimeoutError):
            async with asyncio.timeout(READY_SECONDS):
                while not await trials.idle(self.gateway.database, self.clock.now()):  # noqa: ASYNC110 - asks a database
                    await asyncio.sleep(LOOK)

    def tenant(self, slug: str) -> Tenant:
        """A business on stage. Raises `ConfigError` that says why it is not."""
        found = self.gateway.registry.get(slug)
        if found is None:
            raise ConfigError(self.gateway.registry.broken.get(slug) or f'no tenant "{slug}"')
        return found

    async def chunks(self, slug: str) -> list[Chunk]:
        """All that a business knows."""
        return await self._knowledge(self.tenant(slug)).chunks()

    def caller(self, slug: str, channel: str, *, name: str = "", branch: str = "") -> Caller:
        """A customer nobody has seen before. `branch` is a branch of the business, or a number of its own."""
        self._callers += 1
        tenant, phone = self.tenant(slug), f"7000{self._callers:07}"
        owner = tenant.owner_of(channel)
        spelled = owner.plugin.address(phone)[0] if owner and owner.plugin.address else phone
        instance = instance_of(tenant, branch)
        return Caller(
            tenant=tenant, channel=channel, address=spelled or phone, phone=phone, name=name, instance=instance
        )

    async def say(self, who: Caller, pieces: Sequence[str]) -> Told:
        """What a customer says in one burst, and what became of it. The pieces are stored together, so that nobody has to
        wait for the end of the burst."""
        events = [
            InboundEvent(
                channel=who.channel, event_id=f"eval-{uuid4().hex}", address=who.address, instance=who.instance,
                text=text, sender_name=who.name, phone=who.phone, sent_at=self.clock.now(),
            )
            for text in pieces
        ]  # fmt: skip
        return await self._take_in(who.tenant, events)

    async def press(self, tenant: Tenant, action: str, handover: str) -> None:
        """Somebody at the desk presses a button of a handover's card."""
        desk = next(each.plugin.channel for each in tenant.used.values() if each.plugin.capabilities.desk)
        event = InboundEvent(
            channel=desk,
            event_id=f"eval-{uuid4().hex}",
            kind=EventKind.CALLBACK,
            action=action,
            target=handover,
            person=Person(channel=desk, id="eval"),
        )
        await self._take_in(tenant, [event])

    async def _take_in(self, tenant: Tenant, events: Sequence[InboundEvent]) -> Told:
        now = self.clock.now()
        rows = [_row(event, tenant, now) for event in events]
        key = (tenant.id, rows[-1].id)
        self._open[key] = asyncio.get_running_loop().create_future()
        try:
            await self.gateway.committer.add(rows)
            self._news.set()
            async with asyncio.timeout(PATIENCE):
                return await self._open[key]
        except TimeoutError:
            return NEVER
        finally:
            self._open.pop(key, None)

    async def _watch(self) -> None:
        """Ask for everybody at once what is over."""
        while True:
            await self._news.wait()
            while self._open:
                await asyncio.sleep(LOOK)
                for row in await trials.ended(self.gateway.database, list(self._open)):
                    self._close(row)
            self._news.clear()

    def _close(self, row: Any) -> None:
        waiting = next((each for key, each in self._open.items() if key[1] == row["event_id"]), None)
        if waiting and not waiting.done():
            waiting.set_result(_told(row, self.clock.now()))

    async def clear(self) -> None:
        """A time is over: no timer of its talks runs on."""
        await trials.forget_timers(self.gateway.database)


def instance_of(tenant: Tenant, branch: str) -> str:
    """The number that customers of a branch write to; `branch` may be a number itself. Raises `ConfigError` where there is no such."""
    found = tenant.branch(branch)
    if branch and found is None and not tenant.branch_for_instance(branch):
        known = ", ".join(each.slug for each in tenant.config.branches) or "none"
        raise ConfigError(f'no branch "{branch}"', tenant=tenant.slug, cure=f"Known: {known}")
    return found.instance_id if found else branch


def _row(event: InboundEvent, tenant: Tenant, now: datetime) -> InboxRow:
    return InboxRow(
        client_id=tenant.id, id=str(uuid4()), channel=event.channel, event_id=event.event_id, kind=event.kind.value,
        lane=lane(event), address=event.address, event=event_to_json(event), raw=b"", correlation_id=event.event_id,
        received_at=now,
    )  # fmt: skip


def _told(row: Any, now: datetime) -> Told:
    outgoing = row["outgoing"] or ()
    words = [each["payload"] for each in outgoing if each["kind"] in {"reply", "notice"} and each["status"] == "sent"]
    muted = row["bot_muted_until"] is not None and row["bot_muted_until"] > now
    return Told(
        outcome=row["outcome"], reason=row["outcome_reason"] or row["error"],
        replies=tuple(str(each.get("text", "")) for each in words),
        language=next((str(each.get("data", {}).get("language", "")) for each in words), ""),
        desk=tuple(each["payload"] for each in outgoing if each["kind"] not in {"reply", "notice"}),
        stages=tuple(row["stages"]), conversation=row["conversation_id"] or "", state=row["state"] or "",
        handover=row["handover_id"] or "", muted=muted,
        faults=tuple(f"{each['plugin']}.{each['hook']}: {each['error']}" for each in row["faults"] or ()),
    )  # fmt: skip


async def _throwaway(stack: AsyncExitStack) -> PrivatePostgres:
    """A server of this run alone, gone at its end, also when the start is broken off."""
    server = temporary_postgres()
    starting = asyncio.ensure_future(asyncio.to_thread(server.__enter__))

    async def remove() -> None:
        await asyncio.wait([starting])
        if starting.exception() is None:
            await asyncio.to_thread(server.__exit__, None, None, None)

    stack.push_async_callback(remove)
    return await asyncio.shield(starting)


async def _stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])
