"""Files that are fetched apart from the turn of their message: a job for each event that brings any, made when it is stored.

Jobs of one lane are claimed in the order in which their events came until each was judged, so that which file a limit
lets pass is no accident; then they are fetched side by side.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from truffles_gateway.messages import EventKind, InboundEvent, State
from truffles_gateway.records import Job
from truffles_gateway.store import jobs
from truffles_gateway.store.codec import event_from_json, event_to_json
from truffles_gateway.store.database import Database

KIND, LATE = "fetch", "fetch.late"
JUDGED, WAITED_FOR = "judged", "late"
"""Marks in a job's payload: its files were judged; its turn has gone on without them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """An event of the inbox and where its files are: `waiting` while they are being fetched, `committed` once the turn of
    the event is. `state` is the conversation's now, `known` holds the hashes of what came with its turn."""

    event: InboundEvent
    waiting: bool = False
    committed: bool = False
    state: State = State.BOT_ACTIVE
    known: frozenset[str] = frozenset()


async def claim(
    database: Database, owner: str, now: datetime, limit: int, lease: float, *, busy: Sequence[str], most: int
) -> list[Job]:
    """Lease up to `limit` fetches that are due: a tenant's first before another's second, and none before what came earlier
    in its lane was judged. `busy` are the tenants of what runs here; none gets more than `most` hands."""
    rows = await database.fetch(
        """
        WITH held AS (
            SELECT client_id, count(*) AS hands FROM unnest($5::uuid[]) AS t(client_id) GROUP BY client_id
        ), due AS (
            SELECT client_id, id, run_at, row_number() OVER (PARTITION BY client_id ORDER BY run_at, id)
                + COALESCE((SELECT hands FROM held h WHERE h.client_id = j.client_id), 0) AS place
            FROM jobs j WHERE status = 'waiting' AND kind = 'fetch' AND run_at <= $2
              AND (lease_until IS NULL OR lease_until <= clock_timestamp())
              AND (payload ? 'judged' OR NOT EXISTS (
                SELECT 1 FROM jobs e WHERE e.client_id = j.client_id AND e.kind = 'fetch' AND e.status = 'waiting'
                  AND e.payload ->> 'lane' = j.payload ->> 'lane' AND NOT e.payload ? 'judged'
                  AND (e.payload ->> 'seq')::bigint < (j.payload ->> 'seq')::bigint))
        ), chosen AS (
            SELECT j.client_id, j.id FROM jobs j JOIN due d ON d.client_id = j.client_id AND d.id = j.id
            WHERE d.place <= $6 AND j.status = 'waiting'
              AND (j.lease_until IS NULL OR j.lease_until <= clock_timestamp())
            ORDER BY d.place, d.run_at LIMIT $3 FOR UPDATE OF j SKIP LOCKED
        )
        UPDATE jobs SET lease_owner = $1, lease_until = clock_timestamp() + $4 * interval '1 s',
            lease_token = lease_token + 1,
            attempts = attempts + CASE WHEN lease_owner IS NULL THEN 0 ELSE 1 END -- whoever had it before has died
        WHERE (client_id, id) IN (SELECT client_id, id FROM chosen)
        RETURNING *
        """,
        owner,
        now,
        limit,
        lease,
        list(busy),
        most,
    )
    return [jobs.job_of(row) for row in rows]


async def look(database: Database, client_id: str, events: Sequence[str]) -> dict[str, Arrived]:
    """These events of the inbox (their row ids) as they are now."""
    rows = await database.fetch(
        """
        SELECT e.id, e.event, e.kind, e.outcome IS NOT NULL AS committed, j.status IS NOT NULL AS waiting, c.state,
            (SELECT array_agg(DISTINCT m ->> 'blob') FILTER (WHERE NOT m ? 'late') FROM messages s, jsonb_array_elements(s.metadata -> 'media') m
             WHERE s.client_id = e.client_id AND s.conversation_id = c.id
               AND s.metadata ->> 'event_id' = e.event ->> 'event_id') AS known
        FROM inbox_events e
        LEFT JOIN jobs j ON j.client_id = e.client_id AND j.key = 'fetch:' || e.id AND j.status = 'waiting'
        LEFT JOIN users u ON u.client_id = e.client_id AND u.channel = e.channel AND u.remote_jid = e.address
        LEFT JOIN conversations c ON c.client_id = u.client_id AND c.user_id = u.id AND c.channel = u.channel
        WHERE e.client_id = $1 AND e.id = ANY($2::uuid[])
        """,
        client_id,
        list(events),
        retry=True,
    )
    return {row["id"]: _arrived(row) for row in rows}


