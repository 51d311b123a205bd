"""What managers do: their words to a customer, their buttons, and the owner answering from the phone.

Desk events have lanes of their own and never wait behind a customer's turn; they meet it at the conversation's version.
"""

from __future__ import annotations

from datetime import datetime
from uuid import uuid4

from truffles_gateway import compose, handoff
from truffles_gateway.messages import Author, EventKind, InboundEvent, Outgoing, OutgoingKind, Person, State, Trigger
from truffles_gateway.records import Commit, Conversation, EventOutcome, NewJob, NewMessage, StoredEvent, Work
from truffles_gateway.tenants import Tenant

ACTIONS = {"take": handoff.Event.TAKE, "return": handoff.Event.RETURN, "resolve": handoff.Event.RESOLVE}
NOTE, PHONE = "//", "phone"


def commit(
    work: Work, conversation: Conversation | None, tenant: Tenant, now: datetime, echoes: dict[str, str]
) -> Commit:
    """All rows of a desk turn. `echoes` says for each echo why it is nobody's words ("" if they are the owner's)."""
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
    for stored in work.events:
        ignored = _handle(made, stored, tenant, echoes.get(stored.id, ""))
        outcome = EventOutcome(events=(stored.id,), outcome="ignored" if ignored else "handled", reason=ignored)
        made.outcomes.append(outcome)
        made.stages.append({"stage": stored.event.kind.value, "outcome": ignored or "handled"})
    compose.plan_timers(made, tenant)
    if made.before is None and not made.handovers:
        made.after = None  # nobody said anything: there is no conversation to begin
    return made


def _handle(made: Commit, stored: StoredEvent, tenant: Tenant, echo: str) -> str:
    """Carry one event out; returns why it was ignored, "" if it was not."""
    event = stored.event
    if echo:
        return echo
    if made.after is None:
        _nobody_there(made, event, tenant)
        return "no such conversation"
    if event.kind is EventKind.CALLBACK:
        return _button(made, event, tenant)
    if event.text.startswith(NOTE):
        return "private note"
    if not event.text.strip() and not event.attachments:
        return "empty"
    _words(made, event, tenant)
    return ""


def _nobody_there(made: Commit, event: InboundEvent, tenant: Tenant) -> None:
    """Words or a button for somebody whom this tenant does not know: whoever used it is told, where they are."""
    if event.kind is EventKind.CALLBACK:
        kind, line = OutgoingKind.CALLBACK, _text(tenant, "callback_unknown")
    elif event.kind is EventKind.MANAGER and event.text.strip() and not event.text.startswith(NOTE):
        problem = _text(tenant, "reason_no_conversation", customer=event.address or event.target)
        kind, line = OutgoingKind.REMINDER, _text(tenant, "not_delivered", text=event.text, problem=problem)
    else:
        return
    where = event.address or event.target
    data = {"event_id": event.event_id, "action": event.action}
    compose.add_outgoing(made, Outgoing(channel=event.channel, recipient=where, text=line, kind=kind, data=data))


def person_of(event: InboundEvent) -> Person:
    """Who acts; an echo is the owner at the phone."""
    return event.person or Person(channel=event.channel, id=PHONE, name=PHONE)


def role_of(tenant: Tenant, person: Person) -> str:
    """The role that this tenant gives to a person, "" if it does not know them. Ids come first: they never change hands."""
    known = [
        (each, agent.role)
        for agent in tenant.config.agents
        for each in agent.identities
        if each.channel == person.channel
    ]
    username = person.username.lower().lstrip("@")
    by_id = (role for each, role in known if each.id and each.id == person.id)
    by_name = (role for each, role in known if each.username and each.username.lower() == username)
    return next(by_id, "") or next(by_name, "") or ("owner" if person.id == PHONE else "")


