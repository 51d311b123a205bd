"""Pictures behind the sandbox: nothing told beside the picture, every pixel in place, and bombs and hangs harm one file."""

from __future__ import annotations

import asyncio
import base64
import io
import os
import struct
import sys
import time
import zlib
from pathlib import Path

import pytest
from PIL import Image, ImageOps
from truffles_media.cleaner import Cleaned, Cleaner
from truffles_media.faults import Fault, FileRefused
from truffles_media.sandbox import PIXELS
from truffles_media.sniff import sniff

from truffles_gateway.testing import jpeg

ROTATED = 6
SECRET = b"SECRETMAKER"
PLACE = struct.pack(">II", 43, 1)
FORMATS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/gif": "GIF", "image/webp": "WEBP"}
FILM = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + b"\0\0\0\x10mdat" + bytes(range(8)) + b"PK\x03\x04 by accident MZ"
PAGES = [
    b"PK\x03\x04" + bytes(26) + b"PK\x01\x02" + bytes(42) + b"PK\x05\x06" + bytes(4) + b"\1\0\1\0" + b"\x2e\0\0\0" + bytes(6),
    b"<html><script>alert(1)</script>", b"\n<?php system($_GET[0]); ?>", b"%PDF-1.4\n%%EOF", b"#!/bin/sh\nid\n",
    b"MZ" + bytes(58) + b"\x40\0\0\0PE\0\0", b"\0\0\x7fELF\2\1\1", b"Rar!\x1a\x07\1\0",
]  # fmt: skip
HEIC = base64.b64decode(
    "AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAchtZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAAAAAADRpbG9jAAAAAERAAAIA"
    "AQAAAAAB7AABAAAAAAAAADYAAgAAAAACIgABAAAAAAAAAH4AAAA4aWluZgAAAAAAAgAAABVpbmZlAgAAAAABAABodmMxAAAAABVpbmZlAgAAAQACAABFeGlm"
    "AAAAAA5waXRtAAAAAAABAAABB2lwcnAAAADmaXBjbwAAAHZodmNDAQNwAAAAkAAAAAAAHvAA/P34+AAADwNgAAEAGEABDAH//wNwAAADAJAAAAMAAAMAHroC"
    "QGEAAQAqQgEBA3AAAAMAkAAAAwAAAwAeoCCBBZbq5Ka5uAhoMCAAAAMDIAAAAwAhYgABAAZEAcFzwIkAAAATY29scm5jbHgAAQANAAaAAAAAFGlzcGUAAAAA"
    "AAAAQAAAAEAAAAAoY2xhcAAAAEAAAAABAAAAMAAAAAEAAAAAAAAAAv////AAAAACAAAAEHBpeGkAAAAAAwgICAAAAAlpcm90AwAAABlpcG1hAAAAAAAAAAEA"
    "AQaBAgMFhIYAAAAaaXJlZgAAAAAAAAAOY2RzYwACAAEAAQAAALxtZGF0AAAAMigBrxmA94RJf/SCCNnTcAzV4r7CykD7kvGwGsufBfidCHlXm/tv4O+jrYm3"
    "aLTf8EWAAAAABkV4aWYAAE1NACoAAAAIAAMBDwACAAAADAAAADIBEgADAAAAAQAGAACIJQAEAAAAAQAAAD4AAAAAU0VDUkVUTUFLRVIAAAIAAQACAAAAAk4A"
    "AAAAAgAFAAAAAwAAAFwAAAAAAAAAKwAAAAEAAAAPAAAAAQAAAAAAAAAB"
)
"""As an iPhone makes it: 64 x 48, red, its upper left quarter blue, held on its side, with a place and a maker."""


def exif() -> Image.Exif:
    """Of a phone that was held on its side and knew where it was."""
    told = Image.Exif()
    told[0x0112], told[0x010F] = ROTATED, SECRET.decode()
    told.get_ifd(0x8825).update({1: "N", 2: (43.0, 15.0, 12.0), 3: "E", 4: (76.0, 54.0, 3.0)})
    return told


def drawn() -> Image.Image:
    """A picture that looks different from each side."""
    picture = Image.linear_gradient("L").resize((64, 48)).convert("RGB")
    picture.paste((0, 0, 200), (0, 0, 32, 24))
    return picture


