"""Replies that wait for a person: stored, read and decided.

The words of a draft never change: what the bot thinks of next is a draft of its own. So a button says by its draft's id
under which words it stood, and the revision fences who decides.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from truffles_gateway.records import Commit, Job, ReplyDraft
from truffles_gateway.store.batch import Batch
from truffles_gateway.store.codec import dumps, outgoing_from_json, outgoing_to_json
from truffles_gateway.store.database import Database

OPEN = ("waiting", "editing")
OF_CONVERSATION = """
(SELECT to_jsonb(d) FROM drafts d WHERE d.client_id = c.client_id AND d.conversation_id = c.id
 AND d.status IN ('waiting', 'editing')) AS draft
"""
"""The open draft, in a statement that reads the conversation `c`."""


def read(row: Mapping[str, Any] | None) -> ReplyDraft | None:
    """A draft as it is stored."""
    if row is None:
        return None
    fields = {name: str(row[name]) for name in ("id", "conversation_id", "turn_id", "question", "status", "editor")}
    return ReplyDraft(
        **fields,
        reply=outgoing_from_json(row["payload"]["reply"]),
        facts=row["payload"]["facts"],
        since=datetime.fromisoformat(row["since"]),
        revision=row["revision"],
        by=row["decided_by"],
    )


async def find(database: Database, client_id: str, draft_id: str) -> ReplyDraft | None:
    """The draft of this id, however it was decided."""
    sql = "SELECT to_jsonb(d) AS draft FROM drafts d WHERE d.client_id = $1 AND d.id::text = $2"
    row = await database.fetch_one(sql, client_id, draft_id, retry=True)
    return read(row["draft"]) if row else None


def write(batch: Batch, what: Commit) -> None:
    """A new draft of this commit's, and what it decides about one."""
    if what.new_draft:
        _add(batch, what.new_draft, what)
    if what.decided_draft:
        _decide(batch, what.decided_draft, what)


def _add(batch: Batch, new: ReplyDraft, what: Commit) -> None:
    batch.add(
        """
        INSERT INTO drafts (client_id, id, conversation_id, turn_id, question, text, payload, since, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        """,
        what.client_id,
        new.id,
        new.conversation_id,
        new.turn_id,
        new.question,
        new.reply.text,
        dumps({"reply": json.loads(outgoing_to_json(new.reply)), "facts": dict(new.facts)}),
        new.since,
        what.now,
    )


def _decide(batch: Batch, decided: ReplyDraft, what: Commit) -> None:
    """The draft as it shall be; its clock stops when it is over."""
    batch.add(
        """
        UPDATE drafts SET status = $3, decided_by = $4, editor = $5, revision = revision + 1, decided_at = $6
        WHERE client_id = $1 AND id = $2
        """,
        what.client_id,
        decided.id,
        decided.status,
        decided.by,
        decided.editor,
        what.now,
    )
    if decided.status not in OPEN:
        batch.add(
            """
            UPDATE jobs SET status = 'cancelled', finished_at = $3
            WHERE client_id = $1 AND key = $2 AND status = 'waiting' AND id::text <> $4
            """,
            what.client_id,
            clock_key(decided.id),
            what.now,
            what.lease.id if isinstance(what.lease, Job) else "",
        )


def clock_key(draft_id: str) -> str:
    """The key of the job that makes a handover of a draft."""
    return f"draft.overdue:{draft_id}"
