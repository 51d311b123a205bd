"""What managers do: their words to a customer, their buttons, and the owner answering from the phone.

Desk events have lanes of their own and never wait behind a customer's turn; they meet it at the conversation's version.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from uuid import UUID, uuid4

from truffles_gateway import (
    amending,
    approvals,
    commands,
    compose,
    corrections,
    drafts,
    handoff,
    orders,
    phone,
    quiet,
    roles,
)
from truffles_gateway.drafts import key_of as _key
from truffles_gateway.drafts import name_of as _name
from truffles_gateway.handoff import HOLDER, HOLDER_NAME, UNASKED
from truffles_gateway.messages import Author, EventKind, InboundEvent, Outgoing, OutgoingKind, Person, State, Trigger
from truffles_gateway.orders import Order
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

ACTIONS = {"take": handoff.Event.TAKE, "return": handoff.Event.RETURN, "resolve": handoff.Event.RESOLVE}
NO_ORDERS: Mapping[str, Order] = {}
FIRST_WORDS = "first_words"
"""The conversation's word for the handover in which a human spoke, and since when: what is said there is no plain answer
to what the human was called for."""


@dataclass(frozen=True, slots=True)
class Buttons:
    """What the pressed buttons of a turn are about, by id: learned answers and drafts."""

    learned: Mapping[str, Pressed] = field(default_factory=dict)
    drafts: Mapping[str, ReplyDraft] = field(default_factory=dict)


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
        return _pressed(made, event, tenant, pressed)
    about = amending.meant(made.after, stored, tenant, person_of(event, tenant), pressed.learned)
    return (
        _written(made, event, tenant) if about is None else _amended(made, stored, tenant, pressed.learned.get(about))
    )


def _pressed(made: Commit, event: InboundEvent, tenant: Tenant, pressed: Buttons) -> str:
    person, role = _who(made, event, tenant)
    if event.action in drafts.ACTIONS:
        draft, origin = pressed.drafts.get(event.target), _origin(event, tenant)
        text, ignored = drafts.press(made, event, tenant, draft, person, role, origin)
        if not ignored:
            _hold(made, person)
            amending.drop(made, person)
        return _answer(made, event, text, ignored)
    if event.action not in approvals.ACTIONS:
        return _button(made, event, tenant)
    text, ignored = approvals.press(made, event, tenant, pressed.learned.get(event.target), person, role)
    return _answer(made, event, text, ignored)


def _who(made: Commit, event: InboundEvent, tenant: Tenant) -> tuple[Person, str]:
    """Who acts, and the role that this tenant gives them."""
    person = person_of(event, tenant)
    return person, role_here(made, tenant, person)


def _amended(made: Commit, stored: StoredEvent, tenant: Tenant, about: Pressed | None) -> str:
    """Words for a learned answer, marked as such: nothing of them is sent."""
    problem, ignored = amending.take(made, stored, tenant, person_of(stored.event, tenant), about)
    receipt(made, stored.event, "" if problem else "note", _text(tenant, problem) if problem else "")
    return ignored


def _written(made: Commit, event: InboundEvent, tenant: Tenant) -> str:
    if commands.is_note(event.text):
        receipt(made, event, "note")
        return "private note"
    if event.attachments:
        receipt(made, event, "", _text(tenant, "file_not_passed"))
    elif not event.text.strip():
        receipt(made, event, "", _text(tenant, "nothing_to_send"))
    if not event.text.strip() and event.kind is not EventKind.ECHO:
        return "file" if event.attachments else "empty"
    if not event.text.strip() and not event.attachments:
        return "empty"
    own = event.kind is not EventKind.ECHO and not event.replaces  # a slip that is put right elsewhere decides nothing
    assert made.after is not None
    if own and (draft := drafts.corrects(made, person_of(event, tenant))):
        _corrected(made, event, tenant, draft)
    elif about := corrections.of_draft(made.after, event):
        _put_right(made, event, tenant, *about)
    else:
        _words(made, event, tenant)
    return ""


def _nobody_there(made: Commit, event: InboundEvent, tenant: Tenant) -> None:
    """Words or a button for somebody whom this tenant does not know: whoever used it is told, where they are."""
    if event.kind is EventKind.CALLBACK:
        kind, line = OutgoingKind.CALLBACK, _text(tenant, "callback_unknown")
    elif event.kind is EventKind.MANAGER and event.text.strip() and not commands.is_note(event.text):
        problem = _text(tenant, "reason_no_conversation", customer=event.address or event.target)
        kind, line = OutgoingKind.REMINDER, _text(tenant, "not_delivered", text=event.text, problem=problem)
    else:
        return
    where = event.address or event.target or event.thread
    data = {"event_id": event.event_id, "action": event.action, "thread": event.thread, "ref": event.ref, "ok": ""}
    kind = OutgoingKind.RECEIPT if event.ref and kind is OutgoingKind.REMINDER else kind
    compose.add_outgoing(made, Outgoing(channel=event.channel, recipient=where, text=line, kind=kind, data=data))


def person_of(event: InboundEvent, tenant: Tenant) -> Person:
    """Who acts; an echo is the owner at the phone."""
    return event.person or Person(channel=event.channel, id=roles.PHONE, name=_text(tenant, "owner_on_phone"))


def role_here(made: Commit, tenant: Tenant, person: Person) -> str:
    """The role of a person where this conversation belongs."""
    return roles.role_of(tenant, person, roles.branch_of(tenant, made.after))


def _words(made: Commit, event: InboundEvent, tenant: Tenant) -> None:
    """A manager's words: stored, sent (an echo was sent already), and shown to those who learn."""
    conversation = made.after
    assert conversation is not None
    person = person_of(event, tenant)
    question = conversation.handover_question or _last_question(conversation)
    made.manager_response = event.text
    opening = handoff.new_handover(Trigger.MANUAL, _text(tenant, "reason_manual"), question, assigned_to=_name(person))
    if asked := conversation.draft:  # its question was shown to people: that is what they answer
        opening = drafts.opened(tenant, asked, "reason_draft_own", assigned_to=_name(person))
        question = conversation.handover_question or asked.question
    handoff.apply(made, handoff.Event.MANAGER_WROTE, actor=_name(person), why="a manager's words", opening=opening)
    _hold(made, person)
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
    handover_id = drafts.corrected(made, tenant, draft, _name(person), _origin(event, tenant), event.text)
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


