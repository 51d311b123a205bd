"""The outbox: what goes out, in order for each recipient, until a receipt settles it.

A row is `queued` → `sending` (leased) → `sent`, or back to `queued` with a later `due_at`; it ends as `dead`,
`expired`, `flagged` (may have arrived; a person decides) or `withdrawn`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from truffles_gateway.messages import Outgoing
from truffles_gateway.store.codec import outgoing_from_json, storable
from truffles_gateway.store.database import Database, Record

# How much goes out as one message: with a mark for each it stays below Telegram's 4,096, even in letters that count twice.
LETTERS, FOLLOWERS = 1_900, 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A claimed row. `attempt` counts this one; `probe` marks the one row that tests an open circuit; `behind` are rows
    that go out with it as one message."""

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
    behind: tuple[Row, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """What becomes of a claimed row. `attempts` is the number that counts from now on; until `paused_until` the other
    rows of its line wait as well."""

    client_id: str
    id: str
    status: str
    attempts: int
    due_at: datetime | None = None
    held_until: datetime | None = None
    paused_until: datetime | None = None
    failed_at: datetime | None = None
    sent_at: datetime | None = None
    repeat: bool = False
    error: str = ""
    provider_id: str = ""


# A line is what goes out through one number or bot: (client_id, channel, instance). Nothing goes out on one whose
# circuit is open, or while the pause lasts that its channel asked for.
SHUT = """
(EXISTS (SELECT 1 FROM circuits k WHERE k.client_id = {line}.client_id AND k.channel = {line}.channel
    AND k.instance = {line}.instance AND k.state = 'open')
OR EXISTS (SELECT 1 FROM rate_limits p WHERE p.client_id = {line}.client_id
    AND p.bucket = 'pause|' || {line}.channel || '|' || {line}.instance AND p.free_at > $2))
"""
# What became of a handover, a draft or a learned answer changes the card that shows it. While that card, or what it became
# before, is not out yet, however long it takes, there is nothing to change: "taken" would stand over a card that asks to
# be taken, or come after "closed" and bring its buttons back. It waits, and holds nobody back meanwhile.
AWAITS_CARD = """
({row}.kind IN ('update', 'draft', 'learned') AND EXISTS (SELECT 1 FROM outbox_messages c
    WHERE c.client_id = {row}.client_id AND c.channel = {row}.channel AND c.recipient = {row}.recipient
    AND c.seq < {row}.seq AND c.handover_id = {row}.handover_id AND c.status IN ('queued', 'sending')
    AND (c.kind = {row}.kind OR ({row}.kind, c.kind) = ('update', 'card'))))
"""
# Only the first unsettled row of a recipient may go; one in back-off holds the others back until `held_until`, one that
# is no longer worth sending not at all, and one in a line that is shut only its own line: another number of the tenant
# works. (Written with COALESCE: a comparison with null is neither true nor false, and a row that never failed has no
# `held_until`.) Answers to buttons are worth seconds: they neither wait nor are waited for.
# A bot's reply that could still be withdrawn waits while the customer goes on writing, for the turn that will withdraw
# it; where no hand is free for that turn when it is due, only a few seconds more.
HEAD = f"""
o.status = 'queued' AND o.due_at <= $2 AND (o.expires_at IS NULL OR o.expires_at > $2)
AND (o.kind = 'callback' OR NOT EXISTS (
    SELECT 1 FROM outbox_messages b
    WHERE b.client_id = o.client_id AND b.channel = o.channel AND b.recipient = o.recipient AND b.seq < o.seq
      AND b.status IN ('queued', 'sending') AND b.kind <> 'callback' AND (b.status = 'sending' OR (
          COALESCE(b.held_until, 'infinity') > $2 AND COALESCE(b.expires_at, 'infinity') > $2
          AND NOT {AWAITS_CARD.format(row="b")} AND (b.instance = o.instance OR NOT {SHUT.format(line="b")})))
))
AND NOT {AWAITS_CARD.format(row="o")}
AND NOT (o.kind = 'reply' AND NOT o.repeat AND o.expires_at IS NOT NULL AND EXISTS (
    SELECT 1 FROM turns t JOIN lanes l ON l.client_id = t.client_id AND l.lane = t.lane
    WHERE t.client_id = o.client_id AND t.id = o.turn_id AND t.outcome = 'answered' AND l.last_turn_id = t.id
      AND l.ready_at > $2::timestamptz - interval '5 s' AND (l.open_since >= o.created_at OR EXISTS (
          SELECT 1 FROM inbox_events e WHERE e.client_id = l.client_id AND e.turn_id = l.turn_id
            AND e.received_at >= o.created_at))
))
"""
TAKE = """
UPDATE outbox_messages o SET status = 'sending', attempts = o.attempts + 1, lease_owner = $1,
    lease_until = clock_timestamp() + $4 * interval '1 s'
FROM head h WHERE o.client_id = h.client_id AND o.id = h.id
RETURNING o.*
"""
# The lines with rows are found by one step through the index each, however many rows wait in them; `busy` is what the
# sender is sending already. Each tenant's first row comes before anybody's second one.
CLAIM = f"""
WITH RECURSIVE line AS (
    (SELECT client_id, channel, instance FROM outbox_messages WHERE status = 'queued'
     ORDER BY client_id, channel, instance LIMIT 1)
    UNION ALL
    SELECT n.client_id, n.channel, n.instance FROM line l CROSS JOIN LATERAL (
        SELECT client_id, channel, instance FROM outbox_messages WHERE status = 'queued'
          AND (client_id, channel, instance) > (l.client_id, l.channel, l.instance)
        ORDER BY client_id, channel, instance LIMIT 1) n
), busy AS (
    SELECT client_id, channel, instance, count(*) AS sends
    FROM unnest($5::uuid[], $6::text[], $7::text[]) AS t(client_id, channel, instance)
    GROUP BY client_id, channel, instance
), due AS (
    SELECT o.*, row_number() OVER (PARTITION BY o.client_id ORDER BY o.due_at, o.seq)
        + (SELECT COALESCE(sum(sends), 0) FROM busy WHERE client_id = o.client_id) AS place
    FROM line l CROSS JOIN LATERAL (
        SELECT o.client_id, o.id, o.due_at, o.seq FROM outbox_messages o
        WHERE o.client_id = l.client_id AND o.channel = l.channel AND o.instance = l.instance AND {HEAD}
        ORDER BY o.due_at, o.seq LIMIT GREATEST(0, $8::int - (SELECT COALESCE(sum(sends), 0) FROM busy b
            WHERE b.client_id = l.client_id AND b.channel = l.channel AND b.instance = l.instance))) o
    WHERE NOT {SHUT.format(line="l")}
), chosen AS (
    SELECT client_id, id FROM due WHERE place <= $9::int ORDER BY place, due_at, seq LIMIT $3
), head AS (
    SELECT o.client_id, o.id FROM chosen c JOIN outbox_messages o ON o.client_id = c.client_id AND o.id = c.id
    WHERE o.status = 'queued' AND o.due_at <= $2 FOR UPDATE OF o SKIP LOCKED
) {TAKE}
"""
# What waits right behind a claimed row and is of its kind, as far as it fits: words alone, none of it in back-off.
BEHIND = """
WITH follower AS (
    SELECT h.id AS head, b.client_id, b.id, b.seq,
        bool_and(b.status = 'queued' AND b.kind = h.kind AND b.instance = h.instance AND b.due_at <= $2
            AND b.expires_at IS NULL AND NOT b.payload ? 'attachments'
            AND b.payload -> 'data' IS NOT DISTINCT FROM h.payload -> 'data') OVER before AS fits,
        length(h.payload ->> 'text') + sum(length(b.payload ->> 'text')) OVER before AS letters,
        row_number() OVER before AS place
    FROM unnest($4::uuid[], $5::uuid[]) AS c(client_id, id)
    JOIN outbox_messages h ON h.client_id = c.client_id AND h.id = c.id AND NOT h.payload ? 'attachments'
    JOIN outbox_messages b ON b.client_id = h.client_id AND b.channel = h.channel AND b.recipient = h.recipient
        AND b.seq > h.seq AND b.status IN ('queued', 'sending') AND b.kind <> 'callback'
    WINDOW before AS (PARTITION BY h.client_id, h.id ORDER BY b.seq)
), chosen AS (
    SELECT o.client_id, o.id, f.head FROM follower f JOIN outbox_messages o ON o.client_id = f.client_id AND o.id = f.id
    WHERE f.fits AND f.letters <= $6 AND f.place <= $7 ORDER BY o.seq FOR UPDATE OF o
)
UPDATE outbox_messages o SET status = 'sending', attempts = o.attempts + 1, lease_owner = $1,
    lease_until = clock_timestamp() + $3 * interval '1 s'
FROM chosen h WHERE o.client_id = h.client_id AND o.id = h.id AND o.status = 'queued'
RETURNING o.*, h.head
"""
# A probe needs a row to send: where none waits, the next one to come is the probe, at once.
PROBE = f"""
WITH due AS (
    SELECT client_id, channel, instance FROM circuits k WHERE state = 'open' AND probe_at <= $2
      AND NOT EXISTS (SELECT 1 FROM rate_limits p WHERE p.client_id = k.client_id
        AND p.bucket = 'pause|' || k.channel || '|' || k.instance AND p.free_at > $2)
    FOR UPDATE SKIP LOCKED
), head AS (
    SELECT p.* FROM due CROSS JOIN LATERAL (
        SELECT o.client_id, o.id, o.channel, o.instance FROM outbox_messages o
        WHERE {HEAD} AND o.client_id = due.client_id AND o.channel = due.channel AND o.instance = due.instance
        ORDER BY o.seq LIMIT $3 FOR UPDATE SKIP LOCKED) p
), probed AS (
    UPDATE circuits k SET probes = k.probes + 1,
        probe_at = $2 + LEAST(300, k.probe_seconds * 2 ^ LEAST(k.probes, 5)) * interval '1 s'
    FROM head h WHERE k.client_id = h.client_id AND k.channel = h.channel AND k.instance = h.instance
) {TAKE}
"""


async def claim(
    database: Database, owner: str, now: datetime, limit: int, lease: float, *, busy: Sequence[Row] = (),
    of_line: int = 64, of_tenant: int = 64,
) -> list[Row]:  # fmt: skip
    """Lease up to `limit` due rows, each the first of its recipient, on lines that are not shut, tenants in turn.

    With those that the caller is sending already, `busy`, it never has more than `of_line` rows of one line and
    `of_tenant` of one tenant.
    """
    lines = [(row.client_id, row.outgoing.channel, row.outgoing.instance) for row in busy]
    records = await database.fetch(
        CLAIM, owner, now, limit, lease, *([line[part] for line in lines] for part in range(3)), of_line, of_tenant
    )
    rows = await _readable(database, owner, records, now)
    return sorted(rows, key=lambda row: row.created_at)


async def claim_behind(database: Database, owner: str, now: datetime, heads: Sequence[Row], lease: float) -> list[Row]:
    """`heads`, claimed by `owner`, each with what waits right behind it and can go out with it."""
    records = await database.fetch(
        BEHIND, owner, now, lease, [row.client_id for row in heads], [row.id for row in heads], LETTERS, FOLLOWERS
    )
    named = {str(record["id"]): str(record["head"]) for record in records}
    behind: dict[str, list[Row]] = defaultdict(list)
    for row in await _readable(database, owner, sorted(records, key=lambda each: each["seq"]), now):
        behind[named[row.id]].append(row)
    return [replace(row, behind=tuple(behind[row.id])) for row in heads]


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


# What a bot could not say goes to a human, and what a human could not say, or that one was called, is told to the desk,
# in the transaction that gives the row up: a crash in between would lose it.
TELL = """
handed_over AS (
    INSERT INTO jobs (client_id, id, key, kind, payload, conversation_id, correlation_id, run_at, created_at)
    SELECT DISTINCT ON (client_id, turn_id) client_id, gen_random_uuid(), 'undelivered:' || turn_id, 'turn.undelivered',
        jsonb_build_object('turn_id', turn_id), conversation_id, correlation_id, $1::timestamptz, $1::timestamptz
    FROM given_up WHERE kind = 'reply' AND turn_id IS NOT NULL AND conversation_id IS NOT NULL
    ON CONFLICT (client_id, key) DO NOTHING
    RETURNING id
), told AS (
    INSERT INTO jobs (client_id, id, key, kind, payload, conversation_id, correlation_id, run_at, created_at)
    SELECT client_id, gen_random_uuid(), 'alarm:' || gen_random_uuid(), 'alarm',
        jsonb_build_object('cause', 'not delivered:' || id, 'key', 'not_delivered',
            'values', jsonb_build_object('text', payload ->> 'text', 'problem', error)),
        conversation_id, correlation_id, $1::timestamptz, $1::timestamptz
    FROM given_up WHERE kind IN ('human', 'notice')
)
"""
# Where a manager wrote the words of a row, it is shown whether they arrived: also when they do after all, submitted again
# with their old key.
SETTLE = f"""
WITH settled AS (
    UPDATE outbox_messages o SET status = s.status, attempts = s.attempts, due_at = COALESCE(s.due_at, o.due_at),
        held_until = COALESCE(o.held_until, s.held_until), failed_at = COALESCE(s.failed_at, o.failed_at),
        sent_at = s.sent_at, repeat = o.repeat OR s.repeat, error = s.error, provider_id = s.provider_id,
        lease_owner = NULL, lease_until = NULL
    FROM unnest($3::uuid[], $4::uuid[], $5::text[], $6::int[], $7::timestamptz[], $8::timestamptz[],
        $9::timestamptz[], $10::timestamptz[], $11::timestamptz[], $12::bool[], $13::text[], $14::text[])
        AS s(client_id, id, status, attempts, due_at, held_until, paused_until, failed_at, sent_at, repeat, error,
             provider_id)
    WHERE o.client_id = s.client_id AND o.id = s.id AND o.lease_owner = $2 AND o.status = 'sending'
    RETURNING o.*, s.paused_until
), given_up AS (
    SELECT * FROM settled WHERE status IN ('dead', 'flagged')
), paused AS (
    INSERT INTO rate_limits AS r (client_id, bucket, free_at)
    SELECT client_id, 'pause|' || channel || '|' || instance AS bucket, max(paused_until) FROM settled
    WHERE paused_until IS NOT NULL GROUP BY client_id, channel, instance ORDER BY client_id, bucket
    ON CONFLICT (client_id, bucket) DO UPDATE SET free_at = GREATEST(r.free_at, excluded.free_at)
), receipts AS (
    INSERT INTO outbox_messages (client_id, id, key, channel, recipient, kind, payload, conversation_id, correlation_id,
        created_at, due_at)
    SELECT client_id, gen_random_uuid(), 'receipt:' || status || ':' || key, payload -> 'data' ->> 'desk', conversation_id::text, 'receipt',
        jsonb_build_object('channel', payload -> 'data' ->> 'desk', 'recipient', conversation_id::text, 'kind', 'receipt',
            'text', CASE WHEN status = 'sent' THEN '' ELSE concat_ws(' ', payload -> 'data' ->> 'failed', error) END,
            'data', jsonb_build_object('thread', payload -> 'data' ->> 'thread', 'ref', payload -> 'data' ->> 'ref',
                'ok', CASE WHEN status = 'sent' THEN '1' ELSE '' END)),
        conversation_id, correlation_id, $1::timestamptz, $1::timestamptz
    FROM settled WHERE kind = 'human' AND payload -> 'data' ->> 'desk' IS NOT NULL AND conversation_id IS NOT NULL
        AND status IN ('sent', 'dead', 'flagged')
    ON CONFLICT (client_id, key) DO NOTHING
), {TELL}
SELECT id, status <> 'queued' AND EXISTS (
    SELECT 1 FROM outbox_messages b WHERE b.client_id = s.client_id AND b.channel = s.channel
      AND b.recipient = s.recipient AND b.status = 'queued') AS followed
FROM settled s
"""


async def settle(database: Database, owner: str, settlements: Sequence[Settlement], now: datetime) -> dict[str, bool]:
    """Record what became of rows that `owner` still leases (a lost lease changes nothing). Returns their ids, and of
    each whether it made way for another row to its recipient."""
    settlements = sorted(settlements, key=lambda settlement: (settlement.client_id, settlement.id))
    rows = await database.fetch(
        SETTLE,
        now,
        owner,
        [s.client_id for s in settlements],
        [s.id for s in settlements],
        [s.status for s in settlements],
        [s.attempts for s in settlements],
        [s.due_at for s in settlements],
        [s.held_until for s in settlements],
        [s.paused_until for s in settlements],
        [s.failed_at for s in settlements],
        [s.sent_at for s in settlements],
        [s.repeat for s in settlements],
        [storable(s.error[:500]) for s in settlements],
        [storable(s.provider_id) for s in settlements],
        retry=True,
    )
    return {row["id"]: row["followed"] for row in rows}


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


# A channel that is known to be down makes no cards: its rows wait until it is back.
EXPIRE = f"""
WITH given_up AS (
    UPDATE outbox_messages SET status = 'expired', error = CASE WHEN error = '' THEN 'too late' ELSE error END
    WHERE (client_id, id) IN (
        SELECT o.client_id, o.id FROM outbox_messages o
        WHERE o.status = 'queued' AND o.expires_at <= $1 AND NOT EXISTS (
            SELECT 1 FROM circuits k WHERE k.client_id = o.client_id AND k.channel = o.channel
              AND k.instance = o.instance AND k.state = 'open')
        LIMIT 200 FOR UPDATE SKIP LOCKED)
    RETURNING *
), {TELL}
SELECT id FROM handed_over
"""


async def expire(database: Database, now: datetime) -> int:
    """End rows that are no longer worth sending; returns how many turns go to a human because of it."""
    return len(await database.fetch(EXPIRE, now))
