"""The process that opens one file of a stranger, and is gone afterwards: `python -m truffles_media.sandbox MIME`.

It reads the file from its input and writes a line of JSON, and behind it the bytes of a picture:

    {"mime": "image/jpeg", "width": 4032, "height": 3024}      a picture; mime is "" for a document that may pass as it is
    {"refused": "bomb", "why": "…"}                            `Fault`, and a line for the log

Before it reads, it gives up what it could do harm with: memory, time, the right to write files and to make core dumps,
and any further file descriptor, so that it can neither open a file nor a socket. It has no environment to find secrets
in. It imports nothing of the gateway.
"""

from __future__ import annotations

import codecs
import json
import os
import resource
import signal
import sys
from importlib import import_module
from io import BytesIO
from typing import TYPE_CHECKING, Any

from truffles_media.documents import look_through
from truffles_media.faults import Fault, FileRefused
from truffles_media.strip import LARGEST_PROFILE, STRIPPED, Stripped, strip

if TYPE_CHECKING:
    from PIL import Image

MEMORY = 1024 * 1024 * 1024
"""Bytes of address space: 65 megapixels of HEIC take 890 MB of it while they are decoded and packed again (measured)."""
OUT_OF_MEMORY = 70
"""The status with which it ends then; with 1 it ends where it could not begin."""
CPU_SECONDS = 5
NICE = 10
"""Messages go first."""
CLOCK_SECONDS = 8
LARGEST_OUTPUT = 64 * 1024 * 1024
PIXELS = 65_000_000
"""Of one picture. Phones make up to 64 megapixels in files of the size that is taken here."""
FRAMES, FRAME_PIXELS = 2000, 500_000_000
"""Of an animation: pictures, and their pixels together."""
QUALITY = 90
"""Of a JPEG made of another format; more is larger and looks the same."""
_STANDARD_STREAMS = 3
_FORMATS = {
    "image/jpeg": "JPEG", "image/png": "PNG", "image/gif": "GIF", "image/webp": "WEBP", "image/heic": "HEIF", "image/avif": "AVIF",
}  # fmt: skip


def main(mime: str) -> None:
    """One file from input to output."""
    os.nice(NICE)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, 0)
    _limit(resource.RLIMIT_CPU, CPU_SECONDS)
    if sys.platform == "linux":  # elsewhere the address space cannot be limited
        _limit(resource.RLIMIT_AS, MEMORY)
        if mime != "image/heic":  # which is decoded in threads
            _limit(resource.RLIMIT_NPROC, 0)  # no process besides this one, unless it is root's
    signal.setitimer(signal.ITIMER_REAL, CLOCK_SECONDS)  # ends this process even where nobody is left to end it
    _bring_decoder(mime)
    _limit(resource.RLIMIT_NOFILE, _STANDARD_STREAMS)
    try:
        told, picture = _answer(mime, sys.stdin.buffer.read())
        sys.stdout.buffer.write(json.dumps(told).encode() + b"\n")
        sys.stdout.buffer.write(picture)
        sys.stdout.buffer.flush()
    except MemoryError:
        sys.exit(OUT_OF_MEMORY)


def _limit(what: int, most: int) -> None:
    """Lower a limit for good; one that is lower already stays."""
    hard = resource.getrlimit(what)[1]
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(what, (most, most))


def _bring_decoder(mime: str) -> None:
    """Import what this type needs, as long as files can be opened."""
    if mime not in _FORMATS:
        codecs.lookup("cp437")  # names in archives
        return
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = None  # ours is checked in time, for every format
    Image.preinit()
    for name in ("PIL.ImageOps", "PIL.TiffImagePlugin"):  # Exif is read with the means of TIFF
        import_module(name)
    if mime == "image/webp":
        import_module("PIL.WebPImagePlugin")
    elif mime == "image/avif":
        avif: Any = import_module("PIL.AvifImagePlugin")
        avif.DEFAULT_MAX_THREADS = 1
    elif mime == "image/heic":
        import_module("pi_heif").register_heif_opener(
            thumbnails=False, depth_images=False, aux_images=False, decode_threads=1
        )


def _answer(mime: str, data: bytes) -> tuple[dict[str, Any], bytes]:
    try:
        return _picture(mime, data) if mime in _FORMATS else _document(data)
    except FileRefused as problem:
        return {"refused": problem.fault, "why": problem.detail}, b""
    except MemoryError:
        raise
    except Exception as problem:  # noqa: BLE001 - whatever a decoder raises about foreign bytes, it could not decode them
        return {"refused": Fault.BROKEN, "why": type(problem).__name__}, b""


def _document(data: bytes) -> tuple[dict[str, Any], bytes]:
    look_through(data)
    return {"mime": "", "width": 0, "height": 0}, b""


def _picture(mime: str, data: bytes) -> tuple[dict[str, Any], bytes]:
    """Without metadata, and decoded, so that whoever gets it can decode it, too."""
    from PIL import Image

    stripped = strip(mime, data) if mime in STRIPPED else Stripped(data=data)
    with Image.open(BytesIO(stripped.data), formats=[_FORMATS[mime]]) as picture:
        _check_size(*picture.size, stripped)
        if mime not in STRIPPED:
            return _made_anew(picture)
        width, height = picture.size
        # All of a JPEG is read, but only an eighth of it drawn.
        picture.draft(None, (max(width // 8, 1), max(height // 8, 1)))
        picture.load()
    if stripped.turned > 4:  # on its side
        width, height = height, width
    return {"mime": mime, "width": width, "height": height}, stripped.data


def _check_size(width: int, height: int, stripped: Stripped) -> None:
    if not width or not height:
        raise FileRefused(Fault.BROKEN, "a picture without a size")
    together = max(width * height * stripped.frames, stripped.pixels)
    if width * height > PIXELS or stripped.frames > FRAMES or (stripped.frames > 1 and together > FRAME_PIXELS):
        raise FileRefused(Fault.BOMB, f"{stripped.frames} times {width} x {height} pixels")
    if stripped.frames == 1 and stripped.pixels > PIXELS:
        raise FileRefused(Fault.BOMB, f"{stripped.pixels} pixels")


def _made_anew(picture: Image.Image) -> tuple[dict[str, Any], bytes]:
    """A JPEG, or a PNG where something is transparent, upright and with no metadata but the colour profile.

    For formats that few can open; one that everybody can is left as it is.
    """
    from PIL import ImageOps

    profile = picture.info.get("icc_profile") or b""
    upright = ImageOps.exif_transpose(picture)
    transparent = upright.has_transparency_data
    plain = upright.convert("RGBA" if transparent else "RGB")
    plain.info.clear()
    made, out = ("PNG", "image/png") if transparent else ("JPEG", "image/jpeg"), BytesIO()
    plain.save(out, made[0], quality=QUALITY, icc_profile=profile if len(profile) <= LARGEST_PROFILE else None)
    return {"mime": made[1], "width": plain.width, "height": plain.height}, out.getvalue()


if __name__ == "__main__":
    main(sys.argv[1])
