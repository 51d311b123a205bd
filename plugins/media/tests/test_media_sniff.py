"""The real type of bytes, and whether it agrees with what was said."""

from __future__ import annotations

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from truffles_media.names import is_program
from truffles_media.sniff import agreed, sniff

from truffles_gateway.messages import Content


def zipped(*names: str) -> bytes:
    """A ZIP file with these members."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return out.getvalue()


def boxes(brand: bytes, *handlers: bytes) -> bytes:
    """The skeleton of an MP4 file."""
    tracks = b"".join(b"\0\0\0\x21hdlr" + bytes(8) + each + bytes(13) for each in handlers)
    return b"\0\0\0\x18ftyp" + brand + bytes(12) + tracks


DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
KNOWN = [
    (b"\xff\xd8\xff\xe0\0\x10JFIF", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n\0", "image/png"),
    (b"GIF89a\0", "image/gif"),
    (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
    (boxes(b"heic"), "image/heic"),
    (boxes(b"avif"), "image/avif"),
    (b"OggS\0\x02" + bytes(22) + b"OpusHead", "audio/ogg"),
    (b"OggS\0\x02" + bytes(22) + b"\x80theora", "video/ogg"),
    (b"ID3\x04\0", "audio/mpeg"),
    (b"\xff\xfb\x90\x64\0", "audio/mpeg"),
    (b"\xff\xf1\x50\x80\0", "audio/aac"),
    (b"#!AMR\n\x3c", "audio/amr"),
    (b"fLaC\0", "audio/flac"),
    (b"RIFF\0\0\0\0WAVEfmt ", "audio/wav"),
    (b"RIFF\0\0\0\0AVI LIST", "video/x-msvideo"),
    (boxes(b"M4A "), "audio/mp4"),
    (boxes(b"mp42", b"soun"), "audio/mp4"),
    (boxes(b"mp42", b"vide", b"soun"), "video/mp4"),
    (boxes(b"M4A ", b"vide"), "video/mp4"),
    (boxes(b"isom"), "video/mp4"),
    (b"\x1aE\xdf\xa3\0webm\0A_OPUS", "audio/webm"),
    (b"\x1aE\xdf\xa3\0webm\0V_VP8\0A_OPUS", "video/webm"),
    (b"%PDF-1.7\n\0", "application/pdf"),
    (b"{\\rtf1", "application/rtf"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0", "application/x-ole-storage"),
    (zipped("[Content_Types].xml", "word/document.xml"), DOCX),
    (zipped("[Content_Types].xml", "xl/workbook.xml"), XLSX),
    (zipped("photos/1.jpg"), "application/zip"),
    (zipped("AndroidManifest.xml", "classes.dex"), ""),
    (zipped("META-INF/MANIFEST.MF"), ""),
    ("Прайс;1000\n".encode(), "text/plain"),
    ("явка на приём".encode("cp1251"), "text/plain"),
    ("Прайс".encode("utf-16"), "text/plain"),
    (b'<?xml version="1.0"?><offer/>', "text/plain"),
    (b"<!DOCTYPE html><p>", "text/html"),
    (b"  <SCRIPT>alert(1)</SCRIPT>", "text/html"),
    (b'<?xml version="1.0"?><svg onload="x()">', "text/html"),
    ("<html>".encode("utf-16"), "text/html"),
    (b"MZ\x90\0\x03", ""),
    (b"\x7fELF\x02\x01", ""),
    (b"\0\0\0", ""),
    (b"", ""),
]  # fmt: skip


@pytest.mark.parametrize(("data", "mime"), KNOWN)
def test_types_are_told_by_bytes(data: bytes, mime: str) -> None:
    assert sniff(data) == mime


JPEG, OGG, PDF, OLE, FILM = KNOWN[0][0], KNOWN[6][0], b"%PDF-1.7\n\0", KNOWN[24][0], boxes(b"mp42", b"vide")


@pytest.mark.parametrize(
    ("content", "declared", "data", "mime"),
    [
        (Content.IMAGE, "image/jpeg", JPEG, "image/jpeg"),
        (Content.IMAGE, "image/png", JPEG, "image/jpeg"),
        (Content.IMAGE, "", JPEG, "image/jpeg"),
        (Content.IMAGE, "image/jpeg", PDF, ""),
        (Content.IMAGE, "image/jpeg", FILM, ""),
        (Content.IMAGE, "image/jpeg", b"<!doctype html>", ""),
        (Content.IMAGE, "image/svg+xml", b"<svg >", ""),
        (Content.AUDIO, "audio/ogg; codecs=opus", OGG, "audio/ogg"),
        (Content.AUDIO, "audio/mp4", boxes(b"mp42", b"soun"), "audio/mp4"),
        (Content.AUDIO, "audio/mp4", FILM, ""),
        (Content.AUDIO, "audio/ogg", JPEG, ""),
        (Content.DOCUMENT, "application/pdf", PDF, "application/pdf"),
        (Content.DOCUMENT, "", PDF, "application/pdf"),
        (Content.DOCUMENT, "application/octet-stream", PDF, "application/pdf"),
        (Content.DOCUMENT, "application/pdf", JPEG, ""),
        (Content.DOCUMENT, "application/pdf", b'{"success": false}', ""),
        (Content.DOCUMENT, "image/jpeg", JPEG, "image/jpeg"),
        (Content.DOCUMENT, "audio/ogg", OGG, "audio/ogg"),
        (Content.DOCUMENT, "application/msword", OLE, "application/msword"),
        (Content.DOCUMENT, "", OLE, "application/x-ole-storage"),
        (Content.DOCUMENT, XLSX, zipped("xl/workbook.xml"), XLSX),
        (Content.DOCUMENT, XLSX, PDF, ""),
        (Content.DOCUMENT, "text/csv", b"a;b\n", "text/csv"),
        (Content.DOCUMENT, "application/json", b"{}", "text/plain"),
        (Content.DOCUMENT, "application/zip", zipped("a"), "application/zip"),
        (Content.DOCUMENT, "video/mp4", FILM, ""),
        (Content.DOCUMENT, "", FILM, ""),
        (Content.DOCUMENT, "", b"MZ\x90\0", ""),
        (Content.DOCUMENT, "text/plain", b"<script>", ""),
        (Content.DOCUMENT, "application/vnd.android.package-archive", zipped("AndroidManifest.xml"), ""),
    ],
)
def test_bytes_must_agree_with_what_was_said(content: Content, declared: str, data: bytes, mime: str) -> None:
    assert agreed(content, declared, data) == mime


@given(st.sampled_from([Content.IMAGE, Content.AUDIO, Content.DOCUMENT]), st.text(max_size=40), st.binary(max_size=200))
def test_any_bytes_have_an_answer(content: Content, declared: str, data: bytes) -> None:
    mime = agreed(content, declared, data)
    assert not mime.startswith("video/") and mime != "text/html"


@given(st.sampled_from([data for data, _ in KNOWN]), st.binary(max_size=100))
def test_what_follows_a_signature_does_not_break_it(data: bytes, rest: bytes) -> None:
    assert isinstance(sniff(data + rest), str)


@pytest.mark.parametrize("name", ["a.exe", "фото.jpg.EXE", "x.bat ", "run.js", "a.apk", "page.html"])
def test_programs_are_known_by_name(name: str) -> None:
    assert is_program(name)


@pytest.mark.parametrize("name", ["", "a.pdf", "exe", "прайс.xlsx", "my.exe.pdf"])
def test_other_names_are_not_programs(name: str) -> None:
    assert not is_program(name) or name == "exe"
