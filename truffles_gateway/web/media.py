"""Files behind signed links, for channels that fetch what they send: `GET /media/{tenant}/{sha256}?…`.

Whoever has no valid link learns nothing: an unknown tenant, a wrong signature, a link that has expired or belongs to
somebody else get the same answer after the same work. What a customer once sent is handed out so that no browser runs it.
"""

from __future__ import annotations

import asyncio
import secrets
import unicodedata
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

from quart import Blueprint, Response, current_app, request
from quart.wrappers.response import DataBody, IterableBody

from truffles_gateway import links
from truffles_gateway.app import Gateway
from truffles_gateway.links import Link
from truffles_gateway.store.blobs import Kept
from truffles_gateway.store.links import key
from truffles_gateway.tenants import Tenant

PIECE = 256 * 1024
PLAIN = "application/octet-stream"
SHOWN = frozenset(
    {
        "image/jpeg", "image/png", "image/gif", "image/webp", "image/heic", "audio/ogg", "audio/mpeg", "audio/mp4",
        "audio/aac", "audio/amr", "audio/wav", "audio/x-wav", "audio/webm", "audio/flac", "application/pdf",
    }
)  # fmt: skip
"""What a browser may show in its place: none of these can hold a script."""
SAVED = frozenset(
    {
        "text/plain", "text/csv", "application/zip", "application/msword", "application/vnd.ms-excel",
        "application/vnd.ms-powerpoint", "application/vnd.oasis.opendocument.text",
        "application/vnd.oasis.opendocument.spreadsheet",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    }
)  # fmt: skip
NO_KEY = secrets.token_bytes(32)
"""In the place of the key of who has none: no signature fits it."""
media = Blueprint("media", __name__)


@media.get(f"{links.PATH}/<tenant>/<blob>")
async def file(tenant: str, blob: str) -> Response:
    """The bytes, whole or a range of them, while the link holds."""
    gateway: Gateway = current_app.extensions["gateway"]
    link, signature = links.read(tenant, blob, request.args)
    left = link.expires - gateway.clock.now().timestamp()
    owner = gateway.registry.get(tenant)
    genuine = link.is_signed(await key(gateway.database, owner.id if owner else None) or NO_KEY, signature)
    kept = await _look(gateway, owner, blob) if genuine and left > 0 else None
    return _shown(kept, link, int(left)) if kept else _none()


async def _look(gateway: Gateway, owner: Tenant | None, blob: str) -> Kept | None:
    """A suspended tenant's links are closed."""
    if owner is None or owner.suspended:
        return None
    return await gateway.blobs(owner.id, owner.config).look(blob)


def _none() -> Response:
    headers = {"Cache-Control": "no-store"}
    return Response('{"error": "no such file"}', status=404, content_type="application/json", headers=headers)


def _shown(kept: Kept, link: Link, left: int) -> Response:
    kind = _kind(link.mime or kept.mime)
    headers = {
        "Content-Disposition": _disposition(link.name, shown=kind in SHOWN),
        "Content-Security-Policy": "sandbox",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": f"private, max-age={left}",
        "Accept-Ranges": "bytes",
    }
    return _ranged(Response(status=200, content_type=kind, headers=headers), kept)


def _ranged(response: Response, kept: Kept) -> Response:
    """All of it, or the one range that was asked for; several are answered with all, as RFC 9110 allows."""
    begin, end = 0, kept.size
    asked = request.range
    if asked and asked.units == "bytes" and len(asked.ranges) == 1 and "If-Range" not in request.headers:
        found = asked.range_for_length(kept.size)
        if found is None:
            response.status_code, end = 416, 0
            response.headers["Content-Range"] = f"bytes */{kept.size}"
        else:
            (begin, end), response.status_code = found, 206
            response.headers["Content-Range"] = f"bytes {begin}-{end - 1}/{kept.size}"
    if request.method == "GET" and end:
        response.response = _body(kept, begin, end)
    response.content_length = end - begin
    return response


def _body(kept: Kept, begin: int, end: int) -> DataBody | IterableBody:
    """From memory, or piece by piece from the disk."""
    if kept.path is None:
        return DataBody(kept.data[begin:end])
    return IterableBody(_pieces(kept.path, begin, end))


async def _pieces(path: Path, begin: int, end: int) -> AsyncIterator[bytes]:
    """The file is opened for each piece alone: a reader that stalls, or leaves at whatever moment, holds none open."""
    while begin < end and (piece := await asyncio.to_thread(_piece, path, begin, min(PIECE, end - begin))):
        begin += len(piece)
        yield piece


def _piece(path: Path, begin: int, size: int) -> bytes:
    with path.open("rb") as file:
        file.seek(begin)
        return file.read(size)


def _kind(mime: str) -> str:
    """The type as it is told: only such as are known to be harmless, without parameters."""
    kind = mime.partition(";")[0].strip().lower()
    return kind if kind in SHOWN or kind in SAVED else PLAIN


def _disposition(name: str, *, shown: bool) -> str:
    """RFC 6266: the name in ASCII for old readers, and as it is (RFC 8187) for all others."""
    kind = "inline" if shown else "attachment"
    spelled = "".join(letter for letter in name if unicodedata.category(letter)[0] != "C").replace("\\", "/")
    last = spelled.rpartition("/")[2]
    if not last:
        return kind
    plain = unicodedata.normalize("NFKD", last).encode("ascii", "ignore").decode()
    quoted = "".join(letter if letter not in '"%' else "_" for letter in plain).strip()
    quoted = f"file{quoted}" if not quoted or quoted.startswith(".") else quoted
    exact = quote(last, safe="!#$&+-.^_`|~")
    return f'{kind}; filename="{quoted}"' + (f"; filename*=UTF-8''{exact}" if last != quoted else "")
