"""An owner writes what was learnt in other words before approving it. Those words are none to the customer.

A button begins it: the owner's next words in that talk are the new answer, for ten minutes. An answer to the card itself is
meant so at any time. The learner that made the card gets the words by a durable job, as it gets a manager's reply.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any

from truffles_gateway import commands, compose, roles
from truffles_gateway.messages import EventKind, InboundEvent, Outgoing, OutgoingKind, Person
from truffles_gateway.records import Commit, Conversation, NewJob, StoredEvent
from truffles_gateway.store.learned import Pressed
from truffles_gateway.tenants import Tenant

ACTION, TIMER = "amend", "learned.unwritten"
AMENDS, AMENDED = "amends", "amended"
"""The conversation's words for who is about to write which answer until when, and for the messages that were answers: a
later edit of such a message is no correction for the customer either."""
MINUTES = 10
HELD = timedelta(seconds=5)
"""Words are held for a moment: who wrote in the last second is not told that it was too late."""
REMEMBERED = 20


def by_now(made: Commit, pressed: Pressed | None) -> Pressed | None:
    """A learned answer with what an earlier event of the same turn decided about it."""
    if pressed is None:
        return None
    decided = next((each for each in made.learned if each.id == pressed.answer.id), None)
    return replace(pressed, answer=replace(pressed.answer, status=decided.status)) if decided else pressed


def begin(made: Commit, event: InboundEvent, tenant: Tenant, person: Person, pressed: Pressed) -> str:
    """The button: from now on this owner's next words are the new answer. Returns the text that says so."""
    assert made.after is not None
    until = (made.now + timedelta(minutes=MINUTES)).isoformat()
    wish = f"{pressed.answer.id} {until}"
    _remember(made, person, wish)
    payload = {"wish": wish, "person": _key(person), "name": person.name or person.username, "channel": event.channel}
    job = NewJob(
        key=f"{TIMER}:{wish}:{_key(person)}", kind=TIMER, run_at=made.now + timedelta(minutes=MINUTES) + HELD,
        payload=payload, conversation_id=made.after.id,
    )  # fmt: skip
    made.jobs.append(job)
    return tenant.texts.get("callback_amend", tenant.config.languages[0], minutes=MINUTES)


def forget(made: Commit, person: Person, learned_id: str) -> None:
    """Who decides about an answer is not about to write it any more."""
    assert made.after is not None
    if _wish(made.after, person).partition(" ")[0] == learned_id:
        _remember(made, person, "")


def drop(made: Commit, person: Person) -> None:
    """What this person writes next is for something else: the last button that they pressed counts."""
    _remember(made, person, "")


def about(conversation: Conversation | None, event: InboundEvent, person: Person) -> set[str]:
    """The learned answers that an event may mean by the conversation's own memory."""
    if conversation is None or event.kind is not EventKind.MANAGER:
        return set()
    return {each for each in (_wish(conversation, person).partition(" ")[0], _earlier(conversation, event)) if each}


def meant(
    conversation: Conversation, stored: StoredEvent, tenant: Tenant, person: Person, learned: Mapping[str, Pressed]
) -> str | None:
    """The learned answer that these words are for; None where they are a note, or words to the customer, or from somebody
    who does not decide where it was learned."""
    event = stored.event
    says = bool(event.text.strip() or event.attachments)
    if event.kind is not EventKind.MANAGER or not says or commands.is_note(event.text):
        return None
    if event.replaces:
        return _earlier(conversation, event) or None
    id, _, until = _wish(conversation, person).partition(" ")
    id = id if id and stored.received_at <= datetime.fromisoformat(until) else ""
    found = learned.get(event.replies_to) or learned.get(id)
    decides = found is not None and roles.role_by_id(tenant, person, found.branch_id) in {"owner", "admin"}
    return found.answer.id if found and decides else None


def take(made: Commit, stored: StoredEvent, tenant: Tenant, person: Person, pressed: Pressed | None) -> tuple[str, str]:
    """Hand the words on to the learner. Returns the key of the line that says why that cannot be, and the same for the
    record ("" both, if it can)."""
    assert made.after is not None
    event, pressed = stored.event, by_now(made, pressed)
    _remember(made, person, "")
    if pressed is None or pressed.answer.status != "pending":
        return "amend_too_late", "decided already"
    role = roles.role_by_id(tenant, person, pressed.branch_id)
    place = f"{_place(event)} {pressed.answer.id}"
    before = [each for each in made.after.context.get(AMENDED, ()) if each != place]
    made.touch(context={**made.after.context, AMENDED: [*before, place][-REMEMBERED:]})
    for implementation in tenant.hooks.of("on_manager_reply"):
        payload = {
            "plugin": implementation.plugin_name, "message_id": stored.id, "handover_id": pressed.answer.handover_id,
            "question": pressed.answer.question, "text": event.text, "person": asdict(person), "role": role,
            "amends": pressed.answer.id,
        }  # fmt: skip
        key = f"manager_reply:{stored.id}:{implementation.plugin_name}"
        made.jobs.append(NewJob(key=key, kind="manager_reply", run_at=made.now, conversation_id=made.after.id,
                                payload=payload))  # fmt: skip
    return "", ""


def unwritten(made: Commit, tenant: Tenant, about: Mapping[str, str]) -> None:
    """The time is up: if nothing was written, say so, because the next words will be for the customer."""
    assert made.after is not None
    if made.after.context.get(AMENDS, {}).get(about["person"]) != about["wish"]:
        return
    text = tenant.texts.get("amend_unwritten", tenant.config.languages[0], name=about["name"])
    made.touch(context=_without(made.after, about["person"]))
    row = Outgoing(channel=about["channel"], recipient=made.after.id, text=text, kind=OutgoingKind.REMINDER)
    compose.add_outgoing(made, row)


def _remember(made: Commit, person: Person, wish: str) -> None:
    assert made.after is not None
    context = _without(made.after, _key(person))
    if wish:
        context = {**context, AMENDS: {**context.get(AMENDS, {}), _key(person): wish}}
    made.touch(context=context)


def _without(conversation: Conversation, key: str) -> dict[str, Any]:
    """The conversation's context without what this person is about to write."""
    context = {**conversation.context}
    left = {each: wish for each, wish in context.pop(AMENDS, {}).items() if each != key}
    return {**context, AMENDS: left} if left else context


def _wish(conversation: Conversation, person: Person) -> str:
    return str(conversation.context.get(AMENDS, {}).get(_key(person), ""))


def _earlier(conversation: Conversation, event: InboundEvent) -> str:
    """The learned answer that the same message was words for before it was edited."""
    places = (each.rpartition(" ") for each in conversation.context.get(AMENDED, ()))
    return next((id for place, _, id in places if event.replaces and place == _place(event)), "")


def _place(event: InboundEvent) -> str:
    """A message at its desk: an edit has another id, and the same place."""
    return f"{event.thread}/{event.ref}"


def _key(person: Person) -> str:
    return f"{person.channel}:{person.id}"