def saved(mime: str, picture: Image.Image | None = None, **more: object) -> bytes:
    """Bytes of a picture."""
    out = io.BytesIO()
    (picture or drawn()).save(out, FORMATS.get(mime, "AVIF"), **more)
    return out.getvalue()


def opened(data: bytes) -> Image.Image:
    """Decoded by nobody of ours."""
    picture = Image.open(io.BytesIO(data))
    picture.load()
    return picture


def chatty(mime: str) -> bytes:
    """A photo that tells where it was taken, and more."""
    if mime == "image/jpeg":
        return saved(mime, exif=exif(), comment=SECRET, xmp=b"<x:xmpmeta>" + SECRET + b"</x:xmpmeta>", quality=95)
    if mime == "image/png":
        return with_chunk(saved(mime, exif=exif()), b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + SECRET)
    if mime == "image/webp":
        return saved(mime, exif=exif(), xmp=SECRET, lossless=True)
    return saved(mime, comment=SECRET)


def with_chunk(png: bytes, name: bytes, payload: bytes) -> bytes:
    """A PNG with one chunk more, behind its head."""
    checksum = struct.pack(">I", zlib.crc32(name + payload))
    return png[:33] + struct.pack(">I", len(payload)) + name + payload + checksum + png[33:]


async def clean(data: bytes, mime: str = "") -> Cleaned:
    """What is kept of the bytes."""
    return await Cleaner().clean(data, mime or sniff(data))


async def fault(data: bytes, mime: str = "", cleaner: Cleaner | None = None) -> Fault:
    """Why they are refused."""
    with pytest.raises(FileRefused) as caught:
        await (cleaner or Cleaner()).clean(data, mime or sniff(data))
    return caught.value.fault


@pytest.mark.parametrize("mime", FORMATS)
async def test_what_a_photo_tells_of_its_place_and_maker_is_gone_and_no_pixel_changes(mime: str) -> None:
    given = chatty(mime)
    assert SECRET in given
    cleaned = await clean(given)
    assert cleaned.mime == mime
    assert SECRET not in cleaned.data and b"GPS" not in cleaned.data and PLACE not in cleaned.data
    before, after = opened(given), opened(cleaned.data)
    assert ImageOps.exif_transpose(after).tobytes() == ImageOps.exif_transpose(before).tobytes()
    assert set(after.getexif()) <= {0x0112}
    assert (cleaned.width, cleaned.height) == ImageOps.exif_transpose(before).size


@pytest.mark.parametrize("mime", FORMATS)
async def test_what_tells_nothing_stays_as_it_is_byte_by_byte(mime: str) -> None:
    given = saved(mime)
    assert (await clean(given)).data == given


@pytest.mark.parametrize("mime", FORMATS)
async def test_cleaning_twice_is_cleaning_once(mime: str) -> None:
    once = await clean(chatty(mime))
    assert await clean(once.data) == once


@pytest.mark.parametrize("turned", range(1, 9))
async def test_whichever_way_a_phone_is_held_the_photo_is_upright(turned: int) -> None:
    told = Image.Exif()
    told[0x0112] = turned
    given = saved("image/jpeg", exif=told)
    cleaned = await clean(given)
    assert opened(cleaned.data).getexif().get(0x0112, 1) == turned
    assert (cleaned.width, cleaned.height) == ((64, 48) if turned < 5 else (48, 64))


async def test_a_camera_that_writes_exif_alone_is_understood_in_either_byte_order() -> None:
    for order in ("<", ">"):
        mark = b"II*\0" if order == "<" else b"MM\0*"
        tiff = mark + struct.pack(f"{order}IHHHIHHI", 8, 1, 0x0112, 3, 1, ROTATED, 0, 0)
        segment = b"\xff\xe1" + struct.pack(">H", len(tiff) + 8) + b"Exif\0\0" + tiff
        given = jpeg()[:2] + segment + jpeg()[20:]  # without JFIF
        assert opened((await clean(given)).data).getexif()[0x0112] == ROTATED


@pytest.mark.parametrize("mime", ["image/jpeg", "image/png", "image/webp"])
async def test_colours_stay_what_they_are(mime: str) -> None:
    profile = bytes(36) + b"acsp" + bytes(500)
    given = saved(mime, icc_profile=profile, exif=exif())
    assert opened((await clean(given)).data).info["icc_profile"] == profile


