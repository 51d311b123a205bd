"""Lanes: who works on what. A claim leases ready lanes, freezes the members of their turns and loads what they need.

A lane is claimable when it has work and nobody's lease on it is alive: its time has come (`ready_at`), or a turn of it is
unfinished, whatever was written since. Leases run on the database's clock; everything else on the gateway's.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from truffles_gateway.messages import Author, InboundEvent, Line, State
from truffles_gateway.records import Conversation, StoredEvent, Work
from truffles_gateway.store import drafts
from truffles_gateway.store.batch import Batch
from truffles_gateway.store.codec import event_from_json
from truffles_gateway.store.database import Database, Record

HISTORY = 12


# What a turn reads, from rows of `work`: its events and, of a customer, the conversation. An unsent reply is withdrawn by
# what came after it; where its turn did not wait for what was there already (a second attempt, a customer who writes
# without a pause), it stands.
READ = f"""
SELECT w.*,
    (SELECT o.turn_id FROM (
        SELECT * FROM outbox_messages WHERE client_id = w.client_id AND turn_id = w.last_turn_id
        OFFSET 0) o -- a few rows by their turn, never all that are queued
     JOIN turns p ON p.client_id = o.client_id AND p.id = o.turn_id AND p.outcome = 'answered'
     WHERE o.status = 'queued' AND o.kind = 'reply'
       AND NOT o.repeat AND o.expires_at > $2 AND o.created_at <= (w.events -> 0 ->> 'at')::timestamptz
     LIMIT 1) AS unsent_turn,
    c.*
FROM work w
LEFT JOIN LATERAL (
    SELECT c.id AS conversation_id, c.user_id, c.version, c.state, u.name, u.phone, c.instance_id, c.branch_id,
        u.metadata ->> 'preferred_branch' AS preferred_branch,
        c.bot_muted_until, c.mute_count, c.last_customer_at, c.last_bot_at, c.last_manager_at, c.context,
        h.id AS handover_id, h.created_at AS handover_since, h.user_message AS handover_question, h.times_out,
        h.assigned_to, {drafts.OF_CONVERSATION},
        (SELECT json_agg(json_build_array(m.role, m.content, m.created_at, m.metadata -> 'sources') ORDER BY m.seq) FROM (
            SELECT role, content, created_at, metadata, seq FROM messages
            WHERE client_id = c.client_id AND conversation_id = c.id ORDER BY seq DESC LIMIT {HISTORY}) m) AS history
    FROM users u JOIN conversations c ON c.client_id = u.client_id AND c.user_id = u.id AND c.channel = u.channel
    LEFT JOIN handovers h ON h.client_id = c.client_id AND h.id = c.open_handover_id
    WHERE u.client_id = w.client_id AND u.channel = w.channel AND u.remote_jid = w.address
) c ON w.kind = 'customer'
"""
EVENTS = """
(SELECT json_agg(json_build_object('id', e.id, 'at', e.received_at, 'event', e.event,
    'again', e.earlier_outcome IS NOT NULL) ORDER BY e.seq)
 FROM {source} e WHERE e.client_id = l.client_id AND e.turn_id = l.turn_id)
