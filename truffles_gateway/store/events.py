"""Questions about the past that desk events and jobs ask: is this echo ours, what did that turn say."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from truffles_gateway.calls import UNSTORABLE, Fault
from truffles_gateway.messages import InboundEvent
from truffles_gateway.records import Job, StoredEvent
from truffles_gateway.store.codec import dumps, event_from_json
from truffles_gateway.store.database import Database
from truffles_gateway.tenant_config import Echo

# Our own sends come back as echoes, long ones in parts; an automatic greeting follows an inbound at once; a broadcast
# goes to many. A send counts from when it went out, not from when it was written: a human's words may have waited for
# hours, and one whose answer got lost may well have arrived.
ECHO = """
WITH ours AS (
    SELECT payload ->> 'text' AS said, provider_id, payload FROM outbox_messages
    WHERE client_id = $1 AND channel = $2 AND recipient = $3 AND (status = 'sending'
        OR sent_at > $6::timestamptz - $8 * interval '1 min'
        OR failed_at > $6::timestamptz - $8 * interval '1 min' AND (repeat OR status = 'flagged'))
)
SELECT
    EXISTS (SELECT 1 FROM outbox_messages WHERE client_id = $1 AND channel = $2 AND $4 <> ''
        AND key IN ($4, regexp_replace($4, '\\.[0-9]+$', ''))) AS by_key,
    EXISTS (SELECT 1 FROM outbox_messages WHERE client_id = $1 AND channel = $2 AND recipient = $3
        AND provider_id = $7 AND $7 <> '') AS by_id,
    EXISTS (SELECT 1 FROM ours WHERE said = $5
        OR length(said) > 400 AND $5 <> '' AND (right(said, length($5)) = $5
            OR length($5) >= 200 AND position($5 IN said) > 0)
        OR payload @> jsonb_build_object('attachments', jsonb_build_array(jsonb_build_object('caption', $5::text)))
        OR COALESCE(said, '') = '' AND payload ? 'attachments' AND $12 -- the channel captioned it itself
    ) AS by_text,
    EXISTS (SELECT 1 FROM inbox_events WHERE client_id = $1 AND channel = $2 AND address = $3 AND kind = 'customer'
        AND received_at BETWEEN $6::timestamptz - $9 * interval '1 s' AND $6::timestamptz) AS after_inbound,
    (SELECT count(DISTINCT address) FROM inbox_events WHERE client_id = $1 AND channel = $2 AND kind = 'echo'
        AND event->>'text' = $5 AND received_at > $6::timestamptz - $11 * interval '1 h') >= $10::int AS to_many
"""


async def echo_reason(database: Database, client_id: str, event: InboundEvent, at: datetime, rules: Echo) -> str:
    """Why an echo is nobody's words: "own send", "automatic greeting" or "broadcast"; "" if a person wrote it."""
    row = await database.fetch_one(
        ECHO, client_id, event.channel, event.address, event.own_key, event.text, at, event.event_id,
        rules.own_minutes, rules.greeting_seconds, rules.broadcast_users, rules.broadcast_hours,
        bool(event.attachments), retry=True,
    )  # fmt: skip
    assert row is not None
    if row["by_key"] or row["by_id"] or row["by_text"]:
        return "own send"
    if row["after_inbound"]:
        return "automatic greeting"
    return "broadcast" if row["to_many"] else ""


# Only an edit asks, and only about the time since its message came: the block index finds that.
VERSIONS = """
WITH first AS (
    SELECT received_at FROM inbox_events WHERE client_id = $1 AND channel = $2 AND event_id = $3
)
SELECT e.event, e.outcome FROM first f JOIN inbox_events e ON e.client_id = $1 AND e.channel = $2 AND e.received_at >= f.received_at
WHERE $3 IN (e.event_id, e.event ->> 'replaces') AND e.turn_id IS DISTINCT FROM $4::uuid
    AND e.received_at <= $5::timestamptz
ORDER BY e.seq DESC
"""


async def said_before(database: Database, client_id: str, edit: StoredEvent, turn_id: str) -> InboundEvent | None:
    """How the message that `edit` changes read until then, None where it is not known; `turn_id` is the edit's own turn."""
    event = edit.event
    row = await database.fetch_one(
        f"{VERSIONS} LIMIT 1", client_id, event.channel, event.replaces, turn_id, edit.received_at, retry=True
    )
    return event_from_json(row["event"]) if row else None


