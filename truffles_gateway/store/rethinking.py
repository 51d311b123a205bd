"""A draft that nobody has let go yet is taken back when its customer writes more."""

from __future__ import annotations

from truffles_gateway.records import Commit, Work
from truffles_gateway.store.batch import Batch
from truffles_gateway.store.commit import add_outgoing, fences
from truffles_gateway.store.database import Database
from truffles_gateway.store.drafts import clock_key


async def take_back(database: Database, what: Commit) -> None:
    """Take back the draft of a customer who wrote more, before the turn thinks about all of it. The turn stays open.

    Raises LeaseLost, or StateChanged when somebody has decided about the draft, or something else, meanwhile.
    """
    batch = Batch()
    fences(batch, what)
    _parts(batch, what)
    if what.outgoing:
        add_outgoing(batch, what, what.after.id if what.after else None, None)
    await batch.run(database)


def _parts(batch: Batch, what: Commit) -> None:
    """Where its turn was answered by the draft alone, that turn is dissolved and its events go to the one that thinks about
    all of them.

    What the bot counted (a question asked back) was never read and does not count.
    """
    old, work = what.decided_draft, what.lease
    assert old is not None
    assert isinstance(work, Work)
    dissolved = batch.add(
        """
        UPDATE turns SET status = 'superseded', outcome = NULL WHERE client_id = $1 AND id = $2 AND outcome = 'answered'
        RETURNING id, outcome_reason
        """,
        what.client_id,
        old.turn_id,
    )
    batch.add(
        f"""
        UPDATE inbox_events SET turn_id = $3, outcome = NULL, outcome_reason = '', outcome_at = NULL
        WHERE client_id = $1 AND turn_id = $2 AND outcome = 'answered' AND EXISTS (SELECT 1 FROM {dissolved})
        """,
        what.client_id,
        old.turn_id,
        work.turn_id,
    )
    batch.add(
        f"DELETE FROM messages WHERE client_id = $1 AND turn_id = $2 AND role = 'user' AND EXISTS (SELECT 1 FROM {dissolved})",
        what.client_id,
        old.turn_id,
    )
    batch.add(
        f"UPDATE drafts SET turn_id = $3 WHERE client_id = $1 AND turn_id = $2 AND id <> $4 AND EXISTS (SELECT 1 FROM {dissolved})",
        what.client_id,
        old.turn_id,
        work.turn_id,
        old.id,
    )
    batch.add(
        f"""
        UPDATE conversations c SET version = c.version + 1,
            context = CASE WHEN e.outcome_reason IN ('clarify', 'describe') AND c.context ->> 'clarified' > '1'
                THEN c.context || '{{"clarified": "1"}}' WHEN e.outcome_reason IN ('clarify', 'describe')
                THEN c.context - 'clarified' ELSE c.context END
        FROM {dissolved} e WHERE c.client_id = $1 AND c.id = $2
        """,
        what.client_id,
        old.conversation_id,
    )
    batch.add(
        f"""
        UPDATE drafts SET status = $3, revision = revision + 1, decided_at = $4,
            turn_id = COALESCE((SELECT $5::uuid FROM {dissolved}), turn_id)
        WHERE client_id = $1 AND id = $2
        """,
        what.client_id,
        old.id,
        old.status,
        what.now,
        work.turn_id,
    )
    batch.add(
        "UPDATE jobs SET status = 'cancelled', finished_at = $3 WHERE client_id = $1 AND key = $2 AND status = 'waiting'",
        what.client_id,
        clock_key(old.id),
        what.now,
    )
