"""What is wanted stands on a picture, which people can see: they get it with the words. Where none came, it is asked for, once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from truffles_gateway import lately
from truffles_gateway.decision import Case, Decision, Escalation
from truffles_gateway.messages import State, Trigger
from truffles_gateway.routes import facts, human

REASON, ASKED = "as in the picture", "picture asked for"
WANTED = "picture_wanted"
"""The conversation's word for the picture that we have asked for: when, by which event, and the words that it belongs to."""


async def go(case: Case) -> Decision:
    """A human with the picture and all the words; without a picture, the question for it."""
    question = _question(case)
    if case.state is State.PENDING:
        return facts.unknown(case, question)
    if not _was_asked(case) and not lately.has_picture(case) and not any(map(lately.is_picture, case.turn.files)):
        return _ask(case)
    wish = Escalation(trigger=Trigger.MEDIA, reason="reason_picture", question=question)
    forgotten = {"clarified": "", WANTED: ""}
    return Decision(
        outcome="escalated", reason=REASON, replies=(human.called(case),), escalation=wish, context=forgotten
    )


def is_here(case: Case) -> bool:
    """Did a picture come to which the words before it belong?"""
    return _was_asked(case) and lately.has_picture(case)


def _ask(case: Case) -> Decision:
    told = {"at": case.turn.now.isoformat(), "by": case.work.events[0].id, "text": case.message.text}
    return Decision(outcome="answered", reason=ASKED, replies=(case.say("send_picture"),), context={WANTED: told})


def _was_asked(case: Case) -> bool:
    """Have we asked for the picture, a short while ago? What this very turn asked before it was thought over nobody read."""
    asked = _asked(case)
    soon = timedelta(minutes=case.tenant.config.dialogue.files_minutes)
    is_own = any(event.id == asked.get("by") for event in case.work.events)
    return bool(asked) and not is_own and case.turn.now - datetime.fromisoformat(asked["at"]) <= soon


def _question(case: Case) -> str:
    """What the card asks: the words that wanted the picture, and those that came with it."""
    before = str(_asked(case)["text"]) if _was_asked(case) else ""
    return "\n".join(dict.fromkeys(filter(None, [before, case.message.text])))


def _asked(case: Case) -> Mapping[str, Any]:
    stored = case.conversation.context.get(WANTED)
    return stored if isinstance(stored, Mapping) else {}
