"""What managers do: their words to a customer, their buttons, and the owner answering from the phone.

Desk events have lanes of their own and never wait behind a customer's turn; they meet it at the conversation's version.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from uuid import uuid4

from truffles_gateway import amending, commands, compose, corrections, drafts, handoff, orders, passing, phone, presses
from truffles_gateway.acting import hold, origin, person_of, role_here, text_of
from truffles_gateway.drafts import name_of as _name
from truffles_gateway.handoff import UNASKED
from truffles_gateway.messages import Author, EventKind, InboundEvent, Outgoing, OutgoingKind, Person, State, Trigger
from truffles_gateway.orders import Order
from truffles_gateway.presses import Buttons
from truffles_gateway.records import (
    Commit,
    Conversation,
    EventOutcome,
    NewJob,
    NewMessage,
    ReplyDraft,
    StoredEvent,
    Work,
)
from truffles_gateway.store.learned import Pressed
from truffles_gateway.tenants import Tenant

NO_ORDERS: Mapping[str, Order] = {}
FIRST_WORDS = "first_words"
"""The conversation's word for the handover in which a human spoke, and since when: what is said there is no plain answer
to what the human was called for."""


def commit(
    work: Work,
    conversation: Conversation | None,
    tenant: Tenant,
    now: datetime,
    echoes: Mapping[str, str],
    pressed: Buttons,
    given: Mapping[str, Order] = NO_ORDERS,
) -> Commit:
    """All rows of a desk turn. `echoes` says for each echo why it is nobody's words ("" if they are the owner's);
    `given` holds the commands among the events."""
    made = Commit(
        client_id=tenant.id,
        now=now,
        correlation_id=work.correlation_id,
        lease=work,
        worth=tenant.config.outbox.worth(),
        before=conversation if conversation and conversation.version else None,
        after=conversation,
        turn_outcome="handled",
    )
    edited = held_edits(work.events)
    for stored in map(partial(_as_words, {each.event.event_id for each in work.events}), work.events):
        if stored.id in given and stored.id not in edited and not stored.event.ignore:
            ignored = orders.carry_out(made, stored.event, tenant, given[stored.id])
        else:
            why = echoes.get(stored.id, "")
            ignored = "edited" if stored.id in edited else _handle(made, stored, tenant, why, pressed)
        outcome = EventOutcome(events=(stored.id,), outcome="ignored" if ignored else "handled", reason=ignored)
        made.outcomes.append(outcome)
        made.stages.append({"stage": stored.event.kind.value, "outcome": ignored or "handled"})
    drafts.taken_over(made, tenant)
    compose.plan_timers(made, tenant)
    compose.show_changes(made, tenant)
    if made.before is None and not made.handovers:
        made.after = None  # nobody said anything: there is no conversation to begin
    return made


def held_edits(events: Sequence[StoredEvent]) -> frozenset[str]:
    """Which of these words never went out because a later event of the same turn took their place."""
    last = {stored.event.replaces or stored.event.event_id: stored.id for stored in events}
    kept = set(last.values())
    return frozenset(stored.id for stored in events if stored.id not in kept)


def _as_words(held: Collection[str], stored: StoredEvent) -> StoredEvent:
    """A change to what never went out is simply the words."""
    return replace(stored, event=replace(stored.event, replaces="")) if stored.event.replaces in held else stored


def _handle(made: Commit, stored: StoredEvent, tenant: Tenant, echo: str, pressed: Buttons) -> str:
    """Carry one event out; returns why it was ignored, "" if it was not."""
    event = stored.event
    if ignored := echo or event.ignore:
        return ignored
    if made.after is None:
        _nobody_there(made, event, tenant)
        return "no such conversation"
    if event.kind is EventKind.CALLBACK:
        return presses.press(made, event, tenant, pressed)
    about = amending.meant(made.after, stored, tenant, person_of(event, tenant), pressed.learned)
    return (
        _written(made, event, tenant) if about is None else _amended(made, stored, tenant, pressed.learned.get(about))
    )


def _amended(made: Commit, stored: StoredEvent, tenant: Tenant, about: Pressed | None) -> str:
    """Words for a learned answer, marked as such: nothing of them is sent, nor of a file beside them."""
    if not stored.event.text.strip():
        receipt(made, stored.event, "", text_of(tenant, "amend_words_only"))
        return "file"
    problem, ignored = amending.take(made, stored, tenant, person_of(stored.event, tenant), about)
    receipt(made, stored.event, "" if problem else "note", text_of(tenant, problem) if problem else "")
    return ignored


def _written(made: Commit, event: InboundEvent, tenant: Tenant) -> str:
    if commands.is_note(event.text):
        receipt(made, event, "note")
        return "private note"
    assert made.after is not None
    brought = event
    if event.kind is not EventKind.ECHO:
        event = _sifted(made, event, tenant)
    if not event.text.strip() and not event.attachments:
        return "file" if brought.attachments else "empty"
    own = event.kind is not EventKind.ECHO and not event.replaces  # a slip that is put right elsewhere decides nothing
    if own and (draft := drafts.corrects(made, person_of(event, tenant))):
        _corrected(made, event, tenant, draft)
    elif about := corrections.of_draft(made.after, event):
        _put_right(made, event, tenant, *about)
    else:
        _words(made, event, tenant)
    return ""


def _sifted(made: Commit, event: InboundEvent, tenant: Tenant) -> InboundEvent:
    """What of it can go to the customer; whoever wrote it hears of the rest."""
    assert made.after is not None
    event, problem = passing.sift(event, made.after, tenant)
    if problem:
        receipt(made, event, "", problem)
    return event


def _nobody_there(made: Commit, event: InboundEvent, tenant: Tenant) -> None:
    """Words or a button for somebody whom this tenant does not know: whoever used it is told, where they are."""
    if event.kind is EventKind.CALLBACK:
        kind, line = OutgoingKind.CALLBACK, text_of(tenant, "callback_unknown")
    elif event.kind is EventKind.MANAGER and _in_brief(event) and not commands.is_note(event.text):
        problem = text_of(tenant, "reason_no_conversation", customer=event.address or event.target)
        kind, line = OutgoingKind.REMINDER, text_of(tenant, "not_delivered", text=_in_brief(event), problem=problem)
    else:
        return
    where = event.address or event.target or event.thread
    data = {"event_id": event.event_id, "action": event.action, "thread": event.thread, "ref": event.ref, "ok": ""}
    kind = OutgoingKind.RECEIPT if event.ref and kind is OutgoingKind.REMINDER else kind
    compose.add_outgoing(made, Outgoing(channel=event.channel, recipient=where, text=line, kind=kind, data=data))


def _words(made: Commit, event: InboundEvent, tenant: Tenant) -> None:
    """A manager's words and files: stored, sent (an echo was sent already), and the words shown to those who learn."""
    conversation = made.after
    assert conversation is not None
    person = person_of(event, tenant)
    question = conversation.handover_question or _last_question(conversation)
    made.manager_response = _in_brief(event)
    opening = handoff.new_handover(
        Trigger.MANUAL, text_of(tenant, "reason_manual"), question, assigned_to=_name(person)
    )
    if asked := conversation.draft:  # its question was shown to people: that is what they answer
        opening = drafts.opened(tenant, asked, "reason_draft_own", assigned_to=_name(person))
        question = conversation.handover_question or asked.question
    handoff.apply(made, handoff.Event.MANAGER_WROTE, actor=_name(person), why="a manager's words", opening=opening)
    hold(made, person)
    _note_words(made, opened=conversation.state is State.BOT_ACTIVE and not asked)
    made.cancel_jobs.append(conversation.id)
    message = _said_by(made, event, person)
    if event.kind is EventKind.ECHO:
        phone.show(made, event, tenant)
    else:
        compose.add_outgoing(made, _to_customer(conversation, event, tenant))
    made.touch(last_manager_at=made.now)
    _observe(made, event, tenant, message.id, question, made.after.handover_id if made.after else "")


