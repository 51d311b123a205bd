"""The outbox: what goes out, in order for each recipient, until a receipt settles it.

A row is `queued` → `sending` (leased) → `sent`, or back to `queued` with a later `due_at`; it ends as `dead`,
`expired`, `flagged` (may have arrived; a person decides) or `withdrawn`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from truffles_gateway.messages import Outgoing
from truffles_gateway.store.codec import dumps, outgoing_from_json, storable
from truffles_gateway.store.database import Database, Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A claimed row. `attempt` counts this one; `probe` marks the one row that tests an open circuit."""

    client_id: str
    id: str
    key: str
    outgoing: Outgoing
    attempt: int
    repeat: bool
    correlation_id: str
    created_at: datetime
    expires_at: datetime | None
    turn_id: str
    conversation_id: str
    probe: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """What becomes of a claimed row. `attempts` is the number that counts from now on; `alarm` is the payload of an
    alarm job that is stored with it."""

    client_id: str
    id: str
    status: str
    attempts: int
    due_at: datetime | None = None
    held_until: datetime | None = None
    failed_at: datetime | None = None
    sent_at: datetime | None = None
    repeat: bool = False
    error: str = ""
    provider_id: str = ""
    alarm: Mapping[str, str] | None = None


# Only the first unsettled row of a recipient may go; one in back-off holds the others back until `held_until`, one that
# is no longer worth sending not at all. (Written with COALESCE: a comparison with null is neither true nor false, and a
# row that never failed has no `held_until`.)
HEAD = """
o.status = 'queued' AND o.due_at <= $2 AND (o.expires_at IS NULL OR o.expires_at > $2)
AND NOT EXISTS (
    SELECT 1 FROM outbox_messages b
    WHERE b.client_id = o.client_id AND b.channel = o.channel AND b.recipient = o.recipient AND b.seq < o.seq
      AND b.status IN ('queued', 'sending') AND (b.status = 'sending' OR (
          COALESCE(b.held_until, 'infinity') > $2 AND COALESCE(b.expires_at, 'infinity') > $2))
)
"""
TAKE = """
UPDATE outbox_messages o SET status = 'sending', attempts = o.attempts + 1, lease_owner = $1,
    lease_until = clock_timestamp() + $4 * interval '1 s'
FROM head h WHERE o.client_id = h.client_id AND o.id = h.id
RETURNING o.*
"""
CLAIM = f"""
WITH head AS (
    SELECT o.client_id, o.id FROM outbox_messages o
    WHERE {HEAD} AND NOT EXISTS (
        SELECT 1 FROM circuits k WHERE k.client_id = o.client_id AND k.channel = o.channel
          AND k.instance = o.instance AND k.state = 'open')
    ORDER BY o.due_at, o.seq LIMIT $3 FOR UPDATE SKIP LOCKED
) {TAKE}
"""
# A probe needs a row to send: where none waits, the next one to come is the probe, at once.
PROBE = f"""
WITH due AS (
    SELECT client_id, channel, instance FROM circuits WHERE state = 'open' AND probe_at <= $2 FOR UPDATE SKIP LOCKED
), head AS (
    SELECT p.* FROM due CROSS JOIN LATERAL (
        SELECT o.client_id, o.id, o.channel, o.instance FROM outbox_messages o
        WHERE {HEAD} AND o.client_id = due.client_id AND o.channel = due.channel AND o.instance = due.instance
        ORDER BY o.seq LIMIT $3 FOR UPDATE SKIP LOCKED) p
), probed AS (
    UPDATE circuits k SET probes = k.probes + 1,
        probe_at = $2 + LEAST(300, 15 * 2 ^ LEAST(k.probes, 5)) * interval '1 s'
    FROM head h WHERE k.client_id = h.client_id AND k.channel = h.channel AND k.instance = h.instance
) {TAKE}
"""


