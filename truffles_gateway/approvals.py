"""The owner's buttons on learned answers: approve, reject, undo, and write anew (`amending.py`).

Only owners and admins of this tenant decide what its bot may say; everybody else gets an honest answer, and so do they
where the answer is no longer the one that they have read, or where another of them was first. The row's status is
the truth, and a durable job makes the knowledge follow it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from truffles_gateway import amending, compose, roles
from truffles_gateway.messages import InboundEvent, Person
from truffles_gateway.plugin import LearnedAnswer
from truffles_gateway.records import Commit, LearnedUpdate, NewJob
from truffles_gateway.store.learned import Pressed, card
from truffles_gateway.tenants import Tenant

STATUS = {"approve": "approved", "reject": "rejected", "undo": "rejected"}
ACTIONS = frozenset({*STATUS, amending.ACTION})
DECIDERS = frozenset({"owner", "admin"})


def press(
    made: Commit, event: InboundEvent, tenant: Tenant, pressed: Pressed | None, person: Person, role: str
) -> tuple[str, str]:
    """Carry a button out. Returns the text that answers it, and why it changed nothing ("" if it did). What was learned is
    decided by those who decide where it was learned; `role` is where the conversation is by now."""
    pressed = amending.by_now(made, pressed)
    role = roles.role_by_id(tenant, person, pressed.branch_id) if pressed else role
    key, ignored = _refused(made, event, pressed, role)
    if not key and event.action == amending.ACTION:
        assert pressed is not None
        return amending.begin(made, event, tenant, person, pressed), ""
    if not key:
        assert pressed is not None
        amending.forget(made, person, pressed.answer.id)
        by = person.name or person.username or person.id
        _decide(made, tenant, replace(pressed.answer, status=STATUS[event.action]), by)
    return tenant.texts.get(key or f"callback_{event.action}", tenant.config.languages[0]), ignored


def _refused(made: Commit, event: InboundEvent, pressed: Pressed | None, role: str) -> tuple[str, str]:
    """The key of the text that says why nothing is done, and the same for the record; "" both if it may be done."""
    assert made.after is not None
    if role not in DECIDERS:
        return "callback_owner_only", "not an owner"
    if pressed is None:
        return "callback_closed", "no such answer"
    known = pressed.answer
    elsewhere = event.action == amending.ACTION and pressed.conversation_id != made.after.id
    if elsewhere or known.status != ("approved" if event.action == "undo" else "pending"):
        decided = known.status != "pending" and not elsewhere
        return f"callback_already_{known.status}" if decided else "callback_closed", "changes nothing"
    if event.action == "approve" and not pressed.seen:
        _show(made, event.channel, known, pressed.about)
        return "callback_changed", "not seen"
    return "", ""


def _decide(made: Commit, tenant: Tenant, decided: LearnedAnswer, by: str) -> None:
    """The new status, the job that carries it into the knowledge, and the card as it is now at every desk."""
    made.learned = [*(each for each in made.learned if each.id != decided.id), _update(decided, by)]
    key = f"learned:{decided.id}:{made.lease.turn_id if hasattr(made.lease, 'turn_id') else made.lease.id}"
    made.jobs.append(NewJob(key=key, kind="learned", run_at=made.now, payload={"learned_id": decided.id}))
    for channel in compose.desks(tenant):
        _show(made, channel, decided, {})


def _update(decided: LearnedAnswer, by: str) -> LearnedUpdate:
    replaces = decided.replaces if decided.status == "approved" else ""
    return LearnedUpdate(id=decided.id, status=decided.status, revision=decided.revision, replaces=replaces, by=by)


def _show(made: Commit, channel: str, answer: LearnedAnswer, about: Mapping[str, str]) -> None:
    assert made.after is not None
    compose.add_outgoing(made, card(answer, made.after.id, channel, about))
