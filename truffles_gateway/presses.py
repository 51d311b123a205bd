"""Buttons that people press at the desk: those of a handover here, those of drafts and learned answers where these live.

One that comes twice, late or from a second person gets an honest answer, and nothing changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from truffles_gateway import amending, approvals, booked, compose, drafts, handoff, quiet, roles
from truffles_gateway.acting import hold, origin, person_of, text_of, who
from truffles_gateway.drafts import key_of as _key
from truffles_gateway.drafts import name_of as _name
from truffles_gateway.handoff import HOLDER, HOLDER_NAME
from truffles_gateway.messages import InboundEvent, Outgoing, OutgoingKind, State
from truffles_gateway.records import Commit, Conversation, ReplyDraft
from truffles_gateway.store.learned import Pressed, is_id
from truffles_gateway.tenants import Tenant

ACTIONS = {"take": handoff.Event.TAKE, "return": handoff.Event.RETURN, "resolve": handoff.Event.RESOLVE}


@dataclass(frozen=True, slots=True)
class Buttons:
    """What the pressed buttons of a turn are about, by id: learned answers and drafts."""

    learned: Mapping[str, Pressed] = field(default_factory=dict)
    drafts: Mapping[str, ReplyDraft] = field(default_factory=dict)


def press(made: Commit, event: InboundEvent, tenant: Tenant, pressed: Buttons) -> str:
    person, role = who(made, event, tenant)
    if event.action in drafts.ACTIONS:
        draft, said = pressed.drafts.get(event.target), origin(event, tenant)
        text, ignored = drafts.press(made, event, tenant, draft, person, role, said)
        if not ignored:
            hold(made, person)
            amending.drop(made, person)
        return answer(made, event, text, ignored)
    if event.action not in approvals.ACTIONS:
        return _handover_button(made, event, tenant)
    text, ignored = approvals.press(made, event, tenant, pressed.learned.get(event.target), person, role)
    return answer(made, event, text, ignored)


def _handover_button(made: Commit, event: InboundEvent, tenant: Tenant) -> str:
    """A pressed button; one that comes twice, late or from a second manager gets an honest answer."""
    conversation = made.after
    assert conversation is not None
    name = _name(person_of(event, tenant))
    if event.target and event.target != conversation.handover_id:
        return answer(made, event, text_of(tenant, "callback_closed"), "already closed")
    wish = ACTIONS.get(event.action)
    if wish is None and event.action not in {handoff.SKIP, *booked.ACTIONS}:
        return answer(made, event, text_of(tenant, "callback_unknown"), "unknown action")
    holder = conversation.assigned_to
    if _is_anothers(conversation, event, tenant):
        return answer(made, event, text_of(tenant, "callback_taken_by", name=holder), "changes nothing")
    if wish is None:
        return _skip(made, event, tenant, name) if event.action == handoff.SKIP else _booking(made, event, tenant)
    if not handoff.apply(made, wish, actor=name, why=f"button {event.action}"):
        key = "callback_taken_by" if conversation.state is State.MANAGER_ACTIVE else "callback_closed"
        return answer(made, event, text_of(tenant, key, name=holder), "changes nothing")
    hold(made, person_of(event, tenant))
    if wish is handoff.Event.RETURN:
        compose.tell_customer(made, tenant, "handover_returned")
    return answer(made, event, quiet.told(made, tenant, event.action, name), "")


def _booking(made: Commit, event: InboundEvent, tenant: Tenant) -> str:
    """What a booking is answered with; once the handover is closed it is too late."""
    assert made.after is not None
    if made.after.state is State.BOT_ACTIVE:
        return answer(made, event, text_of(tenant, "callback_closed"), "already closed")
    return answer(made, event, *booked.press(made, event, tenant))


def _skip(made: Commit, event: InboundEvent, tenant: Tenant, name: str) -> str:
    assert made.after is not None
    if made.after.state is State.BOT_ACTIVE:
        return answer(made, event, text_of(tenant, "callback_closed"), "already closed")
    handoff.skip(made, name)
    if made.after.state is State.PENDING and made.after.context.get(HOLDER) == _key(person_of(event, tenant)):
        # whoever led it before is not asked for it again
        left = {key: value for key, value in made.after.context.items() if key not in {HOLDER, HOLDER_NAME}}
        made.touch(context=left)
    return answer(made, event, text_of(tenant, "callback_skipped"), "")


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
    mine = mine or conversation.assigned_to == text_of(tenant, "owner_on_phone") or holder == _group_of(event)
    at = roles.branch_of(tenant, conversation)
    return not mine and roles.role_of(tenant, person, at) not in {"owner", "admin"}


def answer(made: Commit, event: InboundEvent, text: str, ignored: str) -> str:
    assert made.after is not None
    compose.add_outgoing(
        made,
        Outgoing(
            channel=event.channel,
            recipient=made.after.id,
            text=text,
            kind=OutgoingKind.CALLBACK,
            handover_id=event.target if is_id(event.target) and event.action not in approvals.ACTIONS else "",
            data={"event_id": event.event_id, "action": event.action, "thread": event.thread, "ref": event.ref},
        ),
    )
    return ignored
