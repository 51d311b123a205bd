"""A manager changes what went out in a draft's place, or it goes on: the further files of an album. The customer gets it,
and nothing else happens.

Words of one's own lead the conversation; these never did, so neither does what puts them right.
"""

from __future__ import annotations

from collections.abc import Sequence

from truffles_gateway.messages import InboundEvent
from truffles_gateway.records import Commit, Conversation, ReplyDraft

IN_PLACE = "in_place"
"""The conversation's word for the messages at a desk that went out in a draft's place: (place, the draft's id, its question,
the album)."""
REMEMBERED = 5


def remember(made: Commit, event: InboundEvent, draft: ReplyDraft) -> None:
    """These words went out in the place of a draft."""
    assert made.after is not None
    if event.ref:
        known = [*made.after.context.get(IN_PLACE, ()), [_place(event), draft.id, draft.question, event.album]]
        made.touch(context={**made.after.context, IN_PLACE: known[-REMEMBERED:]})


def of_draft(conversation: Conversation, event: InboundEvent) -> tuple[str, str] | None:
    """The id and the question of the draft in whose place went what this event changes, or belongs to."""
    known = conversation.context.get(IN_PLACE, ())
    return next(((id, question) for place, id, question, *album in known if _belongs(event, place, album)), None)


def _belongs(event: InboundEvent, place: str, album: Sequence[str]) -> bool:
    if event.replaces and event.ref and place == _place(event):
        return True
    return bool(event.album) and event.album in album


def _place(event: InboundEvent) -> str:
    """A message at its desk: an edit has another id, and the same place."""
    return f"{event.thread}/{event.ref}"
