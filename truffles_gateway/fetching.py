"""Files are fetched as soon as their message is stored, apart from its turn: a link that expires in minutes is no loss.

    accept ─▶ a job ─▶ judged, in the order of the lane ─▶ fetched, again after a while ─▶ into the stored event
                                                                                            │ its turn waits, 10 s at most
                                                                                            └ later: to the desk, by itself

What may be taken, and how it is fetched, is the business of the tenant's `FileGuard`; the host knows when.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from truffles_gateway import compose, lately, voice
from truffles_gateway.calls import Fault, FaultSink
from truffles_gateway.clock import Clock
from truffles_gateway.errors import StateChanged, StoreUnavailable, TrufflesError
from truffles_gateway.failpoints import reach
from truffles_gateway.messages import Attachment, Content, EventKind, InboundEvent, Outgoing, OutgoingKind, State
from truffles_gateway.observability import logger
from truffles_gateway.plugin import FileGuard
from truffles_gateway.records import Commit, Conversation, Job, StoredEvent, Work
from truffles_gateway.store import fetching, jobs, lanes
from truffles_gateway.store.commit import commit
from truffles_gateway.store.database import Database
from truffles_gateway.tenants import Tenant

FILES = frozenset({Content.IMAGE, Content.AUDIO, Content.VIDEO, Content.DOCUMENT})
RETRIES = (1, 3, 10, 60, 300, 900)
"""Seconds before each further attempt to get what could not be had."""
JUDGE_SECONDS, ATTEMPT_SECONDS = 10.0, 45.0
FOLLOWING = fetching.LATE
"""The kind of the jobs that `bring` runs."""
LATE, UNCHECKED = fetching.WAITED_FOR, "unchecked"
"""The host's own words for `Attachment.refused`: still being fetched when the turn went on; the guard failed."""
LOOKS = (0.05, 0.5)
UNSEEN_PAUSE = 2.0
MEETINGS = 5
log = logger("fetching")


def is_open(part: Attachment) -> bool:
    """Is it a file of which nobody has said yet whether it is taken?"""
    return part.content in FILES and not part.checked and not part.refused


def brings_files(event: InboundEvent) -> bool:
    """Is there anything for a guard to fetch or check?"""
    told = event.kind in (EventKind.CUSTOMER, EventKind.MANAGER) and not event.ignore
    return told and any(map(is_open, event.attachments))


async def settled(database: Database, work: Work, seconds: float, now: datetime) -> Work:
    """The turn with its files fetched and checked; what takes longer than `seconds` is marked as late, and follows."""
    waiting = [stored.id for stored in work.events if brings_files(stored.event)]
    if not waiting:
        return work
    loop = asyncio.get_running_loop()
    deadline, (pause, longest) = loop.time() + seconds, LOOKS
    found = await fetching.look(database, work.client_id, waiting)
    while any(each.waiting for each in found.values()) and loop.time() < deadline:
        await asyncio.sleep(min(pause, max(deadline - loop.time(), 0.0)))
        pause = min(pause * 1.5, longest)
        found = await fetching.look(database, work.client_id, waiting)
    if late := [id for id, each in found.items() if each.waiting]:
        await fetching.go_on_without(database, work.client_id, late, now, drop=work.kind == "desk")
        found = await fetching.look(database, work.client_id, waiting)
    events = {id: marked(each.event, LATE) if id in late and each.waiting else each.event for id, each in found.items()}
    return replace(work, events=tuple(_with(stored, events.get(stored.id)) for stored in work.events))


def _with(stored: StoredEvent, event: InboundEvent | None) -> StoredEvent:
    return replace(stored, event=event) if event else stored


def marked(event: InboundEvent, why: str) -> InboundEvent:
    """The event with each file that is still open refused for `why`."""
    parts = (replace(part, refused=why) if is_open(part) else part for part in event.attachments)
    return replace(event, attachments=tuple(parts))


def _blobs(event: InboundEvent) -> set[str]:
    return {part.blob for part in event.attachments} - {""}


