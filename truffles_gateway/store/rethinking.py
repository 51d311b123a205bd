"""A draft that nobody has let go yet is taken back when its customer writes more."""

from __future__ import annotations

from truffles_gateway.records import Commit, ReplyDraft, Work
from truffles_gateway.store.batch import Batch
from truffles_gateway.store.commit import add_outgoing, fences
from truffles_gateway.store.database import Database
from truffles_gateway.store.drafts import clock_key


async def take_back(database: Database, what: Commit) -> None:
    """Take back the draft of a customer who wrote more, before the turn thinks about all of it. The turn stays open.

    Raises LeaseLost, or StateChanged when somebody has decided about the draft, or something else, meanwhile.
    """
    old, work = what.decided_draft, what.lease
    assert old is not None
    assert isinstance(work, Work)
    batch = Batch()
    fences(batch, what)
    dissolved = _dissolve(batch, what, old)
    _hand_over(batch, what, old, work, dissolved)
    _forget_the_line(batch, what, old, dissolved)
    _uncount(batch, what, old, dissolved)
    _end(batch, what, old, work, dissolved)
    if what.outgoing:
        add_outgoing(batch, what, what.after.id if what.after else None, None)
    await batch.run(database)


def _dissolve(batch: Batch, what: Commit, old: ReplyDraft) -> str:
    """The turn that wrote the draft is no more, unless it came to something else meanwhile. Returns the name under which it
    can be read."""
    return batch.add(
        """
        UPDATE turns SET status = 'superseded', outcome = NULL
        WHERE client_id = $1 AND id = $2 AND outcome IN ('answered', 'escalated') RETURNING id, outcome_reason
        """,
        what.client_id,
        old.turn_id,
    )


def _hand_over(batch: Batch, what: Commit, old: ReplyDraft, work: Work, dissolved: str) -> None:
    """Its words, and drafts that it replaced itself, belong to the turn that thinks about all of them. What they had come
    to is kept: the desk has read them, and for what a human was called already it stays so."""
    batch.add(
        f"""
        UPDATE inbox_events SET turn_id = $3, outcome = NULL, outcome_at = NULL,
            outcome_reason = CASE WHEN 'escalated' IN (outcome, earlier_outcome) THEN outcome_reason ELSE '' END,
            earlier_outcome = CASE WHEN earlier_outcome = 'escalated' THEN earlier_outcome ELSE outcome END
        WHERE client_id = $1 AND turn_id = $2 AND outcome IN ('answered', 'escalated')
          AND EXISTS (SELECT 1 FROM {dissolved})
        """,
        what.client_id,
        old.turn_id,
        work.turn_id,
    )
    batch.add(
        f"UPDATE drafts SET turn_id = $3 WHERE client_id = $1 AND turn_id = $2 AND id <> $4 AND EXISTS (SELECT 1 FROM {dissolved})",
        what.client_id,
        old.turn_id,
        work.turn_id,
        old.id,
    )


def _forget_the_line(batch: Batch, what: Commit, old: ReplyDraft, dissolved: str) -> None:
    """The customer's words stand in the dialogue once: as the next turn writes them."""
    batch.add(
        f"DELETE FROM messages WHERE client_id = $1 AND turn_id = $2 AND role = 'user' AND EXISTS (SELECT 1 FROM {dissolved})",
        what.client_id,
        old.turn_id,
    )


def _uncount(batch: Batch, what: Commit, old: ReplyDraft, dissolved: str) -> None:
    """What the bot counted (a question asked back) was never read and does not count."""
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


def _end(batch: Batch, what: Commit, old: ReplyDraft, work: Work, dissolved: str) -> None:
    """The draft is over, and so is its clock."""
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