def _corrected(made: Commit, event: InboundEvent, tenant: Tenant, draft: ReplyDraft) -> None:
    """A manager's words in the place of a draft: they are sent and learnt as any, and the bot goes on."""
    person = person_of(event, tenant)
    sent = replace(
        draft.reply, text=event.text, data={**draft.reply.data, **origin(event, tenant)},
        attachments=passing.for_the_customer(event) or draft.reply.attachments,
    )  # fmt: skip
    made.manager_response = _in_brief(event)
    handover_id = drafts.corrected(made, tenant, draft, _name(person), sent)
    corrections.remember(made, event, draft)
    message = _said_by(made, event, person)
    _observe(made, event, tenant, message.id, draft.question, handover_id)


def _put_right(made: Commit, event: InboundEvent, tenant: Tenant, handover_id: str, question: str) -> None:
    """A change to words that went out in a draft's place: told to the customer as one, and whoever leads goes on."""
    assert made.after is not None
    compose.add_outgoing(made, _to_customer(made.after, event, tenant))
    made.touch(last_manager_at=made.now)
    message = _said_by(made, event, person_of(event, tenant))
    _observe(made, event, tenant, message.id, question, handover_id)


def _in_brief(event: InboundEvent) -> str:
    """The words, or the names of files that came without any."""
    return event.text if event.text.strip() else passing.named(event.attachments)


