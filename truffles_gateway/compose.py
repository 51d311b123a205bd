"""A decision and the present state → the rows to commit. Pure, but for asking the desks for their cards."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

from truffles_gateway import booking, burst, calls, csat, handoff, hearing, lately, quiet, voice, weight
from truffles_gateway.decision import Case, Decision, asked, brief
from truffles_gateway.mentions import Whom
from truffles_gateway.messages import (
    Attachment,
    Author,
    HandoverCard,
    InboundEvent,
    Line,
    Outgoing,
    OutgoingKind,
    State,
)
from truffles_gateway.observability import logger
from truffles_gateway.records import Commit, EventOutcome, NewHandover, NewJob, NewMessage, NewOutgoing
from truffles_gateway.routes.mute import QUESTION as MUTE_QUESTION
from truffles_gateway.routes.mute import answered, mutes_before
from truffles_gateway.tenants import Tenant

log = logger("compose")

LEARNED, EDITED = "learned:", "✏️"


def commit(case: Case, decision: Decision) -> Commit:
    """All rows of a customer's turn."""
    made = Commit(
        client_id=case.tenant.id,
        now=case.turn.now,
        correlation_id=case.work.correlation_id,
        lease=case.work,
        worth=case.tenant.config.outbox.worth(),
        before=case.work.conversation if case.conversation.version else None,  # as read: what the events tell is news
        after=case.conversation,
        only_if_quiet=decision.conditional and decision.outcome == "answered",
        stages=case.trace.stages,
        turn_outcome=decision.outcome,
        turn_reason=decision.reason,
    )
    _customer_lines(made, case)
    _context(made, case, decision)
    _mute(made, case, decision)
    if decision.reason != "history":
        made.touch(last_customer_at=case.turn.now)
    _state(made, case, decision)
    show_changes(made, case.tenant)
    made.used = tuple(id.removeprefix(LEARNED) for id in decision.sources if id.startswith(LEARNED))
    _files(made, case, decision)
    _replies(made, case, decision)
    _notices(made, case, decision)
    _rating(made, case, decision)
    _outcomes(made, case, decision)
    return made


def _rating(made: Commit, case: Case, decision: Decision) -> None:
    csat.note_grief(made, case)
    made.rating = decision.rating
    if decision.rating:
        _, score = decision.rating
        text = case.tenant.texts.get("csat_desk", case.tenant.config.languages[0], score=score)
        remind_desks(made, case.tenant, text)


def _outcomes(made: Commit, case: Case, decision: Decision) -> None:
    """What the turn came to is the end of all its events, but for those that said nothing."""
    said = tuple(stored.id for stored in case.work.events if not stored.event.ignore)
    made.outcomes.append(EventOutcome(events=said, outcome=decision.outcome, reason=decision.reason))
    for stored in case.work.events:
        if stored.event.ignore:
            made.outcomes.append(EventOutcome(events=(stored.id,), outcome="ignored", reason=stored.event.ignore))


def _customer_lines(made: Commit, case: Case) -> None:
    fetched = {each.key: each for each in case.message.attachments if each.key}
    for stored in case.work.events:
        event = stored.event
        if event.ignore:
            continue
        facts: dict[str, Any] = {"event_id": event.event_id, "content": event.content.value}
        if event.attachments:
            facts["media"] = media_facts(fetched.get(part.key, part) for part in event.attachments)
        if event.quoted:
            facts["quoted"] = event.quoted
        said = burst.join([event.text, hearing.words(case.message, event)])
        made.messages.append(NewMessage(id=str(uuid4()), role=Author.CUSTOMER.value, content=said, metadata=facts))


def _medium(part: Attachment) -> dict[str, Any]:
    """A medium as `messages.metadata` keeps it, with what is said in it where that is known."""
    facts: dict[str, Any] = {
        "kind": part.content.value, "mime": part.mime, "url": part.url, "blob": part.blob, "name": part.file_name,
    }  # fmt: skip
    facts |= {"transcript": part.transcript} if part.transcript else {}
    return facts | ({"doubtful": True} if part.doubtful else {})