"""

# One statement: fair choice (a tenant's desk before its customers, an unfinished turn before new ones), lease, frozen
# members, and what the turn reads. A new turn and its members are not in the snapshot, so they are read from what made
# them. `arrivals` is compared under the row lock with what the snapshot saw; if more came in between, the lane stays
# open and the newcomers make the next turn.
#
# Hands are shared so that a newcomer finds one: a tenant may take one more while it then has no more than three times
# those that stay free (alone it gets three quarters, two get three sevenths each), and its first one always. Desk events
# take no time, and do not count. First each tenant is held to its own bound, so that rows which cannot be had take
# nobody's place; then all of them together.
CLAIM = f"""
WITH held AS (
    SELECT client_id, count(*) AS hands FROM unnest($6::uuid[]) AS t(client_id) GROUP BY client_id
), ready AS (
    SELECT l.*, s.served_at, COALESCE(h.hands, 0) AS hands,
        row_number() OVER (PARTITION BY l.client_id ORDER BY l.desk DESC, l.fresh, l.ready_at) AS place
    FROM tenant_service s LEFT JOIN held h ON h.client_id = s.client_id CROSS JOIN LATERAL (
        SELECT client_id, lane, ready_at, arrivals, kind = 'desk' AS desk, turn_id IS NULL AS fresh
        FROM ( -- not one OR: its bitmap would read the index entries of every turn since the last vacuum
            SELECT * FROM lanes WHERE client_id = s.client_id AND turn_id IS NULL AND ready_at <= $2
            UNION ALL SELECT * FROM lanes WHERE client_id = s.client_id AND turn_id IS NOT NULL) w
        WHERE (not_before IS NULL OR not_before <= $2)
          AND (lease_until IS NULL OR lease_until <= clock_timestamp()) AND (kind = 'desk' OR NOT $5::bool)
        ORDER BY desk DESC, fresh, ready_at LIMIT $3) l
), allowed AS (
    SELECT *, row_number() OVER (ORDER BY place, served_at, ready_at) AS taken FROM ready
    WHERE desk OR NOT $7::bool OR hands + place = 1 OR hands + place <= 3 * ($3 - place)
), chosen AS (
    SELECT client_id, lane, arrivals FROM allowed
    WHERE desk OR NOT $7::bool OR hands + place = 1 OR hands + place <= 3 * ($3 - taken)
    ORDER BY taken LIMIT $3
), locked AS (
    SELECT l.client_id, l.lane, l.turn_id AS unfinished, c.arrivals AS seen, l.lease_until IS NOT NULL AS abandoned
    FROM lanes l JOIN chosen c ON c.client_id = l.client_id AND c.lane = l.lane
    -- asked again under the lock; IS TRUE keeps it from being looked up: the key is enough
    WHERE (l.ready_at <= $2 OR l.turn_id IS NOT NULL) IS TRUE AND (l.not_before IS NULL OR l.not_before <= $2)
      AND (l.lease_until IS NULL OR l.lease_until <= clock_timestamp())
    FOR UPDATE OF l SKIP LOCKED
), leased AS (
    UPDATE lanes l SET lease_owner = $1, lease_until = clock_timestamp() + $4 * interval '1 s',
        lease_token = l.lease_token + 1, turn_id = COALESCE(l.turn_id, gen_random_uuid()),
        open_since = CASE WHEN k.unfinished IS NULL AND l.arrivals = k.seen THEN NULL ELSE l.open_since END
    FROM locked k WHERE l.client_id = k.client_id AND l.lane = k.lane
    RETURNING l.*, k.unfinished, k.seen, k.abandoned
), frozen AS (
    UPDATE inbox_events e SET turn_id = l.turn_id FROM leased l
    WHERE l.unfinished IS NULL AND e.client_id = l.client_id AND e.lane = l.lane AND e.turn_id IS NULL
      AND e.outcome IS NULL
    RETURNING e.client_id, e.turn_id, e.seq, e.correlation_id, e.id, e.received_at, e.event, e.earlier_outcome
), counted AS (
    UPDATE turns t SET attempts = t.attempts + 1, error = 'its worker died' FROM leased l
    WHERE l.unfinished IS NOT NULL AND l.abandoned AND t.client_id = l.client_id AND t.id = l.turn_id
), opened AS (
    INSERT INTO turns (client_id, id, lane, kind, correlation_id, started_at)
    SELECT l.client_id, l.turn_id, l.lane, l.kind, COALESCE((
        SELECT f.correlation_id FROM frozen f WHERE f.client_id = l.client_id AND f.turn_id = l.turn_id
        ORDER BY f.seq LIMIT 1), ''), $2
    FROM leased l WHERE l.unfinished IS NULL
    RETURNING client_id, id, attempts, correlation_id, started_at
), served AS (
    UPDATE tenant_service s SET served_at = clock_timestamp() FROM (
        SELECT client_id FROM tenant_service WHERE client_id IN (SELECT client_id FROM leased)
        ORDER BY client_id FOR UPDATE SKIP LOCKED) o
    WHERE s.client_id = o.client_id
), work AS (
    SELECT l.client_id, l.turn_id, l.lane, l.kind, l.channel, l.address, l.lease_token, l.seen AS arrivals,
        l.last_turn_id, t.attempts, t.correlation_id, t.started_at, {EVENTS.format(source="frozen")} AS events
    FROM leased l JOIN opened t ON t.client_id = l.client_id AND t.id = l.turn_id
    UNION ALL
    SELECT l.client_id, l.turn_id, l.lane, l.kind, l.channel, l.address, l.lease_token, l.arrivals, l.last_turn_id,
        t.attempts + l.abandoned::int, t.correlation_id, t.started_at, {EVENTS.format(source="inbox_events")}
    FROM leased l JOIN turns t ON t.client_id = l.client_id AND t.id = l.unfinished
)
{READ}
"""
LOAD = f"""
WITH work AS (
    SELECT l.client_id, l.turn_id, l.lane, l.kind, l.channel, l.address, l.lease_token, l.arrivals, l.last_turn_id,
        l.attempts, l.correlation_id, l.started_at, {EVENTS.format(source="inbox_events")} AS events
    FROM (
        SELECT t.client_id, t.id AS turn_id, t.lane, t.kind, l.channel, l.address, l.lease_token, l.arrivals,
            l.last_turn_id, t.attempts, t.correlation_id, t.started_at
        FROM unnest($1::uuid[], $3::uuid[]) AS k(client_id, turn_id)
        JOIN turns t ON t.client_id = k.client_id AND t.id = k.turn_id
        JOIN lanes l ON l.client_id = t.client_id AND l.lane = t.lane) l
)
{READ}
"""


async def claim(
    database: Database, owner: str, now: datetime, limit: int, lease: float, *, desk_only: bool = False,
    busy: Sequence[str] = (), shared: bool = False,
) -> list[Work]:  # fmt: skip
    """Lease up to `limit` ready lanes for `owner`, least recently served tenant first.

    busy     the tenant of each customer's turn that `owner` has in hand
    shared   leave some of the hands to tenants that have none
    """
    rows = await database.fetch(CLAIM, owner, now, limit, lease, desk_only, list(busy), shared)
    return [_work(row) for row in rows]


async def load(database: Database, keys: Sequence[tuple[str, str]], now: datetime) -> list[Work]:
    """The work of the turns `(client_id, turn_id)`."""
    clients, ids = [key[0] for key in keys], [key[1] for key in keys]
    return [_work(row) for row in await database.fetch(LOAD, clients, now, ids)]


def _work(row: Record) -> Work:
    read = [_event(value, row) for value in row["events"] or ()]
    return Work(
        client_id=row["client_id"],
        lane=row["lane"],
        kind=row["kind"],
        channel=row["channel"],
        address=row["address"],
        turn_id=row["turn_id"],
        token=row["lease_token"],
        arrivals=row["arrivals"],
        attempts=row["attempts"],
        correlation_id=row["correlation_id"],
        started_at=row["started_at"],
        events=tuple(event for event, _ in read),
        unreadable="; ".join(problem for _, problem in read if problem),
        conversation=conversation_of(row) if row["kind"] == "customer" else None,
        unsent_turn=row["unsent_turn"] or "",
        rethought=frozenset(value["id"] for value in row["events"] or () if value["again"]),
    )


def _event(value: dict[str, Any], row: Record) -> tuple[StoredEvent, str]:
    """An event of the inbox and "", or its bare words and what is wrong with it: it must not harm those that were
    claimed with it."""
    problem = ""
    try:
        event = event_from_json(value["event"])
    except ValueError as error:
        problem = f"event {value['id']} cannot be read: {error}"
        words = str(value["event"].get("text", ""))
        event = InboundEvent(channel=row["channel"], event_id=value["id"], address=row["address"], text=words)
    return StoredEvent(id=value["id"], event=event, received_at=datetime.fromisoformat(value["at"])), problem


def conversation_of(row: Record) -> Conversation:
    """The conversation in a row of LOAD or FIND; a new customer's if the row has none."""
    blank = Conversation(client_id=row["client_id"], channel=row["channel"], address=row["address"])
    if row["conversation_id"] is None:
        return blank
    return Conversation(
        client_id=row["client_id"],
        channel=row["channel"],
        address=row["address"],
        id=row["conversation_id"],
        user_id=row["user_id"],
        version=row["version"],
        state=State(row["state"]),
        name=row["name"],
        phone=row["phone"],
        instance=row["instance_id"],
        branch_id=row["branch_id"] or "",
        preferred_branch=row["preferred_branch"] or "",
        muted_until=row["bot_muted_until"],
        mute_count=row["mute_count"],
        last_customer_at=row["last_customer_at"],
        last_bot_at=row["last_bot_at"],
        last_manager_at=row["last_manager_at"],
        handover_id=row["handover_id"] or "",
        handover_since=row["handover_since"],
        handover_question=row["handover_question"] or "",
        handover_times_out=row["times_out"] is not False,
        assigned_to=row["assigned_to"] or "",
        context=row["context"],
        history=tuple(
            Line(author=Author(r), text=t, at=datetime.fromisoformat(at), sources=tuple(s or ()))
            for r, t, at, s in row["history"] or ()
        ),
        draft=drafts.read(row["draft"]),
    )


