"""The customer wants a human, or has had enough of the bot."""

from __future__ import annotations

from truffles_gateway import promises
from truffles_gateway.decision import Case, Decision, Escalation
from truffles_gateway.messages import Route, State, Trigger

REASONS = {"urgent": "reason_urgent", "booking_change": "reason_booking_change", "complaint": "reason_complaint"}
"""Why a human is called, by a verdict's intent, where a desk can be told more than that the customer wants one."""


async def go(case: Case) -> Decision:
    """Escalate and say so; while somebody is on the way already, confirm that and open nothing."""
    if case.state is State.PENDING:
        return Decision(outcome="forwarded", reason="pending", replies=(case.say("human_confirm_pending"),), mute=0)
    frustrated = case.verdict.route is Route.FRUSTRATED
    return Decision(
        outcome="escalated",
        reason=case.verdict.route.value,
        replies=(case.say("frustrated_sorry") if frustrated else called(case),),
        escalation=Escalation(
            trigger=Trigger.POLICY if frustrated else Trigger.INTENT,
            reason=REASONS.get(case.verdict.intent, "reason_frustrated" if frustrated else "reason_human_request"),
            question=case.message.text,
            times_out=not frustrated,
        ),
        mute=0,
    )


def called(case: Case) -> str:
    """A human was called; out of hours, with when somebody is at the desk again."""
    key, values = promises.called(case.tenant, case.turn.now, case.language)
    return case.say(key, **values)
