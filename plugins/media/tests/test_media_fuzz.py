"""Every parser of strangers' bytes, given real files with something changed in them: an answer or a declared refusal, in time.

The sandbox's own code runs in this process here, for its speed: no decoder may raise anything out of it either.
"""

from __future__ import annotations

import io
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from truffles_media import sandbox
from truffles_media.documents import is_archive, look_through, starts_as_program
from truffles_media.faults import Fault, FileRefused
from truffles_media.fetch import Fetcher, FetchError
from truffles_media.names import LONGEST_NAME, is_program, renamed, tidy
from truffles_media.sniff import agreed, sniff
from truffles_media.strip import STRIPPED, orientation, strip

from truffles_gateway.messages import Content

bounded = settings(max_examples=150, deadline=2000, derandomize=True, suppress_health_check=[HealthCheck.too_slow])


def picture(kind: str, **more: object) -> bytes:
    """A small picture with everything in it that its format knows."""
    told = Image.Exif()
    told[0x0112] = 6
    told.get_ifd(0x8825).update({1: "N", 2: (43.0, 15.0, 12.0)})
    out = io.BytesIO()
    profile = bytes(36) + b"acsp" + bytes(100)
    Image.linear_gradient("L").resize((24, 16)).convert("RGB").save(out, kind, exif=told, icc_profile=profile, **more)
    return out.getvalue()


def moving(kind: str) -> bytes:
    """A picture that moves."""
    frames = [Image.new("RGB", (12, 8), (shade, 0, 0)) for shade in (10, 90, 200)]
    out = io.BytesIO()
    frames[0].save(out, kind, save_all=True, append_images=frames[1:], loop=0)
    return out.getvalue()


def zipped() -> bytes:
    """A letter."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("[Content_Types].xml", "word/document.xml", "word/embeddings/oleObject1.bin", "фото.jpg"):
            archive.writestr(name, name * 20)
    return out.getvalue()


def pdf() -> bytes:
    """With packed objects."""
    objects = zlib.compress(b"1 0 <</Type /Catalog>>")
    head = b"%%PDF-1.7\n1 0 obj\n<</Type /ObjStm /Filter /FlateDecode /Length %d>>\nstream\n" % len(objects)
    return head + objects + b"\nendstream\nendobj\ntrailer\n<<>>\n%%EOF\n"


PICTURES = {
    "jpeg": picture("JPEG", comment=b"hello"),
    "progressive jpeg": picture("JPEG", progressive=True),
    "png": picture("PNG"),
    "webp": picture("WEBP", xmp=b"<x/>"),
    "gif": moving("GIF"),
    "moving png": moving("PNG"),
    "moving webp": moving("WEBP"),
    "avif": picture("AVIF"),
}
DOCUMENTS = {
    "zip": zipped(),
    "pdf": pdf(),
    "ole": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(300),
    "text": b"a;b\n" * 50,
}
NUMBERS = [0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF]


@st.composite
def changed(draw: Callable[..., object], files: dict[str, bytes]) -> bytes:
    """One of the files with some bytes replaced, left out, doubled, or with a number of a parser's nightmares in it."""
    data = bytearray(draw(st.sampled_from([files[name] for name in sorted(files)])))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(len(data) - 1, 0)))
        length = draw(st.integers(0, 40))
        way = draw(st.sampled_from(["set", "number", "cut", "double", "insert", "end"]))
        if way == "set":
            data[at : at + 1] = draw(st.binary(min_size=1, max_size=1))
        elif way == "number":
            shape = draw(st.sampled_from(["<I", ">I", "<H", ">H"]))
            number = draw(st.sampled_from(NUMBERS)) & (0xFFFFFFFF if shape[1] == "I" else 0xFFFF)
            data[at : at + struct.calcsize(shape)] = struct.pack(shape, number)
        elif way == "cut":
            del data[at : at + length]
        elif way == "double":
            data[at:at] = data[at : at + length]
        elif way == "insert":
            data[at:at] = draw(st.binary(max_size=20))
        else:
            del data[at:]
    return bytes(data)


@pytest.fixture(scope="module", autouse=True)
def _decoders() -> None:
    for mime in ("image/webp", "image/avif", "image/heic"):
        sandbox._bring_decoder(mime)


@given(changed(PICTURES))
@bounded
def test_a_changed_picture_is_cleaned_or_refused(data: bytes) -> None:
    mime = sniff(data)
    if not mime.startswith("image/"):
        return
    told, made = sandbox._answer(mime, data)
    if "refused" in told:
        assert told["refused"] in set(Fault)
        return
    assert sniff(made) == told["mime"]
    assert told["width"] > 0 and told["height"] > 0
    assert b"GPS" not in made and b"<x/>" not in made


