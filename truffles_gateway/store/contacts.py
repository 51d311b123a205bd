"""Contacts whom the bot leaves alone until that is undone: the conversation's own word says so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from truffles_gateway.store.database import Database

# Whoever writes a conversation compares its version: a turn that is under way reads this before it commits.
MUTE = """
UPDATE conversations c SET context = c.context || jsonb_build_object('do_not_answer', $4::text), version = c.version + 1
FROM users u
WHERE c.client_id = $1 AND u.client_id = c.client_id AND u.id = c.user_id AND u.channel = $2
    AND (u.remote_jid = $3 OR $5 <> '' AND u.phone = $5)
RETURNING c.id
"""
UNMUTE = """
UPDATE conversations c SET context = c.context - 'do_not_answer', version = c.version + 1
FROM users u
WHERE c.client_id = $1 AND u.client_id = c.client_id AND u.id = c.user_id AND u.channel = $2
    AND (u.remote_jid = $3 OR $4 <> '' AND u.phone = $4) AND c.context ? 'do_not_answer'
RETURNING c.id
"""
# Somebody who has never written gets a conversation in which it stands.
MEET = """
WITH met AS (
    INSERT INTO users (client_id, id, channel, remote_jid, phone, created_at)
    VALUES ($1, gen_random_uuid(), $2, $3, $5, $6)
    ON CONFLICT (client_id, channel, remote_jid) DO UPDATE SET channel = excluded.channel RETURNING id
)
INSERT INTO conversations (client_id, id, user_id, channel, context, created_at, version)
SELECT $1, gen_random_uuid(), id, $2, jsonb_build_object('do_not_answer', $4::text), $6, 1 FROM met
ON CONFLICT (client_id, user_id, channel) DO UPDATE SET context = conversations.context || excluded.context,
    version = conversations.version + 1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """One contact; `by` is who said that the bot shall leave them alone."""

    channel: str
    address: str
    name: str
    by: str


async def mute(
    database: Database, client_id: str, channel: str, address: str, phone: str, by: str, now: datetime
) -> None:  # fmt: skip
    """Leave a contact alone, whether they have ever written or not."""
    if not await database.fetch(MUTE, client_id, channel, address, by, phone):
        await database.execute(MEET, client_id, channel, address, by, phone, now)


async def unmute(database: Database, client_id: str, channel: str, address: str, phone: str) -> bool:
    """Answer a contact again; were they left alone?"""
    return bool(await database.fetch(UNMUTE, client_id, channel, address, phone))


async def muted(database: Database, client_id: str) -> list[Contact]:
    """Everybody whom the bot leaves alone."""
    rows = await database.fetch(
        """
        SELECT u.channel, u.remote_jid, u.name, c.context ->> 'do_not_answer' AS by FROM conversations c
        JOIN users u ON u.client_id = c.client_id AND u.id = c.user_id
        WHERE c.client_id = $1 AND c.context ? 'do_not_answer' ORDER BY u.channel, u.remote_jid
        """,
        client_id,
        retry=True,
    )
    return [Contact(channel=row["channel"], address=row["remote_jid"], name=row["name"], by=row["by"]) for row in rows]
