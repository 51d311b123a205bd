"""What desks are handed: whose conversation a row is about, and in which thread a desk shows it."""

from __future__ import annotations

from truffles_gateway.clock import Clock
from truffles_gateway.messages import Customer, OutgoingKind, State
from truffles_gateway.plugin import Talk
from truffles_gateway.store.database import Database, Record

TALK = """
SELECT c.id, c.channel, c.state, c.open_handover_id, u.id AS user_id, u.remote_jid, u.name, u.phone, b.slug AS branch,
    h.assigned_to, c.context #>> '{booking,handover}' = c.open_handover_id::text AS booked
FROM conversations c JOIN users u ON u.client_id = c.client_id AND u.id = c.user_id
LEFT JOIN branches b ON b.client_id = c.client_id AND b.id = c.branch_id
LEFT JOIN handovers h ON h.client_id = c.client_id AND h.id = c.open_handover_id
WHERE c.client_id = $1 AND c.id::text = $2
"""
# The copy on the customer's row is for people who look; older deployments kept it there alone.
KEEP = """
WITH mine AS (
    SELECT user_id FROM conversations WHERE client_id = $1 AND id::text = $2
), kept AS (
    INSERT INTO desk_threads (client_id, user_id, desk, chat, thread, created_at)
    SELECT $1, user_id, $3, $4, $5, $6 FROM mine
    ON CONFLICT (client_id, user_id, desk, chat) DO UPDATE SET thread = desk_threads.thread
    RETURNING user_id, thread
), copied AS (
    UPDATE users u SET telegram_topic_id = k.thread FROM kept k WHERE u.client_id = $1 AND u.id = k.user_id
)
SELECT thread FROM kept
"""
# Older deployments have one group, and their topics on the customers' rows alone. Once a customer has a thread anywhere,
# that column is a copy of it.
OLDER = """
SELECT u.telegram_topic_id AS thread FROM conversations c
JOIN users u ON u.client_id = c.client_id AND u.id = c.user_id
JOIN client_settings s ON s.client_id = c.client_id AND s.telegram_chat_id = $4
WHERE c.client_id = $1 AND c.id::text = $2 AND u.telegram_topic_id <> ''
    AND NOT EXISTS (SELECT 1 FROM desk_threads t WHERE t.client_id = $1
        AND (t.user_id = u.id AND t.desk = $3 OR t.chat = $4 AND t.thread = u.telegram_topic_id))
"""
SENT = """
SELECT {what} FROM outbox_messages
WHERE client_id = $1 AND channel = $2 AND handover_id::text = $3 AND kind = $4 AND status = 'sent'
ORDER BY provider_id = '', seq LIMIT 1 -- many changes to a card show no message of their own
"""


class StoredDesk:
    """One tenant's threads at one desk; `desk` is the channel of the plugin that shows them."""

    def __init__(self, database: Database, client_id: str, desk: str, clock: Clock) -> None:
        self._database, self._client, self._desk, self._clock = database, client_id, desk, clock

    async def talk(self, conversation_id: str) -> Talk | None:
        """The conversation, None if there is none of this tenant with that id."""
        row = await self._database.fetch_one(TALK, self._client, conversation_id, retry=True)
        return _talk(row) if row else None

    async def thread(self, conversation_id: str, chat: str) -> str:
        """The thread that shows this customer in `chat`, "" if none was made yet; one of an older deployment is kept."""
        row = await self._database.fetch_one(
            """
            SELECT t.thread FROM desk_threads t
            JOIN conversations c ON c.client_id = t.client_id AND c.user_id = t.user_id
            WHERE t.client_id = $1 AND c.id::text = $2 AND t.desk = $3 AND t.chat = $4
            """,
            self._client,
            conversation_id,
            self._desk,
            chat,
            retry=True,
        )
        return str(row["thread"]) if row else await self._older_thread(conversation_id, chat)

    async def _older_thread(self, conversation_id: str, chat: str) -> str:
        row = await self._database.fetch_one(OLDER, self._client, conversation_id, self._desk, chat, retry=True)
        return await self.keep_thread(conversation_id, chat, str(row["thread"])) if row else ""

    async def keep_thread(self, conversation_id: str, chat: str, thread: str) -> str:
        """Remember a new thread; returns the one that counts."""
        now = self._clock.now()
        row = await self._database.fetch_one(
            KEEP, self._client, conversation_id, self._desk, chat, thread, now, retry=True
        )
        return str(row["thread"]) if row else thread

    async def drop_thread(self, conversation_id: str, chat: str, thread: str) -> None:
        """Forget a thread that was deleted at the desk, and its copy."""
        await self._database.execute(
            """
            WITH dropped AS (
                DELETE FROM desk_threads t USING conversations c
                WHERE c.client_id = t.client_id AND c.user_id = t.user_id AND t.client_id = $1 AND c.id::text = $2
                  AND t.desk = $3 AND t.chat = $4 AND t.thread = $5
                RETURNING t.user_id, t.thread
            )
            UPDATE users u SET telegram_topic_id = NULL FROM dropped d
            WHERE u.client_id = $1 AND u.id = d.user_id AND u.telegram_topic_id = d.thread
            """,
            self._client,
            conversation_id,
            self._desk,
            chat,
            thread,
        )

    async def sent(self, handover_id: str, kind: OutgoingKind) -> str:
        """The provider's id of the first row of `kind` about this handover that shows a message at this desk."""
        row = await self._row(handover_id, kind)
        return str(row["provider_id"]) if row else ""

    async def words(self, handover_id: str, kind: OutgoingKind) -> str:
        """The text of that row."""
        row = await self._row(handover_id, kind)
        return str(row["text"]) if row else ""

    async def moved(self, handover_id: str, kind: OutgoingKind, provider_id: str) -> None:
        """Another message shows that row from now on."""
        await self._database.execute(
            f"UPDATE outbox_messages SET provider_id = $5 WHERE client_id = $1 AND id = ({SENT.format(what='id')})",
            self._client, self._desk, handover_id, kind.value, provider_id,
        )  # fmt: skip

    async def _row(self, handover_id: str, kind: OutgoingKind) -> Record | None:
        sql = SENT.format(what="provider_id, COALESCE(payload ->> 'text', '') AS text")
        return await self._database.fetch_one(sql, self._client, self._desk, handover_id, kind.value, retry=True)


def _talk(row: Record) -> Talk:
    customer = Customer(id=row["user_id"], address=row["remote_jid"], name=row["name"], phone=row["phone"])
    return Talk(
        conversation_id=row["id"],
        channel=row["channel"],
        customer=customer,
        state=State(row["state"]),
        branch=row["branch"] or "",
        handover_id=row["open_handover_id"] or "",
        assigned_to=row["assigned_to"] or "",
        booking=bool(row["booked"]),
    )