def media_facts(attachments: Iterable[Attachment]) -> list[dict[str, Any]]:
    """Files as `messages.metadata.media` keeps them."""
    return [_medium(each) for each in attachments]


def _notices(made: Commit, case: Case, decision: Decision) -> None:
    """What a guard wants the customer to know, where the bot may speak at all. Who wants no messages gets none of these
    either, nor who is not heard at all."""
    assert made.after is not None
    until = made.after.muted_until
    muted = until is not None and until > case.turn.now
    if muted or decision.outcome == "ignored" or voice.silence(case.tenant, made.after) or _hushed(case):
        return
    told = {line.text for line in case.conversation.history} if case.work.rethought else frozenset()
    for text in (each for each in case.message.notices if each not in told):
        made.messages.append(
            NewMessage(id=str(uuid4()), role=Author.BOT.value, content=text, metadata={"notice": "guard"})
        )
        after = case.conversation
        row = Outgoing(
            channel=after.channel, recipient=after.address, instance=after.instance, text=text,
            kind=OutgoingKind.NOTICE, data={"language": case.language},
        )  # fmt: skip
        add_outgoing(made, row)


def _context(made: Commit, case: Case, decision: Decision) -> None:
    assert made.after is not None
    asked_before = dict.fromkeys(MUTE_QUESTION, "")  # whatever came now, the question whether to be silent is over
    context = {
        **made.after.context,
        **asked_before,
        **answered(case),
        **hearing.remembered(case),
        "language": case.language,
        **decision.context,
    }
    made.touch(context={key: value for key, value in context.items() if value != ""})


def _mute(made: Commit, case: Case, decision: Decision) -> None:
    assert made.after is not None
    lifted = made.after.muted_until is not None and decision.outcome in {"answered", "escalated"}
    before = mutes_before(case)
    made.touch(mute_count=before)
    if decision.mute:
        until = case.turn.now + timedelta(minutes=decision.mute)
        made.touch(muted_until=until, mute_count=before + 1)
    elif decision.mute == 0 or lifted:
        made.touch(muted_until=None)


def _state(made: Commit, case: Case, decision: Decision) -> None:
    rules = case.tenant.config.desk
    if decision.cancel:
        handoff.apply(made, handoff.Event.CANCEL, actor="customer", why=decision.reason)
    if decision.escalation:
        wish = decision.escalation
        reason = case.tenant.texts.get(wish.reason, case.tenant.config.languages[0])
        opening = handoff.new_handover(
            wish.trigger, reason, wish.question, times_out=wish.times_out and not weight.lasts(case.verdict),
            urgent=weight.is_urgent(case.verdict),
        )  # fmt: skip
        handoff.apply(made, handoff.Event.ESCALATE, actor="bot", why=decision.reason, opening=opening)
        booking.bind(made)
    weight.hold_open(made, case)
    plan_timers(made, case.tenant)
    waits = made.after is not None and made.after.state is State.MANAGER_ACTIVE and decision.reason != "history"
    if waits and not _waiting_already(case):
        handoff.nudges(made, rules, case.tenant.config.timezone)


def plan_timers(made: Commit, tenant: Tenant) -> None:
    """The clocks of the state that was entered."""
    handoff.timers(made, tenant.config.desk, tenant.config.timezone)
    csat.plan(made, tenant)


def _waiting_already(case: Case) -> bool:
    """Does the customer wait for the manager since before this turn? Then that clock runs."""
    customer, manager = case.conversation.last_customer_at, case.conversation.last_manager_at
    return customer is not None and (manager is None or customer > manager)


