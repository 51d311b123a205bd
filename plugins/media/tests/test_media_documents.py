"""Documents that a computer would run something from are refused, and the ordinary ones of every day pass."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

import pytest
from truffles_media.cleaner import Cleaned, Cleaner
from truffles_media.documents import look_through
from truffles_media.faults import Fault, FileRefused
from truffles_media.names import is_program, renamed

MB = 1024 * 1024
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
PE = b"MZ" + bytes(58) + b"\x40\0\0\0PE\0\0" + bytes(100)


def zipped(*names: str, method: int = zipfile.ZIP_DEFLATED, **content: bytes) -> bytes:
    """An archive of these entries; `content` are entries whose names have a full stop for "__"."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name in names:
            archive.writestr(name, "x")
        for name, data in content.items():
            archive.writestr(name.replace("__", "."), data)
    return out.getvalue()


def docx(*names: str) -> bytes:
    """A letter with these entries more."""
    return zipped("[Content_Types].xml", "_rels/.rels", "word/document.xml", "docProps/app.xml", *names)


def embedded(data: bytes) -> bytes:
    """A letter with an embedded object."""
    out = io.BytesIO(docx())
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/embeddings/oleObject1.bin", data)
    return out.getvalue()


def typed(types: bytes) -> bytes:
    """A letter whose parts are said to be of these types."""
    return zipped("word/document.xml", "word/settings2.bin", **{"[Content_Types]__xml": types})


def with_objects(*names: str, last: bytes) -> bytes:
    """A letter with harmless embedded objects of these names, and another one."""
    content = dict.fromkeys(names, OLE) | {"word/embeddings/o99.bin": last}
    return zipped("[Content_Types].xml", "word/document.xml", **content)  # type: ignore[arg-type]


def renamed_entry(name: bytes) -> bytes:
    """An archive of photo.txt that tells unpackers another name in a Unicode Path extra field."""
    out, entry = io.BytesIO(), zipfile.ZipInfo("photo.txt")
    entry.extra = struct.pack("<HHBI", 0x7075, 5 + len(name), 1, zlib.crc32(b"photo.txt")) + name
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(entry, "x")
    return out.getvalue()


def beside_the_directory() -> bytes:
    """An archive with a program that its directory does not name."""
    archive, hidden = zipped("a.txt"), zipped("setup.exe")
    at, end = archive.index(b"PK\x01\x02"), archive.rindex(b"PK\x05\x06")
    more = hidden[: hidden.index(b"PK\x01\x02")]
    tail = archive[end : end + 16] + struct.pack("<I", at + len(more)) + b"\0\0"
    return archive[:at] + more + archive[at:end] + tail


def pdf(*objects: bytes, end: bytes = b"") -> bytes:
    """A PDF of these objects."""
    body = b"".join(b"%d 0 obj\n%b\nendobj\n" % (n, each) for n, each in enumerate(objects, 1))
    return b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + body + b"trailer\n<</Root 1 0 R>>\n%%EOF\n" + end


def stream(data: bytes, kind: bytes = b"", *, packed: bool = True) -> bytes:
    """A stream of a PDF."""
    data, more = (zlib.compress(data), b"/Filter /FlateDecode") if packed else (data, b"")
    return b"<<" + kind + more + b" /Length %d>>\nstream\r\n" % len(data) + data + b"\nendstream"


def told_small(archive: bytes, size: int) -> bytes:
    """An archive whose directory says that the last entry unpacks to `size` bytes."""
    data = bytearray(archive)
    at = data.rindex(b"PK\x01\x02") + 24
    data[at : at + 4] = struct.pack("<I", size)
    return bytes(data)


