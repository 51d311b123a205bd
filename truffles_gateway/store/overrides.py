"""What owners said that holds before the knowledge."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from truffles_gateway.overrides import ACTIVE, Override
from truffles_gateway.records import Commit, Ending
from truffles_gateway.store import binding
from truffles_gateway.store.batch import Batch
from truffles_gateway.store.codec import dumps
from truffles_gateway.store.database import Database

CHANGED = "truffles_tenants"

ACTIVE_ONES = """
coalesce((SELECT jsonb_agg(to_jsonb(o) ORDER BY o.created_at, o.id) FROM overrides o
    WHERE o.client_id = c.id AND o.status = 'active'), '[]')
"""
"""For a statement that reads `clients c`: everything that may still hold; its end is for the reader's clock to find."""


def of_json(row: Mapping[str, Any]) -> Override:
    """An override from a row."""
    until = row["until"]
    return Override(
        id=row["id"], kind=row["kind"], branch=row["branch"], subject=row["subject"], text=row["text"],
        until=datetime.fromisoformat(until) if isinstance(until, str) else until, status=row["status"],
        actor=row["actor"], data=row["data"],
    )  # fmt: skip


async def find(database: Database, client_id: str, id: str) -> Override | None:
    """What this tenant's owner said, or was shown, under this id."""
    sql = "SELECT * FROM overrides WHERE client_id = $1 AND id::text = $2"
    row = await database.fetch_one(sql, client_id, id, retry=True)
    return of_json(row) if row else None


async def versions(database: Database) -> dict[str, int]:
    """How often each tenant's owner has said something, by slug: cheap, for the poll."""
    sql = "SELECT slug, overrides_version FROM clients WHERE config <> '{}'"
    return {row["slug"]: row["overrides_version"] for row in await database.fetch(sql, retry=True)}


def add(batch: Batch, what: Commit) -> None:
    """What a commit says of these, and the notification that makes it live in every process."""
    for change in what.override_changes:
        batch.fence("truffles_fence_override($1, $2, $3)", what.client_id, change.id, change.before)
        batch.add(
            """
            UPDATE overrides SET status = $3, updated_at = $4, until = CASE WHEN $3 = 'active' THEN $5 ELSE until END
            WHERE client_id = $1 AND id = $2
            """,
            what.client_id, change.id, change.after, what.now, change.until,
        )  # fmt: skip
    for ending in what.endings:
        _end(batch, what, ending)
    for said in what.overrides:
        _say(batch, what, said)
    if what.connected:
        binding.add(batch, what, what.connected)
        batch.fence("pg_notify($1, $2)", CHANGED, what.client_id)
    if what.override_changes or what.endings or any(said.status == ACTIVE for said in what.overrides):
        batch.add("UPDATE clients SET overrides_version = overrides_version + 1 WHERE id = $1", what.client_id)
        batch.fence("pg_notify($1, $2)", CHANGED, what.client_id)


def _say(batch: Batch, what: Commit, said: Override) -> None:
    batch.add(
        """
        INSERT INTO overrides (client_id, id, kind, branch, subject, text, data, until, status, actor, created_at,
            updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11) ON CONFLICT DO NOTHING
        """,
        what.client_id, said.id, said.kind, said.branch, said.subject, said.text, dumps(dict(said.data)), said.until,
        said.status, said.actor, what.now,
    )  # fmt: skip


def _end(batch: Batch, what: Commit, ending: Ending) -> None:
    batch.add(
        """
        UPDATE overrides SET status = 'ended', updated_at = $2
        WHERE client_id = $1 AND status = 'active' AND kind = $3
            AND CASE WHEN $4::text[] IS NULL THEN true WHEN cardinality($4::text[]) = 0 THEN branch = ''
                ELSE string_to_array(branch, ' ') && $4::text[] END
            AND ($5::uuid[] IS NULL OR id = ANY($5))
        """,
        what.client_id, what.now, ending.kind, list(ending.branches) if ending.branches is not None else None,
        list(ending.ids) if ending.ids is not None else None,
    )  # fmt: skip
