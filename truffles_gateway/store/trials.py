"""What a trial run asks of its own throwaway database, and what a replay reads of a tenant's real one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from truffles_gateway.store.database import Database, Record

# A turn is over when its event has an outcome and the customer has read what there was to read.
ENDED = """
SELECT e.id AS event_id, t.id AS turn_id, e.outcome, e.outcome_reason, coalesce(t.stages, '[]') AS stages,
    coalesce(t.error, '') AS error, c.id AS conversation_id, c.state, c.bot_muted_until, c.open_handover_id AS handover_id,
    (SELECT json_agg(json_build_object('kind', o.kind, 'channel', o.channel, 'payload', o.payload, 'status', o.status)
        ORDER BY o.seq) FROM outbox_messages o WHERE o.client_id = e.client_id AND o.turn_id = e.turn_id) AS outgoing,
    (SELECT json_agg(json_build_object('plugin', f.plugin, 'hook', f.hook, 'error', f.error) ORDER BY f.at)
        FROM faults f WHERE f.client_id = t.client_id AND f.correlation_id = t.correlation_id) AS faults
FROM unnest($1::uuid[], $2::uuid[]) AS k(client_id, id)
JOIN inbox_events e ON e.client_id = k.client_id AND e.id = k.id
LEFT JOIN turns t ON t.client_id = e.client_id AND t.id = e.turn_id
LEFT JOIN conversations c ON c.client_id = t.client_id AND c.id = t.conversation_id
WHERE e.outcome IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM outbox_messages o WHERE o.client_id = e.client_id AND o.turn_id = e.turn_id
        AND o.status IN ('queued', 'sending') AND o.kind IN ('reply', 'notice'))
"""


async def ended(database: Database, events: Sequence[tuple[str, str]]) -> Sequence[Record]:
    """Those of the events `(client_id, id)` whose turns are over, with what became of them."""
    return await database.fetch(ENDED, [each[0] for each in events], [each[1] for each in events])


async def idle(database: Database, now: datetime) -> bool:
    """Is no job due?"""
    sql = "SELECT 1 FROM jobs WHERE status = 'waiting' AND run_at <= $1 LIMIT 1"
    return await database.fetch_one(sql, now) is None


async def forget_timers(database: Database) -> None:
    """No clock of a talk that is over shall ring in the next one's time."""
    await database.execute("DELETE FROM jobs WHERE status = 'waiting'")


TALKED = """
SELECT t.id AS turn_id, t.conversation_id, t.lane, t.started_at, t.outcome, t.outcome_reason,
    coalesce(t.stages, '[]') AS stages,
    (SELECT json_agg(json_build_object('event', e.event, 'channel', e.channel, 'at', e.received_at) ORDER BY e.seq)
        FROM inbox_events e WHERE e.client_id = t.client_id AND e.turn_id = t.id) AS events,
    (SELECT json_agg(o.payload ->> 'text' ORDER BY o.seq) FROM outbox_messages o
        WHERE o.client_id = t.client_id AND o.turn_id = t.id AND o.kind IN ('reply', 'notice')
          AND o.status <> 'withdrawn') AS replies,
    (SELECT json_agg(d.text ORDER BY d.created_at) FROM drafts d
        WHERE d.client_id = t.client_id AND d.turn_id = t.id) AS drafts
FROM turns t WHERE t.client_id = $1 AND t.kind = 'customer' AND t.started_at >= $2 AND t.status IN ('done', 'parked')
    AND ($3::int IS NULL OR t.lane IN (
        SELECT lane FROM turns WHERE client_id = $1 AND kind = 'customer' AND started_at >= $2
        GROUP BY lane ORDER BY max(started_at) DESC LIMIT $3))
ORDER BY t.started_at, t.id
"""


async def talked(database: Database, client_id: str, since: datetime, limit: int | None) -> list[dict[str, Any]]:
    """Customers' turns since then, oldest first, with what was answered; with `limit`, of so many conversations, the latest."""
    rows = await database.fetch(TALKED, client_id, since, limit, retry=True)
    return [dict(row) for row in rows]
