"""Media of a Telegram message as the host's attachments, and where their bytes are.

A file at Telegram is known by a file id, which only this bot can use: its `url` is `telegram:<file id>`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from truffles_gateway.messages import Attachment, Content
from truffles_telegram.fields import integer, mapping, number, text

SCHEME = "telegram:"
_KINDS = {
    "animation": (Content.VIDEO, "video/mp4"),  # told as a document, too, for those who know no animations
    "voice": (Content.AUDIO, "audio/ogg"),
    "audio": (Content.AUDIO, "audio/mpeg"),
    "video_note": (Content.VIDEO, "video/mp4"),
    "video": (Content.VIDEO, "video/mp4"),
    "document": (Content.DOCUMENT, "application/octet-stream"),
}
_LONGEST_NAME = 200


def attachments(message: Mapping[str, object]) -> tuple[Attachment, ...]:
    """The medium of a message, if it has one: Telegram sends each of an album as a message of its own."""
    caption = text(message.get("caption"))
    if photo := _largest(message.get("photo")):
        return _attachment(photo, Content.IMAGE, "image/jpeg", caption)
    for name, (content, mime) in _KINDS.items():
        if file := mapping(message.get(name)):
            return _attachment(file, content, mime, caption, voice=name == "voice")
    return ()


def _largest(sizes: object) -> Mapping[str, object]:
    """A photo comes in several sizes."""
    known = [mapping(size) for size in sizes] if isinstance(sizes, list) else []
    return max(known, key=lambda size: number(size.get("width")) * number(size.get("height")), default={})


def _attachment(
    file: Mapping[str, object], content: Content, mime: str, caption: str, *, voice: bool = False
) -> tuple[Attachment, ...]:
    if not (file_id := text(file.get("file_id"))):
        return ()
    found = Attachment(
        content=content, mime=text(file.get("mime_type"))[:_LONGEST_NAME] or mime, caption=caption, voice=voice,
        size=max(integer(file.get("file_size")) or 0, 0), url=f"{SCHEME}{file_id}",
        file_name=text(file.get("file_name"))[:_LONGEST_NAME], seconds=max(number(file.get("duration")), 0.0),
    )  # fmt: skip
    return (found,)


def file_id(item: Attachment) -> str:
    """The Telegram file id of an attachment, "" if its bytes are elsewhere."""
    return item.url.removeprefix(SCHEME) if item.url.startswith(SCHEME) else ""


def content_of(message: Mapping[str, object], found: Sequence[Attachment]) -> Content:
    """What a message carries besides words."""
    if found:
        return found[0].content
    for content in (Content.LOCATION, Content.CONTACT, Content.STICKER):
        if message.get(content.value) is not None:
            return content
    return Content.LOCATION if "venue" in message else Content.TEXT