@given(changed(PICTURES))
@bounded
def test_what_was_cleaned_once_is_clean(data: bytes) -> None:
    mime = sniff(data)
    if mime not in STRIPPED:
        return
    try:
        once = strip(mime, data)
    except FileRefused:
        return
    assert strip(mime, once.data).data == once.data


@given(st.sampled_from(sorted(STRIPPED)), st.binary(max_size=300))
@bounded
def test_bytes_that_are_no_picture_at_all_are_refused_or_stripped(mime: str, data: bytes) -> None:
    try:
        strip(mime, data)
    except FileRefused as problem:
        assert problem.fault in set(Fault)


@given(st.sampled_from([b"II*\0", b"MM\0*"]), st.binary(max_size=120))
@bounded
def test_an_orientation_is_one_of_eight_whatever_exif_says(order: bytes, data: bytes) -> None:
    assert 1 <= orientation(order + data) <= 8
    assert 1 <= orientation(data) <= 8


@given(
    changed(DOCUMENTS)
    | st.binary(max_size=300).map(b"PK\x03\x04".__add__)
    | st.binary(max_size=300).map(b"%PDF-".__add__)
)
@bounded
def test_a_changed_document_passes_or_is_refused(data: bytes) -> None:
    try:
        look_through(data)
    except FileRefused as problem:
        assert problem.fault in set(Fault)


@given(
    changed(PICTURES | DOCUMENTS),
    st.sampled_from([Content.IMAGE, Content.AUDIO, Content.DOCUMENT]),
    st.text(max_size=30),
)
@bounded
def test_every_file_has_a_type_or_none(data: bytes, content: Content, declared: str) -> None:
    mime = agreed(content, declared, data)
    assert not mime.startswith("video/") and mime != "text/html"
    assert isinstance(is_archive(data), bool) and isinstance(starts_as_program(data), bool)


@pytest.mark.parametrize("data", [
    b">>stream\n" * 200_000, b"/S%" * 400_000, b"/S" + b" " * 900_000, b"#41" * 400_000, b"PK\x05\x06" * 200_000,
    b"<" * 1_000_000, b"<!doctype" + b" " * 900_000, b">>" + b" " * 900_000, b"%PDF-" * 200_000,
], ids=lambda data: repr(data[:9]))  # fmt: skip
@pytest.mark.timeout(20)
def test_no_repetition_makes_a_document_slow(data: bytes) -> None:
    for start in (b"%PDF-1.7\n", b""):
        sniff(start + data)
        with suppress(FileRefused):
            look_through(start + data)


@pytest.mark.parametrize(
    ("mime", "data"),
    [
        ("image/jpeg", b"\xff\xd8" + b"\xff" * 1_000_000),
        ("image/jpeg", b"\xff\xd8" + b"\xff\xe1\0\2" * 250_000),
        ("image/jpeg", b"\xff\xd8" + b"\xff\xda\0\2" * 250_000),
        ("image/png", PICTURES["png"][:33] + (b"\0\0\0\0tEXt" + bytes(4)) * 80_000),
        ("image/gif", PICTURES["gif"][:13] + b"\x21\xfe" + b"\1x" * 500_000),
        ("image/webp", b"RIFF" + struct.pack("<I", 800_004) + b"WEBP" + (b"ANMF" + bytes(4)) * 100_000),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@pytest.mark.timeout(20)
def test_no_repetition_makes_a_picture_slow(mime: str, data: bytes) -> None:
    assert "refused" in sandbox._answer(mime, data)[0]


@given(st.text(max_size=300))
@bounded
def test_any_name_becomes_one_that_can_be_shown(name: str) -> None:
    shown = tidy(name)
    assert len(shown) <= LONGEST_NAME and "/" not in shown and "\\" not in shown
    assert not any(unicodedata.category(letter).startswith("C") for letter in shown)
    assert tidy(shown) == shown
    assert isinstance(is_program(name), bool) and isinstance(renamed(name, "image/jpeg"), str)


URLS = ["https://media.test/a?b=c#d", "https://user:pass@media.test:443/a", "https://[::1]/", "https://media.test"]


@given(changed({url: url.encode() for url in URLS}))
@bounded
def test_a_changed_link_is_refused_or_is_of_the_allowed_host(link: bytes) -> None:
    try:
        url = Fetcher(["media.test"]).check(link.decode("utf-8", "surrogateescape"))
    except FetchError:
        return
    assert (url.scheme, url.raw_host, url.userinfo, url.port) == ("https", b"media.test", b"", None)