@dataclass(frozen=True, slots=True)
class Fetches:
    """Runs claimed fetches of any tenant. `judged` is called when the next one of a lane may be claimed."""

    database: Database
    clock: Clock
    faults: FaultSink
    judged: Callable[[], None]

    async def handle(self, job: Job, tenant: Tenant) -> None:
        """Judge the files of one event, and fetch them; what could not be had is tried again later."""
        try:
            await self._handle(job, tenant)
        except Exception as problem:
            log.exception("fetch failed", attempt=job.attempts + 1)
            await self._again(job, f"{type(problem).__name__}: {problem}")

    async def _again(self, job: Job, error: str) -> None:
        """Later; what was tried often enough is refused, so that neither its lane nor a desk waits for it for ever."""
        if job.attempts < len(RETRIES):
            await jobs.retry_later(self.database, job, self.clock.now(), error, pauses=RETRIES)
            return
        found = await fetching.look(self.database, job.client_id, [job.payload["event"]])
        for each in found.values():
            await fetching.finish(self.database, job, marked(each.event, UNCHECKED), self.clock.now())

    async def _handle(self, job: Job, tenant: Tenant) -> None:
        found = (await fetching.look(self.database, job.client_id, [job.payload["event"]])).get(job.payload["event"])
        named = tenant.file_guard()
        if found is None or named is None or tenant.suspended:
            await jobs.finish(self.database, job, self.clock.now(), status="cancelled", error="nothing to fetch")
            return
        asked = _Asked(*named, tenant.slug, job.correlation_id, found.state, self)
        event = found.event
        if fetching.JUDGED not in job.payload:
            event = await asked.judge(event, last=job.attempts >= len(RETRIES))
            reach("fetch.admitted")
            if not await fetching.keep(self.database, job, event, judged=True):
                return
            self.judged()
        last = job.attempts >= len(RETRIES)
        event = await asked.fetch(event, last=last)
        reach("fetch.collected")
        await fetching.drop(self.database, job.client_id, _blobs(found.event) - _blobs(event))
        if last or not brings_files(event):
            await fetching.finish(self.database, job, marked(event, UNCHECKED), self.clock.now())
        elif await fetching.keep(self.database, job, event):
            await jobs.retry_later(self.database, job, self.clock.now(), "not to be had yet", pauses=RETRIES)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A tenant's guard, asked about one event. One that fails lets nothing pass, and holds up nobody."""

    name: str
    guard: FileGuard
    tenant: str
    correlation_id: str
    state: State
    fetches: Fetches

    async def judge(self, event: InboundEvent, *, last: bool) -> InboundEvent:
        """Before any byte. Raises `StoreUnavailable` but at the `last` attempt: what was not looked at is not refused."""
        try:
            async with asyncio.timeout(JUDGE_SECONDS):
                return await self.guard.admit(event, self.state)
        except StoreUnavailable as problem:
            if not last:
                raise
            self._report("admit", problem)
            return marked(event, UNCHECKED)
        except Exception as problem:  # noqa: BLE001 - a plugin's own code
            self._report("admit", problem)
            return marked(event, UNCHECKED)

    async def fetch(self, event: InboundEvent, *, last: bool) -> InboundEvent:
        """What is still open; a fault is an attempt."""
        if not brings_files(event):
            return event
        try:
            async with asyncio.timeout(ATTEMPT_SECONDS):
                return await self.guard.collect(event, self.state, last=last)
        except Exception as problem:  # noqa: BLE001 - a plugin's own code
            self._report("collect", problem)
            return event

    def _report(self, what: str, problem: Exception) -> None:
        fault = Fault(
            tenant=self.tenant, plugin=self.name, hook=f"files.{what}", correlation_id=self.correlation_id,
            error=repr(problem), at=self.fetches.clock.now(),
        )  # fmt: skip
        self.fetches.faults(fault)


async def bring(database: Database, job: Job, tenant: Tenant, clock: Clock) -> None:
    """Files whose turn went on without them: the desk that reads along is shown them, and told what came to nothing."""
    id = job.payload["event"]
    for _ in range(MEETINGS):
        found = (await fetching.look(database, job.client_id, [id])).get(id)
        if found is not None and not found.committed:
            await jobs.put_off(database, job, UNSEEN_PAUSE)
            return
        about = await _whose(database, tenant, found.event) if found else None
        if found is None or about is None:
            await jobs.finish(database, job, clock.now(), status="cancelled", error="nobody to show it to")
            return
        await fetching.note_media(database, tenant.id, about.id, found.event)
        made = Commit(
            client_id=tenant.id, now=clock.now(), correlation_id=job.correlation_id, lease=job,
            worth=tenant.config.outbox.worth(), before=about, after=about,
        )  # fmt: skip
        fresh = (part for part in found.event.attachments if not part.blob or part.blob not in found.known)
        _show(made, tenant, id, replace(found.event, attachments=tuple(fresh)))
        with suppress(StateChanged):
            await commit(database, made)
            return
    raise TrufflesError("the conversation kept changing")


async def _whose(database: Database, tenant: Tenant, event: InboundEvent) -> Conversation | None:
    return await lanes.find_conversation(database, tenant.id, address=event.address, channel=event.channel)


def _show(made: Commit, tenant: Tenant, id: str, event: InboundEvent) -> None:
    """What came late, to each desk: it was told there that it would come. Where the bot is silent nobody was told anything,
    and the next card brings it."""
    assert made.after is not None
    passed = tuple(part for part in event.attachments if part.checked and not part.refused)
    silent = tenant.suspended or (made.after.state is State.BOT_ACTIVE and voice.silence(tenant, made.after))
    if passed:
        shown = "" if silent else made.after.handover_id or lately.AT_THE_DESK
        lately.keep_late(made, id, passed, shown)
    if silent:
        return
    named = tenant.file_guard()
    lines = [f"✗ {each.what}: {each.reason}" for each in (named[1].refusals(event) if named else ())]
    for channel in compose.desks(tenant) if passed or lines else ():
        row = Outgoing(
            channel=channel, recipient=made.after.id, text="\n".join(lines), kind=OutgoingKind.FORWARD,
            attachments=passed, handover_id=made.after.handover_id,
        )  # fmt: skip
        compose.add_outgoing(made, row)