ORDINARY = {
    "letter": docx("word/media/image1.png", "word/media/image2.svg", "word/theme/theme1.xml"),
    "letter with a page in it": docx("word/afchunk.htm"),
    "letter with a formula": embedded(OLE + "Equation Native".encode("utf-16-le")),
    "table": zipped("[Content_Types].xml", "xl/workbook.xml", "xl/worksheets/sheet1.xml"),
    "table of a hundred thousand rows": zipped("xl/workbook.xml", xl__xml=b"<row><c><v>1500</v></c></row>" * 100_000),
    "archive of letters": zipped(method=zipfile.ZIP_STORED, a__pdf=pdf(b"<<>>"), b__pdf=pdf(b"<<>>")),
    "archive of photos": zipped(*(f"фото {n}.jpg" for n in range(300))),
    "letter of usual parts": typed(
        b'<Default Extension="bin" ContentType="application/vnd.ms-office.printerSettings"/>'
    ),
    "archive with a second name": renamed_entry("фото.txt".encode()),
    "old letter": OLE,
    "rich text": b"{\\rtf1\\ansi \\b hello}",
    "price list": "Маникюр;5000\n".encode() * 100,
    "pdf": pdf(b"<</Type /Catalog>>", stream(b"BT (hello) Tj ET")),
    "pdf with a link": pdf(b"<</S /URI /URI (https://example.com/JavaScript)>>"),
    "pdf with a form": pdf(b"<</AcroForm <</Fields []>> /JS2 1>>"),
    "pdf with packed objects": pdf(stream(b"1 0 <</Type /Catalog>>", b"/Type /ObjStm")),
    "pdf with packed objects of a long text": pdf(*[stream(b"1 0 <</S /P>>" * 40_000, b"/Type /ObjStm /N 9")] * 40),
    "pdf with packed objects, of TeX": pdf(
        b"<<\n/Type /ObjStm\n/N 1\n/Length 9      \n/Filter /FlateDecode\n>>\nstream\n" + zlib.compress(b"1 0 <<>>")
    ),
    "pdf with packed objects, of Word": pdf(
        b"<</Type/ObjStm/N 1/First 4/Filter/FlateDecode/Length 9>>\r\nstream\r\n" + zlib.compress(b"1 0 <<>>")
    ),
    "pdf with packed objects, of LibreOffice": pdf(
        b"<</Filter [/FlateDecode] /Type/ObjStm>>stream\n" + zlib.compress(b"1 0 <<>>")
    ),
    "pdf with packed objects, locked": pdf(stream(b"x", b"/Type /ObjStm /Filter /FlateDecode", packed=False))
    + b"trailer\n<</Encrypt 9 0 R>>\n%%EOF",
    "pdf with a packed picture": pdf(stream(bytes(range(256)) * 4000, b"/Subtype /Image")),
    "pdf with an invoice in it": pdf(stream(b"<?xml version='1.0'?><invoice/>", b"/Type /EmbeddedFile")),
    "pdf with empty lines at the end": pdf(b"<<>>", end=b"\n\n\0\0"),
}


@pytest.mark.parametrize("data", ORDINARY.values(), ids=ORDINARY)
def test_what_people_send_every_day_passes(data: bytes) -> None:
    look_through(data)


