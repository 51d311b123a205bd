"""A day of one tenant in numbers, from what came in and went out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from truffles_gateway.store.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """dialogues   customers who wrote (what was ignored does not count)
    answered    those of them whom the bot answered
    handovers   how often a human was called, or stepped in
    open_now    handovers that are open at this moment
    first_reply median seconds from a customer's first words to the first that they were sent; None if nobody was
    led         who led how many of those handovers, or led them last, the busiest first
    """

    dialogues: int
    answered: int
    handovers: int
    open_now: int
    first_reply: float | None
    led: tuple[tuple[str, int], ...] = ()


TOTALS = """
WITH mine AS (
    SELECT c.id, c.open_handover_id, u.channel, u.remote_jid AS address FROM conversations c
    JOIN users u ON u.client_id = c.client_id AND u.id = c.user_id
    LEFT JOIN branches b ON b.client_id = c.client_id AND b.id = c.branch_id
    WHERE c.client_id = $1 AND ($4::text[] IS NULL OR b.slug = ANY($4))
), spoken AS (
    SELECT m.id, m.channel, m.address, min(e.received_at) AS first, bool_or(e.outcome = 'answered') AS answered
    FROM inbox_events e JOIN mine m ON m.channel = e.channel AND m.address = e.address
    WHERE e.client_id = $1 AND e.kind = 'customer' AND e.received_at >= $2 AND e.received_at <= $3
      AND e.outcome IN ('answered', 'escalated', 'forwarded', 'parked')
    GROUP BY m.id, m.channel, m.address
), replied AS (
    SELECT extract(epoch FROM min(o.sent_at) - s.first)::float8 AS seconds FROM spoken s
    JOIN outbox_messages o ON o.client_id = $1 AND o.channel = s.channel AND o.recipient = s.address
        AND o.sent_at >= s.first AND o.kind IN ('reply', 'notice', 'human')
    GROUP BY s.id, s.first
), called AS (
    SELECT h.assigned_to FROM handovers h JOIN mine m ON m.id = h.conversation_id
    WHERE h.client_id = $1 AND h.created_at >= $2 AND h.created_at <= $3
      AND h.closed_at IS DISTINCT FROM h.created_at -- what is over at once is a draft put in other words
), led AS (
    SELECT assigned_to, count(*) AS many FROM called WHERE assigned_to <> '' GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 10
)
SELECT (SELECT count(*) FROM spoken) AS dialogues, (SELECT count(*) FROM spoken WHERE answered) AS answered,
    (SELECT count(*) FROM called) AS handovers,
    (SELECT jsonb_agg(jsonb_build_array(assigned_to, many)) FROM led) AS led,
    (SELECT count(*) FROM mine WHERE open_handover_id IS NOT NULL) AS open_now,
    (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) FROM replied) AS first_reply
"""


async def totals(
    database: Database, client_id: str, since: datetime, now: datetime, branches: tuple[str, ...] | None
) -> Totals:
    """The numbers since `since`, at these branches or (None) everywhere."""
    row = await database.fetch_one(TOTALS, client_id, since, now, list(branches) if branches else None, retry=True)
    assert row is not None
    return Totals(
        dialogues=row["dialogues"], answered=row["answered"], handovers=row["handovers"], open_now=row["open_now"],
        first_reply=row["first_reply"], led=tuple((name, many) for name, many in row["led"] or ()),
    )  # fmt: skip