async def test_colours_of_four_inks_stay_what_they_are() -> None:
    given = saved("image/jpeg", drawn().convert("CMYK"))
    cleaned = opened((await clean(given)).data)
    assert (cleaned.mode, cleaned.tobytes()) == ("CMYK", opened(given).tobytes())


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "LA", "1", "I;16"])
async def test_every_kind_of_png_passes(mode: str) -> None:
    given = saved(
        "image/png", drawn().convert("RGB" if mode == "I;16" else mode) if mode != "I;16" else Image.new(mode, (9, 9))
    )
    assert (await clean(given)).data == given


@pytest.mark.parametrize("mime", ["image/gif", "image/png", "image/webp"])
async def test_what_moves_goes_on_moving(mime: str) -> None:
    frames = [Image.new("RGB", (40, 30), (shade, 0, 0)) for shade in (10, 90, 200)]
    given = saved(mime, frames[0], save_all=True, append_images=frames[1:], duration=100, loop=0)
    cleaned = opened((await clean(given)).data)
    assert getattr(cleaned, "n_frames", 1) == 3
    assert cleaned.info["duration"] == 100


async def test_what_a_careless_camera_leaves_between_its_segments_is_left_out() -> None:
    assert (await clean(jpeg()[:20] + bytes(7) + b"\xff\xff" + jpeg()[20:])).data == jpeg()


async def test_a_progressive_photo_passes_with_all_its_scans() -> None:
    given = saved("image/jpeg", progressive=True)
    assert (await clean(given)).data == given


TRAILERS = {
    "motion photo": FILM,
    "two films": FILM + FILM,
    "second photo, smaller": jpeg(1),
    "samsung": b"\0\0\x30\x0a\x10\0\0\0MotionPhoto_Data" + FILM + b"SEFH\x6a\0\0\0\1\0\0\0SEFT",
    "padding": bytes(3000),
    "unknown": bytes(range(256)) * 20,
}


@pytest.mark.parametrize("trailer", TRAILERS.values(), ids=TRAILERS)
async def test_what_phones_hang_behind_a_photo_is_left_out_and_the_photo_passes(trailer: bytes) -> None:
    assert (await clean(jpeg() + trailer)).data == jpeg()


@pytest.mark.parametrize("mime", FORMATS)
@pytest.mark.parametrize("page", PAGES, ids=lambda page: repr(page[:8]))
async def test_a_picture_that_is_another_file_too_is_refused(mime: str, page: bytes) -> None:
    assert await fault(saved(mime) + page) is Fault.SMUGGLED


async def test_a_picture_with_a_page_in_its_comment_loses_the_page() -> None:
    given = saved("image/jpeg", comment=b"<?php system($_GET[0]); ?>")
    assert (await clean(given)).data == saved("image/jpeg")


async def test_a_photo_of_an_iphone_becomes_one_that_everybody_can_open() -> None:
    assert SECRET in HEIC
    cleaned = await clean(HEIC)
    assert (cleaned.mime, cleaned.width, cleaned.height) == ("image/jpeg", 48, 64)
    assert SECRET not in cleaned.data and b"Exif" not in cleaned.data
    picture = opened(cleaned.data)
    corner = picture.getpixel((40, 5))
    assert isinstance(corner, tuple) and corner[2] > 150 > corner[0]  # upright, blue is at the right


async def test_an_avif_becomes_one_that_everybody_can_open() -> None:
    cleaned = await clean(saved("image/avif", exif=exif()))
    assert (cleaned.mime, cleaned.width, cleaned.height) == ("image/jpeg", 48, 64)
    transparent = saved("image/avif", Image.new("RGBA", (20, 20), (255, 0, 0, 100)))
    assert (await clean(transparent)).mime == "image/png"


def sized(mime: str, width: int, height: int) -> bytes:
    """A small picture that says it is a large one."""
    data = bytearray(saved(mime))
    if mime == "image/png":
        data[16:24] = struct.pack(">II", width, height)
        data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    elif mime == "image/gif":
        data[6:10] = struct.pack("<HH", width, height)
    else:
        at = data.index(b"\xff\xc0") + 5
        data[at : at + 4] = struct.pack(">HH", height, width)
    return bytes(data)


