"""How the bot introduces itself: whoever hears from it for the first time, or after a day, is told in the same message that
it is a machine that writes; and what a verdict wants told beside the reply, such as that it is closed now. Pure."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

from truffles_gateway import burst, promises, voice
from truffles_gateway.decision import Case, Decision
from truffles_gateway.tenant_config import quotable

ASIDE = "aside"
"""The conversation's word for what stood beside a reply the last time."""
_OPENING = re.compile(r"([^.!?\n]{1,40}[.!])\s*")


def introduce(case: Case, decision: Decision) -> Decision:
    """The decision, with the introduction in its first reply where one is due."""
    if not decision.replies or not _is_due(case):
        return decision
    case.trace.note("introduction", outcome="a virtual assistant writes")
    first, *others = decision.replies
    return replace(decision, replies=(_introduced(case, first), *others))


def add_aside(case: Case, decision: Decision) -> Decision:
    """The decision, with the verdict's aside in its last reply where one is due."""
    aside = case.verdict.aside
    if not aside or not decision.replies or not _may_stand(case, decision):
        return decision
    case.trace.note("aside", outcome=aside)
    *others, last = decision.replies
    context = {**decision.context, ASIDE: aside}
    return replace(decision, replies=(*others, _beside(last, aside)), context=context)


def unintroduced(case: Case, text: str) -> str:
    """What was said without its introduction, in any of the tenant's languages, and without what stood beside it."""
    aside = case.conversation.context.get(ASIDE)
    text = text.replace(f"\n{aside}", "") if aside else text
    for language in case.tenant.config.languages:
        intro, hello = _intro(case, language), case.tenant.texts.get("hello", language)
        text = text.replace(f"{hello} {intro}\n", "").replace(f"{intro} ", "")
    return text


def _may_stand(case: Case, decision: Decision) -> bool:
    """Not where the desk's own hours are told, and not in what waits for a person, who may let it go at any hour."""
    if decision.outcome not in {"answered", "escalated"}:
        return False
    if voice.asks_first(case.tenant, case.conversation) and (decision.composed or not decision.escalation):
        return False
    key, values = promises.called(case.tenant, case.turn.now, case.language)
    hours = case.say(key, **values) if values else ""
    return not hours or not any(hours in reply for reply in decision.replies)


def _beside(reply: str, aside: str) -> str:
    """Behind the reply; a question at its end stays there."""
    told, _, last = reply.rpartition("\n")
    return f"{told}\n{aside}\n{last}" if told and last.endswith("?") else f"{reply}\n{aside}"


def _is_due(case: Case) -> bool:
    rules, last = case.tenant.config.dialogue, case.conversation.last_bot_at
    return rules.disclose and (last is None or case.turn.now - last >= timedelta(hours=rules.disclose_again_hours))


def _introduced(case: Case, reply: str) -> str:
    """Behind the reply's own greeting; a reply without one gets both."""
    intro = _intro(case, case.language)
    opening = _OPENING.match(reply)
    if opening and burst.is_greeting(burst.words(opening[1])):
        return f"{opening[1]} {intro} {reply[opening.end() :]}".strip()
    return f"{case.say('hello')} {intro}\n{reply}"


def _intro(case: Case, language: str) -> str:
    return case.tenant.texts.get("assistant_intro", language, business=quotable(case.tenant.config.name))
