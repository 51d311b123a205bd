"""Circuits: whether a channel's instance is sent to. What opens or closes one tells the owner in the same statement."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from truffles_gateway.store.codec import dumps, storable
from truffles_gateway.store.database import Database
from truffles_gateway.store.outbox import Row

# A crash between a circuit's change and its alarm would lose the alarm for ever: nothing changes a second time.
TELL = """
, told AS (
    INSERT INTO jobs (client_id, id, key, kind, payload, correlation_id, run_at, created_at)
    SELECT client_id, gen_random_uuid(), 'alarm:' || gen_random_uuid(), 'alarm', $5::jsonb, $6::text, $4::timestamptz,
        $4::timestamptz
    FROM changed
)
SELECT client_id FROM changed
"""
OPEN = f"""
WITH changed AS (
    INSERT INTO circuits (client_id, channel, instance, state, reason, opened_at, probe_at, probe_seconds)
    SELECT $1, $2, $3, 'open', $7, $4::timestamptz, $4::timestamptz + $11::int * interval '1 s', $11::int
    WHERE $8 OR (SELECT count(DISTINCT recipient) FROM outbox_messages
        WHERE client_id = $1 AND channel = $2 AND instance = $3
          AND failed_at > $4::timestamptz - $10::float8 * interval '1 s'
          AND failed_at > COALESCE((SELECT c.opened_at FROM circuits c WHERE c.client_id = $1 AND c.channel = $2
            AND c.instance = $3), '-infinity')) >= $9
    ON CONFLICT (client_id, channel, instance) DO UPDATE SET state = 'open', reason = excluded.reason,
        opened_at = excluded.opened_at, probe_at = excluded.probe_at, probe_seconds = excluded.probe_seconds, probes = 0
    WHERE circuits.state = 'closed'
    RETURNING client_id
) {TELL}
"""
CLOSE = f"""
WITH changed AS (
    UPDATE circuits SET state = 'closed', opened_at = $4, probes = 0
    WHERE client_id = $1 AND channel = $2 AND instance = $3 AND state = 'open' RETURNING client_id
) {TELL}
"""


async def open_if_failing(
    database: Database,
    row: Row,
    now: datetime,
    reason: str,
    alarm: Mapping[str, Any],
    *,
    at_once: bool,
    failures: int,
    window: float,
    probe: int,
) -> bool:
    """Open the circuit of the row's line when `failures` different recipients failed within `window` seconds, and have
    `alarm` raised. The first probe is due after `probe` seconds. True only for the call that opened it.
    """
    arguments = (storable(reason[:500]), at_once, failures, float(window), probe)
    return bool(await database.fetch(OPEN, *_about(row, now, alarm), *arguments, retry=True))


async def close(database: Database, row: Row, now: datetime, alarm: Mapping[str, Any]) -> bool:
    """A send worked: close the circuit and have `alarm` raised. True only for the call that closed it."""
    return bool(await database.fetch(CLOSE, *_about(row, now, alarm), retry=True))


def _about(row: Row, now: datetime, alarm: Mapping[str, Any]) -> tuple[Any, ...]:
    outgoing = row.outgoing
    return row.client_id, outgoing.channel, outgoing.instance, now, dumps(dict(alarm)), row.correlation_id
