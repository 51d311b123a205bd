"""One claimed turn, from its work to its commit, with what is done when something goes wrong on the way."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import uuid4

from truffles_gateway import (
    acting,
    amending,
    approvals,
    booking,
    branching,
    burst,
    desk,
    drafts,
    fetching,
    gate,
    hearing,
    lately,
    lookups,
    pipeline,
    presses,
    roles,
)
from truffles_gateway.calls import FaultSink
from truffles_gateway.clock import Clock
from truffles_gateway.decision import Case, Decision, Escalation, Trace
from truffles_gateway.errors import LeaseLost, StateChanged
from truffles_gateway.failpoints import reach
from truffles_gateway.messages import Attachment, EventKind, Inbound, InboundEvent, State, Trigger, Turn
from truffles_gateway.observability import logger
from truffles_gateway.records import Commit, Conversation, EventOutcome, ReplyDraft, StoredEvent, Work
from truffles_gateway.routes import mute
from truffles_gateway.store import drafts as stored_drafts
from truffles_gateway.store import events, lanes, learned, rethinking
from truffles_gateway.store.commit import commit
from truffles_gateway.store.database import Database, MoreArrived
from truffles_gateway.store.learned import Pressed
from truffles_gateway.tenants import Tenant

MEETINGS = 5
UNCHANGED = "unchanged"
log = logger("turns")


@dataclass(frozen=True, slots=True)
class Turns:
    """Handles claimed turns of any tenant."""

    database: Database
    clock: Clock
    faults: FaultSink

    async def handle(self, work: Work, tenant: Tenant) -> Commit | None:
        """Decide and commit; None when the turn was lost, dissolved or put off."""
        try:
            return await self._decide(work, tenant)
        except LeaseLost as lost:
            log.warning("turn lost to another worker", turn_id=work.turn_id, problem=str(lost))
            return None
        except MoreArrived:
            await lanes.supersede(self.database, work)
            return None
        except Exception as problem:
            log.exception("turn failed", turn_id=work.turn_id, attempt=work.attempts + 1)
            return await self._failed(work, tenant, problem)

    async def _decide(self, work: Work, tenant: Tenant) -> Commit:
        if not work.events:
            return await self._empty(work)
        if work.unreadable:
            raise ValueError(work.unreadable)
        if work.attempts > len(tenant.config.retry.turn):
            return await self._park(work, tenant, "its worker died each time")
        work = await self._ready(work, tenant.config.limits.files)
        return await (self._desk(work, tenant) if work.kind == "desk" else self._customer(work, tenant))

    async def _customer(self, work: Work, tenant: Tenant) -> Commit:
        if work.unsent_turn:
            work = await self._ready(await lanes.withdraw(self.database, work, self.clock.now()))
        if _overtaken(work):
            work = await self._ready(await self._take_back(work, tenant))
        if all(stored.event.ignore == UNCHANGED for stored in work.events):
            return await self._nothing_new(work)
        case = make_case(work, tenant, self.clock, self.faults)
        decision = await pipeline.run(case)
        reach("think.after")
        return await self._commit(case, decision)

    async def _take_back(self, work: Work, tenant: Tenant) -> Work:
        """The customer wrote more before anybody let a draft go: think about all of it. Whoever decides meanwhile is first."""
        while (draft := _overtaken(work)) is not None:
            made = Commit(
                client_id=work.client_id, now=self.clock.now(), correlation_id=work.correlation_id, lease=work, worth={},
                before=work.conversation, after=work.conversation,
            )  # fmt: skip
            drafts.replaced(made, tenant, draft)
            with suppress(StateChanged):
                await rethinking.take_back(self.database, made)
                return await self._load(work)
            work = await self._load(work)
        return work

    async def _commit(self, case: Case, decision: Decision) -> Commit:
        """Commit against the state as it is by then: read it again as often as somebody changes it meanwhile."""
        for _ in range(MEETINGS):
            made = await pipeline.settle(case, decision)
            made.only_if_quiet = made.only_if_quiet and case.work.attempts == 0 and self._may_wait(case)
            try:
                reach("commit.before")
                await commit(self.database, made)
                reach("commit.after")
                return made
            except MoreArrived:
                raise
            except StateChanged:
                case, decision = await self._meet(case, decision)
        raise StateChanged("the conversation kept changing")

    async def _meet(self, case: Case, decision: Decision) -> tuple[Case, Decision]:
        """The decision in the state as it is now. What was left to a human who has gone is thought about after all."""
        fresh = await self._again(case)
        if decision.outcome == "forwarded" and fresh.state is State.BOT_ACTIVE:
            case.trace.note("human gone", outcome="thought about again", before=decision.reason)
            fresh.message = merge(tuple(stored.event for stored in fresh.work.events), fresh.conversation.context)
            return fresh, await pipeline.run(fresh)
        return fresh, pipeline.meet(fresh, decision)

    def _may_wait(self, case: Case) -> bool:
        """Whoever writes without a pause is answered all the same."""
        waited = self.clock.now() - case.work.events[0].received_at
        return waited.total_seconds() < case.tenant.config.retry.rethink

    async def _again(self, case: Case) -> Case:
        work = await self._ready(await self._load(case.work))
        fresh = make_case(work, case.tenant, self.clock, self.faults)
        fresh = replace(
            fresh, message=case.message, verdict=case.verdict, language=case.language, trace=case.trace,
            apology=case.apology, answers_mute_question=case.answers_mute_question, kept=case.kept,
            confirmed=case.confirmed,
        )  # fmt: skip
        branching.carry(case, fresh)
        return fresh

    async def _desk(self, work: Work, tenant: Tenant) -> Commit:
        work = await lookups.introduced(self.database, self.clock, work, tenant)
        echoes = {
            stored.id: await self._echo_reason(stored, tenant)
            for stored in work.events
            if stored.event.kind is EventKind.ECHO
        }
        for _ in range(MEETINGS):
            conversation = await self._spoken_about(work, tenant)
            pressed = presses.Buttons(await self._learned(work, tenant, conversation), await self._drafts(work, tenant))
            given = await lookups.orders_of(self.database, self.clock, work, tenant)
            spoken = conversation or _met_by_phone(work)
            made = desk.commit(work, spoken, tenant, self.clock.now(), echoes, pressed, given)
            try:
                reach("commit.before")
                await commit(self.database, made)
                reach("commit.after")
                return made
            except StateChanged:
                continue
        raise StateChanged("the conversation kept changing")

    async def _spoken_about(self, work: Work, tenant: Tenant) -> Conversation | None:
        """Whose conversation a desk's lane is about: the desk's thread names it, else what a button is about, else the
        handover, else the address."""
        first = work.events[0].event
        if first.thread:
            return await lanes.find_conversation(self.database, tenant.id, desk=first.channel, thread=first.thread)
        if first.action in approvals.ACTIONS:
            found = await learned.source(self.database, tenant.id, first.target)
            where = found.conversation_id if found else ""
            return await lanes.find_conversation(self.database, tenant.id, id=where) if where else None
        return await lanes.find_conversation(
            self.database, tenant.id, handover=first.target, address=first.address, channel=_channel(first)
        )

    async def _learned(self, work: Work, tenant: Tenant, about: Conversation | None) -> dict[str, Pressed]:
        """The learned answers whose buttons were pressed, that are written anew, or whose cards are answered (these by
        the card's name, too)."""
        found: dict[str, Pressed] = {}
        for event in (stored.event for stored in work.events):
            ids = {event.target} if event.action in approvals.ACTIONS else set()
            ids |= amending.about(about, event, acting.person_of(event, tenant))
            card = ""
            if about and event.replies_to and event.kind is EventKind.MANAGER:
                card = await learned.shown_as(self.database, tenant.id, about.id, event.channel, event.replies_to)
            for id in (ids | {card}) - found.keys() - {""}:
                if each := await learned.pressed(self.database, tenant.id, id, event.channel):
                    found[id] = each
            if card in found:
                found[event.replies_to] = found[card]
        return found

    async def _drafts(self, work: Work, tenant: Tenant) -> dict[str, ReplyDraft]:
        """The drafts whose buttons were pressed."""
        wanted = {each.event.target for each in work.events if each.event.action in drafts.ACTIONS}
        found = [await stored_drafts.find(self.database, tenant.id, each) for each in wanted]
        return {each.id: each for each in found if each}

    async def _echo_reason(self, stored: StoredEvent, tenant: Tenant) -> str:
        rules = tenant.config.echo
        return await events.echo_reason(self.database, tenant.id, stored.event, stored.received_at, rules)

    async def _load(self, work: Work) -> Work:
        """The same turn with the conversation as it is now."""
        [found] = await lanes.load(self.database, [(work.client_id, work.turn_id)], self.clock.now())
        return found

    async def _ready(self, work: Work, patience: float = 0.0) -> Work:
        """The turn with its files, as far as they came within `patience` seconds, and without edits that change nothing. A turn
        that was read again has waited before."""
        return await self._compared(await fetching.settled(self.database, work, patience, self.clock.now()))

    async def _compared(self, work: Work) -> Work:
        """The turn with each edit marked that changes neither words nor media: channels tell of any change to a message,
        also of those that nobody sees. What is edited within its own turn is the turn's business."""
        own = {stored.event.event_id for stored in work.events}
        edits = [each for each in work.events if each.event.replaces and each.event.replaces not in own]
        news = {each.id: await self._news(work, each) for each in edits}
        if all(news[each.id] is each.event for each in edits):
            return work
        return replace(work, events=tuple(replace(each, event=news.get(each.id, each.event)) for each in work.events))

    async def _news(self, work: Work, edit: StoredEvent) -> InboundEvent:
        """An edit, marked where nothing is new in it. A file is neither sent nor shown again with its new caption."""
        event = edit.event
        before = await events.said_before(self.database, work.client_id, edit, work.turn_id)
        if before is None:
            return event
        if event.kind is not EventKind.MANAGER and _essence(before) == _essence(event):
            return replace(event, ignore=UNCHANGED)
        fresh = tuple(part for part in event.attachments if not any(_is_same_file(part, e) for e in before.attachments))
        if event.kind is EventKind.MANAGER and event.text == before.text and not fresh:
            return replace(event, ignore=UNCHANGED)
        return replace(event, attachments=fresh) if len(fresh) < len(event.attachments) else event

    async def _nothing_new(self, work: Work) -> Commit:
        """Nobody said anything: the events end, and the conversation stays as it is."""
        made = Commit(
            client_id=work.client_id, now=self.clock.now(), correlation_id=work.correlation_id, lease=work, worth={},
            turn_outcome="ignored", turn_reason=UNCHANGED,
        )  # fmt: skip
        ended = tuple(stored.id for stored in work.events)
        made.outcomes.append(EventOutcome(events=ended, outcome="ignored", reason=UNCHANGED))
        await commit(self.database, made)
        return made

    async def _empty(self, work: Work) -> Commit:
        made = Commit(
            client_id=work.client_id, now=self.clock.now(), correlation_id=work.correlation_id, lease=work, worth={},
            turn_outcome="", turn_reason="no events",
        )  # fmt: skip
        await commit(self.database, made)
        return made

    async def _failed(self, work: Work, tenant: Tenant, problem: Exception) -> Commit | None:
        """Again after 1, 2, 4 and 8 seconds; then the turn is parked and its lane goes on."""
        error, pauses = f"{type(problem).__name__}: {problem}", tenant.config.retry.turn
        if work.attempts < len(pauses):
            await lanes.retry_later(self.database, work, self.clock.now(), pauses[work.attempts], error)
            return None
        return await self._park(work, tenant, error)

    async def _park(self, work: Work, tenant: Tenant, error: str) -> Commit:
        """A handover, an honest line to the customer, an alarm."""
        if work.kind == "desk" or work.conversation is None:
            return await self._park_alone(work, tenant, error)
        try:
            return await self._park_with_handover(work, tenant, error)
        except LeaseLost:
            raise
        except Exception:
            log.exception("no handover for a parked turn", turn_id=work.turn_id)
            return await self._park_alone(work, tenant, error)

    async def _park_with_handover(self, work: Work, tenant: Tenant, error: str) -> Commit:
        for _ in range(MEETINGS):
            case = make_case(work, tenant, self.clock, self.faults)
            made = await pipeline.settle(case, gate.after_thinking(case, parked(case)))
            made.turn_status, made.error, made.turn_outcome = "parked", error, "parked"
            made.outcomes = [replace(outcome, outcome="parked", reason=error[:200]) for outcome in made.outcomes]
            made.alarms.append(("turn parked", _alarm(case, error)))
            try:
                await commit(self.database, made)
                return made
            except StateChanged:
                work = await self._load(work)
        raise StateChanged("the conversation kept changing")

    async def _park_alone(self, work: Work, tenant: Tenant, error: str) -> Commit:
        """Only the end of the events and an alarm: what nothing can stand in the way of."""
        made = desk.commit(replace(work, events=()), None, tenant, self.clock.now(), {}, presses.Buttons())
        made.turn_status, made.turn_outcome, made.error = "parked", "parked", error
        made.outcomes = [EventOutcome(events=tuple(e.id for e in work.events), outcome="parked", reason=error[:200])]
        text = tenant.texts.get("alarm_turn_parked", tenant.config.languages[0], customer=work.address, problem=error)
        made.alarms.append((f"{work.kind} turn parked", text))
        await commit(self.database, made)
        return made


def _overtaken(work: Work) -> ReplyDraft | None:
    """The answer that waits for a person, and to which the customer has said more."""
    draft = work.conversation.draft if work.conversation else None
    return draft if any(not stored.event.ignore for stored in work.events) else None


def parked(case: Case) -> Decision:
    """What a turn comes to that could not be handled."""
    if case.state is not State.BOT_ACTIVE:
        return Decision(outcome="forwarded", reason="parked", conditional=False)
    return Decision(
        outcome="escalated",
        reason="parked",
        replies=(case.say("parked"),),
        escalation=Escalation(trigger=Trigger.PARKED, reason="reason_parked", question=case.message.text),
        conditional=False,
    )


def _alarm(case: Case, error: str) -> str:
    who = case.conversation.name or case.conversation.address
    return case.tenant.texts.get("alarm_turn_parked", case.tenant.config.languages[0], customer=who, problem=error)


def _met_by_phone(work: Work) -> Conversation | None:
    """The owner wrote first, from the phone, to somebody whom the gateway has not met: a conversation begins."""
    first = work.events[0].event
    if first.kind is not EventKind.ECHO or not first.address:
        return None
    return Conversation(
        client_id=work.client_id, channel=first.channel, address=first.address, id=str(uuid4()), user_id=str(uuid4()),
        phone=first.phone, instance=first.instance,
    )  # fmt: skip


def _channel(event: InboundEvent) -> str:
    """An echo belongs to its own channel; a manager may mean a customer of any."""
    return event.channel if event.kind is EventKind.ECHO else ""


def make_case(work: Work, tenant: Tenant, clock: Clock, faults: FaultSink) -> Case:
    """The case of a customer's turn: events merged, a new customer given ids, the branch found."""
    now = clock.now()
    conversation = _known(work, tenant, now)
    message = merge(tuple(stored.event for stored in work.events), conversation.context)
    branch = tenant.branch_with_id(conversation.branch_id)
    turn = Turn(
        tenant=tenant.slug,
        id=work.turn_id,
        correlation_id=work.correlation_id,
        channel=work.channel,
        lane=work.lane,
        conversation_id=conversation.id,
        state=conversation.state,
        customer=conversation.customer,
        now=now,
        timezone=tenant.config.timezone,
        languages=tenant.config.languages,
        branch=branch.slug if branch else "",
        knowledge_tag=branch.knowledge_tag if branch else "",
        history=conversation.history,
        context={key: _plain(value) for key, value in conversation.context.items()},
        files=lately.before(conversation, work, tenant, now),
    )
    language = str(conversation.context.get("language") or tenant.config.languages[0])
    trace = Trace()
    texts = [stored.event.text for stored in work.events]
    trace.note("merge", events=len(work.events), texts=texts, state=conversation.state.value, attempt=work.attempts + 1)
    case = Case(
        work=work, conversation=conversation, tenant=tenant, turn=turn, message=message, faults=faults, trace=trace,
        language=language,
        answers_mute_question=any(mute.said_no(each.event, conversation.context) for each in work.events),
    )  # fmt: skip
    branching.note(case)
    return case


def _known(work: Work, tenant: Tenant, now: datetime) -> Conversation:
    """The conversation with what this turn's events tell about the customer, at the branch that is known so far; a new one
    gets its ids here."""
    conversation = work.conversation
    assert conversation is not None
    changes: dict[str, Any] = {}
    if not conversation.id:
        changes |= {"id": str(uuid4()), "user_id": str(uuid4())}
    for stored in work.events:
        event = stored.event
        changes |= {"name": event.sender_name} if event.sender_name else {}
        changes |= {"phone": event.phone} if event.phone else {}
        if event.person and event.person.username:
            changes["context"] = {**conversation.context, roles.USERNAME: event.person.username}
        changes |= {"instance": event.instance} if tenant.has_instance(event.channel, event.instance) else {}
    known = booking.read(replace(conversation, **changes), now, tenant.config.dialogue.booking_hours, work)
    return branching.locate(known, conversation, tenant, now)


def _plain(value: Any) -> str:
    """A value of the context as hooks read it: what has parts of its own as JSON."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, Mapping) else str(value)


def merge(members: tuple[InboundEvent, ...], context: Mapping[str, Any]) -> Inbound:
    """One message of all members: an edit takes the place of what it edits, captions count as text, and the answer to the
    bot's own question for what was asked or heard."""
    latest: dict[str, InboundEvent] = {}
    for event in (mute.spoken(hearing.spoken(each, context), context) for each in members):
        name = event.replaces or event.event_id
        if not event.ignore and (event.replaces or name not in latest):
            latest[name] = _edited(latest.get(name), event)
    shown = list(latest.values())
    attachments = tuple(attachment for event in shown for attachment in event.attachments)
    return Inbound(text=burst.join(event.text for event in shown), events=members, attachments=attachments)


def _edited(before: InboundEvent | None, event: InboundEvent) -> InboundEvent:
    """The event that takes the place of another. An edit that brings new words alone is one of the caption: the files stay."""
    if before is None or event.attachments:
        return event
    return replace(event, attachments=tuple(replace(part, caption=event.text) for part in before.attachments))


def _is_same_file(one: Attachment, other: Attachment) -> bool:
    """By its bytes, where both were fetched; names and links of one file differ from time to time."""
    if one.blob and other.blob:
        return one.blob == other.blob
    return _looks(one) == _looks(other)


def _looks(part: Attachment) -> tuple[object, ...]:
    return part.content, part.voice, part.seconds, part.size or part.url


def _essence(event: InboundEvent) -> tuple[object, ...]:
    """What a reader sees of a message. Links to the same file differ from time to time, its size does not."""
    media = [
        (part.content, part.mime, part.caption, part.voice, part.file_name, part.seconds, part.size or part.url)
        for part in event.attachments
    ]
    return event.text, event.content, media
