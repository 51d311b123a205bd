"""The customer wants no messages: 30 minutes of silence, a second time 24 hours; 24 h without a word reset that.

A message that opts out and asks something at once is answered with one yes/no question, open for 15 minutes.
"""

from __future__ import annotations

from datetime import timedelta

from truffles_gateway.decision import Case, Decision
from truffles_gateway.messages import State

QUESTION = ("mute_question_until", "mute_question_text")


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