def _files(made: Commit, case: Case, decision: Decision) -> None:
    """Show the desk what it should see of this turn, and keep what of the files it has not seen for the next card."""
    if decision.reason == "history":
        return
    shown = ""
    if _reads_along(case, decision):
        _forward(made, case, decision)
        shown = case.conversation.handover_id or lately.AT_THE_DESK
    elif made.handovers:
        shown = made.handovers[0].id  # its card shows them
    elif case.message.refusals and decision.outcome != "ignored" and not voice.silence(case.tenant, case.conversation):
        show_files(made, case)
        return
    lately.remember(made, case, shown)


def _reads_along(case: Case, decision: Decision) -> bool:
    """While a handover is open the desk reads along, and so it does where the bot leaves everything to people."""
    if decision.reason in {voice.PAUSED, voice.LEFT_ALONE} and not voice.silence(case.tenant, case.conversation):
        return True
    return case.state is not State.BOT_ACTIVE and decision.outcome != "ignored"


def show_files(made: Commit, case: Case, *, words: bool = True) -> None:
    """The files at every desk although nobody is called: what was refused is named, and what was taken is seen with it;
    without the `words` where the desk reads them elsewhere."""
    _show(made, case, words=words)
    lately.remember(made, case, lately.AT_THE_DESK)


def _forward(made: Commit, case: Case, decision: Decision) -> None:
    _show(made, case)
    if decision.desk_line:
        language = case.tenant.config.languages[0]
        remind_desks(made, case.tenant, case.tenant.texts.get(decision.desk_line, language, **decision.desk_values))


def _show(made: Commit, case: Case, *, words: bool = True) -> None:
    """The words of the turn and its files, as a desk that reads along sees them."""
    fresh = [event for event in case.work.events if event.id not in case.work.rethought]
    lines = (forwarded(event.event) for event in fresh if event.event.text and not event.event.ignore)
    said = [*case.kept, *lines] if words else []
    said += [f"{hearing.MIC} {part.transcript}" for part in case.message.attachments if part.hidden and part.transcript]
    said += [lately.named(each) for each in lately.unnamed(case)]
    mark, files = weight.mark(case.verdict), lately.unseen(case)
    for channel in desks(case.tenant):
        add_outgoing(
            made,
            Outgoing(
                channel=channel,
                recipient=case.conversation.id,
                text=" ".join(filter(None, [mark, "\n".join(said)])),
                kind=OutgoingKind.FORWARD,
                attachments=files,
                handover_id=case.conversation.handover_id,
                data={"mark": mark} if mark else {},
            ),
        )


def _replies(made: Commit, case: Case, decision: Decision) -> None:
    if voice.silence(case.tenant, case.conversation) or _hushed(case):
        return  # the gate saw to it that there is nothing to say; whatever slips past it stays unsaid
    kind = OutgoingKind.NOTICE if decision.escalation and not decision.sources else OutgoingKind.REPLY
    for number, reply in enumerate(decision.replies):
        text = f"{case.say('late_apology')} {reply}" if case.apology and number == 0 else reply
        facts: dict[str, Any] = {"review": decision.review, "sources": list(decision.sources), "lang": case.language}
        made.messages.append(NewMessage(id=str(uuid4()), role=Author.BOT.value, content=text, metadata=facts))
        attachments = decision.attachments if number == len(decision.replies) - 1 else ()
        add_outgoing(
            made,
            Outgoing(
                channel=case.conversation.channel,
                recipient=case.conversation.address,
                instance=case.conversation.instance,
                text=text,
                kind=kind,
                attachments=attachments,
                data={"language": case.language},
            ),
        )
    if decision.replies:
        made.touch(last_bot_at=case.turn.now)


def _hushed(case: Case) -> bool:
    return bool(voice.hushed(case.tenant, case.conversation, case.turn.now))


