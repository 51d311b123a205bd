"""A `Commit` as one statement: fenced by lease, arrivals and conversation version, all or nothing."""

from __future__ import annotations

from uuid import uuid4

import asyncpg

from truffles_gateway.errors import StateChanged
from truffles_gateway.messages import State
from truffles_gateway.records import Commit, Conversation, Job, LearnedUpdate, NewJob, Work
from truffles_gateway.store import drafts, overrides
from truffles_gateway.store.batch import Batch
from truffles_gateway.store.codec import dumps, outgoing_to_json, storable
from truffles_gateway.store.database import Database


async def commit(database: Database, what: Commit) -> None:
    """Write everything in `what`, or nothing.

    Raises LeaseLost (somebody else has the turn now), StateChanged (read the conversation and decide again) or
    MoreArrived (only where `only_if_quiet` was asked).
    """
    batch = Batch()
    fences(batch, what)
    _conversation(batch, what)
    _handovers(batch, what)
    _rows(batch, what)
    _jobs(batch, what)
    _learned(batch, what)
    drafts.write(batch, what)
    overrides.add(batch, what)
    _end(batch, what)
    try:
        await batch.run(database)
    except asyncpg.UniqueViolationError as error:
        raise StateChanged(str(error)) from error


def fences(batch: Batch, what: Commit) -> None:
    """Who may not have been there in between."""
    lease = what.lease
    if isinstance(lease, Work):
        arrivals = lease.arrivals if what.only_if_quiet else None
        batch.fence("truffles_fence_lane($1, $2, $3, $4)", lease.client_id, lease.lane, lease.token, arrivals)
    if what.before is not None and what.before.id:
        batch.fence("truffles_fence_conversation($1, $2, $3)", what.client_id, what.before.id, what.before.version)
    for update in what.learned:
        batch.fence("truffles_fence_learned($1, $2, $3)", what.client_id, update.id, update.revision)
    if what.decided_draft:
        draft = what.decided_draft
        batch.fence("truffles_fence_draft($1, $2, $3)", what.client_id, draft.id, draft.revision)
    if isinstance(lease, Job):
        # After the conversation: a turn that holds that one cancels timers, and would wait for this job's row.
        batch.fence("truffles_fence_job($1, $2, $3)", lease.client_id, lease.id, lease.token)


def _conversation(batch: Batch, what: Commit) -> None:
    after = what.after
    if after is None:
        return
    if what.before is None or not what.before.id:
        _new_conversation(batch, what, after)
        return
    batch.add(
        """
        UPDATE conversations SET state = $3, open_handover_id = $4, bot_muted_until = $5, mute_count = $6,
            last_customer_at = $7, last_bot_at = $8, last_manager_at = $9, branch_id = $10, instance_id = $11,
            context = $12, last_message_at = GREATEST($7::timestamptz, $8::timestamptz, $9::timestamptz), version = version + 1,
            bot_status = CASE WHEN $5::timestamptz IS NULL THEN 'active' ELSE 'muted' END
        WHERE client_id = $1 AND id = $2
        """,
        *_conversation_values(after),
    )
    if _customer(after) != _customer(what.before):
        batch.add(
            """
            UPDATE users SET name = $3, phone = $4, metadata = CASE WHEN $5::text = '' THEN metadata - 'preferred_branch'
                ELSE metadata || jsonb_build_object('preferred_branch', $5::text) END
            WHERE client_id = $1 AND id = $2
            """,
            after.client_id,
            after.user_id,
            *_customer(after),
        )


def _customer(about: Conversation) -> tuple[str, str, str]:
    """What a turn may change of the customer."""
    return about.name, about.phone, about.preferred_branch


def _conversation_values(after: Conversation) -> tuple[object, ...]:
    return (
        after.client_id,
        after.id,
        after.state.value,
        after.handover_id or None,
        after.muted_until,
        after.mute_count,
        after.last_customer_at,
        after.last_bot_at,
        after.last_manager_at,
        after.branch_id or None,
        after.instance,
        dumps(dict(after.context)),
    )