def _said_by(made: Commit, event: InboundEvent, person: Person) -> NewMessage:
    facts = {"person": person.id, "name": _name(person), "event_id": event.event_id}
    media = {"media": compose.media_facts(event.attachments)} if event.attachments else {}
    message = NewMessage(id=str(uuid4()), role=Author.MANAGER.value, content=event.text, metadata={**facts, **media})
    made.messages.append(message)
    return message


def _note_words(made: Commit, *, opened: bool) -> None:
    """Remember who began this talk, and when a human first spoke in it."""
    after = made.after
    assert after is not None
    context = {**after.context, **({UNASKED: after.handover_id} if opened else {})}
    if _first_words(after) is None:
        context[FIRST_WORDS] = f"{after.handover_id} {made.now.isoformat()}"
    made.touch(context=context)


def _first_words(conversation: Conversation) -> datetime | None:
    """When a human first spoke in the open handover, None if nobody did."""
    handover, _, at = str(conversation.context.get(FIRST_WORDS) or "").partition(" ")
    return datetime.fromisoformat(at) if at and handover == conversation.handover_id else None


def _asked_again(conversation: Conversation) -> bool:
    first, last = _first_words(conversation), conversation.last_customer_at
    return first is not None and last is not None and last > first


def receipt(made: Commit, event: InboundEvent, ok: str, text: str = "") -> None:
    """Mark a manager's own message at the desk: nothing was sent of it ("note"), or it says what went wrong ("")."""
    assert made.after is not None
    if event.kind is EventKind.MANAGER and event.ref:
        row = Outgoing(
            channel=event.channel, recipient=made.after.id, text=text, kind=OutgoingKind.RECEIPT,
            data={"thread": event.thread, "ref": event.ref, "ok": ok},
        )  # fmt: skip
        compose.add_outgoing(made, row)


def _to_customer(conversation: Conversation, event: InboundEvent, tenant: Tenant) -> Outgoing:
    text = _said(conversation, event, tenant)
    return Outgoing(
        channel=conversation.channel,
        recipient=conversation.address,
        instance=conversation.instance,
        text=text,
        kind=OutgoingKind.HUMAN,
        attachments=passing.for_the_customer(event),
        data={"language": str(conversation.context.get("language") or ""), **origin(event, tenant)},
    )


def _said(conversation: Conversation, event: InboundEvent, tenant: Tenant) -> str:
    """The words as the customer reads them; a change to what was sent already is told as one."""
    if not event.replaces:
        return event.text
    language = str(conversation.context.get("language") or tenant.config.languages[0])
    return tenant.texts.get("correction", language, text=event.text).strip()


def _observe(
    made: Commit, event: InboundEvent, tenant: Tenant, message_id: str, question: str, handover_id: str
) -> None:
    """One durable job for each plugin that observes managers' replies. A file without words tells them nothing."""
    assert made.after is not None
    if not event.text.strip():
        return
    person = person_of(event, tenant)
    for implementation in tenant.hooks.of("on_manager_reply"):
        made.jobs.append(
            NewJob(
                key=f"manager_reply:{message_id}:{implementation.plugin_name}",
                kind="manager_reply",
                run_at=made.now,
                conversation_id=made.after.id,
                payload={
                    "plugin": implementation.plugin_name,
                    "message_id": message_id,
                    "handover_id": handover_id,
                    "question": question,
                    "earlier": _asked(made.after),
                    "unasked": made.after.context.get(UNASKED) == handover_id,
                    "asked_again": _asked_again(made.after),
                    "text": event.text,
                    "with_file": bool(event.attachments),
                    "person": {
                        "channel": person.channel,
                        "id": person.id,
                        "username": person.username,
                        "name": person.name,
                    },
                    "role": role_here(made, tenant, person),
                },
            )
        )


def _asked(conversation: Conversation) -> list[str]:
    return [line.text for line in conversation.history if line.author is Author.CUSTOMER and line.text]


def _last_question(conversation: Conversation) -> str:
    return next(reversed(_asked(conversation)), "")
