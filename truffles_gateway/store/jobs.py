"""Durable jobs and timers: rows that run once, survive restarts and are leased like lanes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from truffles_gateway.records import Job
from truffles_gateway.store.database import Database, Record

RETRIES = (5, 30, 120, 600, 3600, 3 * 3600, 12 * 3600)


def job_of(row: Record) -> Job:
    """A leased row of the table."""
    return Job(
        client_id=row["client_id"], id=row["id"], kind=row["kind"], key=row["key"], payload=row["payload"],
        conversation_id=row["conversation_id"] or "", correlation_id=row["correlation_id"], attempts=row["attempts"],
        token=row["lease_token"], run_at=row["run_at"],
    )  # fmt: skip


async def claim(database: Database, owner: str, now: datetime, limit: int, lease: float) -> list[Job]:
    """Lease up to `limit` jobs that are due, oldest first; fetches have hands of their own (`store.fetching`)."""
    rows = await database.fetch(
        """
        UPDATE jobs SET lease_owner = $1, lease_until = clock_timestamp() + $4 * interval '1 s',
            lease_token = lease_token + 1,
            attempts = attempts + CASE WHEN lease_owner IS NULL THEN 0 ELSE 1 END -- whoever had it before has died
        WHERE (client_id, id) IN (
            SELECT client_id, id FROM jobs WHERE status = 'waiting' AND kind <> 'fetch' AND run_at <= $2
              AND (lease_until IS NULL OR lease_until <= clock_timestamp())
            ORDER BY run_at LIMIT $3 FOR UPDATE SKIP LOCKED)
        RETURNING *
        """,
        owner,
        now,
        limit,
        lease,
    )
    return sorted(map(job_of, rows), key=lambda job: job.run_at)


async def ask(database: Database, client_id: str, kind: str, version: int, now: datetime) -> None:
    """Have a tenant's one job of a kind run, again if it did: for `version` of its config, or a newer one that was asked for.
    A run that is under way for an older one loses its lease."""
    await database.execute(
        """
        INSERT INTO jobs (client_id, id, key, kind, payload, run_at, created_at)
        VALUES ($1, gen_random_uuid(), $2, $2, jsonb_build_object('version', $3::bigint), $4, $4)
        ON CONFLICT (client_id, key) DO UPDATE SET status = 'waiting', attempts = 0, error = '', run_at = excluded.run_at,
            payload = jsonb_build_object('version', greatest($3::bigint, (jobs.payload->>'version')::bigint)),
            finished_at = NULL, lease_owner = NULL, lease_until = NULL, lease_token = jobs.lease_token + 1
        WHERE jobs.status <> 'waiting' OR (jobs.payload->>'version')::bigint < $3
        """,
        client_id,
        kind,
        version,
        now,
    )


async def finish(database: Database, job: Job, now: datetime, *, status: str = "done", error: str = "") -> bool:
    """The job is over, as `done`, `cancelled` or `dead`; a lost lease changes nothing, and is told by False."""
    ended = await database.fetch_one(
        """
        UPDATE jobs SET status = $4, error = $5, finished_at = $6, lease_owner = NULL, lease_until = NULL
        WHERE client_id = $1 AND id = $2 AND lease_token = $3 AND status = 'waiting' RETURNING true
        """,
        job.client_id,
        job.id,
        job.token,
        status,
        error[:500],
        now,
    )
    return ended is not None


async def retry_later(
    database: Database, job: Job, now: datetime, error: str, *, pauses: Sequence[float] = RETRIES
) -> bool:
    """Put a failed job off, longer each time; False when it was tried for the last time and is dead now."""
    if job.attempts >= len(pauses):
        await finish(database, job, now, status="dead", error=error)
        return False
    await database.execute(
        """
        UPDATE jobs SET attempts = attempts + 1, error = $4, run_at = $5, lease_owner = NULL, lease_until = NULL
        WHERE client_id = $1 AND id = $2 AND lease_token = $3 AND status = 'waiting'
        """,
        job.client_id,
        job.id,
        job.token,
        error[:500],
        now + timedelta(seconds=pauses[job.attempts]),
    )
    return True


async def made_up_for(database: Database, client_id: str, kind: str, now: datetime) -> None:
    """What dead jobs of a kind should have done is done: nobody has to look at them any more."""
    await database.execute(
        "UPDATE jobs SET status = 'cancelled', finished_at = $3 WHERE client_id = $1 AND kind = $2 AND status = 'dead'",
        client_id,
        kind,
        now,
    )


async def put_off(database: Database, job: Job, delay: float) -> None:
    """Give a job back without spending an attempt, not to be claimed for `delay` seconds."""
    await database.execute(
        """
        UPDATE jobs SET lease_owner = NULL, lease_until = clock_timestamp() + $4 * interval '1 s'
        WHERE client_id = $1 AND id = $2 AND lease_token = $3 AND status = 'waiting'
        """,
        job.client_id,
        job.id,
        job.token,
        delay,
    )


async def heartbeat(database: Database, held: Sequence[Job], lease: float) -> None:
    """Extend the leases of `held`, as far as they are still ours."""
    await database.execute(
        """
        UPDATE jobs j SET lease_until = clock_timestamp() + $4 * interval '1 s'
        FROM unnest($1::uuid[], $2::uuid[], $3::bigint[]) AS h(client_id, id, token)
        WHERE j.client_id = h.client_id AND j.id = h.id AND j.lease_token = h.token AND j.lease_owner IS NOT NULL
          AND j.status = 'waiting'
        """,
        [job.client_id for job in held],
        [job.id for job in held],
        [job.token for job in held],
        lease,
    )


async def release(database: Database, owner: str) -> None:
    """Give back every job of `owner` (at shutdown): others take over at once."""
    await database.execute("UPDATE jobs SET lease_owner = NULL, lease_until = NULL WHERE lease_owner = $1", owner)
