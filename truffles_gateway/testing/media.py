"""Files to send in tests."""

from __future__ import annotations

import struct

_PIXEL = bytes.fromhex(
    "ffd8ffe000104a46494600010100000100010000ffdb004300100b0c0e0c0a100e0d0e1211101318281a181616183123251d283a333d3c3933383740"
    "485c4e404457453738506d51575f626768673e4d71797064785c656763ffc0000b080001000101011100ffc400140001000000000000000000000000"
    "00000000ffc40014100100000000000000000000000000000000ffda0008010100003f003fffd9"
)
_DENSITY = 14


def jpeg(number: int = 0) -> bytes:
    """A whole JPEG of one grey pixel, 159 bytes. Each number below 2**31 gives another one: its dots lie closer."""
    return _PIXEL[:_DENSITY] + struct.pack(">I", 0x10001 + number) + _PIXEL[_DENSITY + 4 :]
