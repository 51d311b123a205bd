"""What can be said about a turn before anybody thinks about it, and what a mode lets through afterwards."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from truffles_gateway import branching, csat, voice, yesno
from truffles_gateway.decision import Case, Decision, Escalation
from truffles_gateway.messages import Inbound, Refusal, Route, State, Trigger
from truffles_gateway.records import StoredEvent
from truffles_gateway.routes import facts, mute, picture

KIND_WORDS = frozenset({Route.GREETING, Route.THANKS, Route.DECLINE, Route.IDENTITY, Route.OFF_TOPIC})
LIFTS_MUTE = frozenset({Route.ANSWER, Route.HUMAN, Route.FRUSTRATED, Route.BOOK, Route.PICTURE})


def before_thinking(case: Case) -> Decision | None:
    """A turn that needs no thought: the bot is off here, or it comes far too late."""
    if case.tenant.suspended:
        return Decision(outcome="ignored", reason="suspended", conditional=False)
    if _is_history(case):
        return Decision(outcome="ignored", reason="history", conditional=False)
    if case.state is State.MANAGER_ACTIVE:
        return None
    silence = voice.silence(case.tenant, case.conversation)
    if silence in {voice.OFF, voice.NOT_SERVED}:
        return _unheard(case, silence)
    if voice.hushed(case.tenant, case.conversation, case.turn.now):
        return None  # `left_alone` says so once the guards have seen its files: the desk is shown them
    return _late(case) or yes_or_no(case) or csat.answer(case)


def _unheard(case: Case, reason: str) -> Decision:
    """The bot says nothing; whoever was called reads along all the same."""
    outcome = "forwarded" if case.state is State.PENDING else "ignored"
    return Decision(outcome=outcome, reason=reason, conditional=False)


def _newest(case: Case) -> datetime:
    return max((stored.event.sent_at or stored.received_at for stored in case.work.events), default=case.turn.now)


def _is_history(case: Case) -> bool:
    """Was all of it written before the number that it came to was connected?"""
    return all(_before_connection(case, stored) for stored in case.work.events)


def _before_connection(case: Case, stored: StoredEvent) -> bool:
    instance = stored.event.instance
    branch = case.tenant.branch_for_instance(instance) if instance else case.tenant.branch(case.turn.branch)
    return case.tenant.is_history(branch, stored.event.sent_at or stored.received_at)


def _late(case: Case) -> Decision | None:
    """15 minutes late: answered with an apology; over 12 hours: only a card."""
    rules, delay = case.tenant.config.late, case.work.events[-1].received_at - _newest(case)
    if delay <= timedelta(minutes=rules.apology_minutes):
        return None
    if delay <= timedelta(hours=rules.card_hours):
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


def yes_or_no(case: Case) -> Decision | None:
    """The answer to "shall we stop writing?", if that was asked within the last 15 minutes."""
    until = case.conversation.context.get("mute_question_until")
    if not until or case.turn.now > datetime.fromisoformat(until):
        return None
    meant = yesno.read(case.message.text)
    if meant:
        return mute.silence(case)
    if meant is False:
        question = str(case.conversation.context.get("mute_question_text") or "")
        case.message = case.message.with_(text=question)
        case.trace.note("mute question", outcome="no: the question counts")
        case.answers_mute_question = True
    return None


def spoken_answer(case: Case) -> Decision | None:
    """The same answer in a voice note, whose words were not known before."""
    spoken = case.state is not State.MANAGER_ACTIVE and any(part.transcript for part in case.message.attachments)
    return yes_or_no(case) if spoken else None


def with_manager(case: Case) -> Decision | None:
    """A human has the conversation: the bot is silent, they read along. Who wants no messages ends that, too."""
    if case.state is not State.MANAGER_ACTIVE:
        return None
    if case.verdict.route is Route.OPT_OUT and not case.verdict.business:
        return replace(mute.silence(case), outcome="forwarded", replies=(), conditional=False)
    return Decision(outcome="forwarded", reason="manager has it", conditional=False)


def left_alone(case: Case) -> Decision | None:
    """The bot is paused, or shall not answer this contact: nobody thinks about it, and the desk reads along."""
    if case.state is State.MANAGER_ACTIVE:
        return None
    hushed = voice.hushed(case.tenant, case.conversation, case.turn.now)
    return _unheard(case, hushed) if hushed else None


def while_muted(case: Case) -> Decision | None:
    """A muted customer hears nothing until they ask about the business or want a human."""
    if (case.answers_mute_question or case.heard) and case.verdict.route is Route.OPT_OUT:
        case.verdict = replace(case.verdict, route=Route.ANSWER)
    until = case.conversation.muted_until
    if until is None or until <= case.turn.now:
        return None
    if case.verdict.route in LIFTS_MUTE or case.verdict.business:
        case.trace.note("mute", outcome="lifted", route=case.verdict.route.value)
        return None
    if case.verdict.route is Route.OPT_OUT:
        return replace(mute.silence(case), outcome="ignored", reason="muted", replies=())
    return _unheard(case, "muted")


def route(case: Case) -> Route:
    """The verdict's route; but a place, a contact or a document is for the desk, however kind the words beside it, and the
    picture that we have asked for is what was meant."""
    wanted = case.verdict.route
    if wanted in KIND_WORDS and facts.is_for_the_desk(case.message):
        return Route.ANSWER
    return Route.PICTURE if wanted in KIND_WORDS | facts.QUESTIONS and picture.is_here(case) else wanted


def unguarded(case: Case, message: Inbound) -> Inbound:
    """Some guard failed: nobody knows whether media are safe that none has checked, so they are refused. The text stands."""
    safe = tuple(each for each in message.attachments if each.checked and not each.refused)
    if len(safe) == len(message.attachments):
        return message
    why = case.tenant.texts.get("refused_unchecked", case.tenant.config.languages[0])
    refused = tuple(Refusal(what=each.content.value, reason=why) for each in message.attachments if each not in safe)
    case.trace.note("media refused", outcome="a guard failed", refused=[each.what for each in refused])
    return message.with_(attachments=safe, refusals=(*message.refusals, *refused))


def after_thinking(case: Case, decision: Decision) -> Decision:
    """Where the bot is silent, what it would have said is recorded, and nothing happens; a human at work still reads
    along."""
    silence = voice.silence(case.tenant, case.conversation)
    if not silence or decision.outcome == "ignored" or case.state is State.MANAGER_ACTIVE:
        return decision
    case.trace.note(silence, outcome=decision.outcome, drafts=list(decision.replies))
    if silence == voice.SUSPENDED:
        return Decision(outcome="ignored", reason=silence, conditional=False)
    return replace(_unheard(case, silence), context=branching.unasked(decision.context))


def language(case: Case) -> str:
    """The customer's language: of this message, else of the dialogue, else the tenant's first."""
    known = case.tenant.config.languages
    told = "" if case.named_only else case.verdict.language  # whoever classified that read nothing but a name
    for wanted in (told, case.message.language, str(case.conversation.context.get("language") or "")):
        if wanted in known:
            return wanted
    return known[0]