FIND = f"""
SELECT u.client_id, u.channel, u.remote_jid AS address, c.id AS conversation_id, c.user_id, c.version, c.state, u.name,
    u.phone, c.instance_id, c.branch_id, u.metadata ->> 'preferred_branch' AS preferred_branch,
    c.bot_muted_until, c.mute_count, c.last_customer_at, c.last_bot_at,
    c.last_manager_at, c.context, h.id AS handover_id, h.created_at AS handover_since,
    h.user_message AS handover_question, h.times_out, h.assigned_to, {drafts.OF_CONVERSATION},
    (SELECT json_agg(json_build_array(m.role, m.content, m.created_at, m.metadata -> 'sources') ORDER BY m.seq) FROM (
        SELECT role, content, created_at, metadata, seq FROM messages
        WHERE client_id = c.client_id AND conversation_id = c.id ORDER BY seq DESC LIMIT {HISTORY}) m) AS history
FROM conversations c JOIN users u ON u.client_id = c.client_id AND u.id = c.user_id
LEFT JOIN handovers h ON h.client_id = c.client_id AND h.id = c.open_handover_id
WHERE c.client_id = $1 AND
"""


# A topic of an older deployment is on its customer's row alone, until it is first written to (`store/desk.py`).
BY_THREAD = """
c.user_id = COALESCE(
    (SELECT user_id FROM desk_threads WHERE client_id = $1 AND desk = $2 AND chat = $3 AND thread = $4),
    (SELECT o.id FROM users o JOIN client_settings s ON s.client_id = o.client_id AND s.telegram_chat_id = $3
     WHERE o.client_id = $1 AND o.telegram_topic_id = $4
       AND NOT EXISTS (SELECT 1 FROM desk_threads t WHERE t.client_id = $1 AND t.user_id = o.id AND t.desk = $2)
     ORDER BY o.created_at DESC LIMIT 1))
"""


