"""Documents that a computer would run something from, and files that are two kinds of file at once.

Documents are handed on as they came, so what cannot be taken out of them is looked for: macros, programs, actions that
start something, archives that unpack to far more than they weigh. Nothing is unpacked to be looked at but the first bytes
of a PDF's streams and Office's embedded objects, within limits. What is locked by a password, and what lies inside of an
archive's archives, is not seen.
"""

from __future__ import annotations

import io
import lzma
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from itertools import pairwise

from truffles_media.faults import Fault, FileRefused
from truffles_media.names import runs

MB = 1024 * 1024
ENTRIES = 10_000
"""Of an archive. A long XLSX has some dozens, an archive of photos some hundreds."""
UNPACKED = 256 * MB
SLACK, RATIO = 16 * MB, 250
"""An archive that unpacks to more than SLACK bytes may unpack to RATIO times its weight. Large tables come to 50."""
OBJECTS = 64 * MB
"""Bytes of all embedded objects of Office together; more is not looked at, and does not pass."""

PAGE = re.compile(rb"<(?:!doctype\s+html|html|head|body|script|svg|iframe)[\s>/]", re.IGNORECASE)
"""What a browser runs as a page, wherever in a text it stands."""
_SECOND_FILES = re.compile(rb"%PDF-\d|Rar!\x1a\x07|7z\xbc\xaf\x27\x1c|<\?php\s|" + PAGE.pattern, re.IGNORECASE)
_PADDING = b"\0 \t\r\n\xff"

# Two files at once


def refuse_a_second_file(data: bytes, end: int) -> None:
    """Raises `FileRefused` where the bytes behind `end`, at which the file's own format is over, are a file that
    somebody may open: a program, an archive, a page or a PDF. The films behind photos of phones are none of these."""
    if is_archive(data):
        raise FileRefused(Fault.SMUGGLED, "an archive hangs at the end")
    rest = data[end:]
    if starts_as_program(rest.lstrip(_PADDING)) or _SECOND_FILES.search(rest):
        raise FileRefused(Fault.SMUGGLED, "another file hangs behind the end")


_ENTRY = b"PK\3\4"
_DIRECTORY_END, _DIRECTORY_ENTRY, _ZIP64_LOCATOR = b"PK\5\6", b"PK\1\2", b"PK\6\7"
_LONGEST_COMMENT = 65_535 + 22


def is_archive(data: bytes) -> bool:
    """Would an unpacker find a ZIP directory at the end? It reads from there, whatever the beginning is."""
    window = max(len(data) - _LONGEST_COMMENT, 0)
    at = data.rfind(_DIRECTORY_END, window)
    while at >= 0:
        if _ends_a_directory(data, at):
            return True
        at = data.rfind(_DIRECTORY_END, window, at)
    return False


def _ends_a_directory(data: bytes, at: int) -> bool:
    if data[max(at - 20, 0) : at].startswith(_ZIP64_LOCATOR):
        return True
    if at + 22 > len(data):
        return False
    [size] = struct.unpack_from("<I", data, at + 12)
    return 0 < size <= at and data.startswith(_DIRECTORY_ENTRY, at - size)


