"""What managers answered once, on its way into the knowledge: candidate, approved, rejected, counted.

A row's status is the truth; a durable job makes the knowledge follow it (`kind` "learned"), as often as it changes.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from truffles_gateway.clock import Clock
from truffles_gateway.errors import StateChanged
from truffles_gateway.messages import ManagerReply, Outgoing, OutgoingKind
from truffles_gateway.plugin import Entry, LearnedAnswer, Preview
from truffles_gateway.store.codec import outgoing_to_json, storable
from truffles_gateway.store.database import Connection, Database, Record

PREFIX = "learned:"
LONGEST, NAME = 2000, 200
COLUMNS = "id, handover_id, question, answer, status, replaces, revision"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A learned answer with what its knowledge entry says besides: the branch's id and the conversation."""

    answer: LearnedAnswer
    branch_id: str
    conversation_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressed:
    """A learned answer whose button was pressed at a desk. `seen`: it is what that desk showed last, as far as is known;
    `about` is what the newest row says besides: why a person is asked, what approving would change. `branch_id` is where it
    was learned, wherever its customer has gone since."""

    answer: LearnedAnswer
    conversation_id: str
    branch_id: str
    seen: bool
    about: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Where a handover was (its branch's id), and what was learned from it, "" each where there is none."""

    branch_id: str = ""
    learned_id: str = ""


def chunk_id(learned_id: str) -> str:
    """The id of a learned answer in the knowledge: the same for ever, so that a repeated job changes nothing."""
    return f"{PREFIX}{learned_id}"


def entry(found: Source, tenant: str, tag: str) -> Entry:
    """A learned answer as the knowledge keeps it."""
    answer = found.answer
    metadata = {
        "client_slug": tenant, "source": "learned", "handover_id": answer.handover_id,
        "question": answer.question, "answer": answer.answer,
    }  # fmt: skip
    return Entry(id=chunk_id(answer.id), question=answer.question, answer=answer.answer, tag=tag, metadata=metadata)


def card(answer: LearnedAnswer, conversation_id: str, channel: str, about: Mapping[str, str]) -> Outgoing:
    """The row that shows a learned answer at a desk; `about` says why a person is asked and what it would change."""
    data = {
        "note": "",
        **about,
        "learned_id": answer.id,
        "status": answer.status,
        "question": answer.question,
        "answer": answer.answer,
    }
    return Outgoing(
        channel=channel,
        recipient=conversation_id,
        text=f"{answer.question}\n{answer.answer}",
        kind=OutgoingKind.LEARNED,
        handover_id=answer.handover_id,
        data=data,
    )


def about_it(note: str, preview: Preview | None) -> dict[str, str]:
    """What a card says besides question and answer, as its row keeps it."""
    if preview is None:
        return {"note": note}
    figures = {"asked": str(preview.asked), "caught": str(preview.caught)} if preview.asked else {}
    return {"note": note, **figures, "otherwise": preview.otherwise}


Foresee = Callable[[str, str, str], Awaitable[Preview | None]]


class StoredLearned:
    """One tenant's learned answers; `desks` are the channels at which they are shown, `foresee` makes previews."""

    def __init__(
        self, database: Database, client_id: str, desks: Sequence[str], clock: Clock, foresee: Foresee
    ) -> None:
        self._database, self._client, self._desks, self._clock = database, client_id, tuple(desks), clock
        self._foresee = foresee

    async def of(self, handover_id: str) -> LearnedAnswer | None:
        """What was learned from a handover."""
        sql = f"SELECT {COLUMNS} FROM learned_responses WHERE client_id = $1 AND handover_id::text = $2"
        row = await self._database.fetch_one(sql, self._client, handover_id, retry=True)
        return answer_of(row) if row else None

    async def approved(self) -> list[LearnedAnswer]:
        """All that the bot may say."""
        sql = (
            f"SELECT {COLUMNS} FROM learned_responses WHERE client_id = $1 AND status = 'approved' ORDER BY created_at"
        )
        return [answer_of(row) for row in await self._database.fetch(sql, self._client, retry=True)]

    async def preview(self, handover_id: str, question: str, answer: str) -> Preview | None:
        """What approving this would change."""
        return await self._foresee(handover_id, question, answer)

    async def keep(
        self, reply: ManagerReply, *, question: str, answer: str, approve: bool, old: LearnedAnswer | None,
        note: str = "", replaces: str = "", preview: Preview | None = None,
    ) -> LearnedAnswer:  # fmt: skip
        """Store what was learned from `reply` in place of `old`, one answer a handover, and show it at every desk."""
        wanted = LearnedAnswer(
            id=str(uuid4()),
            handover_id=reply.handover_id,
            question=storable(question)[:LONGEST],
            answer=storable(answer)[:LONGEST],
            status="approved" if approve else "pending",
            replaces=replaces if is_id(replaces) else "",
        )
        if old and not reply.amends and (old.question, old.answer) == (wanted.question, wanted.answer):
            return old
        async with self._database.transaction() as connection:
            values = (
                self._client, wanted.handover_id, wanted.question, wanted.answer, wanted.status, self._clock.now(),
                wanted.replaces or None, old.revision if old else wanted.id, storable(reply.person.name)[:NAME],
                storable(reply.person.name)[:NAME] if approve else "",
            )  # fmt: skip
            row = await connection.fetchrow(REPLACE if old else ADD, *values)
            if row is None:
                return await self._rejected(connection, wanted.handover_id)
            kept = answer_of(row)
            await self._announce(connection, kept, reply, about_it(note, preview))
        return kept

    async def _rejected(self, connection: Connection, handover_id: str) -> LearnedAnswer:
        """What a person has rejected, whatever is learned now. Anything else that is there came meanwhile."""
        found = await connection.fetchrow(FIND, self._client, handover_id)
        if found is None or found["status"] != "rejected":
            raise StateChanged(f"what was learned from handover {handover_id} changed meanwhile")
        return answer_of(found)

    async def _announce(
        self, connection: Connection, kept: LearnedAnswer, reply: ManagerReply, about: Mapping[str, str]
    ) -> None:
        """The knowledge follows, and the desks see it, in the transaction that stores it."""
        now, key = self._clock.now(), f"learned:{kept.id}:{kept.revision}"
        await connection.execute(JOB, self._client, key, {"learned_id": kept.id}, reply.correlation_id, now)
        for channel in self._desks:
            row = card(kept, reply.conversation_id, channel, about)
            await connection.execute(
                ROW, self._client, f"{key}:{channel}", channel, row.recipient,
                outgoing_to_json(row), kept.handover_id, reply.conversation_id, reply.correlation_id, now,
            )  # fmt: skip


# Two replies that are looked at side by side have read the same: whoever comes second reads again and adds to it.
ADD = f"""
INSERT INTO learned_responses (client_id, handover_id, question, answer, status, created_at, updated_at, replaces, id,
    answered_by, decided_by)
VALUES ($1, $2, $3, $4, $5, $6, $6, $7, $8, $9, $10) ON CONFLICT (client_id, handover_id) DO NOTHING
RETURNING {COLUMNS}
"""
REPLACE = f"""
UPDATE learned_responses SET question = $3, answer = $4, status = $5, updated_at = $6, replaces = $7,
    revision = revision + 1, answered_by = $9, decided_by = $10
WHERE client_id = $1 AND handover_id = $2 AND revision = $8 AND status <> 'rejected'
RETURNING {COLUMNS}
"""
FIND = f"SELECT {COLUMNS} FROM learned_responses WHERE client_id = $1 AND handover_id = $2"
JOB = """
INSERT INTO jobs (client_id, id, key, kind, payload, correlation_id, run_at, created_at)
VALUES ($1, gen_random_uuid(), $2, 'learned', $3, $4, $5, $5) ON CONFLICT (client_id, key) DO NOTHING
"""
ROW = """
INSERT INTO outbox_messages (client_id, id, key, channel, recipient, kind, payload, handover_id, conversation_id,
    correlation_id, created_at, due_at)
VALUES ($1, gen_random_uuid(), $2, $3, $4, 'learned', $5, $6, $7, $8, $9, $9) ON CONFLICT (client_id, key) DO NOTHING
"""


# What a desk shows is the last row that it was sent; where none is known to have arrived, the first one at most.
PRESSED = f"""
SELECT {COLUMNS}, (
    SELECT payload -> 'data' FROM outbox_messages o WHERE o.client_id = l.client_id AND o.handover_id = l.handover_id
        AND o.kind = 'learned' AND o.channel = $3
    ORDER BY status = 'sent' DESC, CASE WHEN status = 'sent' THEN -seq ELSE seq END LIMIT 1) AS shown, (
    SELECT payload -> 'data' FROM outbox_messages o WHERE o.client_id = l.client_id
        AND o.handover_id = l.handover_id AND o.kind = 'learned' AND o.channel = $3
    ORDER BY seq DESC LIMIT 1) AS last, h.*
FROM learned_responses l LEFT JOIN LATERAL (
    SELECT conversation_id, branch_id FROM handovers WHERE client_id = l.client_id AND id = l.handover_id) h ON true
WHERE client_id = $1 AND id = $2
"""


async def pressed(database: Database, client_id: str, learned_id: str, channel: str) -> Pressed | None:
    """The learned answer whose button was pressed at the desk `channel`."""
    if not is_id(learned_id):
        return None
    row = await database.fetch_one(PRESSED, client_id, learned_id, channel, retry=True)
    if row is None:
        return None
    answer, shown = answer_of(row), row["shown"] or {}
    seen = (shown.get("question"), shown.get("answer")) == (answer.question, answer.answer)
    return Pressed(
        answer=answer, conversation_id=row["conversation_id"], branch_id=row["branch_id"] or "", seen=seen,
        about=row["last"] or {},
    )  # fmt: skip


SHOWN_AS = """
SELECT l.id FROM handovers h
JOIN learned_responses l ON l.client_id = h.client_id AND l.handover_id = h.id
JOIN outbox_messages o ON o.client_id = h.client_id AND o.handover_id = h.id AND o.kind = 'learned'
WHERE h.client_id = $1 AND h.conversation_id = $2 AND o.channel = $3 AND o.provider_id = $4 LIMIT 1
"""


async def shown_as(database: Database, client_id: str, conversation_id: str, channel: str, provider_id: str) -> str:
    """The id of the learned answer of this conversation that a desk's message shows, "" if it shows none."""
    row = await database.fetch_one(SHOWN_AS, client_id, conversation_id, channel, provider_id, retry=True)
    return str(row["id"]) if row else ""


SOURCE = """
SELECT l.id, l.handover_id, l.question, l.answer, l.status, l.replaces, l.revision, h.branch_id, h.conversation_id
FROM learned_responses l JOIN handovers h ON h.client_id = l.client_id AND h.id = l.handover_id
WHERE l.client_id = $1
"""


async def scope(database: Database, client_id: str, handover_id: str) -> Scope:
    """Where a handover was, and what was learned from it so far."""
    row = await database.fetch_one(
        """
        SELECT h.branch_id, l.id FROM handovers h
        LEFT JOIN learned_responses l ON l.client_id = h.client_id AND l.handover_id = h.id
        WHERE h.client_id = $1 AND h.id::text = $2
        """,
        client_id, handover_id, retry=True,
    )  # fmt: skip
    return Scope(branch_id=row["branch_id"] or "", learned_id=row["id"] or "") if row else Scope()


async def escalated(database: Database, client_id: str, besides: str, limit: int, *, branch_id: str = "") -> list[str]:
    """The last questions that the bot called a human for (at one branch, or anywhere), the newest first; not that of the
    handover `besides`."""
    rows = await database.fetch(
        """
        SELECT user_message FROM handovers
        WHERE client_id = $1 AND id::text <> $2 AND user_message <> '' AND trigger_type NOT IN ('manual', 'booking')
            AND closed_at IS DISTINCT FROM created_at -- a draft that was put in other words went to nobody
            AND ($4 = '' OR branch_id::text = $4)
        ORDER BY created_at DESC, id LIMIT $3
        """,
        client_id, besides, limit, branch_id, retry=True,
    )  # fmt: skip
    return [row["user_message"] for row in rows]


async def source(database: Database, client_id: str, learned_id: str) -> Source | None:
    """A learned answer with where it comes from."""
    if not is_id(learned_id):
        return None
    row = await database.fetch_one(f"{SOURCE} AND l.id = $2", client_id, learned_id, retry=True)
    return _source(row) if row else None


async def sources(database: Database, client_id: str) -> list[Source]:
    """Every approved answer with where it comes from, the oldest first."""
    rows = await database.fetch(
        f"{SOURCE} AND l.status = 'approved' ORDER BY l.created_at, l.id", client_id, retry=True
    )
    return [_source(row) for row in rows]


async def note_point(database: Database, client_id: str, learned_id: str, now: datetime) -> None:
    """Where the knowledge has it, nowhere unless it is approved."""
    sql = """
        UPDATE learned_responses SET qdrant_point_id = CASE WHEN status = 'approved' THEN $3::text END, updated_at = $4
        WHERE client_id = $1 AND id = $2
    """
    await database.execute(sql, client_id, learned_id, chunk_id(learned_id), now)


def is_id(text: str) -> bool:
    """Could it be a row's id? Whoever forges a button writes into it what they like."""
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def answer_of(row: Record) -> LearnedAnswer:
    """A row of the table."""
    fields: dict[str, Any] = {name: str(row[name]) for name in ("id", "handover_id", "question", "answer", "status")}
    return LearnedAnswer(**fields, replaces=row["replaces"] or "", revision=row["revision"])


def _source(row: Record) -> Source:
    return Source(answer=answer_of(row), branch_id=row["branch_id"] or "", conversation_id=row["conversation_id"])