@pytest.mark.parametrize("mime", ["image/jpeg", "image/png", "image/gif"])
async def test_a_picture_of_a_billion_pixels_is_a_bomb(mime: str) -> None:
    assert await fault(sized(mime, 60_000, 60_000)) is Fault.BOMB


async def test_a_frame_may_be_no_larger_than_a_picture() -> None:
    data = bytearray(saved("image/gif"))
    at = data.index(b"\x2c\0\0\0\0") + 5
    data[at : at + 4] = struct.pack("<HH", 60_000, 60_000)
    assert await fault(bytes(data)) is Fault.BOMB


async def test_a_large_photo_is_no_bomb() -> None:
    side = int(PIXELS**0.5) // 8 * 8
    given = saved("image/jpeg", Image.new("L", (side, side)))
    assert (await clean(given)).width == side


async def test_too_many_frames_are_a_bomb() -> None:
    gif = saved("image/gif", Image.new("L", (1, 1)))
    frame = gif[gif.index(b"\x2c") : -1]
    assert await fault(gif[:-1] + frame * 3000 + b";") is Fault.BOMB
    wide = sized("image/gif", 8000, 8000)
    frame = wide[wide.index(b"\x2c\0\0\0\0") : -1]
    assert await fault(wide[:-1] + frame * 20 + b";") is Fault.BOMB
    moving = with_chunk(saved("image/png"), b"acTL", struct.pack(">II", 100_000, 0))
    assert await fault(moving) is Fault.BOMB


async def test_a_colour_profile_that_unpacks_to_a_gigabyte_is_a_bomb() -> None:
    packed = zlib.compress(bytes(50_000_000), 9)
    assert await fault(with_chunk(saved("image/png"), b"iCCP", b"x\0\0" + packed)) is Fault.BOMB


async def test_a_text_that_unpacks_to_a_gigabyte_is_left_out_unread() -> None:
    packed = zlib.compress(bytes(50_000_000), 9)
    assert (await clean(with_chunk(saved("image/png"), b"zTXt", b"x\0\0" + packed))).data == saved("image/png")