JS = b"<</S /JavaScript /JS (app.alert(1))>>"
PACKAGE = OLE + "\x01Ole10Native".encode("utf-16-le")
PACKED_JS = stream(b"1 0 " + JS, b"/Type /ObjStm")
REFUSED = {
    "letter with macros": (docx("word/vbaProject.bin"), Fault.ACTIVE),
    "letter with macros, other letters": (docx("WORD/VBAPROJECT.BIN"), Fault.ACTIVE),
    "table with old macros": (zipped("xl/workbook.xml", "xl/macrosheets/sheet1.xml"), Fault.ACTIVE),
    "letter with controls": (docx("word/activeX/activeX1.bin"), Fault.ACTIVE),
    "letter with a file in it": (embedded(OLE + "\x01Ole10Native".encode("utf-16-le")), Fault.ACTIVE),
    "letter with macros under another name": (
        typed(b'<Override PartName="/word/settings2.bin" ContentType="application/vnd.ms-office.vbaProject"/>'),
        Fault.ACTIVE,
    ),
    "letter with a file in it, other name": (zipped("[Content_Types].xml", **{"word/o1__dat": PACKAGE}), Fault.ACTIVE),
    "letter with a file behind others": (
        with_objects(*(f"word/embeddings/o{n:02}.bin" for n in range(16)), last=PACKAGE),
        Fault.ACTIVE,
    ),
    "archive with a program, second name": (renamed_entry(b"setup.exe"), Fault.ACTIVE),
    "archive with a program, beside the directory": (beside_the_directory(), Fault.SMUGGLED),
    "open document with macros": (zipped("mimetype", "content.xml", "Basic/Standard/Module1.xml"), Fault.ACTIVE),
    "archive with a program": (zipped("photos/1.jpg", "photos/2.jpg.exe"), Fault.ACTIVE),
    "archive with a program, full stop": (zipped("setup.exe."), Fault.ACTIVE),
    "archive with a program, turned around": (zipped("photo\u202egpj.scr"), Fault.ACTIVE),
    "old letter with macros": (OLE + "_VBA_PROJECT".encode("utf-16-le"), Fault.ACTIVE),
    "old letter with a file in it": (OLE + "\x01Ole10Native".encode("utf-16-le"), Fault.ACTIVE),
    "rich text with a short head": (b"{\\rt1 {\\object\\objupdate{\\*\\objdata 0105}}}", Fault.ACTIVE),
    "rich text and pdf": (b"{\\rtf1 " + pdf(b"<<>>"), Fault.SMUGGLED),
    "old letter and pdf": (OLE[:8] + pdf(b"<<>>"), Fault.SMUGGLED),
    "archive that is a pdf with a script": (zipped(method=zipfile.ZIP_STORED, a__pdf=pdf(JS)), Fault.ACTIVE),
    "installer": (OLE + bytes.fromhex("84100c0000000000c000000000000046"), Fault.ACTIVE),
    "rich text with an object": (b"{\\rtf1{\\object\\objemb{\\*\\objdata 0105}}}", Fault.ACTIVE),
    "pdf that starts something": (pdf(b"<</S /Launch /F (calc.exe)>>"), Fault.ACTIVE),
    "pdf with a script": (pdf(JS), Fault.ACTIVE),
    "pdf with a script, escaped": (pdf(b"<</S /J#61va#53cript /JS 2 0 R>>"), Fault.ACTIVE),
    "pdf with a script, commented": (pdf(b"<</S%x\n\0/JavaScript /JS 2 0 R>>"), Fault.ACTIVE),
    "pdf with a script, by reference": (pdf(b"<</S 2 0 R /JS 3 0 R>>", b"/JavaScript"), Fault.ACTIVE),
    "pdf with a script, packed": (pdf(stream(b"1 0 " + JS, b"/Type /ObjStm")), Fault.ACTIVE),
    "pdf with a script, packed and escaped": (pdf(stream(b"1 0 " + JS, b"/Type /Obj#53tm")), Fault.ACTIVE),
    "pdf with a script behind a false stream": (pdf(b"(>>\nstream\n) " + JS), Fault.ACTIVE),
    "pdf with a script, packed twice": (
        pdf(PACKED_JS.replace(b"/FlateDecode", b"[/ASCIIHexDecode/FlateDecode]")),
        Fault.ACTIVE,
    ),
    "pdf with a script, packed behind a comment": (
        pdf(PACKED_JS.replace(b">>\nstream", b">>%x\nstream")),
        Fault.ACTIVE,
    ),
    "pdf with a script, packed in a commented type": (pdf(PACKED_JS.replace(b"/Type ", b"/Type%x\n")), Fault.ACTIVE),
    "pdf with a script, packed under a long head": (
        pdf(PACKED_JS.replace(b"/Length", b" " * 5000 + b"/Length")),
        Fault.ACTIVE,
    ),
    "pdf with a script behind much else": (
        pdf(*[stream(bytes(7 * MB), b"/Type /ObjStm")] * 10, PACKED_JS),
        Fault.ACTIVE,
    ),
    "pdf of streams alone": (b"%PDF-1.7\n" + b">>stream\n" * 500_000 + b"%%EOF", Fault.BOMB),
    "pdf with a program": (pdf(stream(PE, b"/Type /EmbeddedFile")), Fault.ACTIVE),
    "pdf with a program, not packed": (pdf(stream(PE, b"/Type /EmbeddedFile", packed=False)), Fault.ACTIVE),
    "pdf and archive": (pdf(b"<<>>", end=zipped("a.txt")), Fault.SMUGGLED),
    "pdf and program": (pdf(b"<<>>", end=PE), Fault.SMUGGLED),
    "pdf and page": (pdf(b"<<>>", end=b"<html><body>"), Fault.SMUGGLED),
    "text and pdf": (b"hello\n" + pdf(b"<<>>"), Fault.SMUGGLED),
    "text and archive": (b"hello\n" + zipped("a.txt"), Fault.SMUGGLED),
    "archive behind an archive": (zipped("a.txt") + zipped("b.txt"), Fault.SMUGGLED),
    "bomb of one entry": (zipped(a__xml=bytes(300 * MB)), Fault.BOMB),
    "bomb of one entry, small": (zipped(a__xml=bytes(60 * MB)), Fault.BOMB),
    "bomb of many entries": (zipped(*map(str, range(10_001)), method=zipfile.ZIP_STORED), Fault.BOMB),
    "bomb that says so": (told_small(zipped("a.xml"), 0xFFFFFFF0), Fault.BOMB),
    "half an archive": (zipped("a.xml", "b.xml")[:-30], Fault.BROKEN),
    "no archive": (b"PK\x03\x04" + bytes(100), Fault.BROKEN),
}


