"""What operators ask the database: the ledger, one message's story, dead letters, how full the queues are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from truffles_gateway.store.database import Database, Record

UNDELIVERED = ("dead", "expired", "flagged")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """What became of one tenant's events. `lost` ones have neither an end nor anybody who will bring them to one."""

    tenant: str
    accepted: int
    outcomes: Mapping[str, int]
    waiting: int
    lost: int
    desk_accepted: int = 0
    desk_outcomes: Mapping[str, int] = field(default_factory=dict)
    desk_waiting: int = 0

    @property
    def balanced(self) -> bool:
        """Do the sums match what was accepted?"""
        customers = self.accepted == sum(self.outcomes.values()) + self.waiting
        desk = self.desk_accepted == sum(self.desk_outcomes.values()) + self.desk_waiting
        return customers and desk and not self.lost


LEDGER = """
SELECT c.slug, e.kind = 'customer' AS customer, count(e.id) AS accepted,
    count(e.id) FILTER (WHERE e.outcome = 'answered') AS answered,
    count(e.id) FILTER (WHERE e.outcome = 'escalated') AS escalated,
    count(e.id) FILTER (WHERE e.outcome = 'forwarded') AS forwarded,
    count(e.id) FILTER (WHERE e.outcome = 'ignored') AS ignored,
    count(e.id) FILTER (WHERE e.outcome = 'parked') AS parked,
    count(e.id) FILTER (WHERE e.outcome = 'handled') AS handled,
    count(e.id) FILTER (WHERE e.outcome IS NULL) AS waiting,
    count(e.id) FILTER (WHERE e.outcome IS NULL AND NOT EXISTS (
        SELECT 1 FROM lanes l WHERE l.client_id = e.client_id AND l.lane = e.lane
          AND (l.turn_id = e.turn_id OR e.turn_id IS NULL AND l.ready_at IS NOT NULL))) AS lost
FROM clients c LEFT JOIN inbox_events e ON e.client_id = c.id
WHERE $1::text IS NULL OR c.slug = $1
GROUP BY c.slug, e.kind = 'customer' ORDER BY c.slug
"""
ENDS = ("answered", "escalated", "forwarded", "ignored", "parked")
DESK_ENDS = ("handled", "ignored", "parked")


async def ledger(database: Database, tenant: str | None = None) -> list[Ledger]:
    """One line a tenant; all counts come from one snapshot."""
    found: dict[str, dict[bool, Record]] = {}
    for row in await database.fetch(LEDGER, tenant, retry=True):
        found.setdefault(row["slug"], {})[row["customer"] is not False] = row
    return [_ledger(slug, of.get(True), of.get(False)) for slug, of in found.items()]


def _ledger(slug: str, customers: Record | None, desk: Record | None) -> Ledger:
    def number(row: Record | None, name: str) -> int:
        return int(row[name]) if row else 0

    return Ledger(
        tenant=slug,
        accepted=number(customers, "accepted"),
        outcomes={name: number(customers, name) for name in ENDS},
        waiting=number(customers, "waiting"),
        lost=number(customers, "lost") + number(desk, "lost"),
        desk_accepted=number(desk, "accepted"),
        desk_outcomes={name: number(desk, name) for name in DESK_ENDS},
        desk_waiting=number(desk, "waiting"),
    )


FIND = """
SELECT client_id, turn_id, correlation_id FROM inbox_events
WHERE event_id = $1 OR correlation_id = $1 OR id = $2 OR turn_id = $2
UNION SELECT client_id, turn_id, correlation_id FROM messages WHERE id = $2 OR correlation_id = $1
UNION SELECT client_id, turn_id, correlation_id FROM outbox_messages WHERE id = $2 OR key = $1 OR provider_id = $1
UNION SELECT client_id, turn_id, correlation_id FROM handovers WHERE id = $2
UNION SELECT client_id, turn_id, '' FROM drafts WHERE id = $2
LIMIT 20
"""
STORY = """
SELECT c.slug AS tenant, t.id AS turn_id, t.status, t.outcome, t.outcome_reason, t.attempts, t.stages, t.error,
    t.started_at, t.finished_at, t.correlation_id, t.lane,
    (SELECT json_agg(json_build_object('id', e.id, 'event_id', e.event_id, 'text', e.event ->> 'text', 'kind', e.kind,
        'at', e.received_at, 'outcome', e.outcome, 'reason', e.outcome_reason, 'correlation_id', e.correlation_id)
        ORDER BY e.seq) FROM inbox_events e WHERE e.client_id = t.client_id AND e.turn_id = t.id) AS events,
    (SELECT json_agg(json_build_object('id', o.id, 'kind', o.kind, 'channel', o.channel, 'recipient', o.recipient,
        'text', o.payload ->> 'text', 'status', o.status, 'attempts', o.attempts, 'error', o.error, 'sent_at', o.sent_at)
        ORDER BY o.seq) FROM outbox_messages o WHERE o.client_id = t.client_id AND o.turn_id = t.id) AS outgoing,
    (SELECT json_agg(json_build_object('id', d.id, 'status', d.status, 'by', d.decided_by, 'at', d.decided_at,
        'text', d.text) ORDER BY d.created_at) FROM drafts d WHERE d.client_id = t.client_id AND d.turn_id = t.id) AS drafts,
    (SELECT json_agg(json_build_object('plugin', f.plugin, 'hook', f.hook, 'error', f.error) ORDER BY f.at)
        FROM faults f WHERE f.client_id = t.client_id AND f.correlation_id = t.correlation_id) AS faults
FROM unnest($1::uuid[], $2::uuid[]) AS k(client_id, id)
JOIN turns t ON t.client_id = k.client_id AND t.id = k.id JOIN clients c ON c.id = t.client_id
ORDER BY t.started_at
"""
ALONE = """
SELECT c.slug AS tenant, e.id, e.event_id, e.kind, e.lane, e.outcome, e.outcome_reason, e.correlation_id,
    e.received_at, e.event ->> 'text' AS text
FROM inbox_events e JOIN clients c ON c.id = e.client_id
WHERE e.turn_id IS NULL AND (e.event_id = $1 OR e.correlation_id = $1 OR e.id = $2) ORDER BY e.seq
"""