async def claim(database: Database, owner: str, now: datetime, limit: int, lease: float) -> list[Row]:
    """Lease up to `limit` due rows, each the first of its recipient, on channels whose circuit is closed."""
    rows = await _readable(database, owner, await database.fetch(CLAIM, owner, now, limit, lease), now)
    return sorted(rows, key=lambda row: row.created_at)


async def claim_probes(database: Database, owner: str, now: datetime, lease: float) -> list[Row]:
    """Lease one row for each open circuit that is due to be tested."""
    return await _readable(database, owner, await database.fetch(PROBE, owner, now, 1, lease), now, probe=True)


async def claim_abandoned(
    database: Database, owner: str, held: Sequence[Row], lease: float, now: datetime
) -> list[Row]:
    """Take over rows whose sender died while sending: they may have arrived. `held` are those that the caller itself
    is still sending, however late it is (the database was away, the machine slept): it will know how they ended."""
    rows = await database.fetch(
        """
        UPDATE outbox_messages SET lease_owner = $1, lease_until = clock_timestamp() + $2 * interval '1 s'
        WHERE (client_id, id) IN (
            SELECT client_id, id FROM outbox_messages WHERE status = 'sending' AND lease_until <= clock_timestamp()
              AND NOT (lease_owner = $1 AND id = ANY($3::uuid[]))
            LIMIT 100 FOR UPDATE SKIP LOCKED)
        RETURNING *
        """,
        owner,
        lease,
        [row.id for row in held],
    )
    return await _readable(database, owner, rows, now)


async def _readable(
    database: Database, owner: str, records: Sequence[Record], now: datetime, *, probe: bool = False
) -> list[Row]:
    """The rows; one that cannot be read back (another version wrote it, or a hand) is dead and harms no other."""
    rows, dead = [], []
    for record in records:
        try:
            rows.append(_row(record, probe=probe))
        except (ValueError, TypeError) as problem:
            dead.append(
                Settlement(
                    client_id=record["client_id"],
                    id=record["id"],
                    status="dead",
                    attempts=record["attempts"],
                    error=f"unreadable: {problem}",
                )
            )
    if dead:
        await settle(database, owner, dead, now)
    return rows


def _row(row: Record, *, probe: bool = False) -> Row:
    return Row(
        client_id=row["client_id"],
        id=row["id"],
        key=row["key"],
        outgoing=outgoing_from_json(row["payload"]),
        attempt=row["attempts"],
        repeat=row["repeat"],
        correlation_id=row["correlation_id"],
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        turn_id=row["turn_id"] or "",
        conversation_id=row["conversation_id"] or "",
        probe=probe,
    )


# What a bot could not say goes to a human, and what a human could not say is told to the desk, in the transaction that
# gives the row up: a crash in between would lose it.
SETTLE = """
WITH settled AS (
    UPDATE outbox_messages o SET status = s.status, attempts = s.attempts, due_at = COALESCE(s.due_at, o.due_at),
        held_until = COALESCE(o.held_until, s.held_until), failed_at = COALESCE(s.failed_at, o.failed_at),
        sent_at = s.sent_at, repeat = o.repeat OR s.repeat, error = s.error, provider_id = s.provider_id,
        lease_owner = NULL, lease_until = NULL
    FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::int[], $6::timestamptz[], $7::timestamptz[],
        $8::timestamptz[], $9::timestamptz[], $10::bool[], $11::text[], $12::text[], $13::jsonb[])
        AS s(client_id, id, status, attempts, due_at, held_until, failed_at, sent_at, repeat, error, provider_id, alarm)
    WHERE o.client_id = s.client_id AND o.id = s.id AND o.lease_owner = $1 AND o.status = 'sending'
    RETURNING o.client_id, o.id, o.status, o.kind, o.turn_id, o.conversation_id, o.correlation_id, s.alarm
), handed_over AS (
    INSERT INTO jobs (client_id, id, key, kind, payload, conversation_id, correlation_id, run_at, created_at)
    SELECT DISTINCT ON (client_id, turn_id) client_id, gen_random_uuid(), 'undelivered:' || turn_id, 'turn.undelivered',
        jsonb_build_object('turn_id', turn_id), conversation_id, correlation_id, $14::timestamptz, $14::timestamptz
    FROM settled WHERE status IN ('dead', 'flagged') AND kind = 'reply' AND turn_id IS NOT NULL
        AND conversation_id IS NOT NULL
    ON CONFLICT (client_id, key) DO NOTHING
), told AS (
    INSERT INTO jobs (client_id, id, key, kind, payload, correlation_id, run_at, created_at)
    SELECT client_id, gen_random_uuid(), 'alarm:' || gen_random_uuid(), 'alarm', alarm, correlation_id,
        $14::timestamptz, $14::timestamptz
    FROM settled WHERE alarm IS NOT NULL
)
SELECT id FROM settled
"""


