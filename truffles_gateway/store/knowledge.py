"""A tenant's knowledge as plugins see it: bound to one tenant, shared by all processes."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence

from truffles_gateway.clock import Clock
from truffles_gateway.plugin import Chunk
from truffles_gateway.store.codec import dumps
from truffles_gateway.store.database import Database, Record

CHANGED = "truffles_knowledge"
FRESH_SECONDS = 3.0


class KnowledgeVersions:
    """The versions of all tenants' knowledge, one per process: asked of the database at most every few seconds, and at
    once after a notification."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._versions: dict[str, int] = {}
        self._asked = 0.0
        self.listening = False

    async def get(self, client_id: str) -> int:
        """The version of a tenant's knowledge; 0 if it has none."""
        if not self.listening or time.monotonic() - self._asked > FRESH_SECONDS:
            asked = time.monotonic()
            rows = await self._database.fetch("SELECT client_id, version FROM knowledge_versions", retry=True)
            self._versions = {row["client_id"]: row["version"] for row in rows}
            self._asked = asked
        return self._versions.get(client_id, 0)

    def changed(self, _: str = "") -> None:
        """Somebody changed some knowledge."""
        self._asked = 0.0


async def texts(
    database: Database, client_id: str, subject: str, tags: Sequence[str] | None
) -> list[tuple[str, str]]:  # fmt: skip
    """(text, what stands above it) of the chunks in which the beginning of a service's longest word occurs; with `tags`,
    of those alone."""
    longest = max(re.findall(r"\w+", subject), key=len, default="")[:4]
    like = f"%{re.sub('[её_]', '_', longest, flags=re.IGNORECASE)}%"
    rows = await database.fetch(
        """
        SELECT CASE WHEN answer <> '' THEN answer ELSE content END AS text,
            CASE WHEN answer <> '' THEN question ELSE title END AS above
        FROM knowledge_chunks WHERE client_id = $1 AND (title || ' ' || question || ' ' || content) ILIKE $2
            AND ($3::text[] IS NULL OR knowledge_tag = ANY($3)) ORDER BY id
        """,
        client_id, like, list(tags) if tags is not None else None, retry=True,
    )  # fmt: skip
    return [(row["text"], row["above"]) for row in rows]


async def tags(database: Database, client_id: str) -> set[str]:
    """The tags under which a tenant has chunks, "" for those of every branch."""
    sql = "SELECT DISTINCT knowledge_tag FROM knowledge_chunks WHERE client_id = $1"
    return {row["knowledge_tag"] for row in await database.fetch(sql, client_id, retry=True)}


class StoredKnowledge:
    """One tenant's chunks."""

    def __init__(self, database: Database, versions: KnowledgeVersions, client_id: str, clock: Clock) -> None:
        self._database, self._versions, self._client, self._clock = database, versions, client_id, clock

    async def version(self) -> int:
        """Grows with every change."""
        return await self._versions.get(self._client)

    async def chunks(self) -> list[Chunk]:
        """All chunks, ordered by id."""
        sql = "SELECT * FROM knowledge_chunks WHERE client_id = $1 ORDER BY id"
        return [_chunk(row) for row in await self._database.fetch(sql, self._client, retry=True)]

    async def apply(self, *, put: Sequence[Chunk] = (), delete: Sequence[str] = ()) -> int:
        """Put and delete in one transaction; returns the new version."""
        now = self._clock.now()
        async with self._database.transaction() as connection:
            version = await connection.fetchval(NEXT, self._client)
            await connection.execute(
                "DELETE FROM knowledge_chunks WHERE client_id = $1 AND id = ANY($2)", self._client, list(delete)
            )
            await connection.executemany(PUT, [_values(self._client, chunk, now) for chunk in put])
            await connection.execute("SELECT pg_notify($1, $2)", CHANGED, self._client)
        self._versions.changed()
        return int(version)

    async def revise(self, pairs: Sequence[tuple[Chunk, Chunk]]) -> int:
        """New vectors for those that are still stored as they were read."""
        now = self._clock.now()
        async with self._database.transaction() as connection:
            await connection.fetchval(NEXT, self._client)  # whoever else writes waits here
            done = [await connection.fetchval(REVISE, *_revised(self._client, *pair, now)) for pair in pairs]
            await connection.execute("SELECT pg_notify($1, $2)", CHANGED, self._client)
        self._versions.changed()
        return sum(each is not None for each in done)


NEXT = """
INSERT INTO knowledge_versions (client_id, version) VALUES ($1, 1)
ON CONFLICT (client_id) DO UPDATE SET version = knowledge_versions.version + 1 RETURNING version
"""

REVISE = """
UPDATE knowledge_chunks SET digest = $3, model = $4, vector = $5, updated_at = $6
WHERE client_id = $1 AND id = $2 AND digest = $7 AND model = $8 AND content = $9 AND question = $10 AND answer = $11
    AND title = $12 AND knowledge_tag = $13 AND metadata = $14::jsonb
RETURNING 1
"""

PUT = """
INSERT INTO knowledge_chunks (client_id, id, source, title, question, answer, content, knowledge_tag, digest, model,
    vector, metadata, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
ON CONFLICT (client_id, id) DO UPDATE SET source = excluded.source, title = excluded.title,
    question = excluded.question, answer = excluded.answer, content = excluded.content,
    knowledge_tag = excluded.knowledge_tag, digest = excluded.digest, model = excluded.model,
    vector = excluded.vector, metadata = excluded.metadata, updated_at = excluded.updated_at
"""


def _values(client_id: str, chunk: Chunk, now: object) -> tuple[object, ...]:
    return (
        client_id, chunk.id, chunk.source, chunk.title, chunk.question, chunk.answer, chunk.text, chunk.tag,
        chunk.digest, chunk.model, chunk.vector, dumps(dict(chunk.metadata)), now,
    )  # fmt: skip


def _revised(client_id: str, old: Chunk, new: Chunk, now: object) -> tuple[object, ...]:
    said = (old.digest, old.model, old.text, old.question, old.answer, old.title, old.tag, dumps(dict(old.metadata)))
    return client_id, old.id, new.digest, new.model, new.vector, now, *said


def _chunk(row: Record) -> Chunk:
    return Chunk(
        id=row["id"], source=row["source"], text=row["content"], title=row["title"], question=row["question"],
        answer=row["answer"], tag=row["knowledge_tag"], digest=row["digest"], model=row["model"],
        vector=row["vector"], metadata=row["metadata"],
    )  # fmt: skip
