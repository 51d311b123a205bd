"""What bytes really are, whatever their name and their sender say.

A list of what is known: what is not on it has no type, and no type is refused. The signatures are those of the WHATWG
MIME Sniffing Standard, section 6, and of the formats' own specifications where it knows none.
"""

from __future__ import annotations

import re

from truffles_gateway.messages import Content
from truffles_media.documents import PAGE

TEXT, ZIP, OLE, HTML = "text/plain", "application/zip", "application/x-ole-storage", "text/html"
_OFFICE = "application/vnd.openxmlformats-officedocument."
_STARTS: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"#!AMR", "audio/amr"),
    (b"fLaC", "audio/flac"),
    (b"ID3", "audio/mpeg"),
    (b"%PDF-", "application/pdf"),
    (b"{\\rt", "application/rtf"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", OLE),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
)
_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}
_AVIF = frozenset({b"avif", b"avis"})
_PICTURES = _AVIF | {b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1"}
_LONGEST_BRANDS = 256
_INSIDE_ZIP = (
    (b"AndroidManifest.xml", ""),
    (b"META-INF/MANIFEST.MF", ""),
    (b"word/document.xml", _OFFICE + "wordprocessingml.document"),
    (b"xl/workbook.xml", _OFFICE + "spreadsheetml.sheet"),
    (b"ppt/presentation.xml", _OFFICE + "presentationml.presentation"),
    (b"mimetypeapplication/vnd.oasis.opendocument.text", "application/vnd.oasis.opendocument.text"),
    (b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet", "application/vnd.oasis.opendocument.spreadsheet"),
)
_HANDLER = re.compile(rb"hdlr.{8}(vide|soun)", re.DOTALL)
_MPEG_AUDIO = re.compile(rb"\xff[\xe2\xe3\xf2\xf3\xfa\xfb]")
_ADTS = re.compile(rb"\xff[\xf0\xf1\xf8\xf9]")
_NOT_TEXT = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_BYTE_ORDER_MARKS = (b"\xff\xfe", b"\xfe\xff")
_UNTOLD = frozenset({"", "application/octet-stream", "binary/octet-stream", "application/unknown"})
_TEXTS = frozenset({"text/csv", "text/vcard", "text/x-vcard", "text/calendar", "text/markdown"})
_OLE_TYPES = frozenset(
    {"application/msword", "application/vnd.ms-excel", "application/vnd.ms-powerpoint", "application/vnd.ms-outlook"}
)
_FAMILIES = {
    "application/json": "text", "application/xml": "text", "application/csv": "text", "application/ogg": "audio",
    "application/x-zip-compressed": "zip", "application/x-rar-compressed": "application/vnd.rar",
    "text/rtf": "application/rtf", "application/x-pdf": "application/pdf", ZIP: "zip", OLE: "ole",
}  # fmt: skip


def sniff(data: bytes) -> str:
    """The MIME type of the bytes, "" for what is not known (programs among it)."""
    for start, mime in _STARTS:
        if data.startswith(start):
            return mime
    return (
        _boxed(data) or _text(data) or _framed_audio(data)
    )  # Russian text may begin as a frame does, no frame as text


def _boxed(data: bytes) -> str:
    """Containers that hold one of several things."""
    if data.startswith(b"RIFF"):
        return _RIFF.get(data[8:12], "")
    if data.startswith(b"OggS"):
        return "video/ogg" if b"\x80theora" in data[:512] else "audio/ogg"
    if data.startswith(b"\x1aE\xdf\xa3"):
        return "audio/webm" if b"A_" in data[:4096] and b"V_" not in data[:4096] else "video/webm"
    if data.startswith(b"PK\x03\x04"):
        return next((mime for name, mime in _INSIDE_ZIP if name in data), ZIP)
    return _iso_media(data) if data[4:8] == b"ftyp" else ""


def _iso_media(data: bytes) -> str:
    """ISO base media (ISO/IEC 14496-12): the brands name pictures, the tracks' handlers tell film from sound."""
    brands = [data[at : at + 4] for at in (8, *range(16, min(int.from_bytes(data[:4]), _LONGEST_BRANDS), 4))]
    if brands[0] in _PICTURES:
        return "image/avif" if not _AVIF.isdisjoint(brands) else "image/heic"
    handlers = set(_HANDLER.findall(data))
    return "audio/mp4" if handlers == {b"soun"} or (not handlers and data[8:12] == b"M4A ") else "video/mp4"


def _framed_audio(data: bytes) -> str:
    """Sound without a container: MPEG-1/2 layer III and AAC frames."""
    if _ADTS.match(data):
        return "audio/aac"
    return "audio/mpeg" if _MPEG_AUDIO.match(data) else ""


def _text(data: bytes) -> str:
    """Text in any encoding without control characters, UTF-16 by its mark; a page that a browser would run is none."""
    wide = data.startswith(_BYTE_ORDER_MARKS)
    if not data or (not wide and _NOT_TEXT.search(data)):
        return ""
    return HTML if PAGE.search(data[:4096].replace(b"\0", b"")) else TEXT


def agreed(content: Content, declared: str, data: bytes) -> str:
    """The type under which bytes may pass as `content`, "" if they are something else than was said.

    `declared` is the sender's MIME type. A photo or a sound sent as a file is a document like any other.
    """
    found, declared = sniff(data), declared.partition(";")[0].strip().lower()
    kind = found.partition("/")[0]
    if content in {Content.IMAGE, Content.AUDIO}:
        return found if kind == content.value else ""
    if not found or found == HTML or kind == "video":
        return ""
    if declared not in _UNTOLD and _family(declared) != _family(found):
        return ""
    return declared if _tells_more(declared, found) else found


def _family(mime: str) -> str:
    """What is alike for a sender: all texts, all pictures, all that is packed as ZIP …"""
    if mime in _OLE_TYPES:
        return "ole"
    if mime.startswith((_OFFICE, "application/vnd.oasis.opendocument.")):
        return "zip"
    kind = mime.partition("/")[0]
    return _FAMILIES.get(mime, mime if kind == "application" else kind)


def _tells_more(declared: str, found: str) -> bool:
    return (found == OLE and declared in _OLE_TYPES) or (found == TEXT and declared in _TEXTS)