def _new_conversation(batch: Batch, what: Commit, after: Conversation) -> None:
    batch.add(
        """
        INSERT INTO users (client_id, id, channel, remote_jid, name, phone, metadata, created_at)
        VALUES ($1, $2, $3, $4, $5, $6,
            CASE WHEN $7::text = '' THEN '{}' ELSE jsonb_build_object('preferred_branch', $7::text) END, $8)
        """,
        after.client_id,
        after.user_id,
        after.channel,
        after.address,
        *_customer(after),
        what.now,
    )
    batch.add(
        """
        INSERT INTO conversations (client_id, id, state, open_handover_id, bot_muted_until, mute_count,
            last_customer_at, last_bot_at, last_manager_at, branch_id, instance_id, context, user_id, channel,
            created_at, last_message_at, version)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $15, 1)
        """,
        *_conversation_values(after),
        after.user_id,
        after.channel,
        what.now,
    )


def _handovers(batch: Batch, what: Commit) -> None:
    after = what.after
    for new in what.handovers:
        assert after is not None
        active = after.state is State.MANAGER_ACTIVE
        batch.add(
            """
            INSERT INTO handovers (client_id, id, conversation_id, user_id, status, trigger_type, reason, user_message,
                assigned_to, branch_id, turn_id, times_out, correlation_id, created_at, taken_at, manager_response,
                resolution, closed_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17,
                CASE WHEN $17::text IS NOT NULL THEN $14::timestamptz END)
            """,
            what.client_id,
            new.id,
            after.id,
            after.user_id,
            "resolved" if new.resolution else "active" if active else "pending",
            new.trigger.value,
            new.reason,
            new.question,
            new.assigned_to or None,
            after.branch_id or None,
            what.lease.turn_id if isinstance(what.lease, Work) else None,
            new.times_out,
            what.correlation_id,
            what.now,
            what.now if active or new.resolution else None,
            what.manager_response,
            new.resolution or None,
        )
    for update in {update.id: update for update in what.handover_updates}.values():
        batch.add(
            """
            UPDATE handovers SET status = $3, resolution = $4,
                assigned_to = CASE WHEN $3 = 'pending' THEN NULL ELSE COALESCE($5, assigned_to) END,
                taken_at = CASE WHEN $3 = 'active' THEN COALESCE(taken_at, $6::timestamptz) ELSE taken_at END,
                manager_response = COALESCE($7, manager_response),
                closed_at = CASE WHEN $3 = 'resolved' THEN $6::timestamptz END
            WHERE client_id = $1 AND id = $2
            """,
            what.client_id,
            update.id,
            update.status,
            update.resolution,
            update.assigned_to,
            what.now,
            what.manager_response,
        )
    if what.rating:
        batch.add(
            "UPDATE handovers SET rating = $3 WHERE client_id = $1 AND id = $2 AND rating IS NULL",
            what.client_id,
            *what.rating,
        )


def _rows(batch: Batch, what: Commit) -> None:
    """State changes, lines of the dialogue and outgoing rows, each kind in one insert that keeps their order."""
    conversation = what.after.id if what.after else None
    turn = what.lease.turn_id if isinstance(what.lease, Work) else None
    if what.changes:
        batch.add(
            """
            INSERT INTO state_changes (client_id, id, conversation_id, handover_id, from_state, to_state, event, actor,
                why, correlation_id, at)
            SELECT $1, gen_random_uuid(), $2, h, b, a, e, w, y, $9, $10
            FROM unnest($3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[]) AS t(h, b, a, e, w, y)
            """,
            what.client_id,
            conversation,
            [change.handover_id or None for change in what.changes],
            [change.before.value for change in what.changes],
            [change.after.value for change in what.changes],
            [change.event for change in what.changes],
            [change.actor for change in what.changes],
            [change.why for change in what.changes],
            what.correlation_id,
            what.now,
        )
    if what.messages:
        batch.add(
            """
            INSERT INTO messages (client_id, id, conversation_id, role, content, metadata, turn_id, correlation_id,
                created_at)
            SELECT $1, i, $2, r, c, m, $7, $8, $9
            FROM unnest($3::uuid[], $4::text[], $5::text[], $6::jsonb[]) AS t(i, r, c, m)
            """,
            what.client_id,
            conversation,
            [message.id for message in what.messages],
            [message.role for message in what.messages],
            [message.content for message in what.messages],
            [dumps(dict(message.metadata)) for message in what.messages],
            turn,
            what.correlation_id,
            what.now,
        )
    if what.outgoing:
        add_outgoing(batch, what, conversation, turn)


