"""The customer wants no messages: 30 minutes of silence, a second time 24 hours; 24 h without a word reset that.

A message that opts out and asks something at once is answered with one yes/no question, open for 15 minutes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from truffles_gateway.decision import Case, Decision
from truffles_gateway.messages import InboundEvent, State

QUESTION = ("mute_question_until", "mute_question_text")
ANSWERED = ("mute_answered_by", "mute_answered_text")
"""The conversation's words for the event that answered the question with a "no", and for the words which count instead: for
as long as its turn may be thought about again."""


async def go(case: Case) -> Decision:
    """Mute, or ask which of the two was meant. An opt-out also cancels a human who was called and has not come."""
    if case.verdict.business:
        until = case.turn.now + timedelta(minutes=case.tenant.config.mute.question_minutes)
        return Decision(
            outcome="answered",
            reason="mute or question",
            replies=(case.say("mute_or_question"),),
            context={"mute_question_until": until.isoformat(), "mute_question_text": case.message.text},
        )
    return silence(case)


def silence(case: Case) -> Decision:
    """Confirm once and be silent."""
    again = mutes_before(case) > 0
    rules = case.tenant.config.mute
    return Decision(
        outcome="answered",
        reason="opt-out",
        replies=(case.say("muted"),),
        mute=rules.second_hours * 60 if again else rules.first_minutes,
        cancel=case.state is not State.BOT_ACTIVE,
    )


def mutes_before(case: Case) -> int:
    """How often the customer wanted silence already; a day without a word from them wipes the slate."""
    last, reset = case.conversation.last_customer_at, timedelta(hours=case.tenant.config.mute.reset_hours)
    return case.conversation.mute_count if last is not None and case.turn.now - last < reset else 0


def spoken(event: InboundEvent, context: Mapping[str, Any]) -> InboundEvent:
    """An event as it is meant: a "no" to the question stands for the words that were asked about."""
    return replace(event, text=str(context.get(ANSWERED[1]) or "")) if said_no(event, context) else event


def said_no(event: InboundEvent, context: Mapping[str, Any]) -> bool:
    """Did this event answer the question with a "no"?"""
    return bool(event.event_id) and context.get(ANSWERED[0]) == event.event_id


def answered(case: Case) -> dict[str, str]:
    """What the conversation remembers of a "no" in this turn, or forgets of an earlier one."""
    known, events = case.conversation.context, [stored.event for stored in case.work.events]
    if not case.answers_mute_question:
        return dict.fromkeys(ANSWERED, "")
    if any(said_no(event, known) for event in events):
        return {key: str(known[key]) for key in ANSWERED}
    no = next((event.event_id for event in reversed(events) if event.text.strip() or event.attachments), "")
    return dict(zip(ANSWERED, (no, str(known.get(QUESTION[1]) or "")), strict=True))
