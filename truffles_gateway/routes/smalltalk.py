"""Greetings, thanks, a declined offer, who is talking here, and what is none of the business's concern: one short line, nothing else."""

from __future__ import annotations

from datetime import timedelta

from truffles_gateway.decision import Case, Decision
from truffles_gateway.messages import State
from truffles_gateway.tenant_config import quotable


async def greeting(case: Case) -> Decision:
    """Greet; within 30 minutes of the last word, only show that somebody listens."""
    last, soon = case.conversation.last_bot_at, timedelta(minutes=case.tenant.config.dialogue.greet_again_minutes)
    again = last is not None and case.turn.now - last < soon
    return Decision(
        outcome="answered", reason="greeting", replies=(case.say("greeting_again" if again else "greeting"),)
    )


async def thanks(case: Case) -> Decision:
    """You are welcome."""
    return Decision(outcome="answered", reason="thanks", replies=(case.say("thanks_reply"),))


async def decline(case: Case) -> Decision:
    """An offer was declined: nothing is muted; a human who was only called is not needed any more."""
    if case.state is State.PENDING:
        return Decision(outcome="answered", reason="declined", replies=(case.say("handover_cancelled"),), cancel=True)
    return Decision(outcome="answered", reason="declined", replies=(case.say("decline_reply"),))


async def identity(case: Case) -> Decision:
    """Yes, a machine; and how to reach a human."""
    business = quotable(case.tenant.config.name)
    return Decision(outcome="answered", reason="identity", replies=(case.say("identity", business=business),))


async def off_topic(case: Case) -> Decision:
    """A polite refusal."""
    business = quotable(case.tenant.config.name)
    return Decision(outcome="answered", reason="off-topic", replies=(case.say("off_topic", business=business),))