def add_outgoing(batch: Batch, what: Commit, conversation: str | None, turn: str | None) -> None:
    """The outgoing rows; a key that exists already is left as it is, so that a re-run gives the same rows."""
    rows = what.outgoing
    batch.add(
        """
        INSERT INTO outbox_messages (client_id, id, key, channel, instance, recipient, kind, payload, expires_at,
            handover_id, turn_id, conversation_id, correlation_id, created_at, due_at)
        SELECT $1, gen_random_uuid(), k, c, n, r, d, p, x, h, $10, $11, $12, $13, $13
        FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::jsonb[], $8::timestamptz[],
            $9::uuid[]) AS t(k, c, n, r, d, p, x, h)
        ON CONFLICT (client_id, key) DO NOTHING
        """,
        what.client_id,
        [row.key for row in rows],
        [row.outgoing.channel for row in rows],
        [row.outgoing.instance for row in rows],
        [row.outgoing.recipient for row in rows],
        [row.outgoing.kind.value for row in rows],
        [outgoing_to_json(row.outgoing) for row in rows],
        [row.expires_at for row in rows],
        [row.outgoing.handover_id or None for row in rows],
        turn,
        conversation,
        what.correlation_id,
        what.now,
    )


def _jobs(batch: Batch, what: Commit) -> None:
    about = _about(what)
    what.jobs.extend(
        NewJob(
            key=f"alarm:{uuid4()}", kind="alarm", run_at=what.now, payload={"cause": cause, "text": text},
            conversation_id=about,
        )
        for cause, text in what.alarms
    )  # fmt: skip
    for conversation in dict.fromkeys(what.cancel_jobs):
        batch.add(
            """
            UPDATE jobs SET status = 'cancelled', finished_at = $3
            WHERE client_id = $1 AND conversation_id = $2 AND status = 'waiting'
              AND (kind LIKE 'handover.%' OR kind LIKE 'manager.%') AND id <> $4
            """,
            what.client_id,
            conversation,
            what.now,
            what.lease.id if not isinstance(what.lease, Work) else str(uuid4()),
        )
    if what.skipped_by and what.after is not None:
        _climb(batch, what, what.after)
    if what.jobs:
        batch.add(
            """
            INSERT INTO jobs (client_id, id, key, kind, payload, conversation_id, correlation_id, run_at, created_at)
            SELECT $1, gen_random_uuid(), k, d, p, c, $7, r, $8
            FROM unnest($2::text[], $3::text[], $4::jsonb[], $5::uuid[], $6::timestamptz[]) AS t(k, d, p, c, r)
            ON CONFLICT (client_id, key) DO NOTHING
            """,
            what.client_id,
            [job.key for job in what.jobs],
            [job.kind for job in what.jobs],
            [dumps(dict(job.payload)) for job in what.jobs],
            [job.conversation_id or None for job in what.jobs],
            [job.run_at for job in what.jobs],
            what.correlation_id,
            what.now,
        )


def _about(what: Commit) -> str:
    """The conversation that a commit concerns, also where it leaves that one alone."""
    read = what.lease.conversation if isinstance(what.lease, Work) else None
    about = what.after or read
    return about.id if about else ""


def _learned(batch: Batch, what: Commit) -> None:
    for update in what.learned:
        batch.add(
            """
            UPDATE learned_responses SET status = $3, revision = revision + 1, updated_at = $4, decided_by = $5
            WHERE client_id = $1 AND id = $2
            """,
            what.client_id,
            update.id,
            update.status,
            what.now,
            storable(update.by),
        )
        if update.replaces:
            _retire(batch, what, update)
    if what.used:
        batch.add(
            "UPDATE learned_responses SET uses = uses + 1, last_used_at = $3 WHERE client_id = $1 AND id::text = ANY($2)",
            what.client_id,
            list(what.used),
            what.now,
        )


