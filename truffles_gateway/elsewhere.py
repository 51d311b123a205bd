"""The same question about another branch: "а в Меге?" right after an answer asks there what was asked here. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from truffles_gateway.choosing import Choice
from truffles_gateway.decision import Case, Decision
from truffles_gateway.messages import State

ANSWERED = "branch_answered"
"""The conversation's word for the question that was answered last: when, of which branch, by which event, and the event
that it was asked with."""
REASON = "asked of another branch"
SOON = timedelta(minutes=10)


def again(case: Case, choice: Choice) -> Choice:
    """The choice with what was answered right before, if it is another branch and nothing besides."""
    stored = _answered(case)
    if choice.rest or not stored or not _is_news(case, stored, choice.key):
        return choice
    at, manager = datetime.fromisoformat(stored["at"]), case.conversation.last_manager_at
    is_over = case.turn.now - at > SOON or (manager is not None and manager > at)
    return choice if is_over else replace(choice, rest=stored["text"])


def remember(case: Case, decision: Decision) -> Decision:
    """The decision with the question that it answers, or with none. What is answered of another branch is no repetition,
    even in the same words."""
    if not case.tenant.config.branching.may_ask:
        return decision
    if decision.outcome != "answered" or decision.reason or case.state is not State.BOT_ACTIVE:
        return replace(decision, context={ANSWERED: "", **decision.context})
    stored, text, by = _answered(case), case.message.text, case.work.events[0].id
    is_same = bool(stored) and stored["text"] == text and _is_news(case, stored, case.turn.branch)
    asked = stored["asked"] if is_same else by
    told = {"at": case.turn.now.isoformat(), "branch": case.turn.branch, "by": by, "asked": asked, "text": text}
    reason = REASON if is_same else decision.reason
    return replace(decision, reason=reason, context={ANSWERED: told, **decision.context})


def _answered(case: Case) -> Mapping[str, Any]:
    """What was answered last; nothing if these very words, thought about again, asked it: nobody read the answer."""
    stored = case.conversation.context.get(ANSWERED)
    return stored if isinstance(stored, Mapping) and stored["asked"] not in _own(case) else {}


def _is_news(case: Case, stored: Mapping[str, Any], branch: str) -> bool:
    """Was it not yet answered of `branch`, as far as the customer read?"""
    return stored["branch"] != branch or stored["by"] in _own(case)


def _own(case: Case) -> set[str]:
    return {event.id for event in case.work.events}
