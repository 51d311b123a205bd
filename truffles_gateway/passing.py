"""Files that managers write in a customer's talk: which of them go to the customer, and what is said of the others. Pure.

Words and files of a message go together. What cannot go is named to whoever wrote it, with the reason; what can goes all
the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from truffles_gateway import fetching
from truffles_gateway.acting import text_of
from truffles_gateway.messages import Attachment, Content, InboundEvent
from truffles_gateway.records import Conversation
from truffles_gateway.tenants import Tenant

KINDS = (Content.IMAGE, Content.AUDIO, Content.DOCUMENT)
"""What may go at all, in the order in which it is named; a film is none of them, by whatever name it comes."""
WRITTEN_OUT = frozenset({Content.LOCATION, Content.CONTACT})
"""Their words are the gateway's own, for people at a desk."""
CLIP = "📎"


def sift(event: InboundEvent, conversation: Conversation, tenant: Tenant) -> tuple[InboundEvent, str]:
    """What of a manager's message can go to the customer, and the line about the rest, "" where all of it can."""
    kinds = _kinds(conversation, tenant)
    if event.content in WRITTEN_OUT:
        event = replace(event, text="")
    if not event.attachments:
        return event, "" if event.text.strip() else _nothing(event, kinds, tenant)
    passed = tuple(part for part in event.attachments if _passes(part, kinds, tenant))
    if len(passed) == len(event.attachments):
        return event, ""
    why = "; ".join(dict.fromkeys(_reasons(event, kinds, tenant)))
    words = "1" if event.text.strip() else ""
    return replace(event, attachments=passed), text_of(tenant, "file_not_passed", why=why, words=words)


def named(attachments: Sequence[Attachment]) -> str:
    """Files in words, for people: what stands where there is no text."""
    names = (part.file_name or part.content.value for part in attachments)
    return f"{CLIP} {', '.join(names)}" if attachments else ""


def for_the_customer(event: InboundEvent) -> tuple[Attachment, ...]:
    """The files of a message as they go out: the caption is the text of the row."""
    return tuple(replace(part, caption="") for part in event.attachments)


def _kinds(conversation: Conversation, tenant: Tenant) -> tuple[Content, ...]:
    """The files that the customer's channel takes."""
    owner = tenant.owner_of(conversation.channel)
    return tuple(kind for kind in KINDS if owner and kind.value in owner.plugin.capabilities.media)


def _passes(part: Attachment, kinds: Sequence[Content], tenant: Tenant) -> bool:
    """Where there is a guard, what it has not seen is not sent."""
    seen = part.checked or (part.blob and tenant.file_guard() is None)
    return _is_kind(part, kinds) and not part.refused and bool(seen)


def _is_kind(part: Attachment, kinds: Sequence[Content]) -> bool:
    return part.content in kinds and not part.mime.startswith("video/")


def _nothing(event: InboundEvent, kinds: Sequence[Content], tenant: Tenant) -> str:
    """Neither words nor a file. Where a caption was taken away, the customer has read it already."""
    if event.replaces and event.content in KINDS:
        return text_of(tenant, "caption_stays")
    return text_of(tenant, "nothing_to_send", kinds=_named_kinds(kinds, tenant))


def _reasons(event: InboundEvent, kinds: Sequence[Content], tenant: Tenant) -> Iterator[str]:
    for part in event.attachments:
        if not _is_kind(part, kinds):
            yield text_of(tenant, "file_kind", kinds=_named_kinds(kinds, tenant))
        elif not _passes(part, kinds, tenant):
            yield _refusal(event, part, tenant)


def _refusal(event: InboundEvent, part: Attachment, tenant: Tenant) -> str:
    """Why this file was not taken, in the words of the guard; one that did not come in time has none of these."""
    guard = tenant.file_guard()
    refused = part.refused and part.refused != fetching.LATE
    told = guard[1].refusals(replace(event, attachments=(part,))) if guard and refused else ()
    return "; ".join(f"{each.what}: {each.reason}" for each in told) or text_of(tenant, "file_unfetched")


def _named_kinds(kinds: Sequence[Content], tenant: Tenant) -> str:
    return ", ".join(text_of(tenant, f"passed_{kind.value}") for kind in (Content.TEXT, *kinds))
