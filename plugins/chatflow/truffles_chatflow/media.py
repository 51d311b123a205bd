"""The media of a webhook: descriptions and inline bytes."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping

from truffles_chatflow.fields import Scopes, flag, line, mapping, number
from truffles_gateway.messages import Attachment, Content

MEDIA = frozenset({Content.IMAGE, Content.AUDIO, Content.VIDEO, Content.DOCUMENT, Content.STICKER})
HOLDERS = ("mediaData", "media_data", "media", "file", "attachment")
_NAMED = {
    "imageMessage": Content.IMAGE,
    "audioMessage": Content.AUDIO,
    "videoMessage": Content.VIDEO,
    "ptvMessage": Content.VIDEO,
    "documentMessage": Content.DOCUMENT,
    "stickerMessage": Content.STICKER,
}
_FLAT = ("mediaUrl", "media_url", "base64")
_HELD = (*_FLAT, "url", "mimetype", "mime", "mimeType", "fileName", "filename", "caption")
_MOST = 30
_LARGEST = 2**53
_LONGEST = 86_400.0
_DATA_URL = re.compile(r"data:([\w.+/-]{0,100})[^,]{0,200},")
_URL_SAFE = str.maketrans("-_", "+/", " \t\r\n")


def holders(body: Mapping[str, object], message: Mapping[str, object]) -> list[Mapping[str, object]]:
    """The objects that describe media: `mediaData` and its aliases, WhatsApp's own, or the flat keys of the body."""
    scopes = Scopes((body, mapping(body.get("metadata")), message))
    found = [item for value in scopes.every(*HOLDERS) for item in _items(value)]
    found = found or [mapping(message[name]) for name in _NAMED if message.get(name)]
    return [item for item in found or [body] if _describes(item, flat=item is body)][:_MOST]


def _items(value: object) -> list[Mapping[str, object]]:
    """One description, several, or a bare link."""
    if isinstance(value, str):
        return [{"url": value}]
    return [mapping(item) for item in value] if isinstance(value, list) else [mapping(value)]


def _describes(item: Mapping[str, object], *, flat: bool) -> bool:
    return any(name in item and line(item[name]) for name in (_FLAT if flat else _HELD))


def inline_size(items: list[Mapping[str, object]]) -> int:
    """How many bytes of the request are inline media."""
    return sum(len(value) for item in items if isinstance(value := item.get("base64"), str))


def attachment(item: Mapping[str, object], content: Content, *, voice: bool, keep_bytes: bool) -> Attachment:
    """One description → an attachment. Bytes that cannot be decoded leave an attachment without data."""
    fields = Scopes((item,))
    data, embedded_mime = _decode(item.get("base64")) if keep_bytes else (None, "")
    mime = (fields.line("mimetype", "mime", "mimeType", "mime_type") or embedded_mime).partition(";")[0].strip()
    return Attachment(
        content=content if content in MEDIA else content_of(mime),
        mime=mime.lower()[:200],
        size=_size(fields) if data is None else len(data),
        url=_url(fields.line("url", "mediaUrl", "media_url")),
        file_name=fields.line("fileName", "filename", "file_name", "title")[:255],
        caption=fields.line("caption"),
        voice=voice or flag(item.get("ptt")),
        seconds=_seconds(fields),
        data=data,
    )


def content_of(mime: str) -> Content:
    """What a MIME type says; a document where it says nothing."""
    kind = mime.lower().partition("/")[0]
    return {"image": Content.IMAGE, "audio": Content.AUDIO, "video": Content.VIDEO}.get(kind, Content.DOCUMENT)


def _size(fields: Scopes) -> int:
    sizes = map(number, fields.every("size", "fileSize", "fileLength", "file_size", "length"))
    return int(min(max(next(filter(None, sizes), 0.0), 0.0), _LARGEST))


def _seconds(fields: Scopes) -> float:
    times = map(number, fields.every("seconds", "duration"))
    return min(max(next(filter(None, times), 0.0), 0.0), _LONGEST)


def _url(raw: str) -> str:
    return raw if raw.lower().startswith(("https://", "http://")) and len(raw) <= 8192 else ""


def _decode(value: object) -> tuple[bytes | None, str]:
    """The bytes, and the MIME type of a data URL."""
    if not isinstance(value, str) or not value.strip():
        return None, ""
    header = _DATA_URL.match(value)
    packed = value[header.end() if header else 0 :].translate(_URL_SAFE).rstrip("=")
    try:
        data = base64.b64decode(packed + "=" * (-len(packed) % 4), validate=True)
    except (binascii.Error, ValueError):
        data = b""
    return data or None, header[1] if header else ""
