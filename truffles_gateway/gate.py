"""What can be said about a turn before anybody thinks about it, and what a mode lets through afterwards."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from truffles_gateway.decision import Case, Decision, Escalation
from truffles_gateway.messages import Route, State, Trigger
from truffles_gateway.routes import mute

LATE, TOO_LATE, SKEW = timedelta(minutes=15), timedelta(hours=12), timedelta(minutes=5)
YES = frozenset({"да", "иә", "иа", "ия", "yes", "y", "ага", "ok", "ок", "1", "+"})
NO = frozenset({"нет", "жоқ", "жок", "no", "n", "не", "2", "-"})


def before_thinking(case: Case) -> Decision | None:
    """A turn that needs no thought: a human has it, the bot is off here, or it comes far too late."""
    if case.state is State.MANAGER_ACTIVE:
        return Decision(outcome="forwarded", reason="manager has it", conditional=False)
    if case.tenant.suspended:
        return Decision(outcome="ignored", reason="suspended", conditional=False)
    if case.tenant.mode(case.turn.branch) == "off":
        return Decision(outcome="ignored", reason="mode off", conditional=False)
    only = case.tenant.config.only_numbers
    if only and case.turn.customer.phone not in only:
        return Decision(outcome="ignored", reason="not in only_numbers", conditional=False)
    return _late(case) or _yes_or_no(case)


def _late(case: Case) -> Decision | None:
    """15 minutes late: answered with an apology; over 12 hours: only a card; from before the connection: history."""
    newest = max((event.event.sent_at or event.received_at for event in case.work.events), default=case.turn.now)
    connected = case.tenant.connected_at
    if connected and newest < connected - SKEW:
        return Decision(outcome="ignored", reason="history", conditional=False)
    delay = case.work.events[-1].received_at - newest
    if delay <= LATE:
        return None
    if delay <= TOO_LATE:
        case.apology = True
        return None
    if case.state is State.PENDING:
        return Decision(outcome="forwarded", reason="late", conditional=False)
    return Decision(
        outcome="escalated",
        reason="late",
        escalation=Escalation(trigger=Trigger.STUCK, reason="reason_late", question=case.message.text),
        conditional=False,
    )


def _yes_or_no(case: Case) -> Decision | None:
    """The answer to "shall we stop writing?", if that was asked within the last 15 minutes."""
    until = case.conversation.context.get("mute_question_until")
    if not until or case.turn.now > datetime.fromisoformat(until):
        return None
    word = case.message.text.strip().strip("!.)").lower()
    if word in YES:
        return mute.silence(case)
    if word in NO:
        question = str(case.conversation.context.get("mute_question_text") or "")
        case.message = case.message.with_(text=question)
        case.trace.note("mute question", outcome="no: the question counts")
        case.answers_mute_question = True
    return None


def while_muted(case: Case) -> Decision | None:
    """A muted customer hears nothing until they ask about the business or want a human."""
    if case.answers_mute_question and case.verdict.route is Route.OPT_OUT:
        case.verdict = replace(case.verdict, route=Route.ANSWER)
    until = case.conversation.muted_until
    if until is None or until <= case.turn.now:
        return None
    if case.verdict.route in {Route.ANSWER, Route.HUMAN, Route.FRUSTRATED} or case.verdict.business:
        case.trace.note("mute", outcome="lifted", route=case.verdict.route.value)
        return None
    return Decision(outcome="ignored", reason="muted")


def after_thinking(case: Case, decision: Decision) -> Decision:
    """In shadow mode what would have been said is recorded, and nothing happens."""
    if case.tenant.mode(case.turn.branch) != "shadow" or decision.outcome in {"ignored", "forwarded"}:
        return decision
    case.trace.note("shadow", outcome=decision.outcome, drafts=list(decision.replies))
    return Decision(outcome="ignored", reason="shadow", context=decision.context)


def language(case: Case) -> str:
    """The customer's language: of this message, else of the dialogue, else the tenant's first."""
    known = case.tenant.config.languages
    for wanted in (case.verdict.language, str(case.conversation.context.get("language") or "")):
        if wanted in known:
            return wanted
    return known[0]