def _said_by(made: Commit, event: InboundEvent, person: Person) -> NewMessage:
    message = NewMessage(
        id=str(uuid4()),
        role=Author.MANAGER.value,
        content=event.text,
        metadata={"person": person.id, "name": _name(person), "event_id": event.event_id},
    )
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


def _origin(event: InboundEvent, tenant: Tenant) -> dict[str, str]:
    """Where a manager wrote these words: there it is shown whether they arrived, and what is said if they did not."""
    if not event.ref:
        return {}
    failed = _text(tenant, "not_delivered_line")
    return {"desk": event.channel, "thread": event.thread, "ref": event.ref, "failed": failed}


def _to_customer(conversation: Conversation, event: InboundEvent, tenant: Tenant) -> Outgoing:
    text = _said(conversation, event, tenant)
    return Outgoing(
        channel=conversation.channel,
        recipient=conversation.address,
        instance=conversation.instance,
        text=text,
        kind=OutgoingKind.HUMAN,
        data={"language": str(conversation.context.get("language") or ""), **_origin(event, tenant)},
    )


def _said(conversation: Conversation, event: InboundEvent, tenant: Tenant) -> str:
    """The words as the customer reads them; a change to what was sent already is told as one."""
    if not event.replaces:
        return event.text
    language = str(conversation.context.get("language") or tenant.config.languages[0])
    return tenant.texts.get("correction", language, text=event.text)


def _observe(
    made: Commit, event: InboundEvent, tenant: Tenant, message_id: str, question: str, handover_id: str
) -> None:
    """One durable job for each plugin that observes managers' replies."""
    assert made.after is not None
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


