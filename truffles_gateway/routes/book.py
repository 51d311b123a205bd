"""A wish for a time: what is lacking is asked for, one thing at a time, and people get the rest. No word of it is a promise.

Whether a time is free only a provider of slots can know: a plugin whose `retrieve` returns a passage that says so. No line
here claims it, and a model's draft that does is held against the passages by the claim firewall, as any.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from truffles_gateway import booking, branching, promises
from truffles_gateway.booking import Booking
from truffles_gateway.decision import Case, Decision, Escalation
from truffles_gateway.messages import Route, State, Trigger
from truffles_gateway.routes import facts

REASON, PASSED, DROPPED = "booking question", "booking", "booking dropped"
BETWEEN = frozenset({Route.ANSWER, Route.UNSURE, Route.GREETING, Route.THANKS, Route.OFF_TOPIC})
"""What may come in the middle of a booking and does not end it."""
_NAME = re.compile(r"[^\W\d_]{2,}")
_NOT_IN_A_NAME = re.compile(r"[^\w\s'’.-]|[\d_]")


async def go(case: Case) -> Decision:
    """Take what the message says, answer what it asks, then ask for what is lacking or pass the wish on."""
    known = _merged(case)
    refused = _refusal(case)
    said = await facts.go(case) if case.verdict.business else None
    if said is not None and said.outcome != "ignored":
        return _beside(case, said, known, refused)
    return _next(case, known, refused)


def around(case: Case, route: Route, decision: Decision) -> Decision:
    """A decision in the middle of a booking: the question is repeated behind what is said, or the booking ends."""
    made, before = _around(case, route, decision), case.conversation.context
    return replace(made, context=booking.stamped(made.context, before, case.work.events[0].id))


def _around(case: Case, route: Route, decision: Decision) -> Decision:
    known = booking.stored(case.conversation.context)
    if route is Route.BOOK:
        is_waiting = decision.reason == branching.REASON  # which branch comes first: what they said is kept
        return _kept(case, decision, _merged(case)) if is_waiting else decision
    if known is None or known.handover:
        return decision
    if route is Route.DECLINE:
        dropped = Decision(outcome="answered", reason=DROPPED, replies=(case.say("book_dropped"),))
        return replace(dropped, context={booking.KEY: ""})
    if decision.mute:
        return replace(decision, context={**decision.context, booking.KEY: ""})
    if route in BETWEEN:
        return _between(case, decision, known)
    return _kept(case, decision, replace(_merged(case), asked=""))  # people have it now


def _between(case: Case, decision: Decision, known: Booking) -> Decision:
    if not decision.replies or decision.reason == branching.REASON:
        return decision
    if case.verdict.slots or case.verdict.refused:
        return _beside(case, decision, _merged(case), _refusal(case))
    if not known.asked:
        return decision
    return _with_line(case, decision, _question(case, known), known)


def _beside(case: Case, said: Decision, known: Booking, refused: str) -> Decision:
    """What was asked is answered, and the booking goes on in the same reply."""
    step = _next(case, known, refused)
    line = "\n\n".join(step.replies)
    if not said.replies:
        return replace(step, context={**said.context, **step.context})
    both = _joined(said, line, step.context)
    if step.escalation is None:
        return replace(both, desk_line=step.desk_line, desk_values=step.desk_values, booked=step.booked)
    question = step.escalation.question
    if said.escalation:
        question = f"{question}\n{said.escalation.question}"
    return replace(
        both, outcome="escalated", reason=PASSED, composed=True, conditional=step.conditional,
        escalation=replace(step.escalation, question=question),
    )  # fmt: skip


def _joined(said: Decision, line: str, context: Mapping[str, Any]) -> Decision:
    replies = (*said.replies[:-1], f"{said.replies[-1]}\n\n{line}") if said.replies and line else said.replies
    return replace(said, replies=replies, context={**said.context, **context})


def _with_line(case: Case, decision: Decision, line: str, known: Booking) -> Decision:
    return _joined(decision, line, {booking.KEY: replace(known, at=case.turn.now).stored()})


def _kept(case: Case, decision: Decision, known: Booking) -> Decision:
    return replace(decision, context={**decision.context, booking.KEY: known.stored()})


def _merged(case: Case) -> Booking:
    """The booking with what this message says for it."""
    verdict, now = case.verdict, case.turn.now
    known = booking.stored(case.conversation.context) or Booking(at=now)
    if verdict.asks:
        known = replace(known, asks=tuple(slot for slot in verdict.asks if slot in booking.ASKS))
    known = replace(known, remark=verdict.remark or known.remark).merged(verdict.slots, now)
    return known.without(verdict.refused)


def _next(case: Case, known: Booking, refused: str) -> Decision:
    """The next question, or the wish passed on."""
    wanted = "" if known.handover else known.lacks()
    if not wanted:
        return _pass_on(case, known, refused)
    offer = _pushed(case) if wanted == "name" and case.verdict.refused.get("why") != "name" else ""
    offer = "" if known.counts.get("name") else offer
    counts = {**known.counts, wanted: known.counts.get(wanted, 0) + 1}
    asking = replace(known, asked=wanted, offer=offer, counts=counts)
    reply = "\n\n".join(filter(None, [refused, _question(case, asking)]))
    return Decision(outcome="answered", reason=REASON, replies=(reply,), context={booking.KEY: asking.stored()})


def _question(case: Case, known: Booking) -> str:
    if known.asked == "name" and known.offer:
        return case.say("book_ask_offered", name=known.offer)
    return case.say(f"book_ask_{known.asked}")


def _pass_on(case: Case, known: Booking, refused: str) -> Decision:
    """Everything that is known goes to people: on a card of its own, or to who was called already."""
    what = booking.said(known.slots, case.say, name=_pushed(case))
    told = case.say("book_passed", text=what, why=known.remark, since=_since(case))
    reply = "\n\n".join(filter(None, [refused, told]))
    language = case.tenant.config.languages[0]
    question = booking.summary(
        known.slots, lambda key, **of: case.tenant.texts.get(key, language, **of), name=_pushed(case)
    )
    is_open = case.state is not State.BOT_ACTIVE
    news = bool(known.handover) and known.slots != _before(case)
    passed = replace(
        known, asked="", offer="", handover=case.conversation.handover_id if is_open else booking.NEW,
        seen=() if news else known.seen,
    )  # fmt: skip
    context = {booking.KEY: passed.stored()}
    if is_open:
        return Decision(
            outcome="forwarded", reason=PASSED, replies=(reply,), context=context, booked=True, conditional=False,
            desk_line="desk_booking", desk_values={"text": question},
        )  # fmt: skip
    wish = Escalation(trigger=Trigger.BOOKING, reason="reason_booking", question=question, times_out=False)
    return Decision(outcome="escalated", reason=PASSED, replies=(reply,), escalation=wish, context=context)


def _before(case: Case) -> Mapping[str, str]:
    """What the booking said before this turn."""
    known = booking.stored(case.conversation.context)
    return known.slots if known else {}


def _since(case: Case) -> str:
    """Out of hours: from when on somebody reads it."""
    _, values = promises.called(case.tenant, case.turn.now, case.language)
    return values.get("since", "")


def _pushed(case: Case) -> str:
    """The name that the channel tells, if it looks like one."""
    name = " ".join(_NOT_IN_A_NAME.sub(" ", case.conversation.name).split())
    return name[:60] if _NAME.search(name) else ""


def _refusal(case: Case) -> str:
    """Why the wished time cannot be, as the customer reads it; "" if it can."""
    refused = case.verdict.refused
    why = refused.get("why", "")
    if not why or why == "name":
        return ""
    day = booking.spoken_day(date.fromisoformat(refused["day"]), case.say) if refused.get("day") else ""
    return case.say(
        f"book_{why}", date=refused.get("date", ""), when=booking.spoken_when(refused, case.say), day=day,
        hours=refused.get("hours", ""), days=refused.get("days", ""), minutes=refused.get("minutes", ""),
    )  # fmt: skip