# A draft has the id of the handover that it may become.
BY_HANDOVER = """
c.id = COALESCE((SELECT conversation_id FROM handovers WHERE client_id = $1 AND id::text = $2),
    (SELECT conversation_id FROM drafts WHERE client_id = $1 AND id::text = $2))
"""


async def find_conversation(
    database: Database, client_id: str, *, id: str = "", handover: str = "", address: str = "", channel: str = "",
    desk: str = "", thread: str = "",
) -> Conversation | None:  # fmt: skip
    """A conversation by its id, by the thread in which `desk` shows it ("chat:topic"), by any of its handovers or drafts,
    or by the customer's address (the latest spoken in)."""
    if id:
        row = await database.fetch_one(FIND + "c.id = $2", client_id, id)
    elif thread:
        chat, _, topic = thread.rpartition(":")
        row = await database.fetch_one(FIND + BY_THREAD, client_id, desk, chat, topic)
    elif handover:
        row = await database.fetch_one(
            FIND + BY_HANDOVER,
            client_id,
            handover,
        )
    else:
        row = await database.fetch_one(
            FIND
            + "u.remote_jid = $2 AND ($3 = '' OR u.channel = $3) ORDER BY c.last_message_at DESC NULLS LAST LIMIT 1",
            client_id,
            address,
            channel,
        )
    return conversation_of(row) if row else None


