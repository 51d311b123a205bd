"""Pictures without what they tell beside the picture: where it was taken, by whom, with what, and what hangs behind its end.

The parts of each format that make the picture are copied as they are and everything else is left out, so no pixel changes
and a picture that tells nothing comes out byte by byte the same. Which way up it is held is part of the picture. Lists say
what is kept: a part that nobody here knows is dropped.

Formats: JPEG (ITU-T T.81, Exif 3.0, ICC.1 annex B.4), PNG 3rd edition, GIF89a, WebP (RFC 9649).
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from truffles_media.documents import refuse_a_second_file
from truffles_media.faults import Fault, FileRefused

UPRIGHT = 1
LARGEST_PROFILE = 1024 * 1024
"""Bytes of a colour profile. Those of cameras and printers have less than 600 KB."""
_EXIF = b"Exif\0\0"
_ICC = b"ICC_PROFILE\0"
_ORIENTATION, _SHORT = 0x0112, 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Stripped:
    """A picture without metadata.

    turned  the Exif orientation, 1 … 8; it is in `data`, too, unless it is 1
    frames  how many pictures an animation has
    pixels  of all frames that are declared beside the picture's own size, 0 where the format has no such
    """

    data: bytes
    turned: int = UPRIGHT
    frames: int = 1
    pixels: int = 0


def strip(mime: str, data: bytes) -> Stripped:
    """The picture alone. Raises `FileRefused` for what is broken or is a second file besides."""
    try:
        return _STRIPPERS[mime](data)
    except (struct.error, IndexError) as problem:
        raise FileRefused(Fault.BROKEN, f"{mime} ends too early") from problem


# Exif


def orientation(tiff: bytes) -> int:
    """Which way up a picture is held, by the first directory of its Exif data; 1 if nothing sensible is said."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None:
        return UPRIGHT
    try:
        [start] = struct.unpack_from(f"{order}I", tiff, 4)
        [count] = struct.unpack_from(f"{order}H", tiff, start)
        entries = (struct.unpack_from(f"{order}HHIH", tiff, start + 2 + 12 * number) for number in range(count))
        found = next((value for tag, kind, _, value in entries if (tag, kind) == (_ORIENTATION, _SHORT)), UPRIGHT)
    except struct.error:
        return UPRIGHT
    return found if 1 <= found <= 8 else UPRIGHT


def _exif(turned: int) -> bytes:
    """Exif data that tell the orientation and nothing else."""
    return b"II*\0\x08\0\0\0" + struct.pack("<HHHIHHI", 1, _ORIENTATION, _SHORT, 1, turned, 0, 0)


# JPEG

_EOI, _SOS = 0xD9, 0xDA
_APP0, _APP1, _APP2, _APP14 = 0xE0, 0xE1, 0xE2, 0xEE
_PICTURE_SEGMENTS = frozenset({*range(0xC0, 0xD0), *range(0xDA, 0xE0)})
_LONE_MARKERS = frozenset({0x00, 0x01, *range(0xD0, 0xD9)})
_END_OF_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")


def _jpeg(data: bytes) -> Stripped:
    kept, profile, turned, end = [b"\xff\xd8"], list[bytes](), UPRIGHT, 2
    for marker, payload, end in _segments(data):
        if marker == _APP1 and payload.startswith(_EXIF):
            turned = orientation(payload[len(_EXIF) :])
        elif marker == _APP2 and payload.startswith(_ICC):
            profile.append(_segment(marker, payload))
        elif marker == _EOI:
            break
        else:
            kept.append(_jpeg_part(marker, payload))
            if marker == _SOS:
                kept.append(data[end : _end_of_scan(data, end)])
    else:
        raise FileRefused(Fault.BROKEN, "a JPEG without an end")
    refuse_a_second_file(data, end)
    told = [_segment(_APP1, _EXIF + _exif(turned))] if turned != UPRIGHT else []
    colours = profile if sum(map(len, profile)) <= LARGEST_PROFILE else []
    first = 2 if kept[1:2] and kept[1].startswith(b"\xff\xe0") else 1  # JFIF wants to be first
    return Stripped(data=b"".join((*kept[:first], *told, *colours, *kept[first:], b"\xff\xd9")), turned=turned)