def _words(made: Commit, event: InboundEvent, tenant: Tenant) -> None:
    """A manager's words: stored, sent (an echo was sent already), and shown to those who learn."""
    conversation = made.after
    assert conversation is not None
    person = person_of(event)
    question = conversation.handover_question or _last_question(conversation)
    made.manager_response = event.text
    opening = handoff.new_handover(Trigger.MANUAL, _text(tenant, "reason_manual"), question, assigned_to=_name(person))
    handoff.apply(made, handoff.Event.MANAGER_WROTE, actor=_name(person), why="a manager's words", opening=opening)
    made.cancel_jobs.append(conversation.id)
    message = NewMessage(
        id=str(uuid4()),
        role=Author.MANAGER.value,
        content=event.text,
        metadata={"person": person.id, "name": _name(person), "event_id": event.event_id},
    )
    made.messages.append(message)
    if event.kind is not EventKind.ECHO:
        compose.add_outgoing(made, _to_customer(conversation, event))
    made.touch(last_manager_at=made.now)
    _observe(made, event, tenant, message.id, question)


def _to_customer(conversation: Conversation, event: InboundEvent) -> Outgoing:
    return Outgoing(
        channel=conversation.channel,
        recipient=conversation.address,
        instance=conversation.instance,
        text=event.text,
        kind=OutgoingKind.HUMAN,
        attachments=event.attachments,
        data={"language": str(conversation.context.get("language") or "")},
    )


def _observe(made: Commit, event: InboundEvent, tenant: Tenant, message_id: str, question: str) -> None:
    """One durable job for each plugin that observes managers' replies."""
    assert made.after is not None
    person = person_of(event)
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
                    "handover_id": made.after.handover_id,
                    "question": question,
                    "text": event.text,
                    "person": {
                        "channel": person.channel,
                        "id": person.id,
                        "username": person.username,
                        "name": person.name,
                    },
                    "role": role_of(tenant, person),
                },
            )
        )


def _button(made: Commit, event: InboundEvent, tenant: Tenant) -> str:
    """A pressed button; one that comes twice, late or from a second manager gets an honest answer."""
    conversation = made.after
    assert conversation is not None
    name = _name(person_of(event))
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
    if wish is handoff.Event.RETURN:
        compose.tell_customer(made, tenant, "handover_returned")
    return _answer(made, event, _text(tenant, f"callback_{event.action}", name=name), "")


def _skip(made: Commit, event: InboundEvent, tenant: Tenant, name: str) -> str:
    assert made.after is not None
    if made.after.state is State.BOT_ACTIVE:
        return _answer(made, event, _text(tenant, "callback_closed"), "already closed")
    handoff.skip(made, name)
    return _answer(made, event, _text(tenant, "callback_skipped"), "")


def _is_anothers(conversation: Conversation, event: InboundEvent, tenant: Tenant) -> bool:
    """Does somebody else lead this conversation? Who has it ends it; owners may step in, and so may everybody where
    the owner wrote from the phone, which has no buttons."""
    if conversation.state is not State.MANAGER_ACTIVE:
        return False
    person = person_of(event)
    mine = conversation.assigned_to in {_name(person), PHONE}
    return not mine and role_of(tenant, person) not in {"owner", "admin"}


def _answer(made: Commit, event: InboundEvent, text: str, ignored: str) -> str:
    assert made.after is not None
    compose.add_outgoing(
        made,
        Outgoing(
            channel=event.channel,
            recipient=made.after.id,
            text=text,
            kind=OutgoingKind.CALLBACK,
            handover_id=event.target,
            data={"event_id": event.event_id, "action": event.action},
        ),
    )
    return ignored


def _text(tenant: Tenant, key: str, **values: object) -> str:
    return tenant.texts.get(key, tenant.config.languages[0], **values)


def _name(person: Person) -> str:
    return person.name or person.username or person.id


def _last_question(conversation: Conversation) -> str:
    lines = [line.text for line in conversation.history if line.author is Author.CUSTOMER and line.text]
    return lines[-1] if lines else ""