async def settle(database: Database, owner: str, settlements: Sequence[Settlement], now: datetime) -> set[str]:
    """Record what became of rows that `owner` still leases; returns their ids (a lost lease changes nothing)."""
    settlements = sorted(settlements, key=lambda settlement: (settlement.client_id, settlement.id))
    rows = await database.fetch(
        SETTLE,
        owner,
        [s.client_id for s in settlements],
        [s.id for s in settlements],
        [s.status for s in settlements],
        [s.attempts for s in settlements],
        [s.due_at for s in settlements],
        [s.held_until for s in settlements],
        [s.failed_at for s in settlements],
        [s.sent_at for s in settlements],
        [s.repeat for s in settlements],
        [storable(s.error[:500]) for s in settlements],
        [storable(s.provider_id) for s in settlements],
        [dumps(dict(s.alarm)) if s.alarm else None for s in settlements],
        now,
        retry=True,
    )
    return {row["id"] for row in rows}


async def heartbeat(database: Database, owner: str, rows: Sequence[Row], lease: float) -> None:
    """Extend the leases of the rows that `owner` is sending; one that is being settled needs it no more."""
    await database.execute(
        """
        UPDATE outbox_messages o SET lease_until = clock_timestamp() + $4 * interval '1 s' FROM (
            SELECT client_id, id FROM outbox_messages
            WHERE (client_id, id) IN (SELECT * FROM unnest($2::uuid[], $3::uuid[]))
              AND lease_owner = $1 AND status = 'sending' FOR UPDATE SKIP LOCKED) mine
        WHERE o.client_id = mine.client_id AND o.id = mine.id
        """,
        owner,
        [row.client_id for row in rows],
        [row.id for row in rows],
        lease,
    )


async def release(database: Database, owner: str) -> None:
    """Let go of what `owner` was still sending when it had to end: others find out what to do with it at once."""
    await database.execute(
        "UPDATE outbox_messages SET lease_until = clock_timestamp() WHERE lease_owner = $1 AND status = 'sending'",
        owner,
    )


# What a bot wanted to say and could not is handed to a human once; a channel that is known to be down makes no cards.
EXPIRE = """
WITH gone AS (
    UPDATE outbox_messages SET status = 'expired', error = CASE WHEN error = '' THEN 'too late' ELSE error END
    WHERE (client_id, id) IN (
        SELECT o.client_id, o.id FROM outbox_messages o
        WHERE o.status = 'queued' AND o.expires_at <= $1 AND NOT EXISTS (
            SELECT 1 FROM circuits k WHERE k.client_id = o.client_id AND k.channel = o.channel
              AND k.instance = o.instance AND k.state = 'open')
        LIMIT 200 FOR UPDATE SKIP LOCKED)
    RETURNING client_id, kind, turn_id, conversation_id, correlation_id
)
INSERT INTO jobs (client_id, id, key, kind, payload, conversation_id, correlation_id, run_at, created_at)
SELECT DISTINCT ON (client_id, turn_id) client_id, gen_random_uuid(), 'undelivered:' || turn_id, 'turn.undelivered',
    jsonb_build_object('turn_id', turn_id), conversation_id, correlation_id, $1::timestamptz, $1::timestamptz
FROM gone WHERE kind = 'reply' AND turn_id IS NOT NULL AND conversation_id IS NOT NULL
ON CONFLICT (client_id, key) DO NOTHING
RETURNING id
"""