def _segments(data: bytes) -> Iterator[tuple[int, bytes, int]]:
    """Marker, payload and the place behind it, of every segment; the bytes of scans are passed over."""
    at = 2
    while (at := data.find(b"\xff", at)) >= 0:  # what lies between two segments belongs to none
        marker, at = data[at + 1], at + 1
        if marker == 0xFF:  # fill bytes
            continue
        at += 1
        if marker in _LONE_MARKERS:
            continue
        if marker == _EOI:
            yield marker, b"", at
            return
        [length] = struct.unpack_from(">H", data, at)
        if length < 2 or at + length > len(data):
            raise FileRefused(Fault.BROKEN, "a JPEG with a segment that ends too early")
        yield marker, data[at + 2 : at + length], at + length
        at = _end_of_scan(data, at + length) if marker == _SOS else at + length


def _end_of_scan(data: bytes, start: int) -> int:
    found = _END_OF_SCAN.search(data, start)
    return found.start() if found else len(data)


def _jpeg_part(marker: int, payload: bytes) -> bytes:
    """The segment, if the picture cannot do without it: of JFIF and Adobe's only what says how colours are meant."""
    if marker in _PICTURE_SEGMENTS:
        return _segment(marker, payload)
    if marker == _APP0 and payload.startswith(b"JFIF\0") and len(payload) >= 14:
        return _segment(marker, payload[:12] + b"\0\0")  # without a thumbnail
    if marker == _APP14 and payload.startswith(b"Adobe") and len(payload) >= 12:
        return _segment(marker, payload[:12])
    return b""


def _segment(marker: int, payload: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload


# PNG

_PNG_START = b"\x89PNG\r\n\x1a\n"
_PNG_PARTS = frozenset(
    {
        b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"cICP", b"mDCV", b"cLLI", b"sBIT",
        b"bKGD", b"pHYs", b"acTL", b"fcTL", b"fdAT",
    }
)  # fmt: skip


def _png(data: bytes) -> Stripped:
    kept, turned, frames, end = [_PNG_START], UPRIGHT, 1, len(_PNG_START)
    for name, payload, end in _png_chunks(data):
        if name == b"eXIf":
            turned = orientation(payload)
        elif name == b"iCCP":
            _check_profile(payload)
        elif name == b"acTL":
            [frames] = struct.unpack_from(">I", payload)
        if name in _PNG_PARTS:
            kept.append(data[end - len(payload) - 12 : end])
        if name == b"IEND":
            break
    else:
        raise FileRefused(Fault.BROKEN, "a PNG without an end")
    refuse_a_second_file(data, end)
    told = [_png_chunk(b"eXIf", _exif(turned))] if turned != UPRIGHT else []
    return Stripped(data=b"".join((*kept[:2], *told, *kept[2:])), turned=turned, frames=max(frames, 1))


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes, int]]:
    """Name, payload and the place behind it, of every chunk. The decoder looks at the checksums."""
    at = len(_PNG_START)
    while at < len(data):
        length, name = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        if end > len(data):
            raise FileRefused(Fault.BROKEN, "a PNG with a chunk that ends too early")
        yield name, data[at + 8 : end - 4], end
        at = end


def _png_chunk(name: bytes, payload: bytes) -> bytes:
    return struct.pack(">I", len(payload)) + name + payload + struct.pack(">I", zlib.crc32(name + payload))


def _check_profile(payload: bytes) -> None:
    """The colour profile of a PNG is packed. What unpacks to more than a profile can be was made to do harm."""
    packed = payload[payload.find(b"\0") + 2 :]
    unpacking = zlib.decompressobj()
    try:
        unpacking.decompress(packed, LARGEST_PROFILE)
    except zlib.error as problem:
        raise FileRefused(Fault.BROKEN, "a PNG with a colour profile that cannot be unpacked") from problem
    if unpacking.unconsumed_tail:
        raise FileRefused(Fault.BOMB, "a PNG with a colour profile that is too large")


# GIF

_GIF_EXTENSION, _GIF_IMAGE, _GIF_END = 0x21, 0x2C, 0x3B
_GIF_CONTROL, _GIF_APPLICATION = 0xF9, 0xFF
_GIF_LOOP = (b"\x0bNETSCAPE2.0", b"\x0bANIMEXTS1.0")
_CONTROL_LENGTH, _LOOP_LENGTH = 8, 19


