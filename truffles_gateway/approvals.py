"""The owner's buttons on learned answers: approve, reject, undo.

Only owners and admins of this tenant decide what its bot may say; everybody else gets an honest answer, and so do they
where the answer is no longer the one that they have read. The row's status is
the truth, and a durable job makes the knowledge follow it.
"""

from __future__ import annotations

from dataclasses import replace

from truffles_gateway import compose
from truffles_gateway.messages import InboundEvent
from truffles_gateway.plugin import LearnedAnswer
from truffles_gateway.records import Commit, LearnedUpdate, NewJob
from truffles_gateway.store.learned import Pressed, card
from truffles_gateway.tenants import Tenant

STATUS = {"approve": "approved", "reject": "rejected", "undo": "rejected"}
DECIDERS = frozenset({"owner", "admin"})


def press(made: Commit, event: InboundEvent, tenant: Tenant, pressed: Pressed | None, role: str) -> tuple[str, str]:
    """Carry a button out. Returns the key of the text that answers it, and why it changed nothing ("" if it did)."""
    if role not in DECIDERS:
        return "callback_owner_only", "not an owner"
    if pressed is None:
        return "callback_closed", "no such answer"
    known = pressed.answer
    status = STATUS[event.action]
    if known.status == status:
        return f"callback_already_{status}", "changes nothing"
    if event.action == "undo" and known.status != "approved":
        return "callback_closed", "changes nothing"
    if event.action == "approve" and not pressed.seen:
        _show(made, event.channel, known, pressed.note)
        return "callback_changed", "not seen"
    _decide(made, tenant, replace(known, status=status))
    return f"callback_{event.action}", ""


def _decide(made: Commit, tenant: Tenant, decided: LearnedAnswer) -> None:
    """The new status, the job that carries it into the knowledge, and the card as it is now at every desk."""
    made.learned.append(_update(decided))
    key = f"learned:{decided.id}:{made.lease.turn_id if hasattr(made.lease, 'turn_id') else made.lease.id}"
    made.jobs.append(NewJob(key=key, kind="learned", run_at=made.now, payload={"learned_id": decided.id}))
    for channel in compose.desks(tenant):
        _show(made, channel, decided, "")


def _update(decided: LearnedAnswer) -> LearnedUpdate:
    replaces = decided.replaces if decided.status == "approved" else ""
    return LearnedUpdate(id=decided.id, status=decided.status, revision=decided.revision, replaces=replaces)


def _show(made: Commit, channel: str, answer: LearnedAnswer, note: str) -> None:
    assert made.after is not None
    compose.add_outgoing(made, card(answer, made.after.id, channel, note))