def _arrived(row: object) -> Arrived:
    found: dict[str, object] = dict(row)  # type: ignore[call-overload]
    event = event_from_json(found["event"])  # type: ignore[arg-type]
    of_customer = event.kind is EventKind.CUSTOMER
    return Arrived(
        event=event, waiting=bool(found["waiting"]), committed=bool(found["committed"]),
        state=State(str(found["state"])) if of_customer and found["state"] else State.BOT_ACTIVE,
        known=frozenset(found["known"] or ()),  # type: ignore[call-overload]
    )  # fmt: skip


async def drop(database: Database, client_id: str, blobs: Collection[str]) -> None:
    """Bytes that nobody is to see any more: what came inline and was refused, or kept anew without what it told of its
    place. The next cleanup takes them, but for those that something else refers to or somebody sends again."""
    if blobs:
        sql = (
            "UPDATE blobs SET used_at = 'epoch'"
            " WHERE client_id = $1 AND sha256 = ANY($2::text[]) AND used_at = created_at"
        )
        await database.execute(sql, client_id, list(blobs))


async def keep(database: Database, job: Job, event: InboundEvent, *, judged: bool = False) -> bool:
    """Store what is known of an event's files so far; False when the lease was lost and nothing was stored."""
    row = await database.fetch_one(
        """
        WITH ours AS (
            UPDATE jobs SET payload = payload || CASE WHEN $5 THEN '{"judged": true}'::jsonb ELSE '{}'::jsonb END
            WHERE client_id = $1 AND id = $2 AND lease_token = $3 AND status = 'waiting' RETURNING payload
        )
        UPDATE inbox_events e SET event = $4::jsonb FROM ours
        WHERE e.client_id = $1 AND e.id = (ours.payload ->> 'event')::uuid RETURNING true
        """,
        job.client_id,
        job.id,
        job.token,
        event_to_json(event),
        judged,
    )
    return row is not None


async def finish(database: Database, job: Job, event: InboundEvent, now: datetime) -> None:
    """Nothing more is fetched for this event. Where its turn has gone on without, another job brings the files to the
    desk; a turn that still waits finds them in its event."""
    await database.execute(
        """
        WITH ours AS (
            UPDATE jobs SET status = 'done', finished_at = $5, lease_owner = NULL, lease_until = NULL
            WHERE client_id = $1 AND id = $2 AND lease_token = $3 AND status = 'waiting' RETURNING payload, correlation_id
        ), stored AS (
            UPDATE inbox_events e SET event = $4::jsonb FROM ours
            WHERE e.client_id = $1 AND e.id = (ours.payload ->> 'event')::uuid
        )
        INSERT INTO jobs (client_id, id, key, kind, payload, correlation_id, run_at, created_at)
        SELECT $1, gen_random_uuid(), 'fetch.late:' || (payload ->> 'event'), 'fetch.late',
            jsonb_build_object('event', payload ->> 'event'), correlation_id, $5, $5
        FROM ours WHERE payload ? 'late'
        ON CONFLICT DO NOTHING
        """,
        job.client_id,
        job.id,
        job.token,
        event_to_json(event),
        now,
    )


async def go_on_without(
    database: Database, client_id: str, events: Sequence[str], now: datetime, *, drop: bool
) -> None:
    """The turn waits no longer for the files of these events. `drop` ends their fetches: nobody would be shown them."""
    await database.execute(
        """
        UPDATE jobs SET payload = payload || '{"late": true}'::jsonb,
            status = CASE WHEN $3 THEN 'cancelled' ELSE status END, finished_at = CASE WHEN $3 THEN $4::timestamptz END
        WHERE client_id = $1 AND key = ANY($2::text[]) AND status = 'waiting'
        """,
        client_id,
        [f"{KIND}:{each}" for each in events],
        drop,
        now,
    )


async def note_media(database: Database, client_id: str, conversation_id: str, event: InboundEvent) -> None:
    """Write into the message of an event which bytes its files turned out to be, and that they came late."""
    for part in event.attachments:
        await database.execute(
            """
            UPDATE messages SET metadata = jsonb_set(metadata, '{media}', (
                SELECT jsonb_agg(CASE WHEN m ->> 'url' = $4 AND m ->> 'blob' = '' THEN m || jsonb_build_object(
                    'blob', $5::text, 'mime', $6::text, 'late', true) ELSE m END) FROM jsonb_array_elements(metadata -> 'media') m))
            WHERE client_id = $1 AND conversation_id = $2 AND metadata ->> 'event_id' = $3
              AND jsonb_array_length(metadata -> 'media') > 0
            """,
            client_id,
            conversation_id,
            event.event_id,
            part.url,
            part.blob,
            part.mime,
        )
