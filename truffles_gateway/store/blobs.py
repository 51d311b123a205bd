"""A tenant's files by their SHA-256: a row for each, its bytes in the row or in a file, all within the tenant's quota."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from truffles_gateway.clock import Clock
from truffles_gateway.errors import StorageFull
from truffles_gateway.observability import logger
from truffles_gateway.store import events
from truffles_gateway.store.database import Database, Record
from truffles_gateway.store.folder import SHA256, Folder
from truffles_gateway.tenant_config import Media

log = logger("blobs")

# Whoever adds waits for the lock on the tenant's store and then reads what is used by now, so that two that both still fit
# are not both added. What is known already takes no more room and only lives longer. `xmax` is 0 in a row that was inserted.
PUT = """
WITH store AS (
    SELECT used_bytes FROM blob_stores WHERE client_id = $1 FOR UPDATE
), put AS (
    INSERT INTO blobs AS b (client_id, sha256, mime, size, data, folder, created_at, used_at)
    SELECT $1::uuid, $2, $3, $4::bigint, $5::bytea, $6, $7::timestamptz, $7::timestamptz FROM store
    WHERE used_bytes + $4::bigint <= $8::bigint OR EXISTS (SELECT 1 FROM blobs WHERE client_id = $1 AND sha256 = $2)
    ON CONFLICT (client_id, sha256) DO UPDATE SET used_at = GREATEST(b.used_at, excluded.used_at)
    RETURNING folder, size, xmax = 0 AS is_new
), counted AS (
    UPDATE blob_stores SET used_bytes = used_bytes + put.size FROM put WHERE client_id = $1 AND put.is_new
)
SELECT store.used_bytes, put.folder FROM store LEFT JOIN put ON true
"""

OPEN = "INSERT INTO blob_stores (client_id) VALUES ($1) ON CONFLICT DO NOTHING"

# A read is a use, but most reads follow the last one closely: those write nothing.
GET = """
WITH used AS (
    UPDATE blobs SET used_at = $3::timestamptz
    WHERE client_id = $1 AND sha256 = $2 AND used_at < $3::timestamptz - interval '1 hour'
)
SELECT mime, size, data, folder FROM blobs WHERE client_id = $1 AND sha256 = $2
"""

LOOK = "SELECT mime, size, data, folder FROM blobs WHERE client_id = $1 AND sha256 = $2"

TAKE_IN = "UPDATE blobs SET data = $3, folder = '' WHERE client_id = $1 AND sha256 = $2 AND folder = $4"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A file that is there: its bytes, or the path under which they lie."""

    mime: str
    size: int
    data: bytes = b""
    path: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredBlobs:
    """One tenant's bytes. `data_dir` is where a relative `storage_dir` begins."""

    database: Database
    clock: Clock
    client_id: str
    tenant: str
    media: Media
    data_dir: Path

    async def get(self, blob: str) -> bytes | None:
        """The bytes with this hash, None if they are gone. From now on they live as long as if they had just come."""
        row = await self._row(GET, blob, self.clock.now())
        if row is None or not row["folder"]:
            return bytes(row["data"]) if row else None
        data = await asyncio.to_thread(self._folder(row["folder"]).read, blob)
        if data is None:
            self._report_gone(blob, row["folder"])
        return data

    async def look(self, blob: str) -> Kept | None:
        """The file, without reading it where it lies on a disk, and without making it live longer."""
        row = await self._row(LOOK, blob)
        if row is None:
            return None
        if not row["folder"]:
            return Kept(mime=row["mime"], size=row["size"], data=bytes(row["data"]))
        folder = self._folder(row["folder"])
        if not await asyncio.to_thread(folder.holds, blob):
            self._report_gone(blob, row["folder"])
            return None
        return Kept(mime=row["mime"], size=row["size"], path=folder.path(blob))

    async def put(self, data: bytes, mime: str) -> str:
        """Keep bytes (known ones live on); returns their SHA-256. Raises `StorageFull`."""
        blob = hashlib.sha256(data).hexdigest()
        await self._keep(blob, data, mime)
        return blob

    async def put_all(self, blobs: Mapping[str, tuple[str, bytes]]) -> frozenset[str]:
        """Keep bytes under their hashes, `{sha256: (mime, bytes)}`; returns those for which there was no room."""
        full = set()
        for blob, (mime, data) in blobs.items():
            try:
                await self._keep(blob, data, mime)
            except StorageFull as problem:
                log.warning("a file that came with a message was not kept", tenant=self.tenant, problem=str(problem))
                full.add(blob)
        return frozenset(full)

    async def _keep(self, blob: str, data: bytes, mime: str) -> None:
        """The row first, then the file: a crash in between leaves a row whose file is gone, and whoever puts the same bytes
        again writes it. The other way round bytes would lie there that no quota counts."""
        folder, quota = self.media.storage_dir, self.media.quota
        values = (blob, mime, len(data), None if folder else data, folder, self.clock.now(), quota)
        row = await self.database.fetch_one(PUT, self.client_id, *values, retry=True)
        if row is None:  # the tenant's first file
            await self.database.fetch(OPEN, self.client_id, retry=True)
            row = await self.database.fetch_one(PUT, self.client_id, *values, retry=True)
        assert row is not None
        if row["folder"] is None:
            await self._alarm(row["used_bytes"])
            raise StorageFull(tenant=self.tenant, used=row["used_bytes"], quota=quota)
        if row["folder"]:
            await self._write(row["folder"], blob, data)

    async def _write(self, folder: str, blob: str, data: bytes) -> None:
        """Into a file; where that cannot be written, into the row: a customer's file is not lost to a folder's rights."""
        files = self._folder(folder)
        try:
            if not await asyncio.to_thread(files.holds, blob):
                await asyncio.to_thread(files.write, blob, data)
        except OSError as problem:
            cure = "The bytes are in PostgreSQL. Let the gateway's user write there, or change media.storage_dir"
            log.error("file not written", tenant=self.tenant, folder=folder, problem=str(problem), cure=cure)  # noqa: TRY400
            await self.database.fetch(TAKE_IN, self.client_id, blob, data, folder, retry=True)

    async def _alarm(self, used: int) -> None:
        """Once a day: it stays full until somebody does something about it."""
        now = self.clock.now()
        values = {"used": f"{used / 2**20:.0f}", "quota": f"{self.media.quota_mb:g}"}
        about: dict[str, object] = {"cause": "storage full", "key": "alarm_storage_full", "values": values}
        await events.add_job(self.database, self.client_id, "alarm", f"alarm:storage full {now:%Y-%m-%d}", about, now)

    async def _row(self, sql: str, blob: str, *more: object) -> Record | None:
        if not SHA256.fullmatch(blob):
            return None
        return await self.database.fetch_one(sql, self.client_id, blob, *more, retry=True)

    def _folder(self, folder: str) -> Folder:
        return Folder(self.data_dir / folder, self.client_id)

    def _report_gone(self, blob: str, folder: str) -> None:
        log.error("a file is gone, or is not what its name says", tenant=self.tenant, blob=blob, folder=folder)
