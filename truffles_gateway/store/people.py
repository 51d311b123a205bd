"""People who were seen at a desk: kept as the channel names them, renewed whenever they act. Nobody has a right by it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from truffles_gateway.messages import Person
from truffles_gateway.store.database import Database

# The rows are taken in one order, whoever else takes them. Not every word is worth a write.
MEET = """
WITH given AS (
    SELECT * FROM unnest($2::text[], $3::text[], $4::text[], $5::text[]) AS t(channel, id, username, name)
), met AS (
    INSERT INTO agent_identities AS a (client_id, id, channel, external_id, username, name, last_seen_at)
    SELECT $1, gen_random_uuid(), channel, id, username, name, $6 FROM given ORDER BY channel, id
    ON CONFLICT (client_id, channel, external_id) WHERE agent_id IS NULL DO UPDATE
        SET username = excluded.username, name = excluded.name, last_seen_at = excluded.last_seen_at
        WHERE (a.username, a.name) IS DISTINCT FROM (excluded.username, excluded.name)
            OR a.last_seen_at < excluded.last_seen_at - interval '1 min'
)
SELECT g.channel, g.id FROM given g WHERE g.name <> '' AND (
    EXISTS (SELECT 1 FROM agent_identities o WHERE o.client_id = $1 AND o.agent_id IS NULL AND o.name = g.name
        AND (o.channel, o.external_id) <> (g.channel, g.id))
    OR EXISTS (SELECT 1 FROM given o WHERE o.name = g.name AND (o.channel, o.id) <> (g.channel, g.id)))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Somebody as they called themselves when they were last seen."""

    person: Person
    at: datetime


async def meet(database: Database, client_id: str, people: Sequence[Person], now: datetime) -> set[tuple[str, str]]:
    """Keep what these people call themselves; who of them (channel, id) shares their name with somebody else."""
    rows = await database.fetch(
        MEET,
        client_id,
        [each.channel for each in people],
        [each.id for each in people],
        [each.username for each in people],
        [each.name for each in people],
        now,
        retry=True,
    )
    return {(row["channel"], row["id"]) for row in rows}


async def seen(database: Database, client_id: str) -> list[Seen]:
    """Everybody who was ever seen at a desk of this tenant, the latest first."""
    rows = await database.fetch(
        """
        SELECT channel, external_id, username, name, last_seen_at FROM agent_identities
        WHERE client_id = $1 AND agent_id IS NULL ORDER BY last_seen_at DESC, channel, external_id
        """,
        client_id,
        retry=True,
    )
    return [
        Seen(
            person=Person(channel=row["channel"], id=row["external_id"], username=row["username"], name=row["name"]),
            at=row["last_seen_at"],
        )
        for row in rows
    ]