async def heartbeat(database: Database, held: Sequence[Work], lease: float) -> list[Work]:
    """Extend the leases of `held`; returns those that somebody else has claimed meanwhile.

    The rows are locked in the order in which the inbox locks them.
    """
    rows = await database.fetch(
        """
        WITH held AS (
            SELECT * FROM unnest($1::uuid[], $2::text[], $3::bigint[]) AS t(client_id, lane, token)
        ), locked AS (
            SELECT l.client_id, l.lane, l.lease_token, h.token FROM lanes l
            JOIN held h ON h.client_id = l.client_id AND h.lane = l.lane
            ORDER BY l.client_id, l.lane FOR UPDATE OF l
        ), kept AS (
            UPDATE lanes l SET lease_until = clock_timestamp() + $4 * interval '1 s' FROM locked k
            WHERE l.client_id = k.client_id AND l.lane = k.lane AND l.lease_token = k.token
              AND l.lease_owner IS NOT NULL
        )
        SELECT client_id, lane, token FROM locked WHERE lease_token <> token
        """,
        [work.client_id for work in held],
        [work.lane for work in held],
        [work.token for work in held],
        lease,
    )
    lost = {(row["client_id"], row["lane"], row["token"]) for row in rows}
    return [work for work in held if (work.client_id, work.lane, work.token) in lost]


async def retry_later(database: Database, work: Work, now: datetime, delay: float, error: str) -> None:
    """Give the lane back with its frozen turn, to be tried again after `delay` seconds."""
    batch = Batch()
    batch.fence("truffles_fence_lane($1, $2, $3, NULL)", work.client_id, work.lane, work.token)
    batch.add(
        "UPDATE turns SET attempts = attempts + 1, error = $3 WHERE client_id = $1 AND id = $2",
        work.client_id,
        work.turn_id,
        error,
    )
    batch.add(
        """
        UPDATE lanes SET lease_owner = NULL, lease_until = NULL, not_before = $3, ready_at = COALESCE(ready_at, $4)
        WHERE client_id = $1 AND lane = $2
        """,
        work.client_id,
        work.lane,
        now + timedelta(seconds=delay),
        now,
    )
    await batch.run(database)


async def put_off(database: Database, work: Work, now: datetime, delay: float) -> None:
    """Give the lane back without spending an attempt, not to be claimed for `delay` seconds."""
    batch = Batch()
    batch.fence("truffles_fence_lane($1, $2, $3, NULL)", work.client_id, work.lane, work.token)
    batch.add(
        "UPDATE lanes SET lease_owner = NULL, lease_until = NULL, not_before = $3 WHERE client_id = $1 AND lane = $2",
        work.client_id,
        work.lane,
        now + timedelta(seconds=delay),
    )
    await batch.run(database)


async def release(database: Database, owner: str) -> None:
    """Give back every lane of `owner` with its turn unfinished (at shutdown) and wake the others: they take over."""
    await database.execute(
        """
        WITH held AS (
            SELECT client_id, lane FROM lanes WHERE lease_owner = $1 ORDER BY client_id, lane FOR UPDATE
        ), given AS (
            UPDATE lanes l SET lease_owner = NULL, lease_until = NULL FROM held h
            WHERE l.client_id = h.client_id AND l.lane = h.lane
        )
        SELECT pg_notify('truffles_inbox', '')
        """,
        owner,
    )


