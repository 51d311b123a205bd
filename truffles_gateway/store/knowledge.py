"""Chunks and vectors of every tenant, at home in PostgreSQL, and their version, which all processes watch."""

from __future__ import annotations

from collections.abc import Sequence

from truffles_gateway.clock import Clock
from truffles_gateway.plugin import Chunk
from truffles_gateway.store.codec import dumps
from truffles_gateway.store.database import Database


class Versions:
    """The knowledge versions of all tenants as this process knows them: one query serves every retriever."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[str, int] = {}

    async def refresh(self) -> None:
        """Read them again: at a notification, and now and then in case one was lost."""
        rows = await self._database.fetch("SELECT client_id, version FROM knowledge_versions", retry=True)
        self._known = {row["client_id"]: row["version"] for row in rows}

    async def get(self, client_id: str) -> int:
        """A tenant's version; 0 while it has no knowledge."""
        if client_id not in self._known:
            await self.refresh()
            self._known.setdefault(client_id, 0)
        return self._known[client_id]

    def saw(self, client_id: str, version: int) -> None:
        """A change made by this process counts at once."""
        self._known[client_id] = max(version, self._known.get(client_id, 0))


class StoredKnowledge:
    """One tenant's chunks; what plugins get as `resources.knowledge`."""

    def __init__(self, database: Database, clock: Clock, client_id: str, versions: Versions) -> None:
        self._database, self._clock, self._client_id, self._versions = database, clock, client_id, versions

    async def version(self) -> int:
        """Grows with every change."""
        return await self._versions.get(self._client_id)

    async def chunks(self) -> list[Chunk]:
        """All chunks of the tenant, ordered by id."""
        rows = await self._database.fetch(
            "SELECT * FROM knowledge_chunks WHERE client_id = $1 ORDER BY id", self._client_id, retry=True
        )
        return [
            Chunk(
                id=row["id"],
                source=row["source"],
                text=row["content"],
                title=row["title"],
                question=row["question"],
                answer=row["answer"],
                tag=row["knowledge_tag"],
                digest=row["digest"],
                model=row["model"],
                vector=row["vector"],
                metadata=row["metadata"],
            )
            for row in rows
        ]

    async def apply(self, *, put: Sequence[Chunk] = (), delete: Sequence[str] = ()) -> int:
        """Put and delete in one transaction; tells all processes; returns the new version."""
        async with self._database.transaction() as connection:
            if delete:
                await connection.execute(
                    "DELETE FROM knowledge_chunks WHERE client_id = $1 AND id = ANY($2::text[])",
                    self._client_id,
                    list(delete),
                )
            if put:
                await connection.execute(PUT, self._client_id, self._clock.now(), *_columns(put))
            version: int = await connection.fetchval(BUMP, self._client_id)
            await connection.execute("SELECT pg_notify('truffles_knowledge', $1)", self._client_id)
        self._versions.saw(self._client_id, version)
        return version


PUT = """
INSERT INTO knowledge_chunks (client_id, id, source, title, question, answer, content, knowledge_tag, digest, model,
    vector, metadata, updated_at)
SELECT $1, i, s, t, q, a, c, k, d, m, v, x, $2
FROM unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[],
    $11::text[], $12::bytea[], $13::jsonb[]) AS u(i, s, t, q, a, c, k, d, m, v, x)
ON CONFLICT (client_id, id) DO UPDATE SET source = excluded.source, title = excluded.title,
    question = excluded.question, answer = excluded.answer, content = excluded.content,
    knowledge_tag = excluded.knowledge_tag, digest = excluded.digest, model = excluded.model,
    vector = excluded.vector, metadata = excluded.metadata, updated_at = excluded.updated_at
"""
BUMP = """
INSERT INTO knowledge_versions (client_id, version) VALUES ($1, 1)
ON CONFLICT (client_id) DO UPDATE SET version = knowledge_versions.version + 1
RETURNING version
"""


def _columns(chunks: Sequence[Chunk]) -> tuple[list[object], ...]:
    names = ("id", "source", "title", "question", "answer", "text", "tag", "digest", "model", "vector")
    plain = tuple([getattr(chunk, name) for chunk in chunks] for name in names)
    return (*plain, [dumps(dict(chunk.metadata)) for chunk in chunks])


class StoredBlobs:
    """One tenant's bytes by content hash; what plugins get as `resources.blobs`."""

    def __init__(self, database: Database, client_id: str) -> None:
        self._database, self._client_id = database, client_id

    async def get(self, blob: str) -> bytes | None:
        """The bytes with this SHA-256, None if they are gone."""
        row = await self._database.fetch_one(
            "SELECT data FROM blobs WHERE client_id = $1 AND sha256 = $2", self._client_id, blob, retry=True
        )
        return bytes(row["data"]) if row else None
