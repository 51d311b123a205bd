"""Rate limits that hold over all processes."""

from __future__ import annotations

from datetime import datetime, timedelta

from truffles_gateway.store.database import Database

# `free_at` runs ahead of the clock by what was used up (the generic cell rate algorithm). `granted` is kept in the row
# because an upsert returns what it wrote, never what stood there before.
TAKE = """
INSERT INTO rate_limits AS r (client_id, bucket, free_at, granted)
VALUES ($1, $2, $3::timestamptz + LEAST($6::int, $5::int) * $4::float8 * interval '1 s', LEAST($6::int, $5::int))
ON CONFLICT (client_id, bucket) DO UPDATE SET (free_at, granted) = (
    SELECT base + n * $4::float8 * interval '1 s', n FROM (
        SELECT base, GREATEST(0, LEAST($6::int, floor(
            extract(epoch FROM $3::timestamptz - base) / $4::float8 + $5::int + 1e-6)::int)) AS n
        FROM (SELECT GREATEST(r.free_at, $3::timestamptz) AS base) b) g)
RETURNING granted, free_at
"""


async def take(
    database: Database, client_id: str, bucket: str, now: datetime, *, count: int, seconds: float, wanted: int
) -> tuple[int, datetime]:
    """Take up to `wanted` of `count` sends per `seconds` from a bucket, in one statement.

    Returns how many were granted, and when the next one will be there.
    """
    cell = seconds / count
    row = await database.fetch_one(TAKE, client_id, bucket, now, cell, count, wanted)
    assert row is not None
    return row["granted"], row["free_at"] + timedelta(seconds=cell - seconds)
