"""Mode `approve`: what the bot would say waits at the desk until a person lets it go, and becomes a handover if nobody does.

    answer ─▶ waiting ─ Отправить ─▶ sent         the words go out as they were shown
                 │ └─── Изменить ──▶ editing ─ the presser's next words ─▶ edited
                 ├───── Сам ───────▶ owned        a handover, taken by who pressed
                 ├─ any manager's own words, a taken handover ─▶ withdrawn
                 ├─ the customer writes more ─▶ replaced, and the bot thinks about all of it
                 └─ 10 minutes ────▶ overdue      a handover that waits for somebody

A draft is the handover that is not opened yet: it has that one's id. Lines about the service (a human was called, the bot is
silent from now on) need nobody's leave.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from truffles_gateway import branching, compose, handoff, hearing, lately, promises, voice
from truffles_gateway.decision import Case, Decision, brief
from truffles_gateway.messages import Author, InboundEvent, Outgoing, OutgoingKind, Person, State, Trigger
from truffles_gateway.records import Commit, NewHandover, NewJob, NewMessage, NewOutgoing, ReplyDraft
from truffles_gateway.routes import human, mute
from truffles_gateway.tenants import Tenant

ACTIONS = frozenset({"send", "edit", "own"})
OPEN = frozenset({"waiting", "editing"})
SINCE = "drafted_since"
"""The conversation's word for when the newest of its drafts, or the first of those it takes the place of, was shown."""
STEP_IN = frozenset({"owner", "admin"})
"""Whose buttons count although somebody else is writing other words."""


def split(case: Case, decision: Decision) -> tuple[Decision, str]:
    """What may be said at once, and what waits for a person, "" if nothing does."""
    is_service = decision.mute or decision.cancel or decision.outcome not in {"answered", "escalated"}
    is_service = is_service or (decision.escalation is not None and not decision.composed)
    is_service = is_service or mute.QUESTION[0] in decision.context  # whether to be silent
    is_service = is_service or branching.QUESTION in decision.context  # whose desk would let it go
    is_service = is_service or hearing.KEY in decision.context  # whether it was heard right
    is_service = is_service or decision.rating is not None
    if is_service or not decision.replies or not voice.asks_first(case.tenant, case.conversation):
        return decision, ""
    words = "\n\n".join(decision.replies)
    words = f"{case.say('late_apology')} {words}" if case.apology else words
    at_once = (human.called(case),) if decision.escalation else ()
    return replace(decision, replies=at_once, attachments=(), sources=()), words


def hold(made: Commit, case: Case, decision: Decision, words: str) -> None:
    """Let the words of `decision` wait: the draft, its card at every desk, and its clock."""
    about = case.conversation
    reply = Outgoing(
        channel=about.channel, recipient=about.address, instance=about.instance, text=words, kind=OutgoingKind.HUMAN,
        attachments=decision.attachments, data={"language": case.language},
    )  # fmt: skip
    facts = {"review": decision.review, "sources": list(decision.sources), "lang": case.language}
    draft = ReplyDraft(
        id=str(uuid4()), conversation_id=about.id, turn_id=case.work.turn_id, question=case.message.text, reply=reply,
        facts=facts, since=_since(case),
    )  # fmt: skip
    made.new_draft = draft
    assert made.after is not None
    made.touch(context={**made.after.context, SINCE: draft.since.isoformat()})
    made.stages.append({"stage": "approve", "outcome": "a draft waits", "draft": brief(words), "draft_id": draft.id})
    if lately.is_owed(made):
        compose.show_files(made, case, words=False)  # whoever lets the words go sees what they answer
    show(made, case.tenant, draft)
    minutes = case.tenant.config.desk.approve_minutes
    clock = NewJob(
        key=f"draft.overdue:{draft.id}", kind="draft.overdue", run_at=draft.since + timedelta(minutes=minutes),
        payload={"draft_id": draft.id}, conversation_id=about.id,
    )  # fmt: skip
    made.jobs.append(clock)


