"""The customer wants a human, or has had enough of the bot."""

from __future__ import annotations

from truffles_gateway.decision import Case, Decision, Escalation
from truffles_gateway.messages import Route, State, Trigger


async def go(case: Case) -> Decision:
    """Escalate and say so; while somebody is on the way already, confirm that and open nothing."""
    if case.state is State.PENDING:
        return Decision(outcome="forwarded", reason="pending", replies=(case.say("human_confirm_pending"),), mute=0)
    frustrated = case.verdict.route is Route.FRUSTRATED
    return Decision(
        outcome="escalated",
        reason=case.verdict.route.value,
        replies=(case.say("frustrated_sorry" if frustrated else "human_called"),),
        escalation=Escalation(
            trigger=Trigger.POLICY if frustrated else Trigger.INTENT,
            reason="reason_frustrated" if frustrated else "reason_human_request",
            question=case.message.text,
            times_out=not frustrated,
        ),
        mute=0,
    )
