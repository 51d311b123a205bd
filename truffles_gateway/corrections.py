"""A manager changes words that went out in a draft's place: the customer is told of the change, and nothing else happens.

Words of one's own lead the conversation; these never did, so neither does what puts them right.
"""

from __future__ import annotations

from truffles_gateway.messages import InboundEvent
from truffles_gateway.records import Commit, Conversation, ReplyDraft

IN_PLACE = "in_place"
"""The conversation's word for the messages at a desk that went out in a draft's place: (place, the draft's id, its question)."""
REMEMBERED = 5


def remember(made: Commit, event: InboundEvent, draft: ReplyDraft) -> None:
    """These words went out in the place of a draft."""
    assert made.after is not None
    if event.ref:
        known = [*made.after.context.get(IN_PLACE, ()), [_place(event), draft.id, draft.question]]
        made.touch(context={**made.after.context, IN_PLACE: known[-REMEMBERED:]})


def of_draft(conversation: Conversation, event: InboundEvent) -> tuple[str, str] | None:
    """The id and the question of the draft in whose place the words went out that this event changes."""
    known = conversation.context.get(IN_PLACE, ()) if event.replaces and event.ref else ()
    return next(((id, question) for place, id, question in known if place == _place(event)), None)


def _place(event: InboundEvent) -> str:
    """A message at its desk: an edit has another id, and the same place."""
    return f"{event.thread}/{event.ref}"
