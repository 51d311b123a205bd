"""Learned answers for an operator: all of them with who and when, and one of them taken back without a desk."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from truffles_gateway.errors import ConfigError
from truffles_gateway.store.codec import outgoing_to_json
from truffles_gateway.store.database import Database, Record
from truffles_gateway.store.learned import JOB, ROW, answer_of, card

SHORTEST = 4
ALL = """
SELECT l.id, l.question, l.answer, l.status, l.answered_by, l.decided_by, l.created_at, l.updated_at, l.uses,
    l.last_used_at, coalesce(h.branch_id::text, '') AS branch_id
FROM learned_responses l JOIN handovers h ON h.client_id = l.client_id AND h.id = l.handover_id
WHERE l.client_id = $1 ORDER BY l.created_at DESC, l.id
"""
TAKE_BACK = """
UPDATE learned_responses l SET status = 'rejected', revision = revision + 1, updated_at = $3, decided_by = $4
FROM handovers h WHERE h.client_id = l.client_id AND h.id = l.handover_id
    AND l.client_id = $1 AND l.id = $2 AND l.status <> 'rejected'
RETURNING l.id, l.handover_id, l.question, l.answer, l.status, l.replaces, l.revision, h.conversation_id
"""


async def everything(database: Database, client_id: str) -> Sequence[Record]:
    """Every learned answer with the branch that it was learnt at ("" where there was none), the newest first."""
    return await database.fetch(ALL, client_id, retry=True)


async def named(database: Database, client_id: str, beginning: str) -> str:
    """The id that begins so. Raises `ConfigError` where none does, or several do."""
    cure = "`truffles knowledge learned TENANT` shows the ids"
    if not re.fullmatch(rf"[0-9a-f-]{{{SHORTEST},36}}", beginning.lower()):
        raise ConfigError(f'"{beginning}" is no id of a learned answer', cure=cure)
    sql = "SELECT id FROM learned_responses WHERE client_id = $1 AND id::text LIKE $2 || '%' LIMIT 2"
    rows = await database.fetch(sql, client_id, beginning.lower(), retry=True)
    if len(rows) != 1:
        raise ConfigError(f"{'several ids begin' if rows else 'no id begins'} with {beginning}", cure=cure)
    return str(rows[0]["id"])


async def take_back(
    database: Database, client_id: str, learned_id: str, *, desks: Sequence[str], by: str, now: datetime
) -> bool:
    """The bot shall not use it any more; the knowledge follows by a job, and every desk's card says so. False if that was
    so already."""
    async with database.transaction() as connection:
        row = await connection.fetchrow(TAKE_BACK, client_id, learned_id, now, by)
        if row is None:
            return False
        answer, talk = answer_of(row), row["conversation_id"]
        key = f"learned:{answer.id}:{answer.revision}"
        await connection.execute(JOB, client_id, key, {"learned_id": answer.id}, key, now)
        for channel in desks:
            shown = outgoing_to_json(card(answer, talk, channel, {}))
            await connection.execute(
                ROW, client_id, f"{key}:{channel}", channel, talk, shown, answer.handover_id, talk, key, now
            )
    return True
