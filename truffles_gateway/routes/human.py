"""The customer wants a human, has had enough of the bot, or asks for what only a human may decide."""

from __future__ import annotations

from truffles_gateway import promises
from truffles_gateway.decision import Case, Decision, Escalation
from truffles_gateway.messages import Route, State, Trigger

REASONS = {
    "urgent": "reason_urgent",
    "booking_change": "reason_booking_change",
    "hold": "reason_hold",
    "complaint": "reason_complaint",
    "payment": "reason_payment",
    "payment_method": "reason_payment_method",
    "refund": "reason_refund",
    "medical": "reason_medical",
    "emergency": "reason_emergency",
    "technical": "reason_technical",
    "discount": "reason_discount",
    "stuck": "reason_stuck_dialogue",
}
"""Why a human is called, by a verdict's intent, where a desk can be told more than that the customer wants one."""
LINES = {
    "payment": "payment_passed_on",
    "medical": "medical_passed_on",
    "technical": "technical_passed_on",
    "discount": "terms_passed_on",
    "payment_method": "terms_passed_on",
    "stuck": "stuck_sorry",
}
"""What the customer is told first, by intent, where there is more to say than that a human was called."""
TRIGGERS = {"stuck": Trigger.STUCK, "emergency": Trigger.POLICY}


async def go(case: Case) -> Decision:
    """Escalate and say so; while somebody is on the way already, confirm that and open nothing."""
    if case.state is State.PENDING:
        said = case.verdict.remark or case.say("human_confirm_pending")
        return Decision(outcome="forwarded", reason="pending", replies=(said,), mute=0)
    frustrated = case.verdict.route is Route.FRUSTRATED
    return Decision(
        outcome="escalated",
        reason=case.verdict.route.value,
        replies=(case.say("frustrated_sorry") if frustrated else _told(case),),
        escalation=Escalation(
            trigger=TRIGGERS.get(case.verdict.intent, Trigger.POLICY if frustrated else Trigger.INTENT),
            reason=REASONS.get(case.verdict.intent, "reason_frustrated" if frustrated else "reason_human_request"),
            question=case.message.text,
            times_out=not frustrated,
        ),
        mute=0,
    )


def _told(case: Case) -> str:
    """A human was called, and what there is to say before: what the business itself says stands by itself."""
    line = LINES.get(case.verdict.intent)
    if case.verdict.remark:
        return f"{case.verdict.remark}\n\n{called(case)}"
    return f"{case.say(line)} {called(case)}" if line else called(case)


def called(case: Case) -> str:
    """A human was called; out of hours, with when somebody is at the desk again."""
    key, values = promises.called(case.tenant, case.turn.now, case.language)
    return case.say(key, **values)
