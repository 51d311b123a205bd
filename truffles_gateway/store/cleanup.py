"""Files that have grown too old are deleted, and what a crash left behind in folders; how much room the others take.

A batch locks its tenant's store, as whoever puts a file does: what is put meanwhile waits for milliseconds, and then finds
its old row and its old file both gone, or both there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from truffles_gateway.clock import Clock
from truffles_gateway.observability import logger
from truffles_gateway.store.database import Connection, Database, Record
from truffles_gateway.store.folder import Folder
from truffles_gateway.tenant_config import Media

BATCH = 50
"""Files of one transaction: with the largest ones half a GB."""
LEFTOVER_SECONDS = 3600.0
"""No file takes so long to be written: what no row knows after that is nobody's."""
log = logger("cleanup")

Progress = Callable[[int], None]
"""Told how many files were deleted in one batch."""

# Whatever still has to be shown or sent keeps its files: messages that are not handled yet (those of unfinished turns are
# among them), drafts that nobody decided about, rows that wait or that an operator may send again.
HELD = """
SELECT jsonb_path_query(payload, '$.**.blob') #>> '{}' AS blob FROM outbox_messages
    WHERE client_id = $1 AND status IN ('queued', 'sending')
UNION SELECT jsonb_path_query(payload, '$.**.blob') #>> '{}' FROM outbox_messages
    WHERE client_id = $1 AND status = 'dead'
UNION SELECT jsonb_path_query(event, '$.**.blob') #>> '{}' FROM inbox_events
    WHERE client_id = $1 AND outcome IS NULL
UNION SELECT jsonb_path_query(payload, '$.**.blob') #>> '{}' FROM drafts
    WHERE client_id = $1 AND status IN ('waiting', 'editing')
"""

EXPIRED = """
FROM blobs b WHERE b.client_id = $1 AND b.used_at < $2
    AND NOT EXISTS (SELECT 1 FROM held h WHERE h.blob = b.sha256)
"""
COUNT = f"""
WITH held AS MATERIALIZED ({HELD})
SELECT count(*) AS files, COALESCE(sum(size), 0)::bigint AS bytes {EXPIRED}
"""
TAKE = f"""
WITH held AS MATERIALIZED ({HELD})
SELECT sha256, folder, size {EXPIRED} ORDER BY b.used_at LIMIT $3 FOR UPDATE OF b SKIP LOCKED
"""

LOCK = "SELECT 1 FROM blob_stores WHERE client_id = $1 FOR UPDATE"

# In whatever folder: the same one may have been configured under two names.
KNOWN = "SELECT sha256 FROM blobs WHERE client_id = $1 AND folder <> '' AND ($2::text[] IS NULL OR sha256 = ANY($2))"

STORES = """
SELECT c.id, c.slug, c.config -> 'media' AS media, c.last_good_config -> 'media' AS media_before,
    COALESCE(s.used_bytes, 0) AS used_bytes, (SELECT count(*) FROM blobs b WHERE b.client_id = c.id) AS files,
    ARRAY(SELECT DISTINCT folder FROM blobs b WHERE b.client_id = c.id AND folder <> '') AS folders
FROM clients c LEFT JOIN blob_stores s ON s.client_id = c.id
WHERE c.config <> '{}' AND ($1::text IS NULL OR c.slug = $1) ORDER BY c.slug
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """One tenant's files: how many, their bytes, what is configured for them, and the folders in which some lie."""

    client_id: str
    tenant: str
    files: int
    used_bytes: int
    media: Media
    folders: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleaned:
    """What was deleted, or would be: files with their bytes, and leftovers of crashes."""

    files: int = 0
    bytes: int = 0
    leftovers: int = 0


async def stores(database: Database, tenant: str | None = None) -> list[Store]:
    """Of all tenants or of one, whether it can be served or not."""
    return [_store(row) for row in await database.fetch(STORES, tenant, retry=True)]


def _store(row: Record) -> Store:
    media = _media(row["media"], row["media_before"])
    folders = frozenset(filter(None, (*row["folders"], media.storage_dir)))
    return Store(
        client_id=row["id"], tenant=row["slug"], files=row["files"], used_bytes=row["used_bytes"], media=media,
        folders=folders,
    )  # fmt: skip