async def supersede(database: Database, work: Work) -> None:
    """More arrived while the turn was thinking: dissolve it, so that the next turn thinks over all of it."""
    batch = Batch()
    batch.fence("truffles_fence_lane($1, $2, $3, NULL)", work.client_id, work.lane, work.token)
    batch.add(
        "UPDATE inbox_events SET turn_id = NULL WHERE client_id = $1 AND turn_id = $2", work.client_id, work.turn_id
    )
    batch.add(
        "UPDATE turns SET status = 'superseded' WHERE client_id = $1 AND id = $2",
        work.client_id,
        work.turn_id,
    )
    batch.add(
        """
        UPDATE lanes SET turn_id = NULL, lease_owner = NULL, lease_until = NULL, open_since = LEAST(open_since, $3)
        WHERE client_id = $1 AND lane = $2
        """,
        work.client_id,
        work.lane,
        work.events[0].received_at,
    )
    await batch.run(database)


WITHDRAW = """
WITH rows AS (
    SELECT id, status, kind, repeat FROM outbox_messages
    WHERE client_id = $1 AND turn_id = $2 ORDER BY id FOR UPDATE
), free AS (
    SELECT bool_and(status = 'queued' AND kind = 'reply' AND NOT repeat) AS all_unsent FROM rows
), unsent AS (
    UPDATE outbox_messages SET status = 'withdrawn'
    WHERE client_id = $1 AND turn_id = $2 AND (SELECT all_unsent FROM free)
), moved AS (
    UPDATE inbox_events SET turn_id = $3, outcome = NULL, outcome_reason = '', outcome_at = NULL
    WHERE client_id = $1 AND turn_id = $2 AND outcome = 'answered' AND (SELECT all_unsent FROM free)
), dropped AS (
    DELETE FROM messages WHERE client_id = $1 AND turn_id = $2 AND (SELECT all_unsent FROM free)
), ended AS (
    UPDATE turns SET status = 'superseded', outcome = NULL
    WHERE client_id = $1 AND id = $2 AND (SELECT all_unsent FROM free)
    RETURNING conversation_id, outcome_reason
), restored AS (
    UPDATE conversations c SET version = c.version + 1,
        last_bot_at = (
            SELECT m.created_at FROM messages m
            WHERE m.client_id = $1 AND m.conversation_id = c.id AND m.role = 'assistant'
              AND m.turn_id IS DISTINCT FROM $2 -- this statement still sees what it drops
            ORDER BY m.seq DESC LIMIT 1),
        mute_count = GREATEST(c.mute_count - (e.outcome_reason = 'opt-out')::int, 0),
        bot_muted_until = CASE WHEN e.outcome_reason = 'opt-out' THEN NULL ELSE c.bot_muted_until END,
        context = CASE WHEN e.outcome_reason IN ('clarify', 'describe') AND c.context ->> 'clarified' > '1'
            THEN c.context || '{"clarified": "1"}' WHEN e.outcome_reason IN ('clarify', 'describe')
            THEN c.context - 'clarified' ELSE c.context END
    FROM ended e WHERE c.client_id = $1 AND c.id = e.conversation_id
)
SELECT (SELECT all_unsent FROM free) AS withdrawn, truffles_fence_lane($1, $4, $5, NULL)
"""


async def withdraw(database: Database, work: Work, now: datetime) -> Work:
    """Take back the unsent reply of the turn before and think about its events too; the work, loaded again.

    What that turn counted (a greeting, a wish for silence, a question asked back) was never read and does not count.
    """
    await database.execute(WITHDRAW, work.client_id, work.unsent_turn, work.turn_id, work.lane, work.token)
    return (await load(database, [(work.client_id, work.turn_id)], now))[0]
