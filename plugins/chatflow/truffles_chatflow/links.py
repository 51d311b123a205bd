"""Where ChatFlow fetches a medium from: a link of the medium's own, or one to the bytes that the gateway keeps."""

from __future__ import annotations

from dataclasses import replace
from typing import NoReturn

from truffles_gateway.messages import Attachment, Outgoing
from truffles_gateway.plugin import Resources

LINK_SECONDS = 3600.0
"""ChatFlow fetches before it answers; the rest is for a queue of its own."""


class NoLinkError(Exception):
    """Nobody could fetch this medium. Its text is a line for managers, with the cure."""


async def linked(outgoing: Outgoing, resources: Resources) -> Outgoing:
    """The row with a link at each medium that lives for an hour: to be made anew for each attempt. Raises `NoLinkError`."""
    if not outgoing.attachments:
        return outgoing
    return replace(outgoing, attachments=tuple([await _linked(each, resources) for each in outgoing.attachments]))


async def _linked(item: Attachment, resources: Resources) -> Attachment:
    own = item.url if item.url.startswith(("https://", "http://")) else ""
    if not item.blob:
        return replace(item, url=own or _none(resources, "not_kept"))
    if await resources.blobs.get(item.blob) is None:
        _none(resources, "gone")
    made = await resources.links.to(item.blob, mime=item.mime, name=item.file_name, seconds=LINK_SECONDS)
    return replace(item, url=made or own or _none(resources, "no_public_url"))


def _none(resources: Resources, why: str) -> NoReturn:
    raise NoLinkError(resources.texts.get(f"chatflow_{why}", next(iter(resources.languages), "ru")))
