"""Two machines that answer each other: what was answered is not answered again, and who is answered too often is left to a
human for a while. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from difflib import SequenceMatcher
from itertools import groupby

from truffles_gateway import conduct, voice
from truffles_gateway.decision import Case, Decision, Escalation
from truffles_gateway.messages import Author, Line, Route, State, Trigger

LOOP, REPEATED = "loop", "answered already"
SAID_AT, SILENT_UNTIL = "said_at", "loop_until"
"""The conversation's words for when the bot spoke of late (the history that a turn reads is too short to tell), and until
when it is silent."""
REPEATABLE = frozenset({"", "greeting", "thanks", "identity", "off-topic", "declined"})
"""Reasons of replies that need not be said twice. Whatever counts something, or asks, is said as often as it counts."""
PASSES = frozenset({Route.HUMAN, Route.FRUSTRATED, Route.OPT_OUT})
"""What a customer who was left to a human may still want of the bot."""
_NUMBER = re.compile(r"\d+")
_COMPARED = 500  # letter by letter; what comes after must be the same


def silence(case: Case) -> Decision | None:
    """The bot was silenced because it answered too often: the desk reads along, where somebody was called."""
    until = case.conversation.context.get(SILENT_UNTIL)
    if not until or case.turn.now >= datetime.fromisoformat(until):
        return None
    if case.verdict.route is Route.OPT_OUT or (case.state is State.BOT_ACTIVE and case.verdict.route in PASSES):
        return None
    return Decision(outcome="forwarded" if case.state is State.PENDING else "ignored", reason=LOOP, conditional=False)


def guard(case: Case, decision: Decision) -> Decision:
    """The decision, unless it would say what was said already to the same words, or one thing too many."""
    if not decision.replies or voice.silence(case.tenant, case.conversation):
        return decision
    if _repeats(case, decision):
        case.trace.note("loop guard", outcome=REPEATED, drafts=list(decision.replies))
        return Decision(outcome="ignored" if case.state is State.BOT_ACTIVE else "forwarded", reason=REPEATED)
    spoken = sorted(_spoken(case))
    if len(spoken) >= case.tenant.config.loop.replies and decision.outcome == "answered":
        case.trace.note("loop guard", outcome="too many replies", replies=len(spoken), drafts=list(decision.replies))
        return _stop(case)
    noted = " ".join(str(each) for each in (*spoken, *(_stamp(case.turn.now) for _ in decision.replies)))
    return replace(decision, context={**decision.context, SAID_AT: noted})


def alike(one: str, other: str, least: float) -> bool:
    """Are two texts equal, but for a share of their letters smaller than `1 - least`? Case and white space do not count."""
    one, other = " ".join(one.casefold().split()), " ".join(other.casefold().split())
    if one == other:
        return True
    if one[_COMPARED:] != other[_COMPARED:]:
        return False
    matcher = SequenceMatcher(None, one[:_COMPARED], other[:_COMPARED], autojunk=False)
    return matcher.real_quick_ratio() > least and matcher.quick_ratio() > least and matcher.ratio() > least


def _repeats(case: Case, decision: Decision) -> bool:
    """Would it say again what the customer was told when they wrote the same?"""
    if decision.outcome != "answered" or decision.reason not in REPEATABLE or decision.cancel:
        return False
    if case.message.attachments:  # another picture under the same words is another question
        return False
    least = case.tenant.config.loop.alike
    lately = [line for line in case.conversation.history if line.at > _since(case)]
    before = next((at for at, text in _turns(lately) if alike(text, case.message.text, least)), None)
    if before is None:
        return False
    said = [conduct.unintroduced(case, line.text) for line in lately if line.author is Author.BOT and line.at >= before]
    return all(any(_says(each, reply, least) for each in said) for reply in decision.replies)


def _says(said: str, reply: str, least: float) -> bool:
    """Does it say the same? A price or an hour of its own makes it another answer, however alike."""
    return _NUMBER.findall(said) == _NUMBER.findall(reply) and alike(said, reply, least)


def _turns(lines: list[Line]) -> Iterator[tuple[datetime, str]]:
    """What the customer wrote, as it was merged: the lines of one turn have one time."""
    for at, group in groupby((line for line in lines if line.author is Author.CUSTOMER), lambda line: line.at):
        yield at, "\n".join(line.text for line in group)


def _stop(case: Case) -> Decision:
    """Silence, and one card: where somebody was called already, a line under theirs."""
    until = case.turn.now + timedelta(minutes=case.tenant.config.loop.silent_minutes)
    context = {SILENT_UNTIL: until.isoformat(), SAID_AT: ""}
    if case.state is not State.BOT_ACTIVE:
        return Decision(outcome="forwarded", reason=LOOP, context=context, desk_line="desk_loop", conditional=False)
    wish = Escalation(trigger=Trigger.STUCK, reason="reason_stuck", question=case.message.text)
    return Decision(outcome="escalated", reason=LOOP, escalation=wish, context=context, conditional=False)


def _spoken(case: Case) -> Iterator[int]:
    """When the bot spoke of late, in milliseconds. The history knows best: a reply that was withdrawn is not in it."""
    history, since = case.conversation.history, _stamp(_since(case))
    oldest = _stamp(history[0].at) if history else 0
    yield from (_stamp(line.at) for line in history if line.author is Author.BOT and _stamp(line.at) > since)
    noted = map(int, str(case.conversation.context.get(SAID_AT) or "").split())
    yield from (at for at in noted if since < at < oldest)


def _since(case: Case) -> datetime:
    return case.turn.now - timedelta(minutes=case.tenant.config.loop.window_minutes)


def _stamp(at: datetime) -> int:
    return int(at.timestamp() * 1000)
