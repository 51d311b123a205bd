"""The durable inbox: what came in, stored before it is acknowledged, and its end recorded exactly once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from truffles_gateway.store.database import Database

REMEMBERED = timedelta(days=8)
LOOK_BACK = timedelta(days=30)  # older rows were seen to long ago: no need to read them again and again


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxRow:
    """One event as it is stored. `lane` is "" and `outcome` "ignored" where nothing is to be done with it.

    quiet    seconds to wait for more from this sender; `longest` bounds the wait from the first event on
    files    it brings files, which are fetched apart from its turn
    """

    client_id: str
    id: str
    channel: str
    event_id: str
    kind: str
    lane: str
    address: str
    event: str
    raw: bytes
    correlation_id: str
    received_at: datetime
    quiet: float = 0.0
    longest: float = 12.0
    outcome: str | None = None
    outcome_reason: str = ""
    files: bool = False

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes it the same event as another."""
        return self.client_id, self.channel, self.event_id


COLUMNS = (
    "client_id", "id", "channel", "event_id", "kind", "lane", "address", "event", "raw", "correlation_id",
    "received_at", "quiet", "longest", "outcome", "outcome_reason",
    "files",
)  # fmt: skip

# A lane becomes ready a quiet period after its latest event, but no later than `longest` after the first that waits.
# `arrivals` lets a claim notice, under the row lock, an event that its snapshot could not see.
APPEND = """
WITH input AS (
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
        $8::jsonb[], $9::bytea[], $10::text[], $11::timestamptz[], $12::float8[], $13::float8[], $14::text[],
        $15::text[], $16::bool[]) WITH ORDINALITY
        AS t(client_id, id, channel, event_id, kind, lane, address, event, raw, correlation_id, received_at, quiet,
             longest, outcome, outcome_reason, files, place)
), inserted AS (
    INSERT INTO inbox_events (client_id, id, channel, event_id, kind, lane, address, event, raw, correlation_id,
        received_at, outcome, outcome_reason, outcome_at)
    SELECT client_id, id, channel, event_id, kind, lane, address, event, raw, correlation_id, received_at, outcome,
        outcome_reason, CASE WHEN outcome IS NOT NULL THEN received_at END
    FROM input ORDER BY client_id, channel, place
    ON CONFLICT (client_id, channel, event_id) DO NOTHING
    RETURNING client_id, id, seq
), fetches AS (
    INSERT INTO jobs (client_id, id, key, kind, payload, correlation_id, run_at, created_at)
    SELECT i.client_id, gen_random_uuid(), 'fetch:' || i.id, 'fetch',
        jsonb_build_object('event', i.id, 'lane', i.lane, 'seq', n.seq), i.correlation_id, i.received_at, i.received_at
    FROM input i JOIN inserted n ON n.client_id = i.client_id AND n.id = i.id WHERE i.files
    RETURNING true
), served AS (
    INSERT INTO tenant_service (client_id, served_at)
    SELECT DISTINCT client_id, TIMESTAMPTZ 'epoch' FROM input i
    WHERE NOT EXISTS (SELECT 1 FROM tenant_service s WHERE s.client_id = i.client_id)
    ON CONFLICT DO NOTHING
), woken AS (
    INSERT INTO lanes (client_id, lane, kind, channel, address, open_since, ready_at, arrivals)
    SELECT i.client_id, i.lane, CASE WHEN min(i.kind) = 'customer' THEN 'customer' ELSE 'desk' END, min(i.channel),
        min(i.address), min(i.received_at),
        LEAST(max(i.received_at + i.quiet * interval '1 s'), min(i.received_at + i.longest * interval '1 s')), count(*)
    FROM input i JOIN inserted n ON n.client_id = i.client_id AND n.id = i.id
    WHERE i.outcome IS NULL
    GROUP BY i.client_id, i.lane ORDER BY i.client_id, i.lane
    ON CONFLICT (client_id, lane) DO UPDATE SET
        open_since = COALESCE(lanes.open_since, excluded.open_since),
        ready_at = LEAST(excluded.ready_at, COALESCE(lanes.open_since, excluded.open_since) + (
            SELECT max(i.longest) FROM input i WHERE i.client_id = excluded.client_id AND i.lane = excluded.lane
        ) * interval '1 s'),
        arrivals = lanes.arrivals + excluded.arrivals
    RETURNING ready_at
)
SELECT id, (
    SELECT pg_notify('truffles_inbox', COALESCE(string_agg(DISTINCT (
        ceil(extract(epoch FROM ready_at) * 100) / 100)::text, ' '), '') || CASE WHEN EXISTS (SELECT 1 FROM fetches) THEN ' files' ELSE '' END) FROM woken
    HAVING count(*) > 0)
FROM inserted
"""


async def append(database: Database, rows: Sequence[InboxRow]) -> list[bool]:
    """Commit `rows` in one statement; for each, whether it is new (False: the event was known already).

    Repeating the call after a lost connection is safe. Rows to one lane keep their order.
    """
    first: dict[tuple[str, str, str], InboxRow] = {}
    for row in rows:
        first.setdefault(row.key, row)
    new = list(first.values())
    arguments = [[getattr(row, column) for row in new] for column in COLUMNS]
    stored = {record["id"] for record in await database.fetch(APPEND, *arguments, retry=True)}
    return [row.id in stored for row in rows]


async def forget_old_keys(database: Database, now: datetime) -> int:
    """Let event ids older than 8 days count as new again and drop their raw bytes; returns how many.

    Run now and then; it touches a thousand rows at most, so that it never holds anybody up.
    """
    rows = await database.fetch(
        """
        UPDATE inbox_events SET event_id = NULL, raw = NULL WHERE (client_id, id) IN (
            SELECT client_id, id FROM inbox_events
            WHERE received_at < $1 AND received_at > $2 AND event_id IS NOT NULL AND outcome IS NOT NULL
            LIMIT 1000 FOR UPDATE SKIP LOCKED)
        RETURNING id
        """,
        now - REMEMBERED,
        now - REMEMBERED - LOOK_BACK,
    )
    return len(rows)