@pytest.mark.parametrize(("data", "fault"), REFUSED.values(), ids=REFUSED)
def test_what_may_run_something_or_is_two_things_is_refused(data: bytes, fault: Fault) -> None:
    with pytest.raises(FileRefused) as caught:
        look_through(data)
    assert caught.value.fault is fault


def test_entries_that_lie_one_over_the_other_are_a_bomb() -> None:
    """One packed body that many entries of the directory share."""
    archive = zipped("a", a1=b"x" * 1000)
    at, end = archive.index(b"PK\x01\x02"), archive.rindex(b"PK\x05\x06")
    entry = archive[at : archive.index(b"PK\x01\x02", at + 4)]
    directory = entry * 50
    tail = archive[end : end + 8] + struct.pack("<HHII", 50, 50, len(directory), at) + b"\0\0"
    with pytest.raises(FileRefused) as caught:
        look_through(archive[:at] + directory + tail)
    assert caught.value.fault is Fault.BOMB


def test_a_locked_archive_is_judged_by_its_names() -> None:
    data = bytearray(zipped("photo.jpg"))
    for at in (6, data.index(b"PK\x01\x02") + 8):
        data[at] |= 1
    look_through(bytes(data))


async def test_documents_are_looked_through_in_the_sandbox_and_come_out_as_they_are() -> None:
    data = ORDINARY["letter"]
    assert await Cleaner().clean(data, "application/zip") == Cleaned(data=data, mime="application/zip")
    with pytest.raises(FileRefused) as caught:
        await Cleaner().clean(pdf(JS), "application/pdf")
    assert (caught.value.fault, caught.value.detail) == (Fault.ACTIVE, "a PDF with JavaScript")


@pytest.mark.parametrize(
    "name",
    [
        "a.exe.",
        "a.exe ",
        "a.EXE . ",
        "a.exe\u200b",
        "a\u202etxt.exe",
        "x.docm",
        "x.lnk",
        "x.url",
        "x.iso",
        "x.mht",
        "счёт.bat/",
        "x.bat/.",
        "x.bat\\",
        "x.vbs//",
        "x.js/",
        "x.hta/",
        "x.html/",
        "x.slk",
        "x.iqy",
        "x.rdp",
        "x.ppsm",
    ],
)
def test_names_that_a_computer_reads_otherwise_than_people_are_programs(name: str) -> None:
    assert is_program(name)


@pytest.mark.parametrize(
    ("name", "mime", "expected"),
    [
        ("IMG_0001.HEIC", "image/jpeg", "IMG_0001.jpg"),
        ("a.b.avif", "image/png", "a.b.png"),
        ("photo.jpeg", "image/jpeg", "photo.jpeg"),
        ("", "image/jpeg", ""),
        ("heic", "image/jpeg", "heic"),
        ("a.heic", "image/webp", "a.heic"),
    ],
)
def test_a_picture_made_anew_has_the_ending_of_what_it_is_now(name: str, mime: str, expected: str) -> None:
    assert renamed(name, mime) == expected