def _media(*tables: Mapping[str, Any] | None) -> Media:
    """The first that can be used: a config may be bad, and files grow old all the same."""
    for table in tables:
        with suppress(ValidationError):
            return Media.model_validate(table or {})
    return Media()


@dataclass(frozen=True, slots=True)
class Cleanup:
    """Deletes what is too old. Any number of processes may do it at once."""

    database: Database
    clock: Clock
    data_dir: Path

    async def look(self, store: Store) -> Cleaned:
        """What `run` would delete."""
        [row] = await self.database.fetch(COUNT, store.client_id, self._before(store), retry=True)
        leftovers = sum([len(await self._leftovers(store, folder)) for folder in store.folders])
        return Cleaned(files=row["files"], bytes=row["bytes"], leftovers=leftovers)

    async def run(self, store: Store, progress: Progress = lambda _: None) -> Cleaned:
        """Delete it, batch by batch."""
        files, size, batch = 0, 0, BATCH
        while batch == BATCH:
            deleted = await self._delete_batch(store)
            batch = len(deleted)
            files, size = files + batch, size + sum(deleted)
            progress(batch)
        leftovers = sum([await self._remove_leftovers(store, folder) for folder in store.folders])
        return Cleaned(files=files, bytes=size, leftovers=leftovers)

    def _before(self, store: Store) -> datetime:
        return self.clock.now() - store.media.lifetime

    async def _delete_batch(self, store: Store) -> list[int]:
        """The sizes of what was deleted. Files go before their rows: a crash in between leaves rows, which are found again."""
        async with self.database.transaction() as connection:
            await connection.execute(LOCK, store.client_id)
            rows = await connection.fetch(TAKE, store.client_id, self._before(store), BATCH)
            in_files = [self._folder(store, row["folder"]).path(row["sha256"]) for row in rows if row["folder"]]
            await _delete(in_files)
            await _forget(connection, store.client_id, rows)
        return [row["size"] for row in rows]

    async def _leftovers(self, store: Store, folder: str) -> list[Path]:
        """Old files that no row knows."""
        old = await asyncio.to_thread(list, self._folder(store, folder).old(LEFTOVER_SECONDS))
        rows = await self.database.fetch(KNOWN, store.client_id, None, retry=True) if old else ()
        known = {row["sha256"] for row in rows}
        return [path for path in old if path.name not in known]

    async def _remove_leftovers(self, store: Store, folder: str) -> int:
        """Each is looked up once more under the lock: what nobody knew may be somebody's by now."""
        found, removed = await self._leftovers(store, folder), 0
        for start in range(0, len(found), BATCH):
            batch = found[start : start + BATCH]
            async with self.database.transaction() as connection:
                await connection.execute(LOCK, store.client_id)
                rows = await connection.fetch(KNOWN, store.client_id, [path.name for path in batch])
                known = {row["sha256"] for row in rows}
                unknown = [path for path in batch if path.name not in known]
                await _delete(unknown)
            removed += len(unknown)
        return removed

    def _folder(self, store: Store, folder: str) -> Folder:
        return Folder(self.data_dir / folder, store.client_id)


async def _forget(connection: Connection, client_id: str, rows: Sequence[Record]) -> None:
    names, size = [row["sha256"] for row in rows], sum(row["size"] for row in rows)
    await connection.execute("DELETE FROM blobs WHERE client_id = $1 AND sha256 = ANY($2)", client_id, names)
    await connection.execute(
        "UPDATE blob_stores SET used_bytes = GREATEST(used_bytes - $2, 0) WHERE client_id = $1", client_id, size
    )


async def _delete(paths: Sequence[Path]) -> None:
    """To the end, even where whoever waits is cancelled: a thread goes on, and the lock must outlive it."""
    work = asyncio.create_task(asyncio.to_thread(_unlink, paths))
    try:
        await asyncio.shield(work)
    except asyncio.CancelledError:
        await work
        raise


def _unlink(paths: Sequence[Path]) -> None:
    for path in paths:
        try:
            path.unlink(missing_ok=True)
        except OSError as problem:
            log.warning("file not deleted", path=str(path), problem=str(problem))