async def expire(database: Database, now: datetime) -> int:
    """End rows that are no longer worth sending; returns how many turns go to a human because of it."""
    return len(await database.fetch(EXPIRE, now))


async def open_circuit_if_failing(
    database: Database, row: Row, now: datetime, reason: str, *, at_once: bool, threshold: int = 5
) -> bool:
    """Open the circuit of the row's channel when `threshold` different recipients failed within 60 s.

    True only for the call that opened it.
    """
    outgoing = row.outgoing
    record = await database.fetch_one(
        """
        INSERT INTO circuits (client_id, channel, instance, state, reason, opened_at, probe_at)
        SELECT $1, $2, $3, 'open', $5, $4::timestamptz, $4::timestamptz + interval '15 s'
        WHERE $6 OR (SELECT count(DISTINCT recipient) FROM outbox_messages
            WHERE client_id = $1 AND channel = $2 AND instance = $3 AND failed_at > $4::timestamptz - interval '60 s'
              AND failed_at > COALESCE((SELECT c.opened_at FROM circuits c WHERE c.client_id = $1 AND c.channel = $2
                AND c.instance = $3), '-infinity')) >= $7
        ON CONFLICT (client_id, channel, instance) DO UPDATE SET state = 'open', reason = excluded.reason,
            opened_at = excluded.opened_at, probe_at = excluded.probe_at, probes = 0
        WHERE circuits.state = 'closed'
        RETURNING channel
        """,
        row.client_id,
        outgoing.channel,
        outgoing.instance,
        now,
        reason[:500],
        at_once,
        threshold,
    )
    return record is not None


async def close_circuit(database: Database, row: Row, now: datetime) -> bool:
    """A send worked: close the circuit. True only for the call that closed it. Rows wait no longer."""
    outgoing = row.outgoing
    record = await database.fetch_one(
        """
        UPDATE circuits SET state = 'closed', opened_at = $4, probes = 0
        WHERE client_id = $1 AND channel = $2 AND instance = $3 AND state = 'open' RETURNING channel
        """,
        row.client_id,
        outgoing.channel,
        outgoing.instance,
        now,
    )
    return record is not None


async def take_tokens(
    database: Database, client_id: str, bucket: str, now: datetime, *, count: int, seconds: float, wanted: int
) -> tuple[int, datetime]:
    """Take up to `wanted` of `count` sends per `seconds` from a bucket shared by all processes.

    Returns how many were granted, and when the next one will be there. `free_at` runs ahead of the clock by what was
    used up (the generic cell rate algorithm).
    """
    await database.execute(
        "INSERT INTO rate_limits (client_id, bucket, free_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        client_id,
        bucket,
        now,
    )
    row = await database.fetch_one(
        """
        UPDATE rate_limits r SET free_at = o.base + o.granted * o.cell FROM (
            SELECT GREATEST(free_at, $3) AS base, $4 * interval '1 s' AS cell,
                GREATEST(0, LEAST($6::int, floor(
                    extract(epoch FROM $3 - GREATEST(free_at, $3) + $5 * interval '1 s') / $4 + 1e-6)::int)) AS granted
            FROM rate_limits WHERE client_id = $1 AND bucket = $2 FOR UPDATE) o
        WHERE r.client_id = $1 AND r.bucket = $2
        RETURNING o.granted, r.free_at
        """,
        client_id,
        bucket,
        now,
        seconds / count,
        float(seconds),
        wanted,
    )
    assert row is not None
    return row["granted"], row["free_at"] + timedelta(seconds=seconds / count - seconds)