def _gif(data: bytes) -> Stripped:
    end = 13 + _colour_table(data[10])
    kept, frames, pixels = [data[:end]], 0, 0
    while end < len(data) and data[end] != _GIF_END:
        start, end = end, _end_of_gif_block(data, end)
        if data[start] == _GIF_IMAGE:
            width, height = struct.unpack_from("<HH", data, start + 5)
            frames, pixels = frames + 1, pixels + width * height
        if _belongs_to_the_gif(data[start:end]):
            kept.append(data[start:end])
    if not frames:
        raise FileRefused(Fault.BROKEN, "a GIF without a picture")
    refuse_a_second_file(data, end + 1)
    return Stripped(data=b"".join((*kept, bytes([_GIF_END]))), frames=frames, pixels=pixels)


def _colour_table(flags: int) -> int:
    """Its length in bytes."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _end_of_gif_block(data: bytes, at: int) -> int:
    if data[at] == _GIF_IMAGE:
        at += 10 + _colour_table(data[at + 9]) + 1
    elif data[at] == _GIF_EXTENSION:
        at += 2
    else:
        raise FileRefused(Fault.BROKEN, "a GIF with bytes between its blocks")
    while length := data[at]:
        at += 1 + length
    return at + 1


def _belongs_to_the_gif(block: bytes) -> bool:
    if block[0] == _GIF_IMAGE:
        return True
    if block[1] == _GIF_CONTROL:
        return len(block) == _CONTROL_LENGTH
    return block[1] == _GIF_APPLICATION and block[2:14] in _GIF_LOOP and len(block) == _LOOP_LENGTH


# WebP

_WEBP_FRAME = frozenset({b"VP8 ", b"VP8L", b"ALPH"})
_WEBP_PARTS = _WEBP_FRAME | {b"VP8X", b"ANIM", b"ANMF", b"ICCP"}
_HAS_PROFILE, _HAS_EXIF, _HAS_XMP = 0x20, 0x08, 0x04
_FRAME_HEAD = 16


def _webp(data: bytes) -> Stripped:
    [size] = struct.unpack_from("<I", data, 4)
    end = 8 + size
    if end > len(data):
        raise FileRefused(Fault.BROKEN, "a WebP that ends too early")
    chunks = list(_riff_chunks(data[12:end]))
    refuse_a_second_file(data, end)
    exif = next((payload for name, payload in chunks if name == b"EXIF"), b"")
    turned = orientation(exif.removeprefix(_EXIF))
    parts = [(name, payload) for name, payload in chunks if name in _WEBP_PARTS and not _too_large(name, payload)]
    if turned != UPRIGHT:
        parts.append((b"EXIF", _exif(turned)))
    names = {name for name, _ in parts}
    body = b"WEBP" + b"".join(_riff_chunk(name, _webp_payload(name, payload, names)) for name, payload in parts)
    frames = sum(name == b"ANMF" for name, _ in parts)
    stripped = b"RIFF" + struct.pack("<I", len(body)) + body
    return Stripped(data=stripped, turned=turned, frames=max(frames, 1))


def _riff_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at < len(data):
        name, length = struct.unpack_from("<4sI", data, at)
        if at + 8 + length > len(data):
            raise FileRefused(Fault.BROKEN, "a WebP with a chunk that ends too early")
        yield name, data[at + 8 : at + 8 + length]
        at += 8 + length + length % 2


def _riff_chunk(name: bytes, payload: bytes) -> bytes:
    return name + struct.pack("<I", len(payload)) + payload + bytes(len(payload) % 2)


def _too_large(name: bytes, payload: bytes) -> bool:
    return name == b"ICCP" and len(payload) > LARGEST_PROFILE


def _webp_payload(name: bytes, payload: bytes, names: set[bytes]) -> bytes:
    """What is inside: the head's flags name only what is still there, and a frame holds nothing but its picture."""
    if name == b"VP8X":
        told = {b"ICCP": _HAS_PROFILE, b"EXIF": _HAS_EXIF}
        flags = payload[0] & ~(_HAS_PROFILE | _HAS_EXIF | _HAS_XMP)
        return bytes([flags | sum(flag for part, flag in told.items() if part in names)]) + payload[1:]
    if name == b"ANMF":
        inside = (_riff_chunk(*chunk) for chunk in _riff_chunks(payload[_FRAME_HEAD:]) if chunk[0] in _WEBP_FRAME)
        return payload[:_FRAME_HEAD] + b"".join(inside)
    return payload


_STRIPPERS: dict[str, Callable[[bytes], Stripped]] = {
    "image/jpeg": _jpeg, "image/png": _png, "image/gif": _gif, "image/webp": _webp,
}  # fmt: skip
STRIPPED = frozenset(_STRIPPERS)
"""The types that `strip` knows."""