def _since(case: Case) -> datetime:
    """When these words were first answered by a draft: who goes on writing waits no longer for a human."""
    known = str(case.conversation.context.get(SINCE) or "")
    first = datetime.fromisoformat(known) if known else case.turn.now
    return first if case.work.events[0].received_at <= first else case.turn.now


def show(made: Commit, tenant: Tenant, draft: ReplyDraft) -> None:
    """The draft as it is now, at every desk."""
    waits = draft.status == "waiting"
    note = "" if waits else _text(tenant, f"draft_{draft.status}", name=draft.by)
    data = {
        "draft_id": draft.id, "status": draft.status, "question": draft.question, "draft": draft.reply.text,
        "by": draft.by, "note": note,
    }  # fmt: skip
    for channel in compose.desks(tenant):
        row = Outgoing(
            channel=channel, recipient=draft.conversation_id, text=f"{draft.question}\n{draft.reply.text}".strip(),
            kind=OutgoingKind.DRAFT, handover_id=draft.id, data=data,
            attachments=draft.reply.attachments if waits else (),
        )  # fmt: skip
        made.outgoing.append(
            NewOutgoing(key=f"draft:{draft.id}:{draft.status}:{draft.revision}:{channel}", outgoing=row)
        )


def replaced(made: Commit, tenant: Tenant, draft: ReplyDraft) -> None:
    """The customer wrote more: the draft is over, wherever it is shown."""
    _decide(made, tenant, replace(draft, status="replaced", by="", editor=""))


def press(
    made: Commit, event: InboundEvent, tenant: Tenant, known: ReplyDraft | None, person: Person, role: str,
    origin: Mapping[str, str],
) -> tuple[str, str]:  # fmt: skip
    """Carry a button out. Returns the text that answers it, and why it changed nothing ("" if it did)."""
    assert made.after is not None
    mine = made.decided_draft if made.decided_draft and made.decided_draft.id == event.target else None
    draft = mine or known
    if draft is None or draft.conversation_id != made.after.id:
        return _text(tenant, "callback_closed"), "no such draft"
    if draft.status not in OPEN:
        return _text(tenant, f"callback_draft_{draft.status}", name=draft.by), "changes nothing"
    if draft.status == "editing" and draft.editor != key_of(person) and role not in STEP_IN:
        return _text(tenant, "callback_draft_editing", name=draft.by), "changes nothing"
    name = name_of(person)
    if event.action == "send":
        _send(made, tenant, draft, name, origin)
    elif event.action == "edit":
        _decide(made, tenant, replace(draft, status="editing", by=name, editor=key_of(person)))
    else:
        _own(made, tenant, draft, name)
    return _text(tenant, f"callback_{event.action}", name=name), ""


def _send(made: Commit, tenant: Tenant, draft: ReplyDraft, name: str, origin: Mapping[str, str]) -> None:
    """The very words that were shown: a person's by now, so they are tried as long as a person's words."""
    _decide(made, tenant, replace(draft, status="sent", by=name, editor=""))
    facts: dict[str, Any] = {**draft.facts, "draft_id": draft.id, "approved_by": name}
    line = NewMessage(id=str(uuid4()), role=Author.BOT.value, content=draft.reply.text, metadata=facts)
    made.messages.append(line)
    compose.add_outgoing(made, replace(draft.reply, data={**draft.reply.data, **origin}))
    made.touch(last_bot_at=made.now)
    sources = draft.facts.get("sources") or ()
    made.used = tuple(id.removeprefix(compose.LEARNED) for id in sources if id.startswith(compose.LEARNED))


def _own(made: Commit, tenant: Tenant, draft: ReplyDraft, name: str) -> None:
    _decide(made, tenant, replace(draft, status="owned", by=name, editor=""))
    opening = opened(tenant, draft, "reason_draft_own", assigned_to=name)
    handoff.apply(made, handoff.Event.OWN, actor=name, why="button own", opening=opening)
    _reopen(made, draft, "a manager answers")