def add_outgoing(made: Commit, outgoing: Outgoing) -> None:
    """One more outgoing row; its key is the turn (or job) and its ordinal, so that a re-run gives the same rows. What is
    hidden goes nowhere."""
    if any(part.hidden for part in outgoing.attachments):
        outgoing = replace(outgoing, attachments=tuple(part for part in outgoing.attachments if not part.hidden))
    owner = made.lease.turn_id if hasattr(made.lease, "turn_id") else made.lease.id
    worth = made.worth.get(outgoing.kind)
    made.outgoing.append(
        NewOutgoing(
            key=f"{owner}:{len(made.outgoing)}",
            outgoing=outgoing,
            expires_at=made.now + worth if worth else None,
        )
    )


def language_of(made: Commit, tenant: Tenant) -> str:
    """The language that the customer was last spoken to in."""
    assert made.after is not None
    return str(made.after.context.get("language") or tenant.config.languages[0])


def tell_customer(made: Commit, tenant: Tenant, key: str, **values: object) -> bool:
    """A line of the catalogue about the service, in the customer's language; none, and False, where the bot is silent."""
    after = made.after
    assert after is not None
    if voice.silence(tenant, after) or voice.hushed(tenant, after, made.now):
        return False
    language = language_of(made, tenant)
    text = tenant.texts.get(key, language, **values)
    made.messages.append(NewMessage(id=str(uuid4()), role=Author.BOT.value, content=text, metadata={"notice": key}))
    notice = Outgoing(
        channel=after.channel,
        recipient=after.address,
        instance=after.instance,
        text=text,
        kind=OutgoingKind.NOTICE,
        data={"language": language},
    )
    add_outgoing(made, notice)
    return True


UPDATES = {
    handoff.Event.TAKE: "update_taken",
    handoff.Event.OWN: "update_taken",
    handoff.Event.MANAGER_WROTE: "update_taken",
    handoff.Event.RESOLVE: "update_resolved",
    handoff.Event.RETURN: "update_returned",
    handoff.Event.CANCEL: "update_cancelled",
}
STATUS = {State.PENDING: "pending", State.MANAGER_ACTIVE: "active", State.BOT_ACTIVE: "resolved"}


def show_changes(made: Commit, tenant: Tenant) -> None:
    """Tell every desk what became of a handover, so that its card and buttons are true. An escalation brings a card of its
    own; what timers do is told in words of their own, and here only to the card. Where the bot is silent, nothing is said
    of the owner's talks by phone: nobody was called to them."""
    language = tenant.config.languages[0]
    resolutions = {update.id: update.resolution or "" for update in made.handover_updates}
    for change in made.changes:
        if change.event == handoff.Event.ESCALATE or change.before is change.after or made.after is None:
            continue
        key = UPDATES.get(handoff.Event(change.event), "")
        unheard = change.actor == tenant.texts.get("owner_on_phone", language) and voice.silence(tenant, made.after)
        said = {"name": change.actor, "why": quiet.why(made, tenant)}
        text = tenant.texts.get(key, language, **said) if key and not unheard else ""
        data = {
            "status": STATUS[change.after],
            "by": change.actor,
            "resolution": resolutions.get(change.handover_id, ""),
            "booking": "1" if booking.of_handover(made.after, change.handover_id) else "",
        }
        for channel in desks(tenant):
            row = Outgoing(
                channel=channel, recipient=made.after.id, text=text, kind=OutgoingKind.UPDATE,
                handover_id=change.handover_id, data=data,
            )  # fmt: skip
            add_outgoing(made, row)


def remind_desks(made: Commit, tenant: Tenant, text: str, whom: Whom | None = None) -> None:
    """A line to every desk about the conversation; `whom` the text names is pointed at, where the desk knows them. Where
    the bot is silent nobody was called by it, and nobody is reminded."""
    assert made.after is not None
    if voice.silence(tenant, made.after):
        return
    for channel in desks(tenant):
        add_outgoing(
            made,
            Outgoing(
                channel=channel,
                recipient=made.after.id,
                text=text,
                kind=OutgoingKind.REMINDER,
                handover_id=made.after.handover_id,
                data=whom.data(channel) if whom else {},
            ),
        )