def _retire(batch: Batch, what: Commit, update: LearnedUpdate) -> None:
    """One answer to a question: what this one takes the place of, and others that took it before, leave the knowledge."""
    retired = batch.add(
        """
        UPDATE learned_responses SET status = 'rejected', revision = revision + 1, updated_at = $4, decided_by = $5
        WHERE client_id = $1 AND id <> $2 AND $3::uuid IN (id, replaces) AND status = 'approved'
        RETURNING id, revision
        """,
        what.client_id,
        update.id,
        update.replaces,
        what.now,
        storable(update.by),
    )
    batch.add(
        f"""
        INSERT INTO jobs (client_id, id, key, kind, payload, correlation_id, run_at, created_at)
        SELECT $1, gen_random_uuid(), 'learned:' || id || ':' || revision, 'learned',
            jsonb_build_object('learned_id', id), $2, $3::timestamptz, $3::timestamptz FROM {retired}
        ON CONFLICT (client_id, key) DO NOTHING
        """,
        what.client_id,
        what.correlation_id,
        what.now,
    )


def _climb(batch: Batch, what: Commit, about: Conversation) -> None:
    """One step of the ladder for each manager who cannot take the handover, and has not said so before."""
    batch.add(
        """
        UPDATE jobs SET run_at = $3 WHERE client_id = $1 AND id IN (
            SELECT id FROM jobs WHERE client_id = $1 AND conversation_id = $2 AND status = 'waiting' AND run_at > $3
                AND kind IN ('handover.remind', 'handover.all', 'handover.owner')
            ORDER BY run_at LIMIT (
                SELECT count(*) FROM unnest($4::text[]) AS w(who) WHERE NOT EXISTS (
                    SELECT 1 FROM state_changes s WHERE s.client_id = $1 AND s.conversation_id = $2
                        AND s.handover_id = $5 AND s.event = 'skip' AND s.actor = w.who)))
        """,
        what.client_id,
        about.id,
        what.now,
        list(dict.fromkeys(what.skipped_by)),
        about.handover_id,
    )


def _end(batch: Batch, what: Commit) -> None:
    """Record how the events ended, close the turn or job, and give the lane back."""
    if what.reopened_turn:
        _escalate_answered(batch, what)
    for outcome in what.outcomes:
        batch.add(
            """
            UPDATE inbox_events SET outcome_at = $5, -- for whom a human was called already, that stays the end
                outcome = CASE WHEN earlier_outcome = 'escalated' THEN earlier_outcome ELSE $3 END,
                outcome_reason = CASE WHEN earlier_outcome = 'escalated' THEN outcome_reason ELSE $4 END
            WHERE client_id = $1 AND id = ANY($2::uuid[])
            """,
            what.client_id,
            list(outcome.events),
            outcome.outcome,
            outcome.reason,
            what.now,
        )
    lease = what.lease
    if not isinstance(lease, Work):
        batch.add(
            """
            UPDATE jobs SET status = 'done', finished_at = $3, lease_owner = NULL, lease_until = NULL
            WHERE client_id = $1 AND id = $2
            """,
            what.client_id,
            lease.id,
            what.now,
        )
        return
    batch.add(
        """
        UPDATE turns SET status = $3, outcome = $4, outcome_reason = $5, stages = $6, conversation_id = $7, error = $8,
            finished_at = $9
        WHERE client_id = $1 AND id = $2
        """,
        what.client_id,
        lease.turn_id,
        what.turn_status,
        what.turn_outcome or None,
        what.turn_reason,
        dumps(what.stages),
        what.after.id if what.after else None,
        what.error,
        what.now,
    )
    batch.add(
        """
        UPDATE lanes SET turn_id = NULL, last_turn_id = $3, lease_owner = NULL, lease_until = NULL,
            not_before = NULL, ready_at = CASE WHEN open_since IS NULL THEN NULL ELSE ready_at END
        WHERE client_id = $1 AND lane = $2
        """,
        what.client_id,
        lease.lane,
        lease.turn_id,
    )


def _escalate_answered(batch: Batch, what: Commit) -> None:
    """answered → escalated: the one change that an outcome may still see."""
    batch.add(
        """
        UPDATE inbox_events SET outcome = 'escalated', outcome_reason = $4, outcome_at = $3
        WHERE client_id = $1 AND turn_id = $2 AND outcome = 'answered'
        """,
        what.client_id,
        what.reopened_turn,
        what.now,
        what.reopened_why,
    )
    batch.add(
        "UPDATE turns SET outcome = 'escalated' WHERE client_id = $1 AND id = $2 AND outcome = 'answered'",
        what.client_id,
        what.reopened_turn,
    )
