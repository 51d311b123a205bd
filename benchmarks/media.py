"""Time and memory of a gateway that fetches, checks and keeps 1,000 files of 8 MB: memory must stay flat.

A server of files runs in a process of its own, on loopback and over TLS, as a channel's would; the gateway, with its private
PostgreSQL beside it, is this process. Half of the files are photos, which are decoded and cleaned, half are documents. The folder that
keeps them takes 8 GB of the temporary directory meanwhile.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import secrets
import ssl
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib.metadata import entry_points
from ipaddress import ip_address
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from _common import ENVIRONMENT, SECRET, arguments, close
from truffles_media.addresses import Address
from truffles_media.fetch import Fetcher, Wire
from truffles_media.plugin import Media
from truffles_media.plugin import plugin as media

from truffles_gateway import migrations
from truffles_gateway.postgres import temporary_postgres
from truffles_gateway.testing import MovedClock, Rig

HERE = Path(__file__).parent.parent / "plugins" / "media" / "tests"
MB = 1024 * 1024
GROWTH = 64.0
A_CUSTOMER = 5
HOST = "media.test"
OTHERS = frozenset({"desk_log", "chatflow"})


def photo(size: int) -> bytes:
    """A JPEG of about `size` bytes that decodes: noise, which does not shrink."""
    from io import BytesIO

    from PIL import Image

    side = int((size / 1.62) ** 0.5)  # at this quality noise takes about 1.6 bytes a pixel
    made, image = BytesIO(), Image.frombytes("RGB", (side, side), secrets.token_bytes(side * side * 3))
    image.save(made, "JPEG", quality=75, subsampling=0)
    return made.getvalue()


def numbered(body: bytes, number: int, *, is_photo: bool) -> bytes:
    """Another file of the same kind: a few bytes in its midst differ."""
    if not is_photo:
        return b"%PDF-1.7\n%" + str(number).encode() + b"\n" + body + b"\n%%EOF\n"
    at = body.rindex(b"\xff\xd9") - 64
    return body[:at] + bytes(1 + (number >> shift) % 127 for shift in (0, 7)) + body[at + 2 :]


def serve(ready: Connection, size: int) -> None:
    """The server of files, until its process is ended."""
    bodies = {True: photo(size), False: secrets.token_bytes(size - 64).replace(b"/", b".")}

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path = (await reader.readuntil(b"\r\n\r\n")).split(b" ")[1].decode()
        number = int(path.strip("/"))
        body = numbered(bodies[number % 2 == 0], number, is_photo=number % 2 == 0)
        writer.write(f"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {len(body)}\r\n\r\n".encode())
        for start in range(0, len(body), 65536):
            writer.write(body[start : start + 65536])
            await writer.drain()
        writer.close()

    async def run() -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(HERE / "cert.pem", HERE / "key.pem")
        server = await asyncio.start_server(one, "127.0.0.1", 0, ssl=context)
        ready.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


@dataclass
class Watch:
    """The memory of this process and what it started, without PostgreSQL and the server of files, looked at again and again,
    in MB."""

    server: int
    peak: float = 0.0

    def now(self) -> float:
        """What they hold now."""
        held = sum(_resident(each) for each in _family(os.getpid(), self.server)) / 1024
        self.peak = max(self.peak, held)
        return held

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self.now()
            await asyncio.sleep(0.05)


def _family(process: int, server: int) -> list[int]:
    """A process and all that it started, but for two kinds that are no part of the gateway."""
    found = [process]
    with suppress(OSError):
        for task in Path(f"/proc/{process}/task").iterdir():
            for child in map(int, (task / "children").read_text().split()):
                if child != server and Path(f"/proc/{child}/comm").read_text().strip() != "postgres":
                    found += _family(child, server)
    return found


def _resident(process: int) -> int:
    """Kilobytes."""
    with suppress(OSError):
        for line in Path(f"/proc/{process}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
    return 0


def guard(port: int) -> Any:
    """The media plugin, which finds the server of files under its name."""

    async def resolve(host: str, asked: int) -> Sequence[Address]:
        return [ip_address("127.0.0.1")]

    trust = ssl.create_default_context(cafile=str(HERE / "cert.pem"))
    wire = Wire(resolve=resolve, is_allowed=lambda address: True, context=trust, ports=frozenset({port}))
    return replace(media, create=lambda settings, given: Media(settings, given, Fetcher((HOST,), wire=wire)))


def tenant(folder: str) -> dict[str, Any]:
    """A shop whose customers send files; nothing goes out."""
    number = {"base_url": "http://127.0.0.1:9", "token": "env:BENCH_CHATFLOW_TOKEN", "instance_id": "shop"}
    return {
        "slug": "shop",
        "name": "Shop",
        "mode": "shadow",
        "webhook_secret": "env:BENCH_WEBHOOK_SECRET",
        "media": {
            "rate_limit": {"bytes_mb": 1000},
            "max_size_mb": {"photo": 16, "audio": 16, "document": 16},
            "quota_mb": 100_000,
            "storage_dir": folder,
        },
        "plugins": [{"name": "media"}, {"name": "desk_log"}, {"name": "chatflow", "settings": number}],
    }


async def send(rig: Rig, link: str, number: int) -> None:
    """One webhook with one file behind a link."""
    kind, mime = ("image", "image/jpeg") if number % 2 == 0 else ("document", "application/pdf")
    answer = await rig.post(
        "/webhook/shop", headers={"X-Webhook-Secret": SECRET}, messageType=kind,
        metadata={"remoteJid": f"7701{number // A_CUSTOMER:07}@s.whatsapp.net", "messageId": f"m{number}"},
        mediaData={"mimetype": mime, "url": f"{link}/{number}", "fileName": f"{number}"},
    )  # fmt: skip
    if answer.status_code != 200:
        raise RuntimeError(answer.text)


async def count(rig: Rig) -> int:
    """How many fetches are over."""
    [row] = await rig.rows("SELECT count(*) AS n FROM jobs WHERE kind = 'fetch' AND status = 'done'")
    return int(row["n"])


async def measured(database: str, folder: str, port: int, server: int, files: int) -> tuple[float, float, Watch, int]:
    """Seconds for all, memory after a tenth of them, what was seen, and how many were kept."""
    watch, begun = Watch(server=server), 0.0
    clock = MovedClock(Path(tempfile.mkdtemp()) / "clock")
    others = [each.load() for each in entry_points(group="truffles_gateway") if each.name in OTHERS]
    async with Rig(database, clock, plugins=[guard(port), *others]) as rig:
        await rig.apply(tenant(folder))
        looking = asyncio.create_task(watch.run())
        start = time.perf_counter()
        for number in range(files):
            await send(rig, f"https://{HOST}:{port}", number)
        while (done := await count(rig)) < files:
            begun = begun or (watch.now() if done >= files // 10 else 0.0)
            if sys.stdout.isatty():
                print(f"\r{done} of {files}, {watch.now():.0f} MB ", end="", flush=True)
            await asyncio.sleep(0.5)
        seconds = time.perf_counter() - start
        looking.cancel()
        kept = await rig.rows("SELECT count(*) AS n FROM blobs")
        return seconds, begun, watch, int(kept[0]["n"])


def main() -> None:
    """Measure, print, judge."""
    parser = arguments("time and memory of many large files")
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--size", type=float, default=8.0, help="MB of each")
    parser.add_argument("--database", action="store_true", help="keep the bytes in PostgreSQL instead of a folder")
    options = parser.parse_args()
    os.environ.update(ENVIRONMENT)
    here, there = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(
        target=serve, args=(there, int(options.size * MB)), daemon=True
    )
    server.start()
    port = here.recv()
    with temporary_postgres() as postgres, tempfile.TemporaryDirectory() as folder:
        postgres.create_database("media")
        url = postgres.url("media")
        migrations.upgrade(url)
        where = "" if options.database else folder
        seconds, begun, watch, kept = asyncio.run(measured(url, where, port, server.pid or 0, options.files))
    server.terminate()
    rate = options.files / seconds
    print(
        f"{options.files} files of {options.size:g} MB in {seconds:.0f} s: {rate:.1f}/s, {rate * options.size:.0f} MB/s"
    )
    print(f"memory: {begun:.0f} MB after a tenth of them, at most {watch.peak:.0f} MB; kept {kept} of {options.files}")
    missed = kept != options.files
    close("growth of memory", watch.peak - begun, GROWTH, check=options.check, least=False, unit=" MB", missed=missed)


if __name__ == "__main__":
    main()