@pytest.mark.parametrize("mime", [*FORMATS, "image/avif"])
async def test_half_a_picture_is_broken(mime: str) -> None:
    given = saved(mime, exif=exif())
    assert await fault(given[: len(given) * 2 // 3]) is Fault.BROKEN


@pytest.mark.parametrize(
    "data", [b"\xff\xd8\xff", b"\xff\xd8\xff\xe0\0\1", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"RIFF\4\0\0\0WEBP", HEIC[:200]]
)
async def test_what_only_begins_like_a_picture_is_broken(data: bytes) -> None:
    assert await fault(data) is Fault.BROKEN


# What a decoder may do


def cell(tmp_path: Path, code: str, seconds: float = 7.0) -> Cleaner:
    """A cleaner whose decoder was taken over and runs `code`, behind the limits of the real one."""
    script = tmp_path / "taken_over.py"
    script.write_text(
        "import sys, os, socket, subprocess, time, json, signal\n"
        "from truffles_media import sandbox\n"
        "def taken_over(mime, data):\n" + "".join(f"    {line}\n" for line in code.splitlines()) + "\n"
        "sandbox._answer = taken_over\n"
        "sandbox.CPU_SECONDS = 1\n"
        "sandbox.main(sys.argv[1])\n"
    )
    return Cleaner(command=(sys.executable, "-I", str(script)), seconds=seconds)


NOTHING = 'return {"refused": "active", "why": str(got)}, b""'
FORBIDDEN = {
    "open a file": 'got = open("/etc/hostname").read()',
    "write a file": 'got = os.open("/tmp/taken-over", os.O_CREAT | os.O_WRONLY)',
    "open a socket": "got = socket.socket()",
    "run a command": 'got = subprocess.check_output(["id"])',
    "make a pipe": "got = os.pipe()",
    "raise its limits": "import resource; got = resource.setrlimit(resource.RLIMIT_NOFILE, (50, 50))",
}


@pytest.mark.parametrize("attempt", FORBIDDEN.values(), ids=FORBIDDEN)
async def test_a_decoder_that_was_taken_over_reaches_nothing(tmp_path: Path, attempt: str) -> None:
    code = f"try:\n    {attempt}\nexcept (OSError, ValueError) as problem:\n    got = 'kept from it'\n{NOTHING}"
    if os.geteuid() == 0 and "setrlimit" in attempt:
        pytest.skip("root may raise its limits; the gateway's image runs as another user")
    with pytest.raises(FileRefused) as caught:
        await cell(tmp_path, code).clean(jpeg(), "image/jpeg")
    assert caught.value.detail == "kept from it"


async def test_a_decoder_knows_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "a secret of the gateway")
    with pytest.raises(FileRefused) as caught:
        await cell(tmp_path, f"got = dict(os.environ)\n{NOTHING}").clean(jpeg(), "image/jpeg")
    assert "secret" not in caught.value.detail


ENDS = {
    "a crash": ("os.kill(os.getpid(), signal.SIGSEGV)", Fault.BROKEN),
    "an endless loop": ("while True: pass", Fault.BOMB),
    "memory without end": ("return {}, b'x' * (8 << 30)", Fault.BOMB),
    "an exit": ("os._exit(0)", Fault.BROKEN),
    "words that nobody asked for": ("os.write(1, b'[1, 2]\\n')\nos._exit(0)", Fault.BROKEN),
    "a fault that nobody knows": ("return {'refused': 'because'}, b''", Fault.BROKEN),
    "a page for a picture": ("return {'mime': 'image/jpeg', 'width': 1, 'height': 1}, b'<html>'", Fault.BROKEN),
    "a type of its own": ("return {'mime': 'text/html', 'width': 1, 'height': 1}, b'<html>'", Fault.BROKEN),
    "a size of its own": ("return {'mime': 'image/jpeg', 'width': -1, 'height': 1}, data", Fault.BROKEN),
    "words without end": ("while True: os.write(1, b'x' * 65536)", Fault.BOMB),
}


@pytest.mark.parametrize(("code", "expected"), ENDS.values(), ids=ENDS)
async def test_whatever_becomes_of_a_decoder_costs_one_picture(tmp_path: Path, code: str, expected: Fault) -> None:
    bad, good = await asyncio.gather(fault(jpeg(), "image/jpeg", cell(tmp_path, code)), clean(jpeg()))
    assert (bad, good.data) == (expected, jpeg())


async def test_a_decoder_that_sleeps_is_ended_with_the_time(tmp_path: Path) -> None:
    start = time.monotonic()
    assert await fault(jpeg(), "image/jpeg", cell(tmp_path, "time.sleep(60)", seconds=1.0)) is Fault.UNCHECKED
    assert time.monotonic() - start < 5


async def test_nobody_waits_for_a_decoder_whose_caller_is_gone(tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    code = f"from pathlib import Path; Path({str(mark)!r}).write_text(str(os.getpid()))"
    cleaner = cell(tmp_path, "time.sleep(60)")
    script = tmp_path / "taken_over.py"
    script.write_text(f"import os\n{code}\n" + script.read_text())
    task = asyncio.create_task(cleaner.clean(jpeg(), "image/jpeg"))
    while not (mark.exists() and mark.read_text()):  # noqa: ASYNC110 - another process makes it
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not Path(f"/proc/{mark.read_text()}").exists()


async def test_a_sandbox_that_does_not_start_is_no_fault_of_the_picture() -> None:
    with pytest.raises(RuntimeError, match="Pillow"):
        await Cleaner(command=(sys.executable, "-c", "raise SystemExit(1)")).clean(jpeg(), "image/jpeg")


async def test_a_sound_is_looked_at_from_its_end_only() -> None:
    sound = b"OggS\0\x02" + bytes(200)
    assert (await Cleaner(command=("/nowhere",)).clean(sound, "audio/ogg")).data == sound
    for other in (sound + PAGES[0], b"ID3\x04\0\0\0\0\0\0%PDF-1.7\n"):
        assert await fault(other, "audio/ogg", Cleaner(command=("/nowhere",))) is Fault.SMUGGLED


async def test_a_sound_full_of_false_directories_costs_no_copies() -> None:
    size = 4_000_000
    sound = bytes(size) + (b"PK\5\6" + struct.pack("<I", size - 70_000)) * 8000 + bytes(16)
    start = time.process_time()
    assert (await Cleaner(command=("/nowhere",)).clean(sound, "audio/mpeg")).data == sound
    assert time.process_time() - start < 0.3
