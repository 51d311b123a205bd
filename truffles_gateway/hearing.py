"""What a customer said in a voice note. Where it may have been misheard it is read back, and counts once they say yes. Pure.

"Вы сказали: «…». Верно?" ─ да ──▶ what was heard is the message, and is answered
                          ├ нет ─▶ please write it, or record it again
                          └ anything else, or nothing for 15 minutes ─▶ a message of its own
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from truffles_gateway import yesno
from truffles_gateway.decision import Case, Decision, brief
from truffles_gateway.messages import Attachment, Content, Inbound, InboundEvent, Route, State

KEY = "read_back"
"""The conversation's word for what was read back: when, the words, the events that they came with, and the event that said
yes ("" until one did), for which they count as long as its turn may be thought about again."""
WANT_A_HUMAN = frozenset({Route.HUMAN, Route.FRUSTRATED})
"""Whoever sounds like it is asked nothing: the human hears the note itself."""
MIC = "🎤"


def needs_a_yes(message: Inbound) -> bool:
    """May part of it have been misheard, with nothing besides, such as a picture, which an answer of one word would leave
    behind?"""
    written_or_spoken = all(event.ignore or event.content in {Content.TEXT, Content.AUDIO} for event in message.events)
    is_all_words = written_or_spoken and all(part.transcript for part in message.attachments)
    return is_all_words and any(part.doubtful for part in message.attachments)


def is_unheard(message: Inbound) -> bool:
    """Does it hold a voice note whose words nobody knows?"""
    return any(part.voice and not part.transcript for part in message.attachments)


def notes(message: Inbound, event: InboundEvent) -> list[Attachment]:
    """The voice notes of an event whose words are known."""
    known = {part.key: part for part in message.attachments if part.transcript}
    return [known[part.key] for part in event.attachments if part.key in known]


def words(message: Inbound, event: InboundEvent, mark: str = "") -> str:
    """What was said in an event's voice notes, a line each, with `mark` before each."""
    return "\n".join(f"{mark} {part.transcript}".strip() for part in notes(message, event))


# --- asking -----------------------------------------------------------------------------------------------------------


def read_back(case: Case) -> Decision | None:
    """Ask whether it was heard right; None where nothing is doubtful, and where people will hear it themselves."""
    for_people = case.state is State.MANAGER_ACTIVE or case.verdict.route in WANT_A_HUMAN
    if for_people or not needs_a_yes(case.message):
        return None
    said = " ".join(part.transcript for part in case.message.attachments if part.doubtful)
    case.trace.note("read back", outcome="asked", heard=brief(said))
    asked = {
        "at": case.turn.now.isoformat(), "text": case.message.text, "by": "",
        "events": [stored.id for stored in case.work.events],
    }  # fmt: skip
    question = case.say("heard_question", text=brief(said))
    return Decision(outcome="answered", reason="read back", replies=(question,), context={KEY: asked})


def answer(case: Case) -> Decision | None:
    """Take the answer: a yes makes the message what was heard, a no asks for it once more. None: there is something to
    think about."""
    if _is_yes_told_again(case):
        _pass_over(case)
    asked = _standing(case)
    meant = yesno.read(case.message.text) if asked else None
    if meant is None:
        return None
    case.trace.note("read back", outcome="yes: it counts" if meant else "no")
    if not meant:
        return Decision(outcome="answered", reason="misheard", replies=(case.say("heard_again"),))
    case.message, case.confirmed = case.message.with_(text=str(asked["text"])), True
    _pass_over(case)
    return None


def _is_yes_told_again(case: Case) -> bool:
    """Was it said by an event of this turn, which is thought about again with more words behind it?"""
    by = _stored(case.conversation.context).get("by")
    return bool(by) and any(stored.event.event_id == by for stored in case.work.events)


def _pass_over(case: Case) -> None:
    """Plugins see the dialogue as it would be, had it been heard at once: nobody has said the same twice."""
    at = datetime.fromisoformat(_stored(case.conversation.context)["at"])
    case.turn = replace(case.turn, history=tuple(line for line in case.turn.history if line.at < at))


def _standing(case: Case) -> Mapping[str, Any]:
    """The question, if it waits for its answer: not where this turn's own words brought it about (nobody read it then), nor
    once a human has said something since."""
    asked = _stored(case.conversation.context)
    if not asked or asked["by"] or case.state is State.MANAGER_ACTIVE:
        return {}
    if {stored.id for stored in case.work.events} & set(asked["events"]):
        return {}
    at, manager = datetime.fromisoformat(asked["at"]), case.conversation.last_manager_at
    until = at + timedelta(minutes=case.tenant.config.dialogue.read_back_minutes)
    is_over = case.turn.now > until or (manager is not None and manager > at)
    return {} if is_over else asked


# --- remembering ------------------------------------------------------------------------------------------------------


def remembered(case: Case) -> dict[str, Any]:
    """What the conversation keeps of the question behind this turn: whatever came now, it is over."""
    asked = _stored(case.conversation.context)
    if asked and case.confirmed:
        by = next((each.event.event_id for each in reversed(case.work.events) if not each.event.ignore), "")
        return {KEY: {**asked, "by": asked["by"] or by}}
    return {} if _is_yes_told_again(case) else {KEY: ""}


def spoken(event: InboundEvent, context: Mapping[str, Any]) -> InboundEvent:
    """An event as it is meant: the "yes" that answered the question stands for what was read back."""
    asked = _stored(context)
    said_yes = bool(event.event_id) and asked.get("by") == event.event_id
    return replace(event, text=str(asked["text"])) if said_yes else event


def _stored(context: Mapping[str, Any]) -> Mapping[str, Any]:
    asked = context.get(KEY)
    return asked if isinstance(asked, Mapping) else {}