def _button(made: Commit, event: InboundEvent, tenant: Tenant) -> str:
    """A pressed button; one that comes twice, late or from a second manager gets an honest answer."""
    conversation = made.after
    assert conversation is not None
    name = _name(person_of(event, tenant))
    if event.target and event.target != conversation.handover_id:
        return _answer(made, event, _text(tenant, "callback_closed"), "already closed")
    wish = ACTIONS.get(event.action)
    if wish is None and event.action != handoff.SKIP:
        return _answer(made, event, _text(tenant, "callback_unknown"), "unknown action")
    holder = conversation.assigned_to
    if _is_anothers(conversation, event, tenant):
        return _answer(made, event, _text(tenant, "callback_taken_by", name=holder), "changes nothing")
    if wish is None:
        return _skip(made, event, tenant, name)
    if not handoff.apply(made, wish, actor=name, why=f"button {event.action}"):
        key = "callback_taken_by" if conversation.state is State.MANAGER_ACTIVE else "callback_closed"
        return _answer(made, event, _text(tenant, key, name=holder), "changes nothing")
    _hold(made, person_of(event, tenant))
    if wish is handoff.Event.RETURN:
        compose.tell_customer(made, tenant, "handover_returned")
    return _answer(made, event, quiet.told(made, tenant, event.action, name), "")


def _skip(made: Commit, event: InboundEvent, tenant: Tenant, name: str) -> str:
    assert made.after is not None
    if made.after.state is State.BOT_ACTIVE:
        return _answer(made, event, _text(tenant, "callback_closed"), "already closed")
    handoff.skip(made, name)
    if made.after.state is State.PENDING and made.after.context.get(HOLDER) == _key(person_of(event, tenant)):
        # whoever led it before is not asked for it again
        left = {key: value for key, value in made.after.context.items() if key not in {HOLDER, HOLDER_NAME}}
        made.touch(context=left)
    return _answer(made, event, _text(tenant, "callback_skipped"), "")


def _hold(made: Commit, person: Person) -> None:
    """Whoever took the conversation, or wrote in it last, leads it."""
    assert made.after is not None
    if made.after.state is State.MANAGER_ACTIVE:
        made.touch(context={**made.after.context, HOLDER: _key(person), HOLDER_NAME: _name(person)})


def _group_of(event: InboundEvent) -> str:
    """The key of the group in which it happened, as who speaks in its name has it."""
    return f"{event.channel}:{event.thread.rpartition(':')[0]}"


def _is_anothers(conversation: Conversation, event: InboundEvent, tenant: Tenant) -> bool:
    """Does somebody else lead this conversation? Who has it ends it; owners may step in, and so may everybody where
    the owner wrote from the phone, which has no buttons, or where somebody spoke as the group itself, which presses none."""
    if conversation.state is not State.MANAGER_ACTIVE:
        return False
    person = person_of(event, tenant)
    holder = conversation.context.get(HOLDER)
    mine = holder == _key(person) if holder else conversation.assigned_to == _name(person)
    mine = mine or conversation.assigned_to == _text(tenant, "owner_on_phone") or holder == _group_of(event)
    at = roles.branch_of(tenant, conversation)
    return not mine and roles.role_of(tenant, person, at) not in {"owner", "admin"}


def _answer(made: Commit, event: InboundEvent, text: str, ignored: str) -> str:
    assert made.after is not None
    compose.add_outgoing(
        made,
        Outgoing(
            channel=event.channel,
            recipient=made.after.id,
            text=text,
            kind=OutgoingKind.CALLBACK,
            handover_id=event.target if _is_id(event.target) and event.action not in approvals.ACTIONS else "",
            data={"event_id": event.event_id, "action": event.action, "thread": event.thread, "ref": event.ref},
        ),
    )
    return ignored


def _is_id(text: str) -> bool:
    """Could it be a row's id? Whoever forges a button writes into it what they like."""
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _text(tenant: Tenant, key: str, **values: object) -> str:
    return tenant.texts.get(key, tenant.config.languages[0], **values)


def _asked(conversation: Conversation) -> list[str]:
    return [line.text for line in conversation.history if line.author is Author.CUSTOMER and line.text]


def _last_question(conversation: Conversation) -> str:
    return next(reversed(_asked(conversation)), "")