async def versions(
    database: Database, client_id: str, edit: StoredEvent, turn_id: str
) -> list[tuple[InboundEvent, str]]:
    """Every earlier version of the message that `edit` changes, the latest first, and what it came to."""
    event = edit.event
    rows = await database.fetch(
        VERSIONS, client_id, event.channel, event.replaces, turn_id, edit.received_at, retry=True
    )
    return [(event_from_json(row["event"]), row["outcome"] or "") for row in rows]


async def turn_text(database: Database, client_id: str, turn_id: str) -> str:
    """What the customer wrote in a turn."""
    row = await database.fetch_one(
        """
        SELECT string_agg(content, E'\\n' ORDER BY seq) AS content FROM messages
        WHERE client_id = $1 AND turn_id = $2 AND role = 'user'
        """,
        client_id,
        turn_id,
        retry=True,
    )
    return (row["content"] or "") if row else ""


async def handover(database: Database, client_id: str, handover_id: str) -> dict[str, str]:
    """Trigger, reason and question of a handover."""
    row = await database.fetch_one(
        "SELECT trigger_type, reason, user_message FROM handovers WHERE client_id = $1 AND id = $2",
        client_id,
        handover_id,
        retry=True,
    )
    return dict(row) if row else {}


async def add_job(
    database: Database, client_id: str, kind: str, key: str, payload: dict[str, object], now: datetime,
    correlation_id: str = "",
) -> None:  # fmt: skip
    """A job outside of any turn; one with the same key is kept."""
    await database.execute(
        """
        INSERT INTO jobs (client_id, id, key, kind, payload, correlation_id, run_at, created_at)
        VALUES ($1, gen_random_uuid(), $2, $3, $4, $6, $5, $5) ON CONFLICT (client_id, key) DO NOTHING
        """,
        client_id,
        key,
        kind,
        dumps(payload),
        now,
        correlation_id,
    )


async def raise_alarm(
    database: Database, job: Job, cause: str, text: str, rows: list[tuple[str, str]], now: datetime, once_minutes: float
) -> bool:
    """Record an alarm and post it at the desks, once per cause in so many minutes; `rows` are (channel, payload).

    Ends the job in the same transaction. False if the same cause was told already.
    """
    async with database.transaction() as connection:
        # two workers with the same cause at the same time: the second one waits and finds the first one's alarm
        await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended($1 || $2, 0))", job.client_id, cause)
        fresh = await connection.fetch(
            """
            INSERT INTO alarms (client_id, id, cause, message, raised_at)
            SELECT $1, $2, $3, $4, $5::timestamptz WHERE NOT EXISTS (SELECT 1 FROM alarms
                WHERE client_id = $1 AND cause = $3 AND raised_at > $5::timestamptz - $6 * interval '1 min')
            RETURNING id
            """,
            job.client_id,
            job.id,
            cause,
            text,
            now,
            once_minutes,
        )
        for number, (channel, payload) in enumerate(rows if fresh else []):
            await connection.execute(
                """
                INSERT INTO outbox_messages (client_id, id, key, channel, recipient, kind, payload, created_at, due_at,
                    correlation_id)
                VALUES ($1, gen_random_uuid(), $2, $3, 'owner', 'alarm', $4, $5, $5, $6) ON CONFLICT DO NOTHING
                """,
                job.client_id,
                f"{job.id}:{number}",
                channel,
                payload,
                now,
                job.correlation_id,
            )
        await connection.execute(
            """
            UPDATE jobs SET status = 'done', finished_at = $3, lease_owner = NULL, lease_until = NULL
            WHERE client_id = $1 AND id = $2
            """,
            job.client_id,
            job.id,
            now,
        )
    return bool(fresh)


async def add_faults(database: Database, faults: Sequence[tuple[str, Fault]]) -> None:
    """Plugins failed: a row each. Faults come with the id of their tenant."""
    await database.execute(
        """
        INSERT INTO faults (client_id, id, plugin, hook, correlation_id, error, at)
        SELECT c, gen_random_uuid(), p, h, i, e, a
        FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[]) AS t(c, p, h, i, e, a)
        """,
        [client_id for client_id, _ in faults],
        [fault.plugin for _, fault in faults],
        [fault.hook for _, fault in faults],
        [fault.correlation_id for _, fault in faults],
        [UNSTORABLE.sub("?", fault.error) for _, fault in faults],
        [fault.at for _, fault in faults],
    )
