"""How the bot introduces itself: whoever hears from it for the first time, or after a day, is told in the same message that
it is a machine that writes. Pure."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

from truffles_gateway import burst
from truffles_gateway.decision import Case, Decision

_OPENING = re.compile(r"([^.!?\n]{1,40}[.!])\s*")


def introduce(case: Case, decision: Decision) -> Decision:
    """The decision, with the introduction in its first reply where one is due."""
    if not decision.replies or not _is_due(case):
        return decision
    case.trace.note("introduction", outcome="a virtual assistant writes")
    first, *others = decision.replies
    return replace(decision, replies=(_introduced(case, first), *others))


def unintroduced(case: Case, text: str) -> str:
    """What was said without its introduction, in any of the tenant's languages."""
    for language in case.tenant.config.languages:
        intro, hello = _intro(case, language), case.tenant.texts.get("hello", language)
        text = text.replace(f"{hello} {intro}\n", "").replace(f"{intro} ", "")
    return text


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
    return case.tenant.texts.get("assistant_intro", language, business=case.tenant.config.name)