def desks(tenant: Tenant) -> list[str]:
    """The channels at which the tenant's managers work."""
    return [used.plugin.channel for used in tenant.used.values() if used.plugin.capabilities.desk]


async def call_desks(case: Case, made: Commit, handover: NewHandover) -> None:
    """Ask every desk for its card; one that fails is asked again by a job, and the owner is warned. So is he where nobody has
    anything to show: the customer waits for people who do not know."""
    card = card_of(case, made, handover)
    with case.trace.stage("escalate") as entry:
        result = await calls.every(case.tenant.hooks, "escalate", case.faults, turn=case.turn, card=card)
        entry |= {"asked": asked(result), "outcome": handover.trigger.value, "question": brief(handover.question)}
    for outgoing in result.value:
        add_outgoing(made, replace(outgoing, handover_id=handover.id))
    if result.faults:
        failed(made, case.tenant, handover, [fault.plugin for fault in result.faults])
    elif not result.value:
        text = case.tenant.texts.get("alarm_handover_unseen", case.tenant.config.languages[0], customer=_who(made))
        made.alarms.append(("handover reached nobody", text))
        log.error(
            "handover reached nobody", handover_id=handover.id, cure="add a plugin that shows handovers to people"
        )


def _who(made: Commit) -> str:
    assert made.after is not None
    return made.after.name or made.after.address


def failed(made: Commit, tenant: Tenant, handover: NewHandover, plugins: list[str]) -> None:
    """Some desk has no card yet: try again soon, and warn the owner."""
    assert made.after is not None
    made.jobs.append(
        NewJob(
            key=f"escalate:{handover.id}",
            kind="escalate.retry",
            run_at=made.now + timedelta(seconds=5),
            payload={"handover_id": handover.id, "plugins": plugins, "urgent": handover.urgent},
            conversation_id=made.after.id,
        )
    )
    text = tenant.texts.get(
        "alarm_escalate_failed",
        tenant.config.languages[0],
        customer=_who(made),
        plugin=", ".join(plugins),
    )
    made.alarms.append((f"escalate:{','.join(plugins)}", text))


def card_of(case: Case, made: Commit, handover: NewHandover) -> HandoverCard:
    """What a desk shows."""
    new = tuple(
        Line(author=Author.CUSTOMER, text=text, at=stored.received_at)
        for stored in case.work.events
        if not stored.event.ignore and (text := _told(case, stored.event))
    )
    here = case.tenant.branch(case.turn.branch)
    return HandoverCard(
        handover_id=handover.id,
        trigger=handover.trigger,
        reason=handover.reason,
        question=handover.question,
        customer=case.turn.customer,
        dialogue=(*case.conversation.history, *new),
        attachments=lately.unseen(case),
        branch=case.turn.branch,
        branch_name=here.label(case.tenant.config.languages[0]) if here else "",
        refusals=case.refusals,
        urgent=handover.urgent,
        booking=booking.on_card(made.after, case.tenant),
    )


def _told(case: Case, event: InboundEvent) -> str:
    """A customer's words on a card, written or spoken; "" where there are none."""
    return burst.join([shown(event) if event.text else "", hearing.words(case.message, event, hearing.MIC)])


def shown(event: InboundEvent) -> str:
    """A customer's words as a desk shows them, what they quoted above them: "this one?" says nothing without it."""
    return f"» {brief(event.quoted)}\n{event.text}" if event.quoted else event.text


def forwarded(event: InboundEvent) -> str:
    """The same below a card; words that take the place of others are marked: the desk has read those."""
    return f"{EDITED} {shown(event)}" if event.replaces else shown(event)


def alarm_rows(tenant: Tenant, text: str, branch: str = "") -> list[Outgoing]:
    """A warning to the owner, at every desk: at that of a branch where it concerns one."""
    data = {"branch": branch} if branch else {}
    return [
        Outgoing(channel=channel, recipient="owner", text=text, kind=OutgoingKind.ALARM, data=data)
        for channel in desks(tenant)
    ]
