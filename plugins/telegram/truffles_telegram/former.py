"""Updates from groups that were a desk of this tenant once: they are told from a stranger's, and carry nothing out."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from truffles_gateway.messages import EventKind, InboundEvent
from truffles_telegram.fields import integer, mapping
from truffles_telegram.parse import parse

FORMER = "former"


def read(update: Mapping[str, object], groups: Collection[str], former: Collection[str]) -> InboundEvent:
    """The one event of an update. What managers do in a `former` group is marked, so that the host answers it and does
    nothing; nobody waits there for a change of words, and no file is fetched."""
    event = parse(update, {*groups, *former})
    if event.ignore or event.kind is EventKind.CUSTOMER or _chat(update) in groups or _chat(update) not in former:
        return event
    return replace(event, action=FORMER, hold=0.0, attachments=())


def _chat(update: Mapping[str, object]) -> str:
    query = mapping(update.get("callback_query"))
    said = mapping(query.get("message") or update.get("message") or update.get("edited_message"))
    chat = integer(mapping(said.get("chat")).get("id"))
    return "" if chat is None else str(chat)