def starts_as_program(data: bytes) -> bool:
    """Windows, Linux, macOS, Android, or a script with its interpreter."""
    if data.startswith((b"\x7fELF", b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe", b"\xca\xfe\xba\xbe", b"dex\n", b"#!/")):
        return True
    if not data.startswith(b"MZ") or len(data) < 64:
        return False
    [header] = struct.unpack_from("<I", data, 60)
    return data[header : header + 4] == b"PE\0\0"


# Kinds of documents


def look_through_sound(data: bytes) -> None:
    """Raises `FileRefused` for a sound that is another file, too; it is not decoded."""
    _refuse_a_pdf(data)
    refuse_a_second_file(data, len(data))


def _refuse_a_pdf(data: bytes) -> None:
    """Readers of PDF look for its head that far, whatever stands before it."""
    if b"%PDF-" in data[:1024]:
        raise FileRefused(Fault.SMUGGLED, "a PDF behind something else")


def look_through(data: bytes) -> None:
    """Raises `FileRefused` for a document that a computer would run something from, or that is a bomb."""
    if data.startswith(b"PK\x03\x04"):
        if b"%PDF-" in data[:1024]:  # an honest one may come first in an archive
            _look_into_pdf(data)
        _look_into_archive(data)
        return
    end = len(data)
    if data.startswith(b"%PDF-"):
        end = _end_of_pdf(data)
        _look_into_pdf(data)
    else:
        _refuse_a_pdf(data)
    if data.startswith(_OLE):
        _refuse_active(data, _OLE_ACTIVE)
    elif data.startswith(b"{\\rt"):
        _refuse_active(data, _RTF_ACTIVE)
    refuse_a_second_file(data, end)


def _refuse_active(data: bytes, signs: dict[bytes, str]) -> None:
    for sign, what in signs.items():
        if sign in data:
            raise FileRefused(Fault.ACTIVE, what)


_OLE = b"\xd0\xcf\x11\xe0"
_MACROS, _PACKAGE = "_VBA_PROJECT".encode("utf-16-le"), "Ole10Native".encode("utf-16-le")
_INSTALLER = bytes.fromhex("84100c0000000000c000000000000046")  # the class of MSI files
_OLE_ACTIVE = {_MACROS: "macros", _PACKAGE: "an embedded file", _INSTALLER: "an installer"}
_RTF_ACTIVE = {b"\\objdata": "an embedded object", b"\\objupdate": "an embedded object that starts by itself"}


# ZIP, Office, OpenDocument

_OFFICE_ACTIVE = re.compile(r"(^|/)(vbaProject\.bin|vbaData\.xml|macrosheets/.*|activeX/.*)$", re.IGNORECASE)
_OPEN_DOCUMENT_ACTIVE = re.compile(r"^(Basic|Scripts)/.")
_PARTS = "[content_types].xml"
_PARTS_ACTIVE = re.compile(rb"vbaProject|macroEnabled|macrosheet|activeX|<!ENTITY|&#", re.IGNORECASE)
"""Types of parts that run something, whatever the parts are called, and what such a type could be hidden with."""
_LOCKED = 1
_NAMES = struct.Struct("<4s22xHH")
"""Of a local header: its sign, and how long the name and what else there is to it are."""
_UNICODE_PATH = 0x7075
_UNREADABLE = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error,
    ValueError, EOFError, IndexError, OSError, RuntimeError,
)  # fmt: skip


def _look_into_archive(data: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            _check_sizes(entries, len(data))
            for entry in entries:
                _check_names(entry)
            _check_local_records(data, entries, archive.start_dir)
            if any(entry.filename.lower() == _PARTS for entry in entries):
                _look_into_office(archive, [entry for entry in entries if not entry.flag_bits & _LOCKED])
    except _UNREADABLE as problem:
        raise FileRefused(Fault.BROKEN, f"an archive that cannot be read: {type(problem).__name__}") from problem


def _check_sizes(entries: list[zipfile.ZipInfo], size: int) -> None:
    """By the directory alone. Entries that lie one over the other are a bomb's, too: no packer makes them."""
    unpacked = sum(entry.file_size for entry in entries)
    if len(entries) > ENTRIES or unpacked > UNPACKED or unpacked > max(SLACK, RATIO * size):
        raise FileRefused(Fault.BOMB, f"an archive of {len(entries)} entries that unpacks to {unpacked} bytes")
    places = sorted((entry.header_offset, entry.compress_size) for entry in entries)
    if places and places[0][0]:
        raise FileRefused(Fault.SMUGGLED, "an archive behind something else")
    for (start, length), (following, _) in pairwise(places):
        if start + length > following:
            raise FileRefused(Fault.BOMB, "an archive whose entries overlap")


def _check_name(name: str) -> None:
    if _OFFICE_ACTIVE.search(name) or _OPEN_DOCUMENT_ACTIVE.search(name):
        raise FileRefused(Fault.ACTIVE, "macros")
    if runs(name):
        raise FileRefused(Fault.ACTIVE, "a program in an archive")


def _check_names(entry: zipfile.ZipInfo) -> None:
    _check_name(entry.filename)
    _check_name(entry.orig_filename)  # the name as others may read it, behind a zero byte
    for name in _unicode_paths(entry.extra):
        _check_name(name)


def _unicode_paths(extra: bytes) -> Iterator[str]:
    """Names that unpackers take instead of an entry's own: APPNOTE 4.6.9."""
    while len(extra) >= 4:
        kind, size = struct.unpack_from("<HH", extra)
        if kind == _UNICODE_PATH:
            yield extra[9 : 4 + size].decode("utf-8", "replace")
        extra = extra[4 + size :]


def _check_local_records(data: bytes, entries: list[zipfile.ZipInfo], directory: int) -> None:
    """Some unpackers read these and not the directory: their names count, too, and none may lie beside it."""
    ordered = sorted(entries, key=lambda entry: entry.header_offset)
    ends = [entry.header_offset for entry in ordered[1:]] + [directory]
    for entry, end in zip(ordered, ends, strict=True):
        at = entry.header_offset
        sign, name, extra = _NAMES.unpack_from(data, at)
        body = at + _NAMES.size + name + extra
        _check_name(data[at + _NAMES.size : at + _NAMES.size + name].decode("utf-8", "replace"))
        for path in _unicode_paths(data[body - extra : body]):
            _check_name(path)
        if sign != _ENTRY or data.find(_ENTRY, body + entry.compress_size, end) >= 0:
            raise FileRefused(Fault.SMUGGLED, "an archive with entries beside its directory")


def _look_into_office(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo]) -> None:
    """What the parts are said to be, and what is embedded: formulas and charts of old documents, and so is any file that
    somebody put into a letter."""
    left = OBJECTS
    for entry in entries:
        with archive.open(entry) as part:
            if entry.filename.lower() == _PARTS:
                if _PARTS_ACTIVE.search(part.read(MB).replace(b"\0", b"")) or part.read(1):
                    raise FileRefused(Fault.ACTIVE, "macros by another name")
            elif (start := part.read(len(_OLE))) == _OLE:
                embedded = start + part.read(left)
                left -= len(embedded)
                if left <= 0:
                    raise FileRefused(Fault.ACTIVE, "more embedded objects than can be looked at")
                _refuse_active(embedded, _OLE_ACTIVE)


# PDF

_PDF_STREAM = re.compile(rb">>\s{0,8}stream\r?\n")
STREAMS = 20_000
"""Of a PDF. A thick catalogue has some thousands."""
PACKED_OBJECTS, PACKED_OBJECT = 64 * MB, 8 * MB
"""Unpacked bytes of a PDF's packed objects that are looked at, together and of each stream."""
_PDF_ACTIVE = re.compile(
    rb"(?:/S(?:[\0\s]|%[^\r\n]{0,80}[\r\n]){0,64}|(?<=[\0\s\[\]<>]))/(Launch|JavaScript)(?![A-Za-z0-9])"
)  # as the kind of an action, or as a name by itself; part of a link it may be
_PDF_PACKED = re.compile(
    rb"/(?:O|#4[Ff])(?:b|#62)(?:j|#6[Aa])(?:S|#53)(?:t|#74)(?:m|#6[Dd])(?![A-Za-z0-9#])"
)  # /ObjStm, each letter plain or escaped
_PDF_FLATE = re.compile(rb"/Filter\s{0,8}(?:/FlateDecode|\[\s{0,8}/FlateDecode\s{0,8}\])\s{0,8}(?=[/>]|\Z)")
_PDF_LOCKED = b"/Encrypt"
_PDF_ESCAPE = re.compile(rb"#([0-9A-Fa-f]{2})")
_PDF_END = b"%%EOF"
_HEAD = 4096


def _end_of_pdf(data: bytes) -> int:
    end = data.rfind(_PDF_END)
    return len(data) if end < 0 else end + len(_PDF_END)


def _look_into_pdf(data: bytes) -> None:
    """Names of actions, wherever they stand and in packed objects, and what each stream begins with."""
    _refuse_pdf_actions(data)
    view = memoryview(data)
    for count, found in enumerate(_PDF_STREAM.finditer(data), 1):
        if count > STREAMS:
            raise FileRefused(Fault.BOMB, f"a PDF of more than {STREAMS} streams")
        if starts_as_program(_unpacked(view[found.end() :], _HEAD)):
            raise FileRefused(Fault.ACTIVE, "a PDF that holds a program")
    if _PDF_LOCKED not in data:  # else they cannot be unpacked without the password
        _look_into_packed_objects(data, view)


def _look_into_packed_objects(data: bytes, view: memoryview) -> None:
    """Programs that make PDFs pack objects in one way only; what is packed otherwise is packed to be overlooked."""
    left = PACKED_OBJECTS
    for name in _PDF_PACKED.finditer(data):
        stream = _PDF_STREAM.search(data, name.end(), name.end() + _HEAD)
        head = (
            data[data.rfind(b"obj", max(name.start() - _HEAD, 0), name.start()) + 3 : stream.start()] if stream else b""
        )
        objects = (
            _unpacked_whole(view[stream.end() :], min(PACKED_OBJECT, left)) if stream and _is_usual(head) else None
        )
        if objects is None:
            raise FileRefused(Fault.ACTIVE, "a PDF with objects that are packed in an unusual way")
        left -= len(objects)
        _refuse_pdf_actions(objects)


def _is_usual(head: bytes) -> bool:
    """A stream's dictionary with the one usual filter, and nothing in it that hides another."""
    unusual = any(sign in head for sign in (b"%", b"#", b"(", b"/Predictor", b"obj"))
    return not unusual and head.count(b"/Filter") == 1 and _PDF_FLATE.search(head) is not None


def _unpacked_whole(stream: memoryview, limit: int) -> bytes | None:
    """None for what is not packed with Flate, or comes to more than `limit` bytes."""
    try:
        unpacked = zlib.decompressobj().decompress(stream[: 2 * limit], limit + 1)
    except zlib.error:
        return None
    return unpacked if len(unpacked) <= limit else None


def _refuse_pdf_actions(data: bytes) -> None:
    if found := _PDF_ACTIVE.search(_plain_names(data)):
        raise FileRefused(Fault.ACTIVE, f"a PDF with {found[1].decode()}")


def _plain_names(data: bytes) -> bytes:
    """Names may be written with escapes, `/J#61vaScript`."""
    return _PDF_ESCAPE.sub(lambda found: bytes([int(found[1], 16)]), data)


def _unpacked(stream: memoryview, limit: int) -> bytes:
    """The first bytes of a stream, unpacked if it is packed in the usual way."""
    try:
        return zlib.decompressobj().decompress(stream[: 2 * limit], limit)
    except zlib.error:
        return bytes(stream[:limit])