async def why(database: Database, message: str) -> list[dict[str, Any]]:
    """The story of a message: its turns with their decision traces. `message` is a channel's message id, a
    correlation id, or the id of an event, turn, line of dialogue, outgoing row or handover."""
    as_id = _uuid(message)
    keys = await database.fetch(FIND, message, as_id, retry=True)
    turns = {(key["client_id"], key["turn_id"]) for key in keys if key["turn_id"]}
    clients, ids = [key[0] for key in turns], [key[1] for key in turns]
    told = [dict(row) for row in await database.fetch(STORY, clients, ids, retry=True)]
    alone = [dict(row) for row in await database.fetch(ALONE, message, as_id, retry=True)]
    return told + alone


def _uuid(text: str) -> str | None:
    try:
        return str(UUID(text))
    except ValueError:
        return None


LETTERS = """
SELECT o.id, c.slug AS tenant, o.channel, o.instance, o.recipient, o.kind, o.status, o.attempts, o.error, o.created_at,
    o.due_at, o.correlation_id, o.payload
FROM outbox_messages o JOIN clients c ON c.id = o.client_id
WHERE o.status = ANY($1) AND ($2::text IS NULL OR c.slug = $2) ORDER BY o.seq DESC LIMIT $3
"""


async def outbox(
    database: Database, statuses: Sequence[str], tenant: str | None = None, limit: int = 200
) -> list[dict[str, Any]]:
    """Outgoing rows in these states, newest first."""
    return [dict(row) for row in await database.fetch(LETTERS, list(statuses), tenant, limit, retry=True)]


async def resubmit(database: Database, now: datetime, ids: Sequence[str] | None = None) -> int:
    """Queue spent rows again, with their old keys: all dead ones, or these (then also expired and flagged ones)."""
    rows = await database.fetch(
        """
        UPDATE outbox_messages SET status = 'queued', attempts = 0, due_at = $1, held_until = NULL, expires_at = NULL,
            error = '', repeat = repeat OR status = 'flagged', lease_owner = NULL, lease_until = NULL
        WHERE CASE WHEN $2::uuid[] IS NULL THEN status = 'dead' ELSE id = ANY($2) AND status = ANY($3) END
        RETURNING id
        """,
        now,
        None if ids is None else [each for each in ids if _uuid(each)],
        list(UNDELIVERED),
    )
    return len(rows)


GAUGES = """
SELECT (SELECT count(*) FROM inbox_events WHERE outcome IS NULL) AS inbox_waiting,
    (SELECT extract(epoch FROM $1 - min(received_at)) FROM inbox_events WHERE outcome IS NULL) AS inbox_oldest_seconds,
    (SELECT count(*) FROM outbox_messages WHERE status IN ('queued', 'sending')) AS outbox_waiting,
    (SELECT extract(epoch FROM $1 - min(created_at)) FROM outbox_messages
        WHERE status IN ('queued', 'sending')) AS outbox_oldest_seconds,
    (SELECT count(*) FROM outbox_messages WHERE status = 'dead') AS outbox_dead,
    (SELECT count(*) FROM jobs WHERE status = 'waiting') AS jobs_waiting,
    (SELECT count(*) FROM jobs WHERE status = 'dead') AS jobs_dead,
    (SELECT count(*) FROM circuits WHERE state = 'open') AS circuits_open,
    (SELECT count(*) FROM conversations WHERE open_handover_id IS NOT NULL) AS handovers_open
"""


async def gauges(database: Database, now: datetime) -> dict[str, float]:
    """How full the queues are, and how old their oldest entries."""
    row = await database.fetch_one(GAUGES, now, retry=True)
    return {name: float(value or 0) for name, value in (row or {}).items()}


FAILING = """
SELECT c.slug AS tenant, o.channel, count(*) AS waiting,
    (array_agg(o.error ORDER BY o.due_at DESC, o.seq DESC) FILTER (WHERE o.error <> ''))[1] AS error
FROM outbox_messages o JOIN clients c ON c.id = o.client_id
WHERE o.status IN ('queued', 'sending') AND o.attempts >= $1 GROUP BY c.slug, o.channel ORDER BY c.slug, o.channel
"""


async def failing(database: Database, attempts: int = 3) -> list[dict[str, Any]]:
    """What waits after so many attempts: how much on which channel, and the last error."""
    return [dict(row) for row in await database.fetch(FAILING, attempts, retry=True)]


async def open_circuits(database: Database) -> list[dict[str, Any]]:
    """Channels that are not sent to at the moment, and why."""
    sql = """SELECT c.slug AS tenant, k.channel, k.instance, k.reason, k.opened_at, k.probe_at
             FROM circuits k JOIN clients c ON c.id = k.client_id WHERE k.state = 'open' ORDER BY k.opened_at"""
    return [dict(row) for row in await database.fetch(sql, retry=True)]