def corrects(made: Commit, person: Person) -> ReplyDraft | None:
    """The draft whose place these words take: who pressed `Изменить` writes them next."""
    after = made.after
    draft = (
        after.draft if after and after.state is State.BOT_ACTIVE else None
    )  # else they take what is open, as any words
    return draft if draft and draft.status == "editing" and draft.editor == key_of(person) else None


def corrected(made: Commit, tenant: Tenant, draft: ReplyDraft, name: str, sent: Outgoing) -> str:
    """Send a person's words, `sent`, in the draft's place. Returns the handover by which they are known: where none is open, one
    that is over at once, so that there is something from which they can be learnt."""
    assert made.after is not None
    _decide(made, tenant, replace(draft, status="edited", by=name, editor=""))
    compose.add_outgoing(made, sent)
    made.touch(last_bot_at=made.now, last_manager_at=made.now)
    opening = opened(tenant, draft, "reason_draft_edited", assigned_to=name)
    made.handovers.append(replace(opening, resolution="resolved"))
    return opening.id


def opened(tenant: Tenant, draft: ReplyDraft, reason: str, *, assigned_to: str = "") -> NewHandover:
    """The handover that a draft becomes."""
    made = handoff.new_handover(Trigger.DRAFT, _text(tenant, reason), draft.question, assigned_to=assigned_to)
    return replace(made, id=draft.id)


def taken_over(made: Commit, tenant: Tenant) -> None:
    """A person leads the conversation now: what the bot would have said is nobody's business any more."""
    after = made.after
    if after is None or after.draft is None or after.state is not State.MANAGER_ACTIVE:
        return
    draft = after.draft
    _decide(made, tenant, replace(draft, status="withdrawn", by=after.assigned_to, editor=""))
    _reopen(made, draft, "a manager answers")


def left_alone(made: Commit, tenant: Tenant, by: str) -> None:
    """Somebody said that the bot leaves this contact alone: nothing of what it would have said waits any more."""
    if made.after and made.after.draft:
        _decide(made, tenant, replace(made.after.draft, status="withdrawn", by=by, editor=""))


def overdue(made: Commit, tenant: Tenant, draft_id: str) -> NewHandover | None:
    """Nobody decided in time. Returns the handover that is opened for it, None where a human was called already."""
    assert made.after is not None
    draft = made.after.draft
    if draft is None or draft.id != draft_id:
        return None
    if by := made.after.context.get(voice.DO_NOT_ANSWER):
        left_alone(made, tenant, str(by))
        return None
    _decide(made, tenant, replace(draft, status="overdue", by="", editor=""))
    _reopen(made, draft, "draft overdue")
    if made.after.state is not State.BOT_ACTIVE:
        return None
    opening = opened(tenant, draft, "reason_draft_overdue")
    why = "nobody decided about the draft"
    handoff.apply(made, handoff.Event.ESCALATE, actor="timer", why=why, opening=opening)
    key, values = promises.called(tenant, made.now, compose.language_of(made, tenant))
    compose.tell_customer(made, tenant, key, **values)
    return opening


def _decide(made: Commit, tenant: Tenant, decided: ReplyDraft) -> None:
    """The draft as it shall be, its cards, and the trace. A later decision of the same commit takes the place of an
    earlier one: they are written as one."""
    made.decided_draft = decided
    made.touch(draft=decided if decided.status in OPEN else None)
    made.stages.append({"stage": "draft", "outcome": decided.status, "by": decided.by, "draft_id": decided.id})
    show(made, tenant, decided)


def _reopen(made: Commit, draft: ReplyDraft, why: str) -> None:
    made.reopened_turn, made.reopened_why = draft.turn_id, why


def key_of(person: Person) -> str:
    """What tells people apart: names are only for show."""
    return f"{person.channel}:{person.id}"


def name_of(person: Person) -> str:
    """As the desk calls a person."""
    return person.name or person.username or person.id


def _text(tenant: Tenant, key: str, **values: object) -> str:
    return tenant.texts.get(key, tenant.config.languages[0], **values)
